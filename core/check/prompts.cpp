#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <sextant/json.hpp>
#include "checks.hpp"

namespace sextant::check {
namespace {

constexpr size_t rows_looked_at = 40;
constexpr size_t rows_min = 5;

std::string text_of(const data::Prompts& prompts) {
  std::string out;
  for (const data::Prompt& prompt : prompts.prompts) out += prompt.text.str() + '\n';
  for (const data::Continuation& one : prompts.continuations) out += one.text.str() + '\n';
  return out;
}

// Another row's answer put in the place of the row's own: a prompt that changes shows the answer.
void check_leak(Subject& subject, Found& found) {
  const std::string& column = subject.dataset.output_column;
  const size_t rows = subject.rows.size();
  size_t tried = 0, changed = 0, ends = 0, ended = 0;
  std::optional<size_t> first;
  std::set<std::string> answers;
  std::string tail;
  for (size_t i = 0; i < rows && tried < rows_looked_at; ++i) {
    const auto own = json::parse(subject.rows[i].record_json, "record");
    const json::Value* target = own ? json::find(*own, column) : nullptr;
    const auto before = subject.prompts(subject.rows[i].record_json);
    if (!target || !before || before->prompts.empty()) return;
    if (subject.golds[i].size() == 1 && subject.form != data::Form::labels) {
      const std::string text = before->prompts.front().text.str();
      const std::string& gold = subject.golds[i].front();
      const size_t end = text.find_last_not_of(" \t\r\n.");
      ++ended;
      answers.insert(gold);
      const bool shown = !gold.empty() && end != text.npos && std::string_view(text).substr(0, end + 1).ends_with(gold);
      ends += shown;
      if (shown) tail = text.substr(text.size() - std::min<size_t>(text.size(), 40));
    }
    for (size_t k = 1; k < rows; ++k) {
      const auto other = json::parse(subject.rows[(i + k) % rows].record_json, "record");
      const json::Value* wrong = other ? json::find(*other, column) : nullptr;
      if (!wrong || *wrong == *target) continue;
      json::Document altered = json::copy(*own);
      json::set(altered, column, json::Value(*wrong, altered.GetAllocator()), altered.GetAllocator());
      const auto after = subject.prompts(json::write(altered));
      if (!after) break;
      ++tried;
      if (text_of(*after) == text_of(*before)) break;
      ++changed;
      if (!first) first = i;
      break;
    }
  }
  const char* remedy = "take the answer's column out of the item's own prompt (infer.template); examples may show it";
  if (changed > 0 && changed * 2 >= tried)
    found.add(
        Severity::error, "answer-in-prompt",
        fmt::format("the prompt shows the column '{}', which is the answer ({} of {} rows looked at)", column, changed, tried),
        remedy, subject.rows[*first].index,
        fmt::format("the prompt changes with the answer {}",
                    in_quotes(subject.golds[*first].empty() ? "" : subject.golds[*first].front(), 80)));
  else if (ended >= rows_min && answers.size() > 1 && ends * 10 > ended * 9)
    found.add(Severity::error, "answer-in-prompt", fmt::format("{} of {} prompts end with the right answer", ends, ended),
              remedy, {}, fmt::format("one ends with {}", in_quotes(tail)));
}

}  // namespace

void check_prompts(Subject& subject, Found& found) {
  if (const std::string& leak = subject.data.leak; !leak.empty())
    found.add(Severity::error, "answer-in-prompt",
              leak.starts_with(subject.dataset.abbr + ": ") ? leak.substr(subject.dataset.abbr.size() + 2) : leak,
              "take that column out of the item's own prompt (infer.template)");
  if (subject.rows.size() < 2 || subject.dataset.output_column.empty() || subject.form == data::Form::whole) return;
  check_leak(subject, found);
}

}  // namespace sextant::check
