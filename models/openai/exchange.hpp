// One HTTP exchange: what is sent, and what came back. Plain data; whoever holds it owns it. A mailbox is where those that are
// over wait for who asked.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>
#include "retry.hpp"

namespace sextant::openai {

class Mailbox;

struct Exchange {
  std::string url, body;          // an empty body: GET
  std::string sent_type = "application/json";  // of the body
  size_t request = 0, part = 0;   // whose it is, and which of that request's exchanges
  Mailbox* owner = nullptr;

  uint32_t tries = 0;             // how often it was sent
  uint32_t failures = 0;          // of these, how often the server failed at it while it was there
  int64_t sent_ms = 0;
  std::string id;                 // x-request-id of the last try
  // what came back
  Verdict verdict = Verdict::failed;
  long status = 0;                // HTTP; 0: there was no answer
  std::string content_type, answer, trouble,
      served_id;  // trouble: why there was none; served_id: the server's word of whose answer this is
  std::string location, server;
  int64_t wait_ms = 0;            // what Retry-After asks for
  bool over = false;              // the server answers nothing at all: nobody need wait any more
};

class Mailbox {
 public:
  void put(std::unique_ptr<Exchange> exchange) {
    const std::lock_guard lock(mutex_);
    arrived_.push_back(std::move(exchange));
    changed_.notify_one();
  }
  /// All that has arrived; waits `most` for the first.
  std::vector<std::unique_ptr<Exchange>> take(std::chrono::milliseconds most) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, most, [this] { return !arrived_.empty(); });
    return std::exchange(arrived_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Exchange>> arrived_;
};

}  // namespace sextant::openai
