// exact_match: does an answer equal one of the references? By default the whole texts are compared; in OpenCompass' way what
// its normalisation leaves of them. Threads: [owner].
#pragma once
#include <algorithm>
#include <span>
#include <sextant/composed.hpp>
#include <sextant/fold_case.hpp>
#include <sextant/regex.hpp>
#include "../../text/general.hpp"
#include "../../text/references.hpp"

namespace sextant::metric {

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
    std::string out = utf8::composed(text);  // what looks the same is the same
    if (ignored_.case_) out = utf8::fold_case(out);
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

/// Is the prediction the same JSON value as a reference that is an object, or a list that counts `whole`; or, of a list, as one of
/// its objects? The order of members and the blanks between them say nothing.
inline bool same_json(std::string_view prediction, std::string_view reference_json, bool whole) {
  const bool list = reference_json.starts_with('[');
  if (!reference_json.starts_with('{') && !(list && (whole || reference_json.find('{') != reference_json.npos))) return false;
  const auto given = json::parse(prediction, "prediction"), wanted = json::parse(reference_json, "reference");
  if (!given || !wanted) return false;
  if (!list || whole) return *given == *wanted;
  return std::any_of(wanted->Begin(), wanted->End(), [&](const json::Value& one) { return one.IsObject() && one == *given; });
}

/// OpenCompass: is what its normalisation leaves of the prediction one of the answers, normalised or as they are?
inline bool exact_match_opencompass(std::string_view prediction, std::span<const std::string> answers) {
  const std::string given = text::general_opencompass(prediction);
  return std::any_of(answers.begin(), answers.end(),
                     [&](const std::string& answer) { return given == answer || given == text::general_opencompass(answer); });
}

}  // namespace sextant::metric
