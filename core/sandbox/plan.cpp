#include "plan.hpp"
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <string_view>
#include <unistd.h>

namespace sextant::sandbox {
namespace fs = std::filesystem;

std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    const std::string folder(rest.substr(0, rest.find(':')));
    rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
    const std::string file = folder + "/" + name;
    if (folder.starts_with('/') && ::access(file.c_str(), X_OK) == 0) return file;
  }
  return {};
}

Machine Machine::look() {
  Machine out;
  out.bwrap = find_program("bwrap");
  out.python = ::access("/usr/bin/python3", X_OK) == 0 ? "/usr/bin/python3" : find_program("python3");
  std::error_code code;
  if (const fs::path real = fs::canonical(out.python, code); !code && !real.string().starts_with("/usr/")) {
    out.python = real.string();
    out.prefix = real.parent_path().parent_path().string();  // PREFIX/bin/python3
  }
  for (const char* name : {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}) {
    if (fs::is_symlink(name, code)) out.links.emplace_back(name, fs::read_symlink(name, code).string());
    else if (fs::is_directory(name, code)) out.folders.emplace_back(name);
  }
  return out;
}

std::vector<std::string> bwrap_arguments(const Machine& machine, const Limits& limits, const Handed& handed) {
  std::vector<std::string> out = {machine.bwrap};
  const auto add = [&](std::initializer_list<std::string> more) { out.insert(out.end(), more); };
  add({"--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"});
  add({"--uid", "65534", "--gid", "65534", "--hostname", "box", "--new-session", "--die-with-parent", "--cap-drop", "ALL"});
  // the hash seed: else the order of sets, and with it some verdicts, would change from run to run
  add({"--clearenv", "--setenv", "PATH", "/usr/bin", "--setenv", "HOME", "/box", "--setenv", "LANG", "C.UTF-8", "--setenv",
       "PYTHONHASHSEED", "0"});
  add({"--ro-bind", "/usr", "/usr"});
  for (const auto& [name, target] : machine.links) add({"--symlink", target, name});
  for (const std::string& name : machine.folders) add({"--ro-bind", name, name});
  if (!machine.prefix.empty()) add({"--ro-bind", machine.prefix, machine.prefix});
  add({"--ro-bind-data", std::to_string(handed.passwd), "/etc/passwd", "--ro-bind-data", std::to_string(handed.script),
       "/run.py"});
  // --dev would be a second tmpfs that can be written; --proc would let a process open its neighbours' memory
  add({"--dir", "/dev", "--dev-bind", "/dev/null", "/dev/null"});
  add({"--size", std::to_string(limits.folder_mb << 20), "--tmpfs", "/box", "--symlink", "box", "/tmp", "--remount-ro", "/",
       "--chdir", "/box"});
  add({"--seccomp", std::to_string(handed.filter), "--info-fd", std::to_string(handed.info), "--"});
  // no -I: it implies -E, which makes Python ignore the hash seed
  add({machine.python, "-s", "-S", "-B", "/run.py"});
  return out;
}

std::vector<std::pair<std::string, uint64_t>> process_limits(const Limits& limits) {
  return {{"AS", limits.memory_mb << 20},
          {"FSIZE", limits.file_mb << 20},
          {"NPROC", limits.tasks},
          {"NOFILE", limits.open_files},
          // behind the supervisor's own count, for processes that hide from it
          {"CPU", static_cast<uint64_t>(std::ceil(limits.cpu_s)) + 2},
          {"CORE", 0},
          {"MSGQUEUE", 0}};
}

}  // namespace sextant::sandbox
