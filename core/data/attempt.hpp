// All turns of one repeat of one sample, ending in a prediction: what an inferencer makes of its responses. Plain data.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include "response.hpp"
#include "sample.hpp"

namespace sextant::data {

struct LabelScore {
  std::string label;
  Text input;                     // the text that was scored
  double logprob = 0;             // ppl: sum over tokens 2..N of the whole item; else: of the continuation
  uint32_t tokens = 0;            // ppl: N; else: the continuation's
  double value = 0;               // what labels are ranked by: ppl -logprob / N (least wins), else logprob (most wins)
  Bytes examples = {};            // of `input`, as Prompt::examples
};

struct Turn {
  std::vector<Message> messages;  // what this turn added before the reply
  std::string reply;
};

struct Attempt {
  SampleId id;
  std::string record_json, target_json, cluster;
  std::vector<Prompt> prompts;    // as sent in the first round
  std::vector<Turn> turns;        // of conversations; empty where one round was all
  std::string prediction;         // gen: the text; ppl, loglikelihood, clp: the winning label
  std::string thinking;
  std::vector<LabelScore> labels;
  std::string extra_json;  // further values by name, an object or empty: the choices by per-token sums, votes, byte counts...
  std::string finish;             // gen: "eos", "stop", "length"
  std::optional<Margin> margin;   // of all replies that it asked for, where each was greedy and said its own
  std::vector<float> embedding;   // of what only embeds
  std::vector<uint64_t> shots;    // rows of the train split that were its examples
  Usage usage;
  uint32_t dropped_shots = 0;
};

}  // namespace sextant::data
