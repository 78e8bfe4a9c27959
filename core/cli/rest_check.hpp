// What the check before a run left out of large data sets is looked at beside it: what is wrong there ends the run. Threads: [owner].
#pragma once
#include <atomic>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include "../preflight/preflight.hpp"

namespace sextant::cli {

/// Of a larger set so many rows are looked at before the run begins: some tenths of a second.
inline constexpr uint64_t rows_before_run = 10'000;

class RestCheck {
 public:
  /// `first`: what was found before. `run` is copied, with the sets that were looked at in part.
  RestCheck(const plugin::Registry& registry, const config::RunConfig& run, const preflight::Report& first, preflight::Options options);
  ~RestCheck();
  RestCheck(const RestCheck&) = delete;
  RestCheck& operator=(const RestCheck&) = delete;
  /// Ends it, and says what it has found: of that kind, and already told. It has then stopped the run.
  std::optional<Error::Kind> end();

 private:
  void look();
  std::atomic<bool> cancelled_ = false;
  plugin::Host host_;
  config::RunConfig run_;
  const bool alone_;                    // the run has one set, which is no use where a row is wrong
  preflight::Options options_;
  std::set<std::string> told_;          // warnings
  std::optional<Error::Kind> found_;    // read when the thread has ended
  std::thread thread_;
};

}  // namespace sextant::cli
