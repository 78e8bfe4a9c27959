// What a generation will probably say next, and whether it pays to compute it before that is known: a draft. Drafts come from
// the generation's own prompt and reply, from replies to the same prompt, and from replies that ended before, in earlier calls,
// too. A draft that is wrong costs time and changes nothing: a row's bits do not depend on the other rows of its batch
// (docs/adr/0046-drafts-change-no-bit.md).
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <vector>
#include "token_history.hpp"

namespace sextant::engine {

/// What probably follows, and what is known of such guesses.
struct Guess {
  std::vector<int32_t> tokens;      // empty: no guess
  uint32_t match = 0;               // equal tokens before it
  bool own = false;                 // of the generation's own text
};

/// How well guesses did for one generation, compared with what was expected of them; the latest count most.
class GuessRecord {
 public:
  void add(double expected, bool right) {
    expected_ = 0.9 * expected_ + expected;
    right_ = 0.9 * right_ + right;
  }
  double factor() const { return (right_ + weight) / (expected_ + weight); }

 private:
  static constexpr double weight = 3;
  double expected_ = 0, right_ = 0;
};

/// One device's, used by the worker that has the device; it outlives the calls of run.
class Speculation {
 public:
  static constexpr uint32_t draft_most = 15;  // with the row that is computed anyway a tile of 16 rows

  /// `text`: prompt and reply so far. `siblings`: the histories of others that go on from the same prompt.
  Guess guess(const TokenHistory& text, std::span<const TokenHistory* const> siblings) const;
  /// How many of the guessed tokens are worth a row each, where `sequences` generate and a step costs as much as `step_rows` rows
  /// more than it has.
  uint32_t draft_length(const Guess& guess, const GuessRecord& record, bool sampled, uint32_t sequences,
                        uint32_t step_rows) const;
  /// `token` is what came where the guess, gone on with for `ahead` right tokens, said guess.tokens[ahead]; whether it was
  /// drafted does not matter.
  void learn(const Guess& guess, uint32_t ahead, bool sampled, int32_t token, GuessRecord& record);
  /// Counts for `drafted` and `accepted`.
  void count(uint32_t drafted, uint32_t accepted) { drafted_ += drafted, accepted_ += accepted; }
  /// Since the model was loaded: tokens that were computed before it was known whether they are said; those that were. [any]
  uint64_t drafted() const { return drafted_; }
  uint64_t accepted() const { return accepted_; }
  /// A generation has ended. `prompt_end`: the prompt's last tokens.
  void keep(std::span<const int32_t> prompt_end, std::span<const int32_t> reply);

 private:
  struct Rate { double right, tried; };
  static size_t kind(uint32_t match, bool own, bool sampled);
  double expected(const Guess& guess, uint32_t ahead, bool sampled) const;

  static constexpr size_t lengths = 6;
  std::array<Rate, 4 * lengths> rates_ = start();  // by kind
  static std::array<Rate, 4 * lengths> start();
  std::atomic<uint64_t> drafted_ = 0, accepted_ = 0;
  TokenHistory recent_, before_;  // of replies; when the first is full, it takes the second's place
};

}  // namespace sextant::engine
