#include "pre_tokenizer.hpp"
#include <sextant/utf8.hpp>
#include "../text/unicode.hpp"
#include "byte_alphabet.hpp"
#include "cut.hpp"
#include "json_step.hpp"

namespace sextant::engine {
namespace {

constexpr unsigned nesting_max = 16;

// GPT-2's pattern (encoder.py, 2019), which ByteLevel brings along
constexpr std::string_view gpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

// \w+|[^\w\s]+ where \w is Unicode's word character in full (UTS 18): with letter numbers, circled letters and Join_Control
#define WORD R"(\w\p{Nl}\x{24b6}-\x{24e9}\x{1f130}-\x{1f149}\x{1f150}-\x{1f169}\x{1f170}-\x{1f189}\x{200c}\x{200d})"
constexpr std::string_view words_and_others = "[" WORD "]+|[^" WORD "\\s]+";
#undef WORD

template <class Is, class Visit> void find_characters(std::string_view text, Is is, Visit visit) {
  for (size_t i = 0; i < text.size();) {
    const utf8::Character character = utf8::at(text, i);
    if (is(character.code)) visit(i, i + character.size);
    i += character.size;
  }
}

// Writes every word anew: `write(word, span, out)` fills `out`, a rewriter of the whole text.
template <class Write> void rewrite(Words& words, Write write) {
  Rewriter out(words.text);
  std::vector<Span> spans;
  spans.reserve(words.spans.size());
  for (const Span span : words.spans) {
    const size_t begin = out.size();
    write(std::string_view(words.text.bytes).substr(span.begin, span.end - span.begin), span, out);
    if (out.size() > begin) spans.push_back({begin, out.size()});
  }
  words.text = out.finish();
  words.spans = std::move(spans);
}

void prefix_space(Words& words) {
  rewrite(words, [](std::string_view word, Span span, Rewriter& out) {
    if (word.front() != ' ') out.put(" ", span.begin);
    out.keep(span.begin, span.end);
  });
}

void to_byte_alphabet(Words& words) {
  rewrite(words, [](std::string_view word, Span span, Rewriter& out) {
    for (size_t i = 0; i < word.size(); ++i) out.put(spell(static_cast<uint8_t>(word[i])), span.begin + i);
  });
}

struct Metaspace {
  std::string replacement;
  enum class Scheme { first, always, never } scheme;
  bool split;

