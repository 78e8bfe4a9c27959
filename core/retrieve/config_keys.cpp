#include "config_keys.hpp"
#include <fmt/format.h>
#include "../base/text.hpp"

namespace sextant::retrieve {

void ConfigKeys::fail(std::string what) {
  if (!error_) error_ = Error{Error::Kind::config, fmt::format("retriever {}: {}", id_, what)};
}

const json::Value* ConfigKeys::take(std::initializer_list<std::string_view> names) {
  const json::Value* found = nullptr;
  std::string_view found_name;
  for (const std::string_view name : names) {
    known_.emplace_back(name);
    const json::Value* value = json::find(config_, name);
    if (!value) continue;
    if (found) fail(fmt::format("\"{}\" and \"{}\" are the same setting; leave one of them out", found_name, name));
    found = value;
    found_name = name;
  }
  return found;
}

std::optional<uint64_t> ConfigKeys::whole_if_set(std::initializer_list<std::string_view> names, uint64_t least, uint64_t most) {
  const json::Value* value = take(names);
  if (!value) return std::nullopt;
  if (value->IsUint64() && value->GetUint64() >= least && value->GetUint64() <= most) return value->GetUint64();
  fail(fmt::format("\"{}\" is {}; it must be a whole number from {} to {}", *names.begin(), shorten(json::write(*value), 40),
                   least, most));
  return std::nullopt;
}

uint64_t ConfigKeys::whole(std::initializer_list<std::string_view> names, uint64_t otherwise, uint64_t least, uint64_t most) {
  return whole_if_set(names, least, most).value_or(otherwise);
}

double ConfigKeys::number(std::string_view name, double otherwise, double least, double most) {
  const json::Value* value = take({name});
  if (!value) return otherwise;
  if (value->IsNumber() && value->GetDouble() >= least && value->GetDouble() <= most) return value->GetDouble();
  fail(fmt::format("\"{}\" is {}; it must be a number from {} to {}", name, shorten(json::write(*value), 40), least, most));
  return otherwise;
}

std::vector<uint64_t> ConfigKeys::list(std::initializer_list<std::string_view> names) {
  std::vector<uint64_t> out;
  const json::Value* value = take(names);
  if (!value) return out;
  if (value->IsArray()) {
    for (const auto& item : value->GetArray()) {
      if (!item.IsUint64()) break;
      out.push_back(item.GetUint64());
    }
    if (out.size() == value->Size()) return out;
  }
  fail(fmt::format("\"{}\" must be a list of row numbers, 0 or more each", *names.begin()));
  return {};
}

std::string ConfigKeys::word(std::string_view name, std::initializer_list<std::string_view> words) {
  const json::Value* value = take({name});
  if (!value) return std::string(*words.begin());
  std::string known;
  for (const std::string_view word : words) {
    if (value->IsString() && json::text(*value) == word) return std::string(word);
    known += (known.empty() ? "'" : "' or '") + std::string(word);
  }
  fail(fmt::format("\"{}\" is {}; it must be {}'", name, shorten(json::write(*value), 40), known));
  return std::string(*words.begin());
}

std::string ConfigKeys::text(std::string_view name, std::string_view otherwise) {
  const json::Value* value = take({name});
  if (!value) return std::string(otherwise);
  if (value->IsString() && value->GetStringLength() > 0) return std::string(json::text(*value));
  fail(fmt::format("\"{}\" is {}; it must be a text that is not empty", name, shorten(json::write(*value), 40)));
  return std::string(otherwise);
}

Result<void> ConfigKeys::finish() {
  if (config_.IsObject())
    for (const auto& member : config_.GetObject()) {
      const std::string_view name = json::text(member.name);
      if (std::find(known_.begin(), known_.end(), name) == known_.end())
        fail(fmt::format("there is no setting \"{}\"{}; known are {}", name, did_you_mean(name, known_),
                         known_.empty() ? std::string("none") : join(known_, ", ")));
    }
  else
    fail("its configuration must be a JSON object");
  if (error_) return *error_;
  return {};
}

}  // namespace sextant::retrieve
