#!/usr/bin/env python3
"""Kills runs of many rounds and takes them up again: eight-turn conversations, self-consistency with five paths and a judge.

    tools/acceptance/kills.py --sextant PROGRAM [--model FILE.gguf | --backend NAME --plugin-path DIR] [--kills 50] [--rows 12] [--seed N]

A run is killed (SIGKILL) after a random number of further journal lines and resumed with -r, until it has been killed so often or is
complete; then a new one begins. Each must end with the results_sha256 of a run that was never killed, and no response may stand twice in
the journals. Prints a line per run; exit code 1 where one differs, 77 where there is no program to try.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TURNS = ["Why?", "Are you sure?", "Say it in one word.", "And now?", "What else?", "How so?", "Is that all?"]


def write(path, value):
    path.write_text(json.dumps(value), encoding="utf-8")


def make_cards(folder, rows, judge):
    """Two data sets over the same questions: a conversation that is judged, and paths that are voted on."""
    cards = folder / "cards"
    cards.mkdir()
    with open(folder / "questions.jsonl", "w", encoding="utf-8") as file:
        for i in range(rows):
            options = {"A": str(i), "B": str(3 * i + 1), "C": str(7 * i), "D": "none"}
            line = {"question": "What is %d plus %d?" % (i, 2 * i + 1), **options, "answer": "B", "turns": TURNS}
            file.write(json.dumps(line) + "\n")
    base = {
        "card": "dataset",
        "loader": {"type": "table", "files": {"test": "questions.jsonl"}},
        "path": str(folder),
        "reader": {"input_columns": ["question"], "output_column": "answer", "test_split": "test"},
        "infer": {
            "retriever": {"type": "zero"},
            "template": {"type": "dialogue", "round": [{"role": "HUMAN", "prompt": "{question}\nA. {A}\nB. {B}\nC. {C}\nD. {D}\nAnswer: "}]},
        },
        "eval": {"postprocessors": [{"type": "first_capital", "options": "ABCD"}], "metrics": [{"type": "accuracy"}]},
    }
    talk = json.loads(json.dumps(base))
    talk["infer"]["inferencer"] = {"type": "chat", "mode": "every", "turns": "turns", "max_out_len": 12}
    talk["eval"]["judge"] = {
        "model": judge,
        "template": {"type": "dialogue", "round": [{"role": "HUMAN", "prompt": "Question: {question}\nReply: {prediction}\nA. right\nB. wrong\nVerdict: "}]},
        "inferencer": {"type": "gen", "max_out_len": 8},
        "postprocessors": [{"type": "first_capital", "options": "AB"}],
        "reference": "A",
        "metrics": [{"type": "accuracy"}],
    }
    write(cards / "talk.json", talk)
    paths = json.loads(json.dumps(base))
    paths["infer"]["inferencer"] = {"type": "self_consistency", "n": 5, "temperature": 0.8, "answer": "[A-D]", "max_out_len": 12}
    write(cards / "paths.json", paths)
    return cards


def journal_keys(folder):
    keys = []
    for path in folder.glob("journal/*/*.jsonl"):
        with open(path, "rb") as file:
            keys += [json.loads(line)["key"] for line in file if line.endswith(b"\n")]
    return keys


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sextant", default=os.environ.get("SEXTANT_PROGRAM"))
    parser.add_argument("--model")
    parser.add_argument("--backend", default="sample")
    parser.add_argument("--plugin-path", default=os.environ.get("SEXTANT_TEST_THIRD_PARTY"))
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--rows", type=int, default=12)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    if not args.sextant or not (args.model or args.plugin_path):
        print("SKIP: give --sextant, and --model or --plugin-path (or SEXTANT_PROGRAM and SEXTANT_TEST_THIRD_PARTY)")
        sys.exit(77)
    rng = random.Random(args.seed)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="sextant-kills-"))
    judge = {"card": "model", "abbr": "judge"}
    which = []
    if args.model:
        judge.update({"model_path": args.model})
        which = ["--model-path", args.model]
    else:
        judge.update({"backend": args.backend, "config": {"delay_ms": 4}})
        which = ["--backend", args.backend, "--model-kwargs", "delay_ms=4"]
    if args.plugin_path:
        which += ["--plugin-path", args.plugin_path]
    cards = make_cards(scratch, args.rows, judge)
    command = [args.sextant, "run", "--config-dir", str(cards), "--datasets", "talk", "paths", *which]

    def hashes(folder):
        record = json.loads((folder / "run.json").read_text())
        assert record["status"] == "complete", record
        return {(t["model"], t["dataset"]): t["results_sha256"] for t in record["tasks"] if not t.get("stage")}

    def start(work, *more):
        return subprocess.Popen([*command, "-w", str(work), *more], stdout=subprocess.DEVNULL, stderr=open(scratch / "stderr", "ab"))

    plain = scratch / "plain"
    if start(plain).wait() != 0:
        sys.exit("the run that nobody kills failed:\n" + (scratch / "stderr").read_text()[-3000:])
    reference = next(plain.iterdir())
    wanted, responses = hashes(reference), len(journal_keys(reference))
    print("seed %d: %d responses, %s" % (args.seed, responses, {" ".join(k): v[:12] for k, v in wanted.items()}))
    killed = round_number = 0
    bad = False
    while killed < args.kills:
        round_number += 1
        work = scratch / ("work%d" % round_number)
        here, first = 0, True
        while True:
            before = len(journal_keys(next(work.iterdir()))) if work.exists() and any(work.iterdir()) else 0
            process = start(work, *([] if first else ["-r"]))
            first = False
            stop_at = before + rng.randint(1, max(1, responses // 6)) if killed + here < args.kills else None
            while process.poll() is None:
                if stop_at is not None and work.exists() and any(work.iterdir()) and len(journal_keys(next(work.iterdir()))) >= stop_at:
                    process.send_signal(signal.SIGKILL)
                    break
                time.sleep(0.005)
            if process.wait() == 0:
                break
            if process.returncode != -signal.SIGKILL:
                sys.exit("exit %d:\n%s" % (process.returncode, (scratch / "stderr").read_text()[-3000:]))
            here += 1
        killed += here
        folder = next(work.iterdir())
        keys = journal_keys(folder)
        same, once, none_lost = hashes(folder) == wanted, len(keys) == len(set(keys)), len(keys) == responses
        bad = bad or not (same and once and none_lost)
        print("run %d: %d kills, results %s, %d responses%s%s" % (round_number, here, "the same" if same else "DIFFER", len(keys),
                                                                  "" if once else ", SOME TWICE", "" if none_lost else ", NOT %d" % responses))
        sys.stdout.flush()
    shutil.rmtree(scratch)
    print("%d kills in %d runs: %s" % (killed, round_number, "FAILED" if bad else "passed"))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
