// How a model's replies are made: what the run says, and where it leaves something open, what the model's own files ask for
// ("generation" of describe(): generation_config.json).
#pragma once
#include <string>
#include <vector>
#include "../config/run_config.hpp"
#include "../data/request.hpp"

namespace sextant::serve {

struct Generating {
  data::Sampling sampling;           // neither seed nor stream
  std::vector<std::string> follows;  // what of the model's files is followed: "repetition_penalty 1.3"
  std::vector<std::string> warnings; // one sentence each: what is asked for and not done
};

/// `own`: the object, or null where the backend tells of none. `context`: tokens of a sequence. `adjusts`: the model follows
/// what changes logits (SXT_MODEL_ADJUSTS). A model's do_sample is never followed: a run is greedy unless it says otherwise.
Generating generating(const config::ModelConfig& model, const json::Value* own, uint32_t context, bool adjusts);

}  // namespace sextant::serve
