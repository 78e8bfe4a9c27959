// Option letters in a model's answer: which letters stand alone, and what of the configuration the extractors share.
// Pure; [any] thread.
#pragma once
#include <algorithm>
#include <string>
#include <string_view>
#include <sextant/utf8.hpp>

namespace sextant::postprocess {

inline bool is_ascii_word(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// No ASCII letter or digit beside it: in "选A。" the A stands alone, in "ABS" and "A4" it does not.
inline bool stands_alone(std::string_view text, size_t begin, size_t end) {
  return (begin == 0 || !is_ascii_word(text[begin - 1])) && (end >= text.size() || !is_ascii_word(text[end]));
}

inline size_t find_lone(std::string_view text, std::string_view options, size_t from = 0) {
  for (size_t i = text.find_first_of(options, from); i != text.npos; i = text.find_first_of(options, i + 1))
    if (stands_alone(text, i, i + 1)) return i;
  return text.npos;
}
inline size_t rfind_lone(std::string_view text, std::string_view options) {
  for (size_t i = text.find_last_of(options); i != text.npos; i = i == 0 ? text.npos : text.find_last_of(options, i - 1))
    if (stands_alone(text, i, i + 1)) return i;
  return text.npos;
}

/// "compat" of the configuration, as every component takes it that differs by it.
inline bool is_opencompass(std::string_view compat) { return compat == "opencompass" || compat == "opencompass-0.2.4"; }

}  // namespace sextant::postprocess

/// The two keys that the extractors share, for their JSON Schemas.
#define SXT_OPTIONS_SCHEMA                                                           \
  R"("options": {"type": "string", "default": "ABCD", "pattern": "^[A-Z]+$", )" \
  R"("description": "the letters that may be the answer"})"
#define SXT_COMPAT_SCHEMA                                                                              \
  R"("compat": {"enum": ["none", "opencompass", "opencompass-0.2.4", "lm-eval"], "default": "none", )" \
  R"("description": "behave as that tool does; the run fills it in from --compat"})"
