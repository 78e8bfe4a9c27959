#include "isolated.hpp"
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../base/text.hpp"
#include "wire.hpp"

extern char** environ;

namespace sextant::score {
namespace {

using Clock = std::chrono::steady_clock;

// A scorer that ends its process every time would cost a process, or the limit, for each sample.
constexpr unsigned give_up_after = 10;

// The worker's process and the socket to it; killed with the object.
class Process {
 public:
  static Result<std::unique_ptr<Process>> start() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
      return Error{Error::Kind::internal, fmt::format("no socket for a scoring process: {}", std::strerror(errno))};
    auto process = std::unique_ptr<Process>(new Process);
    process->fd_ = ends[0];
    const std::string program = worker_program().empty() ? "/proc/self/exe" : worker_program().string();
    std::string words[] = {program, "worker", "score"};
    char* argv[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 0);
    posix_spawn_file_actions_adddup2(&actions, 2, 1);  // what a plugin prints is no answer
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);  // so that what it started is killed with it
    posix_spawnattr_setpgroup(&attributes, 0);
    const int code = ::posix_spawn(&process->pid_, program.c_str(), &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (code == 0) return process;
    process->pid_ = -1;
    return Error{Error::Kind::internal, fmt::format("cannot start a scoring process ({}): {}", program, std::strerror(code))};
  }
  ~Process() {
    end();
    if (fd_ >= 0) ::close(fd_);
  }
  Process(const Process&) = delete;

