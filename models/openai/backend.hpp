// The object behind the backend "openai": requests of the core to exchanges with a server, and its answers back. Calls of run()
// share one set of connections. Threads: [any] (SXT_CAP_CONCURRENT): what is not const guards itself.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <sextant/sdk.hpp>
#include "body.hpp"
#include "probe.hpp"
#include "settings.hpp"
#include "spending.hpp"
#include "transfers.hpp"

namespace sextant::openai {

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
  friend class Batch;
  uint32_t in_flight() const;
  TransferOptions transfer_options() const;
  Transfers& transfers();
  const Served& asked();
  std::string answer_of(std::string_view path, std::string body);

  const Settings settings_;
  const Served served_;
  std::mutex late_mutex_;
  std::optional<Served> late_;                 // of a server that was not asked at first
  Spelling spelling_;
  Spending spending_{settings_};
  std::unique_ptr<Transfers> transfers_;       // none where the server is never asked
  std::atomic<uint64_t> fruitless_ = 0;        // requests that failed before any was answered
  std::atomic<bool> fruitful_ = false, told_of_filter_ = false, told_of_estimate_ = false, told_of_cap_ = false;
};

}  // namespace sextant::openai
