// Length control by examples: a prompt that is too long loses examples from the end. (What is still too long without any is
// cut from the left by the model backend; see abi.h, sxt_request.) Pure: rendering and counting come in as functions.
#pragma once
#include "render.hpp"

namespace sextant::render {

/// How many tokens a prompt may have. Default: the context less the reply; the compat modes of OpenCompass leave
/// no room for the reply. `max_seq_len` is the model's own where the user gave none; 0 (unknown) gives 0, no limit.
uint32_t token_limit(Form form, config::Compat compat, uint32_t max_seq_len, uint32_t max_out_len);

struct Fitted {
  Prompts prompts;
  uint32_t dropped_shots = 0;          // of the prompt that lost the most
};
/// The item's prompts with its first `shots` examples.
using RenderWith = std::function<Result<Prompts>(uint32_t shots)>;
/// The number of tokens of each text, special tokens included.
using CountTokens = std::function<Result<std::vector<uint32_t>>(const std::vector<std::string>& texts)>;

/// The prompts with as many of the `shots` examples as fit into `limit_tokens` (0: no limit). All prompts of an item keep the
/// same number; the longest decides. In OpenCompass' modes each label drops on its own, and later labels start from what the
/// earlier ones left. Costs one rendering and, unless the texts are shorter in bytes than the limit, one count.
Result<Fitted> fit(uint32_t shots, uint32_t limit_tokens, config::Compat compat, const RenderWith& render,
                   const CountTokens& count);

}  // namespace sextant::render
