#!/usr/bin/env python3
"""Makes what lies beside it: a tiny checkpoint of every family and goldens.json, what transformers computes from each.

    make_family_goldens.py           (needs torch, transformers 4.57.6, gguf 0.19.0, safetensors, numpy)
    make_family_goldens.py --bf16    makes bf16_noise.json: how far transformers' own bf16 is from goldens.json
    make_family_goldens.py --check   compares goldens.json with the installed transformers, for one of another major version

In float32, eager attention, a fresh model and one full forward pass for each prompt.
"""
import json
import os
import sys
import tempfile

import numpy as np
import safetensors.torch
import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

import family_layouts
import family_reference
from family_table import ENTRIES, LLAMA, ROPES, WEIGHTS

HERE = os.path.dirname(os.path.abspath(__file__))
VERSION = "4.57.6"
TOLERANCE = 2e-5  # between two derivations, one of them in float32


def prompts(vocab):
    """Of 2 and 3 tokens (most experts get none), of a page's length, beyond windows and original contexts; with common
    beginnings, and two of one length that share more than half."""
    random = np.random.default_rng(5)
    long = random.integers(3, vocab, 61)
    twin = np.concatenate([long[:35], random.integers(3, vocab, 26)])
    other = random.integers(3, vocab, 33)
    return [p.tolist() for p in (long[:2], other[:3], other[:16], np.concatenate([long[:9], other[9:]]), long, twin)]


def shapes(c):
    if c["model_type"] in ("internlm2", "baichuan"):
        return family_layouts.shapes_of_own(c)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**c))
    state = model.state_dict()
    if model.config.tie_word_embeddings:
        del state["lm_head.weight"]
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def random_tensor(random, name, shape, c):
    """Spread so that attention is decided, experts too, and logits lie a few units apart."""
    x = random.standard_normal(shape)
    if name.endswith("norm.weight"):
        x = 0.2 * x + (0 if c["model_type"].startswith("gemma") else 1)
    elif name.endswith(".bias"):
        x *= 0.3
    elif "embed" in name:
        x *= 1 if "tie_word_embeddings" in c and not c["tie_word_embeddings"] else 0.25
    else:
        sharp = any(part in name for part in ("q_proj", "k_proj", "qkv", "W_pack", "lm_head", "output.weight", "gate.weight"))
        x *= (1.4 if sharp else 1) / shape[-1] ** 0.5
    x = torch.tensor(x).bfloat16()
    return torch.where(x.abs() < 2 ** -10, 0, x)  # a number of F16 as well


def make_weights(seed, name):
    c, dtype = WEIGHTS[name]
    random = np.random.default_rng(seed)
    tensors = {n: random_tensor(random, n, s, c).to(getattr(torch, dtype)) for n, s in sorted(shapes(c).items())}
    safetensors.torch.save_file(tensors, weights_path(name), metadata={"format": "pt"})


def weights_path(name):
    return os.path.join(HERE, name + ".safetensors")


def as_llama(c, tensors):
    """-> (configuration, tensors) that transformers can read"""
    if c["model_type"] not in family_layouts.AS_LLAMA:
        return c, tensors
    tensors, added = family_layouts.AS_LLAMA[c["model_type"]](tensors, c)
    return {**c, "model_type": "llama", "architectures": ["LlamaForCausalLM"], **added}, tensors


@torch.no_grad()
def log_probs(c, tensors, ids, dtype=torch.float32):
    """-> [tokens - 1]: of each next token"""
    c, tensors = as_llama(c, tensors)
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as f:
            json.dump(c, f)
        safetensors.torch.save_file({n: t.clone() for n, t in tensors.items()}, os.path.join(folder, "model.safetensors"),
                                    metadata={"format": "pt"})
        model, loading = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="eager",
                                                              output_loading_info=True)
    assert not any(loading.values()), loading
    logits = model.eval()(torch.tensor([ids]), use_cache=False).logits[0].double()
    return logits.log_softmax(-1)[torch.arange(len(ids) - 1), torch.tensor(ids[1:])].numpy()


