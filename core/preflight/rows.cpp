#include "rows.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <set>
#include <unordered_map>
#include <sextant/columns.hpp>
#include "../base/text.hpp"
#include "../config/card_parts.hpp"
#include "../score/code_tests.hpp"
#include "../score/own_metrics.hpp"
#include "../score/score.hpp"

namespace sextant::preflight {
namespace {

constexpr size_t shapes_max = 64;         // a set of more shapes than this differs in what no template looks at

// A reply that must be a whole text can be compared in length with it; what a post-processor of the reference makes of it
// cannot.
std::optional<std::string> gold_of(const json::Value& record, const config::DatasetConfig& dataset) {
  if (dataset.output_column.empty() || !dataset.reference_postprocessors.empty() || score::runs_programs(dataset))
    return std::nullopt;
  const json::Value* target = json::find(record, dataset.output_column);
  if (!target || !(target->IsString() || target->IsNumber())) return std::nullopt;
  return columns::as_text(*target);
}

// "A", or "ACD" where several are right.
bool is_letters(const std::string& text) {
  constexpr size_t options_max = 26;
  return !text.empty() && text.size() <= options_max &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; }) &&
         std::adjacent_find(text.begin(), text.end(), std::greater_equal<>()) == text.end();
}

bool lacks_answer(const json::Value& record, const std::string& column) {
  const json::Value* target = json::find(record, column);
  return !target || !score::has_answer(json::write(*target));
}

// What the template fills in of a record: its members' names and types, lists by their length. Rows of one shape fare alike.
std::string shape_of(const json::Value& record) {
  std::string out;
  if (!record.IsObject()) return out;
  for (const auto& member : record.GetObject()) {
    const json::Value& value = member.value;
    out += json::text(member.name);
    out += '\n';
    if (value.IsString()) out += value.GetStringLength() == 0 ? 'e' : 's';
    else if (value.IsNumber()) out += 'n';
    else if (value.IsBool()) out += 'b';
    else if (value.IsArray())
      out += fmt::format("[{}{}", value.Size(),
                         value.Empty()         ? ' '
                         : value[0].IsObject() ? '{'
                         : value[0].IsString() ? 's'
                                               : 'n');
    else if (value.IsObject()) out += "{" + shape_of(value) + "}";
    else out += '0';
  }
  return out;
}

class Reading {
 public:
  /// `compat`: the scorers' mode; nothing: nobody scores.
  Reading(const config::DatasetConfig& dataset, std::optional<config::Compat> compat, uint64_t gold_bytes_min)
      : dataset_(dataset), compat_(compat), gold_bytes_min_(gold_bytes_min) {}

  Result<void> look_at(const load::Row& row, const json::Document& record) {
    rows.bytes += row.record_json.size();
    const auto [earlier, fresh] = seen_.try_emplace(std::hash<std::string>()(row.record_json), row.index);
    if (!fresh) repeated_.emplace_back(row.index, earlier->second);
    if (const json::Value* id = json::find(record, "id"); id && fresh && (id->IsString() || id->IsNumber())) {
      const auto [of, first] = ids_.try_emplace(std::hash<std::string>()(json::write(*id)), row.index);
      if (!first && same_ids_++ == 0)
        same_id_ = fmt::format("row {} and row {} have the id {}", of->second, row.index, shorten(json::write(*id), 40));
    }
    if (!dataset_.output_column.empty() && lacks_answer(record, dataset_.output_column)) ++unanswered_;
    auto gold = gold_of(record, dataset_);
    all_letters_ = all_letters_ && gold && is_letters(*gold);
    if (all_letters_) ++rows.letters[*gold];
    else rows.letters.clear();
    if (gold && gold->size() >= gold_bytes_min_) rows.golds.push_back(*std::move(gold));
    const bool other = shapes_.size() < shapes_max && shapes_.insert(shape_of(record)).second;
    if (row.record_json.size() > longest_bytes_) {
      longest_bytes_ = row.record_json.size();
      longest_ = rows.count;
    }
    if (other) {
      if (compat_) SXT_CHECK(score::check_columns(dataset_, *compat_, row.record_json));
      chosen_.insert(rows.count);
    }
    ++rows.count;
    return {};
  }

  Result<void> choose(load::TaskData data) {
    chosen_.insert({longest_, rows.count - 1});
    for (const uint64_t place : chosen_) {
      SXT_TRY(load::Row row, data.rows.at(place));
      rows.chosen.push_back(std::move(row));
    }
    rows.data = std::move(data);
    return {};
  }
  uint64_t unanswered() const { return unanswered_; }
  /// The row that an example repeats.
  std::optional<uint64_t> row_of(const std::string& record_json) const {
    const auto it = seen_.find(std::hash<std::string>()(record_json));
    return it == seen_.end() ? std::nullopt : std::optional(it->second);
  }
  /// Ids of other rows, unless so many have them that they name something else (a passage, a document).
  void tell_of_ids(Findings& findings) const {
    if (same_ids_ == 0 || same_ids_ * 4 > rows.count) return;
    findings.warn(dataset_.task_name,
                  fmt::format("{}: {}{}, and they are not the same; both count: look whether the file was put together of two",
                              dataset_.task_name, same_id_, same_ids_ > 1 ? fmt::format(" (and {} more)", same_ids_ - 1) : ""));
  }
  void tell(Repeated& repeated) const {
    for (const auto& [row, earlier] : repeated_) repeated.add(dataset_.task_name, row, earlier);
  }

