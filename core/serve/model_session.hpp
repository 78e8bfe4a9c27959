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
  /// How many requests it likes at once; 0: any number. One that says so waits for each of them, not for a device.
  uint32_t requests_in_flight() const { return requests_in_flight_; }
  /// Why it gives no log-probabilities of a given text; empty: it does, or says nothing of it.
  const std::string& cannot_score() const { return cannot_score_; }
  /// It gives the least margin of a greedy reply (SXT_MODEL_MARGINS).
  bool gives_margins() const { return gives_margins_; }
  /// An Error: the request wants of its tokens what the model cannot say (SXT_MODEL_MOMENTS).
  Result<void> check(const data::Request& request) const;
  /// Its answers depend on whose sample it is, not on the request alone (a file of replies).
  bool depends_on_sample() const { return depends_on_sample_; }
  /// What the backend says that it has cost so far, a JSON object's text; empty: it says nothing.
  std::string spent();
  /// How its replies are made; the seed and the streams are the run's.
  const data::Sampling& sampling() const { return sampling_; }
  /// What is wrong with the model's files or asked for by them and not done, one sentence each; logged when it was opened.
  const std::vector<std::string>& warnings() const { return warnings_; }
  /// An error where prompts of that form are conversations and it cannot be said how they become text: the model's chat
  /// template is broken, or it has several and none is the default.
  Result<void> check_chat(data::Form form) const;
  /// The backend takes calls while another one is at work (SXT_CAP_CONCURRENT): prompts are prepared meanwhile.
  bool concurrent() const { return concurrent_; }

  /// How prompts of that form become text.
  render::Format format(data::Form form, config::Compat compat) const;
  /// A template that prints the date prints the session's, and has the card's variables, unless the conversation brings its own
  /// "now" and "kwargs".
  Result<std::string> render_chat(std::string_view conversation_json);
  /// Of a request that has a conversation: what the model is asked, a text, or the messages where it takes them as they are.
  Result<void> write_out(data::Request& request);
  Result<std::vector<int32_t>> tokenize(const std::string& text, bool add_special);
  /// Tokens of each text, special tokens as the tokenizer's files add them unless `chat`.
  Result<std::vector<uint32_t>> count_tokens(const std::vector<std::string>& texts, bool chat);

  /// The part of the configuration that an answer can depend on, canonical, files by their content: for content keys.
  const std::string& key_config() const { return key_config_; }

 private:
  explicit ModelSession(plugin::Model model) : model_(std::move(model)) {}
  void collect_warnings(const json::Value& about);
  bool uses_template(data::Form form) const;
  std::string make_key_config() const;
  Result<void> open_counter(plugin::Host& host, const json::Value& keys, bool counts_itself);
  plugin::Model& counter() { return counter_ ? *counter_ : model_; }
  plugin::Model model_;
  std::optional<plugin::Model> counter_;  // another backend's tokenizer ("tokenizer_path"), where the model's own has none
  config::ModelConfig config_;
  std::string key_config_;
  std::string schema_;  // of the backend's configuration
  std::string weights_sha256_, device_, compute_, now_, chat_problem_, cannot_score_;
  data::Sampling sampling_;
  std::vector<std::string> warnings_;
  uint32_t context_length_ = 0, requests_in_flight_ = 0;
  double load_s_ = 0;
  bool has_chat_template_ = false, refuses_system_ = false, concurrent_ = false, takes_messages_ = false,
       depends_on_sample_ = false, gives_margins_ = false, gives_moments_ = false;
};

/// The most that can be known of a model of that backend without loading weights; nothing where it always loads them.
std::optional<Load> lightest_load(const plugin::Host& host, const std::string& backend);

}  // namespace sextant::serve
