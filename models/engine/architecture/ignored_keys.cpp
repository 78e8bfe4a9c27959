#include "ignored_keys.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include "../checkpoint/known_keys.hpp"

namespace sextant::engine {
namespace {

// Of config.json: training and dropout, how something is computed or handed back, names and versions, what another key says,
// too, special tokens (read with the tokenizer), what generations are asked for (read with generation_config.json), parts of a
// model with pictures.
constexpr std::string_view without_effect[] = {
    "_attn_implementation", "_attn_implementation_autoset", "_attn_implementation_internal", "_flash_attn_2_enabled",
    "_name_or_path", "_sliding_window_pattern", "architectures", "attention_dropout", "attn_implementation", "attn_pdrop",
    "auto_map", "bad_words_ids", "begin_suppress_tokens", "boi_token_id", "boi_token_index", "bos_token_id",
    "cache_implementation", "chunk_size_feed_forward", "classifier_dropout", "decoder_start_token_id", "directionality",
    "diversity_penalty", "do_sample", "dtype", "early_stopping", "embd_pdrop", "encoder_no_repeat_ngram_size",
    "eoi_token_id", "eoi_token_index", "eos_token_id", "exponential_decay_length_penalty", "finetuning_task",
    "forced_bos_token_id", "forced_eos_token_id", "gradient_checkpointing", "hidden_act", "hidden_dropout",
    "hidden_dropout_prob", "id2label", "image_token_id", "image_token_index", "initializer_factor", "initializer_range",
    "is_decoder", "is_llama_config", "label2id", "length_penalty", "max_length", "max_window_layers", "min_length",
    "mm_tokens_per_image", "model_type", "no_repeat_ngram_size", "no_rope_layer_interval", "num_beam_groups", "num_beams",
    "num_labels", "num_return_sequences", "output_attentions", "output_hidden_states", "output_router_logits",
    "output_scores", "pad_token_id", "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers",
    "pooler_size_per_head", "pooler_type", "prefix", "pretraining_tp", "problem_type",
    "quantization_config", "remove_invalid_values", "repetition_penalty", "resid_pdrop", "return_dict",
    "return_dict_in_generate", "router_aux_loss_coef", "router_jitter_noise", "sep_token_id", "sliding_window_pattern",
    "suppress_tokens", "task_specific_params", "temperature", "text_config", "tf_legacy_loss", "tie_encoder_decoder",
    "tokenizer_class", "top_k", "top_p", "torch_dtype", "torchscript", "transformers.js_config", "transformers_version",
    "type_vocab_size", "typical_p", "unsloth_fixed", "unsloth_version", "use_bfloat16", "use_cache", "use_flash_attention",
    "use_flash_attention_2", "use_flash_attn", "vision_config",
};

// Of an architecture's keys in a GGUF.
constexpr std::string_view gguf_without_effect[] = {"rope.scaling.finetuned", "tensor_data_layout", "vocab_size"};

}  // namespace

void warn_of_other_head(const Keys& keys, Architecture& a) {
  const json::Value* names = keys.find("architectures");
  if (!names || !names->IsArray() || names->Empty() || !(*names)[0].IsString()) return;
  const std::string_view name = json::text((*names)[0]);
  constexpr std::string_view language[] = {"ForCausalLM", "ForConditionalGeneration", "LMHeadModel"};
  if (std::any_of(std::begin(language), std::end(language), [&](std::string_view end) { return name.ends_with(end); })) return;
  a.warnings.push_back(fmt::format(
      "config.json: \"architectures\" names {}, which is not a language model: it is computed as one, with {} for its "
      "head; replies and scores mean little unless it was one before",
      json::quote(name.substr(0, 80)), a.tied_embeddings ? "the embedding" : "the head that the weights have"));
}

void warn_of_ignored_keys(const Keys& keys, std::vector<std::string>& warnings) {
  const bool gguf = keys.checkpoint().format() == CheckpointFormat::gguf;
  std::vector<std::string> ignored;
  for (const std::string& name : keys.unasked()) {
    const size_t dot = gguf ? name.find('.') + 1 : 0;
    const json::Value* value = keys.find(name.substr(dot));
    if (gguf ? is_one_of(gguf_without_effect, name.substr(dot)) : is_one_of(without_effect, name)) continue;
    if (!value || is_off(*value)) continue;
    ignored.push_back(json::quote(name.substr(0, 80)));
  }
  if (ignored.empty()) return;
  const bool text_half = keys.key("").find("text_config") != std::string::npos;
  const std::string_view file = gguf ? "metadata" : text_half ? "config.json: text_config" : "config.json";
  warnings.push_back(
      fmt::format("{}: nothing is known of {}, and nothing is done with {}; check that the model computes the same without",
                  file, fmt::join(ignored, ", "), ignored.size() == 1 ? "it" : "them"));
}

}  // namespace sextant::engine
