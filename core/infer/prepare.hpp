// One task's samples, ready to be sent: rendered, cut to the context, keyed. Pure but for the tokenizer and template it is
// given.
#pragma once
#include <string>
#include <vector>
#include "../plan/data.hpp"
#include "../store/journal.hpp"
#include "model_session.hpp"

namespace sextant::infer {

struct Prepared {
  store::Sample sample;          // all that is known before the model answers
  data::Request request;
};

/// Renders `row` for `session`, dropping examples until it fits; the same code serves the run and `sextant prompt`.
class Preparer {
 public:
  Preparer(ModelSession& session, plugin::Template& renderer, const config::DatasetConfig& dataset, const config::RunConfig& run,
           std::string code_version)
      : session_(session), renderer_(renderer), dataset_(dataset), run_(run), code_version_(std::move(code_version)) {}
  Result<Prepared> prepare(const plan::TaskData& data, const plan::Row& row);

 private:
  Result<render::Prompts> render(const plan::TaskData& data, const plan::Row& row, uint32_t shots);
  ModelSession& session_;
  plugin::Template& renderer_;
  const config::DatasetConfig& dataset_;
  const config::RunConfig& run_;
  std::string code_version_;
};

/// The prompts that an inferencer asks with.
data::Form form_of(const config::Inferencer& inferencer);

/// The template component of a data set, created with what the run adds to its configuration.
Result<plugin::Template> make_template(plugin::Host& host, const config::DatasetConfig& dataset, config::Compat compat);

}  // namespace sextant::infer
