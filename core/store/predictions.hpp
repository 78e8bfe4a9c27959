// predictions/<model>/<task>.json: what came of each attempt, in OpenCompass' form with members more, from which a set is scored again
// and its samples file written anew (docs/files.md).
#pragma once
#include <filesystem>
#include <string_view>
#include <vector>
#include "../data/attempt.hpp"

namespace sextant::store {

/// gen: {"0": {"origin_prompt", "prediction", "gold", ...}}; ppl: {"0": {"label: A": {"testing input", "prompt", "PPL", "BPB"}, ...,
/// "origin_prompt", "prediction", "gold", ...}}; for continuations "logprob" and "tokens" instead. Doubles survive being read back.
/// Attempts in sample order; with repeats the file is repeat-major, whatever the order in which they come.
Result<void> write_predictions(const std::filesystem::path& path, const std::vector<data::Attempt>& attempts, data::Form form);

/// The attempts in the file's order. Prompts come back as OpenCompass' form holds them: the first one's text, or its turns. `task` is
/// put into their ids.
Result<std::vector<data::Attempt>> read_predictions(const std::filesystem::path& path, std::string_view task = {});

}  // namespace sextant::store
