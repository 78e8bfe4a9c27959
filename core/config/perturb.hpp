// Variants of data sets: the same questions with something changed that should not matter, each a data set of its own behind
// the one that it is made of. A card's "perturb" (--perturb) asks for them; "~variant" among a set's derived columns says what
// is changed in its rows when they are read (load/perturb.cpp).
#pragma once
#include <functional>
#include <string>
#include <vector>
#include "run_config.hpp"

namespace sextant::config {

inline constexpr std::string_view variant_member = "~variant";  // in reader.derive; not a column

struct Perturbation {
  std::string kind;                  // a row of the table in perturb.cpp; empty: the set is no variant
  uint32_t number = 0;               // which of that kind, from 1
  std::vector<std::string> columns;  // texts that are changed
  std::vector<std::string> options;  // option_order: the options' columns, or the one that has a list of them
  std::string answer;                // option_order: the column that names the right one
  std::string order;                 // option_order: "BCDA", what was B comes first
};
/// Of the object that "~variant" is.
Result<Perturbation> perturbation_from_json(const json::Value& value, const std::string& origin);
/// Of a data set; one that is no variant has no kind.
Perturbation perturbation_of(const DatasetConfig& dataset);
bool is_variant(const DatasetConfig& dataset);

/// What a variant's task name has behind that of its set: "~typos-1"; empty: it is no variant.
std::string variant_suffix(const DatasetConfig& dataset);
/// The task name of the set that this one is a variant of, or its own.
std::string_view varied_set(std::string_view task_name);

/// Adds the variants that a card's "perturb" asks for behind each set: KIND, KIND:N, or template:FILE. An Error: there is no
/// such kind, or no such number. `warn` says which sets cannot be changed so.
Result<void> add_variants(const json::Value& perturb, const std::string& origin, std::vector<DatasetConfig>& datasets,
                          const std::function<void(const std::string&)>& warn);
/// An Error: a kind of `wanted` (--perturb; null: none) has no variant in the run, or variants differ in random numbers that
/// nobody draws.
Result<void> check_variants(const RunConfig& run, const json::Value* wanted);

}  // namespace sextant::config
