// Agents, their protocols and their tools.
#include "../../../core/infer/react.hpp"
#include "../../../core/infer/tools/calculator.hpp"
#include "inferencer_test.hpp"

namespace sextant::test {
namespace {

TEST_CASE("the calculator computes what Python computes") {
  const json::Document goldens = inferencer_goldens();
  for (const auto& golden : goldens["calculations"].GetArray()) {
    CAPTURE(json::text(golden["expression"]));
    CHECK(infer::calculate(json::text(golden["expression"])) == json::text(golden["value"]));
  }
}

TEST_CASE("the calculator reads typographic signs") {
  CHECK(infer::calculate("6 \u00D7 7 \u00F7 2 \u2212 1") == "20");
}

TEST_CASE("the calculator says what is wrong") {
  struct Row { std::string expression, result; };
  for (const Row& row :
       std::vector<Row>{{"", "error: the expression ends too early"},
                        {"1 +", "error: the expression ends too early"},
                        {"(1", "error: the expression ends too early"},
                        {"1)", "error: unexpected ')' at character 2; write numbers, + - * / // % ** and parentheses"},
                        {"1,000", "error: unexpected ',' at character 2; write numbers, + - * / // % ** and parentheses"},
                        {"sqrt(4)", "error: unexpected 's' at character 1; write numbers, + - * / // % ** and parentheses"},
                        {"1 / 0", "error: division by zero"},
                        {"1 % (2 - 2)", "error: division by zero"},
                        {"0 ** -1", "error: division by zero"},
                        {"9 ** 9 ** 9", "error: the result is too large"},
                        {"1e999", "error: a number is too large or too small"},
                        {"(-8) ** 0.5", "error: the result is not a real number"},
                        {std::string(1900, '('), "error: the expression nests too deeply"},
                        {std::string(1900, '-') + "1", "error: the expression nests too deeply"},
                        {std::string(3000, '1'), "error: the expression has more than 2000 bytes"}}) {
    CAPTURE(row.expression);
    CHECK(infer::calculate(row.expression) == row.result);
  }
}

TEST_CASE("a tool is run by its name with a JSON object") {
  CHECK(value_of(infer::run_tool("calculator", R"({"expression": "2 * 3"})")) == "6");
  CHECK(value_of(infer::run_tool("calculator", R"({"expression": 4.5})")) == "4.5");
  CHECK(value_of(infer::run_tool("calculator", "{}")).find("error: ") == 0);
  CHECK(value_of(infer::run_tool("calculator", "not JSON")).find("error: ") == 0);
  CHECK(message_of(infer::run_tool("python", R"({"code": "1"})")).find("sandbox") != std::string::npos);  // not here
  CHECK(message_of(infer::run_tool("calculater", "{}")).find("did you mean 'calculator'?") != std::string::npos);
}

TEST_CASE("replies in ReAct's protocol") {
  struct Row { std::string reply, action, input, answer, kept; };
  for (const Row& row : std::vector<Row>{
           {"Thought: hm\nAction: calculator\nAction Input: 1 + 1\n", "calculator", "1 + 1", "-",
            "Thought: hm\nAction: calculator\nAction Input: 1 + 1"},
           {" I think\n  Action:  calculator \n  Action Input: {\"a\":\n 1}\nObservation: 3\nFinal Answer: 3", "calculator",
            "{\"a\":\n 1}", "-", " I think\n  Action:  calculator \n  Action Input: {\"a\":\n 1}"},
           {"Thought: done\nFinal Answer: 42\nor so\n", "", "", "42\nor so", "Thought: done\nFinal Answer: 42\nor so"},
           {"Final Answer: 1\nAction: calculator\nAction Input: 2", "", "", "1",
            "Final Answer: 1\nAction: calculator\nAction Input: 2"},
           {"Action: calculator\nAction Input: 2\nFinal Answer: 1", "calculator", "2", "-",
            "Action: calculator\nAction Input: 2"},
           {"Action: calculator", "calculator", "", "-", "Action: calculator"},
           {"the Action: none of it", "", "", "-", "the Action: none of it"},
           {"Observation: made up", "", "", "-", ""},
           {"", "", "", "-", ""}}) {
    CAPTURE(row.reply);
    const infer::ReactReply reply = infer::read_react(row.reply);
    CHECK(reply.action == row.action);
    CHECK(reply.input == row.input);
    CHECK(reply.answer.value_or("-") == row.answer);
    CHECK(reply.kept == row.kept);
  }
}

// Replies in their order; tools are run.
Bench::Answer with_tools(std::vector<std::string> texts) {
  auto reply = replies(std::move(texts));
  return [reply](const data::Request& request) {
    if (request.ask != data::Ask::tool) return reply(request);
    return text_answer(value_of(infer::run_tool(request.tool.name, request.tool.arguments)));
  };
}

TEST_CASE("a ReAct agent in plain text goes on behind each observation") {
  Bench bench;
  bench.prompts.prompts.push_back(prompt_of("What is 6 * 7?"));
  bench.settings.sampling.stop = {"\n\n"};
  const Outcome outcome =
      value_of(bench.drive("agent", R"({"instructions": "Tools: {tool_names}."})",
                           with_tools({"\nAction: calculator\nAction Input: 6 * 7\n", "Final Answer: 42"})));
  REQUIRE(bench.rounds.size() == 3);
  CHECK(bench.asked(0).text == data::Text("Tools: calculator.\n\nWhat is 6 * 7?"));
  CHECK(bench.asked(0).sampling->stop == std::vector<std::string>{"\n\n", "Observation:"});
  CHECK(bench.asked(0).keep);
  CHECK(bench.asked(0).keep_bytes == 0);
  CHECK(bench.asked(1).ask == data::Ask::tool);
  CHECK(bench.asked(1).tool == data::ToolCall{"call_1", "calculator", R"({"expression":"6 * 7"})"});
  CHECK(bench.asked(2).text ==
        data::Text("Tools: calculator.\n\nWhat is 6 * 7?\nAction: calculator\nAction Input: 6 * 7\nObservation: 42\n"));
  CHECK(outcome.prediction == "42");
  CHECK(outcome.extra_json == R"({"rounds":2,"tool_calls":1,"finished":true})");
  CHECK(outcome.finish == "eos");
  REQUIRE(outcome.turns.size() == 2);
  CHECK(turns_text(outcome.turns[1].messages) == "[user]Observation: 42");
  CHECK(outcome.turns[1].reply == "Final Answer: 42");
}

TEST_CASE("a ReAct agent's instructions join a chat's first turn, and an observation is the user's") {
  for (const bool system : {false, true}) {
    Bench bench;
    std::vector<data::Message> messages{{"user", "6 * 7?"}};
    if (system) messages.insert(messages.begin(), {"system", "Be brief."});
    bench.prompts.prompts.push_back(chat_of(messages));
    value_of(bench.drive("agent", R"({"instructions": "I."})",
                         with_tools({"Action: calculator\nAction Input: 6 * 7", "Final Answer: 42"})));
    const std::string begin = system ? "[system]Be brief.\n\nI.[user]6 * 7?" : "[user]I.\n\n6 * 7?";
    CHECK(turns_text(bench.asked(0).messages) == begin);
    CHECK(bench.asked(0).text.empty());
    CHECK(turns_text(bench.asked(2).messages) ==
          begin + "[assistant]Action: calculator\nAction Input: 6 * 7[user]Observation: 42");
  }
}

TEST_CASE("the built-in instructions name the tools") {
  const infer::Tool* tool = infer::find_tool("calculator");
  const std::string text = infer::react_instructions({}, std::span(&tool, 1));
  CHECK(text.find("\ncalculator: Computes") != std::string::npos);
  CHECK(text.find("Action: one of calculator\n") != std::string::npos);
  CHECK(text.find('{') == std::string::npos);
}

TEST_CASE("an unknown tool is answered without asking anybody") {
  Bench bench;
  bench.prompts.prompts.push_back(prompt_of("Q"));
  const Outcome outcome = value_of(
      bench.drive("agent", R"({"instructions": ""})", with_tools({"Action: google\nAction Input: x", "Final Answer: 1"})));
  REQUIRE(bench.rounds.size() == 2);
  CHECK(bench.asked(1).text.view().find("Observation: error: there is no tool 'google'; the tools are calculator\n") !=
        std::string::npos);
  CHECK(outcome.prediction == "1");
}

TEST_CASE("an agent without an answer ends: after its last round, or with a reply that asks for nothing") {
  Bench bench;
  bench.prompts.prompts.push_back(prompt_of("Q"));
  const std::string again = "Action: calculator\nAction Input: 1";
  const Outcome outcome = value_of(bench.drive("agent", R"({"max_rounds": 2})", with_tools({again, again})));
  CHECK(bench.rounds.size() == 3);
  CHECK_FALSE(bench.asked(2).keep);
  CHECK(outcome.finish == "rounds");
  CHECK(outcome.prediction == again);
  CHECK(outcome.extra_json == R"({"rounds":2,"tool_calls":1,"finished":false})");
  const Outcome plain = value_of(bench.drive("agent", "{}", with_tools({"It is 1."})));
  CHECK(plain.prediction == "It is 1.");
  CHECK(plain.finish == "eos");
}

TEST_CASE("an agent of tool calls sends the results back under the calls' ids") {
  Bench bench;
  bench.prompts.prompts.push_back(chat_of({{"user", "6 * 7 and 1 + 1?"}}));
  size_t replied = 0;
  const Outcome outcome = value_of(bench.drive("agent", R"({"protocol": "calls"})", [&](const data::Request& request) {
    if (request.ask == data::Ask::tool)
      return text_answer(value_of(infer::run_tool(request.tool.name, request.tool.arguments)));
    if (replied++ > 0) return text_answer("42 and 2");
    data::Response response = text_answer("", data::Finish::tool_calls);
    response.calls = {{"a", "calculator", R"({"expression":"6 * 7"})"},
                      {"b", "search", "{}"},
                      {"c", "calculator", R"({"expression":"1 + 1"})"}};
    return response;
  }));
  REQUIRE(bench.rounds.size() == 3);
  CHECK(bench.asked(0).text.empty());  // the prompt was rendered without the tools: it is to be rendered with them
  const json::Document offered = json_of(bench.asked(0).tools_json);
  CHECK(json::text(offered[0]["function"]["name"]) == "calculator");
  CHECK(offered[0]["function"]["parameters"].IsObject());
  REQUIRE(bench.rounds[1].asked.size() == 2);
  CHECK(
      turns_text(bench.asked(2).messages) ==
      R"([user]6 * 7 and 1 + 1?[assistant]<a:calculator{"expression":"6 * 7"}><b:search{}><c:calculator{"expression":"1 + 1"}>)"
      "[tool]42<a>[tool]error: there is no tool 'search'; the tools are calculator<b>[tool]2<c>");
  CHECK(outcome.prediction == "42 and 2");
  CHECK(outcome.extra_json == R"({"rounds":2,"tool_calls":3,"finished":true})");
}

TEST_CASE("what an agent cannot be") {
  Bench bench;
  bench.prompts.prompts.push_back(prompt_of("Q"));
  CHECK(message_of(bench.drive("agent", R"({"tools": ["calculater"]})", replies({})))
            .find("card x: inferencer:agent offers the tool 'calculater'") == 0);
  CHECK(message_of(bench.drive("agent", R"({"protocol": "calls"})", replies({}))).find("needs a model with a chat template") !=
        std::string::npos);
}

}  // namespace
}  // namespace sextant::test
