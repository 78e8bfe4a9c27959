// Texts that differ in case alone become one. Pure; [any] thread.
#pragma once
#include <string>
#include <string_view>

namespace sextant::utf8 {

/// Unicode's full case folding: "STRASSE" and "straße" are one. Bytes that are not UTF-8 stay.
std::string fold_case(std::string_view text);

}  // namespace sextant::utf8
