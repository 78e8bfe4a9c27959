// exact_match: does an answer equal one of the references? By default the whole texts are compared; in OpenCompass' way what its
// normalisation leaves of them. Threads: [owner].
#pragma once
#include <span>
#include <sextant/columns.hpp>
#include <sextant/json.hpp>
#include <sextant/regex.hpp>
#include <sextant/fold_case.hpp>

namespace sextant::metric {

/// The answers of a reference, as a prompt shows the values (True, 0.5): of a list each member's, else `text`, the whole one's.
inline Result<std::vector<std::string>> answers_of(std::string_view reference_json, const std::string& text) {
  if (!reference_json.starts_with('[')) return std::vector{text};
  SXT_TRY(const json::Document reference, json::parse(reference_json, "reference"));
  std::vector<std::string> out;
  for (const auto& answer : reference.GetArray()) out.push_back(columns::as_text(answer));
  return out;
}

/// What does not count when whole texts are compared.
struct Ignored {
  bool case_ = false;        // of letters, after Unicode's case folding
  bool blanks = true;        // at both ends, and how many stand in a row
  bool final_dot = true;     // one "." or "。" at the end
  bool punctuation = false;  // all of it, symbols as well
  bool articles = false;     // a, an, the
};

/// Texts with nothing left of them but what counts.
class Comparison {
 public:
  static Result<Comparison> make(Ignored ignored) {
    Comparison out;
    out.ignored_ = ignored;
    SXT_TRY(out.punctuation_, Regex::compile(R"([^\w\s]|_)"));
    SXT_TRY(out.articles_, Regex::compile(R"(\b(?:a|an|the)\b)", {.caseless = true}));
    SXT_TRY(out.blanks_, Regex::compile(R"(\s++)"));
    return out;
  }

  /// "+" and "A" are answers, too: where nothing but punctuation and articles is there, they count.
  Result<std::string> operator()(std::string_view text) const {
    std::string out = ignored_.case_ ? utf8::fold_case(text) : std::string(text);
    if (ignored_.final_dot) drop_final_dot(out);
    std::string bare = out;
    if (ignored_.punctuation) {
      SXT_TRY(bare, punctuation_.replace(bare, ""));
    }
    if (ignored_.articles) {
      SXT_TRY(bare, articles_.replace(bare, ""));
    }
    if (!blank(bare)) out = std::move(bare);
    if (!ignored_.blanks) return out;
    SXT_TRY(out, blanks_.replace(out, " "));
    if (out.starts_with(' ')) out.erase(0, 1);
    if (out.ends_with(' ')) out.pop_back();
    return out;
  }

 private:
  static bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == text.npos; }
  void drop_final_dot(std::string& text) const {
    std::string_view rest = text;
    if (ignored_.blanks) rest = rest.substr(0, rest.find_last_not_of(" \t\r\n") + 1);
    for (const std::string_view dot : {".", "。"})
      if (rest.ends_with(dot) && rest.size() > dot.size()) {
        text.resize(rest.size() - dot.size());
        return;
      }
  }

  Ignored ignored_;
  Regex punctuation_, articles_, blanks_;
};

/// Is the prediction one of the answers?
inline Result<bool> exact_match(const Comparison& plain, std::string_view prediction, std::span<const std::string> answers) {
  SXT_TRY(const std::string given, plain(prediction));
  for (const std::string& answer : answers) {
    SXT_TRY(const std::string wanted, plain(answer));
    if (given == wanted) return true;
  }
  return false;
}

/// OpenCompass' normalisation: the first clause, and of it the words: no punctuation, no articles, single blanks. Case stays:
/// "The Cat." -> "Cat". So 3.75 equals 3.14, and "Mr. Smith" equals "Mr. Jones".
class Normalizer {
 public:
  static Result<Normalizer> make() {
    SXT_TRY(Regex punctuation, Regex::compile(R"([^\w\s]++)"));
    SXT_TRY(Regex articles, Regex::compile(R"(\b(?:a|an|the)\b)", {.caseless = true}));
    SXT_TRY(Regex blanks, Regex::compile(R"(\s++)"));
    return Normalizer(std::move(punctuation), std::move(articles), std::move(blanks));
  }
  Result<std::string> operator()(std::string_view text) const {
    std::string out(text.substr(0, text.find_first_of("\n.,")));
    SXT_TRY(out, punctuation_.replace(out, ""));
    SXT_TRY(out, articles_.replace(out, ""));
    SXT_TRY(out, blanks_.replace(out, " "));
    if (out.starts_with(' ')) out.erase(0, 1);
    if (out.ends_with(' ')) out.pop_back();
    return out;
  }

 private:
  Normalizer(Regex punctuation, Regex articles, Regex blanks)
      : punctuation_(std::move(punctuation)), articles_(std::move(articles)), blanks_(std::move(blanks)) {}
  Regex punctuation_, articles_, blanks_;
};

/// Is the prediction, normalised, one of the answers, normalised or as they are?
inline Result<bool> exact_match_opencompass(const Normalizer& normalize, std::string_view prediction, std::span<const std::string> answers) {
  SXT_TRY(const std::string given, normalize(prediction));
  for (const std::string& answer : answers) {
    SXT_TRY(const std::string normal, normalize(answer));
    if (given == normal || given == answer) return true;
  }
  return false;
}

}  // namespace sextant::metric