  void operator()(Words& words) const {
    rewrite(words, [this](std::string_view word, Span span, Rewriter& out) {
      const bool begun = word.front() == ' ' || word.substr(0, replacement.size()) == replacement;
      // `words` is being read from still, so its offsets are those of the word
      if (!begun && (scheme == Scheme::always || (scheme == Scheme::first && out.origin_of(span.begin) == 0)))
        out.put(replacement, span.begin);
      for (size_t i = span.begin; i < span.end; ++i) {
        if (word[i - span.begin] == ' ') out.put(replacement, i);
        else out.keep(i, i + 1);
      }
    });
    if (!split) return;
    cut(words, Cut::merged_with_next, false, [this](std::string_view word, auto visit) {
      for (size_t at = word.find(replacement); at != word.npos; at = word.find(replacement, at + replacement.size()))
        visit(at, at + replacement.size());
    });
  }
};

Result<Cut> read_behavior(const JsonStep& step, const char* otherwise = nullptr) {
  const std::string name = json::find_string(step.value, "behavior").value_or(otherwise ? otherwise : "");
  if (name == "Removed") return Cut::removed;
  if (name == "Isolated") return Cut::isolated;
  if (name == "MergedWithPrevious") return Cut::merged_with_previous;
  if (name == "MergedWithNext") return Cut::merged_with_next;
  if (name == "Contiguous") return Cut::contiguous;
  return step.error(fmt::format("the behavior {} is not supported", json::quote(name.substr(0, 80))));
}

Result<Metaspace> read_metaspace(const JsonStep& step) {
  SXT_TRY(std::string replacement, step.text("replacement"));
  if (replacement.empty()) return step.error("\"replacement\" is empty");
  std::string scheme = json::find_string(step.value, "prepend_scheme").value_or("always");
  if (!step.flag("add_prefix_space", true)) scheme = "never";  // as files before 2024 say it
  if (scheme != "always" && scheme != "first" && scheme != "never")
    return step.error(fmt::format("the prepend_scheme {} is not supported", json::quote(scheme.substr(0, 80))));
  using Scheme = Metaspace::Scheme;
  return Metaspace{std::move(replacement),
                   scheme == "always"  ? Scheme::always
                   : scheme == "first" ? Scheme::first
                                       : Scheme::never,
                   step.flag("split", true)};
}

PreTokenizer::Step fixed_length_step(size_t length) {
  return [length](Words& words) {
    cut(words, Cut::isolated, false, [length](std::string_view word, auto visit) {
      for (size_t begin = 0, end = 0; end < word.size(); begin = end) {
        for (size_t n = 0; n < length && end < word.size(); ++n) end += utf8::at(word, end).size;
        visit(begin, end);
      }
    });
  };
}

bool is_punctuation(char32_t c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~') ||
         unicode::is_punctuation(c);
}

// The steps of all sequences, in order.
Result<void> flatten(const JsonStep& step, unsigned depth, std::vector<JsonStep>& out) {
  if (depth > nesting_max) return step.error("sequences nest too deep");
  if (step.type() != "Sequence") return out.push_back(step), Result<void>();
  return step.each("pretokenizers", [&](const JsonStep& inner) { return flatten(inner, depth + 1, out); });
}

Result<void> add(PreTokenizer& pre_tokenizer, const JsonStep& step, bool last) {
  const std::string type = step.type();
  if (type == "ByteLevel") {
    if (step.flag("add_prefix_space", true)) pre_tokenizer.add(prefix_space);
    if (step.flag("use_regex", true)) {
      SXT_TRY(Regex regex, compile_oniguruma(gpt2, "GPT-2's pattern"));
      pre_tokenizer.add(cut_step(std::move(regex), Cut::isolated));
    }
    if (last) pre_tokenizer.bytes_for_the_model = true;
    else pre_tokenizer.add(to_byte_alphabet);
  } else if (type == "Metaspace") {
    SXT_TRY(Metaspace metaspace, read_metaspace(step));
    pre_tokenizer.add(std::move(metaspace));
  } else if (type == "Split") {
    SXT_TRY(JsonStep::Pattern pattern, step.pattern());
    SXT_TRY(const Cut behavior, read_behavior(step));
    const bool invert = step.flag("invert", false);
    pre_tokenizer.add([pattern, behavior, invert](Words& words) {
      cut(words, behavior, invert, [&](std::string_view word, auto visit) { pattern.for_each(word, visit); });
    });
  } else if (type == "Digits") {
    pre_tokenizer.add(
        cut_characters_step(unicode::is_numeric, step.flag("individual_digits", false) ? Cut::isolated : Cut::contiguous));
  } else if (type == "Punctuation") {
    SXT_TRY(const Cut behavior, read_behavior(step, "Isolated"));
    pre_tokenizer.add(cut_punctuation_step(behavior));
  } else if (type == "Whitespace") {
    SXT_TRY(Regex regex, compile_oniguruma(words_and_others, "Whitespace"));
    pre_tokenizer.add(cut_step(std::move(regex), Cut::removed, true));
  } else if (type == "WhitespaceSplit") {
    pre_tokenizer.add(cut_characters_step(unicode::is_whitespace, Cut::removed));
  } else if (type == "BertPreTokenizer") {
    pre_tokenizer.add(cut_characters_step(unicode::is_whitespace, Cut::removed));
    pre_tokenizer.add(cut_punctuation_step(Cut::isolated));
  } else if (type == "CharDelimiterSplit") {
    SXT_TRY(const std::string delimiter, step.text("delimiter"));
    const char32_t code = utf8::at(delimiter, 0).code;
    pre_tokenizer.add(cut_characters_step([code](char32_t c) { return c == code; }, Cut::removed));
  } else if (type == "FixedLength") {
    const auto length = json::find_int(step.value, "length").value_or(5);
    if (length < 1) return step.error("\"length\" must be 1 or more");
    pre_tokenizer.add(fixed_length_step(static_cast<size_t>(length)));
  } else {
    return step.unsupported();
  }
  return {};
}

}  // namespace

PreTokenizer::Step cut_step(Regex regex, Cut behavior, bool invert) {
  return [regex = std::move(regex), behavior, invert](Words& words) {
    cut(words, behavior, invert, [&](std::string_view word, auto visit) { for_each_match(regex, word, visit); });
  };
}

PreTokenizer::Step cut_characters_step(std::function<bool(char32_t)> is, Cut behavior) {
  return [is = std::move(is), behavior](Words& words) {
    cut(words, behavior, false, [&](std::string_view word, auto visit) { find_characters(word, is, visit); });
  };
}

PreTokenizer::Step cut_punctuation_step(Cut behavior) { return cut_characters_step(is_punctuation, behavior); }

PreTokenizer::Step byte_alphabet_words_step() { return to_byte_alphabet; }

Result<PreTokenizer> read_pre_tokenizer(const json::Value& value, const std::string& origin) {
  PreTokenizer pre_tokenizer;
  if (value.IsNull()) return pre_tokenizer;
  std::vector<JsonStep> steps;
  SXT_CHECK(flatten(JsonStep{value, "pre-tokenizer", origin}, 0, steps));
  for (size_t i = 0; i < steps.size(); ++i) SXT_CHECK(add(pre_tokenizer, steps[i], i + 1 == steps.size()));
  return pre_tokenizer;
}

}  // namespace sextant::engine
