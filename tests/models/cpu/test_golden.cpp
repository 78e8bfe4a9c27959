// SmolLM2-135M in float32 against transformers: tests/golden/smollm2_f32.json, made by make_model_goldens.py, which builds its
// prompts from the rows of SEXTANT_TEST_DATA just as the functions here do. Needs SEXTANT_TEST_MODEL, too.
#include <algorithm>
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

// What the backend says of every `step`-th item, as the golden keeps it: the four options' own token each, or the last tokens
// of one continuation.
std::vector<std::vector<float>> logprobs_of(Backend& backend, const Setting& with, size_t step) {
  Requests requests;
  const auto& items = *json::find(with.golden, "score");
  std::vector<size_t> kept;
  for (size_t i = 0; i < items.Size(); i += step) {
    const json::Value& item = items[static_cast<rapidjson::SizeType>(i)];
    CAPTURE(json::write(item));
    Prompt prompt = build(with.data, item);
    auto ids = backend.tokenize(prompt.prefix + prompt.continuations[0]);
    if (prompt.prefix.empty()) ids.insert(ids.begin(), 1);  // BOS
    CHECK(sha_of(ids) == *json::find_string(item, "ids_sha256"));
    requests.score(std::move(prompt.prefix), std::move(prompt.continuations));
    kept.push_back(json::find(item, "logprobs")->Size());
  }
  const auto got = backend.run(requests.all());
  std::vector<std::vector<float>> out(got.size());
  for (size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i, got[i].message);
    REQUIRE(got[i].status == SXT_OK);
    if (got[i].scores.size() > 1)
      for (const auto& tokens : got[i].token_logprobs) out[i].push_back(tokens.back());
    else
      out[i] = got[i].token_logprobs[0];
    REQUIRE(out[i].size() >= kept[i]);
    out[i].erase(out[i].begin(), out[i].end() - static_cast<ptrdiff_t>(kept[i]));
  }
  return out;
}

std::vector<double> numbers_of(const json::Value& list) {
  std::vector<double> out;
  for (const auto& number : list.GetArray()) out.push_back(number.GetDouble());
  return out;
}

template <class T> size_t best_of(const std::vector<T>& options) {
  return static_cast<size_t>(std::max_element(options.begin(), options.end()) - options.begin());
}

// How far log-probabilities are from transformers' in float32, and how often another of the four options is the likeliest.
struct Distance {
  double sum = 0, worst = 0, widest_flip = 0;  // the last: by how much the right one had been ahead
  size_t count = 0, flips = 0;
  double mean() const { return sum / static_cast<double>(count); }
  template <class T> void add(const std::vector<double>& f32, const std::vector<T>& other) {
    REQUIRE(f32.size() == other.size());
    for (size_t k = 0; k < f32.size(); ++k, ++count) {
      const double difference = std::abs(static_cast<double>(other[k]) - f32[k]);
      sum += difference;
      worst = std::max(worst, difference);
    }
    if (f32.size() != 4 || best_of(f32) == best_of(other)) return;
    ++flips;
    widest_flip = std::max(widest_flip, f32[best_of(f32)] - f32[best_of(other)]);
  }
};

std::ostream& operator<<(std::ostream& out, const Distance& d) {
  return out << "mean " << d.mean() << ", worst " << d.worst << ", " << d.flips << " choices flip (ahead by up to "
             << d.widest_flip << ")";
}

}  // namespace

TEST_CASE("log-probabilities are those of transformers", "[model][cpu]") {
  const auto with = setting();
  if (!with) return;
  Backend backend(with->model);
  const auto& items = *json::find(with->golden, "score");
  const auto got = logprobs_of(backend, *with, 1);
  Distance distance;
  for (size_t i = 0; i < got.size(); ++i) {
    const json::Value& item = items[static_cast<rapidjson::SizeType>(i)];
    CAPTURE(json::write(item));
    distance.add(numbers_of(*json::find(item, "logprobs")), got[i]);
    REQUIRE(distance.worst < tolerance);
  }
  CHECK(distance.count > 1000);
  WARN(distance.count << " log-probabilities of " << got.size() << " prompts: " << distance);
}

