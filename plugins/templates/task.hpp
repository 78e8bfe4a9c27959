// The template "task": prompts as lm-evaluation-harness joins them, from the column that the derive step "lm_eval" makes.
// docs/tasks.md says which delimiter stands where.
#pragma once
#include <sextant/sdk.hpp>

namespace sextant::templates {

struct TaskTemplate : Template {
  explicit TaskTemplate(Context from);
  std::string render(const sxt_render_item& item) override;

 private:
  std::string column_, target_delimiter_, fewshot_delimiter_, shot_target_delimiter_, shot_fewshot_delimiter_, system_prompt_,
      raw_prefix_;
  bool chat_ = false, multiturn_ = true, rolling_ = false, choice_ = false;
};

inline constexpr char task_schema[] =
    R"({"type": "object", "additionalProperties": false, "required": ["column"], "properties": {
"column": {"type": "string", "description": "What the derive step lm_eval made."},
"output": {"enum": ["multiple_choice", "generate_until", "loglikelihood", "loglikelihood_rolling"], "default": "generate_until", "description": "The task's output_type."},
"target_delimiter": {"type": "string", "default": " ", "description": "Between a question and what follows it."},
"fewshot_delimiter": {"type": "string", "default": "\n\n", "description": "Between system prompt and description."},
"shot": {"type": "object", "additionalProperties": false, "description": "The delimiters of examples.", "properties": {
  "target_delimiter": {"type": "string"}, "fewshot_delimiter": {"type": "string"}}},
"gen_prefix": {"type": "string", "description": "As the task writes it, before it is rendered."},
"chat": {"enum": ["none", "auto"], "default": "none", "description": "auto: turns for the model's chat template, where it has one."},
"multiturn": {"type": "boolean", "default": true, "description": "With a chat template: each example is turns of its own."},
"system_prompt": {"type": "string", "default": "", "description": "Set by the core from --system-prompt."},
"compat": {"enum": ["none", "opencompass", "opencompass-0.2.4", "lm-eval"], "default": "none", "description": "Set by the core; nothing depends on it."},
"form": {"enum": ["open", "labels", "continuations", "cloze", "whole"], "description": "Set by the core from the card's inferencer."}}})";

}  // namespace sextant::templates
