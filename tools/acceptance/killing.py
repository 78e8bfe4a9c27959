"""What the acceptance runs that kill have in common: a program and a backend to try, cards, runs that are killed at a moment."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time


def arguments(description, more=(), **numbers):
    """The options of such a run; `numbers` are the defaults of its own ones, `more` further options. Exits with 77 where there is no program to try."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sextant", default=os.environ.get("SEXTANT_PROGRAM"))
    parser.add_argument("--model")
    parser.add_argument("--backend", default="sample")
    parser.add_argument("--plugin-path", default=os.environ.get("SEXTANT_TEST_THIRD_PARTY"))
    parser.add_argument("--seed", type=int, default=int(time.time()))
    for name, default in numbers.items():
        parser.add_argument("--" + name.replace("_", "-"), type=int, default=default)
    for name, how in more:
        parser.add_argument(name, **how)
    args = parser.parse_args()
    if not args.sextant or not (args.model or args.plugin_path or getattr(args, "models", None)):
        print("SKIP: give --sextant, and --model or --plugin-path (or SEXTANT_PROGRAM and SEXTANT_TEST_THIRD_PARTY)")
        sys.exit(77)
    return args


def model_flags(args, delay_ms):
    """Which model is evaluated, and the card of one that judges."""
    judge = {"card": "model", "abbr": "judge"}
    if args.model:
        judge.update({"model_path": args.model})
        flags = ["--model-path", args.model]
    else:
        judge.update({"backend": args.backend, "config": {"delay_ms": delay_ms}})
        flags = ["--backend", args.backend, "--model-kwargs", "delay_ms=%d" % delay_ms]
    return flags + (["--plugin-path", args.plugin_path] if args.plugin_path else []), judge


def write(path, value):
    path.write_text(json.dumps(value), encoding="utf-8")


def questions(path, rows, **more):
    """Rows of a multiple-choice set."""
    with open(path, "w", encoding="utf-8") as file:
        for i in range(rows):
            options = {"A": str(i), "B": str(3 * i + 1), "C": str(7 * i), "D": "none"}
            file.write(json.dumps({"question": "What is %d plus %d?" % (i, 2 * i + 1), **options, "answer": "B", **more}) + "\n")


def card(folder, file):
    """A data set over such rows, without an inferencer."""
    return {
        "card": "dataset",
        "loader": {"type": "table", "files": {"test": file}},
        "path": str(folder),
        "reader": {"input_columns": ["question"], "output_column": "answer", "test_split": "test"},
        "infer": {
            "retriever": {"type": "zero"},
            "template": {"type": "dialogue", "round": [{"role": "HUMAN", "prompt": "{question}\nA. {A}\nB. {B}\nC. {C}\nD. {D}\nAnswer: "}]},
        },
        "eval": {"postprocessors": [{"type": "first_capital", "options": "ABCD"}], "metrics": [{"type": "accuracy"}]},
    }


def judged_by(judge):
    """"eval.judge" of a card."""
    return {
        "model": judge,
        "template": {"type": "dialogue", "round": [{"role": "HUMAN", "prompt": "Question: {question}\nReply: {prediction}\nA. right\nB. wrong\nVerdict: "}]},
        "inferencer": {"type": "gen", "max_out_len": 8},
        "postprocessors": [{"type": "first_capital", "options": "AB"}],
        "reference": "A",
        "metrics": [{"type": "accuracy"}],
    }


def journal_keys(folder):
    keys = []
    for path in folder.glob("journal/*/*.jsonl"):
        with open(path, "rb") as file:
            keys += [json.loads(line)["key"] for line in file if line.endswith(b"\n")]
    return keys


def hashes(record):
    """results_sha256 by model and data set of a run.json."""
    return {(t["model"], t["dataset"]): t["results_sha256"] for t in record["tasks"] if not t.get("stage")}


def wait_or_kill(process, due):
    """Waits for the end of the process, or kills it as soon as `due` says so. True where it was killed."""
    while process.poll() is None:
        if due():
            process.send_signal(signal.SIGKILL)
            process.wait()
            return process.returncode == -signal.SIGKILL
        time.sleep(0.002)
    return False


def start(command, stderr, stdout=subprocess.DEVNULL):
    return subprocess.Popen([str(part) for part in command], stdout=stdout, stderr=stderr)


def kill_and_resume(start, work, kills, lines_max, rng, stderr):
    """Kills a run below `work` up to `kills` times, each after 1 to `lines_max` further journal lines, and takes it up again until it ends;
    the number of kills. `start(work, *more)`: the process. Exits where the run fails by itself."""

    def lines():
        return len(journal_keys(next(work.iterdir()))) if work.exists() and any(work.iterdir()) else 0

    killed, first = 0, True
    while True:
        stop_at = lines() + rng.randint(1, lines_max) if killed < kills else None
        process = start(work, *([] if first else ["-r"]))
        first = False
        wait_or_kill(process, lambda: stop_at is not None and lines() >= stop_at)
        if process.returncode == 0:
            return killed
        if process.returncode != -signal.SIGKILL:
            sys.exit("exit %d:\n%s" % (process.returncode, stderr.read_text()[-3000:]))
        killed += 1
