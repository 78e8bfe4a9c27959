// The samples of a data set: its rows, each with its examples, rendered for one model.
#pragma once
#include <optional>
#include "../config/run_config.hpp"
#include "../load/data.hpp"
#include "examples.hpp"
#include "renderer.hpp"

namespace sextant::serve {

class DatasetFeed : public Feed {
 public:
  /// Borrows all but `form`: the prompts that the inferencer asks with. `retrieved`: what stages have computed for the
  /// retriever, or null. `given`: the rows, where they have been read and checked already; else open() does.
  DatasetFeed(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset, const config::RunConfig& run,
              data::Form form, const Retrieved* retrieved = nullptr, std::optional<load::TaskData> given = {})
      : host_(host), session_(session), dataset_(dataset), run_(run), form_(form), retrieved_(retrieved), given_(std::move(given)) {}
  Result<void> open() override;
  /// The same with data that have been read, or some of their rows.
  Result<void> open(load::TaskData data);
  std::optional<Item> next() override;
  /// The sample of that row; nothing where it is not among those that are evaluated.
  std::optional<Item> only(uint64_t row);
  /// Samples, after open().
  size_t size() const { return data_.rows.size(); }

 private:
  Item item_at(uint64_t position);
  Result<Prepared> prepare(const load::Row& row, uint64_t position);
  plugin::Host& host_;
  ModelSession& session_;
  const config::DatasetConfig& dataset_;
  const config::RunConfig& run_;
  const data::Form form_;
  const Retrieved* retrieved_;
  std::optional<load::TaskData> given_;
  load::TaskData data_;
  std::optional<Examples> examples_;
  std::optional<Renderer> renderer_;
  size_t next_ = 0;
};

/// The reply's greatest length: the card's, else the model's.
uint32_t max_out_len(const config::Inferencer& inferencer, const config::ModelConfig& model);

/// How a data set's rows become prompts of a form.
Renderer::Options renderer_options(const config::DatasetConfig& dataset, const config::RunConfig& run, data::Form form,
                                   uint32_t max_out_len);

}  // namespace sextant::serve
