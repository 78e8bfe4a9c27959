// Characters that utf8proc (Unicode 15) knows and the tables inside Hugging Face tokenizers 0.23 do not: those of its crates
// unicode_categories 0.1 (Unicode 8) and unicode-normalization-alignments 0.1. There they are neither punctuation nor marks,
// and models were trained so. Pure; [any] thread.
#pragma once

namespace sextant::engine::unicode {

bool is_newer_punctuation(char32_t c);
bool is_newer_mark(char32_t c);
bool is_newer_nonspacing_mark(char32_t c);
bool is_newer_format(char32_t c);
bool is_newer_compatible(char32_t c);  // NFKC and NFKD leave it as it is

}  // namespace sextant::engine::unicode
