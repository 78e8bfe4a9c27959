#include "rows.hpp"
#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <optional>
#include "../base/json_line.hpp"
#include "../base/text.hpp"

namespace sextant::config {
namespace {

std::optional<uint64_t> number(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r')) text.remove_suffix(1);
  uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && !text.empty() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

Result<Exclusion> exclusion_from_json(const json::Value& item, const std::string& origin) {
  const auto index = json::find_int(item, "index");
  if (!index || *index < 0)
    return Error{Error::Kind::config, origin + ": give a row as {\"dataset\": NAME, \"index\": NUMBER}"};
  return Exclusion{json::find_string(item, "dataset").value_or(""), static_cast<uint64_t>(*index)};
}

}  // namespace

Result<std::vector<RowRange>> rows_from_text(std::string_view text, const std::string& origin) {
  std::vector<RowRange> out;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view part = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const size_t dash = part.find('-');
    const auto first = number(part.substr(0, dash)), last = dash == part.npos ? first : number(part.substr(dash + 1));
    if (!first || !last || *last < *first)
      return Error{Error::Kind::usage,
                   fmt::format("{}: '{}' is neither a row nor a range of rows; write numbers and ranges, as in 3,17,40-60",
                               origin, part)};
    out.push_back({*first, *last});
  }
  if (out.empty()) return Error{Error::Kind::usage, origin + " names no row; write numbers and ranges, as in 3,17,40-60"};
  return out;
}

std::string rows_to_text(const std::vector<RowRange>& rows) {
  std::string out;
  for (const RowRange& range : rows)
    out += (out.empty() ? "" : ",") +
           (range.first == range.last ? fmt::format("{}", range.first) : fmt::format("{}-{}", range.first, range.last));
  return out;
}

Result<std::vector<Exclusion>> exclusions_from_json(const json::Value& list, const std::string& origin) {
  std::vector<Exclusion> out;
  for (const auto& item : list.GetArray()) {
    SXT_TRY(Exclusion one, exclusion_from_json(item, fmt::format("{}: exclude[{}]", origin, out.size())));
    out.push_back(std::move(one));
  }
  return out;
}

Result<std::vector<Exclusion>> exclusions_from_lines(std::string_view text, const std::string& origin) {
  SXT_TRY(const std::vector<ReasonedExclusion> all, reasoned_exclusions_from_lines(text, origin));
  std::vector<Exclusion> out;
  for (const ReasonedExclusion& one : all) out.push_back(one.row);
  return out;
}

Result<std::vector<ReasonedExclusion>> reasoned_exclusions_from_lines(std::string_view text, const std::string& origin) {
  std::vector<ReasonedExclusion> out;
  for (size_t line = 1; !text.empty(); ++line) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t begin = one.find_first_not_of(" \t\r");
    if (begin == one.npos || one[begin] == '#') continue;
    if (const auto row = number(one)) {
      out.push_back({{"", *row}, ""});
      continue;
    }
    SXT_TRY(const json::Document item, parse_line(one, fmt::format("{}:{}", origin, line)));
    SXT_TRY(Exclusion parsed, exclusion_from_json(item, fmt::format("{}:{}", origin, line)));
    const json::Value* reason = json::find(item, "reason");
    if (reason && !reason->IsString())
      return Error{Error::Kind::config, fmt::format("{}:{}: \"reason\" must be a text", origin, line)};
    out.push_back({std::move(parsed), reason ? std::string(json::text(*reason)) : ""});
  }
  return out;
}

}  // namespace sextant::config
