#include "child.hpp"
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace sextant::plugin {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  int read_end = -1, write_end = -1;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) == 0) read_end = ends[0], write_end = ends[1];
  }
  Pipe(const Pipe&) = delete;
  ~Pipe() { close(read_end), close(write_end); }
  static void close(int& fd) {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
};

/// Appends what is there; what is beyond `bytes_max` is read and dropped. False at the end.
bool drain(int fd, std::string& to, size_t bytes_max) {
  char block[16384];
  const ssize_t n = ::read(fd, block, sizeof block);
  if (n < 0) return errno == EINTR || errno == EAGAIN;
  to.append(block, std::min(static_cast<size_t>(n), bytes_max - std::min(bytes_max, to.size())));
  return n > 0;
}

Result<pid_t> spawn(const std::filesystem::path& program, const std::vector<std::string>& arguments, const Pipe& out,
                    const Pipe& err) {
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out.write_end, 1);
  posix_spawn_file_actions_adddup2(&actions, err.write_end, 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);  // so that what it started can be killed with it
  posix_spawnattr_setpgroup(&attributes, 0);
  pid_t pid = -1;
  const int code = ::posix_spawn(&pid, program.c_str(), &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (code != 0) return Error{Error::Kind::internal, fmt::format("cannot start {}: {}", program.string(), std::strerror(code))};
  return pid;
}

bool ended(pid_t pid) {
  siginfo_t info{};
  const int found = ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT);
  return (found == 0 && info.si_pid == pid) || (found < 0 && errno == ECHILD);
}

}  // namespace

Result<ChildOutcome> run_child(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                               std::chrono::milliseconds limit) {
  Pipe out, err;
  if (out.read_end < 0 || err.read_end < 0)
    return Error{Error::Kind::internal, fmt::format("no pipe for a child: {}", std::strerror(errno))};
  SXT_TRY(const pid_t pid, spawn(program, arguments, out, err));
  Pipe::close(out.write_end), Pipe::close(err.write_end);

  ChildOutcome outcome;
  const auto deadline = Clock::now() + limit;
  constexpr int tick_ms = 20;  // how late an end is seen when a grandchild still holds the pipes
  while (out.read_end >= 0 || err.read_end >= 0 || !ended(pid)) {
    if (Clock::now() >= deadline) {
      outcome.timed_out = true;
      break;
    }
    std::array<pollfd, 2> fds{{{out.read_end, POLLIN, 0}, {err.read_end, POLLIN, 0}}};
    const bool pipes_open = out.read_end >= 0 || err.read_end >= 0;
    const int ready = ::poll(fds.data(), fds.size(), pipes_open ? tick_ms : 1);
    if (fds[0].revents && !drain(out.read_end, outcome.out, size_t{16} << 20)) Pipe::close(out.read_end);
    if (fds[1].revents && !drain(err.read_end, outcome.err, size_t{64} << 10)) Pipe::close(err.read_end);
    if (ready == 0 && ended(pid)) break;
  }
  ::kill(-pid, SIGKILL);  // also what it left behind
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  if (WIFEXITED(status)) outcome.exit_status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
  return outcome;
}

}  // namespace sextant::plugin
