// What both template components are made of: a form whose texts hold {columns}, and how a row is filled into it.
// "text" and "dialogue" differ only in how they read their configuration; see docs/cards.md for it.
#pragma once
#include <optional>
#include <string>
#include <vector>
#include <sextant/sdk.hpp>

namespace sextant::templates {

/// One turn, or plain text where `role` is empty.
struct Blank {
  std::string role, fallback_role, text;
};
/// The item's own part: one without a label, or (ppl) one per label.
struct Round {
  std::string label;
  std::vector<Blank> turns;
};
struct Continuation {
  std::string label, text;
};

struct Form {
  std::vector<Blank> begin;                    // once, before the question
  size_t examples_at = 0;                      // the examples stand before begin[examples_at]
  bool examples_marked = false;                // by "</E>" in begin
  std::vector<Round> rounds;
  std::optional<std::vector<Blank>> shot;      // absent: an example is its own round
  std::vector<Blank> end;
  std::vector<Continuation> continuations;     // loglikelihood
  bool compat = false;                         // OpenCompass' substitution, and an empty piece where "</E>" holds no examples

  bool has_labels() const { return !rounds.front().label.empty(); }
};

/// Reads the configuration; throws ConfigError naming the key.
Form read_text_form(const json::Value& config);
Form read_dialogue_form(const json::Value& config);

/// The JSON of abi.h's sextant.template/1 for one item; throws PluginError.
std::string fill(const Form& form, const sxt_render_item& item);

}  // namespace sextant::templates
