// What a configuration asks of any backend that is built on the engine; a backend adds its own keys.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <sextant/sdk.hpp>

namespace sextant::engine {

struct BackendConfig {
  std::string path;            // of the model; empty: none, and a tokenizer or a chat template stands alone
  std::string peft_path;       // a LoRA adapter's folder; empty: none
  bool weights = true;         // false: only the vocabulary and the chat template are used,
  bool description = false;    // and the checkpoint is read and checked, to be described
  std::string compute;         // "auto", "f32", ...: what it comes to is the hardware's business
  uint32_t batch_size = 64;
  uint64_t memory = 0;         // bytes; 0: most of what is free
  uint32_t max_seq_len = 0;    // 0: the checkpoint's own
  bool prefix_reuse = true;
  bool speculation = true;
  uint64_t schedule_seed = 0;
  uint32_t thinking_budget = 0;  // tokens of thinking in a reply whose request says nothing; 0: no bound
  std::string chat_template;   // "auto", "none" or a path
  std::string tokenizer_path;  // empty: the model's own
  std::string pooling;         // "auto" (what the model's folder says, else mean), "mean", "last" or "cls"
  std::optional<bool> normalise;  // of embeddings; nothing: as the model's folder says, else not
};

BackendConfig read_backend_config(const Context& context);
/// Throws PluginError where there is no model, nor anything that can stand alone.
void check_model_is_named(const BackendConfig& config);

/// The beginning of a backend's JSON Schema; with_own_properties adds the backend's own members of "properties".
inline constexpr char backend_schema[] = R"schema({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "path": {"type": "string", "minLength": 1, "x-affects-results": false, "description": "the model, a .gguf file or a Hugging Face folder; may be left out where weights is null and tokenizer_path or chat_template names a file"},
    "peft_path": {"type": "string", "default": "", "x-affects-results": false, "description": "the folder of a PEFT LoRA adapter, merged into a Hugging Face folder as it is loaded"},
    "weights": {"enum": [null, "description"], "x-affects-results": false, "description": "null: load no weights; only tokens and chat prompts can be asked for. description: load none, but read what the checkpoint says of them, for `sextant model info`"},
    "compute": {"enum": ["auto", "f32", "bf16", "fp16", "int8", "exact"], "default": "auto", "description": "the numbers of matrix products and of keys and values; auto is f32 on the cpu, bf16 on cuda; int8 and exact give the same bits on every processor"},
    "batch_size": {"type": "integer", "minimum": 1, "maximum": 1024, "default": 64,
                   "x-affects-results": false, "description": "generations at once; bounds memory, never results"},
    "memory": {"type": "integer", "minimum": 0, "default": 0,
               "x-affects-results": false, "description": "bytes for weights, buffers, keys and values; 0: four fifths of what is free"},
    "max_seq_len": {"type": "integer", "minimum": 0, "maximum": 16777216, "default": 0,
                    "description": "tokens of a sequence; 0: the checkpoint's own"},
    "prefix_reuse": {"type": "boolean", "default": true, "x-affects-results": false,
                     "description": "compute what requests share, and what earlier turns of a conversation left, only once"},
    "speculation": {"type": "boolean", "default": true, "x-affects-results": false,
                    "description": "compute tokens of a reply that are likely ahead, several in one step, where it pays; replies have the same bits"},
    "schedule_seed": {"type": "integer", "minimum": 0, "default": 0,
                      "x-affects-results": false, "description": "not 0: work in a random order (for tests; results are the same)"},
    "thinking_budget": {"type": "integer", "minimum": 1, "maximum": 16777216,
                        "description": "tokens of a reply's thinking, after which its end tag is written and the model goes on; left out: no bound"},
    "chat_template": {"type": "string", "default": "auto", "description": "auto (the model's own: of several the one named default), none, the name of one of the model's, or a .jinja file"},
    "tokenizer_path": {"type": "string", "default": "", "description": "another file or folder to take the vocabulary from"},
    "pooling": {"enum": ["auto", "mean", "last", "cls"],
                "description": "what an embedding is made of: the mean of all tokens' states, the last token's, the first one's; auto, as without it: as the folder's modules.json says, else mean. When it is set, modules.json is left aside"},
    "normalise": {"type": "boolean", "description": "embeddings have length 1; left out: as modules.json says, else they have not"})schema";

template <size_t N> constexpr std::array<char, sizeof backend_schema + N + 1> with_own_properties(const char (&own)[N]) {
  std::array<char, sizeof backend_schema + N + 1> schema{};
  char* end = std::copy_n(backend_schema, sizeof backend_schema - 1, schema.begin());
  std::copy_n("}}", 2, std::copy_n(own, N - 1, end));
  return schema;
}

}  // namespace sextant::engine
