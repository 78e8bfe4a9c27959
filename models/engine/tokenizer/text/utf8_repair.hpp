// repair_utf8 (tokenizer.hpp) for callers who need to find their way back. Pure; [any] thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace sextant::engine {

/// As repair_utf8; `origin`, unless null, becomes [result size + 1]: the offset in `bytes` of each offset in the result.
/// Offsets inside a replacement character stand for the beginning of the broken part.
std::string repair_utf8(std::string_view bytes, std::vector<size_t>* origin);

}  // namespace sextant::engine
