// Which tokens end a generation, where files do not say all of them. Pure; [any] thread.
#pragma once
#include "../pipeline_tokenizer.hpp"

namespace sextant::engine {

/// Adds to end_of_generation what ends a turn in the chat formats of known models; a file often names only one of them as its
/// EOS.
void add_end_pieces(VocabularyTables& tables);

}  // namespace sextant::engine
