#include "server.hpp"
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <mutex>
#include <sextant/json_scratch.hpp>
#include <sys/prctl.h>
#include <thread>
#include <csignal>
#include <unistd.h>
#include "../base/exit_code.hpp"
#include "../base/own_process.hpp"
#include "../base/worker_process.hpp"
#include "../plugin/isolation.hpp"
#include "../plugin/manifest.hpp"
#include "../sandbox/confine.hpp"
#include "../sandbox/scratch.hpp"
#include "component.hpp"

namespace sextant::isolate {
namespace {

using Clock = std::chrono::steady_clock;

std::string_view error_kind(Error::Kind kind) {
  switch (kind) {
    case Error::Kind::usage: case Error::Kind::config: return "config";
    case Error::Kind::missing: return "missing";
    case Error::Kind::io: return "io";
    case Error::Kind::device: return "unsupported";
    case Error::Kind::internal: return "internal";
    default: return "data";
  }
}

/// An answer that is being made, and the thread that gives it up where one item takes too long.
class Answer {
 public:
  Answer(int fd, double deadline_s, std::string who) : fd_(fd), deadline_(deadline_s), who_(std::move(who)) {
    std::thread([this] { watch(); }).detach();
  }
  void begin(uint64_t id) {
    const std::lock_guard lock(mutex_);
    text_ = fmt::format(R"({{"id":{},"results":[)", id);
    count_ = 0;
    id_ = id;
    said_ = Clock::now();
  }
  /// `at_least_s`: more than a sample's deadline, for what is not a sample's.
  void item_begins(double at_least_s = 0) {
    const std::lock_guard lock(mutex_);
    const std::chrono::duration<double> most(std::max(deadline_, at_least_s));
    until_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(most);
    busy_ = true;
    if (until_ < looks_at_) changed_.notify_all();  // a later deadline is seen when it looks
  }
  /// Its JSON, which is put behind the others. Says so now and then, so that many slow items are no silence.
  void item_ends(std::string_view json_text) {
    const std::lock_guard lock(mutex_);
    busy_ = false;
    text_.append(count_++ ? "," : "").append(json_text);
    if (Clock::now() - said_ < std::chrono::milliseconds(500)) return;
    said_ = Clock::now();
    (void)write_line(fd_, fmt::format(R"({{"id":{},"progress":{}}})", id_, count_));
  }
  bool end() {
    const std::lock_guard lock(mutex_);
    return write_line(fd_, text_ + "]}");
  }
  /// What is done so far, and why the next item is not: the process is over with it.
  [[noreturn]] void stop(std::string_view why) {
    mutex_.lock();
    give_up(why);
  }
  bool say(std::string line) {
    const std::lock_guard lock(mutex_);
    busy_ = false;
    return write_line(fd_, std::move(line));
  }

