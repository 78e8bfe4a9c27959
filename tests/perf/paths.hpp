// The hot paths whose instructions are counted: what each does on made-up data, one file for each part of the program.
#pragma once
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>
#include <sextant/result.hpp>

namespace sextant::perf {

/// Does the path once. `round` 0 warms up what is made once in a run (tables, symbols, first pages); round 1 is counted, and is
/// given other data where a path keeps what it has seen.
using Work = std::function<void(int round)>;

struct Path {
  std::string name;               // "matmul/f32/avx2/48 rows"
  std::function<Work()> prepare;  // makes the data; throws where the processor cannot run the path
};
using Paths = std::vector<Path>;

void add_kernels(Paths& ret);
void add_forward(Paths& ret);
void add_schedule(Paths& ret);
void add_texts(Paths& ret);
void add_samples(Paths& ret);

/// The value, or an exception with the error's sentence.
template <class T> T need(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

}  // namespace sextant::perf
