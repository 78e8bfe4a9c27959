#include "dataset_feed.hpp"
#include "../base/log.hpp"

namespace sextant::serve {

uint32_t max_out_len(const config::Inferencer& inferencer, const config::ModelConfig& model) {
  return inferencer.max_out_len ? inferencer.max_out_len : model.max_out_len;
}

Result<void> DatasetFeed::open() {
  SXT_TRY(data_, load::load_data(host_, dataset_, run_));
  for (const std::string& finding : data_.findings) log_warning(finding);
  SXT_TRY(renderer_, Renderer::make(host_, session_,
                                    {dataset_.template_, dataset_.card_path, dataset_.output_column, dataset_.cluster_column,
                                     dataset_.retriever.shows_examples(), form_, run_.compat, max_out_len(dataset_.inferencer, session_.config())}));
  return {};
}

std::optional<Feed::Item> DatasetFeed::next() {
  if (next_ >= data_.rows.size()) return std::nullopt;
  load::Row row = std::move(data_.rows[next_++]);  // the sample has it from here on
  return item_of(row);
}

std::optional<Feed::Item> DatasetFeed::only(uint64_t row) {
  for (const load::Row& candidate : data_.rows)
    if (candidate.index == row) return item_of(candidate);
  return std::nullopt;
}

Feed::Item DatasetFeed::item_of(const load::Row& row) {
  return {row.index, renderer_->prepare({dataset_.task_name, row.index, 0}, row.record_json, data_.shots)};
}

}  // namespace sextant::serve
