#include "program.hpp"
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace sextant::command {
namespace {

constexpr size_t together_max = 256, together_bytes = 1 << 20;  // of items in one line
constexpr size_t line_max = 256u << 20;
constexpr int64_t start_ms = 60'000;  // of an isolated program
constexpr int64_t goodbye_ms = 500;   // for a program that is told that nothing more comes

using Clock = std::chrono::steady_clock;
int64_t since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count();
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return fmt::format("was ended by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  return fmt::format("ended with exit code {}", WEXITSTATUS(status));
}

/// The environment, with the package of share/sextant/python behind what PYTHONPATH names: programs in Python find it so.
std::vector<std::string> environment() {
  std::vector<std::string> out;
  std::string path;
  for (char** one = environ; *one; ++one) {
    if (std::strncmp(*one, "PYTHONPATH=", 11) == 0) path = *one + 11;
    else out.emplace_back(*one);
  }
  std::error_code code;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", code);
  const auto package = program.parent_path().parent_path() / "share" / "sextant" / "python";
  if (!code && std::filesystem::is_directory(package, code)) path += (path.empty() ? "" : ":") + package.string();
  if (!path.empty()) out.push_back("PYTHONPATH=" + path);
  return out;
}

void close_fd(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

}  // namespace

Result<void> Program::start() {
  if (pid_ >= 0) return {};
  const auto cannot = [&](const char* what, int code) {
    return Error{Error::Kind::config,
                 fmt::format("{} cannot be started ({}: {}); check \"command\"",
                             options_.isolated ? name() : options_.command.front(), what, std::strerror(code))};
  };
  // a socket in both directions: writing to one that has gone is an error, not a signal
  int both[2], errors[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both) != 0) return cannot("socketpair", errno);
  if (::pipe2(errors, O_CLOEXEC) != 0) {
    const int code = errno;
    ::close(both[0]), ::close(both[1]);
    return cannot("pipe", code);
  }
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, both[1], 0);
  posix_spawn_file_actions_adddup2(&files, both[1], 1);
  posix_spawn_file_actions_adddup2(&files, errors[1], 2);
  posix_spawnattr_t how;
  posix_spawnattr_init(&how);
  // a group of its own, so that what it started ends with it; and no signal that this process ignores
  sigset_t defaults, none;
  sigfillset(&defaults);
  sigemptyset(&none);
  posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setpgroup(&how, 0);
  posix_spawnattr_setsigdefault(&how, &defaults);
  posix_spawnattr_setsigmask(&how, &none);
  std::vector<char*> arguments;
  for (const std::string& argument : options_.command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::vector<std::string> variables = environment();
  std::vector<char*> variable_list;
  for (std::string& one : variables) variable_list.push_back(one.data());
  variable_list.push_back(nullptr);
  pid_t pid = -1;
  const int code = ::posix_spawnp(&pid, arguments[0], &files, &how, arguments.data(), variable_list.data());
  posix_spawnattr_destroy(&how);
  posix_spawn_file_actions_destroy(&files);
  ::close(both[1]), ::close(errors[1]);
  if (code != 0) {
    ::close(both[0]), ::close(errors[0]);
    return cannot("start", code);
  }
  pid_ = pid;
  socket_ = both[0];
  errors_ = errors[0];
  for (const int fd : {socket_, errors_}) ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  rest_.clear();
  last_error_line_.clear();
  error_rest_.clear();
  return {};
}

void Program::end() {
  if (pid_ < 0) return;
  ::shutdown(socket_, SHUT_WR);  // it reads the end of its input
  int status = 0;
  const auto begin = Clock::now();
  bool over = false;
  while (!(over = ::waitpid(pid_, &status, WNOHANG) != 0) && since(begin) < goodbye_ms) {
    read_errors();
    ::usleep(1000);
  }
  ::kill(-pid_, SIGKILL);
  if (!over) ::waitpid(pid_, &status, 0);
  read_errors();
  close_fd(socket_);
  close_fd(errors_);
  pid_ = -1;
}

// What the program has come to, with the last thing it said.
Error Program::died(const std::string& what) {
  int status = 0;
  bool over = false;
  for (const auto begin = Clock::now(); what.empty() && !over && since(begin) < goodbye_ms;) {
    over = ::waitpid(pid_, &status, WNOHANG) == pid_;
    if (!over) ::usleep(1000);
  }
  ::kill(-pid_, SIGKILL);
  if (!over) ::waitpid(pid_, &status, 0);
  read_errors();
  close_fd(socket_);
  close_fd(errors_);
  pid_ = -1;
  const std::string did = !what.empty() ? what : over ? how_it_ended(status) : "closed its output";
  return {Error::Kind::internal,
          fmt::format("{} {}{}", name(), did, last_error_line_.empty() ? "" : fmt::format("; it said: {}", last_error_line_))};
}

void Program::read_errors() {
  char buffer[4096];
  for (ssize_t n; errors_ >= 0 && (n = ::read(errors_, buffer, sizeof buffer)) > 0;) {
    error_rest_.append(buffer, static_cast<size_t>(n));
    for (size_t end; (end = error_rest_.find('\n')) != error_rest_.npos; error_rest_.erase(0, end + 1)) {
      const std::string said = error_rest_.substr(0, end);
      if (said.find_first_not_of(" \t\r") == said.npos) continue;
      last_error_line_ = said.substr(0, 300);
      if (options_.say) options_.say(said);
    }
    if (error_rest_.size() > (1 << 16)) error_rest_.clear();
  }
}

// Writes the request and reads the answer's line; both at once, for a pipe that is full on one side waits for the other.
Result<std::string> Program::line(const std::string& request, int64_t timeout_ms) {
  const auto begin = Clock::now();
  size_t written = 0;
  for (;;) {
    if (const size_t end = rest_.find('\n'); end != rest_.npos) {
      std::string out = rest_.substr(0, end);
      rest_.erase(0, end + 1);
      return out;
    }
    if (rest_.size() > line_max) return died(fmt::format("sent a line of more than {} MiB", line_max >> 20));
    const int64_t left = timeout_ms - since(begin);
    if (left <= 0) return died(fmt::format("did not answer within {:.1f} s", static_cast<double>(timeout_ms) / 1000));
    pollfd fds[2] = {{socket_, static_cast<short>(POLLIN | (written < request.size() ? POLLOUT : 0)), 0}, {errors_, POLLIN, 0}};
    if (::poll(fds, errors_ >= 0 ? 2 : 1, static_cast<int>(std::min<int64_t>(left, 1000))) < 0 && errno != EINTR)
      return died("could not be waited for");
    if (fds[1].revents & POLLIN) read_errors();
    else if (fds[1].revents & (POLLHUP | POLLERR)) close_fd(errors_);
    if (fds[0].revents & POLLOUT) {
      const ssize_t n = ::send(socket_, request.data() + written, request.size() - written, MSG_NOSIGNAL);
      if (n > 0) written += static_cast<size_t>(n);
      else if (n < 0 && errno != EAGAIN && errno != EINTR) return died("");
    }
    if (fds[0].revents & (POLLIN | POLLHUP | POLLERR)) {
      char buffer[1 << 16];
      const ssize_t n = ::read(socket_, buffer, sizeof buffer);
      if (n > 0) rest_.append(buffer, static_cast<size_t>(n));
      else if (n == 0 || (errno != EAGAIN && errno != EINTR)) return died("");
    }
  }
}

// "error", and with it what kind of error it is, where the program says so.
Error Program::said_error(const json::Value& where, const std::string& error) const {
  const std::string kind = json::find_string(where, "error_kind").value_or("data");
  const Error::Kind of = kind == "missing"       ? Error::Kind::missing
                         : kind == "config"      ? Error::Kind::config
                         : kind == "io"          ? Error::Kind::io
                         : kind == "unsupported" ? Error::Kind::device
                         : kind == "internal"    ? Error::Kind::internal
                                                 : Error::Kind::data;
  return {of, fmt::format("{}: {}", name(), error)};
}

Result<json::Document> Program::exchange(std::string_view call, const std::string& members) {
  const uint64_t id = ++id_;
  std::string request = fmt::format("{{\"id\":{},\"call\":\"{}\"{}{}}}\n", id, call, members.empty() ? "" : ",", members);
  // a deadline of samples is none of an interpreter's start
  const int64_t limit_ms = options_.isolated && call == "hello" ? std::max(options_.timeout_ms, start_ms) : options_.timeout_ms;
  SXT_TRY(std::string answer, line(request, limit_ms));
  // many slow items are no silence
  while (answer.starts_with(fmt::format("{{\"id\":{},\"progress\":", id))) {
    SXT_TRY(answer, line({}, limit_ms));
  }
  auto parsed = json::parse(answer, "");
  if (!parsed || !parsed->IsObject())
    return died(
        fmt::format("wrote a line that is not a JSON object: '{}' (print goes to standard error)", answer.substr(0, 80)));
  const json::Value* of = json::find(*parsed, "id");
  if (!of || !of->IsUint64() || of->GetUint64() != id)
    return died(fmt::format("answered another call than the one that was made (id {})", id));
  if (const auto error = json::find_string(*parsed, "error")) {
    return said_error(*parsed, *error);
  }
  return parsed;
}

Result<json::Document> Program::hello() {
  SXT_CHECK(start());
  SXT_TRY(const json::Document answer,
          exchange("hello", fmt::format("\"protocol\":1,\"kind\":\"{}\",\"config\":{}", options_.kind, options_.config_json)));
  const json::Value* result = json::find(answer, "result");
  if (!result || !result->IsObject()) return died("answered \"hello\" without a \"result\" that is an object");
  if (!told_.empty()) SXT_CHECK(exchange(told_, told_members_));
  return json::copy(*result);
}

Result<json::Document> Program::ask(std::string_view call, const std::string& members) {
  if (pid_ < 0) SXT_CHECK(hello());
  SXT_TRY(const json::Document answer, exchange(call, members));
  const json::Value* result = json::find(answer, "result");
  if (!result) return died(fmt::format("answered \"{}\" without a \"result\"", call));
  return json::copy(*result);
}

Result<void> Program::tell(std::string_view call, std::string members) {
  told_.clear();
  SXT_CHECK(ask(call, members));
  told_ = call;
  told_members_ = std::move(members);
  return {};
}

// Parts of the items, one after the other: up to each of `ends`, and the rest.
void Program::ask_parts(std::string_view call, std::span<const std::string> items, const std::string& members,
                        std::span<Answer> ret, std::initializer_list<size_t> ends) {
  size_t begin = 0;
  const auto ask = [&](size_t end) {
    if (options_.isolated) this->end();  // what an item did to the process is not the next one's fault
    if (end > begin) ask_some(call, items.subspan(begin, end - begin), members, ret.subspan(begin, end - begin));
    begin = end;
  };
  for (const size_t end : ends) ask(end);
  ask(items.size());
  if (options_.isolated) this->end();
}

void Program::ask_some(std::string_view call, std::span<const std::string> items, const std::string& members,
                       std::span<Answer> ret) {
  std::string list = members.empty() ? "\"items\":[" : members + ",\"items\":[";
  for (size_t i = 0; i < items.size(); ++i) list.append(i ? "," : "").append(items[i]);
  list += "]";
  if (pid_ < 0)
    if (const auto greeted = hello(); !greeted) {  // it cannot live at all, whatever it is asked
      std::fill(ret.begin(), ret.end(), Answer(greeted.error()));
      return;
    }
  auto answer = exchange(call, list);
  const json::Value* results = answer ? json::find(*answer, "results") : nullptr;
  const auto stopped = answer ? json::find_string(*answer, "stopped") : std::nullopt;
  const bool gave_up = stopped && results && results->IsArray() && results->Size() < items.size();
  if (answer && !gave_up && (!results || !results->IsArray() || results->Size() != items.size()))
    answer =
        died(fmt::format("answered {} items of \"{}\" with {}", items.size(), call,
                         results && results->IsArray() ? fmt::format("{} results", results->Size()) : "no list \"results\""));
  if (answer) {
    for (rapidjson::SizeType i = 0; i < results->Size(); ++i) {
      const json::Value& one = (*results)[i];
      const auto error = json::find_string(one, "error");
      ret[i] = error ? Answer(said_error(one, *error)) : Answer(json::write(one));
    }
    if (!gave_up) return;
    // It gave up on one item and is over. Alone, in a process that nothing has happened to, that item is tried once more.
    const size_t done = results->Size();
    (void)died("");
    if (items.size() == 1) ret[0] = Error{Error::Kind::internal, fmt::format("{} {}", name(), *stopped)};
    else ask_parts(call, items.subspan(done), members, ret.subspan(done), {1});
    return;
  }
  if (items.size() == 1) {
    ret[0] = answer.error();
    return;
  }
  if (pid_ >= 0) {  // an error of the whole call, and it lives
    const size_t half = items.size() / 2;
    ask_some(call, items.first(half), members, ret.first(half));
    ask_some(call, items.subspan(half), members, ret.subspan(half));
    return;
  }
  ask_parts(call, items, members, ret, {items.size() / 2});
}

std::vector<Answer> Program::ask_all(std::string_view call, std::span<const std::string> items, const std::string& members) {
  std::vector<Answer> out(items.size(), Answer(std::string()));
  for (size_t begin = 0; begin < items.size();) {
    size_t end = begin, bytes = 0;
    while (end < items.size() && end - begin < together_max && (end == begin || bytes + items[end].size() <= together_bytes))
      bytes += items[end++].size();
    ask_some(call, items.subspan(begin, end - begin), members, std::span(out).subspan(begin, end - begin));
    begin = end;
  }
  return out;
}

}  // namespace sextant::command
