// Products, attention and what is done to rows, on the two instruction sets that valgrind can run.
#include "../../models/cpu/isa.hpp"
#include "../../models/cpu/memory.hpp"
#include "../models/cpu/text_attention.hpp"
#include "paths.hpp"

namespace sextant::perf {
namespace {

using namespace cpu;
using fakes::numbers;

constexpr uint32_t depth = 576, panels = 2, columns = panels * panel_columns;

struct Format {
  const char* name;
  Compute compute;
  bool nibbles = false;  // else weights are as the product wants them
};
constexpr Format formats[] = {{"f32", Compute::f32},
                              {"bf16", Compute::bf16},
                              {"int8 on 8 bits", Compute::int8},
                              {"int8 on 4 bits", Compute::int8, true},
                              {"exact", Compute::exact}};

// Any bytes are weights; only how many there are matters to the count.
Work product(const MatMul& matmul, PanelFormat stored, uint32_t rows) {
  auto weights = std::make_shared<Bytes>(panels * panel_bytes(stored, depth)),
       encoded = std::make_shared<Bytes>(rows * matmul.row_bytes(depth));
  auto sums = std::make_shared<Floats>(size_t{rows} * columns);
  const auto x = numbers(size_t{rows} * depth, 1);
  for (uint32_t r = 0; r < rows; ++r)
    matmul.encode(x.data() + size_t{r} * depth, 0, depth, depth, encoded->data() + r * matmul.row_bytes(depth));
  return [=, &matmul](int) {
    matmul.multiply(encoded->data(), matmul.row_bytes(depth), rows, {stored, weights->data(), depth, panels}, sums->data(),
                    columns, false);
  };
}

Work encoding(const MatMul& matmul, uint32_t rows) {
  auto encoded = std::make_shared<Bytes>(rows * matmul.row_bytes(depth));
  return [=, &matmul, x = numbers(size_t{rows} * depth, 1)](int) {
    for (uint32_t r = 0; r < rows; ++r)
      matmul.encode(x.data() + size_t{r} * depth, 0, depth, depth, encoded->data() + r * matmul.row_bytes(depth));
  };
}

Work attention(const AttentionFormat& format, uint32_t tokens) {
  auto text = std::make_shared<fakes::TextAttention>(format, 3 * tokens, 256);
  return [=](int) { text->attend(); };
}

Work storing_keys(const AttentionFormat& format) {
  constexpr uint32_t head_dim = 64;
  auto page = std::make_shared<Bytes>(format.page_bytes(head_dim));
  return [=, &format, k = numbers(head_dim, 2), v = numbers(head_dim, 3)](int) {
    for (uint32_t i = 0; i < 64; ++i) format.put(k.data(), v.data(), head_dim, i % page_keys, page->data());
  };
}

Work rows(const Kernels& kernels) {
  auto y = std::make_shared<std::vector<float>>(depth);
  return [=, &kernels, x = numbers(depth, 1), w = numbers(depth, 2)](int) mutable {
    for (int i = 0; i < 16; ++i) {
      kernels.rms_norm(x.data(), w.data(), y->data(), depth, 1e-5f);
      for (uint32_t head = 0; head < depth; head += 64) kernels.rope(x.data() + head, w.data(), w.data() + 32, 32);
      for (uint32_t p = 0; p < depth; p += panel) kernels.swiglu(x.data() + p, w.data() + p, y->data() + p);
      for (uint32_t p = 0; p < depth; p += panel) kernels.geglu(x.data() + p, w.data() + p, y->data() + p);
      kernels.scale_and_cap(y->data(), depth, 1, 30);
    }
  };
}

}  // namespace

void add_kernels(Paths& ret) {
  for (const std::string isa : {"avx2", "portable"}) {
    for (const Format& format : formats)
      for (const uint32_t rows : {48u, 1u})
        ret.push_back({"matmul/" + std::string(format.name) + "/" + isa + (rows == 1 ? "/1 row" : "/48 rows"),
                       [=] {
                         const MatMul& matmul = *need(choose_matmul(isa, format.compute));
                         return product(matmul, format.nibbles ? PanelFormat::q4 : matmul.weights, rows);
                       }});
    for (const auto& type : {std::pair{Compute::f32, "f32/"}, {Compute::bf16, "bf16/"}, {Compute::int8, "int8/"},
                             {Compute::exact, "exact/"}}) {
      const Compute compute = type.first;
      const std::string name = type.second;
      ret.push_back({"encode/" + name + isa, [=] { return encoding(*need(choose_matmul(isa, compute)), 48); }});
      if (compute == Compute::int8) continue;  // its attention is that of exact
      for (const uint32_t tokens : {16u, 1u})
        ret.push_back({"attention/" + name + isa + (tokens == 1 ? "/1 token" : "/16 tokens"),
                       [=] { return attention(*need(choose_attention(isa, compute)), tokens); }});
      ret.push_back(
          {"attention/" + name + isa + "/storing keys", [=] { return storing_keys(*need(choose_attention(isa, compute))); }});
    }
    ret.push_back({"norm, rope, gates, cap/" + isa, [=] { return rows(*need(choose_kernels(isa))); }});
    ret.push_back({"norm, rope, gates, cap/exact/" + isa, [=] { return rows(*need(choose_kernels(isa, Compute::exact))); }});
  }
}

}  // namespace sextant::perf
