// adapter_config.json of a PEFT LoRA adapter: how strongly it is added to which module.
// Source: LoraConfig of peft 0.21 (tuners/lora/config.py) and get_pattern_key of its utils/other.py.
#pragma once
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>
#include <sextant/regex.hpp>

namespace sextant::engine {

class AdapterConfig {
 public:
  /// Refused, by the key: another method than LoRA, and every variant that computes more than W + scale * B A.
  static Result<AdapterConfig> read(const std::string& path);

  /// lora_alpha / r, or / sqrt(r) with use_rslora; alpha as alpha_pattern has it for this module
  /// ("model.layers.0.mlp.up_proj").
  Result<double> scale(std::string_view module, uint64_t rank) const;
  /// r, as rank_pattern has it for this module.
  Result<uint64_t> rank(std::string_view module) const;
  /// Whether target_modules names it: what is not named, PEFT leaves out.
  Result<bool> targets(std::string_view module) const;

 private:
  struct Override {
    Regex pattern;
    double value;
  };
  static Result<double> overridden(const std::vector<Override>& list, std::string_view module, double otherwise);
  static Result<std::vector<Override>> overrides(const json::Value& config, const char* key, const std::string& path);

  double rank_ = 8, alpha_ = 8;
  bool rank_stabilised_ = false;
  std::vector<Override> ranks_, alphas_;  // the first that matches counts
  std::vector<Regex> targets_;            // none: every module
};

}  // namespace sextant::engine
