#include "dataset_feed.hpp"
#include "../base/log.hpp"

namespace sextant::serve {

uint32_t max_out_len(const config::Inferencer& inferencer, const config::ModelConfig& model) {
  return inferencer.max_out_len ? inferencer.max_out_len : model.max_out_len;
}

Renderer::Options renderer_options(const config::DatasetConfig& dataset, const config::RunConfig& run, data::Form form, uint32_t max_out_len) {
  return {dataset.template_, dataset.card_path, dataset.output_column, dataset.cluster_column, dataset.retriever.shows_examples(), form, run.compat, max_out_len};
}

Result<void> DatasetFeed::open() {
  SXT_TRY(load::TaskData data, load::load_data(host_, dataset_, run_));
  for (const std::string& finding : data.findings) log_warning_once(finding);
  return open(std::move(data));
}

Result<void> DatasetFeed::open(load::TaskData data) {
  data_ = std::move(data);
  SXT_TRY(examples_, Examples::open(host_, dataset_, data_, run_, retrieved_));
  SXT_TRY(renderer_, Renderer::make(host_, session_, renderer_options(dataset_, run_, form_, max_out_len(dataset_.inferencer, session_.config()))));
  return {};
}

std::optional<Feed::Item> DatasetFeed::next() {
  if (next_ >= data_.rows.size()) return std::nullopt;
  const load::Row row = std::move(data_.rows[next_]);  // the sample has it from here on
  return item_of(row, next_++);
}

std::optional<Feed::Item> DatasetFeed::only(uint64_t row) {
  for (size_t i = 0; i < data_.rows.size(); ++i)
    if (data_.rows[i].index == row) return item_of(data_.rows[i], i);
  return std::nullopt;
}

Feed::Item DatasetFeed::item_of(const load::Row& row, uint64_t position) { return {row.index, prepare(row, position)}; }

Result<Prepared> DatasetFeed::prepare(const load::Row& row, uint64_t position) {
  // a limit leaves the rows' places as they are; only test_range moves them
  SXT_TRY(Chosen chosen, examples_->choose(row, dataset_.test_range.empty() ? row.index : position));
  SXT_TRY(Prepared prepared, renderer_->prepare({dataset_.task_name, row.index, 0}, row.record_json, chosen.records));
  chosen.rows.resize(chosen.rows.size() - std::min<size_t>(chosen.rows.size(), prepared.dropped_shots));
  prepared.sample.shots = std::move(chosen.rows);
  prepared.own_example = chosen.own_example;
  return prepared;
}

}  // namespace sextant::serve
