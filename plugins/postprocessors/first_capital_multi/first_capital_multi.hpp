// first_capital_multi: the letters of a question with several right answers ("ABD"). Pure; [any] thread.
#pragma once
#include "../letters.hpp"

namespace sextant::postprocess {

/// The first run of `options` letters; with `alone` only one that has no ASCII letter or digit beside it, so that the A of
/// "Answer" is none. Full-width letters count as their ASCII ones then.
inline std::string first_run(std::string_view text, std::string_view options, bool alone) {
  const std::string plain = alone ? utf8::half_width(text) : std::string(text);
  for (size_t begin = plain.find_first_of(options); begin != plain.npos;) {
    const size_t end = std::min(plain.find_first_not_of(options, begin), plain.size());
    if (!alone || stands_alone(plain, begin, end)) return plain.substr(begin, end - begin);
    begin = plain.find_first_of(options, end);
  }
  return {};
}

}  // namespace sextant::postprocess
