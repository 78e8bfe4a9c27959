// Regular expressions over UTF-8 through PCRE2, with its just-in-time compiler where there is one. Threads: const members [any].
// What differs from the reference's engines: letters and digits are those of PCRE2's Unicode (14 in 10.42), so characters newer
// than that may be cut elsewhere.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <sextant/result.hpp>

namespace sextant::engine {

class Regex {
 public:
  /// A pattern in PCRE2's own syntax; `origin` names it in the error.
  static Result<Regex> compile(std::string_view pattern, std::string_view origin);
  /// A pattern in Oniguruma's syntax, which tokenizer.json files are written in. An error where PCRE2 has no equal construct.
  static Result<Regex> compile_oniguruma(std::string_view pattern, std::string_view origin);

  /// Calls `visit(begin, end)` for the matches in `text` (valid UTF-8) from left to right, as most engines find all matches: an
  /// empty one right after another match does not count. Throws DataError where the pattern needs more
  /// steps or stack than PCRE2's limits allow: no tokens are better than wrong ones.
  template <class Visit> void for_each(std::string_view text, Visit visit) const {
    Search search(*this, text);
    for (size_t begin = 0, end = 0; search.next(begin, end);) visit(begin, end);
  }

 private:
  struct Code;
  class Search {
   public:
    Search(const Regex& regex, std::string_view text) : code_(*regex.code_), text_(text) {}
    bool next(size_t& ret_begin, size_t& ret_end);

   private:
    const Code& code_;
    std::string_view text_;
    size_t at_ = 0, last_end_ = static_cast<size_t>(-1);
  };
  std::shared_ptr<const Code> code_;
};

/// Oniguruma's syntax to PCRE2's, or what cannot be said in it.
Result<std::string> oniguruma_to_pcre2(std::string_view pattern);

}  // namespace sextant::engine
