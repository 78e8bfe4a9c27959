#include "gate.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <sextant/printable.hpp>
#include "../base/cell_text.hpp"
#include "../base/json_number.hpp"
#include "../base/text.hpp"
#include "../stats/distributions.hpp"
#include "../stats/paired.hpp"

namespace sextant::compare {
namespace {

std::string_view word(stats::Verdict verdict) {
  return verdict == stats::Verdict::go ? "go" : verdict == stats::Verdict::no_go ? "no-go" : "inconclusive";
}

// More is better.
stats::Interval turned(const Comparison& one) {
  stats::Interval out = one.difference;
  if (one.higher_is_better) return out;
  out.value = -out.value;
  out.low = -one.difference.high;
  out.high = -one.difference.low;
  return out;
}

// P that so low a difference is seen where the candidate is just the margin worse.
double p_of_worse(const stats::Interval& difference, double margin) {
  if (!difference.known() || !(difference.standard_error > 0)) return difference.value < -margin ? 0 : 1;
  constexpr double infinite = 1e9;
  const double z = (difference.value + margin) / difference.standard_error, both = stats::student_two_sided(z, infinite);
  return z < 0 ? both / 2 : 1 - both / 2;
}

std::string difference_text(const stats::Interval& difference) {
  if (!difference.known()) return fmt::format("{:+.2f}", difference.value);
  return fmt::format("{:+.2f} [{:+.2f}, {:+.2f}]", difference.value, difference.low, difference.high);
}

}  // namespace

Result<Gate> decide(const Report& report, double margin) {
  if (report.comparisons.empty())
    return Error{Error::Kind::data, "nothing can be compared: the runs have no scored data set in common"};
  Gate out;
  out.margin = margin;
  std::vector<stats::Interval> differences;
  std::vector<double> weights, p;
  const Comparison& first = report.comparisons.front();
  for (const Comparison& one : report.comparisons) {
    if (one.unit != first.unit || (one.unit != 100 && one.metric != first.metric))
      return Error{Error::Kind::usage,
                   fmt::format("{} of {} and {} of {} are numbers of different units; choose with --dataset or --metric",
                               first.metric, first.dataset, one.metric, one.dataset)};
    differences.push_back(turned(one));
    weights.push_back(static_cast<double>(one.n));
    p.push_back(p_of_worse(differences.back(), margin));
  }
  out.difference = differences.size() == 1 ? differences.front() : stats::of_average(differences, weights);
  out.wholes = wholes(report.comparisons);
  const auto turns = std::find_if(report.comparisons.begin(), report.comparisons.end(),
                                  [](const Comparison& one) { return !one.higher_is_better; });
  if (turns != report.comparisons.end())
    out.wholes.push_back(fmt::format("less is better of {}: + means that it fell", turns->metric));
  const stats::Decision whole = stats::decide(out.difference, margin);
  out.verdict = whole.verdict;
  out.more = whole.more;
  const std::vector<double> adjusted = stats::holm(p);
  constexpr double alpha = (1 - stats::confidence) / 2;  // as much as either end of the interval
  for (size_t i = 0; i < p.size(); ++i) {
    out.parts.push_back(
        {report.comparisons[i].dataset, report.comparisons[i].metric, differences.size() > 1 && adjusted[i] <= alpha});
    if (out.parts.back().worse) out.verdict = stats::Verdict::no_go;
  }
  if (out.verdict != stats::Verdict::inconclusive) out.more.reset();
  out.what = report.comparisons.size() == 1 ? fmt::format("{} of {}", first.metric, first.dataset)
                                            : fmt::format("{} data sets", report.comparisons.size());
  return out;
}

std::string to_line(const Gate& gate) {
  std::string out = fmt::format("{}: {} {}, margin {:.4g}, {} questions", word(gate.verdict), gate.what,
                                difference_text(gate.difference), gate.margin, gate.difference.n);
  std::vector<std::string> worse;
  for (const GatePart& part : gate.parts)
    if (part.worse) worse.push_back(part.dataset);
  if (!worse.empty()) out += fmt::format("; worse by more than the margin: {}", first_names(worse, 6));
  if (gate.verdict == stats::Verdict::inconclusive)
    out += gate.more ? fmt::format("; about {} more questions would tell", *gate.more)
                     : "; no number of questions would tell at this difference";
  for (const std::string& sentence : gate.wholes) out += "; " + sentence;
  return out;
}

std::string to_json(const Report& report, const Gate& gate) {
  json::Document out;
  const json::Document comparison = [&] {
    auto parsed = json::parse(to_json(std::vector<Report>{report}), "comparison");
    return parsed ? *std::move(parsed) : json::Document();
  }();
  out.SetObject();
  auto& a = out.GetAllocator();
  json::set(out, "verdict", std::string(word(gate.verdict)), a);
  json::set(out, "margin", number_or_null(gate.margin), a);
  json::set(out, "difference", number_or_null(gate.difference.value), a);
  json::set(out, "low", number_or_null(gate.difference.low), a);
  json::set(out, "high", number_or_null(gate.difference.high), a);
  json::set(out, "n", json::Value(gate.difference.n), a);
  json::set(out, "more", gate.more ? json::Value(*gate.more) : json::Value(rapidjson::kNullType), a);
  json::Value worse(rapidjson::kArrayType);
  for (const GatePart& part : gate.parts)
    if (part.worse) worse.PushBack(json::Value(part.dataset, a), a);
  json::set(out, "worse", std::move(worse), a);
  if (const json::Value* pairs = json::find(comparison, "pairs")) json::set(out, "pairs", json::Value(*pairs, a), a);
  return json::write(out);
}

std::string to_junit(const Report& report, const Gate& gate) {
  struct Case {
    std::string name, text;
    bool failed, skipped;
  };
  std::vector<Case> cases{
      {"gate", to_line(gate), gate.verdict == stats::Verdict::no_go, gate.verdict == stats::Verdict::inconclusive}};
  for (size_t i = 0; i < gate.parts.size(); ++i)
    cases.push_back({fmt::format("{} {}", gate.parts[i].dataset, gate.parts[i].metric),
                     fmt::format("{:.2f} to {:.2f}, difference {}", report.comparisons[i].a, report.comparisons[i].b,
                                 difference_text(report.comparisons[i].difference)),
                     gate.parts[i].worse, false});
  const auto failed = std::count_if(cases.begin(), cases.end(), [](const Case& one) { return one.failed; });
  const auto skipped = std::count_if(cases.begin(), cases.end(), [](const Case& one) { return one.skipped; });
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"sextant gate\" tests=\"{}\" failures=\"{}\" errors=\"0\" "
      "skipped=\"{}\">\n",
      cases.size(), failed, skipped);
  for (const Case& one : cases) {
    out += fmt::format("  <testcase classname=\"{}\" name=\"{}\">", xml_text(report.b.model), xml_text(one.name));
    if (one.failed) out += fmt::format("<failure message=\"{}\"/>", xml_text(one.text));
    else if (one.skipped) out += fmt::format("<skipped message=\"{}\"/>", xml_text(one.text));
    else out += fmt::format("<system-out>{}</system-out>", xml_text(one.text));
    out += "</testcase>\n";
  }
  return out + "</testsuite>\n";
}

}  // namespace sextant::compare
