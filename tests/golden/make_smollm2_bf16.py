#!/usr/bin/env python3
"""Makes tests/golden/smollm2_bf16.json: a few texts of this project through SmolLM2's GGUF in transformers, in float32, and how far its
own bf16 is from that. Token ids, so that a test needs no tokenizer.

    make_smollm2_bf16.py MODEL.gguf OUT.json        (needs torch, transformers, gguf)
"""
import json
import os
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

SHOT = "Question: What do we call a young dog?\nAnswer: A puppy\n\n"
TEXTS = [SHOT + "Question: What do you use to boil water for tea?\nAnswer: A kettle",
         SHOT + "Question: What do you use to boil water for tea?\nAnswer: A plate",
         SHOT + "Question: Where do you take a shower?\nAnswer: In the bathroom"]


def main():
    path, out = sys.argv[1:]
    folder, name = os.path.split(os.path.abspath(path))
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    all_ids = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in TEXTS]

    @torch.no_grad()
    def log_probs(dtype):
        model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=dtype).eval()
        logits = [model(torch.tensor([ids])).logits[0, :-1].double().log_softmax(-1) for ids in all_ids]
        return [one.gather(-1, torch.tensor(ids[1:])[:, None])[:, 0] for one, ids in zip(logits, all_ids)]

    exact, rough = log_probs(torch.float32), log_probs(torch.bfloat16)
    distances = torch.cat([(a - b).abs() for a, b in zip(exact, rough)])
    items = [{"ids": ids, "logprobs": [float(f"{x:.7g}") for x in row.tolist()]} for ids, row in zip(all_ids, exact)]
    with open(out, "w", encoding="utf-8") as f:
        f.write('{"bf16_mean": %.4g, "bf16_worst": %.4g, "items": [\n' % (distances.mean(), distances.max()) +
                ",\n".join(json.dumps(item) for item in items) + "\n]}\n")


main()
