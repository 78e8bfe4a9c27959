// GGUF files (ggml's format, versions 2 and 3), mapped and checked whole before anything is used: after open() every tensor
// lies inside the file, aligned and apart from the others. A hostile file gives an error, never a crash or a large allocation.
// Ownership: views live as long as the GgufFile. Threads: const members are [any].
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>
#include "checkpoint.hpp"
#include "mapped_file.hpp"

namespace sextant::engine {

namespace gguf {
enum class ValueType : uint32_t {
  uint8, int8, uint16, int16, uint32, int32, float32, boolean, string, array, uint64, int64, float64
};
/// Where an array's values stand in the file.
struct Array {
  ValueType type;
  uint64_t count;
  size_t offset;
};
}  // namespace gguf

class GgufFile : public Checkpoint {
 public:
  /// A model in several files (`gguf-split`: NAME-00001-of-00003.gguf) is opened whole, whichever of them is named.
  static Result<std::unique_ptr<GgufFile>> open(const std::string& path);
  /// Whether the file begins as one.
  static bool is_one(const std::string& path);

  CheckpointFormat format() const override { return CheckpointFormat::gguf; }
  std::string_view path() const override { return file_.path(); }
  const std::vector<Tensor>& tensors() const override { return tensors_; }
  const Tensor* find(std::string_view name) const override;
  const json::Value& metadata() const override { return metadata_; }
  Result<std::string> sha256() const override;
  void let_go() const override;

  /// Scalars; nothing where the key is absent or of another kind.
  std::optional<std::string> text(std::string_view key) const { return json::find_string(metadata_, key); }
  std::optional<int64_t> integer(std::string_view key) const { return json::find_int(metadata_, key); }
  std::optional<double> number(std::string_view key) const { return json::find_number(metadata_, key); }
  std::optional<bool> boolean(std::string_view key) const { return json::find_bool(metadata_, key); }

  /// Arrays of any length. An error where the key is absent or its values are of another kind.
  Result<std::vector<std::string_view>> string_array(std::string_view key) const;
  Result<std::vector<int64_t>> int_array(std::string_view key) const;
  Result<std::vector<float>> float_array(std::string_view key) const;
  bool has_array(std::string_view key) const { return arrays_.count(std::string(key)) > 0; }

 private:
  explicit GgufFile(MappedFile file) : file_(std::move(file)) {}
  static Result<std::unique_ptr<GgufFile>> open_one(const std::string& path);
  static Result<std::unique_ptr<GgufFile>> open_parts(std::unique_ptr<GgufFile> named);  // gguf_parts.cpp
  Result<void> read();
  Result<const gguf::Array*> array(std::string_view key) const;

  MappedFile file_;
  std::vector<std::unique_ptr<GgufFile>> parts_;  // the second and later files of the model
  json::Document metadata_;
  std::unordered_map<std::string, gguf::Array> arrays_;
  std::vector<Tensor> tensors_;
  std::unordered_map<std::string_view, size_t> index_;  // names are those of tensors_
};

}  // namespace sextant::engine
