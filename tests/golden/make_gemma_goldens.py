#!/usr/bin/env python3
"""Makes tests/golden/gemma3_270m_f32.json: what transformers computes in float32 from the numbers that a GGUF stands for.

    make_gemma_goldens.py gemma-3-270m-q4_k_m.gguf OUT.json      (needs torch, transformers 4.57.6, gguf 0.19.0)

The sequences are the model's own: sampled from it after BOS, so that no text of others is needed. One is longer than its
window of 512 tokens.
"""
import hashlib
import json
import re
import sys

import gguf
import torch
from transformers import Gemma3ForCausalLM, Gemma3TextConfig

KEPT = 48  # log-probabilities kept of a sequence: its last ones
LENGTHS = [24, 90, 580]
NAMES = [(r"^token_embd\.", "model.embed_tokens."), (r"^output_norm\.", "model.norm."), (r"^blk\.", "model.layers."),
         (r"attn_([qk])_norm", r"self_attn.\1_norm"), (r"attn_([qkv])\.", r"self_attn.\1_proj."),
         (r"attn_output", "self_attn.o_proj"), (r"attn_norm", "input_layernorm"),
         (r"post_attention_norm", "post_attention_layernorm"), (r"ffn_norm", "pre_feedforward_layernorm"),
         (r"post_ffw_norm", "post_feedforward_layernorm"), (r"ffn_(gate|up|down)", r"mlp.\1_proj")]


def load(path):
    reader = gguf.GGUFReader(path)
    value = lambda key: reader.fields["gemma3." + key].contents()
    vocab = next(t for t in reader.tensors if t.name == "token_embd.weight").shape[1]
    config = Gemma3TextConfig(
        vocab_size=int(vocab), hidden_size=value("embedding_length"), num_hidden_layers=value("block_count"),
        intermediate_size=value("feed_forward_length"), num_attention_heads=value("attention.head_count"),
        num_key_value_heads=value("attention.head_count_kv"), head_dim=value("attention.key_length"),
        query_pre_attn_scalar=value("attention.key_length"), rms_norm_eps=value("attention.layer_norm_rms_epsilon"),
        sliding_window=value("attention.sliding_window"), rope_theta=value("rope.freq_base"),
        max_position_embeddings=value("context_length"))
    state = {}
    for tensor in reader.tensors:
        name = tensor.name
        for pattern, new in NAMES:
            name = re.sub(pattern, new, name)
        numbers = torch.from_numpy(gguf.quants.dequantize(tensor.data, tensor.tensor_type).copy()).float()
        state[name] = numbers - 1 if name.endswith("norm.weight") else numbers
    state["lm_head.weight"] = state["model.embed_tokens.weight"]
    model = Gemma3ForCausalLM._from_config(config, attn_implementation="eager", dtype=torch.float32)
    model.load_state_dict(state)
    return model.eval()


@torch.no_grad()
def sample(model, length):
    ids, step, past = [2], torch.tensor([[2]]), None
    while len(ids) < length:
        result = model(step, past_key_values=past, use_cache=True)
        past = result.past_key_values
        logits = result.logits[0, -1].double() / 0.8
        logits[:3] = -torch.inf  # padding, end and begin
        step = torch.multinomial(logits.softmax(-1), 1)[None]
        ids.append(step.item())
    return ids


@torch.no_grad()
def log_probs(model, ids):
    hidden = model.model(torch.tensor([ids]), use_cache=False).last_hidden_state[0, -KEPT - 1:-1]
    scores = model.lm_head(hidden).double().log_softmax(-1)
    return [float(f"{scores[i, t].item():.7g}") for i, t in enumerate(ids[-len(scores):])]


def main():
    path, out = sys.argv[1:3]
    torch.set_num_threads(2)
    torch.manual_seed(11)
    model = load(path)
    sequences = [sample(model, length) for length in LENGTHS]
    items = [{"ids": ids, "logprobs": log_probs(model, ids)} for ids in sequences]
    with open(path, "rb") as f:
        head = {"model": hashlib.file_digest(f, "sha256").hexdigest()}
    with open(out, "w", encoding="utf-8") as f:
        f.write(json.dumps(head)[:-1] + ',\n"score": [\n' + ",\n".join(json.dumps(i) for i in items) + "\n]}\n")


main()
