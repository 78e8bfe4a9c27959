#!/usr/bin/env python3
"""What a run costs as its data grow: peak memory and processor time of each stage, by the number of rows, columns, data sets and the length
of a reply.

    tools/acceptance/costs.py --sextant PROGRAM --plugin-path DIR [--rows 1000 10000 100000] [--only rows,columns,sets,replies] [--json FILE]
    tools/acceptance/costs.py ... --check          two sizes of each: fails where a further row takes too much memory
    tools/acceptance/costs.py ... --check --work   and where twice as much costs far more than twice the processor time: on a quiet machine

The model is the toy backend (models/sample), and long replies are put into the predictions that are scored, so that what is measured is
everything around a model. Peak memory is the kernel's (ru_maxrss), of the program and of the processes that it started.
Exit code 1 where something grows too fast, 77 where there is no program to try.
"""

import argparse
import json
import os
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from benchmark import process  # noqa: E402

# Of memory a further row may take: a loader keeps a row's text, and -m eval reads the rows to say what has changed since. While the toy
# backend computes, its tables of one call (some 150 MiB) come
# and go beside it, so that two runs of one size differ by tens of MiB. The rows that preflight has read, at most 64 MiB, stay for the run.
ROW_BYTES_MAX = {"all": 8000, "eval": 1500, "viz": 100, "resumed": 2500}
WORK_RATIO_MAX = 3.0      # of processor time: twice the units cost at most so many times as much; a quadratic step costs four times


def write(path, value):
    path.write_text(json.dumps(value), encoding="utf-8")


def card(folder, files, columns=("question", "answer"), **more):
    """A set of open questions in files of rows, answered with one option's letter."""
    out = {
        "card": "dataset",
        "loader": {"type": "table", **files},
        "path": str(folder),
        "reader": {"input_columns": list(columns[:-1]), "output_column": columns[-1], "test_split": "test"},
        "infer": {
            "retriever": {"type": "zero"},
            "template": {"type": "dialogue", "round": [{"role": "HUMAN", "prompt": "{%s}\nAnswer: " % columns[0]}]},
            "inferencer": {"type": "gen", "max_out_len": 2},
        },
        "eval": {"postprocessors": [{"type": "first_capital", "options": "ABCD"}], "metrics": [{"type": "accuracy"}]},
    }
    out.update(more)
    return out


