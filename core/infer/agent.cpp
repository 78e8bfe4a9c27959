// "agent": the model replies, asks for a tool, reads what it says, and goes on, until it has an answer. Two protocols: "react"
// is text that any model can write; "calls" are the tool calls of a model that was trained for them, and of served ones.
#include <fmt/format.h>
#include "../base/text.hpp"
#include "conversation.hpp"
#include "react.hpp"
#include "requests.hpp"

namespace sextant::infer {
namespace {

struct Config {
  bool react = true;
  std::vector<const Tool*> tools;
  std::optional<std::string> instructions;
  size_t max_rounds = 8;
};

class Agent : public Inferencer {
 public:
  explicit Agent(Config config) : config_(std::move(config)) {}
  data::Form form() const override { return data::Form::open; }
  bool one_round() const override { return false; }

  Result<Step> step(const Question& question, std::span<const Round> so_far) const override {
    SXT_TRY(const data::Prompt* prompt, first_prompt(question));
    if (!config_.react && !prompt->chat)
      return bad_config("agent", "has the protocol \"calls\", which needs a model with a chat template; use \"react\"");
    Conversation conversation(*prompt, question.settings);
    if (config_.react) conversation.instruct(react_instructions(config_.instructions, config_.tools));

    size_t replies = 0, calls_made = 0;
    for (size_t round = 0; round < so_far.size();) {
      SXT_TRY(const data::Response* answer, only_answer(so_far.first(++round)));
      ++replies;
      const ReactReply react = config_.react ? read_react(answer->text) : ReactReply{};
      const std::vector<data::ToolCall> calls = config_.react ? react_calls(react, replies) : answer->calls;
      conversation.reply(config_.react ? react.kept : answer->text, config_.react ? std::vector<data::ToolCall>{} : calls);
      if (calls.empty() || replies >= config_.max_rounds)
        return outcome(conversation, *answer, react, replies, calls_made, calls.empty());
      calls_made += calls.size();

      // a tool that was not offered is not asked for: the model is told so
      Step step;
      for (const data::ToolCall& call : calls)
        if (offered(call.name)) step.ask.push_back(tool_request(call));
      std::span<const data::Response> results;
      if (!step.ask.empty()) {
        if (round == so_far.size()) return step;
        results = so_far[round++].answers;
        if (results.size() != step.ask.size())
          return bad_answer(fmt::format("{} tools gave {} results", step.ask.size(), results.size()));
      }
      size_t next = 0;
      for (const data::ToolCall& call : calls)
        say(conversation, call, offered(call.name) ? results[next++].text : refusal(call.name));
    }
    data::Request request = conversation.next(replies + 1 < config_.max_rounds);
    if (config_.react) request.sampling->stop.emplace_back("Observation:");
    else request.tools_json = tools_json(config_.tools), request.text = {};  // the prompt's text was rendered without the tools
    return ask(std::move(request));
  }

 private:
  const Tool* offered(std::string_view name) const {
    for (const Tool* tool : config_.tools)
      if (tool->name == name) return tool;
    return nullptr;
  }

  std::string refusal(const std::string& name) const {
    std::vector<std::string> names;
    for (const Tool* tool : config_.tools) names.emplace_back(tool->name);
    return fmt::format("error: there is no tool '{}'; the tools are {}", shorten(name, 60), join(names, ", "));
  }

  std::vector<data::ToolCall> react_calls(const ReactReply& reply, size_t number) const {
    if (reply.answer || reply.action.empty()) return {};
    const Tool* tool = offered(reply.action);
    return {{fmt::format("call_{}", number), reply.action, tool ? arguments_of_text(*tool, reply.input) : "{}"}};
  }

  static data::Request tool_request(const data::ToolCall& call) {
    data::Request request;
    request.ask = data::Ask::tool;
    request.tool = call;
    return request;
  }

  void say(Conversation& conversation, const data::ToolCall& call, const std::string& result) const {
    if (config_.react) {
      conversation.say({"user", "Observation: " + result});
      return;
    }
    data::Message message("tool", result);
    message.call_id = call.id;
    conversation.say(std::move(message));
  }

  Step outcome(Conversation& conversation, const data::Response& last, const ReactReply& react, size_t replies, size_t calls,
               bool finished) const {
    json::Document extra(rapidjson::kObjectType);
    auto& a = extra.GetAllocator();
    json::set(extra, "rounds", json::Value(static_cast<uint64_t>(replies)), a);
    json::set(extra, "tool_calls", json::Value(static_cast<uint64_t>(calls)), a);
    json::set(extra, "finished", json::Value(finished), a);
    Outcome out;
    out.prediction = react.answer.value_or(last.text);
    out.thinking = last.thinking;
    out.finish = finished ? data::finish_name(last.finish) : "rounds";
    out.turns = conversation.take_turns();
    out.extra_json = json::write(extra);
    return done(std::move(out));
  }

  Config config_;
};

Result<std::unique_ptr<Inferencer>> make_agent(const json::Value& config) {
  Config out;
  out.react = json::find_string(config, "protocol") != "calls";
  out.instructions = json::find_string(config, "instructions");
  out.max_rounds = static_cast<size_t>(json::find_int(config, "max_rounds").value_or(8));
  std::vector<std::string> known;
  for (const Tool& tool : tools()) known.emplace_back(tool.name);
  for (const auto& item : json::find(config, "tools")->GetArray()) {
    const std::string name(json::text(item));
    const Tool* tool = find_tool(name);
    if (!tool)
      return bad_config("agent", fmt::format("offers the tool '{}', which does not exist{}; there are {}", name,
                                             did_you_mean(name, known), join(known, ", ")));
    out.tools.push_back(tool);
  }
  return std::unique_ptr<Inferencer>(std::make_unique<Agent>(std::move(out)));
}

}  // namespace

extern const InferencerType agent_type;
const InferencerType agent_type{
    "agent", "a loop of replies and tools until there is an answer", R"({"type": "object", "properties": {
  "protocol": {"enum": ["react", "calls"], "default": "react",
    "description": "react: a text protocol for any model; calls: the model's own tool calls"},
  "tools": {"type": "array", "items": {"type": "string"}, "minItems": 1, "default": ["calculator"],
    "description": "the tools that are offered"},
  "max_rounds": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 8,
    "description": "the maximum number of replies"},
  "instructions": {"type": "string",
    "description": "react: instructions for the model, with {tools} and {tool_names}; empty: none"}},
  "additionalProperties": false})",
    make_agent};

}  // namespace sextant::infer
