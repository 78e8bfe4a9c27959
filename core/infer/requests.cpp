#include "requests.hpp"
#include <algorithm>
#include <fmt/format.h>

namespace sextant::infer {

Result<const data::Prompt*> first_prompt(const Question& question) {
  if (question.prompts.prompts.empty()) return Error{Error::Kind::internal, "the template plugin gave no prompt"};
  return &question.prompts.prompts.front();
}

uint64_t keep_bytes(const Question& question) {
  size_t bytes = 1;
  if (!question.settings.cut_anywhere)
    for (const data::Prompt& prompt : question.prompts.prompts) bytes = std::max(bytes, prompt.question_bytes);
  return bytes;
}

Result<data::Request> generate_request(const Question& question) {
  SXT_TRY(const data::Prompt* prompt, first_prompt(question));
  data::Request request;
  request.ask = data::Ask::generate;
  request.text = prompt->text;
  if (prompt->chat) request.messages = prompt->messages;
  request.sampling = question.settings.sampling;
  request.keep_bytes = keep_bytes(question);
  request.add_special = !prompt->chat;
  return request;
}

Result<data::Request> score_request(const Question& question, std::string_view inferencer) {
  SXT_TRY(const data::Prompt* prompt, first_prompt(question));
  if (question.prompts.continuations.empty())
    return Error{Error::Kind::config, fmt::format("the template gives no labels; {} needs \"continuations\"", inferencer)};
  data::Request request;
  request.ask = data::Ask::score;
  request.text = prompt->text;
  for (const data::Continuation& each : question.prompts.continuations) request.continuations.push_back(each.text);
  request.keep_bytes = keep_bytes(question);
  request.add_special = !prompt->chat;
  return request;
}

Result<data::Request> whole_request(const Question& question) {
  SXT_TRY(const data::Prompt* prompt, first_prompt(question));
  data::Request request;
  request.ask = data::Ask::whole;
  for (const data::Prompt& each : question.prompts.prompts) request.continuations.push_back(each.text);
  request.keep_bytes = keep_bytes(question);
  request.add_special = !prompt->chat;
  return request;
}

Result<const data::Response*> only_answer(std::span<const Round> so_far, size_t scores) {
  if (so_far.empty() || so_far.back().answers.size() != 1)
    return bad_answer(fmt::format("one request has {} answers", so_far.empty() ? 0 : so_far.back().answers.size()));
  const data::Response& answer = so_far.back().answers.front();
  if (scores > 0 && answer.scores.size() != scores)
    return bad_answer(fmt::format("the backend scored {} of {} continuations", answer.scores.size(), scores));
  return &answer;
}

Step ask(data::Request request) {
  Step step;
  step.ask.push_back(std::move(request));
  return step;
}

Step done(Outcome outcome) { return {{}, std::move(outcome)}; }

Error bad_answer(std::string message) { return {Error::Kind::internal, std::move(message)}; }
Error bad_config(std::string_view inferencer, std::string_view what) {
  return {Error::Kind::config, fmt::format("inferencer:{} {}", inferencer, what)};
}

}  // namespace sextant::infer
