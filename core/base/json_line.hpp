// One line of a file of JSON lines. Pure; [any] thread.
#pragma once
#include <string>
#include <string_view>
#include <sextant/json.hpp>

namespace sextant {

/// As json::parse, with the line's place ("in.jsonl:3") in front of the column alone: a parser that is given a line counts the
/// lines of the line.
inline Result<json::Document> parse_line(std::string_view line, const std::string& place) {
  auto parsed = json::parse(line, place);
  if (parsed) return parsed;
  std::string message = parsed.error().message;
  if (message.starts_with(place + ":1:")) message.replace(place.size(), 3, ", column ");
  return Error{Error::Kind::data, std::move(message)};
}

}  // namespace sextant