// smollm2_scores_bf16.json: every third of these scores, of transformers in bf16.
TEST_CASE("bf16 is no further from float32 than transformers' own bf16 is", "[model][cpu]") {
  const auto with = setting();
  if (!with) return;
  constexpr size_t step = 3;
  Backend backend(with->model, "\"compute\":\"bf16\"");
  const auto got = logprobs_of(backend, *with, step);
  const json::Document theirs =
      or_throw(json::parse(read_text(golden_file("smollm2_scores_bf16.json")), "smollm2_scores_bf16.json"));
  const auto &items = *json::find(with->golden, "score"), &bf16 = *json::find(theirs, "logprobs");
  REQUIRE(bf16.Size() == got.size());
  Distance ours, reference;
  for (size_t i = 0; i < got.size(); ++i) {
    const auto at = static_cast<rapidjson::SizeType>(i * step);
    CAPTURE(json::write(items[at]));
    const auto f32 = numbers_of(*json::find(items[at], "logprobs"));
    ours.add(f32, got[i]);
    reference.add(f32, numbers_of(bf16[static_cast<rapidjson::SizeType>(i)]));
  }
  CHECK(ours.mean() <= reference.mean());
  WARN(ours.count << " log-probabilities; ours: " << ours << "; transformers': " << reference);
}

TEST_CASE("exact is 20 times closer to float32 than bf16, with the same bits on every instruction set", "[model][cpu][exact]") {
  const auto with = setting();
  if (!with) return;
  constexpr size_t step = 24;
  const auto& items = *json::find(with->golden, "score");
  std::vector<std::vector<float>> expected;
  for (const std::string isa : {"auto", "avx2"}) {
    Backend backend(with->model, "\"compute\":\"exact\",\"isa\":\"" + isa + "\"");
    const auto got = logprobs_of(backend, *with, step);
    if (expected.empty()) expected = got;
    CHECK(got == expected);
  }
  Distance distance;
  for (size_t i = 0; i < expected.size(); ++i)
    distance.add(numbers_of(*json::find(items[static_cast<rapidjson::SizeType>(i * step)], "logprobs")), expected[i]);
  CHECK(distance.mean() < 0.002);
  WARN(distance.count << " log-probabilities: " << distance);
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

// tests/golden/token_details.json, made by make_token_details.py.
TEST_CASE("what ln p of a token was to be expected, and how narrowly a reply's tokens were chosen", "[golden]") {
  const auto with = setting();
  if (!with) return;
  const json::Document golden = or_throw(json::parse(read_text(golden_file("token_details.json")), "token_details.json"));
  Backend backend(with->model);
  const auto numbers = [](const json::Value& of, const char* name) {
    std::vector<double> out;
    for (const auto& value : json::find(of, name)->GetArray()) out.push_back(value.GetDouble());
    return out;
  };
  Requests requests;
  for (const auto& text : golden["texts"].GetArray())
    requests.score("", {*json::find_string(text, "text")}, SXT_REQUEST_TOKEN_LOGPROBS | SXT_REQUEST_TOKEN_MOMENTS);
  for (const auto& reply : golden["replies"].GetArray())
    requests.generate(*json::find_string(reply, "prompt"), 20, {}, SXT_REQUEST_LEAST_MARGIN);
  const auto got = backend.run(requests.all());
  size_t next = 0;
  double worst_mean = 0, worst_variance = 0, worst_margin = 0;
  for (const auto& text : golden["texts"].GetArray()) {
    const Got& one = got[next++];
    REQUIRE(one.message == "");
    const auto logprobs = numbers(text, "logprobs"), means = numbers(text, "means"), variances = numbers(text, "variances");
    REQUIRE(one.token_means.at(0).size() == means.size());
    for (size_t i = 0; i < means.size(); ++i) {
      CAPTURE(next, i);
      CHECK(std::abs(one.token_logprobs[0][i] - logprobs[i]) < tolerance);
      worst_mean = std::max(worst_mean, std::abs(one.token_means[0][i] - means[i]));
      worst_variance = std::max(worst_variance, std::abs(one.token_variances[0][i] - variances[i]));
    }
  }
  for (const auto& reply : golden["replies"].GetArray()) {
    const Got& one = got[next++];
    const auto margins = numbers(reply, "margins");
    REQUIRE(one.ids.size() == json::find(reply, "ids")->Size());
    REQUIRE(one.margin_count == margins.size());
    CHECK(one.least_margin_at == static_cast<size_t>(std::min_element(margins.begin(), margins.end()) - margins.begin()));
    worst_margin = std::max(worst_margin, std::abs(one.least_margin - *std::min_element(margins.begin(), margins.end())));
  }
  CHECK(worst_mean < tolerance);
  CHECK(worst_variance < 10 * tolerance);  // of up to 20: squares of ln p
  CHECK(worst_margin < tolerance);
  WARN("means differ by at most " << worst_mean << ", variances " << worst_variance << ", margins " << worst_margin);
}
