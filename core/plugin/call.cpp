#include "call.hpp"
#include <algorithm>
#include <atomic>
#include <cstring>
#include <iterator>
#include <fmt/format.h>
#include <sextant/json_scratch.hpp>
#include <sextant/utf8_text.hpp>
#include "../base/own_process.hpp"
#include "../base/text.hpp"

namespace sextant::plugin {
namespace {

// Calls in progress, in fixed memory: the handler of a crash must not touch the heap. A call beyond the last slot has no name.
struct Slot {
  std::atomic<bool> taken = false;
  char name[128] = "";
};
constinit Slot slots[32];
constexpr int no_slot = -1;
constinit thread_local int own_slot = no_slot;

}  // namespace

const char* call_in_progress() {
  if (own_slot != no_slot) return slots[own_slot].name;
  const char* any = "";
  for (const Slot& slot : slots) {  // a thread of a plugin's own: models are the ones that have them
    if (std::strncmp(slot.name, "model:", 6) == 0) return slot.name;
    if (slot.name[0] && !*any) any = slot.name;
  }
  return any;
}

CallMark::CallMark(std::string_view who) : outer_(own_slot) {
  foreign_call_begins();
  for (int i = 0; i < static_cast<int>(std::size(slots)); ++i) {
    Slot& slot = slots[i];
    if (slot.taken.exchange(true)) continue;
    const size_t size = std::min(who.size(), sizeof slot.name - 1);
    std::memcpy(slot.name, who.data(), size);
    slot.name[size] = '\0';
    for (size_t k = 0; k < size; ++k)
      if (static_cast<unsigned char>(slot.name[k]) < ' ' || slot.name[k] == '\x7F') slot.name[k] = '?';  // a path, perhaps
    own_slot = i;
    return;
  }
}
CallMark::~CallMark() {
  foreign_call_is_over();
  if (own_slot == outer_) return;
  slots[own_slot].name[0] = '\0';
  slots[own_slot].taken = false;
  own_slot = outer_;
}

std::string repair_utf8(std::string_view bytes) { return utf8::repair(bytes); }

std::string one_line(std::string_view message) {
  while (!message.empty() && static_cast<unsigned char>(message.back()) <= ' ') message.remove_suffix(1);
  std::string out = shorten(repair_utf8(message), sizeof(sxt_error::message));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7F') c = ' ';
  return out;
}

std::optional<std::string_view> view(sxt_str text) {
  if (text.size == 0) return std::string_view{};
  if (!text.data) return std::nullopt;
  return std::string_view{text.data, static_cast<size_t>(text.size)};
}

Error::Kind kind_of(sxt_status status) {
  switch (status) {
    case SXT_BAD_CONFIG: return Error::Kind::config;
    case SXT_BAD_DATA: case SXT_TOO_LONG: return Error::Kind::data;
    case SXT_IO: return Error::Kind::io;
    case SXT_NO_DEVICE: case SXT_NO_MEMORY: case SXT_UNSUPPORTED: return Error::Kind::device;
    case SXT_CANCELLED: return Error::Kind::cancelled;
    case SXT_MISSING: return Error::Kind::missing;
    default: return Error::Kind::internal;
  }
}

Error status_error(std::string_view who, std::string_view function, sxt_status status, const sxt_error& reason) {
  const std::string message = one_line({reason.message, ::strnlen(reason.message, sizeof reason.message)});
  // one in a process of its own is named by whoever asks there
  if (!message.empty()) return {kind_of(status), message.starts_with(who) ? message : fmt::format("{}: {}", who, message)};
  if (status == SXT_CANCELLED) return {kind_of(status), fmt::format("{} was interrupted", who)};
  return {kind_of(status), fmt::format("{} failed in {} with status {} and gave no reason; report it to the plugin's author",
                                       who, function, status)};
}

Error thrown_error(std::string_view who, std::string_view function, const char* what) {
  return misbehaved(who,
                    fmt::format("threw a C++ exception out of {}{}{}", function, what ? ": " : "", what ? one_line(what) : ""));
}

Error misbehaved(std::string_view who, std::string_view did) {
  return {Error::Kind::internal, fmt::format("{} {}; report it to the plugin's author", who, did)};
}

void Texts::put(void* ctx, uint64_t index, sxt_str bytes) {
  auto& self = *static_cast<Texts*>(ctx);
  const std::lock_guard lock(self.mutex_);
  if (!self.complaint_.empty()) return;
  try {
    const auto text = view(bytes);
    if (index >= self.texts_.size())
      self.complaint_ = fmt::format("gave a result for item {} of {} in {}", index, self.texts_.size(), self.function_);
    else if (self.texts_[index])
      self.complaint_ = fmt::format("gave two results for item {} in {}", index, self.function_);
    else if (!text)
      self.complaint_ =
          fmt::format("gave a result of {} bytes without data for item {} in {}", bytes.size, index, self.function_);
    else
      self.texts_[index] = std::string(*text);
  } catch (const std::exception&) {  // it must not travel through the plugin
    self.complaint_ = "gave a result that does not fit the memory";
  }
}

Result<std::vector<std::string>> Texts::take() {
  for (size_t i = 0; i < texts_.size() && complaint_.empty(); ++i)
    if (!texts_[i]) complaint_ = fmt::format("gave no result for item {} of {} in {}", i, texts_.size(), function_);
  return take_or_empty();
}

Result<std::vector<std::string>> Texts::take_or_empty() {
  if (!complaint_.empty()) return misbehaved(who_, complaint_);
  std::vector<std::string> out;
  out.reserve(texts_.size());
  for (auto& text : texts_) out.push_back(text ? std::move(*text) : std::string());
  return out;
}

Result<json::Document> take_object(Texts& texts, std::string_view who, std::string_view function) {
  SXT_TRY(const std::vector<std::string> all, texts.take());
  auto parsed = parse_fast(all.at(0), fmt::format("the result of {}", function));
  if (!parsed) return misbehaved(who, fmt::format("gave broken JSON ({})", parsed.error().message));
  if (!parsed->IsObject()) return misbehaved(who, fmt::format("gave no JSON object in {}", function));
  return parsed;
}

}  // namespace sextant::plugin
