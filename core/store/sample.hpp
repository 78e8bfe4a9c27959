// What the journal holds of one finished sample, and what predictions and results are made of. Plain data.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <sextant/json.hpp>
#include "../render/render.hpp"

namespace sextant::store {

struct LabelScore {
  std::string label;
  std::string input;              // the text that was scored
  double logprob = 0;             // ppl: sum over tokens 2..N of the whole item; loglikelihood: of the continuation
  uint32_t tokens = 0;            // ppl: N; loglikelihood: the continuation's
  double value = 0;               // what labels are ranked by: ppl -logprob / N (least wins), loglikelihood logprob (most wins)
};

struct Sample {
  uint64_t index = 0;             // row of the test split
  std::string key;                // the content key, unique in the journal
  std::string record_json;        // the data row
  std::string gold_json;          // the output column's value as JSON
  std::vector<render::Prompt> prompts;   // as sent
  std::string prediction;         // gen: the text; ppl, loglikelihood: the winning label
  std::vector<LabelScore> labels; // ppl, loglikelihood
  uint32_t prompt_tokens = 0, computed_tokens = 0, generated_tokens = 0;
  uint32_t truncated_tokens = 0, dropped_shots = 0;
  std::string finish;             // gen: "eos", "stop", "length"
};

}  // namespace sextant::store
