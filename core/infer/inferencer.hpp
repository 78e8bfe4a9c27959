// An inferencer decides which requests an attempt needs. It is a pure function of the sample and of the responses so far: no
// I/O, no thread, no clock, no state. So a killed run replays its attempts from the journal's responses, and a conversation
// goes on at the turn where it stopped. One file per inferencer; table.cpp lists them. Threads: [any].
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>
#include "../data/attempt.hpp"
#include "../data/request.hpp"
#include "../data/response.hpp"
#include "../data/sample.hpp"

namespace sextant::infer {

/// What the run and the model say of every request.
struct Settings {
  data::Sampling sampling;          // lengths, temperature, seed, stops: resolved from the model and the card
  uint32_t context_length = 0;      // tokens; 0: not known
  bool cut_anywhere = false;        // the compat modes of OpenCompass cut whatever is on the left
};

struct Question {
  const data::Sample& sample;
  const data::Prompts& prompts;
  const Settings& settings;
};

/// What was asked together, and the answers in the same order. All of them came without an error.
struct Round {
  std::vector<data::Request> asked;
  std::vector<data::Response> answers;
};

/// What the attempt comes to.
struct Outcome {
  std::string prediction, thinking;
  std::vector<data::LabelScore> labels;
  std::vector<data::Turn> turns;    // of conversations
  std::string extra_json;           // further values by name (an object), or empty
  std::string finish;
  std::vector<float> embedding;     // of what only embeds
};

/// Either further requests or the outcome. Keys, turns and streams of requests are filled in by the caller.
struct Step {
  std::vector<data::Request> ask;
  std::optional<Outcome> done;
};

class Inferencer {
 public:
  virtual ~Inferencer() = default;
  virtual data::Form form() const = 0;
  /// What is asked first is all that is ever asked: a plan is exact.
  virtual bool one_round() const { return true; }
  /// The first call has no rounds. An Error fails the attempt.
  virtual Result<Step> step(const Question& question, std::span<const Round> so_far) const = 0;
};

/// A row of the table: what `sextant list` and messages show, and how one is made.
struct InferencerType {
  std::string_view id, summary;
  std::string_view schema;          // of its configuration: JSON Schema draft 4
  Result<std::unique_ptr<Inferencer>> (*make)(const json::Value& config);
};
std::span<const InferencerType> inferencer_types();

/// The built-in inferencer of that id, its configuration checked; an unknown id is an Error that names the nearest. `origin`
/// names the card.
Result<std::unique_ptr<Inferencer>> make_inferencer(std::string_view id, std::string_view config_json, std::string_view origin);

}  // namespace sextant::infer
