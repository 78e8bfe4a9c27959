// IFBench: instructions of words: and sentence:, what holds for each of them.
#include "ifbench.hpp"
#include "treebank.hpp"

namespace sextant::metric::ifeval {
namespace {

using A = const Arguments&;
using T = std::string_view;

bool goes_through_alphabet(T reply) {
  const std::string plain = without_marks(reply);
  const auto words = text::words(plain);
  if (words.empty()) return false;
  const std::string first = text::lower(words[0]);
  char letter = first[0];
  if (letter < 'a' || letter > 'z') return false;
  for (size_t i = 1; i < words.size(); ++i) {
    letter = letter == 'z' ? 'a' : static_cast<char>(letter + 1);
    if (text::lower(words[i])[0] != letter) return false;
  }
  return true;
}

bool has_three_vowels(T reply) {
  const T text = text::strip(reply);
  if (text.find('\n') != text.npos) return false;
  const std::string lower = text::lower(text);
  return std::count_if("aeiou", "aeiou" + 5, [&](char vowel) { return lower.find(vowel) != lower.npos; }) <= 3;
}

bool has_clusters(T reply) {
  const auto is_consonant = [](char c) { return c >= 'a' && c <= 'z' && T("aeiou").find(c) == T::npos; };
  const std::string lower = text::lower(reply);
  for (const T word : text::words(lower)) {
    bool cluster = false;
    for (size_t i = 0; i + 1 < word.size(); ++i) cluster = cluster || (is_consonant(word[i]) && is_consonant(word[i + 1]));
    if (!cluster) return false;
  }
  return true;
}

// Words in a row with the same first letter, two for the first of them.
bool alliterates_more_and_more(T reply, A given) {
  int before = -1;
  for (const T sentence : given.punkt().sentences(reply)) {
    const std::string lower = text::lower(sentence);
    std::vector<char32_t> letters;
    for (const T word : text::words(lower))
      if (const T clean = lstrip_of(word, marks_and_blank); !clean.empty()) letters.push_back(first_letter(clean));
    int count = 0;
    bool running = false;
    for (size_t i = 0; i + 1 < letters.size(); ++i) {
      const bool same = letters[i] == letters[i + 1];
      if (same) count += running ? 1 : 2;
      running = same;
    }
    if (count <= before) return false;
    before = count;
  }
  return true;
}

size_t palindromes(T reply) {
  const std::string plain = text::lower(without_marks(reply));
  size_t count = 0;
  for (const T word : text::words(plain)) {
    const std::u32string letters = text::code_points(word);
    count += letters.size() >= 5 && std::equal(letters.begin(), letters.end(), letters.rbegin());
  }
  return count;
}

bool are_primes(T reply) {
  const std::string plain = without_marks(reply);
  for (const T word : text::words(plain)) {
    const size_t n = length(word);
    bool prime = n >= 2 && n < 100;
    for (size_t d = 2; d * d <= n; ++d) prime = prime && n % d != 0;
    if (!prime) return false;
  }
  return true;
}

bool repeats_at_most(T reply, size_t most) {
  const std::string plain = without_marks(text::lower(reply));
  std::map<T, size_t> counts;
  for (const T word : text::words(plain))
    if (++counts[word] > most) return false;
  return true;
}

bool alternates(T reply, const Syllables& syllables) {
  const std::string plain = text::lower(without_marks(reply));
  std::vector<size_t> parities;
  for (const T word : text::words(plain)) parities.push_back(syllables.count(word) % 2);
  for (size_t i = 0; i + 1 < parities.size(); ++i)
    if (parities[i] == parities[i + 1]) return false;
  return true;
}

bool chains_sentences(T reply, A given) {
  const auto sentences = given.punkt().sentences(reply);
  for (size_t i = 0; i + 1 < sentences.size(); ++i) {
    const auto last = text::words(rstrip_of(sentences[i], marks_and_blank)),
               first = text::words(lstrip_of(sentences[i + 1], marks_and_blank));
    if (last.empty() || first.empty() || text::lower(last.back()) != text::lower(first.front())) return false;
  }
  return true;
}

bool ends_as_it_begins(T reply) {
  for (const T paragraph : text::split(reply, "\n")) {
    const std::string lower = text::lower(text::strip(paragraph));
    const auto words = text::words(text::strip(lower, marks_and_blank));
    if (!words.empty() && words.front() != words.back()) return false;
  }
  return true;
}

bool has_no_twin_letters(T reply) {
  const std::string plain = without_marks(text::lower(reply));
  const auto words = text::words(plain);
  for (size_t i = 0; i + 1 < words.size(); ++i)
    if (first_letter(words[i]) == first_letter(words[i + 1])) return false;
  return true;
}

bool stands_second_at_both_ends(const std::vector<std::string>& tokens, const std::string& keyword) {
  if (tokens.size() < 2) return false;
  const bool mark = marks.find(tokens.back()) != marks.npos;
  if (mark && tokens.size() < 3) return false;
  return text::lower(tokens[1]) == keyword && text::lower(tokens[tokens.size() - (mark ? 3 : 2)]) == keyword;
}

Error needs(const char* id, const char* what, const char* key) {
  return {Error::Kind::config, std::string(id) + " needs " + what + "; give the metric ifeval the key \"" + key +
                                   "\" (docs/extraction.md), or leave such rows out"};
}

}  // namespace

void add_words(Checks& table) {
  table["words:alphabet"] = [](T reply, A) -> Result<bool> { return goes_through_alphabet(reply); };
  table["words:vowel"] = [](T reply, A) -> Result<bool> { return has_three_vowels(reply); };
  table["words:consonants"] = [](T reply, A) -> Result<bool> { return has_clusters(reply); };
  table["words:palindrome"] = [](T reply, A) -> Result<bool> { return palindromes(reply) >= 10; };
  table["words:prime_lengths"] = [](T reply, A) -> Result<bool> { return are_primes(reply); };
  table["words:start_verb"] = [](T reply, A given) -> Result<bool> {
    if (!given.tools().tagger) return needs("words:start_verb", "NLTK's tagger", "tagger");
    return given.tools().tagger->first_tag(treebank_tokens(reply, given.punkt())).find("VB") != std::string::npos;
  };
  table["words:repeats"] = [](T reply, A given) -> Result<bool> {
    SXT_TRY(const size_t most, given.count("small_n"));
    return repeats_at_most(reply, most);
  };
  table["words:odd_even_syllables"] = [](T reply, A given) -> Result<bool> {
    if (!given.tools().syllables) return needs("words:odd_even_syllables", "syllapy's list of words", "syllapy");
    return alternates(reply, *given.tools().syllables);
  };
  table["words:last_first"] = [](T reply, A given) -> Result<bool> { return chains_sentences(reply, given); };
  table["words:paragraph_last_first"] = [](T reply, A) -> Result<bool> { return ends_as_it_begins(reply); };
  table["words:no_consecutive"] = [](T reply, A) -> Result<bool> { return has_no_twin_letters(reply); };
  table["words:keywords_specific_position"] = [](T reply, A given) -> Result<bool> {
    SXT_TRY(const std::string keyword, given.text("keyword"));
    SXT_TRY(const size_t n, given.count("n"));
    SXT_TRY(const size_t m, given.count("m"));
    const auto sentences = given.punkt().sentences(reply);
    if (n == 0 || m == 0 || sentences.size() < n) return false;
    size_t word = 0;
    for (const std::string& token : treebank_tokens(sentences[n - 1], given.punkt())) {
      const std::u32string letters = text::code_points(token);
      const bool counts = std::any_of(letters.begin(), letters.end(), [](char32_t c) { return c != '_' && text::is_word(c); });
      if (counts && ++word == m) return text::lower(token) == text::lower(text::strip(keyword));
    }
    return false;
  };
  table["words:words_position"] = [](T reply, A given) -> Result<bool> {
    SXT_TRY(const std::string keyword, given.text("keyword"));
    return stands_second_at_both_ends(treebank_tokens(reply, given.punkt()), text::lower(text::strip(keyword)));
  };
  table["sentence:alliteration_increment"] = [](T reply, A given) -> Result<bool> {
    return alliterates_more_and_more(reply, given);
  };
  table["sentence:keyword"] = [](T reply, A given) -> Result<bool> {
    SXT_TRY(const std::string word, given.text("word"));
    SXT_TRY(const size_t n, given.count("N"));
    const auto sentences = given.punkt().sentences(reply);
    if (n == 0 || sentences.size() < n) return false;
    return found(("\\b" + regex_escape(word) + "\\b").c_str(), sentences[n - 1], false, true);
  };
  table["sentence:increment"] = [](T reply, A given) -> Result<bool> {
    SXT_TRY(const size_t step, given.count("small_n"));
    std::optional<size_t> before;
    for (const T sentence : given.punkt().sentences(reply)) {
      const size_t words = text::words(without_marks(sentence)).size();
      if (before && words != *before + step) return false;
      before = words;
    }
    return true;
  };
}

}  // namespace sextant::metric::ifeval
