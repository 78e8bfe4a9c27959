#include "confine.hpp"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <memory>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "descriptor.hpp"

namespace sextant::sandbox {
namespace {

Error failed(const std::string& what) {
  return {Error::Kind::device,
          fmt::format("a plugin cannot be isolated here: {} ({}); leave --isolate out, or allow it to this user", what,
                      std::strerror(errno))};
}

// Of linux/landlock.h, which may be older than the kernel: what a ruleset can handle, by the version that brought it.
constexpr long create_ruleset = 444, add_rule = 445, restrict_self = 446;
constexpr uint64_t execute = 1u << 0, read_file = 1u << 2, read_dir = 1u << 3;
constexpr uint64_t files_of_version[] = {0, (1u << 13) - 1, (1u << 14) - 1, (1u << 15) - 1, (1u << 15) - 1, (1u << 16) - 1};
struct Ruleset { uint64_t files, network, scopes; };              // network: from version 4 on, scopes: from 6 on
struct __attribute__((packed)) PathRule { uint64_t allowed; int32_t parent; };
constexpr uint64_t tcp = 3, scopes = 3;                           // bind and connect; abstract sockets and signals

Result<int> guard_files(const Confinement& wanted) {
  const int version = landlock_version();
  if (version <= 0) return 0;
  Ruleset ruleset{files_of_version[std::min(version, 5)], version >= 4 && !wanted.network ? tcp : 0, version >= 6 ? scopes : 0};
  const size_t size = version >= 6 ? sizeof ruleset : version >= 4 ? 16 : 8;
  const Descriptor rules(static_cast<int>(::syscall(create_ruleset, &ruleset, size, 0)));
  if (!rules) return failed("Landlock");
  const auto allow = [&](const std::string& path, uint64_t what) {
    const Descriptor place(::open(path.c_str(), O_PATH | O_CLOEXEC));
    struct stat status{};
    if (!place || ::fstat(place.get(), &status) != 0) return;
    if (!S_ISDIR(status.st_mode)) what &= ~read_dir;
    const PathRule rule{what & ruleset.files, place.get()};
    (void)::syscall(add_rule, rules.get(), 1 /* beneath a path */, &rule, 0);
  };
  for (const std::string& path : wanted.readable) allow(path, execute | read_file | read_dir);
  if (!wanted.scratch.empty()) allow(wanted.scratch, ruleset.files);
  allow("/dev/null", read_file | (1u << 1));
  if (::syscall(restrict_self, rules.get(), 0) != 0) return failed("Landlock");
  return version;
}

// Closed is what starts processes, reaches others, changes the machine or goes around the rest. Everything else is a plugin's
// own affair.
constexpr const char* closed[] = {"fork",
                                  "vfork",
                                  "execveat",
                                  "ptrace",
                                  "process_vm_readv",
                                  "process_vm_writev",
                                  "process_madvise",
                                  "pidfd_open",
                                  "pidfd_getfd",
                                  "pidfd_send_signal",
                                  "rt_sigqueueinfo",
                                  "rt_tgsigqueueinfo",
                                  "kcmp",
                                  "setns",
                                  "unshare",
                                  "mount",
                                  "umount2",
                                  "pivot_root",
                                  "chroot",
                                  "move_mount",
                                  "open_tree",
                                  "fsopen",
                                  "fsmount",
                                  "fsconfig",
                                  "fspick",
                                  "mount_setattr",
                                  "bpf",
                                  "perf_event_open",
                                  "io_uring_setup",
                                  "userfaultfd",
                                  "keyctl",
                                  "add_key",
                                  "request_key",
                                  "init_module",
                                  "finit_module",
                                  "delete_module",
                                  "kexec_load",
                                  "kexec_file_load",
                                  "reboot",
                                  "swapon",
                                  "swapoff",
                                  "settimeofday",
                                  "clock_settime",
                                  "clock_adjtime",
                                  "adjtimex",
                                  "sethostname",
                                  "setdomainname",
                                  "acct",
                                  "quotactl",
                                  "syslog",
                                  "iopl",
                                  "ioperm",
                                  "open_by_handle_at",
                                  "name_to_handle_at",
                                  "personality",
                                  "setrlimit",
                                  "setpriority",
                                  "sched_setscheduler",
                                  "sched_setattr",
                                  "ioprio_set",
                                  "mknod",
                                  "mknodat",
                                  "chmod",
                                  "fchmod",
                                  "fchmodat",
                                  "chown",
                                  "fchown",
                                  "lchown",
                                  "fchownat",
                                  "setxattr",
                                  "fsetxattr",
                                  "lsetxattr",
                                  "removexattr",
                                  "utime",
                                  "utimes",
                                  "utimensat",
                                  "shmget",
                                  "msgget",
                                  "semget"};

Result<void> close_calls(const Confinement& wanted) {
  const std::unique_ptr<void, void (*)(void*)> filter(::seccomp_init(SCMP_ACT_ALLOW), ::seccomp_release);
  if (!filter) return failed("libseccomp");
  bool done = true;
  const auto refuse = [&](int call, int code = EPERM) {
    done = done && ::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(static_cast<uint32_t>(code)), call, 0) == 0;
  };
  const auto refuse_if = [&](int call, scmp_arg_cmp condition) {
    done = done && ::seccomp_rule_add_array(filter.get(), SCMP_ACT_ERRNO(EPERM), call, 1, &condition) == 0;
  };
  for (const char* name : closed)
    if (const int call = ::seccomp_syscall_resolve_name(name); call >= 0) refuse(call);  // not every architecture has all
  if (!wanted.becomes_a_program) refuse(SCMP_SYS(execve));
  refuse_if(SCMP_SYS(clone), {0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0});  // threads, no processes
  refuse(SCMP_SYS(clone3), ENOSYS);                                       // its flags cannot be seen: clone is tried instead
  const auto own = static_cast<scmp_datum_t>(::getpid());
  for (const int call : {SCMP_SYS(kill), SCMP_SYS(tgkill), SCMP_SYS(tkill)}) refuse_if(call, {0, SCMP_CMP_NE, own, 0});
  refuse_if(SCMP_SYS(prlimit64), {2, SCMP_CMP_NE, 0, 0});                 // a limit may be read
  if (!wanted.network) {
    for (const int call : {SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen)}) refuse(call);
    refuse_if(SCMP_SYS(socket), {0, SCMP_CMP_NE, AF_UNIX, 0});
  }
  if (!done || ::seccomp_load(filter.get()) != 0) return failed("seccomp");
  return {};
}

