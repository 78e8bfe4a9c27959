// Which rows a run keeps: --rows and --exclude. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>
#include "run_config.hpp"

namespace sextant::config {

/// "3,17,40-60": numbers and ranges, both ends included. `origin` names it in errors: "--rows".
Result<std::vector<RowRange>> rows_from_text(std::string_view text, const std::string& origin);
std::string rows_to_text(const std::vector<RowRange>& rows);

/// A list of {"dataset"?, "index"}, as configs/run.json holds it.
Result<std::vector<Exclusion>> exclusions_from_json(const json::Value& list, const std::string& origin);
/// --exclude FILE: a line each. {"dataset", "index"} as samples files have them (their other members are passed over), or a
/// row's number alone, which holds for every data set; empty lines and lines that begin with # do not count.
Result<std::vector<Exclusion>> exclusions_from_lines(std::string_view text, const std::string& origin);
/// The same with the member "reason" of each line; empty where it has none.
struct ReasonedExclusion {
  Exclusion row;
  std::string reason;
};
Result<std::vector<ReasonedExclusion>> reasoned_exclusions_from_lines(std::string_view text, const std::string& origin);

}  // namespace sextant::config
