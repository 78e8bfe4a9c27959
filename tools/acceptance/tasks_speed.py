#!/usr/bin/env python3
"""Wall time of lm-eval's tasks beside lm-eval: tasks_speed.py --sextant PROGRAM --model FILE.gguf --data DIR [--rounds 3] [--only NAME...]

Needs the Python that tasks.py needs. Both compute in bf16 with all cores. lm-eval's process stays: its time is that of simple_evaluate() alone,
without imports and loading, at the batch size of --batch-sizes that was the fastest for the case (tried once each, on fewer rows). Sextant's
time is the whole command's, with loading. The two take turns; a case's ratio is the median over the rounds, and it is printed beside its goal.
Exit code 1 where a goal is missed. Run it on a machine that does nothing else; --keep saves the making of the rows.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from task_rows import SETS, cached, formats, write_snapshot
from tasks import folders_of, load_model, tasks_folder

# what is measured, the task, its examples, its rows, and how many times faster it shall be
CASES = (
    ("five-shot multiple choice, examples drawn for each row", "arc_easy", 5, 40, 10),
    ("five-shot multiple choice, the first five examples", "mmlu_astronomy", 5, 150, 10),
    ("zero-shot multiple choice", "arc_easy", 0, 80, 4),
    ("one continuation", "lambada_openai", 0, 80, 1.7),
    ("rolling", "pile_10k", 0, 20, 1.7),
    ("generation", "gsm8k", 5, 16, 5),
)


def serve(model):
    """lm-eval in a process of its own: a line of JSON in, the seconds out."""
    import lm_eval
    import torch
    from lm_eval.tasks import TaskManager

    lm = load_model(model, torch.bfloat16)
    manager = TaskManager(include_path=folders_of([case[1] for case in CASES]), include_defaults=False)
    for line in sys.stdin:
        asked = json.loads(line)
        lm.batch_size_per_gpu = asked["batch"]
        began = time.monotonic()
        lm_eval.simple_evaluate(model=lm, tasks=[asked["task"]], task_manager=manager, num_fewshot=asked["shots"], limit=asked["rows"], bootstrap_iters=0)
        print("seconds", time.monotonic() - began, flush=True)


class Peer:
    def __init__(self, model):
        self.process = subprocess.Popen([sys.executable, __file__, "--serve", model], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def seconds(self, task, shots, rows, batch):
        self.process.stdin.write(json.dumps({"task": task, "shots": shots, "rows": rows, "batch": batch}) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("seconds "):
                return float(line.split()[1])
        sys.exit("lm-eval ended; `%s %s --serve MODEL` shows why" % (sys.executable, __file__))


def sextant_seconds(args, folder, task, shots, rows):
    out = tempfile.mkdtemp(dir=folder)
    command = [args.sextant, "run", "--tasks", task, "--include-path", tasks_folder(), "--limit", rows, "--shots", shots, "--model-path", args.model, "--compute", "bf16", "-w", out, "--quiet"]
    began = time.monotonic()
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    taken = time.monotonic() - began
    shutil.rmtree(out)
    if done.returncode:
        sys.exit("sextant: " + done.stderr[-2000:])
    return taken


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sextant")
    parser.add_argument("--model")
    parser.add_argument("--data")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=float, default=1, help="times as many rows")
    parser.add_argument("--batch-sizes", type=int, nargs="*", default=[1, 4, 16])
    parser.add_argument("--only", nargs="*", help="parts of the cases' names")
    parser.add_argument("--keep", help="a folder for the rows")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        return serve(args.serve)
    scratch = tempfile.TemporaryDirectory()
    folder = pathlib.Path(args.keep or scratch.name).resolve()
    os.environ.update(HF_HUB_OFFLINE="1", HF_HOME=str(folder / "hf"), HF_HUB_CACHE=str(folder / "hf/hub"), HF_DATASETS_CACHE=str(folder / "hf/datasets"))
    for name, config, read in SETS.values():
        if not cached(folder / "hf/datasets", name, config).exists():
            write_snapshot(folder / "hf/hub", folder / "hf/datasets", name, config, read(pathlib.Path(args.data)), formats()[name])
    peer, missed = Peer(args.model), 0
    for name, task, shots, rows, goal in CASES:
        if args.only and not any(part in name for part in args.only):
            continue
        rows = max(2, int(rows * args.rows))
        tried = {batch: peer.seconds(task, shots, max(2, rows // 2), batch) for batch in args.batch_sizes}
        batch = min(tried, key=tried.get)
        pairs = []
        for _ in range(args.rounds):
            pairs.append((sextant_seconds(args, folder, task, shots, rows), peer.seconds(task, shots, rows, batch)))
        ratio = statistics.median(theirs / ours for ours, theirs in pairs)
        missed += ratio < goal
        print("%-4s %s (%s, %d rows): %.1f times faster, goal %.1f; sextant %s s, lm-eval %s s at batch %d (of %s)" % (
            "ok" if ratio >= goal else "FAIL", name, task, rows, ratio, goal, " ".join("%.2f" % ours for ours, _ in pairs), " ".join("%.2f" % theirs for _, theirs in pairs), batch,
            ", ".join("%d: %.1f s" % item for item in tried.items())), flush=True)
    peer.process.stdin.close()
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
