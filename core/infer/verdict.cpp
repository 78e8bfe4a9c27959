// "verdict": a judge's reply; one that cannot be read is followed by a stricter instruction, once, and the second reply counts.
// What "retry" in a card's judge becomes.
#include <sextant/json_schema.hpp>
#include <sextant/thinking.hpp>
#include "../data/verdict.hpp"
#include "conversation.hpp"
#include "requests.hpp"

namespace sextant::infer {
namespace {

class VerdictInferencer : public Inferencer {
 public:
  VerdictInferencer(std::string retry, data::VerdictReader reader) : retry_(std::move(retry)), reader_(std::move(reader)) {}
  data::Form form() const override { return data::Form::open; }
  bool one_round() const override { return false; }

  Result<Step> step(const Question& question, std::span<const Round> so_far) const override {
    if (so_far.empty()) {
      SXT_TRY(data::Request request, generate_request(question));
      return ask(std::move(request));
    }
    for (const Round& round : so_far)
      if (round.answers.size() != 1) return bad_answer("a judge's request has not one answer");
    const data::Response& first = so_far.front().answers.front();
    const bool readable = reader_.read(split_thinking(first.text).answer).value.has_value();
    if (readable) return done(outcome(first, {}));
    SXT_TRY(const data::Prompt* prompt, first_prompt(question));
    Conversation conversation(*prompt, question.settings);
    conversation.reply(first.text);
    conversation.say({"user", retry_});
    if (so_far.size() == 1) return ask(conversation.next(false));
    const data::Response& second = so_far[1].answers.front();
    conversation.reply(second.text);
    return done(outcome(second, conversation.take_turns()));
  }

 private:
  static Outcome outcome(const data::Response& reply, std::vector<data::Turn> turns) {
    Outcome out;
    out.prediction = reply.text;
    out.thinking = reply.thinking;
    out.finish = data::finish_name(reply.finish);
    if (!turns.empty()) out.extra_json = R"({"retried":true})";
    out.turns = std::move(turns);
    return out;
  }
  std::string retry_;
  data::VerdictReader reader_;
};

}  // namespace

extern const InferencerType verdict_type;
const InferencerType verdict_type{
    "verdict", "a judge's reply, asked for again where it cannot be read", R"({"type": "object", "properties": {
  "retry": {"type": "string", "minLength": 1, "default": "Reply with the verdict alone, in the form that was asked for.",
    "description": "what the model is told whose reply cannot be read"},
  "metric": {"type": "object", "required": ["type"], "default": {"type": "preference"},
    "description": "the metric that reads the reply, as a card writes it: preference, rating or correct"}},
  "additionalProperties": false})",
    [](const json::Value& config) -> Result<std::unique_ptr<Inferencer>> {
      json::Document metric;
      if (const json::Value* given = json::find(config, "metric")) metric = json::copy(*given);
      else metric.SetObject();
      const std::string id = json::find_string(metric, "type").value_or("preference");
      const char* schema = data::VerdictReader::schema_of(id);
      if (!schema) return bad_config("verdict", "reads with preference, rating or correct; \"metric\" names '" + id + "'");
      json::remove(metric, {"type"});
      SXT_TRY(const std::string checked,
              schema::check_config("metric:" + id, schema, json::write(metric), "inferencer:verdict"));
      SXT_TRY(const json::Document settings, json::parse(checked, "inferencer:verdict"));
      SXT_TRY(data::VerdictReader reader, data::VerdictReader::make(id, settings, "inferencer:verdict"));
      return std::unique_ptr<Inferencer>(
          std::make_unique<VerdictInferencer>(json::find_string(config, "retry").value_or(""), std::move(reader)));
    }};

}  // namespace sextant::infer
