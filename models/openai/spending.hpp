// What a run has cost so far, in tokens and by the user's prices, and whether that is all it may cost. [any] thread.
#pragma once
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <fmt/format.h>
#include "reply.hpp"
#include "settings.hpp"

namespace sextant::openai {

class Spending {
 public:
  explicit Spending(const Settings& settings) : settings_(settings) {}
  void add(const Usage& usage) {
    const std::lock_guard lock(mutex_);
    ++requests_;
    prompt_ += usage.prompt;
    cached_ += usage.cached;
    completion_ += usage.completion;
  }
  void withhold() {
    const std::lock_guard lock(mutex_);
    ++withheld_;
  }
  /// The sentence that ends the run, where a cap has been reached.
  std::optional<std::string> cap() const {
    const std::lock_guard lock(mutex_);
    if (settings_.max_run_tokens > 0 && prompt_ + completion_ >= settings_.max_run_tokens)
      return fmt::format(
          "the run has used {} tokens, and max_run_tokens is {}; raise it and run the same command with -r to go on",
          prompt_ + completion_, settings_.max_run_tokens);
    if (settings_.max_run_cost > 0 && cost() >= settings_.max_run_cost)
      return fmt::format(
          "the run has cost {:.4f} {}, and max_run_cost is {}; raise it and run the same command with -r to go on", cost(),
          settings_.prices.currency, settings_.max_run_cost);
    return std::nullopt;
  }
  /// Why a request is not sent: what it may cost is beyond the cap. A prompt has at most as many tokens as bytes.
  std::optional<std::string> cap_of(const sxt_request& request) const {
    if (settings_.max_sample_cost <= 0 || !request.sampling) return std::nullopt;
    uint64_t bytes = request.prefix.size + request.tools_json.size;
    for (uint64_t i = 0; i < request.message_count; ++i)
      for (uint64_t k = 0; k < request.messages[i]->part_count; ++k) bytes += request.messages[i]->parts[k]->text.size;
    const double most = (static_cast<double>(bytes) * settings_.prices.prompt +
                         static_cast<double>(request.sampling->max_new_tokens) * settings_.prices.completion) /
                        1e6;
    if (most <= settings_.max_sample_cost) return std::nullopt;
    return fmt::format(
        "a prompt of {} bytes with a reply of {} tokens may cost {:.6f} {}, and max_sample_cost is {}: such requests are not sent; "
        "raise it or give a smaller --max-out-len, and run the same command with -r to go on",
        bytes, request.sampling->max_new_tokens, most, settings_.prices.currency, settings_.max_sample_cost);
  }
  /// {"requests", "prompt_tokens", "cached_tokens", "completion_tokens", "retries", "withheld"?, "cost"?, "currency"?}
  std::string to_json(uint64_t retries) const {
    const std::lock_guard lock(mutex_);
    std::string out =
        fmt::format(R"({{"requests":{},"prompt_tokens":{},"cached_tokens":{},"completion_tokens":{},"retries":{})", requests_,
                    prompt_, cached_, completion_, retries);
    if (withheld_ > 0) out += fmt::format(R"(,"withheld":{})", withheld_);
    if (settings_.prices.known)
      out += fmt::format(R"(,"cost":{:.6f},"currency":{})", cost(), json::quote(settings_.prices.currency));
    return out + "}";
  }

 private:
  double cost() const {
    const Prices& p = settings_.prices;
    return (static_cast<double>(prompt_ - cached_) * p.prompt + static_cast<double>(cached_) * p.cached +
            static_cast<double>(completion_) * p.completion) /
           1e6;
  }
  const Settings& settings_;
  mutable std::mutex mutex_;
  uint64_t requests_ = 0, prompt_ = 0, cached_ = 0, completion_ = 0, withheld_ = 0;
};

}  // namespace sextant::openai
