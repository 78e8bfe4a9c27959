// A parser for the many small texts of a run, each of which is looked at and left: it uses its memory again, and what makes
// parsing slow is done only where the text needs it.
#pragma once
#include <cstddef>
#include <optional>
#include <string_view>
#include <sextant/json.hpp>

namespace sextant {

/// As json::parse(), in the same words where something is wrong.
Result<json::Document> parse_fast(std::string_view text, std::string_view origin);

/// Threads: [owner].
class JsonScratch {
 public:
  JsonScratch() = default;
  JsonScratch(const JsonScratch&) = delete;
  JsonScratch& operator=(const JsonScratch&) = delete;

  /// As json::parse(); the value is there until the next call.
  Result<const json::Document*> parse(std::string_view text, std::string_view origin);

 private:
  alignas(std::max_align_t) char first_bytes_[16 << 10];  // where most texts have room
  json::Document::AllocatorType memory_{first_bytes_, sizeof first_bytes_};
  std::optional<json::Document> document_;
};

}  // namespace sextant
