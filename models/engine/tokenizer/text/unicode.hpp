// What Unicode says of characters, out of utf8proc (Unicode 15 in 2.8), in the terms of Hugging Face tokenizers. Where its
// tables are older, ours are as old (newer_characters.hpp). Pure; [any].
#pragma once
#include <string>
#include "aligned_text.hpp"

namespace sextant::engine::unicode {

bool is_whitespace(char32_t c);        // White_Space
bool is_numeric(char32_t c);           // N
bool is_punctuation(char32_t c);       // P
bool is_mark(char32_t c);              // M
bool is_nonspacing_mark(char32_t c);   // Mn
bool is_other(char32_t c);             // Cc, Cf, Co
bool is_word_character(char32_t c);    // \w of UTS 18: letters, marks, digits, connectors, ...

/// Unicode's unconditional full mapping.
void append_lowercase(std::string& text, char32_t c);

enum class Form { nfc, nfd, nfkc, nfkd };
/// Unicode's normalization forms (UAX 15). A part that changes stands as a whole for the part that it replaces.
void normalize(AlignedText& text, Form form);

/// The end of the extended grapheme cluster (UAX 29) that begins at `offset` of valid UTF-8.
size_t grapheme_end(std::string_view text, size_t offset);

}  // namespace sextant::engine::unicode
