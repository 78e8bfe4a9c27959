// A prompt's turns, and those of a column, as exchanges: what is said, and the reply that the data give. Pure. Threads: [any].
#pragma once
#include "inferencer.hpp"

namespace sextant::infer {

/// What is said before one reply, and the data's own reply.
struct Exchange {
  std::vector<data::Message> said;   // of the first exchange: what follows the prompt
  std::optional<std::string> given;
};

struct Script {
  size_t prompt_messages = 0;        // the prompt's first turns, which come before the first exchange
  std::vector<Exchange> exchanges;   // at least one
};

/// Turns out of a column: texts, which are the user's, or {"role", "content"}. The first `in_prompt` of them the prompt already
/// shows.
struct TurnColumn {
  std::string name;                  // empty: none
  size_t in_prompt = 1;
};

/// `split_prompt`: the model's turns inside the prompt are replies to be asked for; otherwise only the one at its end is.
Result<Script> read_script(const Question& question, const data::Prompt& prompt, const TurnColumn& column, bool split_prompt);

}  // namespace sextant::infer
