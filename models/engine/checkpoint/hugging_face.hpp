// A Hugging Face folder: config.json and the weights, in model.safetensors or in the shards that
// model.safetensors.index.json names. Everything is mapped, nothing is copied, and no code out of the folder is run.
// Ownership: views live as long as the folder object. Threads: const members are [any].
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>
#include "adapter.hpp"
#include "checkpoint.hpp"
#include "safetensors.hpp"

namespace sextant::engine {

inline constexpr std::string_view shard_index_name = "model.safetensors.index.json";

class HuggingFaceFolder : public Checkpoint {
 public:
  /// Refused, each with one sentence that says what to do: a folder without config.json or without weights, weights that are
  /// pickles, quantised or Git LFS pointers; shards that are missing, and an index that does not say what the shards hold.
  /// Names of tensors are given without what training frameworks put around them (wrapped_names.hpp).
  static Result<std::unique_ptr<HuggingFaceFolder>> open(const std::string& path);

  /// From here on the model is this one with the adapter merged in; once.
  Result<void> merge_adapter(const std::string& folder);

  CheckpointFormat format() const override { return CheckpointFormat::hugging_face; }
  std::string_view path() const override { return path_; }
  const std::vector<Tensor>& tensors() const override { return tensors_; }
  const Tensor* find(std::string_view name) const override;
  /// config.json as it stands.
  const json::Value& metadata() const override { return config_; }
  /// Over config.json, the weights, the adapter's files, and those that say how a text becomes ids and a conversation text.
  Result<std::string> sha256() const override;
  std::vector<std::string> warnings() const override;
  void let_go() const override { for (const SafetensorsFile& file : files_) file.file().let_go(); }

 private:
  HuggingFaceFolder() = default;
  Result<void> read_config();
  Result<void> read_weights();
  Result<void> read_shards(const std::string& index);  // hugging_face_shards.cpp
  Result<void> make_index();
  void warn_of_others();
  std::string absence(std::string_view name) const;
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  bool has(std::string_view name) const;

  std::string path_;  // no '/' at its end
  json::Document config_;
  std::vector<SafetensorsFile> files_;
  std::vector<std::string> warnings_;  // of the folder; the adapter has its own
  Adapter adapter_;  // of no files where there is none
  std::vector<Tensor> tensors_;
  std::unordered_map<std::string_view, size_t> index_;  // names are those of tensors_
};

}  // namespace sextant::engine
