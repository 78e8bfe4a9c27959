// constraints: a judge's list of which constraints an answer keeps, as FollowBench asks for it: the reply's last line is YES or
// NO, or a list of them, one for each of the row's `level` constraints. "all_kept" is 1 where every one is kept (its hard
// satisfaction rate), "kept" the share that is (the soft one).
#include <cmath>
#include <limits>
#include <optional>
#include "own_metrics.hpp"

namespace sextant::score {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

std::string_view last_line(std::string_view reply) {
  const auto trim = [&] {
    while (!reply.empty() && std::string_view(" \t\r\n`").find(reply.back()) != std::string_view::npos) reply.remove_suffix(1);
  };
  trim();
  const size_t line = reply.rfind('\n');
  return line == reply.npos ? reply : reply.substr(line + 1);
}

// The share that is kept, or nothing where the line does not have as many verdicts as there are constraints.
std::optional<double> kept(std::string_view line, int64_t level) {
  if (level == 1 && line.find('[') == line.npos) {
    const bool yes = line.find("YES") != line.npos, no = line.find("NO") != line.npos;
    return yes ? std::optional(1.0) : no ? std::optional(0.0) : std::nullopt;
  }
  const size_t begin = line.find('['), end = line.rfind(']');
  if (begin == line.npos || end == line.npos || end < begin) return std::nullopt;
  double yes = 0, counted = 0;
  std::string word;
  for (const char c : line.substr(begin + 1, end - begin)) {
    if (c != ',' && c != ']') {
      if (c != ' ' && c != '\'' && c != '"' && c != '[') word += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      continue;
    }
    if (word == "YES" || word == "TRUE") ++yes;
    else if (word != "NO" && word != "FALSE" && word != "PARTIAL" && word != "MAYBE" && word != "UNKNOWN" && word != "N/A")
      return std::nullopt;
    ++counted;
    word.clear();
  }
  return counted == static_cast<double>(level) ? std::optional(yes / counted) : std::nullopt;
}

Result<MetricStep> make(const json::Value& config, config::Compat, const std::string& origin) {
  MetricStep step;
  step.id = "constraints";
  step.aggregates = false;
  step.score = [column = json::find_string(config, "count").value_or("level"),
                origin](std::span<const Judged> items) -> Result<std::vector<Verdict>> {
    std::vector<Verdict> out;
    for (const Judged& item : items) {
      SXT_TRY(const json::Document record, json::parse(item.record_json, origin));
      const auto level = json::find_int(record, column);
      if (!level || *level < 1)
        return Error{Error::Kind::data, origin + ": metric:constraints counts by the column '" + column +
                                            "', which is not a number of at least 1 in some row; name another one as \"count\""};
      const std::string_view line = last_line(item.prediction);
      const auto share = kept(line, *level);
      out.push_back({{{"all_kept", share ? (*share == 1 ? 1.0 : 0.0) : nan}, {"kept", share.value_or(nan)}},
                     std::string(share ? line : ""),
                     share ? "" : "no verdict can be read"});
    }
    return out;
  };
  return step;
}

}  // namespace

extern const OwnMetric constraints_metric;
const OwnMetric constraints_metric{
    "constraints", "which constraints a judge says that an answer keeps",
    R"({"type": "object", "additionalProperties": false, "properties": {
  "count": {"type": "string", "default": "level", "description": "the column with the number of constraints"}}})",
    R"({"values": [{"name": "all_kept", "range": [0, 1]}, {"name": "kept", "range": [0, 1]}]})", false, make};

}  // namespace sextant::score
