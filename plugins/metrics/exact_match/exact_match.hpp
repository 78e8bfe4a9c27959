// exact_match: equality after normalisation, as short answers are scored (OpenCompass' EM). Threads: [owner].
#pragma once
#include <sextant/json.hpp>
#include <sextant/regex.hpp>

namespace sextant::metric {

/// Keeps the first clause, and of it the words: no punctuation, no articles, single blanks. Case stays: "The Cat." -> "Cat".
class Normalizer {
 public:
  static Result<Normalizer> make() {
    SXT_TRY(Regex punctuation, Regex::compile(R"([^\w\s]+)"));
    SXT_TRY(Regex articles, Regex::compile(R"(\b(?:a|an|the)\b)", {.caseless = true}));
    SXT_TRY(Regex blanks, Regex::compile(R"(\s+)"));
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

/// The answers of a reference: an array's texts, or the one text or number.
inline std::vector<std::string> answers_of(const json::Value& reference) {
  const auto text = [](const json::Value& value) {
    return value.IsString() ? std::string(json::text(value)) : json::write(value);
  };
  std::vector<std::string> out;
  if (!reference.IsArray()) return {text(reference)};
  for (const auto& answer : reference.GetArray()) out.push_back(text(answer));
  return out;
}

/// Is the prediction, normalised, one of the answers, normalised or as they are?
inline Result<bool> exact_match(const Normalizer& normalize, std::string_view prediction, const json::Value& reference) {
  SXT_TRY(const std::string given, normalize(prediction));
  for (const std::string& answer : answers_of(reference)) {
    SXT_TRY(const std::string normal, normalize(answer));
    if (given == normal || given == answer) return true;
  }
  return false;
}

}  // namespace sextant::metric
