// An inferencer driven by made-up answers. Each step is asked for twice, and every beginning of the rounds again at the end:
// the same rounds must always give the same step.
#pragma once
#include <catch2/catch.hpp>
#include <fstream>
#include <functional>
#include <iterator>
#include "../../../core/infer/inferencer.hpp"

namespace sextant::test {

using infer::Outcome, infer::Round, infer::Settings, infer::Step;

template <class T> T value_of(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return *std::move(result);
}
template <class T> std::string message_of(const Result<T>& result) { return result ? "(no error)" : result.error().message; }

inline std::string turns_text(const std::vector<data::Message>& messages) {
  std::string out;
  for (const data::Message& message : messages) {
    out += "[" + message.role + "]" + message.text();
    for (const data::ToolCall& call : message.calls) out += "<" + call.id + ":" + call.name + call.arguments + ">";
    if (!message.call_id.empty()) out += "<" + message.call_id + ">";
  }
  return out;
}

/// All that a request says.
inline std::string dump(const data::Request& r) {
  std::string out = std::to_string(static_cast<int>(r.ask)) + "|" + r.text.str() + "|" + turns_text(r.messages);
  for (const int32_t id : r.ids) out += " " + std::to_string(id);
  for (const data::Text& text : r.continuations) out += "|" + text.str();
  for (const auto& ids : r.continuation_ids)
    for (const int32_t id : ids) out += "," + std::to_string(id);
  if (r.sampling) out += "|" + std::to_string(r.sampling->temperature) + "," + std::to_string(r.sampling->max_new_tokens);
  if (r.sampling)
    for (const std::string& stop : r.sampling->stop) out += "," + stop;
  return out + "|" + std::to_string(r.keep_bytes) + std::to_string(r.add_special) + std::to_string(r.token_logprobs) +
         std::to_string(r.keep) + r.tools_json + r.tool.id + r.tool.name + r.tool.arguments;
}
inline std::string dump(const Step& step) {
  std::string out;
  for (const data::Request& request : step.ask) out += dump(request) + "\n";
  if (!step.done) return out;
  const Outcome& done = *step.done;
  out += done.prediction + "|" + done.thinking + "|" + done.extra_json + "|" + done.finish;
  for (const data::LabelScore& label : done.labels) out += "|" + label.label + std::to_string(label.value);
  for (const data::Turn& turn : done.turns) out += "|" + turns_text(turn.messages) + "[reply]" + turn.reply;
  return out;
}

struct Bench {
  data::Sample sample{{"task", 3, 0}, "{}", "\"\"", "", {}};
  data::Prompts prompts;
  Settings settings;
  std::vector<Round> rounds;  // of the last drive

  using Answer = std::function<data::Response(const data::Request&)>;
  Result<Outcome> drive(const infer::Inferencer& inferencer, const Answer& answer) {
    const infer::Question question{sample, prompts, settings};
    rounds.clear();
    std::vector<std::string> steps;
    while (true) {
      auto step = inferencer.step(question, rounds);
      if (!step) return step.error();
      steps.push_back(dump(*step));
      if (step->done) {
        CHECK(step->ask.empty());
        for (size_t n = 0; n < steps.size(); ++n)
          CHECK(dump(value_of(inferencer.step(question, std::span(rounds).first(n)))) == steps[n]);
        if (inferencer.one_round()) CHECK(rounds.size() == 1);
        return *step->done;
      }
      REQUIRE_FALSE(step->ask.empty());
      REQUIRE(rounds.size() < 50);
      Round round;
      for (const data::Request& request : step->ask) round.answers.push_back(answer(request));
      round.asked = std::move(step->ask);
      rounds.push_back(std::move(round));
    }
  }
  Result<Outcome> drive(std::string_view id, std::string_view config, const Answer& answer) {
    auto made = infer::make_inferencer(id, config, "card x");
    if (!made) return made.error();
    return drive(**made, answer);
  }
  const data::Request& asked(size_t round, size_t request = 0) const { return rounds.at(round).asked.at(request); }
};

inline data::Prompt prompt_of(std::string text, size_t question_bytes = 0) {
  data::Prompt prompt;
  prompt.text = std::move(text);
  prompt.question_bytes = question_bytes;
  return prompt;
}
inline data::Prompt chat_of(std::vector<data::Message> messages) {
  data::Prompt prompt;
  prompt.text = "rendered";
  prompt.question_bytes = 5;
  prompt.messages = std::move(messages);
  prompt.chat = true;
  return prompt;
}
inline data::Response text_answer(std::string text, data::Finish finish = data::Finish::eos) {
  data::Response response;
  response.text = std::move(text);
  response.finish = finish;
  return response;
}
/// One text after the other, whatever is asked.
inline Bench::Answer replies(std::vector<std::string> texts) {
  auto next = std::make_shared<size_t>(0);
  return [texts = std::move(texts), next](const data::Request&) {
    REQUIRE(*next < texts.size());
    return text_answer(texts[(*next)++]);
  };
}
inline json::Document json_of(const std::string& text) { return value_of(json::parse(text, "extra")); }

/// tests/golden/inferencers/inferencers.json
inline json::Document inferencer_goldens() {
  const std::string here = __FILE__, path = here.substr(0, here.rfind("core/infer/")) + "golden/inferencers/inferencers.json";
  std::ifstream in(path);
  REQUIRE(in.good());
  return value_of(json::parse(std::string(std::istreambuf_iterator<char>(in), {}), path));
}

}  // namespace sextant::test
