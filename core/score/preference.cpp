// preference: what a judge of two answers says, as the first one's share of the win. Verdicts of every judge in use are read: a
// bare letter or label (a verdict by log-probability, or what post-processors made of the reply), [[A]], [[A>>B]], JSON.
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include "own_metrics.hpp"

namespace sextant::score {
namespace {

struct Spelling {
  std::string_view text;
  double first;                      // the share of the answer that is shown first
};
constexpr std::array<Spelling, 16> spellings{{{"A>>B", 1},
                                              {"A>B", 1},
                                              {"A=B", 0.5},
                                              {"B=A", 0.5},
                                              {"B>A", 0},
                                              {"B>>A", 0},
                                              {"A<B", 0},
                                              {"A<<B", 0},
                                              {"B<A", 1},
                                              {"B<<A", 1},
                                              {"A", 1},
                                              {"B", 0},
                                              {"C", 0.5},
                                              {"TIE", 0.5},
                                              {"1", 1},
                                              {"2", 0}}};

std::optional<double> of_label(std::string_view label) {
  std::string plain;
  for (const char c : label)
    if (c != ' ' && c != '*' && c != '"') plain += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  const auto found = std::find_if(spellings.begin(), spellings.end(), [&](const Spelling& one) { return one.text == plain; });
  return found == spellings.end() ? std::nullopt : std::optional(found->first);
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  return begin == text.npos ? std::string_view() : text.substr(begin, text.find_last_not_of(" \t\r\n.。") + 1 - begin);
}

struct Read {
  std::optional<double> first;
  std::string label, why;
};

// The last verdict in double brackets counts: what stands before may quote the instructions, or one of the answers.
Read read_verdict(std::string_view reply) {
  const std::string_view text = trimmed(reply);
  if (text.empty()) return {{}, "", "the judge wrote nothing"};
  if (const auto bare = of_label(text)) return {bare, std::string(text), ""};
  constexpr size_t reach = 16;          // from "[[" to "]]"; a look back without end would make a reply of brackets quadratic
  for (size_t end = reply.rfind("]]"); end != reply.npos && end > 0; end = reply.rfind("]]", end - 1)) {
    const std::string_view before = reply.substr(end - std::min(end, reach), std::min(end, reach));
    const size_t begin = before.rfind("[[");
    if (begin == before.npos) continue;
    const std::string_view label = before.substr(begin + 2);
    if (const auto first = of_label(label)) return {first, std::string(label), ""};
  }
  if (text.front() == '{') {
    if (const auto parsed = json::parse(text, "a verdict"); parsed && parsed->IsObject())
      for (const char* key : {"winner", "verdict", "choice", "preference", "answer"})
        if (const auto label = json::find_string(*parsed, key))
          if (const auto first = of_label(*label)) return {first, *label, ""};
  }
  return {{}, "", "no verdict can be read"};
}

Result<MetricStep> make(const json::Value&, config::Compat, const std::string&) {
  MetricStep step;
  step.id = "preference";
  step.aggregates = false;
  step.score = [](std::span<const Judged> items) -> Result<std::vector<Verdict>> {
    std::vector<Verdict> out;
    for (const Judged& item : items) {
      const Read read = read_verdict(item.prediction);
      out.push_back({{{"preference", read.first.value_or(std::numeric_limits<double>::quiet_NaN())}}, read.label, read.why});
    }
    return out;
  };
  return step;
}

}  // namespace

extern const OwnMetric preference_metric;
const OwnMetric preference_metric{
    "preference", "which of two answers a judge prefers: the share of the one that is shown first",
    R"({"type": "object", "additionalProperties": false, "properties": {}})",
    R"({"values": [{"name": "preference", "higher_is_better": true, "range": [0, 1]}]})", false, make};

}  // namespace sextant::score
