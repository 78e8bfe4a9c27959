// What a configuration asks of the backend: its JSON Schema, and the values read from it.
#pragma once
#include <cstdint>
#include <string>
#include <sextant/sdk.hpp>

namespace sextant::cpu {

struct Config {
  std::string path;            // of the .gguf; empty: none, and a tokenizer or a chat template stands alone
  bool weights = true;         // false: only the vocabulary and the chat template are used
  uint32_t threads = 0;        // resolved: at least 1
  std::string isa;
  uint32_t batch_size = 64;
  uint64_t memory = 0;         // bytes; 0: most of what is free
  uint32_t max_seq_len = 0;    // 0: the checkpoint's own
  bool prefix_reuse = true;
  uint64_t schedule_seed = 0;
  std::string chat_template;   // "auto", "none" or a path
  std::string tokenizer_path;  // empty: the model's own
};

inline constexpr const char* config_schema = R"schema({
  "type": "object",
  "properties": {
    "path": {"type": "string", "minLength": 1, "description": "the model, a .gguf file; may be left out where weights is null and tokenizer_path or chat_template names a file"},
    "weights": {"type": "null", "description": "null: load no weights; only tokens and chat prompts can be asked for"},
    "threads": {"type": "integer", "minimum": 0, "maximum": 1024, "default": 0, "description": "0: one for each core"},
    "compute": {"enum": ["auto", "f32", "bf16", "fp16", "int8"], "default": "auto", "description": "auto is f32"},
    "isa": {"enum": ["auto", "avx512", "avx2", "portable"], "default": "auto",
            "description": "the processor's instructions to use"},
    "batch_size": {"type": "integer", "minimum": 1, "maximum": 1024, "default": 64,
                   "description": "generations at once; bounds memory, never results"},
    "memory": {"type": "integer", "minimum": 0, "default": 0,
               "description": "bytes for weights, buffers, keys and values; 0: four fifths of what is free"},
    "max_seq_len": {"type": "integer", "minimum": 0, "maximum": 16777216, "default": 0,
                    "description": "tokens of a sequence; 0: the checkpoint's own"},
    "prefix_reuse": {"type": "boolean", "default": true, "description": "compute what requests share only once"},
    "schedule_seed": {"type": "integer", "minimum": 0, "default": 0,
                      "description": "not 0: work in a random order (for tests; results are the same)"},
    "chat_template": {"type": "string", "default": "auto", "description": "auto (the model's own), none, or a .jinja file"},
    "tokenizer_path": {"type": "string", "default": "", "description": "another file to take the vocabulary from"}
  },
  "additionalProperties": false
})schema";

/// Throws PluginError for a value that this backend cannot honour.
Config read_config(const Context& context);

}  // namespace sextant::cpu
