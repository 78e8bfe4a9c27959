// last_option: the answer letter that comes last. Pure; [any] thread.
#pragma once
#include <sextant/thinking.hpp>
#include "../letters.hpp"

namespace sextant::postprocess {

/// The last of `options` that stands alone and is not English word, or "". Full-width letters count as their ASCII ones; what a
/// model thought before it answered is passed over.
inline std::string last_option(std::string_view text, std::string_view options) {
  const std::string plain = utf8::half_width(split_thinking(text).answer);
  const size_t at = rfind_lone(plain, options);
  return at == plain.npos ? std::string() : plain.substr(at, 1);
}

/// OpenCompass: the last of `options` anywhere, inside words too.
inline std::string last_option_opencompass(std::string_view text, std::string_view options) {
  const size_t at = text.find_last_of(options);
  return at == text.npos ? std::string() : std::string(text.substr(at, 1));
}

}  // namespace sextant::postprocess
