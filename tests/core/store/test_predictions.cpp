// Predictions in OpenCompass' form, and what -m eval reads back of them.
#include <catch2/catch.hpp>
#include "../../../core/base/files.hpp"
#include "../../../core/store/run_folder.hpp"
#include "../temporary_folder.hpp"
#include "samples.hpp"

namespace sextant::test {
namespace {
using Catch::Matchers::Contains;
using data::Form;
using store::Sample;

json::Document written(const std::vector<Sample>& samples, Form form) {
  const TemporaryFolder folder;
  REQUIRE(store::write_predictions(folder / "d.json", samples, form));
  auto parsed = json::parse(slurp(folder / "d.json"), "predictions");
  REQUIRE(parsed);
  return *std::move(parsed);
}
std::vector<store::StoredPrediction> round_trip(const std::vector<Sample>& samples, Form form) {
  const TemporaryFolder folder;
  REQUIRE(store::write_predictions(folder / "d.json", samples, form));
  auto read = store::read_predictions(folder / "d.json");
  REQUIRE(read);
  return *std::move(read);
}

TEST_CASE("gen: the prompt as text, or as OpenCompass' turns where a chat template was used") {
  Sample plain = gen_sample(5, "k");
  plain.prompts[0].messages.clear();
  const json::Document out = written({gen_sample(4, "k"), plain}, Form::open);
  const json::Value* turns = json::find(out["0"], "origin_prompt");
  REQUIRE(turns);
  CHECK(json::write(*turns) ==
        R"([{"role":"SYSTEM","prompt":"be brief"},{"role":"HUMAN","prompt":"1 + 1 = ?"},{"role":"BOT","prompt":""}])");
  CHECK(json::find_string(out["1"], "origin_prompt") == plain.prompts[0].text);
  CHECK(json::find_string(out["0"], "prediction") == plain.prediction);
  CHECK(json::find_string(out["0"], "gold") == "A");
}

TEST_CASE("gold is written whatever it is") {
  for (const std::string gold : {"\"\"", "0", "null", "false", "[\"a\",\"b\"]", "2.5", "{\"x\":[]}"}) {
    Sample sample = gen_sample(0, "k");
    sample.gold_json = gold;
    const json::Document out = written({sample}, Form::open);
    REQUIRE(json::find(out["0"], "gold"));
    CHECK(json::write(*json::find(out["0"], "gold")) == gold);
    CHECK(round_trip({sample}, Form::open)[0].gold_json == gold);
  }
}

TEST_CASE("ppl: per label the text, PPL and bits per byte as OpenCompass computes them") {
  const json::Document out = written({ppl_sample(0, "k")}, Form::labels);
  const json::Value* a = json::find(out["0"], "label: A");
  REQUIRE(a);
  CHECK(json::find_string(*a, "testing input") == "天空 A");
  CHECK(json::find_string(*a, "prompt") == "天空 A");
  CHECK(json::find_number(*a, "PPL") == 3.6676000356674194);
  CHECK(json::find_number(*a, "BPB") == 3.6676000356674194 * 4 / 8);  // tokens over UTF-8 bytes
  CHECK(json::find_string(out["0"], "prediction") == "B");
  CHECK(json::find_string(out["0"], "origin_prompt") == "天空 A");
}

TEST_CASE("loglikelihood: per label the whole text, its log-probability and tokens") {
  const json::Document out = written({loglikelihood_sample(0, "k")}, Form::continuations);
  const json::Value* b = json::find(out["0"], "label: B");
  REQUIRE(b);
  CHECK(json::find_string(*b, "testing input") == "天空 绿");
  CHECK(json::find_number(*b, "logprob") == -2.0 / 3);
  CHECK(json::find_int(*b, "tokens") == 2);
  CHECK_FALSE(json::find(*b, "PPL"));
}

TEST_CASE("what scoring needs comes back, bit for bit and in order") {
  std::vector<Sample> samples;
  for (uint64_t i = 0; i < 12; ++i) samples.push_back(ppl_sample(100 + 2 * i, "k"));
  const auto back = round_trip(samples, Form::labels);
  REQUIRE(back.size() == 12);
  for (size_t i = 0; i < 12; ++i) {
    CHECK(back[i].index == 100 + 2 * i);
    CHECK(back[i].prediction == "B");
    CHECK(back[i].gold_json == samples[i].gold_json);
    CHECK(back[i].record_json == samples[i].record_json);
    REQUIRE(back[i].labels.size() == 2);
    CHECK(back[i].labels[0].label == "A");
    CHECK(back[i].labels[0].value == samples[i].labels[0].value);
    CHECK(back[i].labels[0].logprob == samples[i].labels[0].logprob);
    CHECK(back[i].labels[0].tokens == 4);
  }
  CHECK(round_trip({loglikelihood_sample(0, "k")}, Form::continuations)[0].labels[1].value == -2.0 / 3);
  CHECK(round_trip({gen_sample(0, "k")}, Form::open)[0].prediction == gen_sample(0, "k").prediction);
}

TEST_CASE("a prediction that is no UTF-8 leaves the file readable") {
  Sample sample = gen_sample(0, "k");
  sample.prediction = "\xE7\xAD";
  CHECK(round_trip({sample}, Form::open)[0].prediction == "\xEF\xBF\xBD");
}

TEST_CASE("no samples make an empty object") { CHECK(round_trip({}, Form::open).empty()); }

TEST_CASE("a missing or edited file is an error that names file and key") {
  struct Row {
    std::string text, says;
  };
  for (const Row& row :
       std::vector<Row>{{"{", ":1:"},
                        {"[]", "no JSON object"},
                        {R"({"0": 1})", "sample 0"},
                        {R"({"1": {}})", "\"1\""},
                        {R"({"0": {"gold": "A"}})", "sample 0 has no text \"prediction\""},
                        {R"({"0": {"prediction": ["a"], "gold": "A"}})", "\"prediction\""},
                        {R"({"0": {"prediction": "A"}})", "sample 0 has no \"gold\""},
                        {R"({"0": {"prediction": "A", "gold": "A", "label: A": {"PPL": "x"}}})", "\"label: A\""},
                        {R"({"0": {"prediction": "A", "gold": "A", "index": -1}})", "\"index\""}}) {
    CAPTURE(row.text);
    const TemporaryFolder folder;
    spit(folder / "d.json", row.text);
    const auto read = store::read_predictions(folder / "d.json");
    REQUIRE_FALSE(read);
    CHECK_THAT(read.error().message, Contains((folder / "d.json").string()) && Contains(row.says));
  }
  const auto read = store::read_predictions("lacking/d.json");
  REQUIRE_FALSE(read);
  CHECK_THAT(read.error().message, Contains("lacking/d.json") && Contains("-m infer"));
}

}  // namespace
}  // namespace sextant::test
