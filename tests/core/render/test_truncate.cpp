// Dropping examples: how many go, for which label, and what it costs.
#include "../../../core/render/truncate.hpp"
#include "render_test.hpp"

namespace sextant::test {
namespace {

// A token is a byte; a prompt is `question` bytes and 10 more for each example. One prompt for each question size.
struct Bench {
  std::vector<size_t> questions;
  std::vector<render::Continuation> continuations = {};
  int renders = 0, counts = 0;

  render::Fitted fit(uint32_t shots, uint32_t limit, Compat compat = Compat::none) {
    return value_of(render::fit(
        shots, limit, compat,
        [this](uint32_t kept) -> Result<render::Prompts> {
          ++renders;
          render::Prompts out;
          for (const size_t question : questions) {
            render::Prompt prompt;
            prompt.text = std::string(10 * kept + question, 'x');
            out.prompts.push_back(std::move(prompt));
          }
          out.continuations = continuations;
          return out;
        },
        [this](const std::vector<std::string>& texts) -> Result<std::vector<uint32_t>> {
          ++counts;
          std::vector<uint32_t> out;
          for (const std::string& text : texts) out.push_back(static_cast<uint32_t>(text.size()));
          return out;
        }));
  }
};

std::vector<size_t> sizes(const render::Fitted& fitted) {
  std::vector<size_t> out;
  for (const auto& prompt : fitted.prompts.prompts) out.push_back(prompt.text.size());
  return out;
}

TEST_CASE("as many examples stay as fit, the longest label decides for all") {
  struct Row { uint32_t limit, dropped; std::vector<size_t> sizes; };
  for (const Row& row : {Row{58, 0, {55, 58, 51}}, {57, 1, {45, 48, 41}}, {48, 1, {45, 48, 41}}, {30, 3, {25, 28, 21}}, {8, 5,
      {5, 8, 1}}, {1, 5, {5, 8, 1}}}) {
    Bench bench{{5, 8, 1}};
    const render::Fitted fitted = bench.fit(5, row.limit);
    INFO(row.limit);
    CHECK(fitted.dropped_shots == row.dropped);
    CHECK(sizes(fitted) == row.sizes);
  }
}

TEST_CASE("in OpenCompass' modes a label drops on its own, and later labels keep the shorter list") {
  for (const Compat compat : {Compat::opencompass, Compat::opencompass_0_2_4}) {
    Bench bench{{5, 8, 1}};
    const render::Fitted fitted = bench.fit(5, 56, compat);
    CHECK(sizes(fitted) == std::vector<size_t>{55, 48, 41});
    CHECK(fitted.dropped_shots == 1);
  }
}

TEST_CASE("the usual case costs one rendering, and one count only where bytes alone do not show that it fits") {
  Bench small{{5, 8}}, close{{5, 8}};
  small.fit(5, 62);
  CHECK(small.renders == 1);
  CHECK(small.counts == 0);
  close.fit(5, 60);
  CHECK(close.renders == 1);
  CHECK(close.counts == 1);
}

TEST_CASE("without examples or without a limit nothing is counted") {
  Bench bench{{500}};
  CHECK(bench.fit(0, 10).dropped_shots == 0);
  CHECK(bench.fit(3, 0).dropped_shots == 0);
  CHECK(bench.counts == 0);
}

TEST_CASE("a continuation counts with its prompt") {
  Bench bench{{5}, {{"A", "xx"}, {"B", "xxxxxx"}}};
  CHECK(bench.fit(5, 60).dropped_shots == 1);
  CHECK(bench.fit(5, 61).dropped_shots == 0);
}

TEST_CASE("the limit leaves room for a reply, except in OpenCompass' modes and where nothing is generated") {
  struct Row { Form form; Compat compat; uint32_t seq, out, limit; };
  for (const Row& row : {Row{Form::open, Compat::none, 1024, 16, 1008}, {Form::open, Compat::lm_eval, 1024, 16, 1008},
      {Form::labels, Compat::none, 1024, 16, 1024},
                         {Form::continuations, Compat::none, 1024, 16, 1024}, {Form::open, Compat::opencompass, 1024, 16,
                             1024},
                         {Form::open, Compat::opencompass_0_2_4, 1024, 16, 1024}, {Form::open, Compat::none, 16, 16, 1},
                             {Form::open, Compat::none, 0, 16, 0}})
    CHECK(render::token_limit(row.form, row.compat, row.seq, row.out) == row.limit);
}

TEST_CASE("an error of rendering or counting is passed on") {
  const auto long_text = [](uint32_t) -> Result<render::Prompts> {
    render::Prompt prompt;
    prompt.text = std::string(100, 'x');
    return render::Prompts{{prompt}, {}};
  };
  const auto fails = [](uint32_t) -> Result<render::Prompts> { return Error{Error::Kind::data, "no row"}; };
  const auto none = [](const std::vector<std::string>&) -> Result<std::vector<uint32_t>> { return std::vector<uint32_t>{}; };
  CHECK(message_of(render::fit(2, 10, Compat::none, fails, none)) == "no row");
  CHECK(message_of(render::fit(2, 10, Compat::none, long_text, none)) == "the tokenizer counted 0 of 1 texts");
}

}  // namespace
}  // namespace sextant::test
