#include "json_lines.hpp"
#include <fmt/format.h>
#include <iostream>
#include <iterator>
#include "../base/files.hpp"
#include "../base/json_line.hpp"

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
    SXT_TRY(json::Document document, parse_line(line, place));
    if (!document.IsObject())
      return Error{Error::Kind::data, fmt::format("{} line {}: must be a JSON object", from_stdin ? "stdin" : input, number)};
    lines.push_back({number, std::move(document)});
  }
  return lines;
}

}  // namespace sextant::cli
