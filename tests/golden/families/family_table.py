"""The tiny checkpoints and the configurations that read them: one entry per special case of a family.

Several entries read the same weights with another config.json, so that few bytes show many cases. Widths are small and odd on
purpose (3 query heads on 1 key head, 48 hidden, 40 feed-forward, 131 ids); windows and original contexts are short, so that the
prompts cross them.
"""
import copy

COMMON = {
    "vocab_size": 131, "hidden_size": 48, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 3,
    "num_key_value_heads": 1, "hidden_act": "silu", "max_position_embeddings": 128, "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0, "tie_word_embeddings": False, "torch_dtype": "bfloat16", "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}


def config(model_type, architecture, **values):
    return {"architectures": [architecture], "model_type": model_type, **COMMON, **values}


def changed(base, *dropped, **values):
    result = copy.deepcopy(base)
    for key in dropped:
        del result[key]
    return {**result, **values}


def in_style_of_5(base, rope_parameters, **values):
    """The same configuration as transformers 5 writes it."""
    return changed({"rope_scaling": None, **base}, "rope_theta", "rope_scaling", "torch_dtype", dtype="float32",
                   rope_parameters=rope_parameters, **values)


def factors(first, last, count):
    return [round(first + (last - first) * i / (count - 1), 3) for i in range(count)]


LLAMA = config("llama", "LlamaForCausalLM", num_hidden_layers=4, rope_scaling=None)
LLAMA_BIAS = config("llama", "LlamaForCausalLM", attention_bias=True, mlp_bias=True, head_dim=32, rope_theta=500000.0)
LLAMA3_ROPE = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
               "original_max_position_embeddings": 32}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}
MISTRAL = config("mistral", "MistralForCausalLM", num_hidden_layers=4, sliding_window=8, rope_theta=1000000.0)
QWEN2 = config("qwen2", "Qwen2ForCausalLM", use_sliding_window=False, sliding_window=8, max_window_layers=1, rope_scaling=None)
QWEN3 = config("qwen3", "Qwen3ForCausalLM", head_dim=32, use_sliding_window=False, sliding_window=None, max_window_layers=2,
               tie_word_embeddings=True, rms_norm_eps=1e-6)
SMOLLM3 = config("smollm3", "SmolLM3ForCausalLM", num_hidden_layers=4, no_rope_layer_interval=4, use_sliding_window=False,
                 sliding_window=None, attention_bias=False, mlp_bias=False)
PHI3 = config("phi3", "Phi3ForCausalLM", sliding_window=9, original_max_position_embeddings=128)
LONGROPE = {"type": "longrope", "short_factor": factors(1.0, 1.5, 6), "long_factor": factors(1.1, 9.0, 6)}
PHI4 = changed(PHI3, sliding_window=None, partial_rotary_factor=0.75, original_max_position_embeddings=32, rope_scaling=LONGROPE)
GEMMA = changed(config("gemma", "GemmaForCausalLM", head_dim=32, hidden_act="gelu", hidden_activation=None),
                "tie_word_embeddings", hidden_act="gelu_pytorch_tanh")
GEMMA2 = changed(config("gemma2", "Gemma2ForCausalLM", num_hidden_layers=3, head_dim=32, hidden_activation="gelu_pytorch_tanh",
                        query_pre_attn_scalar=24, sliding_window=8, attn_logit_softcapping=5.0, final_logit_softcapping=4.0),
                 "hidden_act", "tie_word_embeddings")
GEMMA3 = changed(config("gemma3_text", "Gemma3ForCausalLM", num_hidden_layers=6, head_dim=16, query_pre_attn_scalar=24,
                        hidden_activation="gelu_pytorch_tanh", sliding_window=8, sliding_window_pattern=3,
                        attn_logit_softcapping=None, final_logit_softcapping=None, rope_local_base_freq=10000.0,
                        rope_theta=1000000.0, rope_scaling={"rope_type": "linear", "factor": 8.0}),
                 "hidden_act", "tie_word_embeddings")
MIXTRAL = config("mixtral", "MixtralForCausalLM", num_local_experts=5, num_experts_per_tok=2, sliding_window=None,
                 intermediate_size=24)
QWEN3_MOE = config("qwen3_moe", "Qwen3MoeForCausalLM", num_experts=5, num_experts_per_tok=2, moe_intermediate_size=24,
                   norm_topk_prob=True, decoder_sparse_step=1, mlp_only_layers=[], head_dim=32, use_sliding_window=False,
                   sliding_window=None, max_window_layers=2, attention_bias=False)
