#include "trust.hpp"
#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <sextant/json.hpp>
#include <sextant/utf8_text.hpp>
#include "../stats/agreement.hpp"
#include "../stats/prediction_powered.hpp"

namespace sextant::score {
namespace {

std::string category(double value) { return fmt::format("{:g}", value); }
std::string shown(double value) { return std::isnan(value) ? "not defined" : fmt::format("{:.2f}", value); }

double vote(const std::vector<double>& values) {
  size_t most = 0;
  for (const double value : values)
    most = std::max<size_t>(most, static_cast<size_t>(std::count(values.begin(), values.end(), value)));
  double sum = 0, n = 0;
  for (const double value : values)          // each as often as it was said, which is equally often
    if (static_cast<size_t>(std::count(values.begin(), values.end(), value)) == most) sum += value, ++n;
  return sum / n;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::vector<double> combined(const std::vector<std::vector<double>>& by_judge, bool by_vote) {
  std::vector<double> out(by_judge.front().size(), stats::not_known);
  for (size_t i = 0; i < out.size(); ++i) {
    std::vector<double> values;
    for (const std::vector<double>& judge : by_judge)
      if (!std::isnan(judge[i])) values.push_back(judge[i]);
    if (values.empty()) continue;
    double sum = 0;
    for (const double value : values) sum += value;
    out[i] = by_vote ? vote(values) : sum / static_cast<double>(values.size());
  }
  return out;
}

data::Finding panel_finding(const std::vector<std::string>& judges, const std::vector<std::vector<double>>& by_judge) {
  uint64_t same = 0, several = 0;
  std::vector<std::vector<std::string>> all, complete;
  for (size_t i = 0; i < by_judge.front().size(); ++i) {
    std::vector<std::string> verdicts;
    for (const std::vector<double>& judge : by_judge)
      if (!std::isnan(judge[i])) verdicts.push_back(category(judge[i]));
    if (verdicts.size() < 2) continue;
    ++several;
    same += std::all_of(verdicts.begin(), verdicts.end(), [&](const std::string& one) { return one == verdicts.front(); });
    if (verdicts.size() == judges.size()) complete.push_back(verdicts);
    all.push_back(std::move(verdicts));
  }
  std::string detail = fmt::format("Krippendorff's alpha {}, Fleiss' kappa {}", shown(stats::krippendorff_alpha(all)),
                                   shown(stats::fleiss_kappa(complete)));
  for (size_t a = 0; a < judges.size(); ++a)
    for (size_t b = a + 1; b < judges.size(); ++b) {
      std::vector<std::pair<std::string, std::string>> pairs;
      for (size_t i = 0; i < by_judge[a].size(); ++i)
        if (!std::isnan(by_judge[a][i]) && !std::isnan(by_judge[b][i]))
          pairs.emplace_back(category(by_judge[a][i]), category(by_judge[b][i]));
      detail += fmt::format("{} {} and {} {}", a + b == 1 ? "; Cohen's kappa of" : ",", judges[a], judges[b],
                            shown(stats::cohen_kappa(pairs)));
    }
  return {"panel", same, several, detail};
}

std::optional<Trust> beside_people(const std::vector<double>& judge, const std::map<size_t, double>& people, double unit,
                                   stats::Range range, const std::vector<uint32_t>& clusters) {
  std::vector<std::pair<double, double>> labelled;       // person, judge
  std::vector<std::pair<std::string, std::string>> said;
  std::vector<double> others, differences;
  std::vector<uint32_t> of_labelled, of_others;          // clusters
  uint64_t same = 0;
  for (size_t i = 0; i < judge.size(); ++i) {
    if (std::isnan(judge[i])) continue;
    const auto person = people.find(i);
    if (person == people.end()) {
      others.push_back(judge[i]);
      if (!clusters.empty()) of_others.push_back(clusters[i]);
      continue;
    }
    labelled.emplace_back(person->second, judge[i]);
    said.emplace_back(category(person->second), category(judge[i]));
    differences.push_back(judge[i] - person->second);
    if (!clusters.empty()) of_labelled.push_back(clusters[i]);
    same += said.back().first == said.back().second;
  }
  if (labelled.empty()) return std::nullopt;
  Trust out;
  const stats::PredictionPowered powered = stats::prediction_powered(labelled, others, of_labelled, of_others);
  out.corrected.value = unit * powered.value;
  out.corrected.n = labelled.size() + others.size();
  out.corrected.standard_error = unit * powered.standard_error;
  if (std::isfinite(powered.low)) {
    out.corrected.low = unit * std::max(powered.low, range.low);
    out.corrected.high = unit * std::min(powered.high, range.high);
    out.corrected.method = "prediction_powered";
  }
  const stats::Interval bias = stats::of_mean_difference(differences, of_labelled, range.high - range.low);
  std::string detail = fmt::format("Cohen's kappa {}; its verdicts are {:+.2f} from theirs on average",
                                   shown(stats::cohen_kappa(said)), bias.value);
  if (bias.known()) detail += fmt::format(" [{:+.2f}, {:+.2f}]", bias.low, bias.high);
  out.findings.push_back({"people", same, labelled.size(), detail});
  if (powered.labels < stats::least_labels) out.findings.push_back({"few_labels", powered.labels, stats::least_labels, ""});
  return out;
}

namespace {

constexpr size_t fence_max = 24, fence_min = 6;      // bytes without blanks; shorter ones stand in honest answers

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

// The literal text at the beginning of `text`, up to the next placeholder or the end of a line that says enough.
std::string fence_at(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size() && out.size() < fence_max; ++i) {
    const bool placeholder =
        text[i] == '{' && i + 1 < text.size() &&
        (text[i + 1] == '{' || text[i + 1] == '%' || text[i + 1] == '_' || (lower(text[i + 1]) >= 'a' && lower(text[i + 1]) <= 'z'));
    if (placeholder || (text[i] == '\n' && out.size() >= fence_min)) break;
    if (!is_blank(text[i])) out += lower(text[i]);
  }
  out.resize(utf8::valid_prefix(out));
  return out;
}

void add_fences(const json::Value& value, std::vector<std::string>& out) {
  if (value.IsArray())
    for (const auto& one : value.GetArray()) add_fences(one, out);
  if (value.IsObject())
    for (const auto& member : value.GetObject()) add_fences(member.value, out);
  if (!value.IsString()) return;
  const std::string_view text = json::text(value);
  for (size_t at = text.find("prediction"); at != text.npos; at = text.find("prediction", at + 1)) {
    size_t before = at, end = at;
    while (before > 0 && text[before - 1] == ' ') --before;
    if (before == 0 || text[before - 1] != '{') continue;
    while (end < text.size() && text[end] != '}' && text[end] != '\n') ++end;
    while (end < text.size() && text[end] == '}') ++end;
    std::string fence = fence_at(text.substr(end));
    if (fence.size() >= fence_min && std::find(out.begin(), out.end(), fence) == out.end()) out.push_back(std::move(fence));
  }
}

// From `first` to the end of the line, at most 80 bytes, whole characters.
std::string_view quoted(std::string_view answer, size_t first) {
  size_t end = std::min({answer.size(), first + 80, answer.find('\n', first)});
  while (end > first && end < answer.size() && (static_cast<unsigned char>(answer[end]) & 0xC0) == 0x80) --end;
  return answer.substr(first, end - first);
}

}  // namespace

std::vector<std::string> fences_of(std::string_view template_json) {
  std::vector<std::string> out;
  if (const auto parsed = json::parse(template_json, "template")) add_fences(*parsed, out);
  return out;
}

std::string_view addressed_to_judge(std::string_view answer, const std::vector<std::string>& fences) {
  static constexpr std::array<std::string_view, 16> phrases{"ignore the above",
                                                            "ignore all previous",
                                                            "ignore previous",
                                                            "ignore the previous",
                                                            "disregard the above",
                                                            "disregard previous",
                                                            "ignore your instructions",
                                                            "ignore all instructions",
                                                            "[[a]]",
                                                            "[[b]]",
                                                            "[[a>",
                                                            "[[b>",
                                                            "rating: [[",
                                                            "忽略以上",
                                                            "忽略上面",
                                                            "as the judge, "};
  std::string text, tight;
  std::vector<size_t> places;                        // of the characters of `tight`
  text.reserve(answer.size());
  for (const char c : answer) text += lower(c);
  size_t first = std::string::npos;
  for (const std::string_view phrase : phrases) first = std::min(first, text.find(phrase));
  if (!fences.empty())
    for (size_t i = 0; i < text.size(); ++i)
      if (!is_blank(text[i])) tight += text[i], places.push_back(i);
  for (const std::string& fence : fences)
    if (const size_t at = tight.find(fence); at != std::string::npos) first = std::min(first, places[at]);
  return first == std::string::npos ? std::string_view() : quoted(answer, first);
}

}  // namespace sextant::score
