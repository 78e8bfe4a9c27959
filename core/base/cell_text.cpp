#include "cell_text.hpp"
#include <algorithm>
#include <sextant/printable.hpp>

namespace sextant {
namespace {

// Spreadsheets compute a cell that begins so, white space before it or not; East Asian ones take the wide forms as well.
bool begins_formula(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n\u00A0\u3000");
  if (begin == text.npos) return false;
  const std::string_view rest = text.substr(begin);
  constexpr std::string_view signs[] = {"=", "+", "-", "@", "\uFF1D", "\uFF0B", "\uFF0D", "\uFF20"};
  return std::any_of(std::begin(signs), std::end(signs), [&](std::string_view sign) { return rest.starts_with(sign); });
}

}  // namespace

std::string csv_cell(std::string_view text, bool number) {
  std::string cell = !number && text != "-" && begins_formula(text) ? "'" : "";
  cell += text;
  if (cell.find_first_of(",;\"\r\n\t") == cell.npos) return cell;
  std::string out = "\"";
  for (const char c : cell) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string xml_text(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else out += c;
  }
  return out;
}

}  // namespace sextant
