#include "shapes.hpp"
#include <cassert>
#include <string>

namespace sextant::config {
namespace {

// What several of them use. Whole numbers are what int64_t holds. A component's own keys are checked against its schema when it
// is created, as an inferencer's and a retriever's are. What is {} is looked at closer where it is read: "extends"
// (load_merged), "each" (entries_of_each), "weights" (groups_from_json), a judge's "model", a model's "generation"
// (set_generation).
constexpr const char* definitions = R"("definitions": {
  "text": {"type": "string"},
  "whole": {"type": "integer", "maximum": 9223372036854775807},
  "names": {"type": "array", "items": {"type": "string"}},
  "component": {"type": "object", "properties": {"type": {"type": "string"}}},
  "components": {"type": "array", "items": {"$ref": "#/definitions/component"}},
  "groups": {"type": "array", "items": {"type": "object", "additionalProperties": false,
    "properties": {"name": {"type": "string"}, "members": {"$ref": "#/definitions/names"}, "weights": {},
      "metrics": {"$ref": "#/definitions/names"}}}},
  "inferencer": {"type": "object", "properties": {
    "type": {"type": "string"}, "max_out_len": {"$ref": "#/definitions/whole"}, "stop": {"$ref": "#/definitions/names"}}}
})";

constexpr const char* dataset = R"(
  "extends": {},
  "card": {"type": "string"},
  "summary": {"type": "string"},
  "source_card": {"type": "string"},
  "task_name": {"type": "string"},
  "version": {"type": "string"},
  "loader": {"$ref": "#/definitions/component"},
  "folder": {"type": "string"},
  "path": {"type": "string"},
  "abbr": {"type": "string"},
  "each": {"type": ["array", "object"], "items": {"type": ["object", "string"]}},
  "reader": {"type": "object", "additionalProperties": false, "properties": {
    "input_columns": {"$ref": "#/definitions/names"},
    "output_column": {"type": "string"},
    "train_split": {"type": "string"},
    "test_split": {"type": "string"},
    "test_range": {"type": "string"},
    "cluster_column": {"type": "string"},
    "derive": {"type": "object"}}},
  "infer": {"type": "object", "additionalProperties": false, "properties": {
    "retriever": {"type": "object", "properties": {
      "type": {"type": "string"},
      "ids": {"type": "array", "items": {"$ref": "#/definitions/whole"}}}},
    "template": {"$ref": "#/definitions/component"},
    "inferencer": {"$ref": "#/definitions/inferencer"},
    "repeats": {"$ref": "#/definitions/whole"}}},
  "eval": {"type": "object", "additionalProperties": false, "properties": {
    "postprocessors": {"$ref": "#/definitions/components"},
    "filters": {"type": "object", "additionalProperties": {"$ref": "#/definitions/components"}},
    "reference_postprocessors": {"$ref": "#/definitions/components"},
    "metrics": {"$ref": "#/definitions/components"},
    "pass_at": {"type": "array", "items": {"$ref": "#/definitions/whole"}},
    "g_pass_at": {"type": "object", "additionalProperties": false, "properties": {
      "k": {"type": "array", "items": {"$ref": "#/definitions/whole"}},
      "tau": {"type": "array", "items": {"type": "number"}}}},
    "attempt_limit_s": {"type": "number"},
    "judge": {"type": "object", "additionalProperties": false, "properties": {
      "model": {},
      "template": {"$ref": "#/definitions/component"},
      "inferencer": {"$ref": "#/definitions/inferencer"},
      "postprocessors": {"$ref": "#/definitions/components"},
      "reference": {"type": "string"},
      "pairs": {"anyOf": [{"enum": ["all"]}, {"type": "object", "additionalProperties": false, "required": ["base"], "properties": {"base": {"type": "string"}}}]},
      "orders": {"enum": ["both", "one"]},
      "combine": {"enum": ["mean", "vote"]},
      "meta": {"type": "object", "additionalProperties": false, "required": ["template"], "properties": {
        "model": {}, "template": {"$ref": "#/definitions/component"}}},
      "asks": {"enum": ["all", "failed", "either"]},
      "retry": {"type": "string"},
      "by": {"$ref": "#/definitions/names"},
      "labels": {"type": "string"},
      "style": {"type": "boolean"},
      "length_controlled": {"type": "object", "additionalProperties": false, "required": ["gamed", "difficulty"], "properties": {
        "gamed": {"type": "string"}, "difficulty": {"type": "string"}}},
      "table": {"enum": ["mtbench", "alignbench", "alpaca_eval", "arena_hard"]},
      "metrics": {"$ref": "#/definitions/components"}}}}},
  "cards": {"$ref": "#/definitions/names"},
  "allow_missing": {"type": "boolean"},
  "perturb": {"anyOf": [{"type": "string"}, {"$ref": "#/definitions/names"}]},
  "groups": {"$ref": "#/definitions/groups"},
  "provenance": {"type": "object", "additionalProperties": false, "properties": {
    "about": {"type": "string"},
    "source": {"type": "string"},
    "licence": {"type": "string"},
    "get": {"type": "string"},
    "fetch": {"type": "array", "items": {"type": "object", "additionalProperties": false, "required": ["url"],
      "properties": {"url": {"type": "string"}, "sha256": {"type": "string"}, "to": {"type": "string"}}}},
    "sha256": {"type": "object", "additionalProperties": {"type": "string"}}}})";

