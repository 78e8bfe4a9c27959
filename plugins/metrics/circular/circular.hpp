// Circular evaluation: is a question answered right in every order of its options? Pure; [any] thread.
#pragma once
#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sextant::metric {

/// One answer: the question, the order of its options ("BCDA"), and whether it was right.
struct Turned {
  uint64_t id;
  std::string pattern;
  bool right;
};

/// The families of orders that OpenCompass names: as the set has them, its rotations, all orders. Each with acc (share of
/// right answers), perf (share of questions right in all orders) and more_j (in j or more). Shares are percent. A family is
/// there if every question has all of its orders.
inline std::vector<std::pair<std::string, double>> circular_values(const std::vector<Turned>& answers) {
  struct Question {
    std::map<std::string, bool> by_pattern;
  };
  // a question that is there twice, as where a bootstrap draws it again, is two questions
  std::map<std::pair<uint64_t, size_t>, Question> questions;
  std::map<std::pair<uint64_t, std::string>, size_t> times;
  for (const Turned& one : answers) questions[{one.id, times[{one.id, one.pattern}]++}].by_pattern[one.pattern] = one.right;
  const auto origin = [](size_t n) {
    std::string out;
    for (size_t i = 0; i < n; ++i) out += static_cast<char>('A' + i);
    return out;
  };
  const auto rotated = [&](const std::string& pattern) {   // ABCD, BCDA, ...: the letter behind each is the next one
    for (size_t i = 0; i < pattern.size(); ++i)
      if (static_cast<size_t>(pattern[i] - 'A') != (static_cast<size_t>(pattern[0] - 'A') + i) % pattern.size()) return false;
    return true;
  };
  std::vector<std::pair<std::string, double>> out;
  for (const std::string family : {"origin", "circular", "all_possible"}) {
    std::vector<std::pair<size_t, size_t>> counts;   // right ones and all, of each question
    size_t least = SIZE_MAX;
    bool whole = !questions.empty();
    for (const auto& [id, question] : questions) {
      const size_t n = question.by_pattern.begin()->first.size();
      size_t right = 0, all = 0, factorial = 1;
      for (size_t i = 2; i <= n; ++i) factorial *= i;
      for (const auto& [pattern, good] : question.by_pattern) {
        if (family == "origin" ? pattern != origin(n) : family == "circular" && !rotated(pattern)) continue;
        ++all;
        right += good;
      }
      whole = whole && all == (family == "origin" ? 1 : family == "circular" ? n : factorial);
      counts.emplace_back(right, all);
      least = std::min(least, all);
    }
    if (!whole) continue;
    double right = 0, all = 0, perfect = 0;
    for (const auto& [good, of] : counts) {
      right += static_cast<double>(good);
      all += static_cast<double>(of);
      perfect += good == of;
    }
    const auto share = [&](double part) { return 100 * part / static_cast<double>(counts.size()); };
    out.emplace_back("acc_" + family, 100 * right / all);
    if (family == "origin") continue;
    out.emplace_back("perf_" + family, share(perfect));
    for (size_t j = 1; family == "circular" && j < least; ++j) {
      double enough = 0;
      for (const auto& [good, of] : counts) enough += good >= j;
      out.emplace_back("more_" + std::to_string(j) + "_" + family, share(enough));
    }
  }
  return out;
}

}  // namespace sextant::metric
