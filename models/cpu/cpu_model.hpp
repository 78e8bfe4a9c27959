// The backend as the core sees it: one model file, its tokenizer and chat template, and a CPU to run it on.
// Threads: [owner], as the ABI says.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>
#include <sextant/sdk.hpp>
#include "../engine/chat/chat_template.hpp"
#include "../engine/checkpoint/gguf.hpp"
#include "../engine/schedule/scheduler.hpp"
#include "../engine/tokenizer/tokenizer.hpp"
#include "config.hpp"
#include "cpu_device.hpp"

namespace sextant::cpu {

class CpuModel : public Model {
 public:
  explicit CpuModel(Context context);

  sxt_model_info info() override;
  std::string describe() override;
  std::vector<int32_t> tokenize(std::string_view text, uint32_t flags) override;
  std::string detokenize(std::span<const int32_t> ids, uint32_t flags) override;
  std::string render_chat(std::string_view conversation_json) override;
  std::string plan(std::span<const sxt_request> requests) override;
  void run(std::span<const sxt_request> requests, const sxt_result_sink& sink) override;

 private:
  void load_vocabulary();
  void load_weights();
  void warn(std::string text);
  const engine::Tokenizer& tokenizer() const;  // throws where there is none
  CpuDevice& device();
  engine::Job make_job(std::span<const sxt_request> requests);
  engine::ScheduleOptions schedule() const { return {config_.batch_size, config_.schedule_seed}; }

  Config config_;
  std::unique_ptr<engine::GgufFile> file_;        // null where a tokenizer or a chat template stands alone
  std::unique_ptr<engine::Tokenizer> tokenizer_;  // null where a chat template stands alone
  std::optional<engine::ChatTemplate> chat_;
  std::vector<std::string> warnings_;
  // what stands below is there only with weights
  std::optional<engine::Architecture> architecture_;
  const Kernels* kernels_ = nullptr;
  DevicePlan plan_;
  std::unique_ptr<ThreadPool> pool_;
  std::unique_ptr<CpuDevice> device_;
  double operations_per_s_ = 0;  // of the latest run that tells; 0: none yet
};

}  // namespace sextant::cpu
