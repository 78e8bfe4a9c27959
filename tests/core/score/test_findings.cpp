// What is said of numbers that should not be taken as they are; and thinking, which no filter sees.
#include <catch2/catch.hpp>
#include "../../../core/score/findings.hpp"
#include "scoring.hpp"

namespace sextant::test {
namespace {
using namespace score;

/// A post-processor that reads the letters A to D and nothing else.
PostprocessorStep letters() {
  return {"letters", [](std::span<const Extract> items) -> Result<std::vector<std::string>> {
            std::vector<std::string> out;
            for (const auto& item : items)
              out.emplace_back(item.text.size() == 1 && item.text[0] >= 'A' && item.text[0] <= 'D' ? item.text : "");
            return out;
          }};
}

std::vector<data::Finding> found(const std::vector<std::pair<std::string, std::string>>& said_and_target,
                                 std::vector<PostprocessorStep> steps = {}, const std::string& finish = "eos",
                                 const std::string& retriever = "{}", uint32_t dropped = 0) {
  auto said = attempts(said_and_target);
  for (data::Attempt& one : said) one.finish = finish, one.dropped_shots = dropped;
  config::DatasetConfig set = scored_set();
  set.retriever.config = retriever;
  const auto scored = score_with(set, steps_of({exact()}, std::move(steps)), std::move(said));
  REQUIRE(scored);
  return scored->findings;
}

std::vector<std::string> kinds(const std::vector<data::Finding>& findings) {
  std::vector<std::string> out;
  for (const auto& finding : findings) out.push_back(finding.kind);
  return out;
}

using Kinds = std::vector<std::string>;

}  // namespace

TEST_CASE("a set whose replies can be read has no findings") {
  CHECK(found({{"A", "\"A\""}, {"B", "\"A\""}, {"C", "\"A\""}, {"D", "\"A\""}, {"A", "\"A\""}, {"I do not know", "\"A\""}},
              {letters()})
            .empty());
}

TEST_CASE("many replies without an answer are a finding that counts them") {
  const auto findings = found({{"A", "\"A\""}, {"none", "\"A\""}, {"hm", "\"A\""}}, {letters()});
  REQUIRE(kinds(findings) == Kinds{"unparsed"});
  CHECK(findings[0].count == 2);
  CHECK(findings[0].of == 3);
}

TEST_CASE("each filter's unread replies, and its score of 0, are findings of their own") {
  Steps steps = steps_of({exact()}, {});
  steps.filters = {{"loose", {}, false}, {"strict", {letters()}, false}};
  const auto scored = score_with(scored_set(), steps, attempts({{"yes", "\"yes\""}, {"no", "\"no\""}, {"A", "\"yes\""}}));
  REQUIRE(scored);
  REQUIRE(kinds(scored->findings) == Kinds{"unparsed"});
  CHECK(scored->findings[0].filter == "strict");
  CHECK(scored->findings[0].count == 2);
}

TEST_CASE("replies that were all cut, and examples that were all left out, are findings") {
  CHECK(kinds(found({{"A", "\"A\""}, {"B", "\"A\""}}, {}, "length")) == Kinds{"cut"});
  CHECK(found({{"A", "\"A\""}}, {}, "eos", R"({"ids": [0, 1]})", 1).empty());
  CHECK(kinds(found({{"A", "\"A\""}}, {}, "eos", R"({"ids": [0, 1]})", 2)) == Kinds{"no_shots"});
  CHECK(kinds(found({{"A", "\"A\""}}, {}, "eos", R"({"ice_num": 5})", 5)) == Kinds{"no_shots"});
}

TEST_CASE("answers that are none of the labels are a finding") {
  auto said = attempts({{"A", "\"A\""}, {"A", "\"a\""}, {"B", "\"Z\""}});
  for (data::Attempt& one : said) one.labels = {{"A", "x A", -1, 2, 0.5}, {"B", "x B", -2, 2, 1}};
  const auto scored = score_with(scored_set(), steps_of({exact()}), std::move(said));
  REQUIRE(scored);
  REQUIRE(kinds(scored->findings) == Kinds{"no_label"});
  CHECK(scored->findings[0].count == 2);
}

TEST_CASE("a score of 0 is a finding where answers and references show why") {
  struct Case { const char *said, *target, *cause; };
  for (const Case& c : {Case{"Paris", R"(["Paris", "paris"])", "lists"},
                        {"paris", R"("Paris")", "case"},
                        {"Paris.", R"("Paris")", "case"},
                        {"cafe\u0301", "\"caf\u00e9\"", "case"},
                        {"1,234.0", R"("1234")", "case"},
                        {"B", "1", "index_to_letter"},
                        {"B", R"("cork")", "no answer is among the references"},
                        {"B", R"("A")", ""}}) {
    INFO(c.said << " " << c.target);
    std::vector<std::pair<std::string, std::string>> rows(4, {c.said, c.target});
    if (std::string_view(c.cause).empty()) rows.emplace_back("A", R"("B")");
    if (std::string_view(c.cause) == "case") {
      rows.emplace_back("A", R"("A")");
      const auto some = found(rows);
      REQUIRE(kinds(some) == Kinds{"nearly"});
      CHECK(some[0].count == 4);
      rows.pop_back();
    }
    const auto findings = found(rows);
    if (std::string_view(c.cause).empty()) {
      CHECK(findings.empty());
      continue;
    }
    REQUIRE(kinds(findings) == Kinds{"zero"});
    CHECK_THAT(findings[0].detail, Catch::Contains(c.cause));
  }
}

TEST_CASE("references that a metric's tokens are not made for are a finding, and a setting for them is named") {
  const auto kind_of = [](const char* metric, const char* config, const std::string& target) {
    config::DatasetConfig set = scored_set();
    set.metrics = {{metric, config}};
    const auto scored = score_with(set, steps_of({exact()}), attempts({{"A", target}, {"A", "\"A\""}}));
    REQUIRE(scored);
    return scored->findings.empty() ? std::string() : scored->findings[0].kind + " " + scored->findings[0].detail;
  };
  CHECK(kind_of("rouge", "{}", "\"北京大学发布了新的模型\"") == "dropped_letters rouge; \"tokens\": \"mixed\"");
  CHECK(kind_of("rouge", R"({"tokens": "words"})", "\"Москва и Киев\"") == "dropped_letters rouge; \"tokens\": \"mixed\"");
  CHECK(kind_of("rouge", R"({"tokens": "mixed"})", "\"北京大学发布了新的模型\"") == "");
  CHECK(kind_of("rouge", "{}", "\"the café, in 2024\"") == "");
  CHECK(kind_of("lm_eval_bleu", "{}", "\"北京大学发布了新的模型\"") == "no_blanks lm_eval_bleu");
  CHECK(kind_of("bleu", R"({"tokenize": "zh"})", "\"北京大学发布了新的模型\"") == "");
  CHECK(kind_of("ter", "{}", "\"北京 大学 发布 了 新 的 模型\"") == "");
  CHECK(kind_of("token_f1", "{}", "\"Москва и Киев\"") == "");
  CHECK(kind_of("accuracy", "{}", "\"北京大学发布了新的模型\"") == "");
}

TEST_CASE("what a model thought is not graded, unless a filter is given it; a reply that ends in thought holds no answer") {
  for (const bool without : {true, false}) {
    Steps steps = steps_of({exact()});
    steps.filters[0].without_thinking = without;
    const auto scored =
        score_with(scored_set(), steps, attempts({{"<think>B?</think>A", "\"A\""}, {"<think>A", "\"A\""}, {"A", "\"A\""}}));
    REQUIRE(scored);
    CHECK(scored->readings[0][0].answer == (without ? "A" : "<think>B?</think>A"));
    CHECK(scored->readings[1][0].answer == (without ? "" : "<think>A"));
    CHECK(scored->readings[2][0].answer == "A");
    CHECK(kinds(scored->findings) == (without ? Kinds{"unclosed"} : Kinds{}));
  }
}

TEST_CASE("a reply that began in thought because its prompt opened it is thought up to the closing tag") {
  data::Attempt whole = attempt(1, "A?</think>B", "\"B\""), cut = attempt(2, "The answer is B, but", "\"B\"");
  whole.extra_json = cut.extra_json = R"({"thinking_opened": true})";
  Steps steps = steps_of({exact()});
  steps.filters[0].without_thinking = true;
  const auto scored = score_with(scored_set(), steps, {whole, cut});
  REQUIRE(scored);
  CHECK(scored->readings[0][0].answer == "B");
  CHECK(scored->readings[1][0].answer == "");
}

}  // namespace sextant::test
