// Rotary positions (Su et al. 2021) and the ways in which checkpoints stretch them to longer texts. Pure functions in double
// precision, the same for every device. Threads: [any].
#pragma once
#include <cstdint>
#include <vector>

namespace sextant::engine {

struct Rope {
  enum class Scaling : uint8_t {
    none,
    linear,       // positions divided by factor (Chen et al. 2023)
    dynamic_ntk,  // theta grows with the request's length beyond original_context
    llama3,       // low frequencies divided by factor, a smooth step between (Llama 3.1)
    yarn,         // by parts (Peng et al. 2023)
    longrope,     // one divisor for each frequency, another set beyond original_context (Ding et al. 2024)
  };
  double theta = 10'000;
  uint32_t dims = 0;                 // leading dimensions of a head that rotate, in pairs (i, i + dims / 2)
  Scaling scaling = Scaling::none;
  double factor = 1;
  uint32_t original_context = 0;     // tokens that the frequencies were made for
  double low_frequency_factor = 1, high_frequency_factor = 4;  // llama3
  double beta_fast = 32, beta_slow = 1;                        // yarn
  bool truncate = true;                                        // yarn: its borders are rounded to whole dimensions
  double magnitude = 1;              // cosines and sines are multiplied by it (yarn's and longrope's attention factor)
  std::vector<double> divisors{};    // [dims / 2] longrope up to original_context, or a GGUF's rope_freqs; empty: ones
  std::vector<double> long_divisors{};  // [dims / 2] longrope beyond original_context
};

/// The length that stands for a request of `length` tokens: requests for which it is equal rotate alike and may share keys.
/// 0 where the length does not matter, or not yet.
uint32_t rope_length(const Rope& rope, uint32_t length);

/// Angle per position of each pair: [dims / 2], for requests of that rope_length. `exact`: by the functions of fixed_math.hpp,
/// so that every machine has the same bits; else by the C library's.
std::vector<double> rope_frequencies(const Rope& rope, uint32_t rope_length, bool exact = false);

}  // namespace sextant::engine
