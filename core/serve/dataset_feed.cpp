#include "dataset_feed.hpp"
#include "../base/log.hpp"

namespace sextant::serve {

uint32_t max_out_len(const config::Inferencer& inferencer, const config::ModelConfig& model) {
  return inferencer.max_out_len ? inferencer.max_out_len : model.max_out_len;
}

Renderer::Options renderer_options(const config::DatasetConfig& dataset, const config::RunConfig& run, data::Form form,
                                   uint32_t max_out_len) {
  return {dataset.template_,
          dataset.card_path,
          dataset.output_column,
          dataset.cluster_column,
          dataset.retriever.shows_examples(),
          form,
          run.compat,
          max_out_len};
}

Result<void> DatasetFeed::open() {
  if (given_) return open(*std::exchange(given_, std::nullopt));
  SXT_TRY(load::TaskData data, load::load_data(host_, dataset_, run_));
  for (const std::string& finding : data.findings) log_warning_once(finding);
  return open(std::move(data));
}

Result<void> DatasetFeed::open(load::TaskData data) {
  data_ = std::move(data);
  SXT_TRY(examples_, Examples::open(host_, dataset_, data_, run_, retrieved_));
  SXT_TRY(renderer_,
          Renderer::make(host_, session_,
                         renderer_options(dataset_, run_, form_, max_out_len(dataset_.inferencer, session_.config()))));
  return {};
}

std::optional<Feed::Item> DatasetFeed::next() {
  return next_ < data_.rows.size() ? std::optional(item_at(next_++)) : std::nullopt;
}

std::optional<Feed::Item> DatasetFeed::only(uint64_t row) {
  const auto position = data_.rows.position_of(row);
  return position ? std::optional(item_at(*position)) : std::nullopt;
}

Feed::Item DatasetFeed::item_at(uint64_t position) {
  const auto row = data_.rows.at(position);
  return {data_.rows.index(position), row ? prepare(*row, position) : row.error()};
}

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
