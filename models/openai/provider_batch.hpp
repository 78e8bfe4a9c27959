// The providers' batch interfaces: many exchanges go up as one file (OpenAI's) or one list (Anthropic's), the job is looked at from
// time to time, and its answers come down together, for half the price and within a day. Exchanges go in and come back answered as
// if each had been sent by itself. Jobs are remembered by what they hold, so that a run that was interrupted finds its own again.
// Threads: [owner].
#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>
#include "settings.hpp"
#include "transfers.hpp"

namespace sextant::openai {

class ProviderBatch {
 public:
  struct Around {
    std::function<void()> check;                        // throws where the call is to end
    std::function<void(const std::string&)> say;        // what a person should know
  };
  ProviderBatch(const Settings& settings, Transfers& transfers, Around around);
  ~ProviderBatch();
  ProviderBatch(const ProviderBatch&) = delete;
  ProviderBatch& operator=(const ProviderBatch&) = delete;

  /// Sends them up; those that are not answered when this object ends stay with the provider. Throws PluginError.
  void submit(std::vector<std::unique_ptr<Exchange>> exchanges);
  /// The exchanges of the jobs that are over. One that the provider failed at comes back with that verdict.
  std::vector<std::unique_ptr<Exchange>> step();
  bool waits() const { return !jobs_.empty(); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Job {
    std::string id, key;   // key: of what it holds
    std::map<std::string, std::unique_ptr<Exchange>> open;  // by custom_id
    Clock::time_point next_look;
    int64_t done = -1;     // as last told
  };
  struct State { bool over = false; std::string word; };

  void start(Job job, const std::string& lines);
  std::string create(const std::string& lines, const Job& job);
  std::string upload(const std::string& lines);
  State look(Job& job, std::vector<std::string>& ret_results);
  void take_results(Job& job, const std::string& lines, std::vector<std::unique_ptr<Exchange>>& out);
  std::unique_ptr<Exchange> ask(std::string url, std::string body = {}, std::string type = {});
  json::Document answer_of(const Exchange& exchange, const std::string& what) const;
  bool anthropic() const { return settings_.dialect == Dialect::anthropic; }
  std::string jobs_url() const { return settings_.url(anthropic() ? "/messages/batches" : "/batches"); }
  std::string job_url(const std::string& id) const;

  const Settings& settings_;
  Transfers& transfers_;
  const Around around_;
  Mailbox box_;
  std::vector<Job> jobs_;
};

}  // namespace sextant::openai
