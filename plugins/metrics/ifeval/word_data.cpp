#include "word_data.hpp"
#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <sextant/json.hpp>
#include <sextant/plain_text.hpp>
#include "../../text/contents.hpp"

namespace sextant::metric::ifeval {
namespace {

constexpr std::string_view syllapy = "; name the folder of PyPI's syllapy as \"syllapy\"";
constexpr std::string_view tagger =
    "; name taggers/averaged_perceptron_tagger_eng of NLTK's data as \"tagger\" (python3 -m nltk.downloader averaged_perceptron_tagger_eng)";
constexpr std::string_view punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

bool is_vowel(char c) { return std::string_view("aeiouy").find(c) != std::string_view::npos; }

size_t by_vowels(const std::string& word) {
  int count = is_vowel(word[0]);
  for (size_t i = 1; i < word.size(); ++i) count += is_vowel(word[i]) && !is_vowel(word[i - 1]);
  if (word.ends_with('e')) --count;
  if (word.ends_with("le") && text::code_points(word).size() > 2 && !is_vowel(word[word.size() - 3])) ++count;
  return count == 0 ? 1 : static_cast<size_t>(std::max(count, 0));
}

// The first and last `n` characters.
std::string first_of(const std::string& word) { return word.substr(0, utf8::at(word, 0).size); }
std::string last_of(const std::string& word, size_t n) {
  const std::u32string all = text::code_points(word);
  return text::to_utf8(std::u32string_view(all).substr(all.size() - std::min(n, all.size())));
}

std::string normal(const std::string& word) {
  if (word.find('-') != word.npos && word[0] != '-') return "!HYPHEN";
  if (text::all_digits(word) && text::code_points(word).size() == 4) return "!YEAR";
  if (text::all_digits(first_of(word))) return "!DIGITS";
  return text::lower(word);
}

}  // namespace

Result<std::shared_ptr<const Syllables>> Syllables::open(const std::filesystem::path& folder) {
  auto out = std::make_shared<Syllables>();
  SXT_TRY(const std::string text, text::contents_of(folder / "data.csv", syllapy));
  for (std::string_view line : text::split(text, "\n")) {
    line = text::strip(line);
    if (line.empty()) continue;
    const size_t comma = line.rfind(',');
    size_t count = 0;
    const char* const end = line.data() + line.size();
    if (comma == line.npos || comma == 0 || std::from_chars(line.data() + comma + 1, end, count).ptr != end || count > 100)
      return Error{Error::Kind::data, fmt::format("ifeval: {} has the line '{}', which is no word and its syllables{}",
                                                  (folder / "data.csv").string(), line, syllapy)};
    out->words_[std::string(text::strip(line.substr(0, comma), "\""))] = count;
  }
  if (out->words_.empty())
    return Error{Error::Kind::data, fmt::format("ifeval: {} is empty{}", (folder / "data.csv").string(), syllapy)};
  return std::shared_ptr<const Syllables>(std::move(out));
}

size_t Syllables::count(std::string_view given) const {
  const std::string word(text::strip(text::lower(text::strip(given)), punctuation));
  if (word.empty()) return 0;
  for (const char32_t c : text::code_points(word))
    if (text::is_digit(c)) return 0;
  if (const auto it = words_.find(word); it != words_.end()) return it->second;
  const size_t hyphen = word.find('-');
  if (hyphen == word.npos || hyphen == 0 || hyphen + 1 == word.size()) return by_vowels(word);
  const size_t first = count(word.substr(0, hyphen)), second = count(word.substr(hyphen + 1));
  return first == 0 || second == 0 ? 0 : first + second;
}

Result<std::shared_ptr<const Tagger>> Tagger::open(const std::filesystem::path& folder) {
  auto out = std::make_shared<Tagger>();
  const auto part = [&](const std::string& name) -> Result<json::Document> {
    const std::filesystem::path file = folder / ("averaged_perceptron_tagger_eng." + name + ".json");
    SXT_TRY(const std::string text, text::contents_of(file, tagger));
    return json::parse(text, file.string());
  };
  SXT_TRY(const json::Document weights, part("weights"));
  SXT_TRY(const json::Document known, part("tagdict"));
  SXT_TRY(const json::Document classes, part("classes"));
  if (!weights.IsObject() || !known.IsObject() || !classes.IsArray() || classes.Empty())
    return Error{Error::Kind::data, fmt::format("ifeval: {} holds no tagger{}", folder.string(), tagger)};
  for (const auto& tag : classes.GetArray())
    if (tag.IsString()) out->tags_.emplace_back(json::text(tag));
  std::sort(out->tags_.begin(), out->tags_.end());
  for (const auto& feature : weights.GetObject()) {
    if (!feature.value.IsObject()) continue;
    std::vector<Weight>& of = out->weights_[std::string(json::text(feature.name))];
    for (const auto& weight : feature.value.GetObject()) {
      const auto tag = std::lower_bound(out->tags_.begin(), out->tags_.end(), json::text(weight.name));
      if (tag != out->tags_.end() && *tag == json::text(weight.name) && weight.value.IsNumber())
        of.push_back({static_cast<size_t>(tag - out->tags_.begin()), weight.value.GetDouble()});
    }
  }
  for (const auto& word : known.GetObject())
    if (word.value.IsString()) out->known_.emplace(json::text(word.name), json::text(word.value));
  return std::shared_ptr<const Tagger>(std::move(out));
}

std::string Tagger::first_tag(std::span<const std::string> tokens) const {
  if (tokens.empty()) return "";
  const std::string& word = tokens[0];
  if (const auto it = known_.find(word); it != known_.end() && !it->second.empty()) return it->second;
  const std::string start = "-START-", start2 = "-START2-", own = normal(word),
                    next = tokens.size() > 1 ? normal(tokens[1]) : "-END-",
                    after = tokens.size() > 2 ? normal(tokens[2]) : tokens.size() > 1 ? "-END-" : "-END2-";
  const std::string features[] = {"bias",
                                  "i suffix " + last_of(word, 3),
                                  "i pref1 " + first_of(word),
                                  "i-1 tag " + start,
                                  "i-2 tag " + start2,
                                  "i tag+i-2 tag " + start + " " + start2,
                                  "i word " + own,
                                  "i-1 tag+i word " + start + " " + own,
                                  // words before the text are called as their tags are, the nearer one last
                                  "i-1 word " + start2,
                                  "i-1 suffix " + last_of(start2, 3),
                                  "i-2 word " + start,
                                  "i+1 word " + next,
                                  "i+1 suffix " + last_of(next, 3),
                                  "i+2 word " + after};
  std::vector<double> scores(tags_.size());
  for (const std::string& feature : features)
    if (const auto it = weights_.find(feature); it != weights_.end())
      for (const Weight& weight : it->second) scores[weight.tag] += weight.value;
  size_t best = 0;
  for (size_t i = 1; i < scores.size(); ++i)
    if (scores[i] >= scores[best]) best = i;
  return tags_[best];
}

}  // namespace sextant::metric::ifeval