GRANITE = config("granite", "GraniteForCausalLM", num_hidden_layers=4, embedding_multiplier=3.0, attention_multiplier=0.2,
                 residual_multiplier=0.3, logits_scaling=1.5, attention_bias=False, mlp_bias=False)

# The model's own code is not in transformers; the weights are laid out as a llama's.
INTERNLM2 = config("internlm2", "InternLM2ForCausalLM", num_attention_heads=4, num_key_value_heads=2, hidden_size=64, bias=False,
                   max_position_embeddings=24, rope_theta=1000000.0, rope_scaling={"type": "dynamic", "factor": 2.0})
INTERNLM3 = config("internlm3", "InternLM3ForCausalLM", qkv_bias=True, bias=True, head_dim=32, max_position_embeddings=24,
                   rope_scaling={"rope_type": "dynamic", "factor": 6.0}, rope_theta=500000.0)
BAICHUAN = changed(config("baichuan", "BaichuanForCausalLM", model_max_length=128),
                   "num_key_value_heads", "rope_theta")
MINICPM = config("minicpm", "MiniCPMForCausalLM", num_hidden_layers=4, scale_emb=12, scale_depth=1.4, dim_model_base=24)

# name: (configuration whose shapes the weights have, type they are stored in)
WEIGHTS = {
    "llama": (LLAMA, "bfloat16"),
    "llama_bias": (LLAMA_BIAS, "float16"),
    "qwen2": (QWEN2, "bfloat16"),
    "qwen3": (QWEN3, "bfloat16"),
    "phi3": (PHI3, "bfloat16"),
    "gemma": (GEMMA, "bfloat16"),
    "gemma2": (GEMMA2, "float16"),
    "gemma3": (GEMMA3, "bfloat16"),
    "mixtral": (MIXTRAL, "bfloat16"),
    "qwen3_moe": (QWEN3_MOE, "bfloat16"),
    "qwen3_moe_mixed": (changed(QWEN3_MOE, num_hidden_layers=3, decoder_sparse_step=1, mlp_only_layers=[1]), "bfloat16"),
    "internlm2": (INTERNLM2, "bfloat16"),
    "baichuan": (BAICHUAN, "bfloat16"),
}

