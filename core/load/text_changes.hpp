// A text with something changed that a reader hardly notices: typing errors, letters' case, full-width forms, Chinese
// characters that sound alike. Pure; the same key gives the same change.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace sextant::load {

/// In one of eight words of four or more ASCII letters, and in one at least, two neighbouring letters are exchanged, one is
/// left out or one is doubled; the first and the last stay.
std::string with_typos(std::string_view text, uint64_t key);
/// ASCII letters alone: `number` 1 lower case, 2 upper case.
std::string with_case(std::string_view text, uint32_t number);
/// ASCII letters, digits and punctuation as their full-width forms (U+FF01 to U+FF5E); blanks stay.
std::string in_full_width(std::string_view text);
/// In one of eight of the common Chinese characters that have others of the same sound and tone, and in one at least, such
/// another is written.
std::string with_homophones(std::string_view text, uint64_t key);

}  // namespace sextant::load
