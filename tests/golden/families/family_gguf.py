"""Stores a checkpoint as GGUF the way llama.cpp's converter does: its names, its keys, its permutation of queries and keys, and
Gemma's norms with the 1 already added. Takes the tensors laid out as transformers has them.
"""
import re

import gguf
import numpy as np
import torch

# what llama.cpp rotates as pairs (0, 1), (2, 3), ...
PERMUTED = {"llama", "llama_bias", "internlm2", "smollm3", "baichuan", "minicpm", "mixtral", "granite"}
ARCHITECTURE = {"llama_bias": "llama", "mixtral": "llama", "phi4": "phi3"}

NAMES = [
    (r"model\.embed_tokens\.", "token_embd."), (r"model\.norm\.", "output_norm."), (r"lm_head\.", "output."),
    (r"model\.layers\.", "blk."), (r"self_attn\.([qkv])_proj", r"attn_\1"), (r"self_attn\.qkv_proj", "attn_qkv"),
    (r"self_attn\.([qk])_norm", r"attn_\1_norm"), (r"self_attn\.o_proj", "attn_output"), (r"input_layernorm", "attn_norm"),
    (r"mlp\.gate_up_proj", "ffn_up"), (r"mlp\.(gate|up|down)_proj", r"ffn_\1"),
    (r"(block_sparse_moe|mlp)\.gate\.", "ffn_gate_inp."),
]
WITHOUT_POST_NORMS = [(r"post_attention_layernorm", "ffn_norm")]
WITH_POST_NORMS = [(r"post_attention_layernorm", "post_attention_norm"), (r"pre_feedforward_layernorm", "ffn_norm"),
                   (r"post_feedforward_layernorm", "post_ffw_norm")]
EXPERT = {"w1": "gate", "w3": "up", "w2": "down", "gate_proj": "gate", "up_proj": "up", "down_proj": "down"}


def permute(tensor, heads):
    return tensor.view(heads, 2, -1, *tensor.shape[1:]).transpose(1, 2).reshape(tensor.shape)


def renamed(tensors, kind, c):
    names = NAMES + (WITH_POST_NORMS if kind in ("gemma2", "gemma3") else WITHOUT_POST_NORMS)
    result, experts = {}, {}
    for name, tensor in sorted(tensors.items()):
        expert = re.match(r"model\.layers\.(\d+)\.\w+\.experts\.(\d+)\.(\w+)\.weight", name)
        if expert:
            key = f"blk.{expert[1]}.ffn_{EXPERT[expert[3]]}_exps.weight"
            experts.setdefault(key, {})[int(expert[2])] = tensor
            continue
        if kind in PERMUTED and re.search(r"self_attn\.[qk]_proj", name):
            tensor = permute(tensor, c["num_attention_heads" if "q_proj" in name else "num_key_value_heads"])
        for pattern, new in names:
            name = re.sub(pattern, new, name)
        if kind.startswith("gemma") and name.endswith("norm.weight"):
            tensor = tensor.float() + 1
        result[name] = tensor
    return result | {key: torch.stack([rows[i] for i in sorted(rows)]) for key, rows in experts.items()}


def add_rope(w, arch, c, tensors):
    head_dim = c.get("head_dim") or c["hidden_size"] // c["num_attention_heads"]
    dims = int(head_dim * c.get("partial_rotary_factor", 1.0))
    w.add_rope_dimension_count(dims)
    if "rope_theta" in c:
        w.add_rope_freq_base(c["rope_theta"])
    scaling = c.get("rope_scaling")
    if not scaling:
        return
    assert scaling["type"] == "longrope"
    original = c["original_max_position_embeddings"]
    w.add_rope_scaling_orig_ctx_len(original)
    w.add_rope_scaling_attn_factors(float(np.sqrt(1 + np.log(c["max_position_embeddings"] / original) / np.log(original))))
    for which in ("long", "short"):
        tensors[f"rope_factors_{which}.weight"] = torch.tensor(scaling[f"{which}_factor"])


def write(path, kind, c, tensors):
    """c: the configuration that goes with the tensors; of a family of its own, with the keys of a llama added."""
    arch = ARCHITECTURE.get(kind, kind)
    w = gguf.GGUFWriter(path, arch)
    w.add_block_count(c["num_hidden_layers"])
    w.add_context_length(c["max_position_embeddings"])
    w.add_embedding_length(c["hidden_size"])
    w.add_feed_forward_length(c["intermediate_size"])
    w.add_head_count(c["num_attention_heads"])
    w.add_head_count_kv(c["num_key_value_heads"])
    w.add_layer_norm_rms_eps(c["rms_norm_eps"])
    w.add_vocab_size(c["vocab_size"])
    if "head_dim" in c:
        w.add_key_length(c["head_dim"])
        w.add_value_length(c["head_dim"])
    if kind in ("gemma2", "gemma3", "phi3") and c.get("sliding_window"):
        w.add_sliding_window(c["sliding_window"])
    if kind == "gemma2":
        w.add_attn_logit_softcapping(c["attn_logit_softcapping"])
        w.add_final_logit_softcapping(c["final_logit_softcapping"])
    experts = c.get("num_local_experts") or c.get("num_experts")
    if experts:
        w.add_expert_count(experts)
        w.add_expert_used_count(c["num_experts_per_tok"])
        if kind == "qwen3moe":
            w.add_expert_feed_forward_length(c["moe_intermediate_size"])
    if kind == "minicpm":
        w.add_embedding_scale(float(c["scale_emb"]))
        w.add_residual_scale(c["scale_depth"] / c["num_hidden_layers"] ** 0.5)
        w.add_logit_scale(c["hidden_size"] / c["dim_model_base"])
    if kind == "granite":
        w.add_embedding_scale(c["embedding_multiplier"])
        w.add_attention_scale(c["attention_multiplier"])
        w.add_residual_scale(c["residual_multiplier"])
        w.add_logit_scale(c["logits_scaling"])
    stored = renamed(tensors, kind, c)
    add_rope(w, arch, c, stored)
    for name, tensor in stored.items():
        if tensor.dim() == 1 or tensor.dtype == torch.float32:  # norms and biases are always F32
            w.add_tensor(name, tensor.float().numpy())
        else:  # every weight here is a number of F16 and of BF16 as well
            w.add_tensor(name, tensor.half().numpy())
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
