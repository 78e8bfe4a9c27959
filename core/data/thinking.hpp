// What a model thought before it answered, in an attempt's prediction. Pure.
#pragma once
#include <sextant/thinking.hpp>
#include "attempt.hpp"

namespace sextant::data {

/// Notes in the attempt's extra values ("thinking_opened") that its prompt ended with an opening tag, where it did: a chat
/// prompt is kept as turns, and whoever reads the prediction later does not see what the chat template opened.
void note_opened_thinking(Attempt& attempt);

/// The prediction, split; a label that won is an answer as it stands.
Thought thought_of(const Attempt& attempt);

}  // namespace sextant::data