  Rows rows;

 private:
  const config::DatasetConfig& dataset_;
  const std::optional<config::Compat> compat_;
  const uint64_t gold_bytes_min_;
  std::vector<std::pair<uint64_t, uint64_t>> repeated_;  // rows and the ones before that they repeat
  std::unordered_map<size_t, uint64_t> seen_;  // hashes of rows
  std::unordered_map<size_t, uint64_t> ids_;   // hashes of what rows call their id
  uint64_t same_ids_ = 0;
  std::string same_id_;                        // the first
  std::set<std::string> shapes_;
  std::set<uint64_t> chosen_;             // places among the rows
  uint64_t longest_ = 0, longest_bytes_ = 0, unanswered_ = 0;
  bool all_letters_ = true;
};

// A row that stands among its own examples is shown its own answer in the compat modes, and fewer examples in the default one.
void warn_of_own_examples(const config::DatasetConfig& dataset, const load::TaskData& data, const Reading& reading, bool compat,
                          Findings& findings) {
  const std::string what = compat ? "see their own answers" : "are shown the other examples alone";
  std::vector<std::string> own;
  if (dataset.train_split != dataset.test_split) {  // two names of one file, or rows that stand in both
    for (const std::string& shot : data.shots)
      if (const auto row = reading.row_of(shot)) own.push_back(std::to_string(*row));
    if (own.empty()) return;
    return findings.warn(dataset.task_name,
                         fmt::format("{}: examples of the split '{}' repeat rows {} of the split '{}', which {}; take other examples, or "
                                     "leave the rows out with --exclude or test_range",
                                     dataset.task_name, dataset.train_split, first_names(own, 8), dataset.test_split, what));
  }
  for (const uint64_t row : data.shot_rows)
    if (data.rows.position_of(row)) own.push_back(std::to_string(row));
  if (own.empty()) return;
  findings.warn(dataset.task_name,
                fmt::format("{}: the examples are rows {} of the split '{}', which are evaluated, too, and {}; take examples from "
                            "another split (reader.train_split), or leave the rows out with --exclude or test_range",
                            dataset.task_name, first_names(own, 8), dataset.test_split, what));
}

}  // namespace

void Repeated::add(const std::string& set, uint64_t row, uint64_t earlier) {
  if (rows_ == 0) first_ = set, row_ = row, earlier_ = earlier;
  ++rows_;
  if (set != last_) ++sets_, last_ = set;
}

void Repeated::tell(Findings& findings) const {
  if (rows_ == 0) return;
  const std::string first = fmt::format("row {} repeats row {}", row_, earlier_);
  findings.warn(
      "", rows_ == 1 ? fmt::format("{}: {}; both count", first_, first)
          : sets_ == 1
              ? fmt::format("{}: {} rows repeat an earlier one, each of which counts (the first: {})", first_, rows_, first)
              : fmt::format("{} rows of {} data sets repeat an earlier one, each of which counts (the first: {} of {})", rows_,
                            sets_, first, first_));
}

std::optional<Rows> read_rows(plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset,
                              const RowOptions& options, Findings& findings, Repeated& repeated) {
  Reading reading(dataset, options.evaluates ? std::optional(run.compat) : std::nullopt, options.gold_bytes_min);
  const auto unfit = [&](const Error& error) {
    findings.of_dataset(dataset.task_name, error);
    return std::nullopt;
  };
  auto data = load::load_data(host, dataset, run,
                              [&](const load::Row& row, const json::Document& record) -> Result<void> {
                                if (options.cancelled && options.cancelled->load()) return Error{Error::Kind::cancelled, "interrupted"};
                                return reading.look_at(row, record);
                              });
  if (!data) return unfit(data.error());
  for (const std::string& finding : data->findings) findings.warn(dataset.task_name, finding);
  reading.tell(repeated);
  reading.tell_of_ids(findings);
  warn_of_own_examples(dataset, *data, reading, config::is_opencompass(run.compat), findings);
  if (options.evaluates && reading.unanswered() > 0 &&
      (!dataset.metrics.empty() || config::has_own_numbers(dataset.inferencer))) {
    findings.of_dataset(
        dataset.task_name,
        {Error::Kind::data,
         fmt::format("{} of {} rows of the split '{}' of {} have no answer in '{}', so there would be no score; "
                     "use -m infer for the predictions alone, or another split",
                     reading.unanswered(), reading.rows.count, dataset.test_split, dataset.abbr, dataset.output_column)});
    return std::nullopt;
  }
  if (const auto chosen = reading.choose(*std::move(data)); !chosen) return unfit(chosen.error());
  return std::move(reading.rows);
}

}  // namespace sextant::preflight
