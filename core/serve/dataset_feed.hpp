// The samples of a data set: its rows, each with its examples, rendered for one model.
#pragma once
#include <optional>
#include "../config/run_config.hpp"
#include "../load/data.hpp"
#include "renderer.hpp"

namespace sextant::serve {

class DatasetFeed : public Feed {
 public:
  /// Borrows all but `form`: the prompts that the inferencer asks with.
  DatasetFeed(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset, const config::RunConfig& run, data::Form form)
      : host_(host), session_(session), dataset_(dataset), run_(run), form_(form) {}
  Result<void> open() override;
  std::optional<Item> next() override;
  /// The sample of that row; nothing where it is not among those that are evaluated.
  std::optional<Item> only(uint64_t row);
  /// Samples, after open().
  size_t size() const { return data_.rows.size(); }

 private:
  Item item_of(const load::Row& row);
  plugin::Host& host_;
  ModelSession& session_;
  const config::DatasetConfig& dataset_;
  const config::RunConfig& run_;
  const data::Form form_;
  load::TaskData data_;
  std::optional<Renderer> renderer_;
  size_t next_ = 0;
};

/// The reply's greatest length: the card's, else the model's.
uint32_t max_out_len(const config::Inferencer& inferencer, const config::ModelConfig& model);

}  // namespace sextant::serve
