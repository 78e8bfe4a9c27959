#!/usr/bin/env python3
"""Compares what Sextant's tokenizers make of every character, alone, with Hugging Face tokenizers: normalizers, pre-tokenizers and
the classes of regular expressions, each in a tokenizer.json made here.

    tools/check_characters.py --sextant PROGRAM [STEP...]

Needs tokenizers. Prints a line for each step, with the characters that differ, and fails where a character of Unicode 14 differs that
EXPECTED does not name: newer ones depend on the versions of utf8proc and PCRE2. Python's own tables say what is how old: run it with
Python 3.11. Takes ten minutes.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import unicodedata

from tokenizers import Regex, Tokenizer, models
from tokenizers import normalizers as n
from tokenizers import pre_tokenizers as p

# private use and the ideographs' inner parts are left out, their ends are not
SKIPPED = [(0xD800, 0xDFFF), (0xE001, 0xF8FE), (0x20101, 0x2A000), (0x30101, 0x31300), (0x32400, 0xDFFFF), (0xE1000, 0x10FFFC)]
EXPECTED = {
    "i_ss": {0xDF, 0x1E9E},  # PCRE2 folds no character to two, and in no model's pattern could it matter
    "nfd": {0x11938},
    "bert_strip_accents": {0x11938},
    "nfkd": {0x11938},  # the reference's tables leave it whole in NFD, though not in NFC
    "p{Mn}": {0x1171E},
    "p{Mc}": {0x1171E},  # changed with Unicode 15
}


def normalizing(step):
    """The ids are the bytes of the normalised text."""
    letters = {c: i for i, c in enumerate(sorted(p.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=letters, merges=[]))
    tokenizer.normalizer = step
    tokenizer.pre_tokenizer = p.ByteLevel(add_prefix_space=False, use_regex=False)
    return tokenizer


def cutting(step):
    """Of "a" + c + "b" the ids say where it was cut."""
    tokenizer = Tokenizer(models.WordLevel(vocab={"?": 0, "a": 1, "b": 2}, unk_token="?"))
    tokenizer.pre_tokenizer = step
    return tokenizer


def bert(**which):
    off = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}
    return normalizing(n.BertNormalizer(**{**off, **which}))


def steps():
    for name, step in (
        ("nfc", n.NFC()),
        ("nfd", n.NFD()),
        ("nfkc", n.NFKC()),
        ("nfkd", n.NFKD()),
        ("lowercase", n.Lowercase()),
        ("strip_accents", n.StripAccents()),
        ("nmt", n.Nmt()),
        ("strip", n.Strip()),
    ):
        yield name, normalizing(step)
    for flag in ("clean_text", "handle_chinese_chars", "strip_accents", "lowercase"):
        yield f"bert_{flag}", bert(**{flag: True})
    for name, step in (
        ("punctuation", p.Punctuation()),
        ("digits", p.Digits(individual_digits=True)),
        ("whitespace", p.Whitespace()),
        ("whitespace_split", p.WhitespaceSplit()),
        ("bert_pre", p.BertPreTokenizer()),
    ):
        yield name, cutting(step)
    classes = "L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z C Cc Cf Co Han".split()
    patterns = {f"p{{{c}}}": rf"\p{{{c}}}" for c in classes} | {
        "s": r"\s",
        "w": r"\w",
        "d": r"\d",
        "i_ks": "(?i:k|s|i)",
        "i_ss": "(?i:ss)",
    }
    for name, pattern in patterns.items():
        yield name, cutting(p.Split(Regex(pattern), "isolated"))


def ours(program, tokenizer, texts):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "tokenizer.json")
        tokenizer.save(path)
        lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
        done = subprocess.run(
            [program, "model", "tokenize", "--tokenizer-path", path], input=lines.encode(), capture_output=True, check=False
        )
    if done.returncode != 0:
        raise SystemExit(done.stderr.decode())
    return [json.loads(line)["ids"] for line in done.stdout.splitlines()]


def ranges(codes):
    found = []
    for code in codes:
        if found and found[-1][1] + 1 == code:
            found[-1][1] = code
        else:
            found.append([code, code])
    return " ".join(f"{first:X}" if first == last else f"{first:X}-{last:X}" for first, last in found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sextant", required=True)
    parser.add_argument("step", nargs="*")
    args = parser.parse_args()
    codes = [c for c in range(1, 0x110000) if not any(first <= c <= last for first, last in SKIPPED)]
    texts = ["a" + chr(c) + "b" for c in codes]
    failed = False
    for name, tokenizer in steps():
        if args.step and name not in args.step:
            continue
        theirs = (e.ids for e in tokenizer.encode_batch(texts, add_special_tokens=False))
        differ = [c for c, a, b in zip(codes, ours(args.sextant, tokenizer, texts), theirs) if a != b]
        old = [c for c in differ if unicodedata.category(chr(c)) != "Cn"]
        failed = failed or not EXPECTED.get(name, set()).issuperset(old)
        print(
            f"{name:24} of Unicode {unicodedata.unidata_version}: {ranges(old) or '-'}; newer: {len(differ) - len(old)}",
            flush=True,
        )
    return 1 if failed else 0


sys.exit(main())
