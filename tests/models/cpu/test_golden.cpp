// SmolLM2-135M in float32 against transformers: tests/golden/smollm2_f32.json, made by make_model_goldens.py, which builds its
// prompts from the rows of SEXTANT_TEST_DATA just as the functions here do. Needs SEXTANT_TEST_MODEL, too.
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <sextant/csv.hpp>
#include "../engine/sha256.hpp"
#include "backend.hpp"

using namespace fakes;

namespace {

constexpr double tolerance = 1e-4;

std::string read_text(const std::string& path) { return or_throw(csv::read_text(path)); }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string label(size_t i) { return std::string(1, static_cast<char>('A' + i)); }

std::string render_question(const std::vector<std::string>& row, bool answered) {
  std::string text = "Question: " + row[0];
  for (size_t i = 0; i < 4; ++i) text += "\n" + label(i) + ". " + row[1 + i];
  text += "\nAnswer:";
  return answered ? text + " " + row[5] + "\n\n" : text;
}

// Question, options and answer of every row; MMLU's files have no header, the others' begin with an id.
std::vector<std::vector<std::string>> read_rows(const std::string& data, const std::string& path) {
  const bool mmlu = path.rfind("mmlu/", 0) == 0;
  const csv::Table table = or_throw(csv::parse((mmlu ? "q,A,B,C,D,answer\n" : "") + read_text(data + "/" + path), path));
  std::vector<std::vector<std::string>> rows;
  for (const auto& row : table.rows) rows.emplace_back(row.cells.begin() + (mmlu ? 0 : 1), row.cells.end());
  return rows;
}

struct Prompt { std::string prefix; std::vector<std::string> continuations; };

Prompt build(const std::string& data, const json::Value& item) {
  const std::string path = *json::find_string(item, "path"), kind = path.substr(0, path.find('/'));
  const auto row = static_cast<size_t>(*json::find_int(item, "row"));
  if (kind == "gsm8k") {
    const json::Document record = or_throw(json::parse(lines_of(read_text(data + "/" + path)).at(row), path));
    return {"Question: " + *json::find_string(record, "question") + "\nAnswer:", {" " + *json::find_string(record, "answer")}};
  }
  if (kind == "wikitext2") {
    const auto lines = lines_of(read_text(data + "/" + path));
    std::string text = lines.at(row);
    for (size_t i = 1; i < static_cast<size_t>(*json::find_int(item, "lines")); ++i) text += "\n" + lines.at(row + i);
    return {"", {text}};
  }
  const auto rows = read_rows(data, path);
  Prompt prompt{"", {" A", " B", " C", " D"}};
  for (size_t k = 0; k < static_cast<size_t>(json::find_int(item, "shots").value_or(0)); ++k)
    prompt.prefix += render_question(rows.at(k), true);
  prompt.prefix += render_question(rows.at(row), false);
  return prompt;
}

std::string sha_of(const std::vector<int32_t>& ids) { return test::sha256(ids.data(), ids.size() * sizeof(int32_t)); }

struct Setting { std::string model, data; json::Document golden; };

std::optional<Setting> setting() {
  const char *model = std::getenv("SEXTANT_TEST_MODEL"), *data = std::getenv("SEXTANT_TEST_DATA");
  if (!model || !*model || !data || !*data) {
    WARN("SKIP: SEXTANT_TEST_MODEL (SmolLM2-135M-Instruct, Q4_1) and SEXTANT_TEST_DATA are not both set");
    return std::nullopt;
  }
  return Setting{model, data, or_throw(json::parse(read_text(golden_file("smollm2_f32.json")), "smollm2_f32.json"))};
}

}  // namespace

TEST_CASE("log-probabilities are those of transformers", "[model][cpu]") {
  const auto with = setting();
  if (!with) return;
  Backend backend(with->model);
  Requests requests;
  const auto& items = *json::find(with->golden, "score");
  for (const auto& item : items.GetArray()) {
    CAPTURE(json::write(item));
    Prompt prompt = build(with->data, item);
    auto ids = backend.tokenize(prompt.prefix + prompt.continuations[0]);
    if (prompt.prefix.empty()) ids.insert(ids.begin(), 1);  // BOS
    CHECK(sha_of(ids) == *json::find_string(item, "ids_sha256"));
    requests.score(std::move(prompt.prefix), std::move(prompt.continuations));
  }
  const auto got = backend.run(requests.all());
  double worst = 0;
  uint64_t compared = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const json::Value& item = items[static_cast<rapidjson::SizeType>(i)];
    CAPTURE(json::write(item), got[i].message);
    REQUIRE(got[i].status == SXT_OK);
    const json::Value& expected = *json::find(item, "logprobs");
    // the four options' own token each, or the last tokens of one continuation
    std::vector<float> mine;
    if (got[i].scores.size() > 1)
      for (const auto& tokens : got[i].token_logprobs) mine.push_back(tokens.back());
    else
      mine = got[i].token_logprobs[0];
    REQUIRE(mine.size() >= expected.Size());
    mine.erase(mine.begin(), mine.end() - expected.Size());
    for (rapidjson::SizeType k = 0; k < expected.Size(); ++k) {
      const double difference = std::abs(mine[k] - expected[k].GetDouble());
      worst = std::max(worst, difference);
      ++compared;
      REQUIRE(difference < tolerance);
    }
  }
  CHECK(compared > 1000);
  WARN(compared << " log-probabilities of " << got.size() << " prompts, the worst differs by " << worst);
}

TEST_CASE("greedy generations are those of transformers", "[model][cpu]") {
  const auto with = setting();
  if (!with) return;
  Backend backend(with->model);
  const auto& items = *json::find(with->golden, "generate");
  const auto new_tokens = static_cast<uint32_t>(*json::find_int(with->golden, "max_new_tokens"));
  Requests requests;
  for (const auto& item : items.GetArray()) requests.generate(build(with->data, item).prefix, new_tokens);
  const auto got = backend.run(requests.all());
  for (size_t i = 0; i < got.size(); ++i) {
    const json::Value& item = items[static_cast<rapidjson::SizeType>(i)];
    CAPTURE(json::write(item));
    CHECK(got[i].prompt_tokens == *json::find_int(item, "prompt_tokens"));
    std::vector<int32_t> ids = got[i].ids;
    // where two tokens were as good as equal, only what comes before is certain
    if (const json::Value& ties = *json::find(item, "ties"); ties.Size() > 0)
      ids.resize(std::min<size_t>(ids.size(), ties[0].GetUint()));
    else CHECK(ids.size() == static_cast<size_t>(*json::find_int(item, "count")));
    CHECK(sha_of(ids) == *json::find_string(item, "ids_sha256"));
  }
  WARN(got.size() << " generations of up to " << new_tokens << " tokens compared");
}
