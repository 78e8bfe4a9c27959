// What a run's variants say (--perturb): how far a score depends on what should not matter, and whether a model knows the order
// in which a set's options stand.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>
#include "../config/run_config.hpp"
#include "../report/report.hpp"
#include "../store/run_folder.hpp"
#include "answers.hpp"

namespace sextant::compare {

/// One question's whole texts in each order of its options, ln p of the labels' texts added up; the first is the set's own
/// order.
struct Ordered {
  std::vector<double> logprob;
  std::vector<std::string> options;  // their texts
};
/// In how many questions the own order is more probable than each other one. Questions whose options have an order of their
/// own (numbers, "all of the above") are left out, whichever order they stand in, so that all orders of the others are equally
/// likely where a model has not seen the set, if the set's authors put them in random order. Pure.
report::OwnOrder own_order_of(const std::vector<Ordered>& questions);

/// One entry for each model, set and kind of variants that has scores; fills table.robustness. `judged_by`: who judges a set.
/// Where samples cannot be read, the entry says why.
void measure_robustness(report::Table& table, const store::RunFolder& folder, const config::RunConfig& run,
                        const std::function<JudgedBy(const std::string& dataset)>& judged_by);

}  // namespace sextant::compare
