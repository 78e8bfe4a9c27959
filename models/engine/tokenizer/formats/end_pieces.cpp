#include "end_pieces.hpp"
#include <algorithm>

namespace sextant::engine {
namespace {

constexpr std::string_view end_pieces[] = {
    "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|endoftext|>", "<|end|>", "<end_of_turn>", "<|return|>",
    "<|END_OF_TURN_TOKEN|>", "<|end_of_turn|>", "</s>", "<EOT>",
};

}  // namespace

void add_end_pieces(VocabularyTables& tables) {
  for (const AddedToken& token : tables.added)
    if (std::find(std::begin(end_pieces), std::end(end_pieces), token.content) != std::end(end_pieces))
      tables.end_of_generation.push_back(token.id);
}

}  // namespace sextant::engine
