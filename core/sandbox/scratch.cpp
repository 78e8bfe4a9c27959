#include "scratch.hpp"
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../base/own_process.hpp"

namespace sextant::sandbox {
namespace {

bool write_text(const char* path, const std::string& text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  const bool done = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (fd >= 0) ::close(fd);
  return done;
}

// A mount namespace, which an ordinary user has inside of a user namespace where it is still itself.
bool own_mounts() {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (user == 0 && ::unshare(CLONE_NEWNS) == 0) return true;
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  return write_text("/proc/self/setgroups", "deny") && write_text("/proc/self/uid_map", fmt::format("{} {} 1", user, user)) &&
         write_text("/proc/self/gid_map", fmt::format("{} {} 1", group, group));
}

bool mount_here(const std::string& folder) {
  return own_mounts() && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("scratch", folder.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                 fmt::format("size={},nr_inodes=100000,mode=700", scratch_bytes).c_str()) == 0;
}

}  // namespace

bool mount_scratch(const std::string& folder) {
  // tried in a process of its own first: half of it done would leave this one in namespaces that it cannot use
  const pid_t trial = ::fork();
  if (trial < 0) return false;
  if (trial == 0) leave_at_once(mount_here(folder) ? 0 : 1);
  int status = 0;
  return ::waitpid(trial, &status, 0) == trial && WIFEXITED(status) && WEXITSTATUS(status) == 0 && mount_here(folder);
}

}  // namespace sextant::sandbox
