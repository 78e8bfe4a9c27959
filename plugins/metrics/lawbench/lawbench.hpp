// How LawBench's tasks are scored whose answers are sets of labels, fields, spans, articles of a law and prison terms. Pure; [any]
// thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sextant::metric::lawbench {

/// F1 of two sets; 0 where either is empty.
double f1_of_sets(const std::vector<std::string>& given, const std::vector<std::string>& wanted);

/// The labels that stand in the text. Longer ones first: "theft" inside of "theft of relics" is no label of its own. `opencompass`:
/// each that is found anywhere.
std::vector<std::string> labels_in(std::string_view text, const std::vector<std::string>& labels, bool opencompass);

/// F1 of letters and digits, without case and other signs, as CAIL's reading comprehension counts them.
double f1_of_letters(std::string_view given, std::string_view wanted);

/// Fields that stand as "name:value;name:value" in the reference and as "name:value" in the text, their values compared by
/// f1_of_letters. `abstained`: the text has none.
double fields_score(std::string_view text, std::string_view reference, const std::vector<std::string>& names);

/// Items with semicolons between, the first with the first, and so on.
double items_score(std::string_view text, std::string_view reference);

/// A number in Chinese or Arabic digits at that place: its value and how many bytes it takes.
struct Number {
  uint64_t value = 0;
  size_t size = 0;
};
std::optional<Number> number_at(std::string_view text, size_t at);

/// Numbers of articles (第264条, 第二百六十四条, or numbers alone). `opencompass`: of each part between 、 the first number, where
/// what stands from 第 to 款 does not count.
std::vector<std::string> articles_in(std::string_view text, bool opencompass);

/// Months of a prison term: 三年六个月 is 42. `opencompass`: the first number before 个月 or 月, else the first before 年 as years.
std::optional<uint64_t> months_in(std::string_view text, bool opencompass);
/// 1 where the months are right, less with the distance of their logarithms; 0 where there are none.
double term_score(std::optional<uint64_t> months, uint64_t wanted);

}  // namespace sextant::metric::lawbench
