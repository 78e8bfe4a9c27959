#!/usr/bin/env python3
"""Makes tests/golden/smollm2_f32.json: what transformers computes in float32 from the same GGUF.

    make_model_goldens.py MODEL.gguf DATA_DIR OUT.json        (needs torch, transformers, gguf)
    make_model_goldens.py MODEL.gguf DATA_DIR OUT.json bf16   makes smollm2_scores_bf16.json: every third of these scores in bf16

Only row ids, hashes and numbers are written, never the text of a benchmark: tests/models/cpu/golden_test.cpp builds the same
prompts from the same rows (the two functions below named as there).
"""
import csv
import hashlib
import json
import os
import struct
import sys

import gguf
import torch
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer

KEPT = 16        # log-probabilities kept of a long continuation: its last ones
GENERATED = 48   # tokens of a greedy generation
TIE = 1e-4       # two best logits closer than this: the next token may differ between two correct programs

# columns of a question file: is there a header line, and where the question stands (options and answer follow)
LAYOUT = {"mmlu": (False, 0), "ceval": (True, 1), "cmmlu": (True, 1)}


def read_rows(data, path):
    header, first = LAYOUT[path.split("/")[0]]
    with open(os.path.join(data, path), encoding="utf-8-sig") as f:  # CR LF inside a cell becomes LF, as the loaders have it
        rows = list(csv.reader(f))[1 if header else 0:]
    return [row[first:] for row in rows]


def render_question(row, answered):
    text = "Question: " + row[0] + "".join(f"\n{label}. {option}" for label, option in zip("ABCD", row[1:5])) + "\nAnswer:"
    return text + " " + row[5] + "\n\n" if answered else text


def build(data, item):
    """-> prefix, continuations"""
    path, row = item["path"], item["row"]
    kind = path.split("/")[0]
    if kind in LAYOUT:
        rows = read_rows(data, path)
        shots = "".join(render_question(rows[k], True) for k in range(item["shots"]))
        return shots + render_question(rows[row], False), [" A", " B", " C", " D"]
    with open(os.path.join(data, path), encoding="utf-8") as f:
        lines = f.read().split("\n")
    if kind == "gsm8k":
        record = json.loads(lines[row])
        return "Question: " + record["question"] + "\nAnswer:", [" " + record["answer"]]
    return "", ["\n".join(lines[row:row + item["lines"]])]


def files(data, folder, count):
    names = sorted(n for n in os.listdir(os.path.join(data, folder)) if n.endswith(".csv"))
    step = max(1, len(names) // count)
    return [folder + "/" + name for name in names[::step][:count]]


def choose(data):
    items = []
    for folder, count, rows in (("mmlu/test", 18, (5, 8, 11, 14)), ("ceval/formal_ceval/val", 14, (6, 9, 11)),
                                ("cmmlu/test", 14, (6, 9, 12))):
        for path in files(data, folder, count):
            items += [{"path": path, "row": row, "shots": 0} for row in rows if row < len(read_rows(data, path))]
    items += [{"path": path, "row": 7, "shots": 3} for path in files(data, "mmlu/test", 8)]
    items += [{"path": path, "row": 7, "shots": 5}
              for path in files(data, "cmmlu/test", 2) + files(data, "ceval/formal_ceval/val", 2)]
    items += [{"path": "gsm8k/test.jsonl", "row": row} for row in range(0, 90, 3)]
    items += [{"path": "wikitext2/wiki.valid.tokens", "row": row, "lines": lines}
              for row, lines in ((0, 1), (1, 1), (3, 1), (3, 5), (9, 4), (20, 6), (40, 8), (70, 10), (100, 14))]
    return items


def sha(ids):
    return hashlib.sha256(struct.pack(f"<{len(ids)}i", *ids)).hexdigest()


def significant(x):
    return float(f"{x:.7g}")


def main():
    model_path, data, out = sys.argv[1:4]
    bf16 = sys.argv[4:] == ["bf16"]
    torch.set_num_threads(1)
    folder, name = os.path.split(os.path.abspath(model_path))
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    # the conversion from GGUF loses this model's per-digit split
    backend = tokenizer.backend_tokenizer
    backend.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                                     pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    # ... and its end token
    fields = gguf.GGUFReader(model_path).fields
    bos, eos = (int(fields[f"tokenizer.ggml.{k}_token_id"].contents()) for k in ("bos", "eos"))
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.bfloat16 if bf16 else torch.float32).eval()
    encode = lambda text: tokenizer(text, add_special_tokens=False)["input_ids"]

    @torch.no_grad()
    def score(item):
        prefix, continuations = build(data, item)
        sequences = [encode(prefix + c) for c in continuations]
        if not prefix:
            sequences = [[bos] + s for s in sequences]
        item["ids_sha256"] = sha(sequences[0])
        item["tokens"] = len(sequences[0])
        if len(sequences) > 1:   # one token each after one shared prompt
            assert all(s[:-1] == sequences[0][:-1] for s in sequences)
            lp = model(torch.tensor([sequences[0][:-1]])).logits[0, -1].double().log_softmax(-1)
            item["logprobs"] = [significant(lp[s[-1]].item()) for s in sequences]
        else:
            ids = sequences[0]
            lp = model(torch.tensor([ids])).logits[0].double().log_softmax(-1)
            first = max(1, len(ids) - KEPT)
            item["logprobs"] = [significant(lp[k - 1, ids[k]].item()) for k in range(first, len(ids))]
        return item

    @torch.no_grad()
    def generate(item):
        ids = encode(build(data, item)[0])
        step, past, made, ties = torch.tensor([ids]), None, [], []
        while len(made) < GENERATED:
            result = model(step, past_key_values=past, use_cache=True)
            past = result.past_key_values
            best = result.logits[0, -1].topk(2)
            if (best.values[0] - best.values[1]).item() < TIE:
                ties.append(len(made))
            token = best.indices[0].item()
            if token == eos:
                break
            made.append(token)
            step = torch.tensor([[token]])
        return {**{k: item[k] for k in ("path", "row", "shots") if k in item}, "prompt_tokens": len(ids),
                "count": len(made), "ties": ties, "ids_sha256": sha(made[:ties[0]] if ties else made)}

    items = choose(data)[::3 if bf16 else 1]
    scored = []
    for k, item in enumerate(items):
        scored.append(score(dict(item)))
        if k % 20 == 0:
            print(k, "of", len(items), scored[-1]["tokens"], file=sys.stderr, flush=True)
    if bf16:
        with open(out, "w", encoding="utf-8") as f:
            f.write('{"logprobs": [\n' + ",\n".join(json.dumps(s["logprobs"]) for s in scored) + "\n]}\n")
        return
    short = [i for i in items if i.get("shots", 0) == 0 and not i["path"].startswith("wikitext2")]
    short = [i for i, s in zip(items, scored) if i in short and s["tokens"] < 260]
    generated = [generate(i) for i in short[::max(1, len(short) // 64)][:64]]
    text = {"model": hashlib.sha256(open(model_path, "rb").read()).hexdigest(), "kept": KEPT,
            "max_new_tokens": GENERATED, "tie": TIE}
    with open(out, "w", encoding="utf-8") as f:
        f.write(json.dumps(text)[:-1] + ',\n"score": [\n' + ",\n".join(json.dumps(s) for s in scored) +
                '\n],\n"generate": [\n' + ",\n".join(json.dumps(g) for g in generated) + "\n]}\n")
    print(len(scored), "scored,", sum(s["tokens"] for s in scored), "tokens,", len(generated), "generated", file=sys.stderr)


main()
