// adapter_config.json of a PEFT LoRA adapter: how strongly it is added to which module. Every key of it is followed, refused by
// name, or one of the warnings. Source: LoraConfig of peft 0.21 (tuners/lora/config.py), get_pattern_key of its utils/other.py,
// and how tuners_utils.py chooses modules.
#pragma once
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>
#include <sextant/regex.hpp>

namespace sextant::engine {

class AdapterConfig {
 public:
  /// Refused, by the key: another method than LoRA, and every variant that computes more than LoRA, DoRA and whole modules do.
  static Result<AdapterConfig> read(const std::string& path);

  /// lora_alpha / r, or / sqrt(r) with use_rslora; alpha as alpha_pattern has it for this module
  /// ("model.layers.0.mlp.up_proj").
  Result<double> scale(std::string_view module, uint64_t rank) const;
  /// r, as rank_pattern has it for this module.
  Result<uint64_t> rank(std::string_view module) const;
  /// Whether adapter_config.json says what the rank is; else it is PEFT's 8.
  bool has_rank() const { return has_rank_; }
  /// The key that leaves the module out ("target_modules", "exclude_modules", "layers_to_transform"), for PEFT then does;
  /// empty: none does.
  Result<std::string_view> left_out_by(std::string_view module) const;
  /// Whether target_modules says which: without it, or with "all-linear", PEFT chooses by rules of its own.
  bool names_targets() const { return !targets_.empty(); }

  bool dora() const { return dora_; }
  /// modules_to_save: a module whose name ends with one of these is in the adapter whole.
  const std::vector<std::string>& whole_modules() const { return whole_modules_; }
  /// Where the head is the embedding, it follows what the adapter makes of it.
  bool keeps_tied() const { return keeps_tied_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  struct Override {
    Regex pattern;
    double value;
  };
  static Result<double> overridden(const std::vector<Override>& list, std::string_view module, double otherwise);
  static Result<std::vector<Override>> overrides(const json::Value& config, const char* key, const std::string& path);
  Result<void> read_numbers(const json::Value& json, const std::string& path);
  Result<void> read_modules(const json::Value& json, const std::string& path);
  void warn_of_keys(const json::Value& json);

  double rank_ = 8, alpha_ = 8;
  bool has_rank_ = false, rank_stabilised_ = false, dora_ = false, keeps_tied_ = false;
  std::vector<Override> ranks_, alphas_;  // the first that matches counts
  std::vector<Regex> targets_;            // none: every module
  std::vector<Regex> excluded_;
  std::vector<Regex> layers_;             // of names in the layers that count; none: all
  std::vector<std::string> whole_modules_, warnings_;
};

}  // namespace sextant::engine
