#include "react.hpp"
#include <algorithm>
#include <utility>
#include "words.hpp"

namespace sextant::infer {
namespace {

enum class Label { none, thought, action, input, observation, answer };
constexpr std::pair<std::string_view, Label> labels[] = {
    {"Thought:", Label::thought},         {"Action:", Label::action},       {"Action Input:", Label::input},
    {"Observation:", Label::observation}, {"Final Answer:", Label::answer}};

constexpr std::string_view built_in = R"(You can use tools:
{tools}

Answer in steps of this form. The observation is given to you; never write it yourself.
Thought: what to do next
Action: one of {tool_names}
Action Input: what the tool is to work on
Observation: what the tool found
Repeat this as often as you need. When you know the answer, write:
Thought: why you know it
Final Answer: the answer)";

Label label_of(std::string_view& line) {
  const std::string_view text = line.substr(leading_white_space(line));
  for (const auto& [name, label] : labels)
    if (text.starts_with(name)) return line = text.substr(name.size()), label;
  return Label::none;
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + by.size())) text.replace(at, what.size(), by);
}

}  // namespace

ReactReply read_react(std::string_view reply) {
  ReactReply out;
  std::string* value = nullptr;  // what the lines without a label go on with
  bool action = false, input = false;
  size_t end = reply.size();
  for (size_t at = 0; at < reply.size();) {
    const size_t next = std::min(reply.find('\n', at), reply.size() - 1) + 1;
    std::string_view line = reply.substr(at, next - at);
    const Label label = label_of(line);
    if (label == Label::observation || (input && label != Label::none)) {
      end = at;  // where the action is complete, what follows is made up
      break;
    }
    if (label == Label::action && !action && !out.answer) action = true, value = &out.action;
    else if (label == Label::input && action) input = true, value = &out.input;
    else if (label == Label::answer && !action && !out.answer) value = &out.answer.emplace();
    else if (label != Label::none) value = nullptr;
    if (value) *value += line;
    at = next;
  }
  out.kept = reply.substr(0, end);
  const auto trim = [](std::string& text) { text = std::string(trimmed(text)); };
  trim(out.action);
  trim(out.input);
  if (out.answer) trim(*out.answer);
  const std::string_view kept = out.kept;
  out.kept.resize(leading_white_space(kept) + trimmed(kept).size());
  return out;
}

std::string react_instructions(const std::optional<std::string>& text, std::span<const Tool* const> offered) {
  std::string list, names, out = text.value_or(std::string(built_in));
  for (const Tool* tool : offered) {
    list += (list.empty() ? "" : "\n") + std::string(tool->name) + ": " + std::string(tool->description);
    names += (names.empty() ? "" : ", ") + std::string(tool->name);
  }
  replace_all(out, "{tool_names}", names);
  replace_all(out, "{tools}", list);
  return out;
}

}  // namespace sextant::infer
