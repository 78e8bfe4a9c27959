// Scoring with post-processors and metrics that are plain functions here.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <sextant/sha256.hpp>
#include "../../../core/evaluate/score.hpp"

namespace sextant::test {
namespace {
using namespace evaluate;
using Catch::Matchers::Contains;

constexpr double nan_score = std::numeric_limits<double>::quiet_NaN();

config::DatasetConfig dataset(const std::string& inferencer = "gen") {
  config::DatasetConfig out;
  out.abbr = "ceval-law";
  out.card_path = "cards/ceval_gen.json";
  out.output_column = "answer";
  out.test_split = "val";
  out.inferencer.method = method;
  return out;
}

std::vector<store::StoredPrediction> predictions(const std::vector<std::pair<std::string, std::string>>& said_and_gold) {
  std::vector<store::StoredPrediction> out;
  for (const auto& [said, gold] : said_and_gold) out.push_back({10 + out.size(), said, gold, "{}", {}});
  return out;
}

std::optional<json::Document> none() { return std::nullopt; }
const auto no_aggregate = [](std::span<const plugin::Judged>,
                             std::span<const double>) -> Result<std::optional<json::Document>> { return none(); };

// 1 where the prediction in quotes is the reference; "?" has no score, "boom" fails
MetricStep exact(const std::string& id = "accuracy") {
  return {id,
          [](std::span<const plugin::Judged> samples) -> Result<std::vector<double>> {
            std::vector<double> scores;
            for (const auto& sample : samples) {
              if (sample.prediction == "boom") return Error{Error::Kind::internal, "metric:accuracy threw: boom"};
              scores.push_back(sample.prediction == "?" ? nan_score : json::quote(sample.prediction) == sample.reference_json);
            }
            return scores;
          },
          no_aggregate};
}
MetricStep constant(const std::string& id, double value, const std::string& aggregate = "") {
  return {id,
          [=](std::span<const plugin::Judged> samples) -> Result<std::vector<double>> {
            return std::vector<double>(samples.size(), value);
          },
          [=](std::span<const plugin::Judged>, std::span<const double>) -> Result<std::optional<json::Document>> {
            if (aggregate.empty()) return none();
            SXT_TRY(json::Document document, json::parse(aggregate, "aggregate"));
            return std::optional<json::Document>(std::move(document));
          }};
}
PostprocessorStep append(const std::string& what) {
  return {"append", [=](std::span<const std::string> texts) -> Result<std::vector<std::string>> {
            std::vector<std::string> out;
            for (const std::string& text : texts) {
              if (text == "boom") return Error{Error::Kind::data, "postprocessor:append failed"};
              out.push_back(text + what);
            }
            return out;
          }};
}

TEST_CASE("the core's own number is the mean of the scores that there are, times 100") {
  const auto result = score(dataset(), {}, {exact()}, predictions({{"A", "\"A\""}, {"B", "\"A\""}, {"?", "\"A\""}}));
  REQUIRE(result);
  REQUIRE(result->metrics.size() == 1);
  CHECK(result->metrics[0].first == "accuracy");
  CHECK(result->metrics[0].second == 50);
  REQUIRE(result->details.size() == 3);
  CHECK(result->details[1].index == 11);
  CHECK(result->details[1].score == 0);
  CHECK(std::isnan(result->details[2].score));
}

TEST_CASE("post-processors run in order for gen, and not for a label that won") {
  const auto said = predictions({{"A", "\"A12\""}});
  const auto gen = score(dataset(), {append("1"), append("2")}, {exact()}, said);
  REQUIRE(gen);
  CHECK(gen->details[0].pred == "A12");
  CHECK(gen->metrics[0].second == 100);
  for (const auto method : {"ppl", "loglikelihood"}) {
    const auto scored = score(dataset(method), {append("1")}, {exact()}, said);
    REQUIRE(scored);
    CHECK(scored->details[0].pred == "A");
  }
}

TEST_CASE("a metric's own numbers come as it names them; the first metric is in the details") {
  const auto result =
      score(dataset(), {}, {constant("bleu", 0.25, R"({"bleu": 12.5, "brevity": 1, "note": null})"), constant("length", 3)},
            predictions({{"A", "\"A\""}}));
  REQUIRE(result);
  const std::vector<std::pair<std::string, double>> expected{{"bleu", 12.5}, {"brevity", 1}, {"length", 300}};
  CHECK(result->metrics == expected);
  CHECK(result->details[0].score == 0.25);
}

TEST_CASE("two metrics with one name are both kept") {
  const auto result =
      score(dataset(), {}, {constant("a", 1, R"({"f1": 1})"), constant("b", 1, R"({"f1": 2})")}, predictions({{"A", "\"A\""}}));
  REQUIRE(result);
  const std::vector<std::pair<std::string, double>> expected{{"f1", 1}, {"b_f1", 2}};
  CHECK(result->metrics == expected);
}

TEST_CASE("a split without answers has no score, and the message says what to do") {
  for (const std::string gold : {"\"\"", "null"}) {
    const auto result = score(dataset(), {}, {exact()}, predictions({{"A", "\"A\""}, {"A", gold}}));
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == Error::Kind::data);
    CHECK_THAT(result.error().message,
               Contains("1 of 2 rows of the split 'val' of ceval-law have no answer in 'answer'") && Contains("-m infer"));
  }
  config::DatasetConfig judged_by_record = dataset();
  judged_by_record.output_column.clear();
  CHECK(score(judged_by_record, {}, {constant("constraints", 1)}, predictions({{"A", "\"\""}})));
}

TEST_CASE("a plugin that fails names the sample") {
  const auto said = predictions({{"A", "\"A\""}, {"A", "\"A\""}, {"boom", "\"A\""}});
  const auto metric = score(dataset(), {}, {exact()}, said);
  REQUIRE_FALSE(metric);
  CHECK(metric.error().kind == Error::Kind::internal);
  CHECK(metric.error().message == "metric:accuracy threw: boom (sample 12)");
  const auto postprocessor = score(dataset(), {append("1")}, {exact()}, said);
  REQUIRE_FALSE(postprocessor);
  CHECK(postprocessor.error().message == "postprocessor:append failed (sample 12)");
}

TEST_CASE("what cannot be scored is an error, never a number") {
  const MetricStep too_few{
      "short", [](std::span<const plugin::Judged>) -> Result<std::vector<double>> { return std::vector<double>{1}; },
      no_aggregate};
  const auto two = predictions({{"?", "\"A\""}, {"?", "\"A\""}});
  struct Row {
    std::vector<MetricStep> metrics;
    std::vector<store::StoredPrediction> said;
    Error::Kind kind;
    std::string says;
  };
  for (const Row& row :
       std::vector<Row>{{{}, two, Error::Kind::config, "cards/ceval_gen.json"},
                        {{exact()}, {}, Error::Kind::data, "no predictions"},
                        {{exact()}, two, Error::Kind::internal, "metric:accuracy gave no score for any sample"},
                        {{too_few}, two, Error::Kind::internal, "metric:short gave 1 results for 2 samples"},
                        {{constant("x", 1, "{}")}, two, Error::Kind::internal, "metric:x gave no number"},
                        {{constant("x", 1, "[1]")}, two, Error::Kind::internal, "metric:x gave no number"}}) {
    const auto result = score(dataset(), {}, row.metrics, row.said);
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == row.kind);
    CHECK_THAT(result.error().message, Contains(row.says));
  }
}

