#include "margins.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include "../base/json_number.hpp"
#include "../base/text.hpp"
#include "../data/right_label.hpp"
#include "aligned.hpp"

namespace sextant::report {
namespace {

constexpr uint64_t stretch = 256;  // attempts that are read at a time
constexpr size_t rows_shown = 8, names_shown = 8;

// What a label is ranked by, turned so that the greatest wins, and how far that is off where each token is off by 1.
struct Ranked {
  double value = 0, slope = 0;
};
std::vector<Ranked> ranked(const data::Attempt& attempt, size_t winner) {
  std::vector<Ranked> out;
  const auto all = [&](auto is_no_better) {
    return std::all_of(attempt.labels.begin(), attempt.labels.end(),
                       [&](const auto& label) { return is_no_better(label.value, attempt.labels[winner].value); });
  };
  const bool greatest = all([](double other, double best) { return other <= best; });
  if (!greatest && !all([](double other, double best) { return other >= best; })) return out;
  for (const data::LabelScore& label : attempt.labels) {
    const double tokens = std::max(1u, label.tokens);
    const double share = label.logprob != 0 ? std::abs(label.value / label.logprob) : 1;
    out.push_back({greatest ? label.value : -label.value, tokens * share});
  }
  return out;
}

}  // namespace

Choice choice_of(const data::Attempt& attempt, double error) {
  Choice out;
  const auto& labels = attempt.labels;
  const auto winner = static_cast<size_t>(
      std::find_if(labels.begin(), labels.end(), [&](const auto& label) { return label.label == attempt.prediction; }) -
      labels.begin());
  if (labels.size() < 2 || winner == labels.size()) return out;
  const std::vector<Ranked> by = ranked(attempt, winner);
  if (by.empty()) return out;
  const size_t right = data::right_label(attempt);
  out.right = winner == right;
  out.needed = std::numeric_limits<double>::infinity();
  size_t can_win = 0;
  for (size_t i = 0; i < by.size(); ++i) {
    bool can = true;  // its best against each other's worst
    for (size_t k = 0; k < by.size() && can; ++k)
      can = k == i || by[i].value + error * by[i].slope >= by[k].value - error * by[k].slope;
    can_win += can;
    (i == right ? out.may_be_right : out.may_be_wrong) |= can;
    if (i == winner) continue;
    // where all are off in the worst way, i reaches each other label at this error or a smaller one
    double error_of_i = 0;
    for (size_t k = 0; k < by.size(); ++k)
      if (k != i) error_of_i = std::max(error_of_i, (by[k].value - by[i].value) / (by[k].slope + by[i].slope));
    out.needed = std::min(out.needed, error_of_i);
  }
  out.kind = can_win > 1 ? Choice::Kind::open : Choice::Kind::certain;
  return out;
}

// The best token stays the best as long as the two are not off by more than the margin together.
Choice reply_of(const data::Attempt& attempt, double error, bool right) {
  Choice out;
  if (!attempt.labels.empty() || !attempt.margin) return out;
  out.needed = attempt.margin->least / 2.0;
  out.right = right;
  const bool open = attempt.margin->least <= 2 * error;
  out.may_be_right = right || open;
  out.may_be_wrong = !right || open;
  out.kind = open ? Choice::Kind::open : Choice::Kind::certain;
  return out;
}

Result<Margins> margins_of_file(const store::Predictions& predictions, double error, const std::vector<double>& scores) {
  Margins out;
  out.needed = std::numeric_limits<double>::infinity();
  for (uint64_t first = 0; first < predictions.size(); first += stretch) {
    SXT_TRY(const auto attempts, predictions.read(first, std::min(stretch, predictions.size() - first)));
    for (size_t i = 0; i < attempts.size(); ++i) {
      const data::Attempt& attempt = attempts[i];
      const bool reply = attempt.labels.empty();
      const double score = first + i < scores.size() ? scores[first + i] : std::nan("");
      const Choice choice = reply ? reply_of(attempt, error, score == 1) : choice_of(attempt, error);
      if (choice.kind == Choice::Kind::unknown) {
        out.unknown += !reply || !attempt.finish.empty();
        continue;
      }
      out.replies = out.replies || reply;
      out.scored = out.scored && (!reply || score == 0 || score == 1);
      ++out.n;
      out.open += choice.kind == Choice::Kind::open;
      out.right += choice.right;
      out.least_right += choice.right && !choice.may_be_wrong;
      out.most_right += choice.right || choice.may_be_right;
      out.needed = std::min(out.needed, choice.needed);
      if (choice.may_be_right && choice.may_be_wrong) out.rows.push_back(attempt.id.row);
    }
  }
  return out;
}

std::string to_text(const std::vector<Margins>& all, double error) {
  std::vector<std::vector<std::string>> lines{
      {"model", "dataset", "of", "n", "open", "right, %", "least", "most", "smallest error that changes one"}};
  std::vector<std::string> without;
  std::string rows;
  uint64_t unknown_labels = 0, unknown_replies = 0;
  for (const Margins& one : all) {
    if (one.n > 0) (one.replies ? unknown_replies : unknown_labels) += one.unknown;
    if (one.n == 0) {
      without.push_back(one.dataset);
      continue;
    }
    const auto percent = [&](uint64_t count) {
      return one.scored ? fmt::format("{:.2f}", 100.0 * static_cast<double>(count) / static_cast<double>(one.n)) : "-";
    };
    lines.push_back({one.model, one.dataset, one.replies ? "replies" : "labels", std::to_string(one.n), std::to_string(one.open), percent(one.right),
                     percent(one.least_right), percent(one.most_right),
                     std::isfinite(one.needed) ? fmt::format("{:.3g}", one.needed) : "-"});
    if (one.rows.empty() || !one.scored) continue;
    rows += fmt::format("{}, {}: right or wrong within the error: ", one.model, one.dataset);
    for (size_t i = 0; i < std::min(rows_shown, one.rows.size()); ++i)
      rows += fmt::format("{}{}", i == 0 ? "" : ", ", one.rows[i]);
    rows += one.rows.size() > rows_shown ? fmt::format(" and {} more (--json has all)\n", one.rows.size() - rows_shown) : "\n";
  }
  std::string out = fmt::format("choices among labels, and greedy replies, if ln p of each token is off by up to {:g}\n", error);
  if (lines.size() > 1) out += aligned(std::move(lines), 3) + rows;
  if (unknown_labels > 0)
    out += fmt::format("{} samples do not have the best of their labels as the answer, so that nothing is said of them\n",
                       unknown_labels);
  constexpr const char* why = "they were drawn, or their backend or an older version says none";
  if (unknown_replies > 0) out += fmt::format("{} replies have no margin, so that nothing is said of them: {}\n", unknown_replies, why);
  if (!without.empty())
    out += fmt::format("neither labels nor margins of replies, so nothing is said of {} ({})\n", first_names(without, names_shown), why);
  return out;
}

std::string to_json(const std::vector<Margins>& all, double error) {
  json::Document out(rapidjson::kObjectType);
  auto& a = out.GetAllocator();
  json::Value list(rapidjson::kArrayType);
  for (const Margins& one : all) {
    json::Value item(rapidjson::kObjectType), rows(rapidjson::kArrayType);
    json::set(item, "model", one.model, a);
    json::set(item, "dataset", one.dataset, a);
    json::set(item, "kind", one.replies ? "replies" : "labels", a);
    for (const auto& [name, count] : {std::pair("n", one.n), std::pair("unknown", one.unknown), std::pair("open", one.open)})
      json::set(item, name, json::Value(count), a);
    for (const auto& [name, count] :
         {std::pair("right", one.right), std::pair("least_right", one.least_right), std::pair("most_right", one.most_right)})
      json::set(item, name, one.scored ? json::Value(count) : json::Value(rapidjson::kNullType), a);
    json::set(item, "needed", number_or_null(one.needed), a);
    for (const uint64_t row : one.scored ? one.rows : std::vector<uint64_t>()) rows.PushBack(row, a);
    json::set(item, "rows", std::move(rows), a);
    list.PushBack(std::move(item), a);
  }
  json::set(out, "numeric_error", json::Value(error), a);
  json::set(out, "margins", std::move(list), a);
  return json::write(out);
}

}  // namespace sextant::report
