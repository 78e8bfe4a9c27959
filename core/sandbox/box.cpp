#include "box.hpp"
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "../base/own_process.hpp"
#include "filter.hpp"

namespace sextant::sandbox {
namespace {

constexpr int start_ms = 20'000;  // a machine that swaps

Error not_started(const std::string& why) { return {Error::Kind::internal, "a sandbox did not start: " + why}; }
std::string reason() { return std::strerror(errno); }

// Read by bwrap, so that the file is never in the sandbox's hands.
Descriptor memory_file(std::string_view text) {
  Descriptor file(::memfd_create("sandbox", MFD_CLOEXEC));
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::lseek(file.get(), 0, SEEK_SET) != 0)
    file.close();
  return file;
}

// In the child, before bwrap: nothing that allocates, and nothing of the supervisor but `wanted`, which become 0, 1, 2...
[[noreturn]] void become_bwrap(std::span<int> wanted, char* const* arguments) {
  const auto stop = [](std::string_view why) {
    (void)!::write(2, why.data(), why.size());
    leave_at_once(111);
  };
  const int count = static_cast<int>(wanted.size());
  for (int& fd : wanted) fd = ::fcntl(fd, F_DUPFD, count);
  for (int i = 0; i < count; ++i)
    if (::dup2(wanted[static_cast<size_t>(i)], i) < 0) stop("no descriptors");
  (void)::syscall(SYS_close_range, count, ~0u, 0);
  ::setsid();  // Ctrl-C in the terminal is not a verdict on a program
  if (const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); fd >= 0)
    (void)!::write(fd, "1000", 4), ::close(fd);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  for (int signal = 1; signal < 32; ++signal) ::signal(signal, SIG_DFL);  // what is ignored would stay so
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  char* const no_environment[] = {nullptr};
  ::execve(arguments[0], arguments, no_environment);
  stop("bwrap could not be run");
  leave_at_once(111);
}

// bwrap's --info-fd: {"child-pid": 1234, ...}
pid_t child_of(const Descriptor& info) {
  std::string text;
  for (pollfd wait{info.get(), POLLIN, 0}; ::poll(&wait, 1, start_ms) > 0 && !drain(info, text, 4096);) {}
  constexpr std::string_view key = "\"child-pid\":";
  size_t at = text.find(key);
  pid_t pid = -1;
  if (at == text.npos) return pid;
  at = std::min(text.find_first_not_of(" \t\n", at + key.size()), text.size());
  std::from_chars(text.data() + at, text.data() + text.size(), pid);
  return pid;
}

}  // namespace

Result<std::unique_ptr<Box>> Box::start(const Machine& machine, const Limits& limits, std::string_view script,
                                        std::span<const int> given) {
  static const Result<std::vector<char>> filter = system_call_filter();
  if (!filter) return filter.error();
  Pipe output = Pipe::open(), info = Pipe::open();
  const Descriptor null(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
      passwd = memory_file("box:x:65534:65534::/box:/bin/false\n"), code = memory_file(script),
      program = memory_file({filter->data(), filter->size()});
  if (!output.write || !info.write || !null || !passwd || !code || !program) return not_started(reason());
  std::vector<int> wanted = {null.get(), output.write.get(), output.write.get()};
  wanted.insert(wanted.end(), given.begin(), given.end());
  const int first = static_cast<int>(wanted.size());
  const Handed handed{first, first + 1, first + 2, first + 3};
  wanted.insert(wanted.end(), {passwd.get(), code.get(), program.get(), info.write.get()});
  std::vector<std::string> arguments = bwrap_arguments(machine, limits, handed);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // bwrap leaves before the init of its namespace has been waited for
  const pid_t bwrap = ::fork();
  if (bwrap < 0) return not_started(reason());
  if (bwrap == 0) become_bwrap(wanted, argv.data());
  output.write.close();
  info.write.close();
  const pid_t init = child_of(info.read);
  Descriptor init_fd(init > 0 ? static_cast<int>(::syscall(SYS_pidfd_open, init, 0)) : -1);
  auto box = std::unique_ptr<Box>(new Box(bwrap, init, std::move(init_fd), std::move(output.read), limits.folder_mb << 20));
  if (box->init_fd_) return box;
  std::string said;
  for (pollfd wait{box->output_.get(), POLLIN, 0}; ::poll(&wait, 1, 1000) > 0 && !drain(box->output_, said, 400);) {}
  std::replace(said.begin(), said.end(), '\n', ' ');
  return not_started(said.empty() ? "bwrap did not name its process" : said);
}

uint64_t Box::files() const {
  // before the sandbox has changed its root, the path is the machine's own; the size tells
  struct statvfs found{};
  const std::string folder = "/proc/" + std::to_string(init_) + "/root/box";
  if (::statvfs(folder.c_str(), &found) != 0 || found.f_blocks * found.f_frsize != folder_bytes_) return 0;
  return found.f_files - found.f_ffree;
}

bool Box::ended() const {
  pollfd wait{init_fd_.get(), POLLIN, 0};
  return !init_fd_ || ::poll(&wait, 1, 0) > 0;
}

void Box::end() {
  if (bwrap_ <= 0) return;
  if (init_fd_) {  // with its init the kernel ends and reaps the whole namespace, and the descriptor tells when that is done
    (void)::syscall(SYS_pidfd_send_signal, init_fd_.get(), SIGKILL, nullptr, 0);
    pollfd wait{init_fd_.get(), POLLIN, 0};
    (void)::poll(&wait, 1, 5000);
  } else {
    ::kill(bwrap_, SIGKILL);
  }
  for (int i = 0; ::waitpid(bwrap_, nullptr, WNOHANG) == 0; ++i) {
    if (i == 2000) ::kill(bwrap_, SIGKILL);
    ::usleep(500);
  }
  siginfo_t info;
  if (init_fd_) ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(init_fd_.get()), &info, WEXITED);
  bwrap_ = -1;
}

}  // namespace sextant::sandbox