constexpr const char* model = R"(
  "extends": {},
  "card": {"type": "string"},
  "summary": {"type": "string"},
  "abbr": {"type": "string"},
  "backend": {"type": "string"},
  "model_path": {"type": "string"},
  "hf_path": {"type": "string"},
  "hf_type": {"type": "string"},
  "tokenizer_path": {"type": "string"},
  "peft_path": {"type": "string"},
  "max_seq_len": {"$ref": "#/definitions/whole"},
  "max_out_len": {"$ref": "#/definitions/whole"},
  "min_out_len": {"$ref": "#/definitions/whole"},
  "batch_size": {"$ref": "#/definitions/whole"},
  "stop_words": {"$ref": "#/definitions/names"},
  "generation": {"type": "object", "additionalProperties": false, "properties": {
    "do_sample": {}, "temperature": {}, "top_p": {}, "top_k": {}, "min_p": {},
    "repetition_penalty": {}, "presence_penalty": {}, "frequency_penalty": {}, "no_repeat_ngram_size": {},
    "suppress_tokens": {}, "begin_suppress_tokens": {}}},
  "chat_template": {"type": "string"},
  "chat_template_kwargs": {"type": "object"},
  "postprocessors": {"type": ["array", "object"], "items": {"$ref": "#/definitions/component"},
    "additionalProperties": {"$ref": "#/definitions/components"}},
  "system_prompt": {"type": "string"},
  "meta_template": {"type": "object"},
  "config": {"type": "object"})";

constexpr const char* summarizer = R"(
  "extends": {},
  "card": {"type": "string"},
  "summary": {"type": "string"},
  "groups": {"$ref": "#/definitions/groups"})";

constexpr const char* run_config = R"(
  "extends": {},
  "models": {"type": "array"},
  "helpers": {"type": "array"},
  "datasets": {"type": "array"},
  "model_dataset_combinations": {"type": "array", "items": {"type": "object", "additionalProperties": false,
    "required": ["models", "datasets"], "properties": {
      "models": {"$ref": "#/definitions/names"}, "datasets": {"$ref": "#/definitions/names"}}}},
  "summarizer": {"type": "object", "additionalProperties": false, "properties": {
    "name": {"type": "string"},
    "groups": {"$ref": "#/definitions/groups"}}},
  "compat": {"type": "string"},
  "limit": {"type": "number"},
  "limit_mode": {"type": "string"},
  "seed": {"type": "integer", "minimum": 0},
  "rows": {"type": "string"},
  "exclude": {"type": "array", "items": {"type": "object"}},
  "data_dir": {"type": "string"},
  "allow_missing": {"type": "boolean"},
  "dump_eval_details": {"type": "boolean"},
  "work_dir": {"type": "string"},
  "imported": {"type": "object"})";

constexpr const char* custom_meta = R"(
  "abbr": {"type": "string"},
  "data_type": {"type": "string"},
  "infer_method": {"type": "string"},
  "human_prompt": {"type": "string"},
  "bot_prompt": {"type": "string"},
  "template": {"anyOf": [{"type": "string"}, {"type": "object"}]},
  "question": {"type": "string"},
  "input_columns": {"$ref": "#/definitions/names"},
  "output_column": {"anyOf": [{"type": "string"}, {"type": "null"}]},
  "options": {"anyOf": [{"type": "string"}, {"$ref": "#/definitions/names"}]},
  "first_index": {"type": "integer"}, "answers": {"type": "string"})";

std::string closed(const std::string& properties) {
  return R"("type": "object", "additionalProperties": false, "properties": {)" + properties + "}";
}

json::Document schema_of(const std::string& properties) {
  auto parsed = schema::parse("{" + closed(properties) + ", " + definitions + "}", "the schema of a card");
  assert(parsed && "a schema of this file is broken");
  return *std::move(parsed);
}

}  // namespace

const Shape& dataset_card_shape() {
  // each variant is a part of such a card
  static const json::Document shape = schema_of(
      std::string(dataset) + R"(, "variants": {"type": "object", "additionalProperties": {)" + closed(dataset) + "}}");
  return shape;
}

const Shape& model_card_shape() {
  static const json::Document shape = schema_of(model);
  return shape;
}

const Shape& summarizer_card_shape() {
  static const json::Document shape = schema_of(summarizer);
  return shape;
}

const Shape& run_config_shape() {
  static const json::Document shape = schema_of(run_config);
  return shape;
}

const Shape& custom_meta_shape() {
  static const json::Document shape = schema_of(custom_meta);
  return shape;
}

}  // namespace sextant::config
