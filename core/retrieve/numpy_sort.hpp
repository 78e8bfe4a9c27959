// The order in which numpy's argsort leaves numbers, equal ones included: the compat modes show the rows that OpenCompass
// shows, and there the order of equal scores is an accident of the sorting. Pure; [any].
//
// Source: numpy's argsort of kind "quicksort" on floats, as it is described in its manual and seen in its results: quicksort
// with a median of three, insertion sort up to 16 elements. numpy 1.25 and later sort with AVX-512 where the processor has
// it, and leave equal numbers in another order; this is what all versions do elsewhere. Where quicksort would become
// quadratic numpy changes to heapsort; here equal numbers then keep their order.
#pragma once
#include <algorithm>
#include <bit>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace sextant::retrieve {

namespace detail {

/// Sorts order[first .. last], both inclusive, by `less` on elements.
template <class Less>
void quicksort(std::vector<uint32_t>& order, ptrdiff_t first, ptrdiff_t last, int levels, const Less& less) {
  const auto at = [&](ptrdiff_t i) -> uint32_t& { return order[static_cast<size_t>(i)]; };
  for (; last - first > 15; --levels) {
    if (levels < 0) return std::stable_sort(order.begin() + first, order.begin() + last + 1, less);
    const ptrdiff_t middle = first + (last - first) / 2;
    if (less(at(middle), at(first))) std::swap(at(middle), at(first));
    if (less(at(last), at(middle))) std::swap(at(last), at(middle));
    if (less(at(middle), at(first))) std::swap(at(middle), at(first));
    // the pivot waits next to the end; both ends are already on their sides
    const uint32_t pivot = at(middle);
    std::swap(at(middle), at(last - 1));
    ptrdiff_t left = first, right = last - 1;
    for (;;) {
      while (less(at(++left), pivot)) {}
      while (less(pivot, at(--right))) {}
      if (left >= right) break;
      std::swap(at(left), at(right));
    }
    std::swap(at(left), at(last - 1));
    quicksort(order, first, left - 1, levels - 1, less);
    first = left + 1;
  }
  for (ptrdiff_t i = first + 1; i <= last; ++i)
    for (ptrdiff_t j = i; j > first && less(at(j), at(j - 1)); --j) std::swap(at(j), at(j - 1));
}

}  // namespace detail

/// Ascending; NaNs last.
template <class T> std::vector<uint32_t> numpy_argsort(std::span<const T> values) {
  std::vector<uint32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0u);
  const auto less = [&](uint32_t a, uint32_t b) {
    return values[a] < values[b] || (values[b] != values[b] && values[a] == values[a]);
  };
  const int levels = 2 * (static_cast<int>(std::bit_width(values.size())) - 1);
  detail::quicksort(order, 0, static_cast<ptrdiff_t>(values.size()) - 1, levels, less);
  return order;
}

}  // namespace sextant::retrieve
