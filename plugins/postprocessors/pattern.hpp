// A compiled PCRE2 pattern as the post-processors use it: UTF-8 with Unicode classes (as Python's re), and a bound on the work,
// so that no text can make a pattern run for ever. Text that is not UTF-8 never matches, and does not fail. Threads: [owner].
#pragma once
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/result.hpp>

namespace sextant::postprocess {

/// Byte offsets of a match and its groups; a group that took no part is empty.
struct Match {
  size_t begin = 0, end = 0;
  std::vector<std::string_view> groups;  // 0: the whole match; they point into the text searched
};

class Pattern {
 public:
  /// `flags`: letters of Python's re, i (case), m (^ and $ at lines), s (. takes line feeds), x (blanks and comments ignored).
  static Result<Pattern> compile(std::string_view pattern, std::string_view flags = "") {
    uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
    for (const char flag : flags) {
      const uint32_t option = flag == 'i'   ? PCRE2_CASELESS
                              : flag == 'm' ? PCRE2_MULTILINE
                              : flag == 's' ? PCRE2_DOTALL
                              : flag == 'x' ? PCRE2_EXTENDED
                                            : 0;
      if (option == 0)
        return Error{Error::Kind::config, std::string("regex flag '") + flag + "' is unknown; there are i, m, s and x"};
      options |= option;
    }
    int code = 0;
    PCRE2_SIZE offset = 0;
    std::unique_ptr<pcre2_code, Free> compiled(
        pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options, &code, &offset, nullptr));
    if (!compiled)
      return Error{Error::Kind::config,
                   "pattern '" + std::string(pattern) + "', offset " + std::to_string(offset) + ": " + message(code)};
    return Pattern(std::move(compiled), std::string(pattern));
  }

  /// The first match at or after byte `from`; nullopt: none. An error where the search takes too many steps.
  Result<std::optional<Match>> search(std::string_view text, size_t from = 0) const {
    const int code =
        pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from, 0, data_.get(), limits_.get());
    if (code == PCRE2_ERROR_NOMATCH) return std::optional<Match>();
    if (code < 0)
      return Error{Error::Kind::data, "pattern '" + pattern_ + "' on a text of " + std::to_string(text.size()) +
                                          " bytes: " + message(code) + "; write the pattern without nested repetition"};
    const PCRE2_SIZE* offsets = pcre2_get_ovector_pointer(data_.get());
    Match match{offsets[0], offsets[1], std::vector<std::string_view>(group_count() + 1)};
    for (size_t k = 0; k < static_cast<size_t>(code); ++k)
      if (offsets[2 * k] != PCRE2_UNSET) match.groups[k] = text.substr(offsets[2 * k], offsets[2 * k + 1] - offsets[2 * k]);
    return std::optional<Match>(std::move(match));
  }

  uint32_t group_count() const {
    uint32_t count = 0;
    pcre2_pattern_info(code_.get(), PCRE2_INFO_CAPTURECOUNT, &count);
    return count;
  }
  const std::string& text() const { return pattern_; }

 private:
  struct Free {
    void operator()(pcre2_code* p) const { pcre2_code_free(p); }
    void operator()(pcre2_match_data* p) const { pcre2_match_data_free(p); }
    void operator()(pcre2_match_context* p) const { pcre2_match_context_free(p); }
  };
  Pattern(std::unique_ptr<pcre2_code, Free> code, std::string pattern)
      : code_(std::move(code)),
        data_(pcre2_match_data_create_from_pattern(code_.get(), nullptr)),
        limits_(pcre2_match_context_create(nullptr)),
        pattern_(std::move(pattern)) {
    // a sane pattern takes a few steps per character; 2 million steps are some tens of milliseconds
    pcre2_set_match_limit(limits_.get(), 2'000'000);
    pcre2_set_depth_limit(limits_.get(), 100'000);
  }
  static std::string message(int code) {
    std::string out(256, '\0');
    const int size = pcre2_get_error_message(code, reinterpret_cast<PCRE2_UCHAR*>(out.data()), out.size());
    out.resize(size < 0 ? 0 : static_cast<size_t>(size));
    return out;
  }

  std::unique_ptr<pcre2_code, Free> code_;
  std::unique_ptr<pcre2_match_data, Free> data_;
  std::unique_ptr<pcre2_match_context, Free> limits_;
  std::string pattern_;
};

}  // namespace sextant::postprocess
