#include "usage.hpp"
#include <algorithm>
#include <array>
#include <charconv>
#include <dirent.h>
#include <fcntl.h>
#include <string>
#include <string_view>
#include "descriptor.hpp"

namespace sextant::sandbox {
namespace {

constexpr size_t processes_max = 4096;

// Not a stream: where the process is just ending, read(2) fails with ESRCH, and a stream would throw.
std::string read_all(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string out;
  while (file && !drain(file, out, 1 << 20)) {}
  return out;
}

template <class Use> void each_number(std::string_view text, Use use) {
  for (const char *at = text.data(), *end = at + text.size(); at < end;) {
    uint64_t number = 0;
    const auto [next, code] = std::from_chars(at, end, number);
    if (code == std::errc()) use(number);
    at = code == std::errc() ? next : at + 1;
  }
}

// Fields of proc(5)'s stat by their numbers there, from 4 on; the name in parentheses may hold anything.
std::array<uint64_t, 25> stat_of(const std::string& folder, bool& ret_found) {
  std::array<uint64_t, 25> fields{};
  const std::string text = read_all(folder + "/stat");
  const size_t at = text.rfind(')');
  ret_found = at != text.npos && at + 4 < text.size();
  if (!ret_found) return fields;
  size_t field = 4;
  each_number(std::string_view(text).substr(at + 4), [&](uint64_t number) {
    if (field < fields.size()) fields[field++] = number;
  });
  return fields;
}

}  // namespace

Usage ProcessTree::look() {
  static const double ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  static const uint64_t page_kb = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)) / 1024;
  Usage out;
  double with_reaped = 0;
  std::vector<pid_t> open = {root_};
  while (!open.empty() && out.processes.size() < processes_max) {
    const pid_t process = open.back();
    open.pop_back();
    const std::string folder = "/proc/" + std::to_string(process);
    bool found = false;
    const auto stat = stat_of(folder, found);
    if (!found) continue;
    // 14, 15: its own time; 16, 17: of children that it has waited for; 20: threads; 22: its start; 24: resident pages
    out.processes.push_back(process);
    seen_[{process, stat[22]}] = static_cast<double>(stat[14] + stat[15]) / ticks;
    with_reaped += static_cast<double>(stat[14] + stat[15] + stat[16] + stat[17]) / ticks;
    out.tasks += stat[20];
    out.resident_kb += stat[24] * page_kb;
    DIR* tasks = ::opendir((folder + "/task").c_str());
    while (const dirent* entry = tasks ? ::readdir(tasks) : nullptr)
      if (entry->d_name[0] != '.')
        each_number(read_all(folder + "/task/" + entry->d_name + "/children"),
                    [&](uint64_t child) { open.push_back(static_cast<pid_t>(child)); });
    if (tasks) ::closedir(tasks);
  }
  // children that nobody waits for (SIGCHLD ignored) are in no parent's sum
  for (const auto& [process, seconds] : seen_) out.cpu_s += seconds;
  out.cpu_s = std::max(out.cpu_s, with_reaped);
  return out;
}

uint64_t ProcessTree::proportional_kb(const Usage& usage) {
  uint64_t sum = 0;
  for (const pid_t process : usage.processes) {
    const std::string text = read_all("/proc/" + std::to_string(process) + "/smaps_rollup");
    if (const size_t at = text.find("\nPss:"); at != text.npos) {
      bool first = true;
      each_number(std::string_view(text).substr(at + 5, 40), [&](uint64_t number) {
        if (std::exchange(first, false)) sum += number;
      });
    }
  }
  return sum;
}

}  // namespace sextant::sandbox
