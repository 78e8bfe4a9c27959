// `sextant worker score`: the other end of isolated.cpp. It reads a line, answers it, and ends when the socket is closed.
#include <csignal>
#include <sys/prctl.h>
#include "../base/exit_code.hpp"
#include "../base/worker_process.hpp"
#include "components.hpp"
#include "isolated.hpp"
#include "wire.hpp"

namespace sextant::score {
namespace {

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
