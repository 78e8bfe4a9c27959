// IFBench: instructions of count: and ratio:, how many of what.
#include <cmath>
#include <set>
#include "ifbench.hpp"
#include "treebank.hpp"

namespace sextant::metric::ifeval {
namespace {

using A = const Arguments&;
using T = std::string_view;
using Words = std::set<std::string, std::less<>>;

Words words_of(T list) {
  Words out;
  for (const T word : text::words(list)) out.emplace(word);
  return out;
}

// NLTK's English stop words that are words of letters: others are never found among runs of letters.
const Words& stop_words() {
  static const Words words = words_of(
      "a about above after again against ain all am an and any are aren as at be because been before being below between both but by "
      "can couldn d did didn do does doesn doing don down during each few for from further had hadn has hasn have haven having he her "
      "here hers herself him himself his how i if in into is isn it its itself just ll m ma me mightn more most mustn my myself needn "
      "no nor not now o of off on once only or other our ours ourselves out over own re s same shan she should shouldn so some such t "
      "than that the their theirs them themselves then there these they this those through to too under until up ve very was wasn we "
      "were weren what when where which while who whom why will with won wouldn y you your yours yourself yourselves");
  return words;
}

const Words& pronouns() {
  static const Words words = words_of(
      "i me we us you he him she her it they them my mine our ours your yours his hers its their theirs myself ourselves yourself "
      "yourselves himself herself itself themselves this that these those who whom whose which what whoever whomever whatever "
      "whichever anybody anyone anything everybody everyone everything nobody nothing somebody someone something each either neither "
      "both all some any none");
  return words;
}

constexpr T names =
    "Emma Liam Sophia Jackson Olivia Noah Ava Lucas Isabella Mason Mia Ethan Charlotte Alexander Amelia Benjamin Harper Leo Zoe Daniel "
    "Chloe Samuel Lily Matthew Grace Owen Abigail Gabriel Ella Jacob Scarlett Nathan Victoria Elijah Layla Nicholas Audrey David "
    "Hannah Christopher Penelope Thomas Nora Andrew Aria Joseph Claire Ryan Stella Jonathan";

// Runs of letters and digits: re.findall(r"\w+").
std::vector<T> word_runs(T text) {
  std::vector<T> out;
  size_t begin = 0;
  bool inside = false;
  for (size_t i = 0; i <= text.size();) {
    const utf8::Character c = i < text.size() ? utf8::at(text, i) : utf8::Character{};
    const bool word = i < text.size() && c.valid && text::is_word(c.code);
    if (word && !inside) begin = i;
    if (!word && inside) out.push_back(text.substr(begin, i - begin));
    inside = word;
    if (i == text.size()) break;
    i += c.size;
  }
  return out;
}

// Sentences by the sign that they end in.
struct Kinds {
  size_t statements = 0, questions = 0, exclamations = 0;
};
Kinds kinds_of(T reply, A given) {
  Kinds out;
  for (const T sentence : given.punkt().sentences(reply)) {
    out.statements += sentence.ends_with('.');
    out.questions += sentence.ends_with('?');
    out.exclamations += sentence.ends_with('!');
  }
  return out;
}

std::set<std::u32string> trigrams(T text) {
  const std::u32string all = text::code_points(text);
  std::set<std::u32string> out;
  for (size_t i = 0; i + 3 <= all.size(); ++i) out.insert(all.substr(i, 3));
  return out;
}

bool is_japanese(T word) {
  for (const char32_t c : text::code_points(word))
    if ((c >= 0x3040 && c <= 0x30FF) || (c >= 0x4E00 && c <= 0x9FFF)) return true;
  return false;
}

bool has_every_mark(T reply) {
  if (reply.find("!?") == reply.npos && reply.find("?!") == reply.npos && reply.find("‽") == reply.npos) return false;
  std::string rest(reply);  // the first interrobang's signs do not count a second time
  for (const T bang : {T("?!"), T("!?")})
    if (const size_t at = rest.find(bang); at != rest.npos) {
      rest.erase(at, 2);
      break;
    }
  return std::all_of(".,!?;:", ".,!?;:" + 6, [&](char mark) { return rest.find(mark) != rest.npos; });
}

}  // namespace

void add_counts(Checks& table) {
  table["count:word_count_range"] = [](T reply, A given) -> Result<bool> {
    SXT_TRY(const double low, given.number("min_words"));
    SXT_TRY(const double high, given.number("max_words"));
    const auto count = static_cast<double>(word_runs(reply).size());
    return low <= count && count <= high;
  };
  table["count:unique_word_count"] = [](T reply, A given) -> Result<bool> {
    SXT_TRY(const size_t wanted, given.count("N"));
    const std::string lower = text::lower(reply);
    std::set<T> unique;
    for (const T word : text::words(lower)) unique.insert(text::strip(word, marks_and_blank));
    return unique.size() >= wanted;
  };
  table["count:conjunctions"] = [](T reply, A given) -> Result<bool> {
    SXT_TRY(const size_t wanted, given.count("small_n"));
    static const Words conjunctions = words_of("and but for nor or so yet");
    std::set<T> unique;  // as they are written: "and" and "And," are two
    for (const T word : text::words(reply))
      if (conjunctions.contains(text::lower(text::strip(word, marks_and_blank)))) unique.insert(word);
    return unique.size() >= wanted;
  };
  table["count:person_names"] = [](T reply, A given) -> Result<bool> {
    SXT_TRY(const size_t wanted, given.count("N"));
    size_t count = 0;
    for (const T name : text::words(names)) count += found(("\\b" + std::string(name) + "\\b").c_str(), reply);
    return count >= wanted;
  };
  table["count:numbers"] = [](T reply, A given) -> Result<bool> {
    SXT_TRY(const size_t wanted, given.count("N"));
    return numbers_in(without_marks(reply)).size() == wanted;
  };
  table["count:punctuation"] = [](T reply, A) -> Result<bool> { return has_every_mark(reply); };
  table["count:words_japanese"] = [](T reply, A given) -> Result<bool> {
    SXT_TRY(const size_t every, given.count("N"));
    if (every == 0) return Error{Error::Kind::data, "count:words_japanese: N is 0; correct the row's kwargs"};
    const auto words = text::words(reply);
    for (size_t i = every - 1; i < words.size(); i += every) {
      const T word = text::strip(words[i], marks_and_blank);
      if (!word.empty() && !text::all_digits(word) && !is_japanese(word)) return false;
    }
    return true;
  };
  table["count:pronouns"] = [](T reply, A given) -> Result<bool> {
    SXT_TRY(const size_t wanted, given.count("N"));
    size_t count = 0;
    for (const std::string& token : treebank_tokens(text::lower(text::replaced(reply, "/", " ")), given.punkt()))
      count += pronouns().contains(token);
    return count >= wanted;
  };
  table["count:keywords_multiple"] = [](T reply, A given) -> Result<bool> {
    constexpr std::pair<const char*, size_t> wanted[] = {
        {"keyword1", 1}, {"keyword2", 2}, {"keyword3", 3}, {"keyword4", 5}, {"keyword5", 7}};
    const std::string lower = text::lower(reply);
    bool all = true;
    for (const auto& [name, count] : wanted) {
      SXT_TRY(const std::string keyword, given.text(name));
      all = all && times(lower, text::lower(text::strip(keyword))) == count;
    }
    return all;
  };
  table["ratio:stop_words"] = [](T reply, A given) -> Result<bool> {
    SXT_TRY(const double most, given.number("percentage"));
    const auto words = word_runs(reply);
    if (words.empty()) return false;
    const auto stops = std::count_if(words.begin(), words.end(), [](T word) { return stop_words().contains(text::lower(word)); });
    return static_cast<double>(stops) / static_cast<double>(words.size()) * 100 <= most;
  };
  table["ratio:sentence_type"] = [](T reply, A given) -> Result<bool> {
    const Kinds kinds = kinds_of(reply, given);
    return kinds.statements == 2 * kinds.questions;
  };
  table["ratio:sentence_balance"] = [](T reply, A given) -> Result<bool> {
    const Kinds kinds = kinds_of(reply, given);
    return kinds.statements == kinds.questions && kinds.questions == kinds.exclamations;
  };
  table["ratio:sentence_words"] = [](T reply, A given) -> Result<bool> {
    const auto sentences = given.punkt().sentences(reply);
    if (sentences.size() != 3) return false;
    const size_t wanted = length(text::strip(sentences[0]));
    return length(text::strip(sentences[1])) == wanted && length(text::strip(sentences[2])) == wanted;
  };
  table["ratio:overlap"] = [](T reply, A given) -> Result<bool> {
    SXT_TRY(const std::string reference, given.text("reference_text"));
    SXT_TRY(const double percentage, given.number("percentage"));
    const auto own = trigrams(reply), other = trigrams(reference);
    if (own.empty()) return false;
    const auto common = std::count_if(own.begin(), own.end(), [&](const auto& one) { return other.contains(one); });
    const double overlap = static_cast<double>(common) / static_cast<double>(own.size()) * 100;
    return percentage - 2 <= overlap && overlap <= percentage + 2;
  };
}

}  // namespace sextant::metric::ifeval