class Case:
    """One made-up run: cards, data, and the flags that ask for it."""

    def __init__(self, scratch, args):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=scratch))
        (self.folder / "cards").mkdir()
        self.args, self.flags, self.reply_bytes = args, [], 0

    def rows(self, n, name="rows", size=300):
        with open(self.folder / (name + ".jsonl"), "w", encoding="utf-8") as file:
            for i in range(n):
                text = "Which of these is number %d? " % i
                file.write('{"question": "%s%s", "answer": "%s"}\n' % (text, "x" * max(0, size - len(text) - 32), "ABCD"[i % 4]))
        write(self.folder / "cards" / (name + ".json"), card(self.folder, {"file": name + ".jsonl"}))
        return self.datasets(name)

    def columns(self, n, rows=20):
        names = ["c%d" % i for i in range(n - 1)] + ["answer"]
        with open(self.folder / "wide.jsonl", "w", encoding="utf-8") as file:
            for i in range(rows):
                file.write(json.dumps({**{name: "v%d" % i for name in names}, "answer": "A"}) + "\n")
        write(self.folder / "cards" / "wide.json", card(self.folder, {"file": "wide.jsonl"}, names))
        return self.datasets("wide")

    def sets(self, n):
        for i in range(n):
            (self.folder / ("s%d.jsonl" % i)).write_text('{"question": "What is %d?", "answer": "A"}\n' % i, encoding="utf-8")
        one = card(self.folder, {"file": "{name}.jsonl", "name": "${name}"})
        one["each"] = [{"name": "s%d" % i} for i in range(n)]
        one["abbr"] = "set-${name}"
        one["groups"] = [{"name": "all", "members": ["set-*"]}]
        write(self.folder / "cards" / "sets.json", one)
        return self.datasets("sets")

    def replies(self, size, rows=20):
        """Replies of `size` bytes: put into the predictions, from which a set is scored."""
        self.reply_bytes = size
        return self.rows(rows, "replies")

    def lengthen(self):
        for path in (self.folder / "work").glob("*/predictions/*/*.json"):
            predictions = json.loads(path.read_text())
            for i, one in enumerate(predictions.values()):
                text = ("Let us think about number %d (see above):\n" % i) * (self.reply_bytes // 40)
                one["prediction"] = text + "so the answer is %s." % "ABCD"[i % 4]
            path.write_text(json.dumps(predictions, indent=2) + "\n")

    def datasets(self, name):
        self.flags = ["--datasets", name] + self.flags
        return self

    def run(self, *more):
        """(peak MiB, seconds of processor time, wall seconds) of one command."""
        command = [self.args.sextant, "run", "--config-dir", str(self.folder / "cards"), "--backend", "sample", *self.flags, "-w", str(self.folder / "work"),
                   "--quiet", *more]
        if self.args.plugin_path:
            command += ["--plugin-path", self.args.plugin_path]
        try:
            done = process.run(command)
        except process.Failed as error:
            sys.exit(str(error))
        return done.peak_bytes / 2**20, done.cpu_s, done.wall_s

    def stages(self):
        """Every way to come to the table: one run, then each stage alone over it."""
        yield "all", self.run()
        if self.reply_bytes:
            self.lengthen()
        yield "eval", self.run("-m", "eval", "-r")
        yield "viz", self.run("-m", "viz", "-r")
        yield "resumed", self.run("-r")
        shutil.rmtree(self.folder)


SIZES = {"rows": [1000, 10000, 100000], "columns": [1000, 10000], "sets": [1000, 10000], "replies": [160_000, 10_000_000]}
CHECKED = {"rows": [20000, 40000], "columns": [3000, 6000], "sets": [200, 400], "replies": [160_000, 320_000]}


def measure(scratch, args, kind, sizes):
    figures = []
    for size in sizes:
        for stage, (peak, cpu, wall) in getattr(Case(scratch, args), kind)(size).stages():
            figures.append({"kind": kind, "size": size, "stage": stage, "peak_mib": round(peak, 1), "cpu_s": round(cpu, 3), "wall_s": round(wall, 3)})
            print("%-8s %9d  %-8s %8.1f MiB  %8.2f s of processors  %8.2f s" % (kind, size, stage, peak, cpu, wall))
            sys.stdout.flush()
    return figures


def verdicts(figures, work):
    """What grows too fast between two sizes."""
    by_stage = {}
    for one in figures:
        by_stage.setdefault((one["kind"], one["stage"]), []).append(one)
    for (kind, stage), (small, large) in by_stage.items():
        if kind == "rows":
            a_row = (large["peak_mib"] - small["peak_mib"]) * 2**20 / (large["size"] - small["size"])
            print("# %s: %.0f bytes of memory a row" % (stage, a_row))
            if a_row > ROW_BYTES_MAX[stage]:
                yield "%s: a further row takes %.0f bytes of memory, more than %d" % (stage, a_row, ROW_BYTES_MAX[stage])
        ratio = large["cpu_s"] / max(small["cpu_s"], 0.05)
        print("# %s, %s: %.2f times the work of half as much" % (kind, stage, ratio))
        if work and ratio > WORK_RATIO_MAX:
            yield "%s, %s: twice as much costs %.2f times the processor time, more than %.1f" % (kind, stage, ratio, WORK_RATIO_MAX)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sextant", default=os.environ.get("SEXTANT_PROGRAM"))
    parser.add_argument("--plugin-path", default=os.environ.get("SEXTANT_TEST_THIRD_PARTY"))
    parser.add_argument("--rows", type=int, nargs="+", help="sizes instead of %s" % SIZES["rows"])
    parser.add_argument("--only", default="rows,columns,sets,replies")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--work", action="store_true")
    args = parser.parse_args()
    if not args.sextant or not args.plugin_path:
        print("SKIP: give --sextant and --plugin-path (or SEXTANT_PROGRAM and SEXTANT_TEST_THIRD_PARTY)")
        sys.exit(77)
    sizes = dict(CHECKED if args.check else SIZES)
    if args.rows:
        sizes["rows"] = args.rows
    scratch = tempfile.mkdtemp(prefix="sextant-costs-")
    try:
        figures = [one for kind in args.only.split(",") for one in measure(scratch, args, kind, sizes[kind])]
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    bad = list(verdicts(figures, args.work)) if args.check else []
    print("\n".join(bad) if bad else "done")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
