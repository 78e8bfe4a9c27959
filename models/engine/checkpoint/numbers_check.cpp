#include "numbers_check.hpp"
#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <sextant/numbers.hpp>
#include "dequantize.hpp"
#include "messages.hpp"

namespace sextant::engine {
namespace {

struct Found {
  bool not_finite = false;
  bool bits = false;  // any but the signs
};

// `count` numbers of type T whose exponent is `exponent` where they are not finite. Plain loops without branches, which the
// compiler vectorises.
template <class T> Found look(const std::byte* p, size_t count, T exponent) {
  constexpr size_t chunk = 1'024;
  constexpr T magnitude = static_cast<T>(~T{0}) >> 1;
  std::array<T, chunk> numbers;
  T bits = 0, bad = 0;
  for (size_t at = 0; at < count; at += chunk) {
    const size_t n = std::min(chunk, count - at);
    std::memcpy(numbers.data(), p + at * sizeof(T), n * sizeof(T));
    for (size_t i = 0; i < n; ++i) {
      bits = static_cast<T>(bits | (numbers[i] & magnitude));
      bad = static_cast<T>(bad | T((numbers[i] & exponent) == exponent));
    }
  }
  return {bad != 0, bits != 0};
}

// Where a block's halves stand; -1: none.
struct Halves {
  int first = -1, second = -1;
};
Halves halves_of(TensorType type) {
  switch (type) {
    case TensorType::q4_0:
    case TensorType::q5_0:
    case TensorType::q8_0:
    case TensorType::iq4_nl:
    case TensorType::iq4_xs: return {0};
    case TensorType::q4_1:
    case TensorType::q5_1:
    case TensorType::q4_k:
    case TensorType::q5_k: return {0, 2};
    case TensorType::q6_k: return {208};
    case TensorType::q2_k: return {80, 82};
    case TensorType::q3_k: return {108};
    default: return {};
  }
}

Found look_at_row(TensorType type, const std::byte* row, size_t columns) {
  if (type == TensorType::f32) return look<uint32_t>(row, columns, 0x7F800000);
  if (type == TensorType::f16) return look<uint16_t>(row, columns, 0x7C00);
  if (type == TensorType::bf16) return look<uint16_t>(row, columns, 0x7F80);
  const BlockFormat& format = block_format(type);
  const Halves halves = halves_of(type);
  if (halves.first < 0) return {false, true};  // MXFP4: any byte is a scale
  Found found;
  for (size_t block = 0; block < columns / format.elements; ++block, row += format.bytes)
    for (const int at : {halves.first, halves.second}) {
      if (at < 0) continue;
      uint16_t half;
      std::memcpy(&half, row + at, sizeof half);
      found.not_finite |= (half & 0x7C00) == 0x7C00, found.bits |= (half & 0x7FFF) != 0;
    }
  return found;
}

}  // namespace

NumbersCheck check_numbers(const Tensor& tensor) {
  NumbersCheck check;
  const uint64_t columns = tensor.columns();
  const BlockFormat& format = block_format(tensor.type);
  const size_t row_bytes = columns / format.elements * format.bytes;
  if (row_bytes == 0) return check;
  for (uint64_t row = 0; row < tensor.bytes.size() / row_bytes; ++row) {
    const Found found = look_at_row(tensor.type, tensor.bytes.data() + row * row_bytes, columns);
    if (found.bits) check.all_zero = false;
    if (found.not_finite && check.rows_not_finite++ == 0) check.first_not_finite = row;
  }
  return check;
}

std::string not_finite(const Tensor& tensor, const NumbersCheck& check) {
  const bool one = tensor.shape.size() < 2;
  return fmt::format("tensor {} holds a NaN or an infinity{}", shown(tensor.name),
                     one                          ? std::string()
                     : check.rows_not_finite == 1 ? fmt::format(" in row {}", check.first_not_finite)
                                                  : fmt::format(" in {} rows, the first is row {}",
                                                                with_commas(check.rows_not_finite), check.first_not_finite));
}

}  // namespace sextant::engine
