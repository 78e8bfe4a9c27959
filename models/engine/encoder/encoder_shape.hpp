// Encoders of BERT's kind: transformers whose tokens see each other both ways, so that a text becomes states and nothing is
// predicted. Like architecture.hpp for decoders: one table of numbers, no class per family.
#pragma once
#include <cstdint>
#include <string>
#include <vector>
#include <sextant/result.hpp>
#include "../architecture/tensors.hpp"
#include "../checkpoint/checkpoint.hpp"

namespace sextant::engine {

/// With norm = LayerNorm (Ba, Kiros and Hinton 2016), x begins as norm(word + type 0 + position) and one layer computes
/// (Devlin et al. 2018, post-norm):
///   q, k, v = x * W + b;  a = softmax(q.k / sqrt(head_dim) + bias of the distance) v over all tokens of the text
///   x = norm(x + a * Wo + bo);  x = norm(x + gelu(x * Wup + bup) * Wdown + bdown), with the exact gelu, of erf
struct EncoderShape {
  std::string family;  // "bert"
  uint32_t hidden = 0, heads = 0, head_dim = 0, feed_forward = 0, layers = 0;
  uint32_t vocab = 0;
  uint32_t context = 0;         // tokens of a text
  uint32_t position_rows = 0;   // of the table of positions
  uint32_t first_position = 0;  // the row of a text's first token
  int32_t pad = -1;             // a token with this id has row `pad`, and is not counted; -1: all tokens are counted
  bool has_types = false;
  uint32_t distance_buckets = 0;  // of the bias of the distance, MPNet's; 0: there is none
  float norm_epsilon = 0;
  std::vector<std::string> warnings;  // what config.json asks for and nothing is done with
};

/// h = hidden, f = feed_forward.
struct EncoderNorm {
  Rows weight, bias;
};  // [h]
struct EncoderMatrix {
  Rows weight, bias;
};  // [outputs, inputs], [outputs]
struct EncoderLayerTensors {
  EncoderMatrix q, k, v, output;  // [h, h]
  EncoderNorm attention_norm, output_norm;
  EncoderMatrix up, down;  // [f, h], [h, f]
};
struct EncoderTensors {
  Rows words, positions, types;  // [.., h]
  EncoderNorm norm;
  Rows distances;  // [distance_buckets, heads]
  std::vector<EncoderLayerTensors> layers;
};

/// Whether the checkpoint is of a family that read_encoder_shape reads.
bool is_encoder(const Checkpoint& checkpoint);

/// From a Hugging Face folder's config.json; the tensors that it needs are there with the right shapes, else an error names key
/// or tensor.
Result<EncoderShape> read_encoder_shape(const Checkpoint& checkpoint);
Result<EncoderTensors> find_encoder_tensors(const Checkpoint& checkpoint, const EncoderShape& shape);

/// The rows of the table of positions for a text's tokens.
std::vector<uint32_t> position_rows(const EncoderShape& shape, const int32_t* tokens, uint32_t count);

/// The row of `distances` for a key that lies `distance` tokens after the query (Raffel et al. 2019, section 2.1; as MPNet has
/// it).
uint32_t distance_bucket(int32_t distance, uint32_t buckets);

}  // namespace sextant::engine
