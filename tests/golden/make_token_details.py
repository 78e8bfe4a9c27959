#!/usr/bin/env python3
"""Makes tests/golden/token_details.json: make_token_details.py MODEL.gguf OUT.json (needs torch, transformers, gguf).

Of some texts what transformers computes in float32 from the same GGUF: of each token ln p, and mean and variance of ln p over the vocabulary in its
place, as the code of Min-K%++ (Zhang et al. 2025) defines them; and of greedy replies by how much each token led.
"""
import hashlib
import json
import os
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

TEXTS = [
    "The capital of France is Paris, and the capital of Germany is Berlin.",
    "Question: A baker has 12 loaves and sells 5 of them. How many loaves are left?\nAnswer: 7",
    "def add(a, b):\n    return a + b\n\nprint(add(2, 3))\n",
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.",
    "水是由氢和氧组成的。",
]
PROMPTS = ["The three primary colours are", "Once upon a time, in a small village,", "1, 2, 3, 4,", "Q: What is the opposite of hot?\nA:"]
NEW_TOKENS = 20


def rounded(values):
    return [float("%.7g" % value) for value in values]


def main():
    path, out = sys.argv[1:]
    folder, name = os.path.split(os.path.abspath(path))
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, torch_dtype=torch.float32).eval()
    before = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id

    def logits_of(ids):
        with torch.no_grad():
            return model(torch.tensor([ids])).logits[0].double()

    golden = {"model": hashlib.sha256(open(path, "rb").read()).hexdigest(), "texts": [], "replies": []}
    for text in TEXTS:
        ids = [before] + tokenizer(text, add_special_tokens=False).input_ids
        log_probs = torch.log_softmax(logits_of(ids)[:-1], -1)
        probs = log_probs.exp()
        mean = (probs * log_probs).sum(-1)
        variance = (probs * log_probs.square()).sum(-1) - mean.square()
        golden["texts"].append({"text": text, "ids": ids[1:], "logprobs": rounded(log_probs[range(len(ids) - 1), ids[1:]].tolist()),
                                "means": rounded(mean.tolist()), "variances": rounded(variance.tolist())})
    for prompt in PROMPTS:
        ids = tokenizer(prompt, add_special_tokens=False).input_ids
        said, margins = [], []
        while len(said) < NEW_TOKENS:
            best = torch.topk(logits_of(ids + said)[-1], 2)
            margins.append(float(best.values[0] - best.values[1]))
            token = int(best.indices[0])
            if token == tokenizer.eos_token_id:
                break
            said.append(token)
        golden["replies"].append({"prompt": prompt, "ids": said, "margins": rounded(margins)})
    with open(out, "w", encoding="utf-8") as file:
        json.dump(golden, file, ensure_ascii=False)
        file.write("\n")


if __name__ == "__main__":
    main()
