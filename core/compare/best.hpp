// Which of several models is the best on a data set, where that is more than chance.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string>
#include "../report/report.hpp"
#include "answers.hpp"

namespace sextant::compare {

/// By the first metric: the model that is better than each other one, at 5 % over all of these comparisons (paired, Holm).
/// Nothing where there is none, or where the models were not asked the same questions. Pure.
std::optional<size_t> best_of(std::span<const Answers> models);

/// Marks the best cell of each data set's first row, where there is one; groups have no samples of their own, and no mark.
/// `judged_by`: who judges a set. Whose samples cannot be read are not marked: the table has its number.
void mark_best(report::Table& table, const store::RunFolder& folder,
               const std::function<JudgedBy(const std::string& dataset)>& judged_by);

/// All that comparing a run's own samples adds to its table: the best, how robust the numbers are, how familiar the texts.
void complete_table(report::Table& table, const store::RunFolder& folder, const config::RunConfig& run,
                    const std::function<JudgedBy(const std::string& dataset)>& judged_by);

}  // namespace sextant::compare
