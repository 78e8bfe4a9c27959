// What several inferencers ask, made from a question: the request, and its answer checked. Pure. Threads: [any].
#pragma once
#include "inferencer.hpp"

namespace sextant::infer {

/// The first prompt, or an Error where the template gave none.
Result<const data::Prompt*> first_prompt(const Question& question);

/// The trailing bytes of the prompts that must not be cut: what stands before the final question may go, the question may not. The
/// compat modes of OpenCompass cut whatever is on the left. Never 0, which would forbid cutting at all.
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

/// The configuration as its schema left it: every key with a default is there.
Error bad_config(std::string_view inferencer, std::string_view what);

}  // namespace sextant::infer
