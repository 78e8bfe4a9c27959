#include "kept_attempts.hpp"
#include <cstring>
#include <sextant/json_text.hpp>
#include <sextant/utf8_text.hpp>
#include "entries.hpp"

namespace sextant::store {
namespace {

using data::Attempt;

enum class Kind : uint8_t {
  entry,   // its JSON text in the file
  packed,  // its members, one behind the other
};

class Packer {
 public:
  template <class T> void number(T value) { out_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void text(std::string_view text) {
    number(uint64_t{text.size()});
    out_ += text;
  }
  // JSON text as it comes back when a file's value is written again
  void json(const std::string& json_text) {
    const size_t at = out_.size();
    number(uint64_t{0});
    if (!append_plain(out_, json_text)) {
      JsonText compact(JsonText::Layout::compact);
      compact.embed(json_text);
      out_ += compact.str();
    }
    const uint64_t size = out_.size() - at - sizeof(uint64_t);
    std::memcpy(out_.data() + at, &size, sizeof size);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

class Unpacker {
 public:
  explicit Unpacker(std::string_view rest) : rest_(rest) {}
  template <class T> void number(T& ret) {
    std::memcpy(&ret, rest_.data(), sizeof ret);
    rest_.remove_prefix(sizeof ret);
  }
  std::string_view text() {
    uint64_t size = 0;
    number(size);
    const std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }

 private:
  std::string_view rest_;
};

// Labels and turns have forms of their own in the file, and are taken from there.
bool is_packable(const Attempt& attempt) {
  return attempt.labels.empty() && attempt.turns.empty() && attempt.prompts.size() == 1;
}

std::string packed(const Attempt& attempt) {
  Packer out;
  out.number(Kind::packed);
  out.number(attempt.id.row);
  out.number(attempt.id.repeat);
  for (const uint32_t count : {attempt.usage.prompt_tokens, attempt.usage.generated_tokens, attempt.usage.truncated_tokens,
                               attempt.dropped_shots})
    out.number(count);
  out.text(utf8::repair(attempt.prediction));
  out.text(utf8::repair(attempt.thinking));
  out.text(utf8::repair(attempt.cluster));
  out.text(utf8::repair(attempt.finish));
  out.json(attempt.target_json);
  out.json(attempt.record_json);
  if (attempt.extra_json.empty()) out.text("");
  else out.json(attempt.extra_json);
  out.number(attempt.margin.has_value());
  if (attempt.margin) {
    out.number(attempt.margin->least);
    out.number(attempt.margin->token);
    out.number(attempt.margin->request);
  }
  const data::Prompt& prompt = attempt.prompts.front();
  out.number(uint64_t{prompt.messages.size()});
  if (prompt.messages.empty()) out.text(utf8::repair(prompt.text));
  for (const data::Message& message : prompt.messages) {
    out.text(role_of_entry(message.role));
    out.text(utf8::repair(message.text()));
  }
  return out.take();
}

Attempt unpacked(Unpacker in) {
  Attempt attempt;
  in.number(attempt.id.row);
  in.number(attempt.id.repeat);
  in.number(attempt.usage.prompt_tokens);
  in.number(attempt.usage.generated_tokens);
  in.number(attempt.usage.truncated_tokens);
  in.number(attempt.dropped_shots);
  attempt.prediction = in.text();
  attempt.thinking = in.text();
  attempt.cluster = in.text();
  attempt.finish = in.text();
  attempt.target_json = in.text();
  attempt.record_json = in.text();
  attempt.extra_json = in.text();
  bool with_margin = false;
  in.number(with_margin);
  if (with_margin) {
    data::Margin& margin = attempt.margin.emplace();
    in.number(margin.least);
    in.number(margin.token);
    in.number(margin.request);
  }
  uint64_t messages = 0;
  in.number(messages);
  data::Prompt& prompt = attempt.prompts.emplace_back();
  if (messages == 0) prompt.text = in.text();
  prompt.chat = messages > 0;
  for (; messages > 0; --messages) {
    const std::string_view role = in.text(), text = in.text();
    prompt.messages.emplace_back(std::string(role), std::string(text));
  }
  return attempt;
}

}  // namespace

Result<void> KeptAttempts::add(uint64_t number, const Attempt& attempt) {
  const std::string bytes = is_packable(attempt)
                                ? packed(attempt)
                                : static_cast<char>(Kind::entry) + entry_of(attempt, form_, repeats_ > 1);
  const std::lock_guard lock(mutex_);
  SXT_TRY(const uint64_t offset, spool_.append(bytes));
  if (places_.size() <= number) places_.resize(number + 1);
  places_[number] = {offset, bytes.size()};
  return {};
}

Result<std::vector<Attempt>> KeptAttempts::read(uint64_t first, uint64_t n) {
  std::vector<std::string> texts;
  {
    const std::lock_guard lock(mutex_);
    const uint64_t rows = places_.size() / repeats_;
    for (uint64_t i = first; i < first + n; ++i) {
      const Place& place = places_[i % rows * repeats_ + i / rows];
      SXT_TRY(const std::string_view bytes, spool_.read(place.offset, place.size));
      texts.emplace_back(bytes);
    }
  }
  std::vector<Attempt> out;
  out.reserve(n);
  for (const std::string& text : texts) {
    const std::string_view rest = std::string_view(text).substr(1);
    if (static_cast<Kind>(text.front()) == Kind::packed) {
      out.push_back(unpacked(Unpacker(rest)));
    } else {
      SXT_TRY(Attempt attempt, attempt_of_entry(rest, first + out.size()));
      out.push_back(std::move(attempt));
    }
    out.back().id.task = task_;
  }
  return out;
}

}  // namespace sextant::store
