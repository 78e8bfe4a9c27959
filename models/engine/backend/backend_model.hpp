// A model backend as the core sees it, all but its hardware: one model's files, its tokenizer and chat template, and the
// scheduler that runs requests on a device. Threads: [any] once it is made (SXT_CAP_CONCURRENT): where calls of run overlap,
// one has the device and the next one's requests are tokenised meanwhile.
#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>
#include <sextant/sdk.hpp>
#include "../chat/template_choice.hpp"
#include "../checkpoint/checkpoint.hpp"
#include "../encoder/encoder_shape.hpp"
#include "../encoder/sentence_settings.hpp"
#include "../schedule/scheduler.hpp"
#include "../tokenizer/tokenizer.hpp"
#include "embed.hpp"
#include "hardware.hpp"

namespace sextant::engine {

class BackendModel : public Model {
 public:
  sxt_model_info info() override;
  std::string describe() override;
  std::vector<int32_t> tokenize(std::string_view text, uint32_t flags) override;
  std::string detokenize(std::span<const int32_t> ids, uint32_t flags) override;
  std::string render_chat(std::string_view conversation_json) override;
  std::string plan(uint64_t call, std::span<const sxt_request* const> requests) override;
  void run(uint64_t call, std::span<const sxt_request* const> requests, const sxt_result_sink& sink) override;
  /// The requests' vectors (embed.hpp). Throws where the model gives none.
  void embed(uint64_t call, std::span<const EmbeddingRequest> requests, const EmbeddingResultSink& sink);

 protected:
  explicit BackendModel(Context context);
  /// Second half of the construction: opens the files, and loads the weights where they are asked for.
  void load(std::unique_ptr<Hardware> hardware);

 private:
  void check_files();
  void load_vocabulary();
  void read_generation();
  void warn(std::vector<std::string> sentences);
  const std::string& vocabulary_path() const { return config_.tokenizer_path.empty() ? config_.path : config_.tokenizer_path; }
  void load_weights();
  void load_encoder();
  void load_sentence_settings();
  void refuse_encoder() const;  // throws where the model is one
  void log_loaded(uint32_t workers, double seconds) const;
  void predict(uint64_t call, std::span<const sxt_request* const> requests, const sxt_result_sink& sink);
  void run_embeddings(uint64_t call, const AskedFor& asked, const sxt_result_sink& sink);
  std::vector<EmbeddingText> embedding_texts(uint64_t call, std::span<const EmbeddingRequest> requests, bool on_device_threads);
  uint64_t embedding_tokens(uint64_t call, std::span<const sxt_request* const> requests);
  EmbeddingText embedding_text(const EmbeddingRequest& request, uint64_t index) const;
  const Tokenizer& tokenizer() const;  // throws where there is none
  const std::vector<std::unique_ptr<Device>>& devices();
  Job make_job(uint64_t call, std::span<const sxt_request* const> requests, bool on_device_threads);
  ScheduleOptions schedule() const { return {config_.batch_size, config_.schedule_seed, config_.thinking_budget}; }

  BackendConfig config_;
  std::unique_ptr<Hardware> hardware_;
  std::unique_ptr<Checkpoint> checkpoint_;  // null without weights and their description
  std::shared_ptr<const Tokenizer> tokenizer_;  // null where a chat template stands alone
  bool adds_bos_ = false, adds_eos_ = false;  // to what is tokenised with add_special
  TemplateChoice chat_;
  std::vector<std::string> template_names_;  // of the model's own
  json::Document generation_;               // what its files ask of generations (generation_settings.hpp)
  std::vector<std::string> warnings_;  // the core logs them
  std::optional<Architecture> architecture_;  // of a decoder; null without a checkpoint
  std::optional<EncoderShape> encoder_;       // of an encoder
  SentenceSettings sentence_;                 // how embeddings are made
  std::string no_embeddings_;                 // why a decoder gives none, though its device could; empty: it does
  Surround surround_;                         // of a text that is embedded
  // what stands below is there only with weights
  DeviceReport report_;             // of one device; they are alike
  std::vector<std::unique_ptr<Device>> devices_;  // one for each worker; after what they refer to
  std::mutex device_mutex_;         // for the devices, the hardware's threads, and what follows
  std::vector<std::unique_ptr<RetainedPages>> retained_;  // [devices_]; empty without prefix_reuse
  std::vector<std::unique_ptr<Speculation>> speculation_;  // [devices_]; empty without speculation
  double operations_per_s_ = 0;     // of one device in the latest run that tells; 0: none yet
};

/// What every backend of the engine can do (SXT_CAP_*).
inline constexpr uint32_t backend_capabilities = SXT_CAP_CONCURRENT | SXT_CAP_DETERMINISTIC;

/// The model of a backend whose hardware is H, made from the component's Context.
template <class H> class BackendOf : public BackendModel {
 public:
  explicit BackendOf(Context context) : BackendModel(std::move(context)) { load(std::make_unique<H>(this->context)); }
};

}  // namespace sextant::engine
