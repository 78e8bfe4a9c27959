#include "trial.hpp"
#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <initializer_list>
#include <optional>
#include <poll.h>
#include "box.hpp"
#include "scripts.hpp"

namespace sextant::sandbox {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int look_ms = 10;              // how often the processes are looked at
constexpr double ready_s = 30;           // for two interpreters to start
constexpr size_t verdict_bytes = 4096;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::string object(std::initializer_list<std::pair<std::string_view, std::string>> members) {
  std::string out = fmt::format("d{}:", members.size());
  for (const auto& [name, value] : members) out += wire::text(name) + value;
  return out;
}
std::string limits_task(const Limits& limits) {
  const auto members = process_limits(limits);
  std::string out = fmt::format("d{}:", members.size());
  for (const auto& [name, value] : members) out += wire::text(name) + wire::number(value);
  return wire::frame(out);
}
std::string program_task(const Job& job) {
  return wire::frame(object({{"program", wire::text(job.program)}, {"trim", wire::truth(job.trim)}}));
}
std::string tests_task(const Job& job) {
  std::string names = fmt::format("l{}:", job.names.size());
  for (const std::string& name : job.names) names += wire::text(name);
  return wire::frame(object({{"prepare", wire::text(job.prepare)},
                             {"tests", wire::text(job.tests)},
                             {"names", names},
                             {"reference", wire::text(job.reference)},
                             {"data", wire::text(job.data_json)},
                             {"types", wire::truth(job.types)}}));
}

// What is still to be written to a pipe whose reader may be slow, or gone.
class Sending {
 public:
  Sending(Descriptor to, std::string text) : to_(std::move(to)), text_(std::move(text)) {
    if (to_) ::fcntl(to_.get(), F_SETFL, O_NONBLOCK);
    go_on();
  }
  void add(std::string_view text) {
    text_ += text;
    last_ = true;
    go_on();
  }
  void go_on() {
    while (to_ && at_ < text_.size()) {
      const ssize_t n = ::write(to_.get(), text_.data() + at_, text_.size() - at_);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return;
      if (n <= 0) return to_.close();  // nobody reads: how it ended is found elsewhere
      at_ += static_cast<size_t>(n);
    }
    if (last_) to_.close();
  }
  int waits_for() const { return to_ && at_ < text_.size() ? to_.get() : -1; }

 private:
  Descriptor to_;
  std::string text_;
  size_t at_ = 0;
  bool last_ = false;
};

// The judge and the guest, or the script alone, and what they have said so far.
class Trial {
 public:
  Trial(const Machine& machine, const Job& job, int stop) : machine_(machine), job_(job), stop_(stop) {}

  Verdict run() {
    if (const auto started = start(); !started) return broken(started.error().message);
    while (!verdict_.has_value() && !ready()) step(start_, ready_s, false);
    if (verdict_) return std::move(*verdict_);
    send_tasks();
    begun_ = Clock::now();
    before_s_ = guest_->usage().cpu_s;  // an interpreter's start is not the program's time
    while (!verdict_.has_value()) step(begun_, job_.limits.wall_limit(), true);
    verdict_->cpu_s = cpu_s_;
    verdict_->wall_s = since(begun_);
    verdict_->peak_mb = peak_mb_;
    verdict_->output = std::move(output_);
    return std::move(*verdict_);
  }

 private:
  bool tests() const { return job_.kind == Job::Kind::tests; }
  bool ready() const { return said_.starts_with("ready\n"); }
  Verdict broken(std::string why) const {
    std::string printed = judge_output_.empty() ? output_ : judge_output_;
    if (!printed.empty()) {
      std::replace(printed.begin(), printed.end(), '\n', ' ');
      why += ": " + printed.substr(printed.size() - std::min<size_t>(printed.size(), 300));
    }
    return {Outcome::broken, std::move(why), {}, 0, 0, 0, false};
  }
  void settle(Outcome outcome, std::string detail) {
    if (!verdict_) verdict_ = Verdict{outcome, std::move(detail), {}, 0, 0, 0, false};
  }

  Result<void> start() {
    Pipe guest_task = Pipe::open(), said = Pipe::open();
    if (!guest_task.write || !said.write) return Error{Error::Kind::internal, "there are no more pipes"};
    said_fd_ = std::move(said.read);
    const std::string limits = limits_task(job_.limits);
    if (tests()) {
      Pipe judge_task = Pipe::open(), requests = Pipe::open(), replies = Pipe::open();
      if (!judge_task.write || !requests.write || !replies.write)
        return Error{Error::Kind::internal, "there are no more pipes"};
      const int judges[] = {judge_task.read.get(), replies.read.get(), requests.write.get(), said.write.get()};
      SXT_TRY(judge_, Box::start(machine_, job_.limits, std::string(wire_py) + judge_py, judges));
      const int guests[] = {guest_task.read.get(), requests.read.get(), replies.write.get()};
      SXT_TRY(guest_, Box::start(machine_, job_.limits, std::string(wire_py) + guest_py, guests));
      to_judge_.emplace(std::move(judge_task.write), limits);
    } else {
      const int scripts[] = {guest_task.read.get(), said.write.get()};
      SXT_TRY(guest_, Box::start(machine_, job_.limits, std::string(wire_py) + script_py, scripts));
    }
    to_guest_.emplace(std::move(guest_task.write), limits);
    return {};
  }

  void send_tasks() {
    to_guest_->add(program_task(job_));
    if (to_judge_) to_judge_->add(tests_task(job_));
  }

