// What the components' configurations look like, as JSON Schema draft 4. String literals are pasted together so that what
// both share is written once.
#pragma once

// a text with {columns}, or a Jinja template; DESCRIPTION is the member's
#define SXT_TEMPLATE_SOURCE                                                                                              \
  R"("anyOf": [{"type": "string"}, {"type": "object", "required": ["jinja"], "additionalProperties": false, )"          \
  R"("properties": {"jinja": {"type": "string", "description": "A Jinja template; the record's members are its variables."}}}])"
#define SXT_TEMPLATE_LIST                                                                                                \
  R"("anyOf": [{"type": "string"}, {"type": "array", "minItems": 1, "items": {)" SXT_TEMPLATE_SOURCE R"(}}])"

#define SXT_TEMPLATE_COMMON                                                                                                                         \
  R"("compat": {"enum": ["none", "opencompass", "opencompass-0.2.4", "lm-eval"], "default": "none", )"                                              \
  R"("description": "Set by the core from --compat. opencompass: {columns} are replaced one column after the other, also )"                         \
  R"(inside what an earlier column brought in; otherwise in one pass."}, )"                                                                         \
  R"("continuations": {"type": "array", "minItems": 1, "description": "For loglikelihood: what may follow the prompt.", )"                          \
  R"("items": {"type": "object", "required": ["label", "text"], "additionalProperties": false, "properties": { )"                                   \
  R"("label": {"type": "string", "description": "Compared with the answer."}, )"                                                                    \
  R"("text": {"description": "Appended to the prompt; begins with its own blank, if it needs one.",)" SXT_TEMPLATE_SOURCE                           \
  R"(}}}}, )"                                                                                                                                       \
  R"("choices": {"type": "object", "additionalProperties": false, "description": "The options of a multiple-choice question, so )"                  \
  R"(that every inferencer can ask for them; {choice_lines} lists them.", "properties": { )"                                                        \
  R"("labels": {"description": "letters (default: A, B, ...), a list of texts, or a list column such as \"{labels}\".", )"                          \
  R"("anyOf": [{"type": "string"}, {"type": "array", "minItems": 1, "items": {"type": "string"}}]}, )"                                              \
  R"("texts": {"description": "The options' texts: a list, or a list column such as \"{choices}\".",)" SXT_TEMPLATE_LIST                            \
  R"(}, )"                                                                                                                                          \
  R"("line": {"type": "string", "description": "One option of {choice_lines}, with {label} and {text}; default: {label}. {text}"}}}, )"             \
  R"("cloze": {"description": "The prompt without the options, for the cloze inferencer; default: {question}.",)" SXT_TEMPLATE_SOURCE               \
  R"(}, )"                                                                                                                                          \
  R"("literal": {"type": "array", "items": {"type": "string"}, "description": "Names that stand in braces in these texts and are not columns."}, )" \
  R"("form": {"enum": ["open", "labels", "continuations", "cloze", "whole"], )"                                                                     \
  R"("description": "Set by the core from the card's inferencer: which prompts it will ask for."})"

#define SXT_TEMPLATE_TURN                                                                                                \
  R"({"type": "object", "required": ["role", "prompt"], "additionalProperties": false, "properties": { )" \
  R"("role": {"type": "string", "minLength": 1, "description": "HUMAN, BOT, SYSTEM, or a role of the meta template."}, )" \
  R"("fallback_role": {"type": "string", "description": "Used where the model does not know the role."}, )" \
  R"("prompt": {"description": "The turn's text, with {columns}, or {\"jinja\": \"...\"}.",)" SXT_TEMPLATE_SOURCE R"(}}})"

// members of a schema: a list of turns; a text or a list of texts and turns
#define SXT_TEMPLATE_TURNS R"("type": "array", "minItems": 1, "items":)" SXT_TEMPLATE_TURN
#define SXT_TEMPLATE_MIXED                                                                                                                                   \
  R"("anyOf": [{"type": "string"}, {"type": "object", "required": ["jinja"], "additionalProperties": false, "properties": {"jinja": {"type": "string"}}}, )" \
  R"({"type": "array", "items": {"anyOf": [{"type": "string"},)" SXT_TEMPLATE_TURN R"(]}}])"

namespace sextant::templates {

inline constexpr char text_schema[] =
    R"({"type": "object", "additionalProperties": false, "x-placeholders": true, "properties": {
"prompt": {"description": "The prompt, with {columns}, or {\"jinja\": \"...\"}; or give labels instead.",)" SXT_TEMPLATE_SOURCE
    R"(},
"labels": {"type": "array", "minItems": 1, "description": "For ppl: one prompt per label.",
  "items": {"type": "object", "required": ["label", "prompt"], "additionalProperties": false, "properties": {
    "label": {"type": "string", "minLength": 1, "description": "Compared with the answer."},
    "prompt": {"description": "The whole prompt with this answer, with {columns}.",)" SXT_TEMPLATE_SOURCE R"(}}}},
"begin": {"description": "Put once before the examples.",)" SXT_TEMPLATE_SOURCE R"(},
"shot": {"description": "How an example is written; absent: as the prompt, or as its own answer's label.",)" SXT_TEMPLATE_SOURCE
    R"(},
)" SXT_TEMPLATE_COMMON R"(}})";

inline constexpr char dialogue_schema[] =
    R"({"type": "object", "additionalProperties": false, "x-placeholders": true, "properties": {
"round": {"description": "The turns of the question and of its answer; or give labels instead.",)" SXT_TEMPLATE_TURNS R"(},
"labels": {"type": "array", "minItems": 1, "description": "For ppl: one dialogue per label.",
  "items": {"type": "object", "required": ["label", "round"], "additionalProperties": false, "properties": {
    "label": {"type": "string", "minLength": 1, "description": "Compared with the answer."},
    "round": {"description": "The turns with this answer.",)" SXT_TEMPLATE_TURNS R"(}}}},
"begin": {"description": "Texts and turns put once before the examples; a </E> among them marks the examples' place.",
)" SXT_TEMPLATE_MIXED R"(},
"end": {"description": "Texts and turns put after the question.",)" SXT_TEMPLATE_MIXED R"(},
"shot": {"type": "object", "required": ["round"], "additionalProperties": false,
  "description": "How an example is written; absent: as the round, or as its own answer's label.",
  "properties": {"round": {"description": "The turns of an example.",)" SXT_TEMPLATE_TURNS R"(}}},
)" SXT_TEMPLATE_COMMON R"(}})";

}  // namespace sextant::templates

#undef SXT_TEMPLATE_SOURCE
#undef SXT_TEMPLATE_LIST
#undef SXT_TEMPLATE_COMMON
#undef SXT_TEMPLATE_TURN
#undef SXT_TEMPLATE_TURNS
#undef SXT_TEMPLATE_MIXED