 private:
  [[noreturn]] void give_up(std::string_view why) {
    (void)write_line(fd_, text_ + fmt::format(R"(],"stopped":{}}})", json::quote(why)));
    leave_at_once(exit_internal);
  }
  void watch() {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (busy_ && Clock::now() >= until_) give_up(fmt::format("ran longer than {} s and was stopped", deadline_));
      looks_at_ = busy_ ? until_ : Clock::time_point::max();
      if (busy_) changed_.wait_until(lock, until_);
      else changed_.wait(lock);
    }
  }
  const int fd_;
  const double deadline_;
  const std::string who_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
  size_t count_ = 0;
  uint64_t id_ = 0;
  bool busy_ = false;
  Clock::time_point until_{}, said_{}, looks_at_ = Clock::time_point::max();  // looks_at_: when the thread wakes by itself
};

/// Of the address space, in pages of 4 KiB as the kernel counts it.
uint64_t used_bytes() {
  std::ifstream in("/proc/self/statm");
  uint64_t pages = 0;
  return in >> pages ? pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

class Server {
 public:
  Server(int fd, plugin::IsolatedSpec spec, plugin::Kind kind, plugin::Host& host)
      : fd_(fd), spec_(std::move(spec)), kind_(kind), host_(host), name_(plugin::component_name(kind, spec_.id)),
        answer_(*new Answer(fd, spec_.deadline_s, name_)) {}

  int serve() {
    std::string buffer, line;
    while (read_line(fd_, buffer, line)) {
      const auto message = parse_fast(line, "a request");
      const json::Value* id = message ? json::find(*message, "id") : nullptr;
      if (!id || !id->IsUint64()) return exit_data;
      const std::string call = member_text(*message, "call");
      if (call == "hello") served_.reset();
      const json::Value* items = json::find(*message, "items");
      const bool sent = items && items->IsArray() && served_ ? over_items(id->GetUint64(), call, *items, *message)
                                                             : once(id->GetUint64(), call, *message);
      if (!sent) return exit_internal;
    }
    return exit_ok;
  }

 private:
  std::string error_json(const Error& error) const {
    std::string_view text = error.message;
    if (text.starts_with(name_ + ": ")) text.remove_prefix(name_.size() + 2);  // whoever asks says it
    return fmt::format(R"("error":{},"error_kind":"{}")", json::quote(text), error_kind(error.kind));
  }
  bool once(uint64_t id, const std::string& call, const json::Document& message) {
    answer_.begin(id);
    answer_.item_begins(call != "hello"                ? 0
                        : kind_ == plugin::Kind::model ? plugin::isolated_model_s
                                                       : plugin::isolated_start_s);
    const Result<std::string> result = call == "hello" ? hello(message)
                                       : served_       ? served_->whole(call, message)
                                                       : Result<std::string>(no_such_call(call));
    if (!result) return answer_.say(fmt::format(R"({{"id":{},{}}})", id, error_json(result.error())));
    return answer_.say(fmt::format(R"({{"id":{},"result":{}}})", id, *result));
  }
  Result<std::string> hello(const json::Document& message) {
    SXT_TRY(served_, serve_component(host_, kind_, spec_.id, member_json(message, "config", "{}")));
    return fmt::format(R"({{"name":{},"kind":"{}"{}}})", json::quote(spec_.id), spec_.kind, served_->about());
  }
  bool over_items(uint64_t id, const std::string& call, const json::Value& items, const json::Document& message) {
    answer_.begin(id);
    for (const auto& item : items.GetArray()) {
      answer_.item_begins();
      const Result<std::string> result = served_->item(call, item, message);
      // where much of the memory is gone, it may be an earlier item's doing: this one is asked again of a fresh process
      if (!result && spec_.memory_bytes && used_bytes() > spec_.memory_bytes / 2)
        answer_.stop(fmt::format("{} (of {} MiB of memory, {} are taken)", result.error().message, spec_.memory_bytes >> 20,
                                 used_bytes() >> 20));
      answer_.item_ends(result ? *result : "{" + error_json(result.error()) + "}");
    }
    return answer_.end();
  }

  const int fd_;
  const plugin::IsolatedSpec spec_;
  const plugin::Kind kind_;
  plugin::Host& host_;
  const std::string name_;
  Answer& answer_;   // never freed: its thread goes on
  std::unique_ptr<Served> served_;
};

sandbox::Confinement confinement(const plugin::IsolatedSpec& spec) {
  sandbox::Confinement out;
  out.readable = spec.readable;
  out.network = spec.network;
  out.becomes_a_program = !spec.command.empty();
  out.memory_bytes = spec.memory_bytes;
  return out;
}

void say_what_is_open(const sandbox::Confined& confined) {
  if (confined.landlock == 0)
    fmt::print(stderr, "warning: this kernel has no Landlock: an isolated plugin can read every file that you can\n");
}

int fail(int fd, const Error& error) {
  // whoever asks hears it as the answer to its first line
  std::string buffer, line;
  if (read_line(fd, buffer, line)) {
    const auto message = json::parse(line, "");
    const json::Value* id = message ? json::find(*message, "id") : nullptr;
    (void)write_line(fd, fmt::format(R"({{"id":{},"error":{},"error_kind":"{}"}})", id && id->IsUint64() ? id->GetUint64() : 0,
                                     json::quote(error.message), error_kind(error.kind)));
  }
  return exit_unavailable;
}

int become(const plugin::IsolatedSpec& spec) {
  std::vector<char*> arguments;
  for (const std::string& word : spec.command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  fmt::print(stderr, "{} cannot be started: {}; check \"command\"\n", spec.command[0], std::strerror(errno));
  return exit_unavailable;
}

}  // namespace

int serve_isolated_plugin(const std::string& spec_json) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  plugin::within_isolation();
  const auto spec = plugin::isolated_spec_from(spec_json);
  if (!spec) return fail(0, spec.error());
  if (!spec->command.empty()) {
    sandbox::Confinement wanted = confinement(*spec);
    if (!spec->scratch.empty() && sandbox::landlock_version() > 0 && sandbox::mount_scratch(spec->scratch)) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);   // a new user namespace has lifted it
      ::setenv("TMPDIR", spec->scratch.c_str(), 1);
      wanted.scratch = spec->scratch;
      wanted.scratch_bytes = sandbox::scratch_bytes;
    }
    const auto confined = sandbox::confine(wanted);
    if (!confined) return fail(0, confined.error());
    say_what_is_open(*confined);
    return become(*spec);
  }
  // the plugin's standard input is nothing, and what it prints is for people
  const int fd = ::fcntl(0, F_DUPFD_CLOEXEC, 100), nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, 0);
  ::close(nothing);
  ::dup2(2, 1);
  const auto kind = plugin::kind_from_name(spec->kind);
  if (!kind) return fail(fd, kind.error());
  // what the manifests say is read before the door is closed; no code of the plugin's has run yet
  plugin::SearchPath search;
  search.folders = {std::filesystem::path(spec->file).parent_path()};
  plugin::Host host(plugin::Registry::discover(search), nullptr);
  const auto confined = sandbox::confine(confinement(*spec));
  if (!confined) return fail(fd, confined.error());
  say_what_is_open(*confined);
  return Server(fd, *spec, *kind, host).serve();
}

}  // namespace sextant::isolate
