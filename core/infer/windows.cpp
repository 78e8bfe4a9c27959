#include "windows.hpp"
#include <algorithm>
#include <cassert>

namespace sextant::infer {

std::vector<Window> disjoint_windows(size_t tokens, size_t length) {
  assert(length > 0);
  std::vector<Window> out;
  for (size_t begin = 0; begin < tokens;) {
    const size_t end = std::min(begin + length, tokens);
    out.push_back({begin == 0 ? 0 : end - length - 1, begin, end});
    begin = end;
  }
  return out;
}

std::vector<Window> strided_windows(size_t tokens, size_t length, size_t stride) {
  assert(stride > 0 && stride < length);
  std::vector<Window> out;
  size_t predicted = 1;
  for (size_t context = 0; predicted < tokens; context += stride) {
    const size_t end = std::min(context + length, tokens);
    out.push_back({context, predicted, end});
    predicted = end;
  }
  return out;
}

}  // namespace sextant::infer
