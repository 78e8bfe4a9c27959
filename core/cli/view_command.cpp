// `sextant view [DIR]`: the runs below a folder in a browser, with their progress. Only this machine can ask (loopback), only
// who knows the token in the address gets an answer, and only for the name that the address has (a page of another site that a
// DNS server leads here asks for its own name). Nothing is written, and a request names a run of the list, never a path.
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <httplib.h>
#include <mutex>
#include <sys/random.h>
#include <thread>
#include "../base/exit_code.hpp"
#include "../base/files.hpp"
#include "../base/log.hpp"
#include "../report/page.hpp"
#include "commands.hpp"
#include "options.hpp"
#include "report_page.hpp"
#include "run_list.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* address = "127.0.0.1";
constexpr const char* html = "text/html; charset=utf-8";
constexpr const char* plain = "text/plain; charset=utf-8";

Result<std::string> random_token() {
  unsigned char bytes[16];
  if (::getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes))
    return Error{Error::Kind::device, "the system gives no random bytes, which keep others from reading the runs"};
  std::string out;
  for (const unsigned char byte : bytes) out += fmt::format("{:02x}", byte);
  return out;
}

// The page of a run: as `sextant report` wrote it, where it is not older than the run; else made now, and not kept.
Result<std::string> page_of(const ListedRun& run) {
  std::error_code code, other;
  const fs::path written = report::page_path(run.path);
  const auto page_time = fs::last_write_time(written, code), run_time = fs::last_write_time(run.path / "run.json", other);
  if (!code && !other && page_time >= run_time) return read_file(written);
  if (run.status == "running") return Error{Error::Kind::missing, fmt::format("{} is still running", run.name)};
  SXT_TRY(RunView view, look_at_run(run.path.string()));
  std::vector<TabledRun> runs;
  SXT_TRY(TabledRun tabled, tabled_run(std::move(view)));
  runs.push_back(std::move(tabled));
  return page_of_runs(runs);
}

class Viewer {
 public:
  Viewer(const fs::path& folder, std::string token, int port)
      : list_(folder),
        folder_(folder.string()),
        token_(std::move(token)),
        hosts_{fmt::format("{}:{}", address, port), fmt::format("localhost:{}", port)} {}

  void answer(const httplib::Request& request, httplib::Response& response) {
    response.set_header("Cache-Control", "no-store");
    response.set_header("X-Content-Type-Options", "nosniff");
    response.set_header("Referrer-Policy", "no-referrer");
    response.set_header("Cross-Origin-Resource-Policy", "same-origin");
    const auto refuse = [&](int status, const std::string& text) {
      response.status = status;
      response.set_content(text + "\n", plain);
    };
    const std::string host = request.get_header_value("Host");
    if (host != hosts_[0] && host != hosts_[1]) return refuse(403, "this server is asked for another name than its own");
    if (request.method != "GET" && request.method != "HEAD") return refuse(405, "nothing can be changed here");
    const std::string base = "/" + token_ + "/";
    if (!request.path.starts_with(base)) return refuse(404, "open the address that `sextant view` printed");
    const std::string what = request.path.substr(base.size());
    const std::lock_guard lock(mutex_);  // one at a time: runs are looked at by one thread
    if (what.empty()) return response.set_content(report::view_html(folder_), html);
    if (what == "runs.json") return response.set_content(RunList::to_json(list_.read()), "application/json");
    constexpr std::string_view runs = "run/";
    const auto run = what.starts_with(runs) ? list_.find(what.substr(runs.size())) : std::nullopt;
    if (!run) return refuse(404, "there is no such run");
    auto page = page_of(*run);
    if (!page) return refuse(503, page.error().message);
    response.set_content(*std::move(page), html);
  }

 private:
  RunList list_;
  std::string folder_, token_, hosts_[2];
  std::mutex mutex_;
};

Result<int> serve(const std::string& folder, int wanted_port) {
  std::error_code code;
  if (!fs::is_directory(folder, code))
    return Error{Error::Kind::missing, fmt::format("{} is not a folder; give one that holds runs, as outputs/default", folder)};
  SXT_TRY(std::string token, random_token());
  httplib::Server server;
  const int port =
      wanted_port > 0 ? (server.bind_to_port(address, wanted_port) ? wanted_port : -1) : server.bind_to_any_port(address);
  if (port <= 0)
    return Error{Error::Kind::device, fmt::format("port {} of {} cannot be used; choose another --port", wanted_port, address)};
  Viewer viewer(folder, token, port);
  server.set_keep_alive_timeout(2);  // s; a browser that keeps its connection does not hold up the end
  server.set_pre_routing_handler([&](const httplib::Request& request, httplib::Response& response) {
    viewer.answer(request, response);
    return httplib::Server::HandlerResponse::Handled;
  });
  catch_signals();
  const int printed = print(fmt::format("http://{}:{}/{}/\n", address, port, token));
  if (printed != exit_ok) return printed;
  log_info(fmt::format("the runs in {} can be seen at that address, on this machine, until Ctrl-C", folder));
  std::jthread end([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (interrupted()) server.stop();  // again and again: before it listens it does nothing
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  });
  server.listen_after_bind();
  return static_cast<int>(exit_ok);
}

}  // namespace

int view_command(const std::vector<std::string>& args) {
  po::options_description options("Options");
  options.add_options()("dir", po::value<std::string>()->default_value("outputs"), "")(
      "port", po::value<int64_t>()->default_value(0)->value_name("N"), "")("help,h", po::bool_switch(), "");
  const auto values = parse_options(args, options, "dir");
  if (!values) return fail(values.error());
  if ((*values)["help"].as<bool>()) return print(help_text("view"));
  const int64_t port = (*values)["port"].as<int64_t>();
  if (port < 0 || port > 65535) return fail({Error::Kind::usage, fmt::format("--port is {}; give 1 to 65535", port)});
  const auto code = serve((*values)["dir"].as<std::string>(), static_cast<int>(port));
  return code ? *code : fail(code.error());
}

}  // namespace sextant::cli
