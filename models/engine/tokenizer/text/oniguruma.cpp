// Oniguruma's syntax (doc/RE of version 6.9) to PCRE2's, as far as the two differ in what tokenizers use.
#include <cctype>
#include <map>
#include <vector>
#include <fmt/format.h>
#include <sextant/json.hpp>
#include <sextant/utf8_text.hpp>
#include "oniguruma.hpp"

namespace sextant::engine {
namespace {

// Insides of classes. White_Space, because PCRE2's \s adds U+180E; \w with marks and connectors, which PCRE2 10.42 leaves out.
constexpr std::string_view space = R"(\t-\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";
constexpr std::string_view word = R"(\p{L}\p{M}\p{Nd}\p{Pc})";
constexpr std::string_view hex = "0-9a-fA-F";

std::string set(std::string_view inside, bool negated) { return (negated ? "[^" : "[") + std::string(inside) + "]"; }

// General categories by their long names, which PCRE2 does not know, as Oniguruma compares them: lower case without "_", " ",
// "-".
const std::map<std::string, std::string_view, std::less<>>& categories() {
  static const std::map<std::string, std::string_view, std::less<>> names = {{"letter", "L"},
                                                                             {"uppercaseletter", "Lu"},
                                                                             {"lowercaseletter", "Ll"},
                                                                             {"titlecaseletter", "Lt"},
                                                                             {"modifierletter", "Lm"},
                                                                             {"otherletter", "Lo"},
                                                                             {"mark", "M"},
                                                                             {"combiningmark", "M"},
                                                                             {"nonspacingmark", "Mn"},
                                                                             {"spacingmark", "Mc"},
                                                                             {"enclosingmark", "Me"},
                                                                             {"number", "N"},
                                                                             {"decimalnumber", "Nd"},
                                                                             {"digit", "Nd"},
                                                                             {"letternumber", "Nl"},
                                                                             {"othernumber", "No"},
                                                                             {"punctuation", "P"},
                                                                             {"connectorpunctuation", "Pc"},
                                                                             {"dashpunctuation", "Pd"},
                                                                             {"openpunctuation", "Ps"},
                                                                             {"closepunctuation", "Pe"},
                                                                             {"initialpunctuation", "Pi"},
                                                                             {"finalpunctuation", "Pf"},
                                                                             {"otherpunctuation", "Po"},
                                                                             {"symbol", "S"},
                                                                             {"mathsymbol", "Sm"},
                                                                             {"currencysymbol", "Sc"},
                                                                             {"modifiersymbol", "Sk"},
                                                                             {"othersymbol", "So"},
                                                                             {"separator", "Z"},
                                                                             {"spaceseparator", "Zs"},
                                                                             {"lineseparator", "Zl"},
                                                                             {"paragraphseparator", "Zp"},
                                                                             {"other", "C"},
                                                                             {"control", "Cc"},
                                                                             {"format", "Cf"},
                                                                             {"unassigned", "Cn"},
                                                                             {"privateuse", "Co"}};
  return names;
}

class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  Result<std::string> run() {
    while (at_ < pattern_.size()) SXT_CHECK(element());
    return std::move(out_);
  }

 private:
  bool sees(std::string_view text) const { return pattern_.substr(at_, text.size()) == text; }
  static Error unsupported(std::string what) { return {Error::Kind::data, std::move(what) + " is not supported"}; }

  void atom(std::string_view text, size_t consumed) {
    atom_ = out_.size();
    out_ += text;
    at_ += consumed;
  }

  Result<void> element() {
    const char c = pattern_[at_];
    if (c == '\\') return escape();
    if (c == '[') {
      atom_ = out_.size();
      return bracket();
    }
    if (c == '(') return group();
    if (c == ')') {
      if (!groups_.empty()) {
        atom_ = groups_.back();
        groups_.pop_back();
      }
      out_ += c;
      ++at_;
      return {};
    }
    if (c == '{') return interval();
    if (c == '?' || c == '*' || c == '+' || c == '|' || c == '^' || c == '$') {
      out_ += c;
      ++at_;
      return {};
    }
    atom({&c, 1}, 1);
    while (at_ < pattern_.size() && utf8::continues(pattern_[at_])) out_ += pattern_[at_++];
    return {};
  }

