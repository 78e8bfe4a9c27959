#include "style.hpp"
#include <sextant/regex.hpp>
#include <sextant/utf8_text.hpp>
#include "built_in_pattern.hpp"

namespace sextant::score {
namespace {

double count(const Regex& regex, std::string_view text) {
  const auto found = regex.find_all(text);
  return found ? static_cast<double>(found->size()) : 0;
}

// Answers' code is no style of theirs.
std::string without_code(std::string_view answer) {
  std::string out;
  for (size_t at = 0; at < answer.size();) {
    const size_t begin = answer.find("```", at);
    const size_t end = begin == answer.npos ? begin : answer.find('`', begin + 3);
    if (end == answer.npos || answer.substr(end, 3) != "```") {   // not closed, or a single quote inside: no block
      const size_t next = begin == answer.npos ? answer.size() : begin + 3;
      out += answer.substr(at, next - at);
      at = next;
      continue;
    }
    out += answer.substr(at, begin - at);
    at = end + 3;
  }
  return out;
}

}  // namespace

Style style_of(std::string_view answer) {
  static const Regex heading = built_in_pattern(R"((?m)^#{1,6}\s)"), ordered = built_in_pattern(R"((?m)^[ \t]*\d+\.\s)"),
                     unordered = built_in_pattern(R"((?m)^[ \t]*[-*+]\s)"), stars = built_in_pattern(R"(\*\*[^*\n]+\*\*)"),
                     lines = built_in_pattern(R"(__[^_\n]+__)");
  const std::string text = without_code(answer);
  return {static_cast<double>(utf8::length(answer)), count(heading, text), count(ordered, text) + count(unordered, text),
          count(stars, text) + count(lines, text)};
}

std::vector<double> style_difference(const Style& first, const Style& second) {
  std::vector<double> out;
  const double both = first[0] + second[0];
  out.push_back(both > 0 ? (first[0] - second[0]) / both : 0);
  for (size_t i = 1; i < first.size(); ++i) {
    const double a = first[i] / (first[0] + 1), b = second[i] / (second[0] + 1);
    out.push_back((a - b) / (a + b + 1));
  }
  return out;
}

}  // namespace sextant::score
