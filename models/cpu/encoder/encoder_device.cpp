#include "encoder_device.hpp"
#include <algorithm>
#include "../memory_plan.hpp"
#include "../widths.hpp"

namespace sextant::cpu {
namespace {

constexpr uint32_t row_tile = 32;    // rows that one thread takes at a time
constexpr uint32_t panel_group = 6;  // and panels: as much of a matrix as stays in a core's cache beside them

}  // namespace

EncoderPlan plan_encoder(const engine::EncoderTensors& tensors, const engine::EncoderShape& s, const MatMul& matmul,
                         uint32_t context, uint32_t threads) {
  EncoderPlan plan;
  plan.context = context;
  plan.rows_max = std::max(rows_per_batch, context);
  plan.weights = encoder_weights_bytes(s, context);
  const size_t row =
      (3 * size_t{whole_panels(s.hidden)} + whole_panels(3 * s.hidden) + whole_panels(s.feed_forward)) * sizeof(float) +
      2 * matmul.row_bytes(s.hidden) + matmul.row_bytes(s.feed_forward);
  plan.buffers = plan.rows_max * row + threads * encoder_scratch_floats(s, matmul, context) * sizeof(float);
  plan.file = tensors.words.tensor->bytes.size() + tensors.positions.tensor->bytes.size();
  return plan;
}

EncoderDevice::EncoderDevice(const engine::EncoderTensors& tensors, const engine::EncoderShape& shape, const EncoderPlan& plan,
                             const Kernels& kernels, ThreadPool& pool)
    : shape_(shape),
      plan_(plan),
      kernels_(kernels),
      matmul_(kernels.matmul),
      pool_(pool),
      weights_(load_encoder_weights(tensors, shape, plan.context, pool)),
      hidden_(whole_panels(shape.hidden)),
      qkv_width_(whole_panels(3 * shape.hidden)),
      feed_forward_(whole_panels(shape.feed_forward)),
      x_(size_t{plan.rows_max} * hidden_),
      added_(size_t{plan.rows_max} * hidden_),
      qkv_(size_t{plan.rows_max} * qkv_width_),
      attention_(size_t{plan.rows_max} * hidden_),
      act_(size_t{plan.rows_max} * feed_forward_),
      x_in_(matmul_, plan.rows_max, shape.hidden),
      attention_in_(matmul_, plan.rows_max, shape.hidden),
      act_in_(matmul_, plan.rows_max, shape.feed_forward) {
  for (uint32_t t = 0; t < pool.size(); ++t) scratch_.emplace_back(encoder_scratch_floats(shape, matmul_, plan.context));
}

engine::DeviceLimits EncoderDevice::limits() const {
  return {.rows_max = plan_.rows_max,
          .pages = 0,
          .context = plan_.context,
          .vocab = shape_.vocab,
          .hidden = shape_.hidden,
          .encodes = true};
}

bool EncoderDevice::run(const engine::Batch& batch, const std::function<bool()>& cancelled, engine::Outputs& ret_outputs) {
  embed(batch);
  for (const EncoderLayerWeights& w : weights_.layers) {
    if (cancelled()) return false;
    layer(batch, w);
  }
  ret_outputs.states.resize(batch.states.size() * shape_.hidden);
  for (size_t i = 0; i < batch.states.size(); ++i)
    std::copy_n(x_.data() + size_t{batch.states[i]} * hidden_, shape_.hidden, ret_outputs.states.data() + i * shape_.hidden);
  return true;
}

void EncoderDevice::embed(const engine::Batch& batch) {
  std::vector<float> position(shape_.hidden);
  for (const engine::Run& run : batch.runs) {
    const std::vector<uint32_t> rows = engine::position_rows(shape_, batch.tokens.data() + run.first_row, run.rows);
    for (uint32_t r = 0; r < run.rows; ++r) {
      float* x = x_.data() + size_t{run.first_row + r} * hidden_;
      engine::read_row(weights_.words, static_cast<uint64_t>(batch.tokens[run.first_row + r]), x);
      engine::read_row(weights_.positions, rows[r], position.data());
      for (uint32_t i = 0; i < shape_.hidden; ++i) x[i] = x[i] + weights_.first_type[i] + position[i];
    }
  }
  normalise(batch.rows(), weights_.norm, nullptr);
}

void EncoderDevice::layer(const engine::Batch& batch, const EncoderLayerWeights& w) {
  const uint32_t rows = batch.rows();
  multiply(x_in_, w.qkv, rows, qkv_, false);
  const auto texts = static_cast<uint32_t>(batch.runs.size());
  pool_.run(texts * shape_.heads, [&](uint32_t t, uint32_t thread) {
    attend(batch.runs[t / shape_.heads], t % shape_.heads, scratch_[thread].data());
  });
  encode(attention_, hidden_, rows, attention_in_);
  multiply(attention_in_, w.output, rows, added_, false);
  normalise(rows, w.attention_norm, added_.data());
  multiply(x_in_, w.up, rows, act_, true);
  encode(act_, feed_forward_, rows, act_in_);
  multiply(act_in_, w.down, rows, added_, false);
  normalise(rows, w.output_norm, added_.data());
}

void EncoderDevice::normalise(uint32_t rows, const NormWeights& norm, const float* added) {
  pool_.run((rows + row_tile - 1) / row_tile, [&](uint32_t t, uint32_t) {
    for (uint32_t r = t * row_tile; r < std::min(rows, (t + 1) * row_tile); ++r) {
      float* x = x_.data() + size_t{r} * hidden_;
      for (uint32_t i = 0; added && i < shape_.hidden; ++i) x[i] += added[size_t{r} * hidden_ + i];
      kernels_.layer_norm(x, norm.weight.data(), norm.bias.data(), x, shape_.hidden, shape_.norm_epsilon);
      matmul_.encode(x, 0, x_in_.k, x_in_.k, x_in_.row(r));
    }
  });
}

void EncoderDevice::encode(const Floats& from, uint32_t from_stride, uint32_t rows, Encoded& to) {
  pool_.run((rows + row_tile - 1) / row_tile, [&](uint32_t t, uint32_t) {
    for (uint32_t r = t * row_tile; r < std::min(rows, (t + 1) * row_tile); ++r)
      matmul_.encode(from.data() + size_t{r} * from_stride, 0, to.k, to.k, to.row(r));
  });
}

void EncoderDevice::multiply(Encoded& from, const EncoderProduct& product, uint32_t rows, Floats& to, bool gelu) {
  const uint32_t panels = product.matrix.panel_count, groups = (panels + panel_group - 1) / panel_group,
                 stride = panels * panel;
  const uint32_t row_tiles = (rows + row_tile - 1) / row_tile;
  pool_.run(row_tiles * groups, [&](uint32_t t, uint32_t) {
    const uint32_t row = t % row_tiles * row_tile,
                   first = t / row_tiles * panel_group;  // a matrix' part for all rows, then the next
    const uint32_t count = std::min(row_tile, rows - row), here = std::min(panel_group, panels - first);
    float* out = to.data() + size_t{row} * stride + first * panel;
    matmul_.multiply(from.row(row), from.stride, count, product.matrix.panels(first, here), out, stride, false);
    for (uint32_t r = 0; r < count; ++r, out += stride) {
      for (uint32_t i = 0; i < here * panel; ++i) out[i] += product.bias[first * panel + i];
      if (gelu) kernels_.gelu(out, here * panel);
    }
  });
}

}  // namespace sextant::cpu
