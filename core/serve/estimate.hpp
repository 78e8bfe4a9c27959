// What a stage that reads what models say will cost, before they have said it: its requests are made of stand-ins and counted.
// An estimate; stages whose requests are known are planned by the backend (plan.hpp).
#pragma once
#include <string>
#include "model_session.hpp"
#include "task.hpp"

namespace sextant::serve {

struct Estimate {
  std::string stage;
  uint64_t requests = 0;
  uint64_t prompt_tokens = 0;             // of a judge: with the longest replies that there can be
  uint64_t reply_tokens = 0;              // of prompt_tokens, these replies
  uint64_t generated_tokens = 0;          // at most
  bool one_round = true;                  // false: further requests depend on the answers
};

/// Counts the first requests of all samples. The session needs no weights.
Result<Estimate> estimate(ModelSession& session, TaskSpec spec);

}  // namespace sextant::serve