  // Waits a little, reads what has come, looks at the limits.
  void step(Clock::time_point from, double limit_s, bool running) {
    pollfd waits[] = {{said_open_ ? said_fd_.get() : -1, POLLIN, 0},
                      {output_open_ ? guest_->output().get() : -1, POLLIN, 0},
                      {judge_ && judge_output_open_ ? judge_->output().get() : -1, POLLIN, 0},
                      {to_guest_->waits_for(), POLLOUT, 0},
                      {to_judge_ ? to_judge_->waits_for() : -1, POLLOUT, 0},
                      {stop_, POLLIN, 0}};
    ::poll(waits, std::size(waits), look_ms);
    if (waits[5].revents) return settle(Outcome::broken, "interrupted");
    to_guest_->go_on();
    if (to_judge_) to_judge_->go_on();
    bool more = false;
    if (waits[0].revents && drain(said_fd_, said_, verdict_bytes)) said_open_ = false;
    if (waits[1].revents && drain(guest_->output(), output_, job_.limits.output_kb << 10, &more)) output_open_ = false;
    if (waits[2].revents && drain(judge_->output(), judge_output_, verdict_bytes)) judge_output_open_ = false;
    Box& leader = judge_ ? *judge_ : *guest_;
    const bool over = leader.ended();  // before the limits are looked at: what it said at last counts
    if (more) return settle(Outcome::output, fmt::format("it printed more than {} KiB", job_.limits.output_kb));
    if (running) look_at_limits();
    if (over && !verdict_) return finish(leader);
    if (!verdict_ && since(from) > limit_s) {
      if (!running) return settle(Outcome::broken, fmt::format("its interpreters did not start within {} s", limit_s));
      settle(Outcome::timed_out, fmt::format("it was not over after {:g} s by the clock", limit_s));
      verdict_->waited = true;
    }
  }

  void look_at_limits() {
    const Limits& limits = job_.limits;
    for (Box* box : {guest_.get(), judge_.get()}) {
      if (!box || verdict_ || box->ended()) continue;
      const bool is_guest = box == guest_.get();
      const char* where = is_guest ? "" : ", in the tests";
      const Usage usage = box->usage();
      if (usage.processes.empty() && !box->ended()) return settle(Outcome::broken, "/proc does not show its processes");
      const double cpu_s = usage.cpu_s - (is_guest ? before_s_ : 0);
      if (is_guest) {
        cpu_s_ = std::max(cpu_s_, cpu_s);
        peak_mb_ = std::max(peak_mb_, usage.resident_kb >> 10);
      }
      if (cpu_s > limits.cpu_s)
        settle(Outcome::timed_out, fmt::format("it took more than {:g} s of processor time{}", limits.cpu_s, where));
      if (usage.tasks > limits.tasks + 2)
        settle(Outcome::tasks, fmt::format("it had more than {} processes and threads{}", limits.tasks, where));
      if (usage.resident_kb >> 10 > limits.memory_mb && ProcessTree::proportional_kb(usage) >> 10 > limits.memory_mb)
        settle(Outcome::memory, fmt::format("it took more than {} MiB{}", limits.memory_mb, where));
      if (box->files() > limits.files) settle(Outcome::files, fmt::format("it made more than {} files{}", limits.files, where));
    }
  }

  // The one that has the last word has ended by itself.
  void finish(Box& leader) {
    bool more = false;
    while (said_open_ && !drain(said_fd_, said_, verdict_bytes)) {}
    guest_->end();
    while (output_open_ && !drain(guest_->output(), output_, job_.limits.output_kb << 10, &more)) {}
    leader.end();
    if (!ready()) return settle(Outcome::broken, broken("its interpreter ended before the program began").detail);
    if (!tests()) return settle(more ? Outcome::output : Outcome::passed, "");
    const std::string_view line = std::string_view(said_).substr(6);
    const size_t end = std::min(line.find('\n'), line.size()), blank = std::min(line.find(' '), end);
    const std::string_view word = line.substr(0, blank);
    std::string detail(line.substr(std::min(blank + 1, end), end - std::min(blank + 1, end)));
    for (const Outcome outcome : {Outcome::passed, Outcome::wrong, Outcome::failed, Outcome::untestable})
      if (word == outcome_name(outcome)) return settle(outcome, std::move(detail));
    // no model's code runs in it, so something out here has ended it
    settle(Outcome::broken, broken("the tests ended without a verdict").detail);
  }

  const Machine& machine_;
  const Job& job_;
  const int stop_;
  std::unique_ptr<Box> judge_, guest_;     // guest_ is the script where there is no judge
  std::optional<Sending> to_judge_, to_guest_;
  Descriptor said_fd_;
  std::string said_, output_, judge_output_;
  bool said_open_ = true, output_open_ = true, judge_output_open_ = true;
  std::optional<Verdict> verdict_;
  Clock::time_point start_ = Clock::now(), begun_;
  double before_s_ = 0, cpu_s_ = 0;
  uint64_t peak_mb_ = 0;
};

}  // namespace

namespace wire {
std::string text(std::string_view value) { return fmt::format("s{}:{}", value.size(), value); }
std::string number(uint64_t value) { return fmt::format("i{:x};", value); }
std::string truth(bool value) { return value ? "T" : "F"; }
std::string frame(std::string_view value) {
  const auto size = static_cast<uint32_t>(value.size());
  std::string out;
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(size >> shift & 0xff);
  return out.append(value);
}
}  // namespace wire

Verdict try_job(const Machine& machine, const Job& job, int stop) { return Trial(machine, job, stop).run(); }

}  // namespace sextant::sandbox
