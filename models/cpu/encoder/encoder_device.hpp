// An encoder on the CPU, in float32. Every run of a batch is a whole text, whose tokens see each other both ways; nothing is
// kept from one batch to the next. Products are the backend's own (matmul.hpp); attention builds panels of a text's keys and
// values and goes through the same products.
//
// Every number's bits depend on its own text alone. Threads: one run() at a time.
#pragma once
#include "../../engine/schedule/device.hpp"
#include "../kernels.hpp"
#include "encoder_weights.hpp"

namespace sextant::cpu {

struct EncoderPlan {  // memory in bytes, fixed at load
  uint32_t rows_max = 0, context = 0;
  size_t weights = 0, buffers = 0;
  size_t file = 0;  // what is read out of the mapped checkpoint: words and positions
};
EncoderPlan plan_encoder(const engine::EncoderTensors& tensors, const engine::EncoderShape& shape, const MatMul& matmul,
                         uint32_t context, uint32_t threads);

class EncoderDevice : public engine::Device {
 public:
  /// What `tensors` point to, the kernels and the pool outlive the device.
  EncoderDevice(const engine::EncoderTensors& tensors, const engine::EncoderShape& shape, const EncoderPlan& plan,
                const Kernels& kernels, ThreadPool& pool);

  engine::DeviceLimits limits() const override;
  bool run(const engine::Batch& batch, const std::function<bool()>& cancelled, engine::Outputs& ret_outputs) override;

 private:
  struct Encoded {  // rows as a product takes them
    Encoded(const MatMul& matmul, size_t rows, uint32_t numbers)
        : k(numbers), stride(matmul.row_bytes(numbers)), bytes(rows * stride) {}
    char* row(size_t r) { return bytes.data() + r * stride; }
    uint32_t k;
    size_t stride;
    Bytes bytes;
  };

  void embed(const engine::Batch& batch);
  void layer(const engine::Batch& batch, const EncoderLayerWeights& w);
  /// to[rows] = norm(x + to?), x = that, and encoded. `to` may be null: the norm of x alone.
  void normalise(uint32_t rows, const NormWeights& norm, const float* added);
  /// to = from * product + bias, then gelu where asked for.
  void multiply(Encoded& from, const EncoderProduct& product, uint32_t rows, Floats& to, bool gelu);
  void encode(const Floats& from, uint32_t from_stride, uint32_t rows, Encoded& to);
  // encoder_attention.cpp
  void attend(const engine::Run& run, uint32_t head, float* scratch);

  const engine::EncoderShape shape_;
  const EncoderPlan plan_;
  const Kernels& kernels_;
  const MatMul& matmul_;
  ThreadPool& pool_;
  const EncoderWeights weights_;
  const uint32_t hidden_, qkv_width_, feed_forward_;  // in whole panels
  Floats x_;                                          // [rows][hidden_]
  Floats added_;                                      // [rows][hidden_] what a part of the layer adds to it
  Floats qkv_;                                        // [rows][qkv_width_]
  Floats attention_;                                  // [rows][hidden_]
  Floats act_;                                        // [rows][feed_forward_]
  Encoded x_in_, attention_in_, act_in_;
  std::vector<Floats> scratch_;  // [threads]
};

/// Numbers that one thread needs to attend to a text of `context` tokens.
size_t encoder_scratch_floats(const engine::EncoderShape& shape, const MatMul& matmul, uint32_t context);

}  // namespace sextant::cpu
