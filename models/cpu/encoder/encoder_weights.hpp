// An encoder's weights as the kernels want them: float32, matrices in panels, packed once at load.
#pragma once
#include <cstdint>
#include <vector>
#include "../../engine/encoder/encoder_shape.hpp"
#include "../memory.hpp"
#include "../thread_pool.hpp"
#include "../weights.hpp"

namespace sextant::cpu {

struct EncoderProduct {
  Matrix matrix;
  Floats bias;  // [panels of the matrix], zeros at the end
};
struct NormWeights {
  Floats weight, bias;  // [hidden]
};
struct EncoderLayerWeights {
  EncoderProduct qkv;  // queries, keys, values; the queries are divided by sqrt(head_dim) already
  EncoderProduct output, up, down;
  NormWeights attention_norm, output_norm;
};
struct EncoderWeights {
  Bytes matrices;  // all of them
  std::vector<EncoderLayerWeights> layers;
  NormWeights norm;
  Floats first_type;              // [hidden], zeros where the encoder has no types
  Floats distances;               // [heads][2 * context - 1] by key - query + context - 1; empty where there are none
  engine::Rows words, positions;  // read row by row
};

/// Bytes that load_encoder_weights will need for the matrices, and for the rest.
size_t encoder_weights_bytes(const engine::EncoderShape& shape, uint32_t context);
EncoderWeights load_encoder_weights(const engine::EncoderTensors& tensors, const engine::EncoderShape& shape, uint32_t context,
                                    ThreadPool& pool);

}  // namespace sextant::cpu
