// A Hugging Face folder of a configuration alone.
#pragma once
#include <string>
#include <vector>
#include "../../../models/engine/checkpoint/checkpoint.hpp"

namespace sextant::test {

class ConfigOnly : public engine::Checkpoint {
 public:
  explicit ConfigOnly(json::Document config) : config_(std::move(config)) {}
  engine::CheckpointFormat format() const override { return engine::CheckpointFormat::hugging_face; }
  std::string_view path() const override { return "folder"; }
  const std::vector<engine::Tensor>& tensors() const override { return none_; }
  const engine::Tensor* find(std::string_view) const override { return nullptr; }
  const json::Value& metadata() const override { return config_; }
  Result<std::string> sha256() const override { return std::string(); }
  void let_go() const override {}

 private:
  json::Document config_;
  std::vector<engine::Tensor> none_;
};

}  // namespace sextant::test
