#!/usr/bin/env python3
"""Min-K% and Min-K%++ beside transformers and numpy: min_k.py --sextant PROGRAM --model FILE.gguf --data DIR [--rows 40] [--backend cpu] [--compute f32]

Needs a Python that has torch, transformers, gguf and numpy. DIR has gsm8k/test.jsonl. The questions' texts with their answers are scored by transformers in
float32 from the same GGUF, and both numbers computed of the log-probabilities as the papers' code does (Shi et al. 2024, Zhang et al. 2025: the mean of the
least 20 %), then compared with what `sextant run` with the inferencer min_k says of each row. The same for greedy replies: the least margin of each. Prints the
greatest differences; exit code 1 where in f32 one is above 1e-3 (of quotients; margins 1e-4 nats).
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

PERCENT, NEW_TOKENS = 20, 24


def card(folder, name, inferencer):
    body = {
        "card": "dataset", "loader": {"type": "table", "files": {"test": "rows.jsonl"}}, "path": str(folder),
        "reader": {"input_columns": ["text", "prompt"], "output_column": "answer", "test_split": "test"},
        "infer": {"template": {"type": "text", "prompt": "{text}" if name == "texts" else "{prompt}"}, "inferencer": inferencer},
        "eval": {"metrics": [] if name == "texts" else [{"type": "exact_match"}]},
    }
    (folder / (name + ".json")).write_text(json.dumps(body), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sextant", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--rows", type=int, default=40)
    parser.add_argument("--backend", default="cpu")
    parser.add_argument("--compute", default="f32")
    args = parser.parse_args()
    import numpy
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    path = pathlib.Path(args.model).expanduser()
    with open(pathlib.Path(args.data) / "gsm8k/test.jsonl", encoding="utf-8") as file:
        records = [json.loads(line) for line in file][: args.rows]
    rows = [{"text": "Question: %s\nAnswer: %s" % (one["question"], one["answer"]), "prompt": "Question: %s\nAnswer:" % one["question"], "answer": "-"}
            for one in records]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        card(folder, "texts", {"type": "min_k", "percent": PERCENT})
        card(folder, "replies", {"type": "gen", "max_out_len": NEW_TOKENS})
        command = [args.sextant, "run", "--config-dir", str(folder), "--datasets", "texts", "replies", "--model-path", str(path), "--hf-type", "base", "--chat-template",
                   "none", "--backend", args.backend, "-w", str(folder / "out"), "--quiet"]
        command += ["--compute", args.compute] if args.backend == "cpu" else []
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        run = next((folder / "out").iterdir())
        ours = {name: list(json.loads(next(run.glob("predictions/*/%s.json" % name)).read_text()).values()) for name in ("texts", "replies")}
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, torch_dtype=torch.float32).eval()
    before = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id

    def logits_of(ids):
        with torch.no_grad():
            return model(torch.tensor([ids])).logits[0].double().numpy()

    worst = {"min_k": 0.0, "min_k_plus_plus": 0.0, "margin": 0.0}
    compared = flipped = 0
    for row, text, reply in zip(rows, ours["texts"], ours["replies"]):
        ids = [before] + tokenizer(row["text"], add_special_tokens=False).input_ids
        logits = logits_of(ids)[:-1]
        log_probs = logits - numpy.logaddexp.reduce(logits, axis=-1, keepdims=True)
        token = log_probs[numpy.arange(len(ids) - 1), ids[1:]]
        probs = numpy.exp(log_probs)
        mu = (probs * log_probs).sum(-1)
        sigma = (probs * numpy.square(log_probs)).sum(-1) - numpy.square(mu)
        for name, scores in (("min_k", token), ("min_k_plus_plus", (token - mu) / numpy.sqrt(sigma))):
            theirs = numpy.mean(numpy.sort(scores)[: int(len(scores) * PERCENT / 100)])
            worst[name] = max(worst[name], abs(theirs - text["extra"][name]))
        ids = tokenizer(row["prompt"], add_special_tokens=False).input_ids
        margins, said = [], 0
        while said < NEW_TOKENS:
            step = logits_of(ids)[-1]
            best = numpy.argsort(-step, kind="stable")[:2]
            margins.append(step[best[0]] - step[best[1]])
            if best[0] == tokenizer.eos_token_id:
                break
            ids, said = ids + [int(best[0])], said + 1
        if said != reply["generated_tokens"] or numpy.argmin(margins) != reply["margin"]["token"]:
            flipped += 1
            continue
        compared += 1
        worst["margin"] = max(worst["margin"], abs(min(margins) - reply["margin"]["least"]))
    print("%s, %s: %d texts: min_k differs by at most %.2e, min_k_plus_plus by %.2e; %d replies: least margins by %.2e (%d replies went another way)"
          % (args.backend, args.compute if args.backend == "cpu" else "-", len(rows), worst["min_k"], worst["min_k_plus_plus"], compared, worst["margin"], flipped))
    exact = args.backend == "cpu" and args.compute in ("f32", "auto")
    sys.exit(1 if exact and (worst["min_k"] > 1e-3 or worst["min_k_plus_plus"] > 1e-3 or worst["margin"] > 1e-4 or flipped) else 0)


if __name__ == "__main__":
    main()
