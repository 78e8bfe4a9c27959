// Regular expressions over UTF-8 through PCRE2, with bounds on what compiling and matching may take: no pattern and no text
// makes a search run for ever. A bound that is exceeded is an Error, never "no match". Threads: const members are [any].
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/result.hpp>

namespace sextant {

/// PCRE2's own measures. A sane pattern takes a few steps per character; 2 million are some tens of milliseconds.
struct RegexLimits {
  uint32_t steps = 2'000'000;             // from one place on
  uint32_t depth = 100'000;               // of backtracking points that are kept
  uint32_t heap_kib = 64 << 10;           // for them; with the just-in-time compiler, the stack of a thread instead
  uint32_t pattern_bytes = 64 << 10;
  uint32_t compiled_bytes = 1 << 20;
  // PCRE2 counts anew at every place where a match could begin; this bounds them all together. Processor time of the thread;
  // with the just-in-time compiler not looked at.
  double seconds = 5;
};

struct RegexOptions {
  enum class Syntax {
    pcre2,
    python,  // module re's, as far as the two differ (\Z, \uXXXX, {,n}, a bracket inside a class); what re refuses may pass
  };
  Syntax syntax = Syntax::pcre2;
  bool caseless = false, multiline = false, dotall = false, extended = false;  // i, m, s, x
  bool unicode_classes = true;   // \w, \d, \s and \b are Unicode's, not ASCII's
  bool whole = false;            // a match covers the whole text
  bool dollar_is_end = false;    // $ never stands before a last line feed (ECMA 262)
  bool valid_text = false;       // the caller has checked that texts are UTF-8; otherwise broken bytes match nothing
  bool compiled_to_code =
      false;  // by PCRE2's just-in-time compiler: for patterns that see megabytes. It counts steps more coarsely.
  RegexLimits limits = {};
  uint64_t* steps_taken =
      nullptr;  // for tests: grows by one with every item of the pattern that is tried at a place of the text
  Error::Kind error_kind = Error::Kind::config;  // of a pattern that cannot be used
  std::string advice = "write the pattern without nested repetition";  // ends the sentence when a bound is exceeded

  /// `flags`: letters of Python's re, i (case), m (^ and $ at lines), s (. takes line feeds), x (blanks and comments ignored).
  static Result<RegexOptions> of_flags(std::string_view flags);
};

/// Byte offsets of a match and its groups.
struct RegexMatch {
  size_t begin = 0, end = 0;
  std::vector<std::string_view> groups;  // 0: the whole match; they point into the text searched
  /// Whether a group took part; one that did not is empty.
  bool has(size_t group) const { return group < groups.size() && groups[group].data() != nullptr; }
};

class Regex {
 public:
  /// `origin` names the pattern in errors; it may be empty.
  static Result<Regex> compile(std::string_view pattern, RegexOptions options = {}, std::string_view origin = {});

  /// The first match at or after byte `from`.
  Result<std::optional<RegexMatch>> search(std::string_view text, size_t from = 0) const;
  Result<std::optional<RegexMatch>> search_last(std::string_view text) const;
  Result<bool> found_in(std::string_view text) const;
  /// As Python's finditer: an empty match may stand right behind another, and none is found twice.
  Result<std::vector<RegexMatch>> find_all(std::string_view text) const;
  /// As Python's sub: the first `count` matches (0: all) by the template, in which \1, $1, \g<1>, \g<name> and ${name} are
  /// groups,
  /// \\ and $$ the signs themselves, and \n, \t and their like control characters. Where re's syntax was asked for, $ stands
  /// for itself. An error where the result would have more than `bytes_max` bytes.
  Result<std::string> replace(std::string_view text, std::string_view by, uint64_t count = 0,
                              size_t bytes_max = static_cast<size_t>(-1)) const;

  /// Calls `visit(begin, end)` for the matches from left to right as most engines but Python's find all of them: an empty one
  /// right behind another match does not count. Allocates nothing.
  template <class Visit> Result<void> for_each(std::string_view text, Visit visit) const {
    Search search(*this, text, false);
    size_t begin = 0, end = 0;
    int status = 0;
    while ((status = search.next(begin, end)) > 0) visit(begin, end);
    if (status < 0) return given_up(status, text.size());
    return {};
  }

  uint32_t group_count() const;
  std::optional<uint32_t> group_of(std::string_view name) const;
  const std::string& pattern() const;

 private:
  struct Code;
  class Search {
   public:
    Search(const Regex& regex, std::string_view text, bool as_python);
    /// 1: a match; 0: no more; below: PCRE2's error.
    int next(size_t& ret_begin, size_t& ret_end);
    RegexMatch match() const;  // the one that was found last, with its groups
    void* data() const { return data_; }

   private:
    const Code& code_;
    void* data_;  // the thread's; as long as no other regex is searched
    std::string_view text_;
    bool as_python_;
    size_t at_ = 0, last_begin_ = static_cast<size_t>(-1), last_end_ = static_cast<size_t>(-1);
  };
  Error given_up(int status, size_t text_bytes) const;
  std::shared_ptr<const Code> code_;
};

/// The pattern that matches `text` and nothing else.
std::string regex_escape(std::string_view text);

/// A pattern of Python's re in PCRE2's syntax, or why there is none.
Result<std::string> python_to_pcre2(std::string_view pattern);

}  // namespace sextant
