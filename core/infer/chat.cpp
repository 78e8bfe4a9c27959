// "chat": a conversation of several turns. Which of the model's turns are asked for, and what the others are filled with, is
// the mode:
//   last           the last one; the data give those before it
//   every          each, behind the model's own replies so far: one round per turn
//   every_with_gt  each, behind the replies that the data give: all in one round
#include <fmt/format.h>
#include "conversation.hpp"
#include "exchanges.hpp"
#include "requests.hpp"

namespace sextant::infer {
namespace {

enum class Mode { last, every, every_with_gt };

struct Config {
  Mode mode = Mode::last;
  TurnColumn column;
  Joints joints;
  bool all_replies = false;
};

class Chat : public Inferencer {
 public:
  explicit Chat(Config config) : config_(std::move(config)) {}
  data::Form form() const override { return data::Form::open; }
  bool one_round() const override { return config_.mode != Mode::every; }

  Result<Step> step(const Question& question, std::span<const Round> so_far) const override {
    SXT_TRY(const data::Prompt* prompt, first_prompt(question));
    SXT_TRY(const Script script, read_script(question, *prompt, config_.column, config_.mode != Mode::last));
    const size_t turns = script.exchanges.size();
    Conversation conversation(*prompt, question.settings, config_.joints, script.prompt_messages);
    std::vector<const data::Response*> replies;
    for (const Round& round : so_far)
      for (const data::Response& answer : round.answers) replies.push_back(&answer);
    const bool complete = config_.mode == Mode::every ? replies.size() == turns : !so_far.empty();

    Step step;
    for (size_t i = 0; i < turns; ++i) {
      const Exchange& exchange = script.exchanges[i];
      for (const data::Message& message : exchange.said) conversation.say(message);
      const bool last = i + 1 == turns;
      if (config_.mode == Mode::every) {
        if (i == replies.size()) return ask(conversation.next(!last));
        conversation.reply(replies[i]->text);
        continue;
      }
      if (!complete && (last || config_.mode == Mode::every_with_gt)) step.ask.push_back(conversation.next(false));
      if (last && config_.mode == Mode::last && complete) conversation.reply(replies.back()->text);
      if (last) break;
      if (!exchange.given)
        return Error{
            Error::Kind::config,
            fmt::format("the data give no reply to turn {} of {}, which inferencer:chat needs in the mode '{}'; use \"mode\": "
                        "\"every\"",
                        i + 1, turns, config_.mode == Mode::last ? "last" : "every_with_gt")};
      conversation.reply(*exchange.given);
    }
    if (!complete) return step;
    if (replies.empty() || (config_.mode == Mode::every_with_gt && replies.size() != turns))
      return bad_answer(fmt::format("{} requests have {} answers", turns, replies.size()));
    std::vector<data::Turn> told = conversation.take_turns();
    if (config_.mode == Mode::every_with_gt) {
      if (told.size() < turns) told.push_back({script.exchanges.back().said, ""});
      for (size_t i = 0; i < turns; ++i) told[i].reply = replies[i]->text;
    }
    return done(outcome(std::move(told), replies));
  }

 private:
  Outcome outcome(std::vector<data::Turn> turns, const std::vector<const data::Response*>& replies) const {
    Outcome out;
    const data::Response& last = *replies.back();
    out.prediction = last.text;
    if (config_.all_replies) {
      json::Document list(rapidjson::kArrayType);
      auto& a = list.GetAllocator();
      for (const data::Response* reply : replies) list.PushBack(json::Value(reply->text, a), a);
      out.prediction = json::write(list);
    }
    out.thinking = last.thinking;
    out.finish = data::finish_name(last.finish);
    out.turns = std::move(turns);
    return out;
  }

  Config config_;
};

}  // namespace

extern const InferencerType chat_type;
const InferencerType chat_type{
    "chat", "replies of a conversation of several turns", R"({"type": "object", "properties": {
  "mode": {"enum": ["last", "every", "every_with_gt"], "default": "last",
    "description": "the replies asked for: the last one, each after the model's own, each after those of the data"},
  "turns": {"type": "string", "default": "",
    "description": "a column with the list of turns: texts of the user, or {\"role\", \"content\"}"},
  "in_prompt": {"type": "integer", "minimum": 0, "maximum": 1000, "default": 1, "description": "how many of them the prompt itself shows"},
  "prediction": {"enum": ["last", "all"], "default": "last", "description": "the last reply, or all replies as a JSON list"},
  "turn_prefix": {"type": "string", "default": "\n", "description": "without a chat template: before a turn of the user"},
  "reply_prefix": {"type": "string", "default": "\n", "description": "without a chat template: before a reply"}},
  "additionalProperties": false})",
    [](const json::Value& config) -> Result<std::unique_ptr<Inferencer>> {
      Config out;
      const std::string mode = json::find_string(config, "mode").value_or("last");
      out.mode = mode == "every" ? Mode::every : mode == "every_with_gt" ? Mode::every_with_gt : Mode::last;
      out.column.name = json::find_string(config, "turns").value_or("");
      out.column.in_prompt = static_cast<size_t>(json::find_int(config, "in_prompt").value_or(1));
      out.joints.turn = json::find_string(config, "turn_prefix").value_or("\n");
      out.joints.reply = json::find_string(config, "reply_prefix").value_or("\n");
      out.all_replies = json::find_string(config, "prediction") == "all";
      return std::unique_ptr<Inferencer>(std::make_unique<Chat>(std::move(out)));
    }};

}  // namespace sextant::infer
