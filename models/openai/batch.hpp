// The requests of one call of run(), while their exchanges are under way. Threads: [owner].
#pragma once
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>
#include "backend.hpp"
#include "provider_batch.hpp"
#include "scoring.hpp"

namespace sextant::openai {

class Batch {
 public:
  Batch(Backend& backend, uint64_t call, std::span<const sxt_request* const> requests, const sxt_result_sink& sink);
  ~Batch();
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  void submit();
  bool over() const { return left_ == 0; }
  /// Takes what has arrived; waits a little for it. Throws PluginError where nothing more can come.
  void step();
  uint64_t tokens() const { return tokens_; }

 private:
  struct Open {
    std::unique_ptr<ScoreWork> score;  // of a request for log-probabilities
    bool done = false;
  };
  void send(size_t request, std::vector<Message> messages, std::vector<std::unique_ptr<Exchange>>& out);
  void take(std::unique_ptr<Exchange> exchange);
  void take_from_batch(std::unique_ptr<Exchange> exchange);
  void refuse(const Exchange& exchange);
  void answered(std::unique_ptr<Exchange> exchange);
  void broken(std::unique_ptr<Exchange> exchange, const std::string& why);
  bool withheld(size_t request, const std::string& said);
  void deliver(size_t request, Reply reply);
  void deliver(size_t request, const ScoreWork& work);
  void fail(size_t request, sxt_status status, const std::string& why);
  void put(size_t request, sxt_result& result);
  void spend(const Usage& usage);
  [[noreturn]] void end(sxt_status status, const std::string& why) const;

  Backend& backend_;
  std::span<const sxt_request* const> requests_;
  const sxt_result_sink sink_;
  Mailbox box_;
  std::unique_ptr<ProviderBatch> provider_;  // where generations go through the provider's batch interface
  std::vector<Open> open_;
  size_t left_ = 0;
  uint64_t tokens_ = 0;
};

}  // namespace sextant::openai
