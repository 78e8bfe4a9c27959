"""A second derivation of what InternLM2, Baichuan2 and MiniCPM compute: a plain forward pass in double precision that reads the
checkpoints as they are stored, written from the papers and model cards and sharing nothing with family_layouts.py.
"""
import numpy as np


def rms_norm(x, weight, epsilon):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * weight


def angles(c, head_dim, tokens):
    """[tokens, head_dim / 2]; dynamic NTK raises the base with the length (InternLM2's model card)."""
    base, scaling = c.get("rope_theta", 10000.0), c.get("rope_scaling")
    if scaling and tokens > c["max_position_embeddings"]:
        stretch = scaling["factor"] * tokens / c["max_position_embeddings"] - (scaling["factor"] - 1)
        base *= stretch ** (head_dim / (head_dim - 2))
    return np.outer(np.arange(tokens), base ** (-np.arange(0, head_dim, 2) / head_dim))


def rotate(x, angle):
    """x: [tokens, head_dim]: the pair (i, i + head_dim / 2) turns by angle i."""
    a, b = np.split(x, 2, axis=-1)
    return np.concatenate([a * np.cos(angle) - b * np.sin(angle), b * np.cos(angle) + a * np.sin(angle)], -1)


def heads_of(c, w, layer, h):
    """-> queries, keys, values, each a list of [tokens, head_dim], and the key head of each query head"""
    heads, kv = c["num_attention_heads"], c.get("num_key_value_heads", c["num_attention_heads"])
    head_dim = c["hidden_size"] // heads
    p = f"model.layers.{layer}."
    cut = lambda x: [x[:, i:i + head_dim] for i in range(0, x.shape[1], head_dim)]
    if c["model_type"] == "internlm2":
        all_heads, step = cut(h @ w[p + "attention.wqkv.weight"].T), heads // kv + 2
        groups = [all_heads[i:i + step] for i in range(0, len(all_heads), step)]
        return [q for g in groups for q in g[:-2]], [g[-2] for g in groups], [g[-1] for g in groups]
    if c["model_type"] == "baichuan":
        all_heads = cut(h @ w[p + "self_attn.W_pack.weight"].T)
        return all_heads[:heads], all_heads[heads:2 * heads], all_heads[2 * heads:]
    return tuple(cut(h @ w[p + f"self_attn.{x}_proj.weight"].T) for x in "qkv")


def attend(c, w, layer, h):
    q, k, v = heads_of(c, w, layer, h)
    tokens, head_dim = q[0].shape
    angle = angles(c, head_dim, tokens)
    hidden_future = np.triu(np.full((tokens, tokens), -np.inf), 1)
    out = []
    for i, query in enumerate(q):
        g = i * len(k) // len(q)
        scores = rotate(query, angle) @ rotate(k[g], angle).T / np.sqrt(head_dim) + hidden_future
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        out.append(weights / weights.sum(-1, keepdims=True) @ v[g])
    name = "attention.wo" if c["model_type"] == "internlm2" else "self_attn.o_proj"
    return np.concatenate(out, -1) @ w[f"model.layers.{layer}.{name}.weight"].T


def feed_forward(c, w, layer, h):
    names = ("feed_forward.w1", "feed_forward.w3", "feed_forward.w2") if c["model_type"] == "internlm2" else \
        ("mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")
    gate, up, down = (w[f"model.layers.{layer}.{name}.weight"] for name in names)
    z = h @ gate.T
    return (z / (1 + np.exp(-z)) * (h @ up.T)) @ down.T


def log_probs(c, tensors, ids):
    """-> [tokens - 1]: of each next token"""
    w = {name: tensor.double().numpy() for name, tensor in tensors.items()}
    own = c["model_type"] == "internlm2"
    depth = c["scale_depth"] / np.sqrt(c["num_hidden_layers"]) if "scale_depth" in c else 1
    norms = ("attention_norm", "ffn_norm") if own else ("input_layernorm", "post_attention_layernorm")
    x = w["model.tok_embeddings.weight" if own else "model.embed_tokens.weight"][ids] * c.get("scale_emb", 1)
    for layer in range(c["num_hidden_layers"]):
        for norm, part in zip(norms, (attend, feed_forward)):
            x = x + depth * part(c, w, layer, rms_norm(x, w[f"model.layers.{layer}.{norm}.weight"], c["rms_norm_eps"]))
    head = w["output.weight" if own else "lm_head.weight"]
    if c["model_type"] == "baichuan":
        head = head / np.linalg.norm(head, axis=-1, keepdims=True)
    x = rms_norm(x, w["model.norm.weight"], c["rms_norm_eps"])
    logits = x / (c["hidden_size"] / c["dim_model_base"] if "dim_model_base" in c else 1) @ head.T
    logits -= logits.max(-1, keepdims=True)
    logits -= np.log(np.exp(logits).sum(-1, keepdims=True))
    return logits[np.arange(len(ids) - 1), ids[1:]]
