#include "weights.hpp"
#include <algorithm>
#include <cstring>
#include "../engine/checkpoint/dequantize.hpp"

namespace sextant::cuda {
namespace {

using engine::Architecture;
using engine::FeedForwardTensors;
using engine::LayerTensors;
using engine::ModelTensors;
using engine::Rows;

bool head_is_embedding(const ModelTensors& t, const Architecture& a) {
  return t.head.tensor == t.embedding.tensor && t.head.first == t.embedding.first && !a.head_normalised;
}

// One walk over all parts, for laying out and for loading: visit.matrix(Matrix<T>&, {rows ..}) and visit.vector(float*&, {rows
// ..}, offset). Parts that the model does not have are skipped.
template <class T, class Visitor> void walk(FeedForwardWeights<T>& w, const FeedForwardTensors& t, Visitor& visit) {
  visit.matrix(w.gate_up, {&t.gate, &t.up});
  visit.vector(w.gate_up_bias, {&t.gate_bias, &t.up_bias}, 0);
  visit.matrix(w.down, {&t.down});
  visit.vector(w.down_bias, {&t.down_bias}, 0);
}

template <class T, class Visitor> void walk(Weights<T>& w, const ModelTensors& t, const Architecture& a, Visitor& visit) {
  w.layers.resize(t.layers.size());
  for (size_t l = 0; l < t.layers.size(); ++l) {
    LayerWeights<T>& layer = w.layers[l];
    const LayerTensors& from = t.layers[l];
    visit.vector(layer.attention_norm, {&from.attention_norm}, a.norm_offset);
    visit.vector(layer.feed_forward_norm, {&from.feed_forward_norm}, a.norm_offset);
    visit.vector(layer.post_attention_norm, {&from.post_attention_norm}, a.norm_offset);
    visit.vector(layer.post_feed_forward_norm, {&from.post_feed_forward_norm}, a.norm_offset);
    visit.vector(layer.q_norm, {&from.q_norm}, a.norm_offset);
    visit.vector(layer.k_norm, {&from.k_norm}, a.norm_offset);
    visit.matrix(layer.qkv, {&from.q, &from.k, &from.v});
    visit.vector(layer.qkv_bias, {&from.q_bias, &from.k_bias, &from.v_bias}, 0);
    visit.matrix(layer.output, {&from.output});
    visit.vector(layer.output_bias, {&from.output_bias}, 0);
    if (a.layers[l].experts) {
      visit.matrix(layer.router, {&from.router});
      layer.experts.resize(from.experts.size());
      for (size_t e = 0; e < from.experts.size(); ++e) walk(layer.experts[e], from.experts[e], visit);
    } else {
      walk(layer.feed_forward, from.feed_forward, visit);
    }
  }
  visit.vector(w.final_norm, {&t.final_norm}, a.norm_offset);
  visit.matrix(w.embedding, {&t.embedding});
  if (head_is_embedding(t, a)) w.head = w.embedding;
  else visit.matrix(w.head, {&t.head}, a.head_normalised);
}

using Parts = std::initializer_list<const Rows*>;
uint64_t count(Parts parts) {
  uint64_t n = 0;
  for (const Rows* r : parts) n += r->tensor ? r->count : 0;
  return n;
}

size_t row_bytes(const engine::Tensor& tensor) {
  const engine::BlockFormat& format = engine::block_format(tensor.type);
  return tensor.columns() / format.elements * format.bytes;
}

template <class T> struct LayOut {
  Carver& carver;
  bool keep_quantised;

  void matrix(Matrix<T>& to, Parts parts, bool normalise = false) {
    if (!stay(parts, normalise)) {
      to.numbers = carver.take<T>(count(parts) * (*parts.begin())->tensor->columns());
      return;
    }
    BlockRows* part = to.blocks;
    for (const Rows* r : parts) {
      const size_t bytes = row_bytes(*r->tensor);
      *part++ = {carver.take<uint8_t>(r->count * bytes), static_cast<uint32_t>(r->count), static_cast<uint32_t>(bytes),
                 static_cast<BlockType>(r->tensor->type)};
    }
  }
  void vector(float*& to, Parts parts, float) {
    if (count(parts) > 0) to = carver.take<float>(count(parts));
  }

 private:
  bool stay(Parts parts, bool normalise) const {
    if (!keep_quantised || normalise) return false;
    bool any = false;
    for (const Rows* r : parts) {
      if (r->tensor->added || !is_block_type(r->tensor->type)) return false;
      any |= engine::block_format(r->tensor->type).elements > 1;
    }
    return any;
  }
};

// Blocks pass through pinned memory in two halves: one is filled while the other is on its way.
template <class T> class Loader {
 public:
  Loader(const ModelTensors& tensors, cudaStream_t stream)
      : half_(std::clamp(tensors.embedding.tensor->bytes.size() / Carver::alignment * Carver::alignment, size_t{1} << 20,
                         size_t{32} << 20)),
        pinned_(2 * half_),
        device_(2 * half_),
        stream_(stream) {}
  ~Loader() { (void)cudaStreamSynchronize(stream_); }

  void matrix(Matrix<T>& to, Parts parts, bool normalise = false) {
    const BlockRows* kept = to.blocks;
    T* out = to.numbers;
    for (const Rows* rows : parts) {
      if (to.in_blocks()) {
        keep(*rows, *kept++);
        continue;
      }
      load(*rows, out, normalise);
      out += rows->count * rows->tensor->columns();
    }
  }
  void vector(float*& to, Parts parts, float offset) {
    if (!to) return;
    std::vector<float> numbers(count(parts));
    float* out = numbers.data();
    for (const Rows* rows : parts)
      if (rows->tensor) {
        engine::read_vector(*rows, offset, out);
        out += rows->count;
      }
    CUDA_CHECK(cudaMemcpyAsync(to, numbers.data(), numbers.size() * sizeof(float), cudaMemcpyHostToDevice, stream_));
    CUDA_CHECK(cudaStreamSynchronize(stream_));
  }

 private:
  void load(const Rows& rows, T* to, bool normalise) {
    const engine::Tensor& tensor = *rows.tensor;
    if (tensor.added || !is_block_type(tensor.type)) return load_merged(rows, to, normalise);
    const uint64_t columns = tensor.columns();
    const size_t row_bytes = cuda::row_bytes(tensor);
    // as many rows as fit into a half; they may lie apart in the file, with rows of other parts between them
    for (uint64_t first = 0; first < rows.count;) {
      uint64_t low = rows.stored_row(first), high = low + 1, last = first + 1;
      for (; last < rows.count; ++last) {
        const uint64_t row = rows.stored_row(last), new_low = std::min(low, row), new_high = std::max(high, row + 1);
        if ((new_high - new_low) * row_bytes > half_) break;
        low = new_low, high = new_high;
      }
      send(tensor.bytes.data() + low * row_bytes, (high - low) * row_bytes,
           {nullptr, to + first * columns, rows.first, rows.run, rows.stride, row_bytes, low, static_cast<uint32_t>(first),
            static_cast<uint32_t>(last - first), static_cast<uint32_t>(columns), rows.head_dim, rows.paired,
            static_cast<BlockType>(tensor.type), normalise});
      first = last;
    }
  }

  // A matrix that an adapter adds to, or of a type that the kernels do not read: its rows are put together here.
  void load_merged(const Rows& rows, T* to, bool normalise) {
    const uint64_t columns = rows.tensor->columns(), most = std::max<uint64_t>(1, half_ / (columns * sizeof(float)));
    std::vector<float> numbers;
    for (uint64_t first = 0; first < rows.count; first += most) {
      const uint64_t n = std::min(most, rows.count - first);
      numbers.resize(n * columns);
      for (uint64_t i = 0; i < n; ++i) engine::read_row(rows, first + i, numbers.data() + i * columns);
      send(reinterpret_cast<const std::byte*>(numbers.data()), numbers.size() * sizeof(float),
           {nullptr, to + first * columns, 0, n, n, columns * sizeof(float), 0, 0, static_cast<uint32_t>(n),
            static_cast<uint32_t>(columns), 0, 0, BlockType::f32, normalise});
    }
  }

  // Rows as they are, in the matrix' order.
  void keep(const Rows& rows, const BlockRows& to) {
    const size_t bytes = to.row_bytes;
    const uint64_t most = std::max<uint64_t>(1, half_ / bytes);
    for (uint64_t first = 0; first < rows.count; first += most) {
      const uint64_t n = std::min(most, rows.count - first);
      std::byte* host = free_half(n * bytes);
      for (uint64_t i = 0; i < n; ++i)
        std::memcpy(host + i * bytes, rows.tensor->bytes.data() + rows.stored_row(first + i) * bytes, bytes);
      CUDA_CHECK(
          cudaMemcpyAsync(const_cast<uint8_t*>(to.blocks) + first * bytes, host, n * bytes, cudaMemcpyHostToDevice, stream_));
      half_sent();
    }
  }

  void send(const std::byte* blocks, size_t bytes, Dequantize<T> arguments) {
    std::byte *host = free_half(bytes), *device = device_.data() + next_ * half_;
    std::memcpy(host, blocks, bytes);
    CUDA_CHECK(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, stream_));
    arguments.blocks = reinterpret_cast<const uint8_t*>(device);
    CUDA_CHECK(dequantize(arguments, stream_));
    half_sent();
  }