# (name, weights, configuration as found on disk, GGUF architecture that stores the same model or None)
ENTRIES = [
    ("llama", "llama", LLAMA, "llama"),
    ("llama, linear", "llama", changed(LLAMA, rope_scaling={"type": "linear", "factor": 4.0}), None),
    ("llama, dynamic NTK", "llama",
     changed(LLAMA, rope_scaling={"type": "dynamic", "factor": 4.0}, max_position_embeddings=24), None),
    ("llama 3.1", "llama", changed(LLAMA, rope_scaling=LLAMA3_ROPE, rope_theta=500000.0), None),
    ("llama 3.1, config of 5", "llama", in_style_of_5(LLAMA, {**LLAMA3_ROPE, "rope_theta": 500000.0}), None),
    ("llama, YaRN", "llama", changed(LLAMA, rope_scaling={**YARN, "beta_fast": 4.0, "beta_slow": 0.5}), None),
    ("llama, YaRN, borders not rounded", "llama",
     changed(LLAMA, rope_scaling={**YARN, "truncate": False, "mscale": 1.0, "mscale_all_dim": 0.5}), None),
    ("llama, biases", "llama_bias", LLAMA_BIAS, "llama_bias"),
    ("mistral", "llama", MISTRAL, None),
    ("mistral, no window", "llama", changed(MISTRAL, sliding_window=None), None),
    ("qwen2", "qwen2", QWEN2, "qwen2"),
    ("qwen2, windows", "qwen2", changed(QWEN2, use_sliding_window=True), None),
    ("qwen2.5, YaRN", "qwen2", changed(QWEN2, rope_scaling={"type": "yarn", **{k: v for k, v in YARN.items() if k != "rope_type"}}),
     None),
    ("qwen3", "qwen3", QWEN3, "qwen3"),
    ("qwen3, config of 5", "qwen3",
     in_style_of_5(QWEN3, {"rope_type": "default", "rope_theta": 10000.0}, use_sliding_window=True, sliding_window=8,
                   layer_types=["sliding_attention", "full_attention"]), None),
    ("smollm3", "llama", SMOLLM3, "smollm3"),
    ("smollm3, windows", "llama",
     changed(SMOLLM3, no_rope_layers=[1, 0, 1, 0], use_sliding_window=True, sliding_window=8), None),
    ("phi3", "phi3", PHI3, "phi3"),
    ("phi4, LongRoPE", "phi3", PHI4, "phi4"),
    ("phi4, LongRoPE, config of 5", "phi3",
     in_style_of_5(changed(PHI4, "partial_rotary_factor"),
                   {"rope_type": "longrope", "rope_theta": 10000.0, "partial_rotary_factor": 0.75,
                    "short_factor": LONGROPE["short_factor"], "long_factor": LONGROPE["long_factor"],
                    "original_max_position_embeddings": 32}), None),
    ("gemma", "gemma", GEMMA, "gemma"),
    ("gemma2", "gemma2", GEMMA2, None),
    ("gemma2, scores scaled by the head's width", "gemma2", changed(GEMMA2, query_pre_attn_scalar=32), "gemma2"),
    ("gemma3", "gemma3", GEMMA3, None),
    ("gemma3, pattern of 6", "gemma3",
     changed(GEMMA3, "sliding_window_pattern", rope_scaling=None, query_pre_attn_scalar=16), "gemma3"),
    ("gemma3, config of 5", "gemma3",
     in_style_of_5(changed(GEMMA3, "sliding_window_pattern", "rope_local_base_freq"),
                   {"sliding_attention": {"rope_type": "default", "rope_theta": 10000.0},
                    "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0}},
                   layer_types=["sliding_attention", "sliding_attention", "full_attention"] * 2), None),
    ("mixtral", "mixtral", MIXTRAL, "mixtral"),
    ("mixtral, window", "mixtral", changed(MIXTRAL, sliding_window=8), None),
    ("qwen3_moe", "qwen3_moe", QWEN3_MOE, "qwen3moe"),
    ("qwen3_moe, not normalised", "qwen3_moe", changed(QWEN3_MOE, norm_topk_prob=False), None),
    ("qwen3_moe, a dense layer", "qwen3_moe_mixed", WEIGHTS["qwen3_moe_mixed"][0], None),
    ("internlm2.5", "internlm2", INTERNLM2, None),
    ("internlm2", "internlm2", changed(INTERNLM2, rope_scaling=None), "internlm2"),
    ("internlm3", "llama_bias", INTERNLM3, None),
    ("baichuan2", "baichuan", BAICHUAN, "baichuan"),
    ("minicpm", "llama", MINICPM, "minicpm"),
    ("granite", "llama", GRANITE, "granite"),
]

# (members of a llama's configuration, length of the request): RoPE at the widths and contexts of real models
WIDE = {"hidden_size": 512, "num_attention_heads": 4, "num_key_value_heads": 4}
ROPES = [
    (WIDE | {"rope_theta": 500000.0, "max_position_embeddings": 131072,
             "rope_scaling": {**LLAMA3_ROPE, "original_max_position_embeddings": 8192}}, 4000),
    (WIDE | {"rope_theta": 1000000.0, "max_position_embeddings": 32768,
             "rope_scaling": {**YARN, "original_max_position_embeddings": 32768}}, 4000),
    (WIDE | {"rope_theta": 150000.0, "max_position_embeddings": 131072,
             "rope_scaling": {**YARN, "factor": 32.0, "original_max_position_embeddings": 4096, "truncate": False,
                              "beta_fast": 32.0, "beta_slow": 1.0, "mscale": 0.707, "mscale_all_dim": 1.0}}, 4000),
    (WIDE | {"rope_theta": 1000000.0, "max_position_embeddings": 32768, "rope_scaling": {"type": "dynamic", "factor": 2.0}},
     32768),
    (WIDE | {"rope_theta": 1000000.0, "max_position_embeddings": 32768, "rope_scaling": {"type": "dynamic", "factor": 2.0}},
     40001),
    (WIDE | {"partial_rotary_factor": 0.75, "max_position_embeddings": 131072, "original_max_position_embeddings": 4096,
             "rope_scaling": {"type": "longrope", "short_factor": factors(1.0, 3.0, 48), "long_factor": factors(1.0, 60.0, 48)}},
     4097),
]
