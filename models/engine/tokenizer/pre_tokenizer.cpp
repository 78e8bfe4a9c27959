#include "pre_tokenizer.hpp"
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <fmt/format.h>

namespace sextant::engine {
namespace {

// Unicode's White_Space, which \s means to the tokenizers' own engines; PCRE2's adds U+180E. S: the class's inside.
#define S R"(\t-\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})"
#define CONTRACTIONS "'s|'t|'re|'ve|'m|'ll|'d"

// GPT-2 (encoder.py, 2019)
constexpr std::string_view gpt2 =
    CONTRACTIONS R"(| ?\p{L}+| ?\p{N}+| ?[^)" S R"(\p{L}\p{N}]+|[)" S "]+(?![^" S "])|[" S "]+";
// each digit by itself (Digits(individual_digits=True))
constexpr std::string_view one_digit = R"(\p{N})";

// cl100k (tiktoken) and its descendants differ in how many digits stand together
#define CL100K(digits)                                                                                              \
  "(?i:" CONTRACTIONS R"()|[^\r\n\p{L}\p{N}]?\p{L}+|)" digits R"(| ?[^)" S R"(\p{L}\p{N}]+[\r\n]*|[)" S R"(]*[\r\n]+|[)" S \
  "]+(?![^" S "])|[" S "]+"
constexpr std::string_view llama3 = CL100K(R"(\p{N}{1,3})");
constexpr std::string_view qwen2 = CL100K(R"(\p{N})");

// o200k (tiktoken)
#define UPPER R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])"
#define LOWER R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])"
constexpr std::string_view o200k =
    R"([^\r\n\p{L}\p{N}]?)" UPPER "*" LOWER "+(?i:" CONTRACTIONS R"()?|[^\r\n\p{L}\p{N}]?)" UPPER "+" LOWER "*(?i:" CONTRACTIONS
    R"()?|\p{N}{1,3}| ?[^)" S R"(\p{L}\p{N}]+[\r\n/]*|[)" S R"(]*[\r\n]+|[)" S "]+(?![^" S "])|[" S "]+";

#undef S
#undef CONTRACTIONS
#undef CL100K
#undef UPPER
#undef LOWER

const std::vector<PreTokenizerRules>& table() {
  static const std::vector<PreTokenizerRules> rules = {
      {"gpt-2", {gpt2}},
      {"smollm", {one_digit, gpt2}},
      {"starcoder", {one_digit, gpt2}},
      {"refact", {one_digit, gpt2}},
      {"command-r", {one_digit, gpt2}},
      {"llama-bpe", {llama3}, true, true},
      {"qwen2", {qwen2}},
      {"deepseek-r1-qwen", {qwen2}},
      {"gpt-4o", {o200k}},
  };
  return rules;
}

}  // namespace

const PreTokenizerRules* find_pre_tokenizer(std::string_view name) {
  for (const PreTokenizerRules& rules : table()) if (rules.name == name) return &rules;
  return nullptr;
}

std::string known_pre_tokenizers() {
  std::string names;
  for (const PreTokenizerRules& rules : table()) names += (names.empty() ? "" : ", ") + std::string(rules.name);
  return names;
}

struct PreTokenizer::Pattern {
  explicit Pattern(pcre2_code* compiled) : code(compiled) {}
  Pattern(const Pattern&) = delete;
  ~Pattern() { pcre2_code_free(code); }

  // Appends the ends of the pieces of text[from, to).
  void split(std::string_view text, size_t from, size_t to, pcre2_match_data* match, std::vector<size_t>& ends) const {
    const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data()) + from;
    const size_t size = to - from;
    size_t at = 0;
    while (at < size) {
      // the caller checked the UTF-8; a failure other than "no match" (a limit) leaves the rest in one piece
      if (pcre2_match(code, subject, size, at, PCRE2_NO_UTF_CHECK, match, nullptr) < 0) break;
      const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(match);
      if (bounds[1] <= at) break;  // no pattern of the table matches nothing, but a loop must end
      if (bounds[0] > at) ends.push_back(from + bounds[0]);
      ends.push_back(from + bounds[1]);
      at = bounds[1];
    }
    if (at < size) ends.push_back(to);
  }

  pcre2_code* code;
};

PreTokenizer::PreTokenizer() = default;
PreTokenizer::PreTokenizer(PreTokenizer&&) noexcept = default;
PreTokenizer& PreTokenizer::operator=(PreTokenizer&&) noexcept = default;
PreTokenizer::~PreTokenizer() = default;

Result<PreTokenizer> PreTokenizer::compile(const PreTokenizerRules& rules) {
  PreTokenizer compiled;
  for (const std::string_view pattern : rules.patterns) {
    int number = 0;
    PCRE2_SIZE offset = 0;
    pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), PCRE2_UTF | PCRE2_UCP,
                                     &number, &offset, nullptr);
    if (!code) {
      return Error{Error::Kind::internal,
                   fmt::format("the pre-tokenizer \"{}\" has a pattern that PCRE2 refuses at byte {} (error {}); "
                               "report this",
                               rules.name, offset, number)};
    }
    compiled.patterns_.push_back(std::make_unique<Pattern>(code));
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // where it cannot, matching is slower and the same
  }
  return compiled;
}

void PreTokenizer::split(std::string_view text, std::vector<size_t>& ends) const {
  if (text.empty()) return;
  const std::unique_ptr<pcre2_match_data, void (*)(pcre2_match_data*)> match(pcre2_match_data_create(1, nullptr),
                                                                             pcre2_match_data_free);
  std::vector<size_t> pieces{text.size()}, next;
  for (const auto& pattern : patterns_) {
    next.clear();
    size_t from = 0;
    for (const size_t to : pieces) {
      pattern->split(text, from, to, match.get(), next);
      from = to;
    }
    pieces.swap(next);
  }
  ends.insert(ends.end(), pieces.begin(), pieces.end());
}

}  // namespace sextant::engine
