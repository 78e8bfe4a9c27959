// One model of a run, opened: its backend object, what it is, and how prompts become text for it.
// Ownership: owns the backend's object. Threads: [owner]; where concurrent(), calls may overlap.
#pragma once
#include <optional>
#include <string>
#include <vector>
#include "../config/run_config.hpp"
#include "../plugin/components.hpp"
#include "../render/render.hpp"

namespace sextant::serve {

enum class Load {
  vocabulary,   // tokenizer and chat template only (sextant prompt)
  description,  // and what the checkpoint says of its weights, without loading them; not every backend can
  weights,
};

class ModelSession {
 public:
  /// Logs what the backend finds wrong with the model.
  static Result<ModelSession> open(plugin::Host& host, const config::ModelConfig& config, Load load);

  plugin::Model& model() { return model_; }
  const config::ModelConfig& config() const { return config_; }
  const std::string& weights_sha256() const { return weights_sha256_; }
  const std::string& device() const { return device_; }
  const std::string& compute() const { return compute_; }
  uint32_t context_length() const { return context_length_; }
  double load_s() const { return load_s_; }
  bool has_chat_template() const { return has_chat_template_; }
  /// The backend takes calls while another one is at work (SXT_CAP_CONCURRENT): prompts can be prepared beside the model.
  bool concurrent() const { return concurrent_; }

  /// How prompts of that form become text.
  render::Format format(data::Form form, config::Compat compat) const;
  /// A template that prints the date prints the session's, unless the conversation brings its own "now".
  Result<std::string> render_chat(std::string_view conversation_json);
  Result<std::vector<int32_t>> tokenize(const std::string& text, bool add_special);
  /// Tokens of each text, special tokens as the tokenizer's files add them unless `chat`.
  Result<std::vector<uint32_t>> count_tokens(const std::vector<std::string>& texts, bool chat);

  /// The part of the configuration that an answer can depend on, canonical: for content keys.
  std::string key_config() const;

 private:
  explicit ModelSession(plugin::Model model) : model_(std::move(model)) {}
  plugin::Model model_;
  config::ModelConfig config_;
  std::string schema_;  // of the backend's configuration
  std::string weights_sha256_, device_, compute_, now_;
  uint32_t context_length_ = 0;
  double load_s_ = 0;
  bool has_chat_template_ = false, concurrent_ = false;
};

/// The most that can be known of a model of that backend without loading weights; nothing where it always loads them.
std::optional<Load> lightest_load(const plugin::Host& host, const std::string& backend);

}  // namespace sextant::serve
