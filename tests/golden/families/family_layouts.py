"""Checkpoints of families that transformers does not have, laid out as a llama's: which rows go where, which factor moves into
which matrix. Sources: the model cards' code (InternLM2, Baichuan2) and the MiniCPM paper (Hu et al. 2024, Appendix A).
"""
import torch


def internlm2(tensors, c):
    """wqkv holds, for each key head, its query heads, its key head and its value head."""
    head_dim = c["hidden_size"] // c["num_attention_heads"]
    group = c["num_attention_heads"] // c["num_key_value_heads"]
    renamed = {"tok_embeddings": "embed_tokens", "attention_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
               "attention.wo": "self_attn.o_proj", "feed_forward.w1": "mlp.gate_proj", "feed_forward.w3": "mlp.up_proj",
               "feed_forward.w2": "mlp.down_proj"}
    result = {}
    for name, tensor in tensors.items():
        if name == "output.weight":
            result["lm_head.weight"] = tensor
        elif "wqkv" in name:
            heads = tensor.view(-1, group + 2, head_dim, tensor.shape[-1])
            prefix = name.replace("attention.wqkv.weight", "self_attn.")
            for part, rows in (("q_proj", heads[:, :group]), ("k_proj", heads[:, group]), ("v_proj", heads[:, group + 1])):
                result[f"{prefix}{part}.weight"] = rows.reshape(-1, tensor.shape[-1])
        else:
            for old, new in renamed.items():
                name = name.replace(old, new)
            result[name] = tensor
    return result, {}


def baichuan(tensors, c):
    """W_pack is queries, keys and values, one after the other; each row of the head is scaled to length 1."""
    result = dict(tensors)
    for name in list(result):
        if "W_pack" in name:
            for part, rows in zip(("q_proj", "k_proj", "v_proj"), result.pop(name).chunk(3)):
                result[name.replace("W_pack", part)] = rows
    result["lm_head.weight"] = torch.nn.functional.normalize(result["lm_head.weight"].float())
    return result, {"num_key_value_heads": c["num_attention_heads"], "rope_theta": 10000.0}


def minicpm(tensors, c):
    """The embedding times scale_emb, each branch times scale_depth / sqrt(layers), the logits times dim_model_base / hidden."""
    result = dict(tensors)
    for name, tensor in tensors.items():
        if name == "model.embed_tokens.weight":
            result[name] = tensor.float() * c["scale_emb"]
        elif name.endswith(("o_proj.weight", "down_proj.weight")):
            result[name] = tensor.float() * (c["scale_depth"] / c["num_hidden_layers"] ** 0.5)
        elif name == "lm_head.weight":
            result[name] = tensor.float() * (c["dim_model_base"] / c["hidden_size"])
    return result, {}


def internlm3(tensors, c):
    return tensors, {"attention_bias": c["qkv_bias"], "mlp_bias": c["bias"]}


AS_LLAMA = {"internlm2": internlm2, "internlm3": internlm3, "baichuan": baichuan, "minicpm": minicpm}


def shapes_of_own(c):
    """Names and shapes of the families that are not in transformers and have names of their own."""
    d, f, layers = c["hidden_size"], c["intermediate_size"], range(c["num_hidden_layers"])
    if c["model_type"] == "internlm2":
        qkv = d + 2 * d // c["num_attention_heads"] * c["num_key_value_heads"]
        shapes = {"model.tok_embeddings.weight": (c["vocab_size"], d), "output.weight": (c["vocab_size"], d),
                  "model.norm.weight": (d,)}
        for i in layers:
            p = f"model.layers.{i}."
            shapes |= {p + "attention.wqkv.weight": (qkv, d), p + "attention.wo.weight": (d, d),
                       p + "attention_norm.weight": (d,), p + "ffn_norm.weight": (d,),
                       p + "feed_forward.w1.weight": (f, d), p + "feed_forward.w3.weight": (f, d),
                       p + "feed_forward.w2.weight": (d, f)}
        return shapes
    shapes = {"model.embed_tokens.weight": (c["vocab_size"], d), "lm_head.weight": (c["vocab_size"], d),
              "model.norm.weight": (d,)}
    for i in layers:
        p = f"model.layers.{i}."
        shapes |= {p + "self_attn.W_pack.weight": (3 * d, d), p + "self_attn.o_proj.weight": (d, d),
                   p + "input_layernorm.weight": (d,), p + "post_attention_layernorm.weight": (d,),
                   p + "mlp.gate_proj.weight": (f, d), p + "mlp.up_proj.weight": (f, d), p + "mlp.down_proj.weight": (d, f)}
    return shapes
