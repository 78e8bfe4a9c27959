// Predictions in OpenCompass' form, and the attempts that come back of them.
#include <algorithm>
#include <tuple>
#include <catch2/catch.hpp>
#include "../../../core/base/files.hpp"
#include "../../../core/store/kept_attempts.hpp"
#include "../../../core/store/predictions.hpp"
#include "../temporary_folder.hpp"

namespace sextant::test {
namespace {
using Catch::Matchers::Contains;
using data::Attempt;
using data::Form;

Attempt gen_attempt(uint64_t row) {
  Attempt attempt;
  attempt.id.row = row;
  attempt.record_json = R"({"question":"1 + 1 = ?","A":"\"2\"","n":2.5,"list":[1,null,true],"answer":"A"})";
  attempt.target_json = R"("A")";
  attempt.prompts = {
      {"", "<s>user\n1 + 1 = ?\nassistant\n", {{"system", "be brief"}, {"user", "1 + 1 = ?"}, {"assistant", ""}}, 21, true}};
  attempt.prediction = "答案: A\n\t\"\\";
  attempt.usage = {11, 7, 3, 2};
  attempt.dropped_shots = 1;
  attempt.finish = "eos";
  return attempt;
}
Attempt ppl_attempt(uint64_t row) {
  Attempt attempt;
  attempt.id.row = row;
  attempt.record_json = R"({"question":"天空","answer":"B"})";
  attempt.target_json = R"("B")";
  attempt.prompts = {{"A", "天空 A", {}, 5, false}, {"B", "天空 B", {}, 5, false}};
  attempt.labels = {{"A", "天空 A", -14.670400142669678, 4, 3.6676000356674194}, {"B", "天空 B", -0.1, 4, 0.025}};
  attempt.prediction = "B";
  return attempt;
}
Attempt loglikelihood_attempt(uint64_t row) {
  Attempt attempt = ppl_attempt(row);
  attempt.prompts = {{"", "天空", {}, 5, false}};
  attempt.labels = {{"A", " 蓝", -1.0 / 3, 1, -1.0 / 3}, {"B", " 绿", -2.0 / 3, 2, -2.0 / 3}};
  attempt.extra_json = R"({"choices":{"sum":"A","token":"B"}})";
  attempt.prediction = "A";
  return attempt;
}

Result<std::vector<Attempt>> read_predictions(const std::filesystem::path& path, std::string_view task = {}) {
  SXT_TRY(const store::Predictions file, store::Predictions::open(path, task));
  return file.read(0, file.size());
}
uint32_t repeats_of(const std::vector<Attempt>& attempts) {
  uint32_t repeats = 1;
  for (const Attempt& attempt : attempts) repeats = std::max(repeats, attempt.id.repeat + 1);
  return repeats;
}
void write_predictions(const std::filesystem::path& path, const std::vector<Attempt>& attempts, Form form) {
  store::PredictionsWriter writer(path, form, repeats_of(attempts));
  for (size_t i = attempts.size(); i-- > 0;) REQUIRE(writer.add(i, attempts[i]));  // whatever order they come in
  REQUIRE(writer.finish());
}
json::Document written(const std::vector<Attempt>& attempts, Form form) {
  const TemporaryFolder folder;
  write_predictions(folder / "d.json", attempts, form);
  auto parsed = json::parse(slurp(folder / "d.json"), "predictions");
  REQUIRE(parsed);
  return *std::move(parsed);
}
// What the run that writes them keeps is what the file gives back.
std::vector<Attempt> round_trip(const std::vector<Attempt>& attempts, Form form) {
  const TemporaryFolder folder;
  store::KeptAttempts kept(folder.path(), "law", form, repeats_of(attempts));
  for (size_t i = attempts.size(); i-- > 0;) REQUIRE(kept.add(i, attempts[i]));
  write_predictions(folder / "d.json", attempts, form);
  auto read = read_predictions(folder / "d.json", "law"), same = kept.read(0, attempts.size());
  REQUIRE(read);
  REQUIRE(same);
  REQUIRE(kept.size() == attempts.size());
  for (size_t i = 0; i < attempts.size(); ++i) {
    const Attempt &a = (*read)[i], &b = (*same)[i];
    CHECK(a.id == b.id);
    CHECK(std::tie(a.record_json, a.target_json, a.extra_json, a.prediction) ==
          std::tie(b.record_json, b.target_json, b.extra_json, b.prediction));
    REQUIRE(a.prompts.size() == b.prompts.size());
    for (size_t k = 0; k < a.prompts.size(); ++k) {
      CHECK(a.prompts[k].messages == b.prompts[k].messages);
      CHECK(a.prompts[k].text == b.prompts[k].text);
      CHECK(a.prompts[k].chat == b.prompts[k].chat);
    }
  }
  for (auto* list : {&*read, &*same})  // in the order of their numbers
    std::stable_sort(list->begin(), list->end(), [](const Attempt& a, const Attempt& b) { return a.id.row < b.id.row; });
  write_predictions(folder / "read.json", *read, form);
  write_predictions(folder / "kept.json", *same, form);
  CHECK(slurp(folder / "read.json") == slurp(folder / "kept.json"));
  return *read_predictions(folder / "d.json", "law");
}

