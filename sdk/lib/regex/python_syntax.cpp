// Patterns of Python's re (3.11) to PCRE2's syntax, where the same signs mean something else. Whether re would refuse a pattern
// that PCRE2 takes is looked at only for escapes.
#include <algorithm>
#include <fmt/format.h>
#include <sextant/regex.hpp>

namespace sextant {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  Result<std::string> run() {
    while (at_ < pattern_.size()) {
      const char c = pattern_[at_];
      if (c == '\\') {
        SXT_CHECK(escape(false));
      } else if (c == '[') {
        SXT_CHECK(set());
      } else if (c == '(' && pattern_.substr(at_).starts_with("(*")) {
        return Error{Error::Kind::config, fmt::format("nothing to repeat at byte {}", at_ + 1)};  // a verb in PCRE2
      } else if (c == '(' && pattern_.substr(at_).starts_with("(?P>")) {
        return Error{Error::Kind::config, fmt::format("\"(?P>\" at byte {} is not a group of re", at_)};
      } else if (c == '{' && pattern_.substr(at_).starts_with("{,") && limits_end()) {
        out_ += "{0,";
        at_ += 2;
      } else {
        out_ += c;
        ++at_;
      }
    }
    return std::move(out_);
  }

 private:
  /// Whether "{,n}" stands here: PCRE2 10.42 takes it literally.
  bool limits_end() const {
    size_t i = at_ + 2;
    while (i < pattern_.size() && is_digit(pattern_[i])) ++i;
    return i > at_ + 2 && i < pattern_.size() && pattern_[i] == '}';
  }

  Result<void> code_point(size_t digits) {
    const std::string_view hex = pattern_.substr(at_ + 2, digits);
    if (hex.size() < digits || !std::all_of(hex.begin(), hex.end(), is_hex))
      return Error{Error::Kind::config,
                   fmt::format("the escape \"\\{}\" at byte {} needs {} hexadecimal digits", pattern_[at_ + 1], at_, digits)};
    out_ += fmt::format("\\x{{{}}}", hex);
    at_ += 2 + digits;
    return {};
  }

  Result<void> escape(bool in_set) {
    if (at_ + 1 == pattern_.size()) return Error{Error::Kind::config, "it ends with a backslash"};
    const char kind = pattern_[at_ + 1];
    if (kind == 'u') return code_point(4);
    if (kind == 'U') return code_point(8);
    if (kind == 'x') return code_point(2);
    if (kind == 'Z' && !in_set) {
      out_ += "\\z";
    } else if (kind == 'v') {
      out_ += "\\x0b";  // vertical blanks in PCRE2
    } else if (kind == 's' || kind == 'S') {
      // the separators U+001C to U+001F are blanks to Python
      if (in_set) out_ += kind == 's' ? "\\s\\x1c-\\x1f" : "\\S";
      else out_ += kind == 's' ? "[\\s\\x1c-\\x1f]" : "[^\\s\\x1c-\\x1f]";
    } else if (is_letter(kind) &&
               std::string_view(in_set ? "abdDfnrtwW" : "aAbBdDfnrtwW").find(kind) == std::string_view::npos) {
      return Error{Error::Kind::config, fmt::format("\"\\{}\" at byte {} is not an escape of re", kind, at_)};
    } else {
      out_ += pattern_.substr(at_, 2);
    }
    at_ += 2;
    return {};
  }

  Result<void> set() {
    const size_t begin = at_;
    out_ += '[';
    ++at_;
    if (at_ < pattern_.size() && pattern_[at_] == '^') out_ += pattern_[at_++];
    for (bool first = true; at_ < pattern_.size(); first = false) {
      const char c = pattern_[at_];
      if (c == ']' && !first) {
        out_ += c;
        ++at_;
        return {};
      }
      if (c == '\\') {
        SXT_CHECK(escape(true));
      } else {
        if (c == '[' || c == ']') out_ += '\\';  // "[:" would begin a POSIX class
        out_ += c;
        ++at_;
      }
    }
    return Error{Error::Kind::config, fmt::format("the set at byte {} is not closed", begin)};
  }

  std::string_view pattern_;
  size_t at_ = 0;
  std::string out_;
};

}  // namespace

Result<std::string> python_to_pcre2(std::string_view pattern) { return Translator(pattern).run(); }

}  // namespace sextant
