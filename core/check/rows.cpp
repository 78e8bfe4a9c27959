#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include "../serve/examples.hpp"
#include "checks.hpp"

namespace sextant::check {
namespace {

// The question as the card's columns have it, and nothing else of the row.
std::string question_of(const Subject& subject, const std::string& record_json) {
  if (subject.dataset.input_columns.empty()) return "";
  const auto text = serve::retrieval_text(subject.dataset, record_json);
  return text ? *text : "";
}

void check_contradictions(Subject& subject, Found& found) {
  std::unordered_map<std::string, size_t> seen;
  uint64_t count = 0;
  std::optional<std::pair<size_t, size_t>> first;
  for (size_t i = 0; i < subject.rows.size(); ++i) {
    const auto made = subject.prompts(subject.rows[i].record_json);
    if (!made || made->prompts.empty()) return;
    std::string text;
    for (const data::Prompt& prompt : made->prompts) text += prompt.text.str() + '\n';
    for (const data::Continuation& one : made->continuations) text += one.text.str() + '\n';
    const auto [it, fresh] = seen.try_emplace(std::move(text), i);
    if (fresh || subject.golds[it->second] == subject.golds[i]) continue;
    ++count;
    if (!first) first = {it->second, i};
  }
  if (count == 0 || subject.golds[first->second].empty()) return;
  const auto answer = [&](size_t i) {
    return subject.golds[i].empty() ? std::string() : in_quotes(subject.golds[i].front(), 60);
  };
  found.add(count * 10 > subject.rows.size() ? Severity::error : Severity::warning, "contradicting-rows",
            fmt::format("{} of {} rows are asked with the prompt of an earlier row, and have another answer", count,
                        subject.rows.size()),
            "the template leaves out what sets these rows apart, or the data contradict themselves; correct it, or leave rows "
            "out with --exclude",
            subject.rows[first->second].index,
            fmt::format("its answer is {}; that of row {} is {}", answer(first->second), subject.rows[first->first].index,
                        answer(first->first)));
}

// Options that no reply can tell apart.
void check_options(Subject& subject, Found& found) {
  const auto trimmed = [](const std::string& text) {
    const size_t begin = text.find_first_not_of(" \t\r\n"), end = text.find_last_not_of(" \t\r\n");
    return begin == text.npos ? std::string() : text.substr(begin, end - begin + 1);
  };
  uint64_t rows = 0, with_gold = 0;
  std::optional<std::pair<size_t, std::string>> first;
  for (size_t i = 0; i < subject.rows.size(); ++i) {
    // a card of choices has the options' texts in this form, however it is asked
    const auto made = subject.prompts(subject.rows[i].record_json, {}, data::Form::cloze);
    if (!made || made->continuations.size() < 2) return;
    std::map<std::string, std::string> labels;
    std::optional<std::pair<std::string, std::string>> twins;
    for (const data::Continuation& one : made->continuations) {
      const std::string text = trimmed(one.text.str());
      const auto [it, fresh] = labels.emplace(text, one.label);
      if (!fresh && !twins) twins = {it->second, one.label};
    }
    if (!twins) continue;
    ++rows;
    const auto& golds = subject.golds[i];
    with_gold += std::any_of(golds.begin(), golds.end(),
                             [&](const std::string& gold) { return gold == twins->first || gold == twins->second; });
    if (!first) first = {i, fmt::format("the options {} and {} are equal", twins->first, twins->second)};
  }
  if (rows == 0) return;
  found.add(rows * 10 > subject.rows.size() ? Severity::error : Severity::warning, "equal-options",
            fmt::format("{} of {} rows have options that are equal; in {} of them the answer is one of these", rows,
                        subject.rows.size(), with_gold),
            "correct these rows or leave them out with --exclude; of many, look at the columns that the template names",
            subject.rows[first->first].index, first->second);
}

// A question that is evaluated and stands among the examples with its answer.
void check_examples(Subject& subject, Found& found) {
  if (subject.shots.empty()) return;
  const bool one_split = subject.dataset.train_split == subject.dataset.test_split;
  struct Example {
    std::string record;
    uint64_t row = 0;
  };
  std::unordered_map<std::string, Example> examples;
  const auto add = [&](const std::string& record, uint64_t row) {
    if (const std::string text = question_of(subject, record); !text.empty()) examples.emplace(text, Example{record, row});
  };
  if (subject.same_shots) {
    for (size_t i = 0; i < subject.shots.size(); ++i) add(subject.shots[i], subject.shot_rows[i]);
  } else if (!one_split && subject.data.corpus) {
    const auto all = subject.data.corpus->all();
    for (uint64_t i = 0; all && i < all->size(); ++i) add((*all)[i], i);
  }
  uint64_t count = 0, own_count = 0;
  std::optional<std::pair<size_t, uint64_t>> first, first_own;
  for (size_t i = 0; i < subject.rows.size(); ++i) {
    const auto it = examples.find(question_of(subject, subject.rows[i].record_json));
    if (it == examples.end()) continue;
    // outside the compat modes a row is never its own example
    const bool own = it->second.record == subject.rows[i].record_json || (one_split && it->second.row == subject.rows[i].index);
    if (own && subject.same_shots && !config::is_opencompass(subject.run.compat)) {
      if (own_count++ == 0) first_own = {i, it->second.row};
      continue;
    }
    ++count;
    if (!first) first = {i, it->second.row};
  }
  const auto place = [&](uint64_t row) { return fmt::format("it is row {} of the split '{}'", row, subject.dataset.train_split); };
  const std::string remedy = "take examples from another split (reader.train_split), or leave these rows out with --exclude";
  if (own_count > 0)
    found.add(Severity::warning, "question-among-examples",
              fmt::format("{} of {} rows are examples, too; each of them is shown the other examples alone", own_count,
                          subject.rows.size()),
              remedy, subject.rows[first_own->first].index, place(first_own->second));
  if (count == 0) return;
  const bool many = count * 20 > subject.rows.size();
  found.add(many || subject.same_shots ? (many ? Severity::error : Severity::warning) : Severity::note,
            "question-among-examples",
            subject.same_shots ? fmt::format("{} of {} rows are asked with their own question and answer among the examples",
                                             count, subject.rows.size())
                               : fmt::format("{} of {} questions are in the split '{}' too, from which examples are taken",
                                             count, subject.rows.size(), subject.dataset.train_split),
            remedy, subject.rows[first->first].index, place(first->second));
}

}  // namespace

void check_rows(Subject& subject, Found& found) {
  if (subject.rows.empty()) return;
  check_contradictions(subject, found);
  check_options(subject, found);
  check_examples(subject, found);
}

}  // namespace sextant::check
