#include "isolated.hpp"
#include <algorithm>
#include <fmt/format.h>
#include "../base/text.hpp"
#include "../base/worker_process.hpp"
#include "wire.hpp"

namespace sextant::score {
namespace {

// A scorer that ends its process every time would cost a process, or the limit, for each sample.
constexpr unsigned give_up_after = 10;

class IsolatedReader : public Reader {
 public:
  IsolatedReader(std::string setup, std::string name, std::string components, size_t filters, double limit_s)
      : setup_(std::move(setup)),
        name_(std::move(name)),
        components_(std::move(components)),
        filters_(filters),
        limit_s_(limit_s) {}

  Result<void> open() override { return process_ ? Result<void>() : start(); }

  Result<std::vector<RowReading>> read(std::span<const Row> rows) override {
    std::vector<RowReading> out;
    for (const Row& row : rows) {
      if (in_a_row_ >= give_up_after) {
        out.push_back(
            failed(row, {Error::Kind::internal,
                         fmt::format("{}: not scored: its scorers crashed or hung on {} samples in a row", name_, in_a_row_)}));
        continue;
      }
      auto answer = ask(wire::to_line(row), limit_s_ * static_cast<double>(row.size()));
      if (!answer) {
        if (!costs_a_sample_) return answer.error();
        ++in_a_row_;
        out.push_back(failed(row, answer.error()));
        continue;
      }
      in_a_row_ = 0;
      SXT_TRY(RowReading reading, wire::reading_from(*answer));
      if (reading.size() != row.size())
        return Error{Error::Kind::internal, "the scoring process gave another number of readings"};
      out.push_back(std::move(reading));
    }
    return out;
  }

  Result<std::vector<bool>> aggregates() override {
    SXT_CHECK(open());
    return aggregates_;
  }

  Result<Numbers> aggregate(size_t metric, std::span<const Judged> samples, std::span<const double> first) override {
    SXT_TRY(const json::Document answer, ask(wire::to_line(metric, samples, first), limit_s_));
    return wire::numbers_from(answer);
  }

 private:
  // One line there, one back. Where the process ends or is late it is replaced with the next line; that costs a sample.
  Result<json::Document> ask(const std::string& line, double limit_s) {
    costs_a_sample_ = false;
    SXT_CHECK(open());
    return exchange(line, limit_s);
  }
  Result<void> start() {
    costs_a_sample_ = false;
    SXT_TRY(process_, WorkerProcess::start("score"));
    auto made = exchange(setup_, default_attempt_limit_s);
    costs_a_sample_ = false;  // components that cannot be made fail the whole set
    if (!made) return made.error();
    SXT_TRY(aggregates_, wire::aggregates_from(*made));
    return {};
  }
  Result<json::Document> exchange(const std::string& line, double limit_s) {
    std::string answer;
    const WorkerProcess::Got got =
        process_->send(line) ? process_->receive(std::chrono::duration<double>(limit_s), answer) : WorkerProcess::Got::end;
    if (got != WorkerProcess::Got::line) {
      if (got == WorkerProcess::Got::end) process_->wait_for_end();
      const std::string how = process_->end();
      process_.reset();
      costs_a_sample_ = true;
      if (got == WorkerProcess::Got::late)
        return Error{Error::Kind::internal,
                     fmt::format("{}: its scorers ({}) ran longer than {} s and were stopped (\"attempt_limit_s\")", name_,
                                 components_, limit_s)};
      return Error{Error::Kind::internal, fmt::format("{}: the process of its scorers ({}) {}", name_, components_, how)};
    }
    SXT_TRY(json::Document document, json::parse(answer, "scoring process"));
    if (auto error = wire::error_from(document)) return *std::move(error);
    return document;
  }
  RowReading failed(const Row& row, const Error& error) const {
    Reading reading;
    reading.error = error;
    RowReading out(row.size(), std::vector<Reading>(filters_, reading));
    for (size_t a = 0; a < row.size(); ++a)
      for (Reading& one : out[a]) {
        one.reference_json = row[a]->target_json;
        one.answer = row[a]->prediction;
      }
    return out;
  }

  const std::string setup_, name_, components_;
  const size_t filters_;
  const double limit_s_;
  bool costs_a_sample_ = false;
  unsigned in_a_row_ = 0;          // samples that ended a process
  std::unique_ptr<WorkerProcess> process_;
  std::vector<bool> aggregates_;   // [metric]
};

// "postprocessor:first_option, metric:mine": one of them it is.
std::string components_of(const config::DatasetConfig& dataset) {
  std::vector<std::string> names;
  const auto add = [&](std::string_view kind, const std::vector<config::PluginChoice>& choices) {
    for (const config::PluginChoice& choice : choices) {
      std::string name = fmt::format("{}:{}", kind, choice.id);
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
    }
  };
  for (const config::Filter& filter : dataset.filters) add("postprocessor", filter.postprocessors);
  add("postprocessor", dataset.reference_postprocessors);
  add("metric", dataset.metrics);
  return join(names, ", ");
}

}  // namespace

Result<std::unique_ptr<Reader>> start_isolated(const std::vector<std::filesystem::path>& folders,
                                               const config::DatasetConfig& dataset, config::Compat compat) {
  wire::Setup setup;
  for (const auto& folder : folders) setup.folders.push_back(folder.string());
  setup.dataset = dataset;
  setup.compat = compat;
  return std::unique_ptr<Reader>(std::make_unique<IsolatedReader>(wire::to_line(setup), dataset.abbr, components_of(dataset),
                                                                  dataset.filters.size(), dataset.attempt_limit_s));
}

}  // namespace sextant::score
