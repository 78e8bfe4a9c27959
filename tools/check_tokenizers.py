#!/usr/bin/env python3
"""Compares Sextant's tokenizers with the reference libraries, on thousands of texts each.

    tools/check_tokenizers.py --sextant PROGRAM --data DIR [--count N] PATH...

PATH: a GGUF, tokenizer.json, tokenizer.model or *.tiktoken, a Hugging Face folder (with tokenizer_config.json), or a folder that
holds such files. Needs tokenizers, sentencepiece, tiktoken, gguf and protobuf, for folders transformers. Prints a line for each
tokenizer: texts, and how many differ (plainly, with special tokens as text, with BOS and EOS, and decoded); fails if any does.
"""
import argparse
import json
import subprocess
import sys
import time

sys.path.insert(0, __file__.rsplit("/", 1)[0] + "/tokenizers")
import references  # noqa: E402
import texts  # noqa: E402


def sextant(program, verb, path, lines, *flags):
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    done = subprocess.run([program, "model", verb, "--tokenizer-path", path, *flags], input=text.encode(), capture_output=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{path}: {done.stderr.decode()}")
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def compare(program, reference, lines, encode, *flags):
    ours = [line["ids"] for line in sextant(program, "tokenize", reference.path, [{"text": t} for t in lines], *flags)]
    wrong = [(t, theirs, mine) for t, mine in zip(lines, ours) if mine != (theirs := list(encode(t)))]
    for text, theirs, mine in wrong[:3]:
        at = next((i for i, (a, b) in enumerate(zip(theirs, mine)) if a != b), min(len(theirs), len(mine)))
        print(f"    {text[:200]!r} at token {at}: expected {theirs[max(0, at - 2):at + 6]}, got {mine[max(0, at - 2):at + 6]}", flush=True)
    return len(wrong), ours


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sextant", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--count", type=int, default=10_500)
    parser.add_argument("path", nargs="+")
    args = parser.parse_args()
    failed = False
    for reference in references.find(args.path):
        begin = time.time()
        lines = texts.texts(args.data, reference.specials, args.count)
        plain, _ = compare(args.sextant, reference, lines, reference.encode)
        split = compare(args.sextant, reference, lines, reference.split_special, "--split-special-tokens")[0] if reference.split_special else "-"
        added = compare(args.sextant, reference, lines[:500], reference.add_special, "--add-special-tokens")[0] if reference.add_special else "-"
        failed = failed or any(n not in (0, "-") for n in (plain, split, added))
        print(f"{reference.name:36} {len(lines):6} texts, {plain} differ; as text {split}; with BOS/EOS {added}   ({time.time() - begin:.0f} s)",
              flush=True)
    return 1 if failed else 0


sys.exit(main())
