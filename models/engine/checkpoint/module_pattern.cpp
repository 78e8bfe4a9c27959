#include "module_pattern.hpp"
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <fmt/format.h>
#include "messages.hpp"

namespace sextant::engine {

ModulePattern::ModulePattern(pcre2_real_code_8* code) : code_(code, pcre2_code_free_8) {}

Result<ModulePattern> ModulePattern::compile(std::string_view regex, bool tail) {
  constexpr size_t max_pattern_bytes = 10'000;
  const std::string whole = fmt::format("{}(?:{})", tail ? "(?:.*\\.)?" : "", regex);
  int code = 0;
  PCRE2_SIZE at = 0;
  pcre2_code* const compiled = regex.size() > max_pattern_bytes
                                   ? nullptr
                                   : pcre2_compile(reinterpret_cast<PCRE2_SPTR>(whole.data()), whole.size(),
                                                   PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED, &code, &at, nullptr);
  if (!compiled) return Error{Error::Kind::data, fmt::format("{} is no regular expression that can be read", shown(regex))};
  return ModulePattern(compiled);
}

Result<ModulePattern> ModulePattern::literal(std::string_view name) {
  std::string escaped;
  for (const char c : name) {
    if (std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return compile(escaped, true);
}

bool ModulePattern::matches(std::string_view module) const {
  constexpr uint32_t max_steps = 100'000, max_heap_kib = 1'024;
  const std::unique_ptr<pcre2_match_data, void (*)(pcre2_match_data*)> match(pcre2_match_data_create(1, nullptr),
                                                                             pcre2_match_data_free);
  const std::unique_ptr<pcre2_match_context, void (*)(pcre2_match_context*)> limits(pcre2_match_context_create(nullptr),
                                                                                    pcre2_match_context_free);
  if (!match || !limits) return false;
  pcre2_set_match_limit(limits.get(), max_steps);
  pcre2_set_heap_limit(limits.get(), max_heap_kib);
  return pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(module.data()), module.size(), 0, 0, match.get(),
                     limits.get()) >= 0;
}

}  // namespace sextant::engine
