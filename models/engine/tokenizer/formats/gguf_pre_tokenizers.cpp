#include "gguf_pre_tokenizers.hpp"
#include <fmt/format.h>

namespace sextant::engine {
namespace {

#define CONTRACTIONS "'s|'t|'re|'ve|'m|'ll|'d"

// GPT-2 (encoder.py, 2019)
constexpr std::string_view gpt2 = CONTRACTIONS R"(| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
// each digit by itself (Digits(individual_digits=True))
constexpr std::string_view one_digit = R"(\p{N})";
constexpr std::string_view three_digits = R"(\p{N}{1,3})";

// cl100k (tiktoken) and its descendants differ in how many digits stand together, and in whether marks belong to letters
#define CL100K(digits, letters)                                                            \
  "(?i:" CONTRACTIONS R"()|[^\r\n\p{L}\p{N}]?[)" letters "]+|" digits R"(| ?[^\s)" letters \
  R"(\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"
constexpr std::string_view llama3 = CL100K(R"(\p{N}{1,3})", R"(\p{L})");
constexpr std::string_view qwen2 = CL100K(R"(\p{N})", R"(\p{L})");
constexpr std::string_view qwen35 = CL100K(R"(\p{N})", R"(\p{L}\p{M})");
// cl100k_base itself: of blanks before a line's end only the last belongs to it
constexpr std::string_view cl100k =
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+\z|\s*[\r\n]|\s+(?!\S)|\s)";

// o200k (tiktoken); Tekken is the same without contractions and with single digits
#define UPPER R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])"
#define LOWER R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])"
#define O200K(digits, tail)                                                                                                   \
  R"([^\r\n\p{L}\p{N}]?)" UPPER "*" LOWER "+" tail R"(|[^\r\n\p{L}\p{N}]?)" UPPER "+" LOWER "*" tail "|" digits               \
  R"(| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"
constexpr std::string_view o200k = O200K(R"(\p{N}{1,3})", "(?i:" CONTRACTIONS ")?");
constexpr std::string_view tekken = O200K(R"(\p{N})", "");

// DeepSeek LLM: cased letters as its authors listed them, punctuation, Chinese and its neighbours up to Hangul
constexpr std::string_view line_end = R"([\r\n])";
constexpr std::string_view deepseek_letters =
    R"(\s?[)"
    R"(A-Za-z\x{b5}\x{c0}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{1ba}\x{1bc}-\x{1bf}\x{1c4}-\x{293}\x{295}-\x{2af})"
    R"(\x{370}-\x{373}\x{376}\x{377}\x{37b}-\x{37d}\x{37f}\x{386}\x{388}-\x{38a}\x{38c}\x{38e}-\x{3a1}\x{3a3}-\x{3f5})"
    R"(\x{3f7}-\x{481}\x{48a}-\x{52f}\x{531}-\x{556}\x{10a0}-\x{10c5}\x{13a0}-\x{13f5}\x{13f8}-\x{13fd})"
    R"(\x{1c90}-\x{1cba}\x{1cbd}-\x{1cbf}\x{1d00}-\x{1d2b}\x{1d6b}-\x{1d77}\x{1d79}-\x{1d9a}\x{1e00}-\x{1f15})"
    R"(\x{1f18}-\x{1f1d}\x{1f20}-\x{1f45}\x{1f48}-\x{1f4d}\x{1f50}-\x{1f57}\x{1f59}\x{1f5b}\x{1f5d}\x{1f5f}-\x{1f7d})"
    R"(\x{1f80}-\x{1fb4}\x{1fb6}-\x{1fbc}\x{1fbe}\x{1fc2}-\x{1fc4}\x{1fc6}-\x{1fcc}\x{1fd0}-\x{1fd3}\x{1fd6}-\x{1fdb})"
    R"(\x{1fe0}-\x{1fec}\x{1ff2}-\x{1ff4}\x{1ff6}-\x{1ffc}\x{2102}\x{2107}\x{210a}-\x{2113}\x{2115}\x{2119}-\x{211d})"
    R"(\x{2124}\x{2126}\x{2128}\x{212a}-\x{212d}\x{212f}-\x{2134}\x{2139}\x{213c}-\x{213f}\x{2145}-\x{2149}\x{214e})"
    R"(\x{2183}\x{2184}\x{2c00}-\x{2c7b}\x{2c7e}-\x{2ce4}\x{2ceb}-\x{2cee}\x{2cf2}\x{2cf3}\x{a640}-\x{a66d})"
    R"(\x{a680}-\x{a69b}\x{a722}-\x{a76f}\x{a771}-\x{a787}\x{a78b}-\x{a78e}\x{ab70}-\x{abbf}\x{fb00}-\x{fb06})"
    R"(\x{fb13}-\x{fb17}\x{ff21}-\x{ff3a}\x{ff41}-\x{ff5a}\x{10400}-\x{1044f}\x{104b0}-\x{104d3}\x{104d8}-\x{104fb})"
    R"(\x{10c80}-\x{10cb2}\x{10cc0}-\x{10cf2}\x{118a0}-\x{118df}\x{1e900}-\x{1e943})"
    R"(]+)";
constexpr std::string_view deepseek_punctuation =
    R"(\s?[!-/:-~\x{ff01}-\x{ff0f}\x{ff1a}-\x{ff5e}\x{2018}-\x{201f}\x{3000}-\x{3002}]+)";
constexpr std::string_view blanks_at_end = R"(\s+$)";
constexpr std::string_view deepseek_chinese = R"([\x{4e00}-\x{9fa5}\x{800}-\x{4e00}\x{ac00}-\x{d7ff}]+)";
// DeepSeek V3
constexpr std::string_view chinese_and_kana = R"([\x{4e00}-\x{9fa5}\x{3040}-\x{309f}\x{30a0}-\x{30ff}]+)";
constexpr std::string_view deepseek3 =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// Falcon: Punctuation(contiguous), ByteLevel, Digits, then digits by three
constexpr std::string_view punctuation = "(punctuation)", spell_bytes = "(bytes)";  // no patterns: see compile_pre_tokenizer
constexpr std::string_view digits = R"(\p{N}+)";
constexpr std::string_view three_ascii_digits = "[0-9][0-9][0-9]";

#undef CONTRACTIONS
#undef CL100K
#undef UPPER
#undef LOWER
#undef O200K

const std::vector<PreTokenizerRules>& table() {
  static const std::vector<PreTokenizerRules> rules = {
      {"gpt-2", {gpt2}},
      {"phi-2", {gpt2}},
      {"jais", {gpt2}},
      {"exaone4", {gpt2}},
      {"gigachat", {gpt2}},
      {"trillion", {gpt2}},
      {"granite-docling", {gpt2}},
      {"mpt", {gpt2}, false, false, true},
      {"olmo", {gpt2}, false, false, true},
      {"smollm", {one_digit, gpt2}},
      {"starcoder", {one_digit, gpt2}},
      {"refact", {one_digit, gpt2}},
      {"command-r", {one_digit, gpt2}, false, false, true},
      {"codeshell", {one_digit, gpt2}},
      {"exaone", {one_digit, gpt2}},
      {"minerva-7b", {one_digit, gpt2}},
      {"llama-bpe", {llama3}, true, true},
      {"llama3", {llama3}, true, true},
      {"llama-v3", {llama3}, true, true},
      {"falcon3", {llama3}, true, true},
      {"falcon-h1", {llama3}, true, true},
      {"pixtral", {llama3}, true, true},
      {"lfm2", {llama3}, true, true},
      {"dbrx", {llama3}},
      {"smaug-bpe", {llama3}},
      {"chatglm-bpe", {llama3}},
      {"glm4", {llama3}, true},
      {"qwen2", {qwen2}, false, false, true},
      {"deepseek-r1-qwen", {qwen2}, false, false, true},
      {"megrez", {qwen2}, false, false, true},
      {"stablelm2", {qwen2}, false, false, true},
      {"hunyuan", {qwen2}},
      {"qwen35", {qwen35}, false, false, true},
      {"cl100k", {cl100k}},
      {"gpt-4o", {o200k}},
      {"llama4", {o200k}},
      {"tekken", {tekken}, true, true},
      {"deepseek-llm", {line_end, deepseek_letters, deepseek_punctuation, blanks_at_end, deepseek_chinese, one_digit}},
      {"deepseek-coder", {line_end, R"(\s?\p{L}+)", R"(\s?\p{P}+)", deepseek_chinese, one_digit}},
      {"deepseek-v3", {three_digits, chinese_and_kana, deepseek3}},
      {"falcon", {punctuation, gpt2, spell_bytes, digits, three_ascii_digits}},
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

Result<PreTokenizer> compile_pre_tokenizer(const PreTokenizerRules& rules) {
  PreTokenizer pre_tokenizer;
  pre_tokenizer.bytes_for_the_model = true;
  for (const std::string_view pattern : rules.patterns) {
    if (pattern == punctuation) {
      pre_tokenizer.add(cut_punctuation_step(Cut::contiguous));
      continue;
    }
    if (pattern == spell_bytes) {
      pre_tokenizer.add(byte_alphabet_words_step());
      pre_tokenizer.bytes_for_the_model = false;
      continue;
    }
    SXT_TRY(Regex regex, compile_oniguruma(pattern, fmt::format("the pre-tokenizer {}", rules.name)));
    pre_tokenizer.add(cut_step(std::move(regex), Cut::isolated));
  }
  return pre_tokenizer;
}

}  // namespace sextant::engine
