// The counter of step_counter.hpp. Compiled without coverage and without loops that become calls of the functions that they are
// in (tests/plugins/meson.build).
#include "step_counter.hpp"
#include <cstddef>

namespace sextant::test {
uint64_t steps = 0;
}

namespace {
// bytes that the C library handles at once
void count(size_t bytes) { sextant::test::steps += 1 + bytes / 16; }
}  // namespace

extern "C" {

void __sanitizer_cov_trace_pc() { ++sextant::test::steps; }

void* memchr(const void* text, int wanted, size_t size) noexcept {
  const auto* bytes = static_cast<const unsigned char*>(text);
  size_t i = 0;
  while (i < size && bytes[i] != static_cast<unsigned char>(wanted)) ++i;
  count(i);
  return i < size ? const_cast<unsigned char*>(bytes + i) : nullptr;
}

int memcmp(const void* left, const void* right, size_t size) noexcept {
  const auto *a = static_cast<const unsigned char*>(left), *b = static_cast<const unsigned char*>(right);
  size_t i = 0;
  while (i < size && a[i] == b[i]) ++i;
  count(i);
  return i < size ? a[i] - b[i] : 0;
}

void* memcpy(void* to, const void* from, size_t size) noexcept {
  auto* out = static_cast<unsigned char*>(to);
  const auto* in = static_cast<const unsigned char*>(from);
  for (size_t i = 0; i < size; ++i) out[i] = in[i];
  count(size);
  return to;
}

void* memmove(void* to, const void* from, size_t size) noexcept {
  auto* out = static_cast<unsigned char*>(to);
  const auto* in = static_cast<const unsigned char*>(from);
  if (out <= in)
    for (size_t i = 0; i < size; ++i) out[i] = in[i];
  else
    for (size_t i = size; i > 0; --i) out[i - 1] = in[i - 1];
  count(size);
  return to;
}

}  // extern "C"
