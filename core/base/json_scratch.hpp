// A parser that uses its memory again: for the many small texts of a run, each of which is looked at and left.
#pragma once
#include <cstddef>
#include <optional>
#include <string_view>
#include <sextant/json.hpp>

namespace sextant {

/// Threads: [owner].
class JsonScratch {
 public:
  JsonScratch() = default;
  JsonScratch(const JsonScratch&) = delete;
  JsonScratch& operator=(const JsonScratch&) = delete;

  /// As json::parse; the value is there until the next call.
  Result<const json::Document*> parse(std::string_view text, std::string_view origin) {
    document_.reset();
    memory_.Clear();
    document_.emplace(&memory_);
    if (!json::parse_into<json::strict_flags>(*document_, text).IsError()) return &*document_;
    SXT_TRY(document_, json::parse(text, origin));  // says what is wrong
    return &*document_;
  }

 private:
  alignas(std::max_align_t) char first_bytes_[16 << 10];  // where most texts have room
  json::Document::AllocatorType memory_{first_bytes_, sizeof first_bytes_};
  std::optional<json::Document> document_;
};

}  // namespace sextant