  bool send(std::string line) {
    line += '\n';
    for (size_t at = 0; at < line.size();) {
      const ssize_t n = ::send(fd_, line.data() + at, line.size() - at, MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      at += static_cast<size_t>(n);
    }
    return true;
  }
  enum class Got { line, late, end };
  Got receive(std::chrono::duration<double> limit, std::string& ret_line) {
    const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(limit);
    for (size_t looked_at = 0;;) {
      if (const size_t lf = buffer_.find('\n', looked_at); lf != buffer_.npos) {
        ret_line = buffer_.substr(0, lf);
        buffer_.erase(0, lf + 1);
        return Got::line;
      }
      looked_at = buffer_.size();
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (left <= 0) return Got::late;
      pollfd wait{fd_, POLLIN, 0};
      if (::poll(&wait, 1, static_cast<int>(std::min<int64_t>(left, 60'000))) <= 0) continue;
      char block[16384];
      const ssize_t n = ::read(fd_, block, sizeof block);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return Got::end;
      buffer_.append(block, static_cast<size_t>(n));
    }
  }
  /// How it ended: "was ended by signal 11 (Segmentation fault)".
  std::string end() {
    if (pid_ < 0) return "had ended";
    siginfo_t info{};
    const auto deadline = Clock::now() + std::chrono::milliseconds(200);  // a crash closes the socket before it is over
    while (fd_ >= 0 && ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0 && wait_for_end_ &&
           Clock::now() < deadline)
      ::usleep(1000);
    ::kill(-pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
    pid_ = -1;
    if (WIFSIGNALED(status)) return fmt::format("was ended by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
    return fmt::format("ended with exit status {}", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  }
  void wait_for_end() { wait_for_end_ = true; }

 private:
  Process() = default;
  pid_t pid_ = -1;
  int fd_ = -1;
  bool wait_for_end_ = false;
  std::string buffer_;
};

class IsolatedReader : public Reader {
 public:
  IsolatedReader(std::string setup, std::string name, std::string components, size_t filters, double limit_s)
      : setup_(std::move(setup)), name_(std::move(name)), components_(std::move(components)), filters_(filters), limit_s_(limit_s) {}

  Result<void> open() override { return process_ ? Result<void>() : start(); }

  Result<std::vector<RowReading>> read(std::span<const Row> rows) override {
    std::vector<RowReading> out;
    for (const Row& row : rows) {
      if (in_a_row_ >= give_up_after) {
        out.push_back(failed(row, {Error::Kind::internal, fmt::format("{}: not scored: its scorers crashed or hung on {} samples in a row", name_, in_a_row_)}));
        continue;
      }
      auto answer = ask(wire::to_line(row), limit_s_ * static_cast<double>(row.size()));
      if (!answer) {
        if (!costs_a_sample_) return answer.error();
        ++in_a_row_;
        out.push_back(failed(row, answer.error()));
        continue;
      }
      in_a_row_ = 0;
      SXT_TRY(RowReading reading, wire::reading_from(*answer));
      if (reading.size() != row.size()) return Error{Error::Kind::internal, "the scoring process gave another number of readings"};
      out.push_back(std::move(reading));
    }
    return out;
  }

  Result<std::vector<bool>> aggregates() override {
    SXT_CHECK(open());
    return aggregates_;
  }

  Result<Numbers> aggregate(size_t metric, std::span<const Judged> samples, std::span<const double> first) override {
    SXT_TRY(const json::Document answer, ask(wire::to_line(metric, samples, first), limit_s_));
    return wire::numbers_from(answer);
  }

 private:
  // One line there, one back. Where the process ends or is late it is replaced with the next line; that costs a sample.
  Result<json::Document> ask(const std::string& line, double limit_s) {
    costs_a_sample_ = false;
    SXT_CHECK(open());
    return exchange(line, limit_s);
  }
  Result<void> start() {
    costs_a_sample_ = false;
    SXT_TRY(process_, Process::start());
    auto made = exchange(setup_, default_attempt_limit_s);
    costs_a_sample_ = false;  // components that cannot be made fail the whole set
    if (!made) return made.error();
    SXT_TRY(aggregates_, wire::aggregates_from(*made));
    return {};
  }
  Result<json::Document> exchange(const std::string& line, double limit_s) {
    std::string answer;
    const Process::Got got =
        process_->send(line) ? process_->receive(std::chrono::duration<double>(limit_s), answer) : Process::Got::end;
    if (got != Process::Got::line) {
      if (got == Process::Got::end) process_->wait_for_end();
      const std::string how = process_->end();
      process_.reset();
      costs_a_sample_ = true;
      if (got == Process::Got::late)
        return Error{Error::Kind::internal, fmt::format("{}: its scorers ({}) ran longer than {} s and were stopped (\"attempt_limit_s\")", name_, components_, limit_s)};
      return Error{Error::Kind::internal, fmt::format("{}: the process of its scorers ({}) {}", name_, components_, how)};
    }
    SXT_TRY(json::Document document, json::parse(answer, "scoring process"));
    if (auto error = wire::error_from(document)) return *std::move(error);
    return document;
  }
  RowReading failed(const Row& row, const Error& error) const {
    Reading reading;
    reading.error = error;
    RowReading out(row.size(), std::vector<Reading>(filters_, reading));
    for (size_t a = 0; a < row.size(); ++a)
      for (Reading& one : out[a]) {
        one.reference_json = row[a]->target_json;
        one.answer = row[a]->prediction;
      }
    return out;
  }

  const std::string setup_, name_, components_;
  const size_t filters_;
  const double limit_s_;
  bool costs_a_sample_ = false;
  unsigned in_a_row_ = 0;          // samples that ended a process
  std::unique_ptr<Process> process_;
  std::vector<bool> aggregates_;   // [metric]
};

// "postprocessor:first_option, metric:mine": one of them it is.
std::string components_of(const config::DatasetConfig& dataset) {
  std::vector<std::string> names;
  const auto add = [&](std::string_view kind, const std::vector<config::PluginChoice>& choices) {
    for (const config::PluginChoice& choice : choices) {
      std::string name = fmt::format("{}:{}", kind, choice.id);
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
    }
  };
  for (const config::Filter& filter : dataset.filters) add("postprocessor", filter.postprocessors);
  add("postprocessor", dataset.reference_postprocessors);
  add("metric", dataset.metrics);
  return join(names, ", ");
}

}  // namespace

std::filesystem::path& worker_program() {
  static std::filesystem::path path;
  return path;
}

Result<std::unique_ptr<Reader>> start_isolated(const std::vector<std::filesystem::path>& folders, const config::DatasetConfig& dataset,
                                               config::Compat compat) {
  wire::Setup setup;
  for (const auto& folder : folders) setup.folders.push_back(folder.string());
  setup.dataset = dataset;
  setup.compat = compat;
  return std::unique_ptr<Reader>(
      std::make_unique<IsolatedReader>(wire::to_line(setup), dataset.abbr, components_of(dataset), dataset.filters.size(), dataset.attempt_limit_s));
}

}  // namespace sextant::score
