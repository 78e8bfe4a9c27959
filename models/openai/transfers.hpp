// All exchanges with one server: one thread, one libcurl multi handle, as many at once as the throttle allows. What the server
// is too busy for, or is not there for, is sent again from here; what it failed at is handed back with the others, for whoever
// asked knows more. Ownership: exchanges are given in and come back through their owner's mailbox. Threads: [any].
#pragma once
#include <atomic>
#include <condition_variable>
#include <curl/curl.h>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>
#include "event_loop.hpp"
#include "exchange.hpp"
#include "throttle.hpp"

namespace sextant::openai {

struct TransferOptions {
  std::vector<std::string> headers;
  uint32_t most = 1;
  uint32_t max_retries = 0;
  int64_t timeout_ms = 0, connect_timeout_ms = 0, outage_ms = 0, backoff_ms = 0;
  std::function<void(const std::string&)> say;  // what a person should know: the server is gone, it is back
};

class Transfers {
 public:
  explicit Transfers(TransferOptions options);
  ~Transfers();
  Transfers(const Transfers&) = delete;
  Transfers& operator=(const Transfers&) = delete;

  void submit(std::vector<std::unique_ptr<Exchange>> exchanges);
  /// One that was answered with what is not an answer: it is sent again after a while. False: it has been often enough.
  bool again(std::unique_ptr<Exchange>& exchange);
  /// Ends all exchanges of that owner; when this returns, none will arrive any more.
  void drop(const Mailbox& owner);
  uint64_t retries() const { return retries_; }

 private:
  struct Slot;  // an easy handle and the exchange that it is at
  using Time = int64_t;
  Time now() const;
  void loop();
  bool turn();
  void take_in();
  void start_what_may();
  void start(std::unique_ptr<Exchange> exchange);
  void finish(Slot& slot, CURLcode code);
  void settle(std::unique_ptr<Exchange> exchange);
  void later(std::unique_ptr<Exchange> exchange, int64_t wait_ms);
  bool lost(Time time) const;
  void give_up();
  void abandon(const std::string& why);
  void end_drops();
  int wait_ms() const;
  uint64_t random();

  const TransferOptions options_;
  CURLM* multi_;
  EventLoop events_{multi_};
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  const std::string id_prefix_;
  // of the loop's thread alone
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Slot*> idle_;
  size_t busy_ = 0;
  std::deque<std::unique_ptr<Exchange>> ready_;
  std::multimap<Time, std::unique_ptr<Exchange>> later_;
  Throttle throttle_;
  Time last_answer_ = 0, first_trouble_ = -1;
  bool said_gone_ = false;
  uint64_t random_state_, sent_ = 0;
  std::atomic<uint64_t> retries_ = 0;

  std::mutex mutex_;  // for what follows
  std::condition_variable dropped_;
  std::vector<std::unique_ptr<Exchange>> inbox_;
  std::vector<const Mailbox*> drops_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace sextant::openai
