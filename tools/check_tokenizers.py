#!/usr/bin/env python3
"""Compares Sextant's tokenizers with the reference libraries, on thousands of texts each.

    tools/check_tokenizers.py --sextant PROGRAM --data DIR [--count N] PATH...

PATH: a GGUF, tokenizer.json, tokenizer.model or *.tiktoken, a Hugging Face folder (with tokenizer_config.json), or a folder that
holds such files. Needs tokenizers, sentencepiece, tiktoken, gguf and protobuf, for folders transformers. Prints a line for each
tokenizer: texts, and how many differ (plainly, with special tokens as text, with BOS and EOS, and decoded); fails if any does.
"""

import argparse
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "tokenizers"))
import references  # noqa: E402
import texts  # noqa: E402


def sextant(program, verb, path, lines, *flags):
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    command = [program, "model", verb, "--tokenizer-path", path, *flags]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{path}: {done.stderr.decode()}")
    return [json.loads(line) for line in done.stdout.splitlines()]  # of bytes: only there a line ends with \n alone


def told(wrong, shorten, unit, before, after):
    """How many (input, expected, got) there are; prints where the first few part."""
    for given, theirs, mine in wrong[:3]:
        at = next((i for i, (a, b) in enumerate(zip(theirs, mine)) if a != b), min(len(theirs), len(mine)))
        near = slice(max(0, at - before), at + after)
        print(f"    {shorten(given)} at {unit} {at}: expected {theirs[near]!r}, got {mine[near]!r}", flush=True)
    return len(wrong)


def encoded_differently(program, reference, lines, encode, *flags):
    ours = [line["ids"] for line in sextant(program, "tokenize", reference.path, [{"text": t} for t in lines], *flags)]
    wrong = [(t, theirs, mine) for t, mine in zip(lines, ours) if mine != (theirs := list(encode(t)))]
    ties = [entry for entry in wrong if reference.is_tie(*entry[1:])]
    if ties:
        print(f"    {len(ties)} texts have two cuts of one probability, and the other one counts there", flush=True)
    wrong = [entry for entry in wrong if entry not in ties]
    return told(wrong, lambda text: repr(text[:200]), "token", 2, 6)


def decoded_differently(program, reference, lines):
    both = [reference.round_trip(t) for t in lines]
    ours = [line["text"] for line in sextant(program, "detokenize", reference.path, [{"ids": list(ids)} for ids, _ in both])]
    wrong = [(ids, theirs, mine) for (ids, theirs), mine in zip(both, ours) if mine != theirs]
    return told(wrong, lambda ids: list(ids[:12]), "character", 20, 20)


def check(program, reference, lines):
    """How many texts differ plainly, as text, with BOS and EOS, and decoded."""
    yield encoded_differently(program, reference, lines, reference.encode)
    for encode, flag in ((reference.split_special, "--split-special-tokens"), (reference.add_special, "--add-special-tokens")):
        yield encoded_differently(program, reference, lines, encode, flag) if encode else "-"
    yield decoded_differently(program, reference, lines)


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
        plain, split, added, decoded = check(args.sextant, reference, lines)
        failed = failed or any(n not in (0, "-") for n in (plain, split, added, decoded))
        print(
            f"{reference.name:32} {len(lines):6} texts, differ: {plain}; as text {split}; with BOS/EOS {added}; "
            f"decoded {decoded}   ({time.time() - begin:.0f} s)",
            flush=True,
        )
    return 1 if failed else 0


sys.exit(main())
