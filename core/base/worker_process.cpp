#include "worker_process.hpp"
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

extern char** environ;

namespace sextant {
namespace {

using Clock = std::chrono::steady_clock;

// Takes the first line out of the buffer; looks no byte at twice.
bool take_line(std::string& buffer, size_t& looked_at, std::string& ret_line) {
  const size_t lf = buffer.find('\n', looked_at);
  looked_at = buffer.size();
  if (lf == buffer.npos) return false;
  ret_line = buffer.substr(0, lf);
  buffer.erase(0, lf + 1);
  return true;
}

}  // namespace

std::filesystem::path& worker_program() {
  static std::filesystem::path path;
  return path;
}

Result<std::unique_ptr<WorkerProcess>> WorkerProcess::start(std::string_view name) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return Error{Error::Kind::internal, fmt::format("no socket for a process of its own ({}): {}", name, std::strerror(errno))};
  auto process = std::unique_ptr<WorkerProcess>(new WorkerProcess);
  process->fd_ = ends[0];
  const std::string program = worker_program().empty() ? "/proc/self/exe" : worker_program().string();
  std::string words[] = {program, "worker", std::string(name)};
  char* argv[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 0);
  posix_spawn_file_actions_adddup2(&actions, 2, 1);  // what a plugin prints is not an answer
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
  return Error{Error::Kind::internal,
               fmt::format("cannot start a process of its own ({} worker {}): {}", program, name, std::strerror(code))};
}

WorkerProcess::~WorkerProcess() {
  end();
  if (fd_ >= 0) ::close(fd_);
}

bool WorkerProcess::send(std::string line) { return write_line(fd_, std::move(line)); }

WorkerProcess::Got WorkerProcess::receive(std::chrono::duration<double> limit, std::string& ret_line) {
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(limit);
  for (size_t looked_at = 0; !take_line(buffer_, looked_at, ret_line);) {
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
  return Got::line;
}

std::string WorkerProcess::end() {
  if (pid_ < 0) return "had ended";
  siginfo_t info{};
  const auto deadline = Clock::now() + std::chrono::milliseconds(200);  // a crash closes the socket before it is over
  while (fd_ >= 0 && ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0 &&
         wait_for_end_ && Clock::now() < deadline)
    ::usleep(1000);
  ::kill(-pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
  pid_ = -1;
  if (WIFSIGNALED(status)) return fmt::format("was ended by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  return fmt::format("ended with exit status {}", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

bool read_line(int fd, std::string& buffer, std::string& ret_line) {
  for (size_t looked_at = 0; !take_line(buffer, looked_at, ret_line);) {
    char block[65536];
    const ssize_t n = ::read(fd, block, sizeof block);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    buffer.append(block, static_cast<size_t>(n));
  }
  return true;
}

bool write_line(int fd, std::string line) {
  line += '\n';
  for (size_t at = 0; at < line.size();) {
    const ssize_t n = ::send(fd, line.data() + at, line.size() - at, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += static_cast<size_t>(n);
  }
  return true;
}

}  // namespace sextant
