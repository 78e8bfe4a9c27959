// Conversations of several turns.
#include "inferencer_test.hpp"

namespace sextant::test {
namespace {

// What each request of each round would send; a chat that is still to be rendered as its turns.
std::string sent(const Bench& bench) {
  std::string out;
  for (const Round& round : bench.rounds) {
    for (const data::Request& request : round.asked) {
      out += request.text.empty() ? turns_text(request.messages) : request.text.str();
      out += request.keep ? " +\n" : "\n";
    }
    out += "--\n";
  }
  return out;
}
std::string told(const Outcome& outcome) {
  std::string out;
  for (const data::Turn& turn : outcome.turns) out += turns_text(turn.messages) + ">" + turn.reply + "\n";
  return out;
}

const std::vector<data::Message> dialogue{
    {"system", "s"}, {"user", "u1"}, {"assistant", "g1"}, {"user", "u2"}, {"assistant", "g2"}};

TEST_CASE("the modes of a dialogue in the prompt") {
  struct Row { std::string config, sent, told, prediction; };
  for (const Row& row : std::vector<Row>{
           {R"({"mode": "last"})", "[system]s[user]u1[assistant]g1[user]u2\n--\n", ">r1\n", "r1"},
           {R"({"mode": "every"})", "[system]s[user]u1 +\n--\n[system]s[user]u1[assistant]r1[user]u2\n--\n",
            ">r1\n[user]u2>r2\n", "r2"},
           {R"({"mode": "every_with_gt"})", "[system]s[user]u1\n[system]s[user]u1[assistant]g1[user]u2\n--\n",
            ">r1\n[user]u2>r2\n", "r2"},
           {R"({"mode": "every", "prediction": "all"})",
            "[system]s[user]u1 +\n--\n[system]s[user]u1[assistant]r1[user]u2\n--\n", ">r1\n[user]u2>r2\n", R"(["r1","r2"])"}}) {
    Bench bench;
    bench.prompts.prompts.push_back(chat_of(dialogue));
    CAPTURE(row.config);
    const Outcome outcome = value_of(bench.drive("chat", row.config, replies({"r1", "r2"})));
    CHECK(sent(bench) == row.sent);
    CHECK(told(outcome) == row.told);
    CHECK(outcome.prediction == row.prediction);
    CHECK(outcome.finish == "eos");
  }
}

TEST_CASE("a prompt of one turn is sent as it was rendered, in every mode") {
  for (const char* mode : {"last", "every", "every_with_gt"}) {
    Bench bench;
    bench.prompts.prompts.push_back(chat_of({{"user", "u1"}}));
    const Outcome outcome = value_of(bench.drive("chat", std::string(R"({"mode": ")") + mode + "\"}", replies({"r1"})));
    CHECK(sent(bench) == "rendered\n--\n");
    CHECK(bench.asked(0).keep_bytes == 5);
    CHECK(told(outcome) == ">r1\n");
  }
}

TEST_CASE("turns of a column follow the prompt's own") {
  struct Row { std::string config, record, sent; };
  for (
      const Row& row : std::vector<Row>{
          {R"({"mode": "every", "turns": "t"})", R"({"t": ["u1", "u2", "u3"]})",
           "rendered +\n--\n[user]u1[assistant]r1[user]u2 +\n--\n[user]u1[assistant]r1[user]u2[assistant]r2[user]u3\n--\n"},
          {R"({"mode": "every", "turns": "t", "in_prompt": 0})", R"({"t": ["sure?"]})",
           "rendered +\n--\n[user]u1[assistant]r1[user]sure?\n--\n"},
          {R"({"mode": "every", "turns": "t"})", R"({"t": ["u1"]})", "rendered\n--\n"},
          {R"({"mode": "every_with_gt", "turns": "t"})",
           R"({"t": [{"role": "user", "content": "u1"}, {"role": "assistant", "content": "g1"}, {"role": "user", "content": "u2"}]})",
           "rendered\n[user]u1[assistant]g1[user]u2\n--\n"},
          {R"({"mode": "last", "turns": "t"})",
           R"({"t": [{"role": "user", "content": "u1"}, {"role": "assistant", "content": "g1"}, {"role": "user", "content": "u2"}, {"role": "assistant", "content": "g2"}]})",
           "[user]u1[assistant]g1[user]u2\n--\n"}}) {
    Bench bench;
    bench.prompts.prompts.push_back(chat_of({{"user", "u1"}}));
    bench.sample.record_json = row.record;
    CAPTURE(row.config, row.record);
    value_of(bench.drive("chat", row.config, replies({"r1", "r2", "r3"})));
    CHECK(sent(bench) == row.sent);
  }
}

TEST_CASE("without a chat template the conversation is one text") {
  Bench bench;
  bench.prompts.prompts.push_back(prompt_of("shots\n\nQ: u1\nA:", 8));
  bench.sample.record_json = R"({"t": ["u1", "u2"]})";
  value_of(bench.drive("chat", R"({"mode": "every", "turns": "t"})", replies({" r1", "r2"})));
  CHECK(sent(bench) == "shots\n\nQ: u1\nA: +\n--\nshots\n\nQ: u1\nA: r1\nu2\n\n--\n");
  CHECK(bench.asked(0).keep_bytes == 8);
  CHECK(bench.asked(1).keep_bytes == std::string("Q: u1\nA: r1\nu2\n").size());
  const Outcome outcome = value_of(bench.drive(
      "chat", R"({"mode": "every", "turns": "t", "turn_prefix": "\nQ: ", "reply_prefix": "\nA:"})", replies({" r1", " r2"})));
  CHECK(bench.asked(1).text == data::Text("shots\n\nQ: u1\nA: r1\nQ: u2\nA:"));
  CHECK(bench.asked(1).messages.empty());
  CHECK(told(outcome) == "> r1\n[user]u2> r2\n");
}

TEST_CASE("the model's turns in examples are not asked for again") {
  Bench bench;
  bench.prompts.prompts.push_back(chat_of({{"user", "e"}, {"assistant", "shot"}, {"user", "u1"}}));
  bench.sample.shots = {0};
  value_of(bench.drive("chat", R"({"mode": "every"})", replies({"r1"})));
  CHECK(sent(bench) == "rendered\n--\n");
}

TEST_CASE("what the data must give, and how they may be broken") {
  struct Row { std::string config, record, message; };
  for (const Row& row : std::vector<Row>{
           {R"({"mode": "last", "turns": "t"})", R"({"t": ["u1", "u2"]})",
            "the data give no reply to turn 1 of 2, which inferencer:chat needs in the mode 'last'"},
           {R"({"mode": "every_with_gt", "turns": "t"})", R"({"t": ["u1", "u2"]})", "needs in the mode 'every_with_gt'"},
           {R"({"mode": "every", "turns": "t"})", R"({"t": "u1"})",
            "the column 't', which inferencer:chat takes its turns from, is not a list"},
           {R"({"mode": "every", "turns": "x"})", R"({"t": ["u1"]})", "the column 'x'"},
           {R"({"mode": "every", "turns": "t"})", R"({"t": ["u1", 5]})", "has a turn 1 that is neither"},
           {R"({"mode": "always"})", "{}", "'mode'"}}) {
    Bench bench;
    bench.prompts.prompts.push_back(chat_of({{"user", "u1"}}));
    bench.sample.record_json = row.record;
    CAPTURE(row.config);
    CHECK(message_of(bench.drive("chat", row.config, replies({"r1", "r2"}))).find(row.message) != std::string::npos);
  }
}

TEST_CASE("an unrendered conversation is never cut, but where the mode of cutting is OpenCompass'") {
  for (const bool anywhere : {false, true}) {
    Bench bench;
    bench.prompts.prompts.push_back(chat_of(dialogue));
    bench.settings.cut_anywhere = anywhere;
    value_of(bench.drive("chat", R"({"mode": "every"})", replies({"r1", "r2"})));
    CHECK(bench.asked(1).keep_bytes == (anywhere ? 1 : 0));
    CHECK_FALSE(bench.asked(1).add_special);
  }
}

}  // namespace
}  // namespace sextant::test
