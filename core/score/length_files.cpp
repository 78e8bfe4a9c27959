#include "length_files.hpp"
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <fmt/format.h>
#include <sextant/csv.hpp>
#include "../stats/length_controlled.hpp"
#include "arena.hpp"
#include "intervals.hpp"

namespace sextant::score {
namespace {

constexpr uint64_t replicates = 200;

// As it is named, else beside the card or in the set's data.
std::filesystem::path place_of(const config::DatasetConfig& dataset, const std::string& given) {
  std::error_code code;
  if (std::filesystem::exists(given, code)) return given;
  for (const std::filesystem::path& folder : {std::filesystem::path(dataset.card_path).parent_path(),
                                              std::filesystem::path(dataset.path)})
    if (!folder.empty() && std::filesystem::exists(folder / given, code)) return folder / given;
  return given;
}

Result<csv::Table> table_of(const config::DatasetConfig& dataset, const std::string& file) {
  const std::filesystem::path path = place_of(dataset, file);
  std::error_code code;
  if (!std::filesystem::is_regular_file(path, code))
    return Error{Error::Kind::missing,
                 fmt::format("{} does not exist, which eval.judge.length_controlled of {} names; fetch it (the data set "
                             "tatsu-lab/alpaca_eval has it), or leave the key out",
                             path.string(), dataset.card_path)};
  return csv::read(path);
}

Result<double> number(const csv::Table& table, const csv::Row& row, size_t column) {
  const std::string& text = row.cells[column];
  if (text == "True" || text == "true") return 1;
  if (text == "False" || text == "false") return 0;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return Error{Error::Kind::data, fmt::format("{}'{}' in the column '{}' is not a number",
                                                csv::place(table.origin, row.line), text, table.header[column])};
  return value;
}

Result<size_t> column(const csv::Table& table, const char* name) {
  const size_t at = table.find(name);
  if (at < table.header.size()) return at;
  return Error{Error::Kind::data, fmt::format("{} has no column '{}'; it should be AlpacaEval 2's file", table.origin, name)};
}

// Difficulty by row: two columns, of which the first has no name in AlpacaEval's file.
Result<std::map<uint64_t, double>> difficulties(const config::DatasetConfig& dataset) {
  SXT_TRY(const csv::Table table, table_of(dataset, dataset.judge->difficulty));
  SXT_TRY(const size_t value, column(table, "instruction_difficulty"));
  const size_t index = value == 0 ? 1 : 0;
  if (table.header.size() <= index)
    return Error{Error::Kind::data, fmt::format("{} has no column of row numbers; it should be AlpacaEval 2's file", table.origin)};
  std::map<uint64_t, double> out;
  for (const csv::Row& row : table.rows) {
    SXT_TRY(const double place, number(table, row, index));
    SXT_TRY(const double difficulty, number(table, row, value));
    if (place >= 0) out.emplace(static_cast<uint64_t>(place), difficulty);
  }
  return out;
}

Result<std::vector<stats::LengthRow>> gamed_rows(const config::DatasetConfig& dataset) {
  SXT_TRY(const csv::Table table, table_of(dataset, dataset.judge->gamed));
  SXT_TRY(const size_t preference, column(table, "preference"));
  SXT_TRY(const size_t length, column(table, "std_delta_len"));
  SXT_TRY(const size_t difficulty, column(table, "instruction_difficulty"));
  SXT_TRY(const size_t own, column(table, "not_gamed_baseline"));
  std::vector<stats::LengthRow> out;
  for (const csv::Row& row : table.rows) {
    if (row.cells[preference].empty()) continue;     // no verdict could be read
    stats::LengthRow& one = out.emplace_back();
    SXT_TRY(one.preference, number(table, row, preference));
    SXT_TRY(one.length, number(table, row, length));
    SXT_TRY(one.difficulty, number(table, row, difficulty));
    SXT_TRY(const double not_gamed, number(table, row, own));
    if (not_gamed != 0)
      return Error{Error::Kind::data, fmt::format("{}not_gamed_baseline is true; the file has the rows of gamed baselines alone",
                                                  csv::place(table.origin, row.line))};
    one.own = false;
  }
  return out;
}

}  // namespace

Result<void> check_length_files(const config::RunConfig& run, const config::DatasetConfig& dataset) {
  if (dataset.judge->gamed.empty()) return {};
  if (run.models.size() > 2 && dataset.judge->base.empty())
    return Error{
        Error::Kind::config,
        fmt::format("{}: eval.judge.length_controlled is of one model beside another, and the run has {}; name the base in "
                    "eval.judge.pairs.base, or leave the key out",
                    dataset.card_path, run.models.size())};
  SXT_TRY(const auto difficulty, difficulties(dataset));
  SXT_TRY(const auto gamed, gamed_rows(dataset));
  if (difficulty.empty() || gamed.empty())
    return Error{Error::Kind::data, fmt::format("{} has no rows; it should be AlpacaEval 2's file",
                                                difficulty.empty() ? dataset.judge->difficulty : dataset.judge->gamed)};
  return {};
}

Result<data::Estimate> length_controlled_win_rate(const config::DatasetConfig& dataset, const std::vector<LengthSample>& samples) {
  SXT_TRY(const auto difficulty, difficulties(dataset));
  SXT_TRY(const std::vector<stats::LengthRow> gamed, gamed_rows(dataset));
  double mean = 0, squares = 0;
  const double n = static_cast<double>(samples.size());
  for (const LengthSample& one : samples) mean += (one.base_length - one.model_length) / n;
  for (const LengthSample& one : samples) squares += std::pow(one.base_length - one.model_length - mean, 2);
  const double deviation = samples.size() > 1 ? std::sqrt(squares / (n - 1)) : 0;
  std::vector<stats::LengthRow> rows;
  Clusters clusters;
  for (const LengthSample& one : samples) {
    if (std::isnan(one.preference)) continue;
    const auto known = difficulty.find(one.row);
    if (known == difficulty.end())
      return Error{Error::Kind::data, fmt::format("{} has no difficulty of row {}; eval.judge.length_controlled is for AlpacaEval "
                                                  "2's 805 instructions in their order",
                                                  dataset.judge->difficulty, one.row)};
    rows.push_back({one.preference, deviation > 0 ? (one.base_length - one.model_length) / deviation : 0, known->second, true});
    clusters.push_back(one.cluster);
  }
  if (rows.empty()) return Error{Error::Kind::data, "no verdict can be read, so that there is no length-controlled win rate"};
  const auto with_gamed = [&](std::vector<stats::LengthRow> own) {
    own.insert(own.end(), gamed.begin(), gamed.end());
    return own;
  };
  const stats::LengthControlled found = stats::length_controlled(with_gamed(rows));
  const stats::Statistics again = [&](std::span<const uint32_t> drawn) -> std::vector<double> {
    std::vector<stats::LengthRow> own;
    for (const uint32_t row : drawn) own.push_back(rows[row]);
    return {stats::length_controlled_rate(with_gamed(std::move(own)), found.penalty)};
  };
  const auto drawn = intervals_of(rows.size(), clusters, replicates, "length of " + dataset.task_name, again);
  stats::Interval interval = drawn.empty() ? stats::Interval{} : drawn.front();
  interval.value = found.win_rate;
  interval = stats::scaled(interval, 100);
  data::Estimate out;
  out.metric = "length_controlled_win_rate";
  out.value = interval.value;
  set_interval(out, interval);
  return out;
}

}  // namespace sextant::score
