// A fuzz target: any bytes as a safetensors file.
#include <cstdlib>
#include <vector>
#include <checkpoint/dequantize.hpp>
#include <checkpoint/safetensors.hpp>
#include "memory_file.hpp"

using namespace sextant::engine;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file = SafetensorsFile::open(sextant::fuzz::memory_file(data, size));
  if (!file) return 0;
  size_t bytes = 0;
  for (const Tensor& tensor : file->tensors()) {
    std::vector<float> numbers(tensor.bytes.size() / block_format(tensor.type).bytes);
    dequantize(tensor.type, tensor.bytes.data(), numbers.data(), numbers.size());
    bytes += tensor.bytes.size();
  }
  if (bytes > size) std::abort();  // no byte may belong to two
  return 0;
}