TEST_CASE("the canonical line and the hash of docs/files.md") {
  const store::StoredPrediction said{3, "B", "\"B\"", "{}", {{"A", "", 0, 0, 3.6676000356674194}, {"B", "", 0, 0, 0.025}}};
  CHECK(canonical_line(said, 1) ==
        "{\"index\":3,\"labels\":[{\"label\":\"A\",\"value\":3.6676000356674194},{\"label\":\"B\",\"value\":0."
        "025000000000000001}],\"prediction\":\"B\",\"score\":1}\n");
  CHECK(canonical_line({0, "答案\n", "\"\"", "{}", {}}, nan_score) ==
        "{\"index\":0,\"labels\":[],\"prediction\":\"答案\\n\",\"score\":null}\n");
  const auto result = score(dataset("ppl"), {}, {exact()}, {said, said});
  REQUIRE(result);
  CHECK(result->results_sha256 == sha256_hex(canonical_line(said, 1) + canonical_line(said, 1)));
  const auto one = score(dataset("ppl"), {}, {exact()}, {said});
  REQUIRE(one);
  CHECK(one->results_sha256 == "d799da24744fd20116cb43a813dbad695ff8f5f1cd3a790ec135516d3e331f7c");
}

TEST_CASE("the hash changes with every part of a result and with nothing else") {
  const auto hash = [](const store::StoredPrediction& said) {
    const auto result = score(dataset("ppl"), {}, {exact()}, {said});
    REQUIRE(result);
    return result->results_sha256;
  };
  const store::StoredPrediction base{3, "B", "\"B\"", "{}", {{"A", "x", -1, 4, 0.25}, {"B", "y", -1, 4, 0.025}}};
  std::vector<store::StoredPrediction> others(5, base);
  others[0].index = 4;
  others[1].prediction = "A";
  others[2].gold_json = "\"A\"";  // through the score
  others[3].labels[0].value = std::nextafter(0.25, 1.0);
  std::swap(others[4].labels[0], others[4].labels[1]);
  for (const auto& other : others) CHECK(hash(other) != hash(base));
  store::StoredPrediction same = base;
  same.record_json = R"({"question": "?"})";
  same.labels[0].input = "another text";
  CHECK(hash(same) == hash(base));
}

TEST_CASE("a results file says correct where right and wrong is all there is, else the score") {
  const auto details = [](const std::vector<double>& scores) {
    Evaluated evaluated;
    evaluated.metrics = {{"accuracy", 41.5}, {"bad", nan_score}};
    for (const double value : scores) evaluated.details.push_back({evaluated.details.size(), "p", "\"A\"", value});
    return to_json(evaluated, true);
  };
  const auto parsed = json::parse(details({1, 0, nan_score}), "results");
  REQUIRE(parsed);
  CHECK(json::find_number(*parsed, "accuracy") == 41.5);
  CHECK((*parsed)["bad"].IsNull());
  CHECK(json::write((*parsed)["details"]) ==
        R"([{"index":0,"pred":"p","answer":"A","correct":true},{"index":1,"pred":"p","answer":"A","correct":false},)"
        R"({"index":2,"pred":"p","answer":"A"}])");
  const auto graded = json::parse(details({1, 0.5, nan_score}), "results");
  REQUIRE(graded);
  CHECK(json::write((*graded)["details"]) ==
        R"([{"index":0,"pred":"p","answer":"A","score":1.0},{"index":1,"pred":"p","answer":"A","score":0.5},)"
        R"({"index":2,"pred":"p","answer":"A","score":null}])");
  Evaluated evaluated;
  evaluated.metrics = {{"accuracy", 100.0 / 3}};
  evaluated.details = {{0, "p", "\"A\"", 1}};
  const auto bare = json::parse(to_json(evaluated, false), "results");
  REQUIRE(bare);
  CHECK(json::find_number(*bare, "accuracy") == 100.0 / 3);
  CHECK_FALSE(json::find(*bare, "details"));
}

}  // namespace
}  // namespace sextant::test
