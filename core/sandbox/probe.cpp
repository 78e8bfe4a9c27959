#include "probe.hpp"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../base/own_process.hpp"
#include "descriptor.hpp"
#include "trial.hpp"

namespace sextant::sandbox {
namespace {

constexpr const char* steps[] = {"unshare(CLONE_NEWUSER)", "write /proc/self/uid_map", "unshare the other namespaces",
                                 "make the mounts private", "mount a tmpfs"};

bool write_file(const char* path, const char* text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  return fd >= 0 && ::write(fd, text, std::strlen(text)) == static_cast<ssize_t>(std::strlen(text));
}

// In a child: the steps that bwrap will take. The number of the one that failed and errno, or nothing.
void take_steps(int report, const char* uid_map) {
  const auto fail = [&](int step) {
    const int said[] = {step, errno};
    (void)!::write(report, said, sizeof said);
    leave_at_once(1);
  };
  if (::unshare(CLONE_NEWUSER) != 0) fail(0);
  if (!write_file("/proc/self/uid_map", uid_map)) fail(1);
  if (::unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0) fail(2);
  if (::mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) fail(3);
  if (::mount("tmpfs", "/usr", "tmpfs", 0, nullptr) != 0) fail(4);
  leave_at_once(0);
}

}  // namespace

std::string remedy_of(std::string_view step, int code) {
  if (step.starts_with("unshare") && code == ENOSPC)
    return "user namespaces are switched off; sysctl user.max_user_namespaces=15000 allows them";
  if (step.starts_with("unshare") && (code == EPERM || code == ENOSYS))
    return "user namespaces are forbidden: by a container's seccomp profile (Docker: --security-opt seccomp=unconfined, or a "
           "profile that "
           "allows unshare, clone, mount, umount2 and pivot_root), or by sysctl kernel.unprivileged_userns_clone=0";
  return "namespaces are restricted, on Ubuntu 24.04 by AppArmor: install its profile for bwrap, or set "
         "sysctl kernel.apparmor_restrict_unprivileged_userns=0";
}

std::string try_sandboxes(const Machine& machine, int stop) {
  if (machine.bwrap.empty()) return "bubblewrap is not installed; install it (apt-get install bubblewrap)";
  if (machine.python.empty()) return "python3 is not installed; install it (apt-get install python3)";
  if (::access(machine.python.c_str(), X_OK) != 0)
    return fmt::format("an ordinary user cannot run {} ({}); install a python3 that all can reach (apt-get install python3)",
                       machine.python, std::strerror(errno));
  if (::access("/proc/thread-self/children", R_OK) != 0)
    return "/proc does not list the children of processes, so limits could not be kept; run where /proc is mounted in full";
  const std::string uid_map = fmt::format("65534 {} 1\n", ::geteuid());
  Pipe report = Pipe::open();
  const pid_t child = ::fork();
  if (child < 0) return fmt::format("no process could be started ({}); allow this user more", std::strerror(errno));
  if (child == 0) take_steps(report.write.get(), uid_map.c_str());
  report.write.close();
  int said[2] = {-1, 0};
  const ssize_t n = ::read(report.read.get(), said, sizeof said);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {}
  if (n == static_cast<ssize_t>(sizeof said))
    return fmt::format("{} failed ({}); {}", steps[said[0]], std::strerror(said[1]), remedy_of(steps[said[0]], said[1]));
  Job whole;
  whole.program = "def next_of(x): return x + 1";
  whole.tests = "assert next_of(1) == 2";
  whole.names = {"next_of"};
  const Verdict verdict = try_job(machine, whole, stop);
  if (verdict.outcome == Outcome::passed) return {};
  return fmt::format(
      "a program that is right was {} ({}); run `{} --unshare-user --ro-bind / / true` to see whether bubblewrap works here",
      outcome_name(verdict.outcome), verdict.detail, machine.bwrap);
}

}  // namespace sextant::sandbox
