#include "speculation.hpp"
#include <algorithm>
#include <utility>

namespace sextant::engine {
namespace {

constexpr size_t replies_most = size_t{1} << 17;  // tokens that a history of replies holds: with its index 2 MiB

// What followed there. At the end of a generation's own text it goes on with the guess itself: what repeats, repeats.
std::vector<int32_t> after(const TokenHistory& history, uint32_t position, bool own) {
  const auto known = history.tokens().subspan(position);
  std::vector<int32_t> tokens;
  while (tokens.size() <= Speculation::draft_most) {
    const size_t i = tokens.size();
    if (i >= known.size() && !own) break;
    const int32_t token = i < known.size() ? known[i] : tokens[i - known.size()];
    if (token == TokenHistory::gap) break;
    tokens.push_back(token);
  }
  return tokens;
}

}  // namespace

// Matches of 2, 3, 4 to 5, 6 to 8, 9 to 16 and more tokens are kinds of their own.
size_t Speculation::kind(uint32_t match, bool own, bool sampled) {
  const size_t length = match <= 2 ? 0 : match == 3 ? 1 : match <= 5 ? 2 : match <= 8 ? 3 : match <= 16 ? 4 : 5;
  return (size_t{own} * 2 + sampled) * lengths + length;
}

// The longer the match, the better; a few trials say more than this.
std::array<Speculation::Rate, 4 * Speculation::lengths> Speculation::start() {
  constexpr double greedy[] = {0.3, 0.45, 0.6, 0.7, 0.8, 0.9}, drawn[] = {0.2, 0.3, 0.4, 0.5, 0.55, 0.6}, weight = 8;
  std::array<Rate, 4 * lengths> rates{};
  for (size_t i = 0; i < rates.size(); ++i) {
    const bool sampled = i / lengths % 2;
    rates[i] = {weight * (sampled ? drawn : greedy)[i % lengths], weight};
  }
  return rates;
}

Guess Speculation::guess(const TokenHistory& text, std::span<const TokenHistory* const> siblings) const {
  const auto all = text.tokens();
  const auto tail = all.last(std::min<size_t>(all.size(), TokenHistory::match_most));
  Guess best;
  const auto look = [&](const TokenHistory& history, bool own) {
    if (best.match == TokenHistory::match_most) return;
    if (const auto found = history.find(tail); found.length > best.match)
      best = {after(history, found.position, own), found.length, own};
  };
  look(text, true);
  for (const TokenHistory* sibling : siblings) look(*sibling, false);
  look(recent_, false);
  look(before_, false);
  return best;
}

double Speculation::expected(const Guess& guess, uint32_t ahead, bool sampled) const {
  const Rate& rate = rates_[kind(guess.match + ahead, guess.own, sampled)];
  return rate.right / rate.tried;
}

// A row more costs a row; a token more saves a row and its part of a step: it pays from rows / (rows + step_rows) on, whatever
// prompts are computed in the same batch.
uint32_t Speculation::draft_length(const Guess& guess, const GuessRecord& record, bool sampled, uint32_t sequences,
                                   uint32_t step_rows) const {
  const double enough = static_cast<double>(sequences) / (static_cast<double>(sequences) + step_rows);
  double probability = 1;
  uint32_t length = 0;
  for (; length < std::min<size_t>(draft_most, guess.tokens.size()); ++length) {
    probability *= std::min(0.99, expected(guess, length, sampled) * record.factor());
    if (probability < enough) break;
  }
  return length;
}

void Speculation::learn(const Guess& guess, uint32_t ahead, bool sampled, int32_t token, GuessRecord& record) {
  const bool right = guess.tokens[ahead] == token;
  record.add(expected(guess, ahead, sampled), right);
  Rate& rate = rates_[kind(guess.match + ahead, guess.own, sampled)];
  constexpr double memory = 1000;  // trials; other data behave otherwise
  if (rate.tried >= memory) rate.right /= 2, rate.tried /= 2;
  rate.right += right;
  rate.tried += 1;
}

void Speculation::keep(std::span<const int32_t> prompt_end, std::span<const int32_t> reply) {
  if (reply.empty()) return;
  if (recent_.tokens().size() + reply.size() > replies_most) before_ = std::exchange(recent_, {});
  recent_.append(prompt_end);
  recent_.append(reply);
  recent_.append(TokenHistory::gap);
}

}  // namespace sextant::engine
