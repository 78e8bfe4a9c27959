#!/usr/bin/env python3
"""Plants mutations into a run, in half of the cases two in different stages, runs it again, and asks `sextant explain` which stages
made the difference: explain.py [--cases N] [--seed N]. About a fifth are invisible in the configuration: data, weights, a tokenizer or a
template file. SEXTANT_PROGRAM is the installed program. Prints a line for each case that is attributed wrongly, and counts.

A stage counts as named where a part has it, alone or (what several stages before the reply did to one reply) with others; exactly the
planted ones must be named, and the parts must sum to the difference.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
sys.dont_write_bytecode = True
from contract.checkpoints import make_family  # noqa: E402

PROGRAM = os.environ.get("SEXTANT_PROGRAM", "")
ROWS = 24
WORDS = "river stone cloud bread candle window garden silver copper meadow lantern harbor".split()


def rows(count, prefix):
    return [
        {"question": "%s %d of the list?" % (prefix, i), "answer": "ABCD"[i * 7 % 4], **{x: WORDS[(i + 3 * k) % 12] for k, x in enumerate("ABCD")}}
        for i in range(count)
    ]


class State:
    """All that a run rests on; mutations change it."""

    def __init__(self, folder, kind):
        self.folder = folder
        self.model = make_family(folder / "model", "llama")
        self.test, self.train = rows(ROWS, "Word"), rows(6, "Old word")
        self.chat = "{% for m in messages %}<{{ m.role }}> {{ m.content }}\n{% endfor %}<assistant>"
        question = "{question}\nA. {A}\nB. {B}\nC. {C}\nD. {D}\nAnswer:"
        if kind == "gen":
            template = {"type": "dialogue", "round": [{"role": "HUMAN", "prompt": question}, {"role": "BOT", "prompt": "{answer}"}]}
        else:
            template = {"type": "text", "shot": question + " {answer}", "prompt": question,
                        "continuations": [{"label": x, "text": " " + x} for x in "ABCD"]}  # fmt: skip
        self.card = {
            "abbr": "planted",
            "loader": {"type": "table", "files": {"test": "test.jsonl", "train": "train.jsonl"}},
            "path": str(folder),
            "reader": {"input_columns": ["question"], "output_column": "answer", "train_split": "train", "test_split": "test"},
            "infer": {
                "retriever": {"type": "fix_k", "ids": [0, 1]},
                "template": template,
                "inferencer": {"type": kind, **({"max_out_len": 12} if kind == "gen" else {})},
            },
            # the untrained model says anything: whatever letter comes first is its answer
            "eval": {"postprocessors": [{"type": "regex", "pattern": "([A-Za-z])"}] if kind == "gen" else [], "metrics": [{"type": "accuracy"}]},
        }
        self.args = ["--threads", "1"]

    def run(self, work):
        for name, lines in (("test", self.test), ("train", self.train)):
            (self.folder / (name + ".jsonl")).write_text("".join(json.dumps(line) + "\n" for line in lines))
        (self.model / "chat_template.jinja").write_text(self.chat)
        (self.folder / "run.json").write_text(json.dumps({"datasets": [self.card]}))
        command = [PROGRAM, "run", self.folder / "run.json", "--hf-path", self.model, "-w", work, "--quiet", *self.args]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return max(pathlib.Path(work).glob("*_*"))


def edit_row(s, r):
    s.test[r.randrange(ROWS)]["question"] += " (edited)"


def edit_gold(s, r):
    row = s.test[r.randrange(ROWS)]
    row["answer"] = "ABCD"["ABCD".index(row["answer"]) - 1]


def edit_train(s, r):
    for row in s.train:
        row["question"] = "Another question of the list?"


def edit_weights(s, r):
    path = s.model / "model.safetensors"
    raw = bytearray(path.read_bytes())
    begin = 8 + struct.unpack("<Q", raw[:8])[0]
    for at in range(begin + r.randrange(64) * 2, len(raw) - 4, 128):  # the low bits of exponents and mantissas
        raw[at] ^= 0x55
    path.write_bytes(raw)


def edit_tokenizer(s, r):
    path = s.model / "tokenizer.json"
    tokenizer = json.loads(path.read_text())
    vocabulary = tokenizer["model"]["vocab"]
    spare = sorted((text for text in vocabulary if text.startswith("<") and text[1:2].isdigit()), key=vocabulary.get)
    pair = r.choice([["e", "r"], ["o", "f"], ["A", "n"]])
    vocabulary["".join(pair)] = vocabulary.pop(spare[0])
    tokenizer["model"]["merges"] = tokenizer["model"]["merges"] + [pair]
    path.write_text(json.dumps(tokenizer))


def edit_prompt(s, r):
    template = s.card["infer"]["template"]
    for part in template.get("round", [template]):
        for key in ("prompt", "shot"):
            if key in part and "{question}" in part[key]:
                part[key] = r.choice(["Please choose.\n", "Q: "]) + part[key]


def set_shots(s, r):
    s.card["infer"]["retriever"]["ids"] = r.choice([[2, 3], [1, 0], [0]])


def scoring(**keys):
    return lambda s, r: s.card["eval"].update({k: v(r) for k, v in keys.items()})


def flags(*choices):
    return lambda s, r: s.args.extend(r.choice(choices))


# stage, visible in the configuration, only for gen, change
MUTATIONS = (
    ("rows", False, False, edit_row),
    ("rows", False, False, edit_gold),
    ("rows", True, False, flags(["--rows", "0-19"], ["--limit", "15"])),
    ("shots", False, False, edit_train),
    ("shots", True, False, set_shots),
    ("template", True, False, edit_prompt),
    ("chat template", False, True, lambda s, r: setattr(s, "chat", s.chat.replace("<assistant>", "<bot>").replace("<{{", "[{{"))),
    ("chat template", True, True, flags(["--system-prompt", "Be brief."], ["--chat-template", "none"])),
    ("tokens", False, False, edit_tokenizer),
    ("weights", False, False, edit_weights),
    ("compute", True, False, flags(["--compute", "bf16"])),
    ("sampling", True, True, flags(["--generation-kwargs", "do_sample=true", "temperature=0.9"], ["--generation-kwargs", "repetition_penalty=1.5"])),
    ("cut", True, True, lambda s, r: s.card["infer"]["inferencer"].update(r.choice([{"max_out_len": 2}, {"stop": ["e"]}]))),
    ("extractor", True, True, scoring(postprocessors=lambda r: [{"type": "regex", "pattern": r.choice(["([a-z])", "^(.)"])}])),
    ("metric", True, False, scoring(metrics=lambda r: [{"type": "exact_match", "ignore_case": True}])),
    ("metric", True, False, scoring(reference_postprocessors=lambda r: [{"type": "regex", "pattern": "(.)$"}])),
)
# In the texts that a run keeps, examples of other contents and another template are one difference.
TOGETHER = ({"shots", "template"},)


def case(number, seed, base):
    r = random.Random(seed * 100003 + number)
    kind = "gen" if number % 3 else "loglikelihood"
    able = [m for m in MUTATIONS if kind == "gen" or not m[2]]
    chosen = [r.choice(able)]
    while number % 2 and len(chosen) < 2:
        other = r.choice(able)
        blind = {other[0], chosen[0][0]} in TOGETHER and not (other[1] and chosen[0][1])
        if other[0] != chosen[0][0] and not blind:
            chosen.append(other)
    with tempfile.TemporaryDirectory(prefix="sextant-explain-") as folder:
        folder = pathlib.Path(folder)
        state = State(folder, kind)
        a = base[kind]
        for mutation in chosen:
            mutation[3](state, r)
        b = state.run(folder / "out")
        done = subprocess.run([PROGRAM, "explain", a, b, "--json"], capture_output=True, text=True)
        if done.returncode:
            return chosen, None, done.stderr
        [one] = json.loads(done.stdout)["explanations"]
    return chosen, one, ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20261130)
    args = parser.parse_args()
    if not PROGRAM:
        print("SKIP: SEXTANT_PROGRAM names no program")
        return 77
    wrong, hidden, two, apart = 0, 0, 0, 0
    named = collections.Counter()
    with tempfile.TemporaryDirectory(prefix="sextant-explain-base-") as folder:
        folder = pathlib.Path(folder)
        base = {}
        for kind in ("gen", "loglikelihood"):
            state = State(folder / kind, kind)
            base[kind] = state.run(folder / (kind + "-out"))
        for number in range(args.cases):
            chosen, one, error = case(number, args.seed, base)
            planted = {mutation[0] for mutation in chosen}
            hidden += any(not mutation[1] for mutation in chosen)
            two += len(chosen) == 2
            if one is None or "refused" in one:
                found, bad = set(), True
            else:
                found = {stage for part in one["parts"] for stage in part["stages"]}
                off = abs(sum(part["points"] for part in one["parts"]) - one["difference"])
                apart += not any(part["needs_model"] for part in one["parts"])
                bad = found != planted or off > 1e-6
            named.update(planted)
            if bad:
                wrong += 1
                print("case %d: planted %s, named %s %s" % (number, sorted(planted), sorted(found), error or json.dumps(one)[:600]))
    print(
        "%d cases (%d with two faults, %d invisible in the configuration): %d attributed to the planted stages alone, %d wrongly; "
        "in %d every stage has a share of its own" % (args.cases, two, hidden, args.cases - wrong, wrong, apart)
    )
    print(", ".join("%s %d" % pair for pair in sorted(named.items())))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
