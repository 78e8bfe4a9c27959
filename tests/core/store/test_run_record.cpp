// run.json and back.
#include <catch2/catch.hpp>
#include "../../../core/store/run_folder.hpp"

namespace sextant::test {
namespace {
using namespace store;

RunRecord example() {
  RunRecord record{"2026-01-02 03:04:05", "2026-01-02 03:05:00", "failed", "f32", "box", {}, {}, {}, 0.25};
  record.models = {{"m", "cpu", "4 threads", "00ff", 1.25}};
  record.plugins = {{"metric:accuracy", "1", "/plugins/accuracy.so", "abcd"}};
  TaskRecord done{"m", "ceval-law", "complete",        "",     {}, 24,     0, 1000, 400, 48, 1, 2,
                  0.1, 0.01,        uint64_t{1} << 40, "beef", 3,  "judge"};
  TaskRecord failed{
      "m", "ceval-logic", "failed", "metric:accuracy failed", Error::Kind::internal, 22, 1, 0, 0, 0, 0, 0, 0, 0, 0, "", 0, ""};
  TaskRecord missing{"m", "ceval-physics", "missing", "no val/physics.csv", Error::Kind::missing, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                     "", 0, ""};
  record.tasks = {done, failed, missing};
  return record;
}

json::Document parsed(const RunRecord& record) {
  auto document = json::parse(to_json(record), "run.json");
  REQUIRE(document);
  return *std::move(document);
}

TEST_CASE("run.json has the members that scripts rely on") {
  const json::Document out = parsed(example());
  CHECK(json::find_int(out, "schema") == 1);
  for (const char* key : {"sextant_version", "started", "finished", "status", "compute", "host"})
    CHECK(json::find_string(out, key));
  CHECK(json::find_number(out, "first_sample_s") == 0.25);
  RunRecord none = example();
  none.first_sample_s = 0;  // all was in the journal
  CHECK_FALSE(json::find(parsed(none), "first_sample_s"));
  for (const char* key : {"abbr", "backend", "device", "weights_sha256", "load_s"}) CHECK(json::find(out["models"][0], key));
  for (const char* key : {"id", "version", "path", "sha256"}) CHECK(json::find(out["plugins"][0], key));
  for (const char* key : {"model", "dataset", "status", "error", "samples", "samples_failed", "prompt_tokens",
                          "computed_tokens", "generated_tokens", "infer_s", "eval_s", "peak_rss_bytes", "results_sha256"})
    CHECK(json::find(out["tasks"][0], key));
}

TEST_CASE("a missing task carries no counters and no hash") {
  const json::Document out = parsed(example());
  for (const char* key :
       {"samples", "samples_failed", "prompt_tokens", "computed_tokens", "generated_tokens", "infer_s", "results_sha256"})
    CHECK_FALSE(json::find(out["tasks"][2], key));
  CHECK(json::find_string(out["tasks"][2], "error") == "no val/physics.csv");
}

TEST_CASE("a record survives run.json") {
  const auto back = run_record_from_json(parsed(example()), "run.json");
  REQUIRE(back);
  CHECK(to_json(*back) == to_json(example()));
  CHECK(back->tasks[0].peak_rss_bytes == uint64_t{1} << 40);
  CHECK(back->tasks[1].error_kind == Error::Kind::internal);
  CHECK_FALSE(back->tasks[0].error_kind);
}

TEST_CASE("an error text that is not UTF-8 leaves run.json readable") {
  RunRecord record = example();
  record.tasks[1].error = "the plugin said \xFF";
  CHECK(json::parse(to_json(record), "run.json"));
}

TEST_CASE("another schema is an error that names the file") {
  for (const std::string text : {"{}", "[]", R"({"schema": 2})", R"({"schema": "1"})"}) {
    const auto value = json::parse(text, "x");
    REQUIRE(value);
    const auto record = run_record_from_json(*value, "outputs/x/run.json");
    REQUIRE_FALSE(record);
    CHECK_THAT(record.error().message, Catch::Matchers::Contains("outputs/x/run.json"));
  }
}

}  // namespace
}  // namespace sextant::test