TEST_CASE("ppl: the testing input lacks the examples, BPB is by its bytes, and the whole text comes back") {
  Attempt attempt = ppl_attempt(0);
  attempt.labels[0].examples = {0, 3};  // the first character
  const json::Document all = written({attempt}, Form::labels);
  const json::Value& label = all["0"]["label: A"];
  CHECK(json::text(label["testing input"]) == "空 A");
  CHECK(json::text(label["prompt"]) == "天空 A");
  CHECK(label["BPB"].GetDouble() == Approx(3.6676000356674194 * 4 / 5));
  CHECK(round_trip({attempt}, Form::labels)[0].labels[0].input == "天空 A");
}

TEST_CASE("gen: the prompt as text, or as OpenCompass' turns where a chat template was used") {
  Attempt plain = gen_attempt(5);
  plain.prompts[0].messages.clear();
  const json::Document out = written({gen_attempt(4), plain}, Form::open);
  const json::Value* turns = json::find(out["0"], "origin_prompt");
  REQUIRE(turns);
  CHECK(json::write(*turns) ==
        R"([{"role":"SYSTEM","prompt":"be brief"},{"role":"HUMAN","prompt":"1 + 1 = ?"},{"role":"BOT","prompt":""}])");
  CHECK(json::find_string(out["1"], "origin_prompt") == plain.prompts[0].text.str());
  CHECK(json::find_string(out["0"], "prediction") == plain.prediction);
  CHECK(json::find_string(out["0"], "gold") == "A");
}

TEST_CASE("gold is written whatever it is") {
  for (const std::string gold : {"\"\"", "0", "null", "false", "[\"a\",\"b\"]", "2.5", "{\"x\":[]}"}) {
    Attempt sample = gen_attempt(0);
    sample.target_json = gold;
    const json::Document out = written({sample}, Form::open);
    REQUIRE(json::find(out["0"], "gold"));
    CHECK(json::write(*json::find(out["0"], "gold")) == gold);
    CHECK(round_trip({sample}, Form::open)[0].target_json == gold);
  }
}

TEST_CASE("ppl: per label the text, PPL and bits per byte as OpenCompass computes them") {
  const json::Document out = written({ppl_attempt(0)}, Form::labels);
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
  const json::Document out = written({loglikelihood_attempt(0)}, Form::continuations);
  const json::Value* b = json::find(out["0"], "label: B");
  REQUIRE(b);
  CHECK(json::find_string(*b, "testing input") == "天空 绿");
  CHECK(json::find_number(*b, "logprob") == -2.0 / 3);
  CHECK(json::find_int(*b, "tokens") == 2);
  CHECK_FALSE(json::find(*b, "PPL"));
}

TEST_CASE("what scoring needs comes back, bit for bit and in order") {
  std::vector<Attempt> samples;
  for (uint64_t i = 0; i < 12; ++i) samples.push_back(ppl_attempt(100 + 2 * i));
  const auto back = round_trip(samples, Form::labels);
  REQUIRE(back.size() == 12);
  for (size_t i = 0; i < 12; ++i) {
    CHECK(back[i].id.row == 100 + 2 * i);
    CHECK(back[i].prediction == "B");
    CHECK(back[i].target_json == samples[i].target_json);
    CHECK(back[i].record_json == samples[i].record_json);
    REQUIRE(back[i].labels.size() == 2);
    CHECK(back[i].labels[0].label == "A");
    CHECK(back[i].labels[0].value == samples[i].labels[0].value);
    CHECK(back[i].labels[0].logprob == samples[i].labels[0].logprob);
    CHECK(back[i].labels[0].tokens == 4);
  }
  CHECK(round_trip({loglikelihood_attempt(0)}, Form::continuations)[0].labels[1].value == -2.0 / 3);
  CHECK(round_trip({gen_attempt(0)}, Form::open)[0].prediction == gen_attempt(0).prediction);
}

