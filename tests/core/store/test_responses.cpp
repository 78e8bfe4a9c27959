// The journal: nothing that was finished is lost, nothing is kept twice, no bit changes.
#include <bit>
#include <catch2/catch.hpp>
#include <random>
#include "../../../core/base/log.hpp"
#include "../../../core/store/journal.hpp"
#include "../../../core/store/sample_json.hpp"
#include "../temporary_folder.hpp"
#include "samples.hpp"

namespace sextant::test {
namespace {
namespace fs = std::filesystem;
using store::Journal;
using store::Sample;

// Lines are complete, so equal lines are equal samples.
void check_equal(const Sample* found, const Sample& expected) {
  REQUIRE(found);
  CHECK(store::to_line(*found) == store::to_line(expected));
}

TEST_CASE("a sample survives its journal line member by member") {
  const Sample in = gen_sample(7, "k");
  const auto out = store::sample_from_line(store::to_line(in));
  REQUIRE(out);
  CHECK(out->index == 7);
  CHECK(out->key == "k");
  CHECK(out->record_json == in.record_json);
  CHECK(out->gold_json == in.gold_json);
  CHECK(out->prediction == in.prediction);
  REQUIRE(out->prompts.size() == 1);
  CHECK(out->prompts[0].text == in.prompts[0].text);
  CHECK(out->prompts[0].chat);
  CHECK(out->prompts[0].question_bytes == 21);
  REQUIRE(out->prompts[0].messages.size() == 3);
  CHECK(out->prompts[0].messages[1].role == "user");
  CHECK(out->prompts[0].messages[1].content == "1 + 1 = ?");
  CHECK(out->prompt_tokens == 11);
  CHECK(out->computed_tokens == 7);
  CHECK(out->generated_tokens == 3);
  CHECK(out->truncated_tokens == 2);
  CHECK(out->dropped_shots == 1);
  CHECK(out->finish == "eos");
  const auto scored = store::sample_from_line(store::to_line(ppl_sample(0, "k")));
  REQUIRE(scored);
  REQUIRE(scored->labels.size() == 2);
  CHECK(scored->labels[0].label == "A");
  CHECK(scored->labels[0].input == "天空 A");
  CHECK(scored->labels[0].tokens == 4);
  CHECK(scored->prompts[1].label == "B");
}

TEST_CASE("a resume changes no bit of any score") {
  std::mt19937_64 random(1);
  std::vector<double> values{0.0,
                             -0.0,
                             1.0,
                             0.1,
                             1.0 / 3,
                             5e-324,
                             2.2250738585072014e-308,
                             1.7976931348623157e308,
                             -18.338000178337097,
                             1e22,
                             123456789012345680.0};
  while (values.size() < 20000)
    if (const double value = std::bit_cast<double>(random()); value - value == 0) values.push_back(value);
  Sample sample = ppl_sample(0, "k");
  sample.labels.clear();
  for (const double value : values) sample.labels.push_back({"A", "", value, 1, -value});
  const auto back = store::sample_from_line(store::to_line(sample));
  REQUIRE(back);
  REQUIRE(back->labels.size() == values.size());
  size_t changed = 0;
  for (size_t i = 0; i < values.size(); ++i)
    changed += std::bit_cast<uint64_t>(back->labels[i].logprob) != std::bit_cast<uint64_t>(values[i]) ||
               std::bit_cast<uint64_t>(back->labels[i].value) != std::bit_cast<uint64_t>(-values[i]);
  CHECK(changed == 0);
}

TEST_CASE("what was appended is found by its key after opening again") {
  const TemporaryFolder folder;
  const fs::path path = folder / "journal/m/d.jsonl";
  {
    auto journal = Journal::open(path);
    REQUIRE(journal);
    CHECK(journal->size() == 0);
    REQUIRE(journal->append(gen_sample(0, "one")));
    REQUIRE(journal->append(ppl_sample(1, "two")));
    CHECK_FALSE(journal->find("one"));  // what was written is not kept
    CHECK(journal->size() == 2);
  }
  auto journal = Journal::open(path);
  REQUIRE(journal);
  CHECK(journal->size() == 2);
  check_equal(journal->find("one"), gen_sample(0, "one"));
  check_equal(journal->find("two"), ppl_sample(1, "two"));
  CHECK_FALSE(journal->find("three"));  // a changed prompt has another key
  journal->forget();
  CHECK_FALSE(journal->find("one"));
  const std::string before = slurp(path);
  REQUIRE(journal->append(gen_sample(0, "one")));  // its key is still known
  CHECK(slurp(path) == before);
}

TEST_CASE("a key stands once in the file; the first line of two counts") {
  const TemporaryFolder folder;
  const fs::path path = folder / "d.jsonl";
  Sample second = gen_sample(0, "k");
  second.prediction = "another";
  spit(path, store::to_line(gen_sample(0, "k")) + "\n" + store::to_line(second) + "\n");
  auto journal = Journal::open(path);
  REQUIRE(journal);
  const std::string before = slurp(path);
  REQUIRE(journal->append(second));
  CHECK(slurp(path) == before);
  check_equal(journal->find("k"), gen_sample(0, "k"));
}

TEST_CASE("a file killed at any byte resumes from its last whole line") {
  const std::string first = store::to_line(gen_sample(0, "one")) + "\n", second = store::to_line(ppl_sample(1, "two")) + "\n",
                    both = first + second;
  const TemporaryFolder folder;
  const fs::path path = folder / "d.jsonl";
  for (size_t length = 0; length <= both.size(); ++length) {
    CAPTURE(length);
    spit(path, both.substr(0, length));
    auto journal = Journal::open(path);
    REQUIRE(journal);
    const size_t whole = length == both.size() ? 2 : length >= first.size() ? 1 : 0;
    REQUIRE(journal->size() == whole);
    REQUIRE(fs::file_size(path) == (whole == 2 ? both.size() : whole == 1 ? first.size() : 0));
    REQUIRE(journal->append(gen_sample(0, "one")));
    REQUIRE(journal->append(ppl_sample(1, "two")));
    REQUIRE(slurp(path) == both);
  }
}

TEST_CASE("a broken line is passed over with a warning that names file and line; the others count") {
  const std::string good = store::to_line(gen_sample(0, "one"));
  for (const std::string broken : {"{", "", "[]", "{\"key\": \"x\"}", "\"text\"",
                                   "{\"key\":\"x\",\"index\":0,\"prediction\":7,\"gold\":1,\"record\":{}}", "\xFF\xFE"}) {
    CAPTURE(broken);
    const TemporaryFolder folder;
    const fs::path path = folder / "d.jsonl";
    spit(path, good + "\n" + broken + "\n" + store::to_line(ppl_sample(1, "two")) + "\n");
    std::string warning;
    set_log_tap([&](LogLevel level, std::string_view line) {
      if (level == LogLevel::warning) warning += line;
    });
    const auto journal = Journal::open(path);
    set_log_tap({});
    REQUIRE(journal);
    CHECK(journal->size() == 2);
    CHECK_THAT(warning, Catch::Matchers::Contains(path.string() + ":2: broken line"));
  }
}

TEST_CASE("a prediction that is no UTF-8 is kept readable") {
  const TemporaryFolder folder;
  Sample sample = gen_sample(0, "k");
  sample.prediction = "ok \xE7\xAD";
  {
    auto journal = Journal::open(folder / "d.jsonl");
    REQUIRE(journal);
    REQUIRE(journal->append(sample));
  }
  const auto journal = Journal::open(folder / "d.jsonl");
  REQUIRE(journal);
  REQUIRE(journal->find("k"));
  CHECK(journal->find("k")->prediction == "ok \xEF\xBF\xBD");
}

TEST_CASE("a journal that vanishes or cannot be opened gives an error, and the sample does not count") {
  const TemporaryFolder folder;
  auto journal = Journal::open(folder / "run/d.jsonl");
  REQUIRE(journal);
  fs::remove_all(folder / "run");
  CHECK_FALSE(journal->append(gen_sample(0, "k")));
  CHECK_FALSE(journal->find("k"));
  CHECK_FALSE(Journal::open(folder.path()));
}

TEST_CASE("another run's journal is read without touching it") {
  const TemporaryFolder folder;
  const std::string text = store::to_line(gen_sample(0, "k")) + "\n{\"half";
  spit(folder / "d.jsonl", text);
  CHECK(store::read_journal(folder / "d.jsonl").size() == 1);
  CHECK(slurp(folder / "d.jsonl") == text);
  CHECK(store::read_journal(folder / "none.jsonl").empty());
}

TEST_CASE("a content key depends on every part and on where one text ends") {
  const store::KeyParts parts{R"({"q":1})", {"prompt", "continuation"}, "weights", "{}", "{\"max\":1}", "0.1.0", 3};
  std::vector<store::KeyParts> others(9, parts);
  others[0].record_json = R"({"q":2})";
  others[1].prompts = {"promptcontinuation"};
  others[2].prompts = {"promptc", "ontinuation"};
  others[3].prompts = {"continuation", "prompt"};
  others[4].weights_sha256 = "other";
  others[5].model_config = "{\"x\":1}";
  others[6].generation = "{\"max\":2}";
  others[7].code_version = "0.1.1";
  others[8].index = 4;
  const std::string key = content_key(parts);
  CHECK(key.size() == 64);
  CHECK(content_key(parts) == key);
  for (size_t i = 0; i < others.size(); ++i) {
    CAPTURE(i);
    CHECK(content_key(others[i]) != key);
    for (size_t k = 0; k < i; ++k) CHECK(content_key(others[i]) != content_key(others[k]));
  }
}

TEST_CASE("the content key of docs/files.md") {
  CHECK(store::content_key(
            {R"({"question":"1 + 1 = ?","answer":"2"})", {"1 + 1 = ?"}, "00ff", "{}", R"({"form":"gen"})", "0.1.0+abc", 0}) ==
        "546fa8cc1e3093ca8ee7022362dfe4f261081b759a8e043e694837530648da4c");
}

}  // namespace
}  // namespace sextant::test
