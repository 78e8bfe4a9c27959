// Products with weights that stay in their blocks against the same in double precision, in several orders of threads, and for
// any number of rows.
#include <memory>
#include "random_blocks.hpp"

using namespace device_test;
using namespace sextant;
using namespace sextant::cuda;
using engine::TensorType;

namespace {

// A matrix of up to three parts, on the device and as the numbers that it stands for.
template <class T> struct InBlocks {
  struct Part {
    TensorType type;
    uint32_t rows;
  };
  uint32_t inputs, outputs = 0;
  std::vector<std::unique_ptr<DeviceArray<uint8_t>>> bytes;
  std::vector<BlockRows> parts;
  std::vector<double> numbers;  // [outputs][inputs], rounded to T

  InBlocks(Random& random, uint32_t inputs, const std::vector<Part>& from) : inputs(inputs) {
    for (const Part& part : from) {
      const auto blocks = random_blocks(random, part.type, part.rows, inputs);
      bytes.push_back(std::make_unique<DeviceArray<uint8_t>>(blocks));
      parts.push_back(
          {*bytes.back(), part.rows, static_cast<uint32_t>(blocks.size() / part.rows), static_cast<BlockType>(part.type)});
      std::vector<float> exact(size_t{part.rows} * inputs);
      engine::dequantize(part.type, reinterpret_cast<const std::byte*>(blocks.data()), exact.data(), exact.size());
      for (const float v : exact) numbers.push_back(wide(narrow<T>(v)));
      outputs += part.rows;
    }
  }
  BlockProduct<T> times(const T* x, T* y, float* wide_y, uint32_t rows, uint32_t y_stride) const {
    BlockProduct<T> product{x, {}, y, wide_y, rows, inputs, y_stride};
    std::copy(parts.begin(), parts.end(), product.parts);
    return product;
  }
  std::vector<double> expected(const std::vector<T>& x, uint32_t rows) const {
    std::vector<double> y;
    for (uint32_t r = 0; r < rows; ++r)
      for (uint32_t o = 0; o < outputs; ++o) {
        double sum = 0;
        for (uint32_t i = 0; i < inputs; ++i) sum += wide(x[r * inputs + i]) * numbers[o * inputs + i];
        y.push_back(sum);
      }
    return y;
  }
};

template <class T> void check(const InBlocks<T>& w, Random& random, uint32_t rows) {
  CAPTURE(rows, w.inputs, w.outputs);
  const auto x = random.numbers<T>(rows * w.inputs);
  DeviceArray<T> d_x(x);
  const auto sums = in_all_orders([&] {
    DeviceArray<float> y(rows * w.outputs);
    CUDA_REQUIRE(block_product(w.times(d_x, nullptr, y, rows, w.outputs), nullptr));
    return y.host();
  });
  CHECK(difference(sums, w.expected(x, rows)) < 2e-6);
  DeviceArray<T> y(rows * w.outputs);
  CUDA_REQUIRE(block_product(w.times(d_x, y, nullptr, rows, w.outputs), nullptr));
  std::vector<T> rounded;
  for (const float v : sums) rounded.push_back(narrow<T>(v));
  CHECK(same_bits(y.host(), rounded));
}

}  // namespace

TEMPLATE_TEST_CASE("products of every block format", "", float, bf16, fp16) {
  Random random(20);
  for (int t = 0; t <= static_cast<int>(TensorType::q6_k); ++t) {
    const auto type = static_cast<TensorType>(t);
    CAPTURE(std::string(engine::block_format(type).name));
    check(InBlocks<TestType>(random, 256, {{type, 19}}), random, 2);
  }
}

// 11 pieces: some warps have one, some two; parts end within a tile.
TEMPLATE_TEST_CASE("products of parts of several formats", "", float, bf16, fp16) {
  Random random(21);
  const InBlocks<TestType> w(random, 352, {{TensorType::q4_0, 40}, {TensorType::q8_0, 16}, {TensorType::q5_1, 5}});
  for (const uint32_t rows : {1u, 11u, 70u}) check(w, random, rows);
}

TEMPLATE_TEST_CASE("a row's product has the same bits in any number of rows", "", float, bf16, fp16) {
  constexpr uint32_t rows = 70;
  Random random(22);
  const InBlocks<TestType> w(random, 1280, {{TensorType::q4_k, 33}, {TensorType::q6_k, 3}});
  const auto x = random.numbers<TestType>(rows * w.inputs);
  DeviceArray<TestType> d_x(x);
  const auto product = [&](uint32_t first, uint32_t count) {
    DeviceArray<float> y(count * (w.outputs + 3));
    CUDA_REQUIRE(block_product(w.times(d_x.get() + first * w.inputs, nullptr, y, count, w.outputs + 3), nullptr));
    return y.host();
  };
  const auto all = product(0, rows);
  for (const auto& [first, count] : {std::pair{0u, 1u}, {69u, 1u}, {3u, 8u}, {1u, 9u}, {31u, 32u}, {20u, 33u}}) {
    CAPTURE(first, count);
    const auto some = product(first, count);
    for (uint32_t r = 0; r < count; ++r) {
      const auto begin = some.begin() + r * (w.outputs + 3), of_all = all.begin() + (first + r) * (w.outputs + 3);
      CHECK(same_bits(std::vector<float>(begin, begin + w.outputs), std::vector<float>(of_all, of_all + w.outputs)));
    }
  }
}

TEST_CASE("a product of a width that no block format has is refused") {
  Random random(23);
  const InBlocks<bf16> w(random, 48, {{TensorType::bf16, 16}});
  DeviceArray<bf16> x(48);
  DeviceArray<float> y(16);
  CHECK(block_product(w.times(x, nullptr, y, 1, 16), nullptr) == cudaErrorInvalidValue);
}
