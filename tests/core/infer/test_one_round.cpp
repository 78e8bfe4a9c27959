// Inferencers of one round, and the table.
#include <cmath>
#include "../../../core/infer/choices.hpp"
#include "../../../core/infer/words.hpp"
#include "inferencer_test.hpp"

namespace sextant::test {
namespace {

data::ContinuationScore score_of(double logprob, uint32_t tokens, bool greedy = false) {
  data::ContinuationScore score;
  score.logprob = score.total_logprob = logprob;
  score.tokens = score.total_tokens = tokens;
  score.greedy = greedy;
  return score;
}
Bench::Answer scores(std::vector<data::ContinuationScore> all) {
  return [all = std::move(all)](const data::Request&) {
    data::Response response;
    response.scores = all;
    return response;
  };
}
Bench with_labels(const std::vector<std::pair<std::string, std::string>>& texts) {
  Bench bench;
  for (const auto& [label, text] : texts) {
    bench.prompts.prompts.push_back(prompt_of(text, label == "B" ? 4 : 2));
    bench.prompts.prompts.back().label = label;
  }
  return bench;
}
Bench with_continuations(const std::vector<std::pair<std::string, std::string>>& texts) {
  Bench bench;
  bench.prompts.prompts.push_back(prompt_of("Question Answer:", 7));
  for (const auto& [label, text] : texts) bench.prompts.continuations.push_back({label, text});
  return bench;
}

TEST_CASE("every inferencer is made from its defaults") {
  for (const infer::InferencerType& type : infer::inferencer_types()) {
    CAPTURE(type.id);
    CHECK_FALSE(type.summary.empty());
    CHECK(message_of(infer::make_inferencer(type.id, "", "card x")) == "(no error)");
    CHECK(message_of(infer::make_inferencer(type.id, R"({"no_such_key": 1})", "card x")).find("no_such_key") !=
          std::string::npos);
  }
}

TEST_CASE("an unknown inferencer's error names the nearest") {
  CHECK(message_of(infer::make_inferencer("loglikelyhood", "", "card x"))
            .find("card x: there is no inferencer 'loglikelyhood' (did you mean 'loglikelihood'?)") == 0);
}

TEST_CASE("gen asks with the prompt as it is and predicts the reply") {
  Bench bench;
  bench.prompts.prompts.push_back(prompt_of("1 + 1 =", 3));
  bench.settings.sampling.max_new_tokens = 7;
  bench.settings.sampling.stop = {"\n"};
  const auto reply = [](const data::Request&) {
    data::Response response = text_answer("2", data::Finish::length);
    response.thinking = "hm";
    return response;
  };
  const Outcome outcome = value_of(bench.drive("gen", "{}", reply));
  CHECK(outcome.prediction == "2");
  CHECK(outcome.thinking == "hm");
  CHECK(outcome.finish == "length");
  CHECK(outcome.turns.empty());
  const data::Request& request = bench.asked(0);
  CHECK(request.ask == data::Ask::generate);
  CHECK(request.text.view().data() == bench.prompts.prompts.front().text.view().data());
  CHECK(request.sampling->max_new_tokens == 7);
  CHECK(request.sampling->stop == std::vector<std::string>{"\n"});
  CHECK(request.keep_bytes == 3);
  CHECK(request.add_special);
  CHECK(request.messages.empty());
  bench.settings.sampling.top_p = 0.5f;
  value_of(bench.drive("gen", R"({"temperature": 0.25, "top_k": 7})", reply));
  CHECK(bench.asked(0).sampling->temperature == 0.25f);
  CHECK(bench.asked(0).sampling->top_k == 7);
  CHECK(bench.asked(0).sampling->top_p == 0.5f);
}

TEST_CASE("a chat prompt is sent as text and as turns, without special tokens") {
  Bench bench;
  bench.prompts.prompts.push_back(chat_of({{"user", "hi"}}));
  value_of(bench.drive("gen", "{}", replies({"hello"})));
  CHECK(bench.asked(0).text == data::Text("rendered"));
  CHECK(turns_text(bench.asked(0).messages) == "[user]hi");
  CHECK_FALSE(bench.asked(0).add_special);
}

TEST_CASE("what may be cut from a prompt") {
  struct Row { size_t question; bool anywhere; uint64_t keep; };
  for (const Row& row : {Row{0, false, 1}, Row{9, false, 9}, Row{9, true, 1}}) {
    Bench bench;
    bench.prompts.prompts.push_back(prompt_of("a longer prompt", row.question));
    bench.settings.cut_anywhere = row.anywhere;
    value_of(bench.drive("gen", "{}", replies({""})));
    CHECK(bench.asked(0).keep_bytes == row.keep);
  }
  Bench labels = with_labels({{"A", "xxxxxx"}, {"B", "yyyyyyy"}, {"C", "zzzzz"}});
  value_of(labels.drive("ppl", "{}", scores({score_of(-1, 2), score_of(-1, 2), score_of(-1, 2)})));
  CHECK(labels.asked(0).keep_bytes == 4);
}

TEST_CASE("ppl predicts the label with the lowest mean over all tokens, the first of equals") {
  struct Row { std::vector<data::ContinuationScore> scores; std::string prediction; };
  for (const Row& row : {Row{{score_of(-8, 4), score_of(-9, 6), score_of(-7, 2)}, "B"},
                         Row{{score_of(-8, 4), score_of(-4, 2), score_of(-2, 1)}, "A"},
                         Row{{score_of(-8, 1), score_of(-4, 1), score_of(-3, 0)}, "C"}}) {
    Bench bench = with_labels({{"A", "aaaaaa"}, {"B", "bbbbbb"}, {"C", "cccccc"}});
    CHECK(value_of(bench.drive("ppl", "{}", scores(row.scores))).prediction == row.prediction);
  }
}

TEST_CASE("ppl's texts are shared from the prompt to the label") {
  Bench bench = with_labels({{"A", "aaaaaa"}, {"B", "bbbbbb"}});
  const Outcome outcome = value_of(bench.drive("ppl", "{}", scores({score_of(-8, 4), score_of(-9, 3)})));
  CHECK(bench.asked(0).ask == data::Ask::whole);
  CHECK(bench.asked(0).text.empty());
  REQUIRE(outcome.labels.size() == 2);
  for (size_t i = 0; i < 2; ++i) {
    CHECK(bench.asked(0).continuations[i].view().data() == bench.prompts.prompts[i].text.view().data());
    CHECK(outcome.labels[i].input.view().data() == bench.prompts.prompts[i].text.view().data());
  }
  CHECK(outcome.labels[0].value == 2);
  CHECK(outcome.labels[1].logprob == -9);
  CHECK(outcome.labels[1].tokens == 3);
}

TEST_CASE("numbers that make no sense are an error") {
  for (const char* id : {"ppl", "loglikelihood", "cloze", "clp", "ppl_only"}) {
    CAPTURE(id);
    Bench bench = with_labels({{"A", "aaaaaa"}, {"B", "bbbbbb"}});
    if (std::string(id) != "ppl") bench = with_continuations({{"A", " a"}, {"B", " b"}});
    auto nan = score_of(std::nan(""), 2);
    nan.token_logprobs = {std::nanf(""), 0};
    const size_t count = std::string(id) == "ppl_only" ? 1 : 2;
    CHECK(message_of(bench.drive(id, "{}", scores(std::vector(count, nan)))).find("no finite log-probability") !=
          std::string::npos);
    CHECK(message_of(bench.drive(id, "{}", scores({nan, nan, nan}))).find("the backend scored 3 of") == 0);
  }
  Bench empty;
  CHECK(message_of(empty.drive("gen", "{}", replies({""}))) == "the template plugin gave no prompt");
  Bench bare = with_continuations({});
  CHECK(message_of(bare.drive("clp", "{}", replies({""}))) == "the template gives no labels; clp needs \"continuations\"");
}

TEST_CASE("loglikelihood predicts by sum and gives the other choices from the same scores") {
  Bench bench = with_continuations({{"A", " yes"}, {"B", " not at all"}, {"C", " 北京"}});
  const Outcome outcome =
      value_of(bench.drive("loglikelihood", "{}", scores({score_of(-3, 1, true), score_of(-6, 4), score_of(-3.5, 2)})));
  CHECK(outcome.prediction == "A");
  // per token: -3, -1.5, -1.75; per byte: /3, /10, /6; per character: /3, /10, /2
  CHECK(outcome.extra_json ==
        R"({"choices":{"sum":"A","token":"B","byte":"C","char":"B"},"greedy":{"A":true,"B":false,"C":false}})");
  CHECK(outcome.labels[1].value == -6);
  CHECK(bench.asked(0).ask == data::Ask::score);
  CHECK(bench.asked(0).text == data::Text("Question Answer:"));
  CHECK(bench.asked(0).continuations[1] == data::Text(" not at all"));
  CHECK(bench.asked(0).keep_bytes == 7);
}

TEST_CASE("an option's length is counted without its delimiter") {
  struct Row { std::string text; std::optional<std::string> delimiter; std::string counted; };
  for (const Row& row : {Row{" yes", {}, "yes"}, Row{"\n\u3000yes ", {}, "yes "}, Row{" yes", "", " yes"},
                         Row{"  yes", " ", " yes"}, Row{": yes", ": ", "yes"}, Row{"yes", ": ", "yes"}, Row{" ", {}, ""}})
    CHECK(infer::counted_text(row.text, row.delimiter) == row.counted);
}

TEST_CASE("the choices by sum, byte and character are lm-eval's") {
  const json::Document goldens = inferencer_goldens();
  for (const auto& golden : goldens["choices"].GetArray()) {
    std::vector<data::Continuation> continuations;
    std::vector<data::ContinuationScore> all;
    for (rapidjson::SizeType i = 0; i < golden["options"].Size(); ++i) {
      continuations.push_back({std::to_string(i), " " + std::string(json::text(golden["options"][i]))});
      all.push_back(score_of(golden["logprobs"][i].GetDouble(), 1));
    }
    const json::Document extra = json_of(value_of(infer::choose(continuations, all, " ")).extra_json);
    CAPTURE(json::write(golden));
    for (const char* name : {"sum", "char", "byte"})
      CHECK(json::text(extra["choices"][name]) == std::to_string(golden[name].GetInt()));
  }
}

TEST_CASE("words are counted as lm-eval counts them") {
  const json::Document goldens = inferencer_goldens();
  for (const auto& golden : goldens["words"].GetArray()) {
    CAPTURE(json::write(golden));
    CHECK(infer::count_words(json::text(golden["text"])) == golden["words"].GetUint64());
    CHECK(json::text(golden["text"]).size() == golden["bytes"].GetUint64());
  }
}

TEST_CASE("clp decides by first tokens and gives the labels' probabilities") {
  Bench bench = with_continuations({{"A", " A"}, {"B", " B"}, {"C", " Candle"}});
  std::vector<data::ContinuationScore> all{score_of(-2, 1), score_of(-1, 1), score_of(-9, 2)};
  const float first[] = {-2, -1, -0.5};
  for (size_t i = 0; i < 3; ++i) all[i].token_logprobs = {first[i]};
  const Outcome outcome = value_of(bench.drive("clp", "{}", scores(all)));
  CHECK(bench.asked(0).token_logprobs);
  CHECK(outcome.prediction == "C");
  CHECK(outcome.labels[2].value == -0.5);
  CHECK(outcome.labels[2].tokens == 1);
  const json::Document extra = json_of(outcome.extra_json);
  const double sum = std::exp(-2.) + std::exp(-1.) + std::exp(-.5);
  for (size_t i = 0; i < 3; ++i)
    CHECK(extra["probabilities"][std::string(1, static_cast<char>('A' + i)).c_str()].GetDouble() ==
          Approx(std::exp(static_cast<double>(first[i])) / sum));
}

TEST_CASE("clp refuses labels that begin with the same token, and lets a tie of two tokens be") {
  struct Row { std::string second; uint32_t tokens; bool fails; };
  for (const Row& row : {Row{" B", 1, false}, Row{" AB", 2, true}, Row{" A", 1, true}}) {
    Bench bench = with_continuations({{"A", " A"}, {"B", row.second}});
    std::vector<data::ContinuationScore> all{score_of(-1, 1), score_of(-1, row.tokens)};
    for (auto& score : all) score.token_logprobs = {-1};
    const auto outcome = bench.drive("clp", "{}", scores(all));
    CAPTURE(row.second);
    if (row.fails) CHECK(message_of(outcome).find("labels 'A' and 'B' begin with the same token") == 0);
    else CHECK(value_of(outcome).prediction == "A");
  }
}

TEST_CASE("ppl_only gives a text's number without a prediction") {
  Bench bench;
  bench.prompts.prompts.push_back(prompt_of("天气 text"));
  const Outcome outcome = value_of(bench.drive("ppl_only", "{}", scores({score_of(-9, 4)})));
  CHECK(outcome.prediction.empty());
  CHECK(outcome.labels.empty());
  CHECK(outcome.extra_json == R"({"ppl":2.25,"logprob":-9.0,"tokens":4,"bytes":11})");
}

TEST_CASE("min_k looks at the question's least probable tokens, plainly and against what was to be expected") {
  Bench bench;
  bench.prompts.prompts.push_back(prompt_of("Examples. Question", 8));
  auto score = score_of(-7.5, 5);
  score.token_logprobs = {-1, -4, -0.5f, -2, 0};
  score.token_means = {-3, -3, -1, -1, 0};
  score.token_variances = {4, 1, 0.25f, 1, 0};  // (ln p - mean) / sd: 1, -1, 1, -1, 0
  const Outcome half = value_of(bench.drive("min_k", R"({"percent": 40})", scores({score})));
  CHECK(bench.asked(0).ask == data::Ask::score);
  CHECK(bench.asked(0).text == data::Text("Examples. "));
  CHECK(bench.asked(0).continuations.at(0) == data::Text("Question"));
  CHECK((bench.asked(0).token_logprobs && bench.asked(0).token_moments));
  CHECK(half.prediction.empty());
  CHECK(half.extra_json == R"({"min_k_plus_plus":-1.0,"min_k":-3.0,"logprob":-7.5,"tokens":5})");
  const json::Document least = json_of(value_of(bench.drive("min_k", "{}", scores({score}))).extra_json);
  CHECK(least["min_k"].GetDouble() == -4);  // one token at least
  score.token_variances.pop_back();
  CHECK(message_of(bench.drive("min_k", "{}", scores({score}))).find("did not say what ln p") != std::string::npos);
  CHECK(message_of(bench.drive("min_k", "{}", scores({score_of(0, 0)}))).find("no token") != std::string::npos);
  CHECK(message_of(bench.drive("min_k", R"({"percent": 0})", scores({score}))).find("percent") != std::string::npos);
}

}  // namespace
}  // namespace sextant::test