  // (?m) lets the dot match line ends, which is PCRE2's (?s); its lines are always many.
  Result<void> group() {
    groups_.push_back(out_.size());
    out_ += pattern_[at_++];
    if (!sees("?")) return {};
    size_t end = at_ + 1;
    while (end < pattern_.size() && (std::isalpha(static_cast<unsigned char>(pattern_[end])) || pattern_[end] == '-')) ++end;
    const bool flags = end > at_ + 1 && end < pattern_.size() && (pattern_[end] == ':' || pattern_[end] == ')');
    if (!flags) return {};  // a lookaround, a name, ...
    for (; at_ < end; ++at_) {
      const char c = pattern_[at_];
      if (c == '?' || c == 'i' || c == 'x' || c == '-') out_ += c;
      else if (c == 'm') out_ += 's';
      else return unsupported(std::string("the option ") + c + " of a group");
    }
    return {};
  }

  // {,n} counts from 0, and {n,m}+ repeats; to PCRE2 the one is not a quantifier and the other possessive.
  Result<void> interval() {
    size_t end = at_ + 1;
    while (end < pattern_.size() && (std::isdigit(static_cast<unsigned char>(pattern_[end])) || pattern_[end] == ',')) ++end;
    const std::string_view inside = pattern_.substr(at_ + 1, end - at_ - 1);
    if (end == pattern_.size() || pattern_[end] != '}' || inside.empty() || inside == ",") {
      atom("\\{", 1);
      return {};
    }
    out_ += "{" + std::string(inside.front() == ',' ? "0" : "") + std::string(inside) + "}";
    at_ = end + 1;
    if (sees("+")) {
      out_.insert(atom_, "(?:");
      out_ += ")+";
      ++at_;
    }
    return {};
  }

  Result<void> escape() {
    if (at_ + 1 >= pattern_.size()) return unsupported("a backslash at the end");
    switch (pattern_[at_ + 1]) {
      case 's': case 'S': atom(set(space, pattern_[at_ + 1] == 'S'), 2); return {};
      case 'w': case 'W': atom(set(word, pattern_[at_ + 1] == 'W'), 2); return {};
      case 'h': case 'H': atom(set(hex, pattern_[at_ + 1] == 'H'), 2); return {};
      case 'b': case 'B': {
        const std::string in = set(word, false);
        const bool inside = pattern_[at_ + 1] == 'B';
        atom("(?:(?<=" + in + ")(?" + (inside ? "=" : "!") + in + ")|(?<!" + in + ")(?" + (inside ? "!" : "=") + in + "))", 2);
        return {};
      }
      default: break;
    }
    atom_ = out_.size();
    return common_escape();
  }

  // What is written the same in and outside of a class.
  Result<void> common_escape() {
    const char kind = pattern_[at_ + 1];
    if (kind == 'p' || kind == 'P') return property(kind);
    if (kind == 'u') {
      const std::string_view digits = pattern_.substr(at_ + 2, 4);
      if (digits.size() != 4 || digits.find_first_not_of("0123456789abcdefABCDEF") != digits.npos)
        return unsupported("\\u without four digits");
      out_ += "\\x{" + std::string(digits) + "}";
      at_ += 6;
      return {};
    }
    if (kind == 'x' && pattern_.substr(at_ + 2, 1) == "{") {
      const size_t end = pattern_.find('}', at_);
      if (end == pattern_.npos) return unsupported("\\x{ without end");
      out_ += pattern_.substr(at_, end + 1 - at_);
      at_ = end + 1;
      return {};
    }
    if (kind == 'y' || kind == 'Y' || kind == 'M' || kind == 'c' || kind == 'C' || kind == 'k' || kind == 'g')
      return unsupported(std::string("\\") + kind);
    out_ += pattern_.substr(at_, 2);
    at_ += 2;
    while (at_ < pattern_.size() && utf8::continues(pattern_[at_])) out_ += pattern_[at_++];
    return {};
  }

