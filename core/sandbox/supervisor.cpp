#include "supervisor.hpp"
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <optional>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "../base/exit_code.hpp"
#include "../base/worker_process.hpp"
#include "probe.hpp"
#include "trial.hpp"

namespace sextant::sandbox {
namespace {

// systemd's range for users that belong to nobody; containers map it, too. Supervisors that run at the same time have one each.
constexpr uid_t first_user = 61184;
constexpr uid_t users = 4096;

// Behind a user namespace root is still root: it reads what root reads, and no limit of processes holds for it.
bool drop_privileges() {
  if (::geteuid() != 0) return true;
  const uid_t user = first_user + static_cast<uid_t>(::getpid()) % users;
  const bool done = ::syscall(SYS_setgroups, 0, nullptr) == 0 && ::syscall(SYS_setresgid, user, user, user) == 0 &&
                    ::syscall(SYS_setresuid, user, user, user) == 0;
  ::prctl(PR_SET_DUMPABLE, 1);  // without it /proc/self stays root's
  return done;
}

std::string answer(const Machine& machine, const std::string& line, const std::optional<std::string>& unusable, int fd) {
  const auto request = json::parse(line, "worker sandbox");
  if (request && json::find(*request, "probe")) {
    json::Document out(rapidjson::kObjectType);
    json::set(out, "missing", unusable ? *unusable : try_sandboxes(machine, fd), out.GetAllocator());
    return json::write(out);
  }
  Verdict verdict;
  const auto job = request ? job_from_json(*request) : Result<Job>(request.error());
  if (!job) verdict.detail = job.error().message;
  else if (unusable) verdict.detail = *unusable;
  else verdict = try_job(machine, *job, fd);
  return json::write(to_json(verdict));
}

}  // namespace

int serve_sandboxes(int fd) {
  std::optional<std::string> unusable;
  const Machine machine = Machine::look();
  if (!drop_privileges())
    unusable =
        fmt::format("root could not become an ordinary user ({}); run as one, or in a container that maps users {} to {}",
                    std::strerror(errno), first_user, first_user + users - 1);
  (void)::syscall(SYS_chdir, "/");
  std::string buffer, line;
  while (read_line(fd, buffer, line))
    if (!write_line(fd, answer(machine, line, unusable, fd))) return exit_internal;
  return exit_ok;
}

}  // namespace sextant::sandbox
