// What stands before the names of a transformers checkpoint's tensors and before its head's. Pure.
#pragma once
#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include "checkpoint.hpp"

namespace sextant::engine {

struct NamePrefixes {
  std::string_view model, head;
};

/// The text half of a model of text and pictures is called as transformers wrote it until 4.51, or since; what a trainer kept
/// in a member `model` has that before all; a model saved without its head has nothing. The first one whose embedding is there
/// is the checkpoint's.
inline constexpr NamePrefixes name_prefixes[] = {{"model.", ""},          {"language_model.model.", "language_model."},
                                                 {"model.language_model.", ""}, {"model.model.", "model."},
                                                 {"language_model.", ""}, {"", ""}};

/// Null where no embedding bears one of the names.
inline const NamePrefixes* prefixes_of(const Checkpoint& checkpoint) {
  const auto found = std::find_if(std::begin(name_prefixes), std::end(name_prefixes), [&](const NamePrefixes& p) {
    return checkpoint.find(std::string(p.model) + "embed_tokens.weight") != nullptr;
  });
  return found == std::end(name_prefixes) ? nullptr : found;
}

}  // namespace sextant::engine