void limit(int what, rlim_t most) {
  rlimit now{};
  if (::getrlimit(static_cast<__rlimit_resource>(what), &now) == 0 && now.rlim_max < most) most = now.rlim_max;
  now = {most, most};
  (void)::setrlimit(static_cast<__rlimit_resource>(what), &now);
}

void drop_capabilities() {
  for (int capability = 0; capability <= 63; ++capability) ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2]{};
  (void)::syscall(SYS_capset, &header, none);
}

}  // namespace

int landlock_version() {
  const long version = ::syscall(create_ruleset, nullptr, size_t{0}, 1 /* which version */);
  return version > 0 ? static_cast<int>(version) : 0;
}

Result<Confined> confine(const Confinement& wanted) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("no_new_privs");
  if (wanted.memory_bytes) limit(RLIMIT_AS, wanted.memory_bytes);
  limit(RLIMIT_CORE, 0);
  // without Landlock it is what keeps files from being written
  limit(RLIMIT_FSIZE, wanted.scratch.empty() || landlock_version() == 0 ? 0 : wanted.scratch_bytes);
  limit(RLIMIT_NOFILE, 512);
  limit(RLIMIT_MSGQUEUE, 0);
  Confined out;
  SXT_TRY(out.landlock, guard_files(wanted));
  drop_capabilities();
  SXT_CHECK(close_calls(wanted));
  return out;
}

}  // namespace sextant::sandbox
