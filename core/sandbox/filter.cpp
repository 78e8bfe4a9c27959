#include "filter.hpp"
#include <cerrno>
#include <linux/sched.h>
#include <memory>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>
#include "descriptor.hpp"

namespace sextant::sandbox {
namespace {

constexpr const char* allowed[] = {
    // files
    "read", "write", "readv", "writev", "pread64", "pwrite64", "open", "openat", "creat", "close", "close_range", "lseek",
    "stat", "fstat", "lstat", "newfstatat", "statx", "statfs", "fstatfs", "access", "faccessat", "faccessat2", "getdents64",
    "getcwd", "chdir", "fchdir", "mkdir", "mkdirat", "rmdir", "rename", "renameat", "renameat2", "link", "linkat", "unlink",
    "unlinkat", "symlink", "symlinkat", "readlink", "readlinkat", "chmod", "fchmod", "fchmodat", "umask", "utimensat",
    "truncate", "ftruncate", "fallocate", "fadvise64", "fsync", "fdatasync", "flock", "fcntl", "dup", "dup2", "dup3",
    "sendfile", "copy_file_range",
    // waiting
    "pipe", "pipe2", "poll", "ppoll", "select", "pselect6", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait",
    "eventfd2",
    // memory
    "mmap", "mprotect", "munmap", "mremap", "madvise", "brk", "mincore", "membarrier",
    // signals and time
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait", "rt_sigsuspend", "sigaltstack",
    "kill", "tkill", "tgkill", "alarm", "pause", "setitimer", "getitimer", "timer_create", "timer_settime", "timer_gettime",
    "timer_delete", "nanosleep", "clock_nanosleep", "clock_gettime", "clock_getres", "gettimeofday", "time", "times",
    "restart_syscall",
    // processes
    "fork", "vfork", "execve", "wait4", "waitid", "exit", "exit_group", "getpid", "gettid", "getppid", "getpgrp", "getpgid",
    "getsid", "setsid", "setpgid", "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid", "getgroups",
    "getpriority", "sched_yield", "sched_getaffinity", "sched_getparam", "sched_getscheduler", "getrlimit", "setrlimit",
    "prlimit64", "getrusage", "sysinfo", "uname", "getrandom", "futex", "set_robust_list", "get_robust_list", "set_tid_address",
    "rseq", "arch_prctl", "prctl",
    // sockets, of which socket() below gives one kind
    "sendto", "recvfrom", "sendmsg", "recvmsg", "shutdown", "bind", "listen", "accept4", "connect", "getsockname",
    "getpeername", "getsockopt", "setsockopt"};

constexpr uint64_t low_half = 0xffffffffu;  // what the kernel looks at where an argument is an int

}  // namespace

Result<std::vector<char>> system_call_filter() {
  const std::unique_ptr<void, void (*)(void*)> filter(::seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), ::seccomp_release);
  const Error refused{Error::Kind::internal, "libseccomp refused the sandbox's list of system calls"};
  if (!filter) return refused;
  (void)::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a tree instead of a list; older versions know none
  bool done = true;
  const auto allow = [&](int call) { done = done && ::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0) == 0; };
  const auto allow_if = [&](int call, scmp_arg_cmp condition) {
    done = done && ::seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, call, 1, &condition) == 0;
  };
  const auto condition = [](unsigned argument, uint64_t mask, uint64_t value) {
    return scmp_arg_cmp{argument, SCMP_CMP_MASKED_EQ, mask, value};
  };
  for (const char* name : allowed)
    if (const int call = ::seccomp_syscall_resolve_name(name); call >= 0) allow(call);  // not every architecture has all
  // threads and processes, but no namespaces
  constexpr uint64_t namespaces =
      CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
  allow_if(SCMP_SYS(clone), condition(0, namespaces, 0));
  // vsock, netlink, alg... are not held by a network namespace
  for (const int call : {SCMP_SYS(socket), SCMP_SYS(socketpair)}) allow_if(call, condition(0, low_half, AF_UNIX));
  // TIOCSTI, which types on a terminal, is not among them
  for (const uint64_t request : {TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX})
    allow_if(SCMP_SYS(ioctl), condition(1, low_half, request));
  const Descriptor file(::memfd_create("filter", MFD_CLOEXEC));
  if (!done || !file || ::seccomp_export_bpf(filter.get(), file.get()) != 0) return refused;
  std::vector<char> program(static_cast<size_t>(std::max<off_t>(0, ::lseek(file.get(), 0, SEEK_END))));
  if (::pread(file.get(), program.data(), program.size(), 0) != static_cast<ssize_t>(program.size())) return refused;
  return program;
}

}  // namespace sextant::sandbox