TEST_CASE("everything that a samples file is made of comes back") {
  Attempt said = gen_attempt(3);
  said.id.repeat = 1;
  said.cluster = "page 3";
  said.thinking = "hm";
  said.turns = {{{}, "5"}, {{{"user", "Are you sure?"}}, "4"}};
  const auto back = round_trip({gen_attempt(3), said}, Form::open);
  REQUIRE(back.size() == 2);
  CHECK(back[1].id == data::SampleId{"law", 3, 1});
  CHECK(back[1].cluster == "page 3");
  CHECK(back[1].thinking == "hm");
  CHECK(back[1].finish == "eos");
  CHECK(back[1].usage.prompt_tokens == 11);
  CHECK(back[1].usage.generated_tokens == 3);
  CHECK(back[1].usage.truncated_tokens == 2);
  CHECK(back[1].dropped_shots == 1);
  REQUIRE(back[1].turns.size() == 2);
  CHECK(back[1].turns[0].reply == "5");
  CHECK(back[1].turns[1].messages == said.turns[1].messages);
  CHECK(back[1].prompts[0].messages == said.prompts[0].messages);
  const auto scored = round_trip({loglikelihood_attempt(0)}, Form::continuations);
  CHECK(scored[0].extra_json == loglikelihood_attempt(0).extra_json);
  CHECK(scored[0].labels[1].input == data::Text(" 绿"));
  CHECK(scored[0].prompts[0].text == data::Text("天空"));
}

TEST_CASE("repeats are numbered as OpenCompass numbers them: all of one, then all of the next") {
  std::vector<Attempt> said;
  for (uint64_t row : {4, 9})
    for (uint32_t repeat = 0; repeat < 3; ++repeat) {
      said.push_back(gen_attempt(row));
      said.back().id.repeat = repeat;
    }
  const json::Document out = written(said, Form::open);
  for (uint64_t i = 0; i < 6; ++i) {
    const auto& one = out[std::to_string(i).c_str()];
    CHECK(json::find_int(one, "index") == (i % 2 == 0 ? 4 : 9));
    CHECK(json::find_int(one, "repeat") == static_cast<int64_t>(i / 2));
  }
  CHECK_FALSE(json::find(written({gen_attempt(0)}, Form::open)["0"], "repeat"));
}

TEST_CASE("nothing in the file depends on what an earlier run had computed") {
  Attempt one = gen_attempt(0), other = gen_attempt(0);
  other.usage.computed_tokens = 0;
  CHECK(written({one}, Form::open) == written({other}, Form::open));
}

TEST_CASE("records and prompts in any spelling come back the same from the file and from what is kept") {
  for (const char* record : {R"({ "a" : [ ] , "b":{},"c": "\u00e9\/" ,"d":1e3, "e":-0, "f":[{"g":[1,"\n"]}]})", "{}", "no JSON", "",
                             R"({"a":12345678901234567890,"b":0.1})"}) {
    Attempt sample = gen_attempt(0);
    sample.record_json = record;
    sample.prompts[0].messages.clear();
    sample.prompts[0].text = std::string("\xC3\xA9 \x01 \x7F");
    round_trip({sample}, Form::open);
  }
  Attempt asked = gen_attempt(0);
  asked.prompts[0].messages = {{"HUMAN", "x"}, {"developer", "y"}};
  round_trip({asked}, Form::open);
}

TEST_CASE("a prediction that is not UTF-8 leaves the file readable") {
  Attempt sample = gen_attempt(0);
  sample.prediction = "\xE7\xAD";
  CHECK(round_trip({sample}, Form::open)[0].prediction == "\xEF\xBF\xBD");
}

TEST_CASE("no attempts make an empty object") { CHECK(round_trip({}, Form::open).empty()); }

TEST_CASE("a missing or edited file is an error that names file and key") {
  struct Row {
    std::string text, says;
  };
  for (const Row& row :
       std::vector<Row>{{"{", ":1:"},
                        {"[]", "no JSON object"},
                        {R"({"0": 1})", "sample 0"},
                        {R"({"1": {}})", "\"1\""},
                        {R"({"0": {"gold": "A"}})", "sample 0: \"prediction\" is missing"},
                        {R"({"0": {"prediction": ["a"], "gold": "A"}})", "\"prediction\""},
                        {R"({"0": {"prediction": "A"}})", "sample 0: \"gold\" is missing"},
                        {R"({"0": {"prediction": "A", "gold": "A", "label: A": {"PPL": "x"}}})", "\"label: A\""},
                        {R"({"0": {"prediction": "A", "gold": "A", "index": -1}})", "\"index\""}}) {
    CAPTURE(row.text);
    const TemporaryFolder folder;
    spit(folder / "d.json", row.text);
    const auto read = read_predictions(folder / "d.json");
    REQUIRE_FALSE(read);
    CHECK_THAT(read.error().message, Contains((folder / "d.json").string()) && Contains(row.says));
  }
  const auto read = read_predictions("lacking/d.json");
  REQUIRE_FALSE(read);
  CHECK_THAT(read.error().message, Contains("lacking/d.json") && Contains("-m infer"));
}

}  // namespace
}  // namespace sextant::test
