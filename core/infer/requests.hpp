// What several inferencers ask, made from a question: the request, and its answer checked. Pure. Threads: [any].
#pragma once
#include "inferencer.hpp"

namespace sextant::infer {

/// The first prompt, or an Error where the template gave none.
Result<const data::Prompt*> first_prompt(const Question& question);

/// The trailing bytes of the prompts that must not be cut: what stands before the final question may go, the question may not.
/// The compat modes of OpenCompass cut whatever is on the left. Never 0, which would forbid cutting at all.
uint64_t keep_bytes(const Question& question);

/// The reply to the first prompt.
Result<data::Request> generate_request(const Question& question);
/// ln p of every continuation behind the first prompt.
Result<data::Request> score_request(const Question& question, std::string_view inferencer);
/// ln p of every prompt as a text of its own.
Result<data::Request> whole_request(const Question& question);

/// The answer to a round of one request, with `scores` scores (0: it is not one of scores).
Result<const data::Response*> only_answer(std::span<const Round> so_far, size_t scores = 0);

Step ask(data::Request request);
Step done(Outcome outcome);

/// A backend that broke its word.
Error bad_answer(std::string message);
/// A configuration that its schema cannot tell to be wrong.
Error bad_config(std::string_view inferencer, std::string_view what);

/// For an inferencer without a configuration.
inline constexpr std::string_view no_keys = R"({"type": "object", "properties": {}, "additionalProperties": false})";
template <class T> Result<std::unique_ptr<Inferencer>> make_default(const json::Value&) {
  return std::unique_ptr<Inferencer>(std::make_unique<T>());
}

}  // namespace sextant::infer
