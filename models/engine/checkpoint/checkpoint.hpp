// A checkpoint on disk, as the engine sees it: named tensors and metadata, mapped into memory, checked before use.
// Ownership: views live as long as the Checkpoint. Threads: const members are [any].
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::engine {

/// How a tensor's numbers are stored. Block formats are GGML's; sizes and meaning: dequantize.hpp.
enum class TensorType : uint8_t {
  f32, f16, bf16, q4_0, q4_1, q5_0, q5_1, q8_0, q4_k, q5_k, q6_k,
  q2_k, q3_k, iq4_nl, iq4_xs, mxfp4,
};
inline constexpr TensorType last_tensor_type = TensorType::mxfp4;

/// What an adapter makes of a matrix W [rows, columns]: W + scale * B A; with magnitudes (DoRA, Liu et al. 2024), each row of
/// that brought to the length that its magnitude says.
struct LowRank {
  uint64_t rank;
  float scale;
  std::vector<float> a;  // [rank, columns]
  std::vector<float> b;  // [rows, rank]
  std::vector<float> magnitude = {};  // [rows], or empty
};

struct Tensor {
  std::string name;
  TensorType type;
  std::vector<uint64_t> shape;  // row-major, slowest first: a matrix is {rows = outputs, columns = inputs}
  std::span<const std::byte> bytes;
  std::shared_ptr<const LowRank> added = nullptr;  // part of every row that read_row gives

  uint64_t rows() const { return shape.size() < 2 ? 1 : shape[0]; }
  uint64_t columns() const { return shape.empty() ? 0 : shape.back(); }
};

/// The same bytes of the same type, whatever the shapes.
inline bool same_bytes(const Tensor& one, const Tensor& other) {
  return one.type == other.type && std::equal(one.bytes.begin(), one.bytes.end(), other.bytes.begin(), other.bytes.end());
}

/// Whose names tensors and metadata have.
enum class CheckpointFormat : uint8_t { gguf, hugging_face };

class Checkpoint {
 public:
  virtual ~Checkpoint() = default;
  virtual CheckpointFormat format() const = 0;
  virtual std::string_view path() const = 0;
  virtual const std::vector<Tensor>& tensors() const = 0;
  /// The tensor of that name, or null.
  virtual const Tensor* find(std::string_view name) const = 0;
  /// Metadata as one JSON object: config.json, or GGUF's key-value pairs under their own names ("llama.block_count"). There,
  /// arrays of more than 1,000 items (vocabularies) are left out; they are read through the format's own class.
  virtual const json::Value& metadata() const = 0;
  /// sha256 over the bytes of every file that says what is computed, hex; see weights_hash.hpp.
  virtual Result<std::string> sha256() const = 0;
  /// What looks wrong in the files and can be lived with, one sentence each.
  virtual std::vector<std::string> warnings() const { return {}; }
  /// The tensors have been read: gives the memory of the mapped files back. They can be read again.
  virtual void let_go() const = 0;
};

/// Opens a GGUF file or a Hugging Face folder, whichever lies there; anything else is refused with what to do about it.
/// `adapter`: empty, or the folder of a PEFT LoRA adapter, to be merged into a Hugging Face folder (adapter.hpp).
Result<std::unique_ptr<Checkpoint>> open_checkpoint(const std::string& path, const std::string& adapter = "");

}  // namespace sextant::engine
