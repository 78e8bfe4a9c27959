// Samples are prepared beside the model: it begins before all is prepared, and nothing else shows.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <fmt/format.h>
#include "../plugin/plugin_folder.hpp"
#include "../temporary_folder.hpp"
#include "core/serve/dataset_task.hpp"
#include "core/serve/run_tasks.hpp"
#include "core/store/responses.hpp"

namespace sextant::serve {
namespace {

using Catch::Matchers::Contains;

constexpr size_t row_bytes = 64 << 10;

// A run of data sets that the plugin turns makes, on one of its models.
struct Fixture {
  sextant::test::TemporaryFolder work;
  plugin::test::Folder plugins;
  plugin::Host host;
  config::RunConfig run;
  std::optional<store::RunFolder> folder;
  std::atomic<bool> cancelled = false;
  bool interrupt_when_prepared = false;
  std::atomic<uint64_t> prepared = 0;     // samples
  std::function<void()> before_complete = [] {};

  Fixture() : host((plugins.add_with_manifest("turns"), plugins.discover()), nullptr) { new_folder(); }

  void new_folder() {
    auto made = store::RunFolder::create(work.path());
    REQUIRE(made);
    folder.emplace(*std::move(made));
  }
  void add(const std::string& name, size_t rows, const std::string& last = "") {
    config::DatasetConfig dataset;
    dataset.abbr = dataset.task_name = dataset.card = name;
    dataset.card_path = name + ".json";
    dataset.loader = {"rows", fmt::format(R"({{"rows":{},"bytes":{},"last":"{}"}})", rows, row_bytes, last)};
    dataset.path = work.path().string();
    dataset.input_columns = {"question"};
    dataset.output_column = "answer";
    dataset.train_split = dataset.test_split = "test";
    dataset.template_ = {"question", "{}"};
    run.datasets.push_back(dataset);
  }
  ModelSession session(const std::string& model, int fail_call = 0) {
    config::ModelConfig config;
    config.abbr = config.backend = model;
    config.config = fmt::format(R"({{"fail_on":{}}})", fail_call);
    auto opened = ModelSession::open(host, config, Load::weights);
    REQUIRE(opened);
    return *std::move(opened);
  }
  std::vector<store::TaskRecord> go(const std::string& model, int fail_call = 0,
                                    std::vector<std::string>* ret_complete = nullptr) {
    ModelSession opened = session(model, fail_call);
    serve::Job job;
    job.folder = &*folder;
    job.cancelled = &cancelled;
    job.progress = [&](const Progress& progress) {
      prepared = progress.samples_total;
      if (interrupt_when_prepared && progress.samples_total > 0) cancelled = true;
    };
    job.complete = [&](const TaskSpec&, store::TaskRecord& record) {
      before_complete();
      CHECK(std::filesystem::exists(folder->predictions(record.model, record.dataset)));
      if (ret_complete) ret_complete->push_back(record.dataset);
    };
    return run_tasks(host, opened, specs(opened, &*folder), job);
  }
  std::vector<TaskSpec> specs(ModelSession& session, const store::RunFolder* to) {
    std::vector<TaskSpec> out;
    for (const config::DatasetConfig& dataset : run.datasets) {
      auto spec = infer_task(host, session, dataset, run, to);
      REQUIRE(spec);
      out.push_back(*std::move(spec));
    }
    return out;
  }
  size_t journalled(const std::string& model, const std::string& task) {
    return store::read_journal(folder->journal(model, task)).size();
  }
};

}  // namespace

TEST_CASE("the model is given its first samples before the last one is prepared") {
  if (!plugin::test::ready()) return;
  const std::string model = GENERATE("turns", "one_at_a_time");
  Fixture job;
  job.add("first", 8);
  job.add("second", 2, "gate");  // cannot be prepared before the model was called
  std::vector<std::string> complete;
  for (const store::TaskRecord& record : job.go(model, 0, &complete)) {
    CAPTURE(model, record.dataset, record.error);
    CHECK(record.status == "complete");
    CHECK(job.journalled(model, record.dataset) == (record.dataset == "first" ? 8 : 1));  // a row that both have is asked once
  }
  std::sort(complete.begin(), complete.end());
  CHECK(complete == std::vector<std::string>{"first", "second"});
}

TEST_CASE("what a run computes is what its plan says, wave by wave") {
  if (!plugin::test::ready()) return;
  Fixture job;
  for (int i = 0; i < 12; ++i) job.add(fmt::format("set{}", i), 3 + i);
  ModelSession session = job.session("turns");
  const auto plan = plan_tasks(job.host, session, job.specs(session, nullptr));
  REQUIRE(plan);
  uint64_t computed = 0, samples = 0;
  for (const store::TaskRecord& record : job.go("turns")) {
    computed += record.computed_tokens;
    samples += record.samples;
  }
  CHECK(plan->computed_tokens == computed);
  CHECK(plan->computed_tokens >= 2 * row_bytes);  // more than one call
  CHECK(plan->computed_tokens < samples * row_bytes / 4);  // few of them
}

TEST_CASE("an error late in preparation is said of its task, and the others are kept") {
  if (!plugin::test::ready()) return;
  const std::string model = GENERATE("turns", "one_at_a_time");
  Fixture job;
  job.add("first", 8);
  job.add("broken", 8, "broken");
  job.add("gone", 1, "missing");
  job.add("last", 8);
  const auto records = job.go(model);
  REQUIRE(records.size() == 4);
  CHECK(records[0].status == "complete");
  CHECK(records[1].status == "failed");
  CHECK(records[1].error_kind == Error::Kind::config);
  CHECK_THAT(records[1].error, Contains("the template is wrong"));
  CHECK(job.journalled(model, "broken") == 0);
  CHECK(records[2].status == "missing");
  CHECK(records[3].status == "complete");
  CHECK(records[3].samples == 8);
}

TEST_CASE("a device that fails in a later call costs what was not computed; a resume computes the rest alone") {
  if (!plugin::test::ready()) return;
  Fixture job;
  job.add("first", 8);
  job.add("second", 40);
  job.add("gone", 1, "missing");
  const auto records = job.go("one_at_a_time", 2);
  CHECK(records[0].status == "complete");
  CHECK(records[1].status == "incomplete");
  CHECK(records[1].error_kind == Error::Kind::device);
  CHECK_THAT(records[1].error, Contains("the device went away"));
  CHECK(records[2].status == "missing");
  CHECK(job.journalled("one_at_a_time", "first") == 8);
  CHECK(job.journalled("one_at_a_time", "second") == 0);
  const auto again = job.go("one_at_a_time");
  CHECK(again[0].status == "complete");
  CHECK(again[1].status == "complete");
  CHECK(job.journalled("one_at_a_time", "first") == 8);
}

TEST_CASE("a run that is interrupted while it is prepared has computed nothing more") {
  if (!plugin::test::ready()) return;
  Fixture job;
  job.add("first", 8);
  job.cancelled = true;
  const auto records = job.go("turns");
  CHECK(records[0].status == "incomplete");
  CHECK(records[0].error_kind == Error::Kind::cancelled);
  CHECK(records[0].error == "interrupted");
}

TEST_CASE("a task that an interrupt cut short is incomplete, also where a row had failed") {
  if (!plugin::test::ready()) return;
  Fixture job;
  job.add("first", 3, "unfit");
  job.add("second", 3);  // there is room for it in the same wave
  job.interrupt_when_prepared = GENERATE(true, false);
  const auto records = job.go("turns");
  CHECK(records[0].samples_failed == 1);
  CHECK(records[0].status == (job.cancelled ? "incomplete" : "failed"));
  CHECK(records[0].error_kind == (job.cancelled ? Error::Kind::cancelled : Error::Kind::data));
  CHECK_THAT(records[0].error, Contains("this row cannot be rendered"));
  CHECK(job.journalled("turns", "first") == (job.cancelled ? 0 : 2));
}

TEST_CASE("while data sets wait to be scored, no more are prepared than a few") {
  if (!plugin::test::ready()) return;
  constexpr uint64_t tasks = 40;
  Fixture job;
  for (uint64_t i = 0; i < tasks; ++i) job.add(fmt::format("set{}", i), 1);
  job.go("turns");
  uint64_t prepared = 0;
  job.prepared = 0;
  job.before_complete = [&] {  // all samples are the journal's, so that preparing a task is all there is to do
    if (prepared > 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    prepared = job.prepared;
  };
  for (const store::TaskRecord& record : job.go("turns")) CHECK(record.status == "complete");
  CHECK(prepared > 0);
  CHECK(prepared < tasks / 2);
  CHECK(job.prepared == tasks);
}

TEST_CASE("a journal that cannot be written ends the run and is its error") {
  if (!plugin::test::ready()) return;
  Fixture job;
  job.add("first", 8);
  std::filesystem::create_directories(job.folder->journal("turns", "first"));  // a folder where the file should be
  const auto records = job.go("turns");
  CHECK(records[0].status == "failed");
  CHECK(records[0].error_kind == Error::Kind::io);
}

}  // namespace sextant::serve
