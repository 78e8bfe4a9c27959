// The backend "llamacpp": GGUF models through libllama, for families that the engine does not know. What surrounds the model
// (boundaries, truncation, sampling, stop strings, chat templates) is the engine's, so that numbers are of the same things.
// Threads: several, as SXT_CAP_CONCURRENT says; the model computes for one call at a time.
#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <chat/template_choice.hpp>
#include <sextant/sdk.hpp>
#include "decoder.hpp"
#include "llama_tokenizer.hpp"
#include "run.hpp"

namespace sextant::llamacpp {

class Backend : public Model {
 public:
  explicit Backend(Context context);
  sxt_model_info info() override;
  std::string describe() override;
  std::vector<int32_t> tokenize(std::string_view text, uint32_t flags) override;
  std::string detokenize(std::span<const int32_t> ids, uint32_t flags) override;
  std::string render_chat(std::string_view conversation_json) override;
  std::string plan(uint64_t call, std::span<const sxt_request* const> requests) override;
  void run(uint64_t call, std::span<const sxt_request* const> requests, const sxt_result_sink& sink) override;

 private:
  void load_model();
  void load_context();
  uint64_t number(const char* key) const;

  const std::string path_;
  const bool weights_;
  ModelPtr model_;
  ContextPtr context_;
  std::optional<LlamaTokenizer> tokenizer_;
  engine::TemplateChoice chat_;
  std::optional<Decoder> decoder_;
  Room room_;
  Trunk trunk_;
  std::string sha256_;
  std::vector<std::string> warnings_;
  std::mutex busy_;  // decoder_, trunk_
};

}  // namespace sextant::llamacpp
