// An inferencer plugin as the core calls it: JSON in, JSON out, in the forms of sextant/abi/inferencer.h.
// infer/plugin_inferencer.hpp makes an infer::Inferencer of it. Threads: [owner].
#pragma once
#include <string>
#include <sextant/json.hpp>
#include "../data/sample.hpp"
#include "object.hpp"

namespace sextant::plugin {

struct InferencerFacts {
  data::Form form = data::Form::open;
  bool one_round = false;
};
struct QuestionJson {
  std::string sample, prompts, settings, rounds;
};

class InferencerPlugin {
 public:
  InferencerPlugin(Object object, const sxt_inferencer_v1* table, InferencerFacts facts)
      : object_(std::move(object)), table_(table), facts_(facts) {}
  const std::string& name() const { return object_.name(); }
  const InferencerFacts& facts() const { return facts_; }
  /// {"ask": [...]} or {"done": {...}}
  Result<json::Document> step(const QuestionJson& question);

 private:
  Object object_;
  const sxt_inferencer_v1* table_;
  InferencerFacts facts_;
};

}  // namespace sextant::plugin
