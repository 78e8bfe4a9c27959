#include "plugin_inferencer.hpp"
#include <mutex>
#include <fmt/format.h>
#include <sextant/utf8_text.hpp>
#include "../base/text.hpp"
#include "../data/fields.hpp"

namespace sextant::infer {
namespace {

using Allocator = json::Document::AllocatorType;
using data::Fields;

json::Value to_json(const data::LabelScore& label, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "label", label.label, a);
  if (!label.input.empty()) json::set(out, "input", utf8::repair(label.input), a);
  json::set(out, "logprob", data::number(label.logprob), a);
  json::set(out, "tokens", json::Value(label.tokens), a);
  json::set(out, "value", data::number(label.value), a);
  return out;
}

Result<data::LabelScore> label_from_json(const json::Value& value, const std::string& origin) {
  Fields in(value, origin);
  data::LabelScore label;
  std::string input;
  in.require("label");
  in.read("label", label.label);
  in.read("input", input);
  label.input = data::Text(std::move(input));
  in.read("logprob", label.logprob);
  in.read("tokens", label.tokens);
  in.read("value", label.value);
  SXT_CHECK(in.take(true));
  return label;
}

json::Value to_json(const data::Turn& turn, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "messages", data::to_json(turn.messages, a), a);
  json::set(out, "reply", utf8::repair(turn.reply), a);
  return out;
}

Result<data::Turn> turn_from_json(const json::Value& value, const std::string& origin) {
  Fields in(value, origin);
  data::Turn turn;
  if (const json::Value* messages = in.find("messages")) {
    SXT_TRY(turn.messages, data::messages_from_json(*messages, in.where("messages")));
  }
  in.read("reply", turn.reply);
  SXT_CHECK(in.take(true));
  return turn;
}

template <class T> json::Value list_of(std::span<const T> items, Allocator& a) {
  json::Value out(rapidjson::kArrayType);
  for (const T& item : items) out.PushBack(to_json(item, a), a);
  return out;
}

template <class T> std::string text_of(const T& value) {
  json::Document document;
  using data::to_json;
  return json::write(to_json(value, document.GetAllocator()));
}

class PluginInferencer : public Inferencer {
 public:
  explicit PluginInferencer(plugin::InferencerPlugin plugin) : plugin_(std::move(plugin)) {}
  data::Form form() const override { return plugin_.facts().form; }
  bool one_round() const override { return plugin_.facts().one_round; }

  Result<Step> step(const Question& question, std::span<const Round> so_far) const override {
    const std::string& name = plugin_.name();
    if (one_round() && so_far.size() > 1) return wrong("asked a second time, but its facts say \"rounds\": 1");
    json::Document rounds;
    const plugin::QuestionJson lent{text_of(question.sample), text_of(question.prompts), text_of(question.settings),
                                    json::write(list_of(so_far, rounds.GetAllocator()))};
    const std::lock_guard lock(mutex_);  // one call at a time per object
    SXT_TRY(const json::Document answer, plugin_.step(lent));
    auto step = step_from_json(answer, name, question.settings.sampling);
    if (!step) return Error{Error::Kind::internal, step.error().message + "; report it to the plugin's author"};
    if (one_round() && so_far.size() == 1 && !step->done) return wrong("asked a second time, but its facts say \"rounds\": 1");
    return step;
  }

 private:
  Error wrong(std::string_view did) const {
    return {Error::Kind::internal, fmt::format("{} {}; report it to the plugin's author", plugin_.name(), did)};
  }
  mutable std::mutex mutex_;
  mutable plugin::InferencerPlugin plugin_;
};

}  // namespace

json::Value to_json(const Settings& settings, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "sampling", data::to_json(settings.sampling, a), a);
  if (settings.context_length) json::set(out, "context_length", json::Value(settings.context_length), a);
  if (settings.cut_anywhere) json::set(out, "cut_anywhere", json::Value(true), a);
  return out;
}

json::Value to_json(const Round& round, Allocator& a) {
  json::Value out(rapidjson::kObjectType), asked(rapidjson::kArrayType), answers(rapidjson::kArrayType);
  for (const data::Request& request : round.asked) asked.PushBack(data::to_json(request, a), a);
  for (const data::Response& response : round.answers) answers.PushBack(data::to_json(response, a), a);
  json::set(out, "asked", std::move(asked), a);
  json::set(out, "answers", std::move(answers), a);
  return out;
}

json::Value to_json(const Outcome& outcome, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "prediction", utf8::repair(outcome.prediction), a);
  if (!outcome.thinking.empty()) json::set(out, "thinking", utf8::repair(outcome.thinking), a);
  if (!outcome.labels.empty()) json::set(out, "labels", list_of(std::span(outcome.labels), a), a);
  if (!outcome.turns.empty()) json::set(out, "turns", list_of(std::span(outcome.turns), a), a);
  if (!outcome.extra_json.empty()) json::set(out, "extra", data::embed(outcome.extra_json, a), a);
  if (!outcome.finish.empty()) json::set(out, "finish", outcome.finish, a);
  return out;
}

Result<Outcome> outcome_from_json(const json::Value& value, std::string_view origin) {
  Fields in(value, origin);
  Outcome out;
  in.require("prediction");
  in.read("prediction", out.prediction);
  in.read("thinking", out.thinking);
  in.each("labels", [&](const json::Value& item, const std::string& where) -> Result<void> {
    SXT_TRY(data::LabelScore label, label_from_json(item, where));
    out.labels.push_back(std::move(label));
    return {};
  });
  in.each("turns", [&](const json::Value& item, const std::string& where) -> Result<void> {
    SXT_TRY(data::Turn turn, turn_from_json(item, where));
    out.turns.push_back(std::move(turn));
    return {};
  });
  in.read_object("extra", out.extra_json);
  in.read("finish", out.finish);
  SXT_CHECK(in.take(true));
  return out;
}

Result<Step> step_from_json(const json::Value& value, std::string_view origin, const data::Sampling& defaults) {
  Fields in(value, origin);
  Step step;
  in.each("ask", [&](const json::Value& item, const std::string& where) -> Result<void> {
    SXT_TRY(data::Request request, data::request_from_json(item, where, defaults));
    step.ask.push_back(std::move(request));
    return {};
  });
  if (const json::Value* done = in.find("done")) {
    SXT_TRY(step.done, outcome_from_json(*done, in.where("done")));
  }
  SXT_CHECK(in.take(true));
  if (step.ask.empty() == !step.done)
    return Error{Error::Kind::data, fmt::format("{} gave {} in step", origin,
                                                step.done ? "both \"ask\" and \"done\"" : "neither \"ask\" nor \"done\"")};
  return step;
}

std::unique_ptr<Inferencer> make_plugin_inferencer(plugin::InferencerPlugin plugin) {
  return std::make_unique<PluginInferencer>(std::move(plugin));
}

}  // namespace sextant::infer
