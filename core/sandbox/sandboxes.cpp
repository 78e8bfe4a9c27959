#include "sandboxes.hpp"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fmt/format.h>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include "../base/worker_process.hpp"

namespace sextant::sandbox {
namespace {

constexpr int tries = 3;               // of a sandbox that fails by itself
constexpr double supervisor_s = 60;    // for what the supervisor does besides

unsigned processors() { return std::max(1u, std::thread::hardware_concurrency()); }

// The supervisors that wait for work, and who may ask one.
class Supervisors {
 public:
  static Supervisors& all() {
    static Supervisors one;
    return one;
  }

  /// One line there, one back. `alone`: while nothing else runs.
  Result<std::string> ask(const std::string& line, double limit_s, bool alone) {
    std::unique_ptr<WorkerProcess> worker = enter(alone);
    auto answered = [&]() -> Result<std::string> {
      if (!worker) {
        SXT_TRY(worker, WorkerProcess::start("sandbox"));
      }
      std::string answer;
      const auto got =
          worker->send(line) ? worker->receive(std::chrono::duration<double>(limit_s), answer) : WorkerProcess::Got::end;
      if (got == WorkerProcess::Got::line) return answer;
      if (got == WorkerProcess::Got::end) worker->wait_for_end();
      const std::string how = worker->end();
      worker.reset();
      if (got == WorkerProcess::Got::late)
        return Error{Error::Kind::internal, fmt::format("the sandbox's supervisor did not answer within {:g} s", limit_s)};
      return Error{Error::Kind::internal, fmt::format("the sandbox's supervisor {}", how)};
    }();
    leave(std::move(worker), alone);
    return answered;
  }

 private:
  std::unique_ptr<WorkerProcess> enter(bool alone) {
    std::unique_lock lock(mutex_);
    if (alone) {
      ++wait_alone_;
      changed_.wait(lock, [&] { return running_ == 0; });
      --wait_alone_;
      running_ = processors();
    } else {
      changed_.wait(lock, [&] { return running_ < processors() && wait_alone_ == 0; });
      ++running_;
    }
    if (idle_.empty()) return nullptr;
    std::unique_ptr<WorkerProcess> worker = std::move(idle_.back());
    idle_.pop_back();
    return worker;
  }
  void leave(std::unique_ptr<WorkerProcess> worker, bool alone) {
    const std::lock_guard lock(mutex_);
    running_ -= alone ? processors() : 1;
    if (worker) idle_.push_back(std::move(worker));
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned running_ = 0, wait_alone_ = 0;
  std::vector<std::unique_ptr<WorkerProcess>> idle_;
};

Result<Verdict> run_once(const std::string& line, const Job& job, bool alone) {
  SXT_TRY(const std::string answer, Supervisors::all().ask(line, job.limits.wall_limit() + supervisor_s, alone));
  SXT_TRY(const json::Document verdict, json::parse(answer, "sandbox"));
  return verdict_from_json(verdict);
}

}  // namespace

Result<void> available() {
  static const std::string missing = []() -> std::string {
    const auto answer = Supervisors::all().ask(R"({"probe": true})", supervisor_s, false);
    if (!answer) return answer.error().message;
    const auto parsed = json::parse(*answer, "sandbox");
    if (!parsed) return parsed.error().message;
    return json::find_string(*parsed, "missing").value_or("the supervisor did not say whether they work");
  }();
  if (missing.empty()) return {};
  return Error{Error::Kind::device, "programs cannot be run in a sandbox here, and they are run nowhere else: " + missing};
}

Result<Verdict> run(const Job& job) {
  SXT_CHECK(available());
  const std::string line = json::write(to_json(job));
  Result<Verdict> verdict = run_once(line, job, false);
  for (int i = 1; i < tries && (!verdict || verdict->outcome == Outcome::broken); ++i) verdict = run_once(line, job, false);
  if (verdict && verdict->waited) verdict = run_once(line, job, true);
  if (verdict && verdict->outcome == Outcome::broken)
    return Error{Error::Kind::internal, "the sandbox failed, which says nothing of the program: " + verdict->detail};
  return verdict;
}

std::vector<Result<Verdict>> run_all(const std::vector<Job>& jobs) {
  std::vector<Result<Verdict>> verdicts(jobs.size(), Error{Error::Kind::internal, "not run"});
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i; (i = next++) < jobs.size();) verdicts[i] = run(jobs[i]);
  };
  std::vector<std::thread> threads;
  try {
    for (size_t i = 1; i < std::min<size_t>(processors(), jobs.size()); ++i) threads.emplace_back(work);
  } catch (const std::system_error&) {
    // this user may have no more threads; fewer do
  }
  work();
  for (std::thread& thread : threads) thread.join();
  return verdicts;
}

}  // namespace sextant::sandbox
