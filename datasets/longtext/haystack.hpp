// Generated long texts with something to find in them: needles, chains of variables, frequent words. Every text is a function of
// (seed, row, length) alone. Pure; [any] thread.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace sextant::longtext {

/// splitmix64, keyed: the same numbers on every machine.
class Random {
 public:
  Random(uint64_t seed, uint64_t row) : state_(seed * 0x9E3779B97F4A7C15u ^ (row + 1) * 0xD1B54A32D192ED03u) {}
  uint64_t next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }
  uint64_t below(uint64_t n) { return next() % n; }   // n is small beside 2^64

 private:
  uint64_t state_;
};

/// Words that no language has, so that no model knows them.
inline std::string word(Random& random) {
  static constexpr std::array<const char*, 16> onsets = {"b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "st", "tr"};
  static constexpr std::array<const char*, 5> vowels = {"a", "e", "i", "o", "u"};
  std::string out;
  for (int k = 0; k < 3; ++k) (out += onsets[random.below(onsets.size())]) += vowels[random.below(vowels.size())];
  return out;
}
inline std::string number(Random& random) { return std::to_string(1'000'000 + random.below(9'000'000)); }
inline std::string uuid(Random& random) {
  std::string out;
  for (int k = 0; k < 32; ++k) {
    if (k == 8 || k == 12 || k == 16 || k == 20) out += '-';
    out += "0123456789abcdef"[random.below(16)];
  }
  return out;
}
/// `n` that differ.
template <class Make>
std::vector<std::string> different(size_t n, Random& random, Make make) {
  std::vector<std::string> out;
  for (std::set<std::string> seen; out.size() < n;)
    if (std::string one = make(random); seen.insert(one).second) out.push_back(std::move(one));
  return out;
}

inline size_t words_in(const std::string& text) {
  size_t n = 0;
  bool inside = false;
  for (const char c : text) {
    n += !inside && c != ' ' && c != '\n';
    inside = c != ' ' && c != '\n';
  }
  return n;
}

/// Sentences of noise until the text with `needles` has `length` words; the needles stand in order at places spread over it,
/// the first at `depth` (0 to 1) if there is one alone.
inline std::string hide(const std::vector<std::string>& needles, size_t length, double depth, Random& random,
                        const std::vector<std::string>& noise) {
  size_t words = 0;
  for (const std::string& needle : needles) words += words_in(needle);
  std::vector<std::string> sentences;
  while (words < length) {
    sentences.push_back(noise[random.below(noise.size())]);
    words += words_in(sentences.back());
  }
  std::vector<size_t> places;
  for (size_t i = 0; i < needles.size(); ++i)
    places.push_back(needles.size() == 1 ? static_cast<size_t>(depth * static_cast<double>(sentences.size()))
                                         : random.below(sentences.size() + 1));
  std::sort(places.begin(), places.end());
  std::string out;
  for (size_t i = 0, k = 0; i <= sentences.size(); ++i) {
    for (; k < needles.size() && places[k] == i; ++k) (out += out.empty() ? "" : " ") += needles[k];
    if (i < sentences.size()) (out += out.empty() ? "" : " ") += sentences[i];
  }
  return out;
}

inline std::vector<std::string> plain_noise() {
  return {"The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again."};
}
/// Sentences of made-up words, all different: a text in which needles do not stand out by repetition of what is around them.
inline std::vector<std::string> varied_noise(size_t n, Random& random) {
  std::vector<std::string> out;
  for (size_t i = 0; i < n; ++i) {
    const std::string a = word(random), b = word(random), c = word(random), d = word(random);
    switch (random.below(3)) {
      case 0: out.push_back("The " + a + " of " + b + " was near the " + c + " when " + d + " came home."); break;
      case 1: out.push_back("Nobody in " + a + " had seen a " + b + " so small, said " + c + " to " + d + "."); break;
      default: out.push_back("In the year of the " + a + " they built a " + b + " and called it " + c + "."); break;
    }
  }
  return out;
}

}  // namespace sextant::longtext
