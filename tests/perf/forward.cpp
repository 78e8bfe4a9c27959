// Whole batches through the CPU's device: the score head, and one model of every family, all cut to the same shape, so that
// their counts can be compared with each other.
#include <algorithm>
#include <filesystem>
#include "../../models/cpu/cpu_device.hpp"
#include "../../models/cpu/isa.hpp"
#include "../models/cpu/tiny_model.hpp"
#include "paths.hpp"

namespace sextant::perf {
namespace {

using namespace engine;

constexpr uint32_t tokens = 64, context = 128;

// A model of random weights on one thread.
struct Runner {
  fakes::TinyModel model;
  cpu::Numerics numerics;
  cpu::ThreadPool pool{1};
  cpu::CpuDevice device;
  Outputs outputs;

  Runner(const Architecture& architecture, const std::string& isa, cpu::Compute compute)
      : model(architecture),
        numerics{*need(cpu::choose_kernels(isa, compute)), *need(cpu::choose_matmul(isa, compute)),
                 *need(cpu::choose_attention(isa, compute))},
        device(model.tensors, model.architecture,
               need(cpu::plan_memory(model.tensors, model.architecture, numerics, 1, 1, context, size_t{1} << 28)), numerics,
               pool, {}) {}
};

// One text, each of whose tokens is asked for the probability of another.
Batch text_of(const Architecture& architecture) {
  Batch batch;
  for (uint32_t i = 0; i < tokens; ++i) {
    batch.tokens.push_back(static_cast<int32_t>(i * 7 % architecture.vocab));
    batch.positions.push_back(i);
    batch.head.push_back({i, i, 1, false, nullptr});
    batch.targets.push_back(static_cast<int32_t>(i * 11 % architecture.vocab));
  }
  batch.runs.push_back({0, tokens, 0, 0, rope_length(architecture, tokens)});
  for (uint32_t page = 0; page < pages_for(tokens); ++page) batch.pages.push_back(page);
  return batch;
}

Work forward(const Architecture& architecture, const std::string& isa, cpu::Compute compute) {
  auto runner = std::make_shared<Runner>(architecture, isa, compute);
  return [runner, batch = text_of(architecture)](int) { runner->device.run(batch, [] { return false; }, runner->outputs); };
}

Architecture head_alone() {
  Architecture a;
  a.family = "head";
  a.hidden = 64, a.heads = 2, a.kv_heads = 1, a.head_dim = 32, a.feed_forward = 64, a.vocab = 8192, a.context = context;
  a.layers.resize(1);
  a.layers[0].rope = -1;
  a.attention_scale = 0.2f;
  return a;
}

// The family's flags on a shape that all share: two layers; a mixture of experts uses as many weights as a dense one.
Architecture in_one_shape(Architecture a) {
  const uint32_t head_dim = a.head_dim;
  a.hidden = 128, a.heads = 4, a.kv_heads = 2, a.head_dim = 32, a.feed_forward = 256, a.vocab = 512, a.context = context;
  a.layers = {a.layers.front(), a.layers.back()};
  if (a.experts.count > 0) a.experts.count = 4, a.experts.used = 2, a.experts.feed_forward = 128;
  for (Rope& rope : a.ropes) {
    rope.dims = rope.dims * a.head_dim / head_dim;
    for (auto* divisors : {&rope.divisors, &rope.long_divisors})
      if (!divisors->empty()) divisors->assign(rope.dims / 2, 1.5);
  }
  return a;
}

}  // namespace

void add_forward(Paths& ret) {
  ret.push_back({"score head/f32/avx2", [] { return forward(head_alone(), "avx2", cpu::Compute::f32); }});
  ret.push_back({"score head/bf16/avx2", [] { return forward(head_alone(), "avx2", cpu::Compute::bf16); }});
  ret.push_back({"score head/f32/portable", [] { return forward(head_alone(), "portable", cpu::Compute::f32); }});
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(SEXTANT_GOLDEN_DIR) / "families"))
    if (entry.path().extension() == ".gguf") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files)
    ret.push_back({"family/" + file.stem().string(), [file] {
                     const auto checkpoint = need(open_checkpoint(file.string()));
                     return forward(in_one_shape(need(read_architecture(*checkpoint))), "avx2", cpu::Compute::f32);
                   }});
}

}  // namespace sextant::perf
