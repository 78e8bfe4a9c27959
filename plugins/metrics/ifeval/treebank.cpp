#include "treebank.hpp"
#include <stdexcept>
#include <sextant/plain_text.hpp>
#include <sextant/regex.hpp>

namespace sextant::metric::ifeval {
namespace {

struct Step {
  const char *pattern, *by;
};
// Each is applied to what the one before left, and the order matters: contractions are found by the blanks that others put.
constexpr Step steps[] = {
    {R"(([«“‘„]|[`]+))", R"( \1 )"},
    {R"(^")", "``"},
    {R"((``))", R"( \1 )"},
    {R"(([ (\[{<])("|'{2}))", R"(\1 `` )"},
    {R"((?i)(?<!\w)(')(?!(?:re|ve|ll|m|t|s|d|n)\b)(?=\w))", R"(\1 )"},
    {R"(([^.])(\.)([\])}>"' »”’]*+)\s*$)", R"(\1 \2 \3 )"},
    {R"(([:,])([^\d]))", R"( \1 \2)"},
    {R"(([:,])$)", R"( \1 )"},
    {R"(\.{2,})", R"( \g<0> )"},
    {R"([;@#$%&])", R"( \g<0> )"},
    {R"([\u2012-\u2015])", R"( \g<0> )"},
    {R"(([^.])(\.)([\])}>"']*)\s*$)", R"(\1 \2\3 )"},
    {R"([?!])", R"( \g<0> )"},
    {R"(([^'])' )", R"(\1 ' )"},
    {R"([*])", R"( \g<0> )"},
    {R"([\]\[(){}<>])", R"( \g<0> )"},
    {R"(--)", " -- "},
    {nullptr, nullptr},  // here a blank is put at both ends
    {R"(([»”’]))", R"( \1 )"},
    {R"('')", " '' "},
    {R"(")", " '' "},
    {R"(\s+)", " "},
    {R"(([^' ])('[sS]|'[mM]|'[dD]|') )", R"(\1 \2 )"},
    {R"(([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) )", R"(\1 \2 )"},
    {R"((?i)\b(can)(not)\b)", R"( \1 \2 )"},
    {R"((?i)\b(d)('ye)\b)", R"( \1 \2 )"},
    {R"((?i)\b(gim)(me)\b)", R"( \1 \2 )"},
    {R"((?i)\b(gon)(na)\b)", R"( \1 \2 )"},
    {R"((?i)\b(got)(ta)\b)", R"( \1 \2 )"},
    {R"((?i)\b(lem)(me)\b)", R"( \1 \2 )"},
    {R"((?i)\b(more)('n)\b)", R"( \1 \2 )"},
    {R"((?i)\b(wan)(na)(?=\s))", R"( \1 \2 )"},
    {R"((?i) ('t)(is)\b)", R"( \1 \2 )"},
    {R"((?i) ('t)(was)\b)", R"( \1 \2 )"},
};

const std::vector<Regex>& patterns() {
  static const std::vector<Regex> all = [] {
    std::vector<Regex> out;
    for (const Step& step : steps) {
      auto made = Regex::compile(step.pattern ? step.pattern : "a", {.syntax = RegexOptions::Syntax::python});
      if (!made) throw std::logic_error(made.error().message);
      out.push_back(*std::move(made));
    }
    return out;
  }();
  return all;
}

}  // namespace

std::vector<std::string> treebank_tokens(std::string_view sentence) {
  std::string text(sentence);
  for (size_t i = 0; i < std::size(steps); ++i) {
    if (!steps[i].pattern) {
      text = " " + text + " ";
      continue;
    }
    auto done = patterns()[i].replace(text, steps[i].by);
    if (!done) throw std::runtime_error("ifeval: " + done.error().message);
    text = *std::move(done);
  }
  std::vector<std::string> out;
  for (const std::string_view word : text::words(text)) out.emplace_back(word);
  return out;
}

std::vector<std::string> treebank_tokens(std::string_view text, const Punkt& punkt) {
  std::vector<std::string> out;
  for (const std::string_view sentence : punkt.sentences(text))
    for (std::string& token : treebank_tokens(sentence)) out.push_back(std::move(token));
  return out;
}

}  // namespace sextant::metric::ifeval
