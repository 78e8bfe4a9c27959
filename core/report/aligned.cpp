#include "aligned.hpp"
#include <algorithm>
#include <sextant/printable.hpp>
#include "width.hpp"

namespace sextant::report {

std::string aligned(std::vector<std::vector<std::string>> lines, size_t texts) {
  std::vector<size_t> widths;
  for (auto& line : lines)
    for (size_t i = 0; i < line.size(); ++i) {
      line[i] = printable(line[i]);
      widths.resize(std::max(widths.size(), i + 1), 0);
      widths[i] = std::max(widths[i], display_width(line[i]));
    }
  std::string out, dashes;
  for (const size_t width : widths) dashes += (dashes.empty() ? "" : "  ") + std::string(width, '-');
  for (size_t n = 0; n < lines.size(); ++n) {
    std::string text;
    for (size_t i = 0; i < lines[n].size(); ++i) {
      const std::string padding(widths[i] - display_width(lines[n][i]), ' ');
      text += (i == 0 ? "" : "  ") + (i < texts ? lines[n][i] + padding : padding + lines[n][i]);
    }
    out += text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
    if (n == 0) out += dashes + "\n";
  }
  return out;
}

}  // namespace sextant::report
