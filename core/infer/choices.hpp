// Labels with their log-probabilities, and the choices that follow from them. Pure. Threads: [any].
#pragma once
#include "inferencer.hpp"

namespace sextant::infer {

/// A label without a finite value is an Error: the backend's numbers make no sense.
Result<void> check_finite(const std::vector<data::LabelScore>& labels);

/// The index of the label with the greatest (or least) number; the first of equal ones.
size_t greatest(std::span<const double> values);
size_t least(std::span<const double> values);

/// What an option's length is counted on. lm-eval counts its choice without the delimiter before it: acc_norm in code points,
/// acc_bytes in UTF-8 bytes. `delimiter` nothing: white space at the front of the continuation is not counted.
std::string_view counted_text(std::string_view continuation, const std::optional<std::string>& delimiter);

/// What an option's sum is divided by; nothing: the option is not chosen by that.
struct Lengths {
  size_t bytes = 0, characters = 0;
  std::optional<size_t> tokens = {};
};

/// The scores of continuations as an outcome: labels by sum, the prediction the label of the greatest sum, and in extra_json
///   "choices" {"sum", "token", "byte", "char", "mutual"}: the label chosen by the sum, by its mean per token, byte and code
///   point, and
///             by the sum less `alone`'s, the option's without the prompt (null: there is none)
///   "greedy"  {LABEL: true where every token was the model's first choice}
Result<Outcome> choose(const std::vector<data::Continuation>& continuations, const std::vector<data::ContinuationScore>& scores,
                       std::span<const Lengths> lengths, const std::vector<data::ContinuationScore>* alone);
/// By sum, token, byte and character; `delimiter` as of counted_text().
Result<Outcome> choose(const std::vector<data::Continuation>& continuations, const std::vector<data::ContinuationScore>& scores,
                       const std::optional<std::string>& delimiter);

/// The inferencers that choose among continuations: loglikelihood and cloze differ in their prompts only.
Result<std::unique_ptr<Inferencer>> make_chooser(std::string_view id, data::Form form, const json::Value& config);
extern const std::string_view chooser_schema;

}  // namespace sextant::infer
