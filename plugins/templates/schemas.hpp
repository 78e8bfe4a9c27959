// What the components' configurations look like, as JSON Schema draft 4. String literals are pasted together so that what
// both share is written once.
#pragma once

#define SXT_TEMPLATE_COMMON                                                                                              \
  R"("compat": {"enum": ["none", "opencompass", "opencompass-0.2.4", "lm-eval"], "default": "none", )" \
  R"("description": "Set by the core from --compat. opencompass: {columns} are replaced one column after the other, also )" \
  R"(inside what an earlier column brought in; otherwise in one pass."}, )" \
  R"("continuations": {"type": "array", "minItems": 1, "description": "For loglikelihood: what may follow the prompt.", )" \
  R"("items": {"type": "object", "required": ["label", "text"], "additionalProperties": false, "properties": { )" \
  R"("label": {"type": "string", "description": "Compared with the answer."}, )" \
  R"("text": {"type": "string", "description": "Appended to the prompt; begins with its own blank, if it needs one."}}}})"

#define SXT_TEMPLATE_TURN                                                                                                \
  R"({"type": "object", "required": ["role", "prompt"], "additionalProperties": false, "properties": { )" \
  R"("role": {"type": "string", "minLength": 1, "description": "HUMAN, BOT, SYSTEM, or a role of the meta template."}, )" \
  R"("fallback_role": {"type": "string", "description": "Used where the model does not know the role."}, )" \
  R"("prompt": {"type": "string", "description": "The turn's text, with {columns}."}}})"

// members of a schema: a list of turns; a text or a list of texts and turns
#define SXT_TEMPLATE_TURNS R"("type": "array", "minItems": 1, "items":)" SXT_TEMPLATE_TURN
#define SXT_TEMPLATE_MIXED                                                                                               \
  R"("anyOf": [{"type": "string"}, {"type": "array", "items": {"anyOf": [{"type": "string"},)" SXT_TEMPLATE_TURN R"(]}}])"

namespace sextant::templates {

inline constexpr char text_schema[] =
    R"({"type": "object", "additionalProperties": false, "properties": {
"prompt": {"type": "string", "description": "The prompt, with {columns}; or give labels instead."},
"labels": {"type": "array", "minItems": 1, "description": "For ppl: one prompt per label.",
  "items": {"type": "object", "required": ["label", "prompt"], "additionalProperties": false, "properties": {
    "label": {"type": "string", "minLength": 1, "description": "Compared with the answer."},
    "prompt": {"type": "string", "description": "The whole prompt with this answer, with {columns}."}}}},
"begin": {"type": "string", "description": "Put once before the examples."},
"shot": {"type": "string", "description": "How an example is written; absent: as the prompt, or as its own answer's label."},
)" SXT_TEMPLATE_COMMON R"(}})";

inline constexpr char dialogue_schema[] =
    R"({"type": "object", "additionalProperties": false, "properties": {
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

#undef SXT_TEMPLATE_COMMON
#undef SXT_TEMPLATE_TURN
#undef SXT_TEMPLATE_TURNS
#undef SXT_TEMPLATE_MIXED
