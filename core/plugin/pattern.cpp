#include "pattern.hpp"
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace sextant::plugin {
namespace {

// A sane pattern takes some hundred steps on a configuration's value; what backtracks without an end is ended within milliseconds.
constexpr uint32_t match_steps_max = 100'000, match_kilobytes_max = 16'384;

}  // namespace

struct Pattern::Code {
  std::unique_ptr<pcre2_code, void (*)(pcre2_code*)> compiled;
  std::unique_ptr<pcre2_match_context, void (*)(pcre2_match_context*)> limits{pcre2_match_context_create(nullptr),
                                                                              pcre2_match_context_free};
};

std::optional<Pattern> Pattern::compile(std::string_view text) {
  int error = 0;
  PCRE2_SIZE at = 0;
  // as JSON Schema's regular expressions (ECMA 262) have it: '$' is the very end
  constexpr uint32_t options = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C;
  const auto bytes = reinterpret_cast<PCRE2_SPTR>(text.data());
  Code code{{pcre2_compile(bytes, text.size(), options, &error, &at, nullptr), pcre2_code_free}};
  if (!code.compiled) return std::nullopt;
  pcre2_set_match_limit(code.limits.get(), match_steps_max);
  pcre2_set_heap_limit(code.limits.get(), match_kilobytes_max);
  return Pattern(std::make_shared<const Code>(std::move(code)));
}

std::optional<bool> Pattern::found_in(std::string_view text) const {
  const std::unique_ptr<pcre2_match_data, void (*)(pcre2_match_data*)> match(pcre2_match_data_create(1, nullptr),
                                                                             pcre2_match_data_free);
  const int found = pcre2_match(code_->compiled.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, 0, match.get(),
                                code_->limits.get());
  if (found >= 0) return true;
  return found == PCRE2_ERROR_NOMATCH ? std::optional(false) : std::nullopt;
}

}  // namespace sextant::plugin