def in_style_of_4(c):
    """The same configuration for a transformers that does not know the style of 5."""
    if "rope_parameters" not in c:
        return c
    rope = dict(c["rope_parameters"])
    c = {k: v for k, v in c.items() if k not in ("rope_parameters", "dtype")}
    if "full_attention" in rope:
        c["rope_local_base_freq"] = rope["sliding_attention"]["rope_theta"]
        rope = dict(rope["full_attention"])
    c["rope_theta"] = rope.pop("rope_theta")
    if "partial_rotary_factor" in rope:
        c["partial_rotary_factor"] = rope.pop("partial_rotary_factor")
    if c["model_type"] == "phi3":  # takes these three and no other
        rope = {"type": rope["rope_type"], "short_factor": rope["short_factor"], "long_factor": rope["long_factor"]}
    return {**c, "rope_scaling": None if rope.get("rope_type") == "default" else rope}


def compute(name, weights, c, ids, dtype=torch.float32):
    tensors = safetensors.torch.load_file(weights_path(weights))
    computed = log_probs(in_style_of_4(c) if transformers.__version__.startswith("4.") else c, tensors, ids, dtype)
    if c["model_type"] in ("internlm2", "baichuan", "minicpm") and dtype == torch.float32:
        second = family_reference.log_probs(c, tensors, np.array(ids))
        assert np.abs(second - computed).max() < TOLERANCE, (name, np.abs(second - computed).max())
    return computed


def rope(changes, length):
    c = AutoConfig.for_model(**{**LLAMA, **changes})
    c.rope_scaling["rope_type"] = c.rope_scaling.get("rope_type", c.rope_scaling.get("type"))
    frequencies, magnitude = ROPE_INIT_FUNCTIONS[c.rope_scaling["rope_type"]](c, "cpu", seq_len=length)
    return {"config": changes, "length": length, "magnitude": magnitude,
            "frequencies": [float(f"{x:.9g}") for x in frequencies.tolist()]}


def for_gguf(c, tensors):
    return (c, tensors) if c["model_type"] == "minicpm" else as_llama(c, tensors)  # GGUF has keys for MiniCPM's factors


def make():
    import family_gguf
    assert transformers.__version__ == VERSION, transformers.__version__
    for seed, name in enumerate(WEIGHTS):
        make_weights(seed, name)
    all_ids = prompts(131)
    entries = []
    for name, weights, c, kind in ENTRIES:
        entry = {"name": name, "weights": weights + ".safetensors", "config": c}
        if kind:
            entry["gguf"] = kind + ".gguf"
            family_gguf.write(os.path.join(HERE, entry["gguf"]), kind,
                              *for_gguf(c, safetensors.torch.load_file(weights_path(weights))))
        entry["logprobs"] = [[float(f"{x:.7g}") for x in compute(name, weights, c, ids)] for ids in all_ids]
        entries.append(entry)
        print(f"{np.mean(np.concatenate(entry['logprobs'])):8.4f}  {name}", file=sys.stderr)
    with open(os.path.join(HERE, "goldens.json"), "w", encoding="utf-8") as f:
        head = {"transformers": transformers.__version__, "torch": torch.__version__, "prompts": all_ids,
                "ropes": [rope(*r) for r in ROPES]}
        f.write(json.dumps(head)[:-1] + ',\n"entries": [\n' + ",\n".join(json.dumps(e) for e in entries) + "\n]}\n")


def read_goldens():
    with open(os.path.join(HERE, "goldens.json"), encoding="utf-8") as f:
        return json.load(f)


def make_bf16_noise():
    """Per entry the mean distance of a log-probability from float32's: what bf16 costs, whoever computes."""
    goldens, noise = read_goldens(), {}
    for entry in goldens["entries"]:
        distances = np.concatenate([
            np.abs(compute(entry["name"], entry["weights"].removesuffix(".safetensors"), entry["config"], ids, torch.bfloat16) - expected)
            for ids, expected in zip(goldens["prompts"], entry["logprobs"])])
        noise[entry["name"]] = float(f"{distances.mean():.4g}")
    with open(os.path.join(HERE, "bf16_noise.json"), "w", encoding="utf-8") as f:
        f.write("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in noise.items()) + "\n}\n")


def check():
    goldens = read_goldens()
    for entry in goldens["entries"]:
        worst = 0.0
        for ids, expected in zip(goldens["prompts"], entry["logprobs"]):
            computed = compute(entry["name"], entry["weights"].removesuffix(".safetensors"), entry["config"], ids)
            worst = max(worst, np.abs(computed - expected).max())
        print(f"{worst:.1e}  {entry['name']}")
        assert worst < TOLERANCE, entry["name"]


if __name__ == "__main__":
    torch.set_num_threads(2)
    transformers.logging.set_verbosity_error()
    {"--check": check, "--bf16": make_bf16_noise}.get("".join(sys.argv[1:]), make)()
