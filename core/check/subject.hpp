// One data set while it is checked: its rows, what its template makes of them without any model, and what its scorer says of
// texts as if a model had replied them. Threads: [owner].
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <span>
#include "../load/data.hpp"
#include "../plugin/components.hpp"
#include "../render/render.hpp"
#include "../score/score.hpp"
#include "finding.hpp"

namespace sextant::check {

/// Where findings go; fills in whose they are.
class Found {
 public:
  Found(std::vector<Finding>& out, std::string dataset, std::string model = {})
      : out_(out), dataset_(std::move(dataset)), model_(std::move(model)) {}
  void add(Severity severity, std::string id, std::string text, std::string remedy, std::optional<uint64_t> row = {},
           std::string sample = {}) {
    out_.push_back({std::move(id), severity, dataset_, model_, std::move(text), row, std::move(sample), std::move(remedy)});
  }

 private:
  std::vector<Finding>& out_;
  std::string dataset_, model_;
};

/// What a scorer said of one text for each row.
struct Judgement {
  std::vector<double> values;  // [row] of the set's first number; NaN: none
  std::vector<char> right;     // [row] as good as can be
  uint64_t right_count = 0;
  double share() const { return values.empty() ? 0 : static_cast<double>(right_count) / static_cast<double>(values.size()); }
};

class Subject {
 public:
  /// Reads at most `rows_max` rows, evenly spread. An Error is what is wrong with the set's data. Borrows the first three.
  static Result<Subject> open(plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset,
                              uint64_t rows_max);

  plugin::Host& host;
  const config::RunConfig& run;
  const config::DatasetConfig& dataset;
  data::Form form = data::Form::open;
  load::TaskData data;
  std::vector<load::Row> rows;                  // those that are looked at
  std::vector<std::vector<std::string>> golds;  // [row] the answers of which any is right
  std::vector<std::string> shots;               // records that may stand as examples, and
  std::vector<uint64_t> shot_rows;              // their rows of the train split
  bool same_shots = false;                      // every row is shown all of them

  /// Prompts as plain text, without examples or with these; another form where the card's template gives it.
  Result<data::Prompts> prompts(const std::string& record_json, std::span<const std::string> examples = {},
                                std::optional<data::Form> other = {}) const;
  /// The answer as an example shows it: "The answer is B." Empty where the template shows no examples of records.
  std::string shown_answer(const std::string& record_json) const;

  /// Whether replies can be scored here: the set has a metric that reads replies, and no program of a model is run for it.
  bool scorable() const { return scorable_; }
  bool whole_list_is_one() const { return whole_list_; }
  /// The scorer on a reply for each record. An Error: it cannot score them.
  Result<Judgement> judge(std::span<const std::string> records, std::span<const std::string> replies) const;
  Result<Judgement> judge(const std::function<std::string(size_t row)>& reply) const;
  /// What is read out of the reply by the first filter.
  std::string read_of(const std::string& record_json, const std::string& reply) const;
  std::vector<std::string> labels(const std::string& record_json) const;

 private:
  Subject(plugin::Host& h, const config::RunConfig& r, const config::DatasetConfig& d) : host(h), run(r), dataset(d) {}
  Result<render::Rendered> rendered(const std::string& record_json, std::span<const std::string> examples, data::Form f) const;
  data::Attempt attempt(const std::string& record_json, uint64_t row, const std::string& reply) const;
  Result<void> open_shots();
  bool scorable_ = false, whole_list_ = false;
  std::vector<score::MetricFacts> facts_;
  mutable std::map<data::Form, plugin::Template> templates_;
};

/// The texts of a target of which any is right.
std::vector<std::string> golds_of(const std::string& record_json, const std::string& column);

/// A text in a message: in one line, its end cut.
std::string in_quotes(const std::string& text, size_t bytes_max = 160);

}  // namespace sextant::check
