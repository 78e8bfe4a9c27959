// An attempt's value in a predictions file, as text. Private to core/store.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include "../data/attempt.hpp"

namespace sextant::store {

/// As it stands in the file, where it is one level deep. `repeats`: the set has several.
std::string entry_of(const data::Attempt& attempt, data::Form form, bool repeats);
/// What comes back of it. `position`: its place in the file.
Result<data::Attempt> attempt_of_entry(std::string_view json_text, uint64_t position);
/// A message's role as it comes back.
std::string role_of_entry(std::string_view role);

}  // namespace sextant::store
