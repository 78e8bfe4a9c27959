#!/usr/bin/env python3
"""Rolling perplexity beside transformers: rolling.py --sextant PROGRAM --model FILE.gguf --text FILE [--characters 6000] [--window 128] [--stride 64].

Needs a Python that has torch, transformers and gguf. Both kinds of windows are computed by transformers from the same checkpoint (f32), in
plain loops as lm-eval's get_rolling_token_windows and transformers' documentation describe them, and compared with what `sextant run` says
of the text. Prints both sums and their difference a token; exit code 1 where it is above 1e-4.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile


def disjoint(count, length):
    """(context, begin, end): `length` tokens are predicted behind one token of context; the last window reaches back."""
    windows, begin = [(0, 0, min(length, count))], min(length, count)
    while begin < count:
        end = min(begin + length, count)
        windows.append((max(end - length - 1, 0), begin, end))
        begin = end
    return windows


def strided(count, length, stride):
    windows, previous = [], 0
    for begin in range(0, count, stride):
        end = min(begin + length, count)
        windows.append((begin, max(previous, begin + (begin == 0)), end))
        previous = end
        if end == count:
            break
    return windows


def reference(model, ids, windows, before):
    import torch

    total = 0.0
    for context, begin, end in windows:
        prefix = ids[context:begin]
        item = (prefix or [before]) + ids[begin:end] if begin == context else prefix + ids[begin:end]
        skip = len(item) - (end - begin)
        with torch.no_grad():
            logits = model(torch.tensor([item])).logits[0].double()
        logprobs = torch.log_softmax(logits, -1)
        total += sum(float(logprobs[i - 1, item[i]]) for i in range(skip, len(item)))
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sextant", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--text", required=True)
    parser.add_argument("--characters", type=int, default=6000)
    parser.add_argument("--window", type=int, default=128)
    parser.add_argument("--stride", type=int, default=64)
    args = parser.parse_args()
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    path = pathlib.Path(args.model)
    text = pathlib.Path(args.text).read_text(encoding="utf-8")[: args.characters]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "text.jsonl").write_text(json.dumps({"page": text}) + "\n", encoding="utf-8")
        inferencers = {
            "disjoint": {"type": "rolling", "window": args.window},
            "strided": {"type": "rolling", "window": args.window, "stride": args.stride},
        }
        for name, inferencer in inferencers.items():
            card = {
                "card": "dataset",
                "loader": {"type": "table", "files": {"test": "text.jsonl"}},
                "path": str(folder),
                "reader": {"input_columns": ["page"], "output_column": "", "test_split": "test"},
                "infer": {"template": {"type": "text", "prompt": "{page}"}, "inferencer": inferencer},
                "eval": {"metrics": []},
            }
            (folder / (name + ".json")).write_text(json.dumps(card), encoding="utf-8")
        command = [args.sextant, "run", "--config-dir", str(folder), "--datasets", *inferencers, "--model-path", args.model, "--hf-type", "base",
                   "-w", str(folder / "out"), "--quiet"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        run = next((folder / "out").iterdir())
        ours = {name: json.loads(next(run.glob("predictions/*/%s.json" % name)).read_text())["0"]["extra"] for name in inferencers}
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, torch_dtype=torch.float32).eval()
    ids = tokenizer(text, add_special_tokens=False).input_ids
    before = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    bad = False
    for name, windows in (("disjoint", disjoint(len(ids), args.window)), ("strided", strided(len(ids), args.window, args.stride))):
        theirs, tokens = reference(model, ids, windows, before), sum(end - begin for _, begin, end in windows)
        difference = abs(ours[name]["logprob"] - theirs) / tokens
        same = ours[name]["tokens"] == tokens and ours[name]["windows"] == len(windows)
        bad = bad or difference > 1e-4 or not same
        print("%s: %d tokens in %d windows, sextant %.6f, transformers %.6f, %.2e a token%s"
              % (name, tokens, len(windows), ours[name]["logprob"], theirs, difference, "" if same else ", BUT NOT THE SAME WINDOWS"))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
