// `sextant worker score`: the other end of isolated.cpp. It reads a line, answers it, and ends when the socket is closed.
#include <cerrno>
#include <csignal>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../base/exit_code.hpp"
#include "components.hpp"
#include "isolated.hpp"
#include "wire.hpp"

namespace sextant::score {
namespace {

bool read_line(int fd, std::string& buffer, std::string& ret_line) {
  for (size_t looked_at = 0;;) {
    if (const size_t lf = buffer.find('\n', looked_at); lf != buffer.npos) {
      ret_line = buffer.substr(0, lf);
      buffer.erase(0, lf + 1);
      return true;
    }
    looked_at = buffer.size();
    char block[65536];
    const ssize_t n = ::read(fd, block, sizeof block);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    buffer.append(block, static_cast<size_t>(n));
  }
}

bool write_line(int fd, std::string line) {
  line += '\n';
  for (size_t at = 0; at < line.size();) {
    const ssize_t n = ::send(fd, line.data() + at, line.size() - at, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += static_cast<size_t>(n);
  }
  return true;
}

struct Worker {
  std::unique_ptr<plugin::Host> host;
  std::unique_ptr<StepReader> reader;
};

Result<void> set_up(Worker& worker, const json::Value& request) {
  SXT_TRY(const wire::Setup setup, wire::setup_from(request));
  plugin::SearchPath search;
  for (const std::string& folder : setup.folders) search.folders.emplace_back(folder);
  worker.host = std::make_unique<plugin::Host>(plugin::Registry::discover(search), nullptr);
  SXT_TRY(Steps steps, steps_of(*worker.host, setup.dataset, setup.compat));
  worker.reader = std::make_unique<StepReader>(std::move(steps));
  return {};
}

Result<std::string> answer(Worker& worker, const std::string& line) {
  SXT_TRY(const json::Document request, json::parse(line, "worker score"));
  if (!worker.reader) {
    SXT_CHECK(set_up(worker, request));
    SXT_TRY(const std::vector<bool> aggregates, worker.reader->aggregates());
    return wire::to_line(aggregates);
  }
  if (json::find(request, "aggregate")) {
    SXT_TRY(const wire::Aggregate aggregate, wire::aggregate_from(request));
    std::vector<Judged> samples;
    for (const auto& [prediction, reference, record] : aggregate.samples) samples.push_back({prediction, reference, record});
    SXT_TRY(const Numbers numbers, worker.reader->aggregate(aggregate.metric, samples, aggregate.first));
    return wire::to_line(numbers);
  }
  SXT_TRY(const std::vector<data::Attempt> attempts, wire::row_from(request));
  Row row;
  for (const data::Attempt& attempt : attempts) row.push_back(&attempt);
  SXT_TRY(const std::vector<RowReading> readings, worker.reader->read(std::span<const Row>(&row, 1)));
  return wire::to_line(readings.front());
}

}  // namespace

int serve_isolated(int fd) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a scorer that hangs does not outlive the run
  Worker worker;
  std::string buffer, line;
  while (read_line(fd, buffer, line)) {
    const auto said = answer(worker, line);
    if (!write_line(fd, said ? *said : wire::to_line(said.error()))) return exit_internal;
  }
  return exit_ok;
}

}  // namespace sextant::score
