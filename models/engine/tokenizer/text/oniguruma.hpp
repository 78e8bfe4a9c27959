// Regular expressions as tokenizers use them: written in Oniguruma's syntax, as tokenizer.json files are, and searched for in
// whole texts. What differs from the reference's engines: letters and digits are those of PCRE2's Unicode (14 in 10.42), so
// characters newer than that may be cut elsewhere.
#pragma once
#include <string>
#include <string_view>
#include <sextant/regex.hpp>
#include <sextant/sdk.hpp>

namespace sextant::engine {

/// An error where PCRE2 has no equal construct; `origin` names the pattern in it.
Result<Regex> compile_oniguruma(std::string_view pattern, std::string_view origin);

/// Oniguruma's syntax to PCRE2's, or what cannot be said in it.
Result<std::string> oniguruma_to_pcre2(std::string_view pattern);

/// Calls `visit(begin, end)` for each match in `text` (valid UTF-8). Throws DataError where a bound is exceeded: no tokens are
/// better than wrong ones.
template <class Visit> void for_each_match(const Regex& regex, std::string_view text, Visit visit) {
  if (const auto done = regex.for_each(text, visit); !done) throw DataError(done.error().message);
}

}  // namespace sextant::engine
