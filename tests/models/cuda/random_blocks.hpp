// Rows in a checkpoint's formats for the tests of kernels: any bits, but no scale or number that is not finite.
#pragma once
#include "../../../models/engine/checkpoint/dequantize.hpp"
#include "device_array.hpp"

namespace device_test {

inline std::vector<uint8_t> random_blocks(Random& random, sextant::engine::TensorType type, size_t rows, size_t columns) {
  const sextant::engine::BlockFormat& format = sextant::engine::block_format(type);
  std::vector<uint8_t> bytes(rows * (columns / format.elements * format.bytes));
  for (uint8_t& b : bytes) b = static_cast<uint8_t>(random.below(256));
  if (format.elements == 1)
    for (size_t i = format.bytes - 1; i < bytes.size(); i += format.bytes)
      bytes[i] = static_cast<uint8_t>(0x30 | (bytes[i] & 0x83));
  else  // each block's halves likewise, wherever the format has them
    for (size_t block = 0; block < bytes.size(); block += format.bytes)
      for (const size_t half : {size_t{0}, size_t{2}, size_t{format.bytes} - 2})
        bytes[block + half + 1] = static_cast<uint8_t>(0x20 | (bytes[block + half + 1] & 0x93));
  return bytes;
}

}  // namespace device_test