  std::byte* free_half(size_t bytes) {
    CUDA_CHECK(bytes <= half_ ? cudaSuccess : cudaErrorInvalidValue);  // a row of more than a MiB: no such model
    CUDA_CHECK(cudaEventSynchronize(free_[next_]));
    return pinned_.data() + next_ * half_;
  }
  void half_sent() {
    CUDA_CHECK(cudaEventRecord(free_[next_], stream_));
    next_ ^= 1;
  }

  size_t half_;  // no larger than the largest tensor of most models
  PinnedMemory pinned_;
  DeviceMemory device_;
  Event free_[2];
  cudaStream_t stream_;
  int next_ = 0;
};

static_assert(static_cast<int>(BlockType::f32) == static_cast<int>(engine::TensorType::f32) &&
              static_cast<int>(BlockType::q6_k) == static_cast<int>(engine::TensorType::q6_k));

}  // namespace

template <class T>
Weights<T> lay_out_weights(const ModelTensors& tensors, const Architecture& a, bool keep_quantised, Carver& carver) {
  Weights<T> weights;
  LayOut<T> visit{carver, keep_quantised};
  walk(weights, tensors, a, visit);
  return weights;
}
template <class T>
void load_weights(const ModelTensors& tensors, const Architecture& a, const Weights<T>& weights, cudaStream_t stream) {
  Loader<T> visit(tensors, stream);
  Weights<T> places = weights;
  walk(places, tensors, a, visit);
}

template Weights<bf16> lay_out_weights(const ModelTensors&, const Architecture&, bool, Carver&);
template Weights<fp16> lay_out_weights(const ModelTensors&, const Architecture&, bool, Carver&);
template Weights<float> lay_out_weights(const ModelTensors&, const Architecture&, bool, Carver&);
template void load_weights(const ModelTensors&, const Architecture&, const Weights<bf16>&, cudaStream_t);
template void load_weights(const ModelTensors&, const Architecture&, const Weights<fp16>&, cudaStream_t);
template void load_weights(const ModelTensors&, const Architecture&, const Weights<float>&, cudaStream_t);

}  // namespace sextant::cuda