  Result<void> property(char kind) {
    const size_t end = pattern_.find('}', at_);
    if (at_ + 2 >= pattern_.size() || pattern_[at_ + 2] != '{' || end == pattern_.npos)
      return unsupported("a property without braces");
    std::string name;
    for (const char c : pattern_.substr(at_ + 3, end - at_ - 3))
      if (c != '_' && c != ' ' && c != '-') name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const bool negated = (!name.empty() && name[0] == '^') != (kind == 'P');
    if (!name.empty() && name[0] == '^') name.erase(0, 1);
    std::string known;
    const auto category = categories().find(name);
    if (category != categories().end()) known = category->second;
    else if (name.size() == 1) known = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
    else if (name.size() == 2) known = {static_cast<char>(std::toupper(static_cast<unsigned char>(name[0]))), name[1]};
    else if (name == "any") known = "Any";
    else known = "sc:" + name;  // PCRE2 would look for a script's extensions otherwise
    out_ += (negated ? "\\P{" : "\\p{") + known + "}";
    at_ = end + 1;
    return {};
  }

  Result<void> bracket() {
    out_ += pattern_[at_++];
    if (sees("^")) out_ += pattern_[at_++];
    if (sees("]")) out_ += "\\]", ++at_;  // the first one is a character
    unsigned depth = 0;  // classes inside: a union is written flat
    while (at_ < pattern_.size()) {
      const char c = pattern_[at_];
      if (c == ']') {
        ++at_;
        if (depth-- > 0) continue;
        out_ += ']';
        return {};
      }
      if (sees("&&")) return unsupported("an intersection of classes (&&)");
      if (sees("[:")) {
        const size_t end = pattern_.find(":]", at_);
        if (end == pattern_.npos) return unsupported("an open [:");
        out_ += pattern_.substr(at_, end + 2 - at_);
        at_ = end + 2;
      } else if (c == '[') {
        if (pattern_.substr(at_ + 1, 1) == "^") return unsupported("a negated class inside a class");
        ++depth;
        ++at_;
      } else if (c == '\\') {
        SXT_CHECK(escape_in_class());
      } else {
        out_ += c;
        ++at_;
      }
    }
    return unsupported("a class without end");
  }

  Result<void> escape_in_class() {
    if (at_ + 1 >= pattern_.size()) return unsupported("a backslash at the end");
    const char kind = pattern_[at_ + 1];
    const std::string_view inside = kind == 's' ? space : kind == 'w' ? word : kind == 'h' ? hex : "";
    if (inside.empty()) {
      if (kind == 'W' || kind == 'H') return unsupported(std::string("\\") + kind + " inside a class");
      return common_escape();  // \S too: U+180E apart, it is PCRE2's
    }
    out_ += inside;
    at_ += 2;
    return {};
  }

  std::string_view pattern_;
  size_t at_ = 0;
  std::string out_;
  size_t atom_ = 0;              // where in out_ what a quantifier would repeat begins
  std::vector<size_t> groups_;   // where in out_ the open groups begin
};

}  // namespace

Result<std::string> oniguruma_to_pcre2(std::string_view pattern) { return Translator(pattern).run(); }

Result<Regex> compile_oniguruma(std::string_view pattern, std::string_view origin) {
  const auto translated = oniguruma_to_pcre2(pattern);
  if (!translated) {
    return Error{Error::Kind::data, fmt::format("{}: the regular expression {} cannot be used: {}", origin,
                                                json::quote(pattern.substr(0, 200)), translated.error().message)};
  }
  RegexOptions options;
  options.multiline = true;  // ^ and $ at every line, as in Oniguruma
  options.valid_text = options.compiled_to_code = true;
  options.limits.steps = options.limits.depth = 10'000'000;
  options.limits.heap_kib = 1 << 20;  // where there is no compiler to code
  options.error_kind = Error::Kind::data;
  options.advice = "shorten the text, or set tokenizer_path to a tokenizer with another pattern";
  return Regex::compile(*translated, std::move(options), origin);
}

}  // namespace sextant::engine
