#!/usr/bin/env python3
"""Makes tests/golden/tokenizer_smollm2.json: the ids that Hugging Face tokenizers gives, with the vocabulary of a GGUF file.

    make_tokenizer_goldens.py MODEL.gguf DATA_DIR OUT.json        (needs tokenizers, gguf)

"rows" holds lines of the data sets' files: [file, line number from 0, number of ids, hash of the ids], never a text of theirs.
"texts" holds texts made here: [text, hash, hash with special tokens split]. A hash is the first 16 hex digits of the sha256 of
the ids as little-endian int32. The tokenizer is built here and not by transformers, whose GGUF reader leaves out that SmolLM2
takes each digit by itself. Texts keep to Unicode 14: which letters are letters depends on the version, and engines differ.
"""
import hashlib
import json
import os
import random
import struct
import sys
import unicodedata

import gguf
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

ROWS = 2200
FILES = [".csv", ".json", ".jsonl", ".txt", ".jinja", ".md", ".dev", ".devtest"]
RANGES = [range(0x20, 0x7F), range(0xA0, 0x250), range(0x300, 0x370), range(0x4E00, 0x9FFF), range(0x1F300, 0x1F650),
          range(0x600, 0x700), range(0xAC00, 0xD7A4), range(0x2000, 0x2070), range(0x900, 0x980), range(0x660, 0x66A),
          range(0x2150, 0x2190), range(0x20000, 0x20100), range(0x370, 0x500),
          [9, 10, 13, 32, 32, 32, 0x3000, 0x85, 0x180E, 0x200B, 0xFEFF, 0, 4]]
PARTS = ["<|im_start|>", "<|im_end|>", " <|endoftext|> ", "<repo_name>", "<|im_", "<<|im_end|>>", "don't I'LL we've",
         "123 4567 8.9", " \n\n  x", "\t\tif (a != b) {\r\n", "   ", "def f(x):\n    return x ** 2\n",
         "👩‍👩‍👧‍👦", "🇨🇳", "é", "第12题", "①②", "…——"]


def tokenizer_of(path):
    fields = gguf.GGUFReader(path).fields
    array = lambda key: [fields[key].parts[i] for i in fields[key].data]
    tokens = [bytes(part).decode() for part in array("tokenizer.ggml.tokens")]
    merges = [tuple(bytes(part).decode().split(" ")) for part in array("tokenizer.ggml.merges")]
    kinds = [int(part[0]) for part in array("tokenizer.ggml.token_type")]
    tokenizer = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.add_special_tokens([AddedToken(t, normalized=False, special=True) for t, k in zip(tokens, kinds) if k == 3])
    return tokenizer


def digest(ids):
    return hashlib.sha256(struct.pack(f"<{len(ids)}i", *ids)).hexdigest()[:16]


def lines_of(data, rng):
    """(file, line number, text) of a few lines of every file, so that every data set and language has its share."""
    found = []
    for folder, folders, files in sorted(os.walk(data)):
        folders.sort()
        for name in sorted(files):
            if os.path.splitext(name)[1] not in FILES or "goldens" in folder:
                continue
            path = os.path.join(folder, name)
            try:
                with open(path, encoding="utf-8", newline="") as f:
                    lines = f.read().split("\n")
            except UnicodeDecodeError:
                continue
            whole = [i for i, line in enumerate(lines) if line.strip() and len(line) < 8000]
            for i in rng.sample(whole, min(8, len(whole))):
                found.append((os.path.relpath(path, data), i, lines[i]))
    return found


def random_texts(rng):
    for _ in range(300):
        text = ""
        while len(text) < rng.choice([4, 20, 60]):
            text += "".join(chr(rng.choice(rng.choice(RANGES))) for _ in range(rng.randint(0, 4)))
            text += rng.choice(PARTS) if rng.random() < 0.3 else ""
        yield "".join(c for c in text if unicodedata.category(c) not in ("Cn", "Cs"))


def main(model, data, out):
    rng = random.Random(20240521)
    tokenizer = tokenizer_of(model)
    rows = lines_of(data, rng)
    rows = sorted(rng.sample(rows, min(ROWS, len(rows))))
    encode = lambda text: tokenizer.encode(text, add_special_tokens=False).ids
    golden = {"model": os.path.basename(model), "rows": [], "texts": []}
    for file, line, text in rows:
        ids = encode(text)
        golden["rows"].append([file, line, len(ids), digest(ids)])
    for text in ["", "a" * 400, "中" * 200, " " * 400, "=-" * 200, *PARTS, *random_texts(rng)]:
        plain = encode(text)
        tokenizer.encode_special_tokens = True
        split = encode(text)
        tokenizer.encode_special_tokens = False
        golden["texts"].append([text, digest(plain), digest(split)])
    with open(out, "w", encoding="utf-8") as f:
        pieces = [f'"{key}": [\n' + ",\n".join(json.dumps(row) for row in golden[key]) + "\n]" for key in ("rows", "texts")]
        f.write("{\n" + f'"model": {json.dumps(golden["model"])},\n' + ",\n".join(pieces) + "\n}\n")


main(*sys.argv[1:])
