#include "json_lines.hpp"
#include <fmt/format.h>
#include <iostream>
#include <iterator>
#include "../base/files.hpp"

namespace sextant::cli {

Result<std::vector<JsonLine>> read_json_lines(const std::string& input) {
  const bool from_stdin = input.empty() || input == "-";
  std::string text;
  if (from_stdin) {
    std::cin >> std::noskipws;
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else {
    SXT_TRY(text, read_file(input));
  }
  std::vector<JsonLine> lines;
  size_t number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    ++number;
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    const std::string place = fmt::format("{} line {}", from_stdin ? "stdin" : input, number);
    auto document = json::parse(line, place);
    if (!document) {  // it counts the lines of the line
      std::string message = document.error().message;
      if (message.starts_with(place + ":1:")) message.replace(place.size(), 3, ", column ");
      return Error{Error::Kind::data, std::move(message)};
    }
    if (!document->IsObject())
      return Error{Error::Kind::data, fmt::format("{} line {}: must be a JSON object", from_stdin ? "stdin" : input, number)};
    lines.push_back({number, *std::move(document)});
  }
  return lines;
}

}  // namespace sextant::cli
