#!/usr/bin/env python3
"""Kills runs in every stage and mode, goes on with them in any other mode, and reads each time what they say of themselves.

    tools/acceptance/states.py --sextant PROGRAM [--model FILE.gguf | --backend NAME --plugin-path DIR] [--kills 500] [--rows 6] [--seed N]

A run begins with -m all or infer and goes on with -r and a mode drawn at random. Most steps are killed (SIGKILL) after a random time, or when
a file of a random kind appears; some get to their end. After each, status and tasks of run.json, exit code, table and files must tell one
story (`Story`), and each run must end with the results_sha256 and the table of one that was never killed. Exit code 1 where one does not, 77
where there is no program to try.
"""

import collections
import csv
import io
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

import killing

MODES = ("all", "infer", "eval", "viz")
COMPLETE, INCOMPLETE = 0, 75
SETS = ("plain", "scored", "judged")


def make_cards(folder, rows, judge):
    """A set that is generated, one whose options are scored, and one that a judge reads."""
    cards = folder / "cards"
    cards.mkdir()
    killing.questions(folder / "questions.jsonl", rows)
    for name in SETS:
        card = killing.card(folder, "questions.jsonl")
        card["infer"]["inferencer"] = {"type": "gen", "max_out_len": 8}
        if name == "scored":
            card["infer"]["inferencer"] = {"type": "ppl"}
            card["infer"]["template"] = {"type": "text", "labels": [{"label": x, "prompt": "{question} {%s}" % x} for x in "ABCD"]}
            card["eval"]["postprocessors"] = []
        if name == "judged":
            card["eval"]["judge"] = killing.judged_by(judge)
        killing.write(cards / (name + ".json"), card)
    return cards


class Story:
    """A run's folder as somebody reads it who trusts nothing: every difference between what it says is a sentence."""

    def __init__(self, folder, rows, wanted):
        self.folder, self.rows, self.wanted, self.wrong = folder, rows, wanted, []
        self.record = self.read(folder / "run.json")
        self.read(folder / "configs/run.json")
        self.tasks = {(t["model"], t["dataset"]): t for t in (self.record or {}).get("tasks", []) if not t.get("stage")}
        self.ended = bool((self.record or {}).get("finished"))
        states = folder / "states.jsonl"
        if not self.ended and states.exists():
            for line in states.read_text(encoding="utf-8").splitlines(keepends=True):
                if line.endswith("\n"):
                    task = json.loads(line)
                    if not task.get("stage"):
                        self.tasks[task["model"], task["dataset"]] = task

    def read(self, path):
        if not path.exists():
            return None
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            self.wrong.append("%s is broken: %s" % (path.relative_to(self.folder), error))

    def check(self, holds, sentence, *values):
        if not holds:
            self.wrong.append(sentence % values)

    def check_files(self):
        """What a stage has recorded as done is there, whole; what lies about can be read."""
        if not self.record:
            return
        for (model, dataset), task in self.tasks.items():
            where = "%s/%s" % (model, dataset)
            infer, score = task.get("infer"), task.get("eval", "")
            expected = infer if infer != "complete" else "complete" if score in ("complete", "") else score
            shown_unscored = infer == "complete" and score == "" and task["status"] == "incomplete"
            self.check(task["status"] == expected or shown_unscored, "%s: status %s, infer %s, eval %s", where, task["status"], infer, score)
            self.check((task["status"] == "complete") == (task["error"] == ""), "%s: %s with the error %r", where, task["status"], task["error"])
            predictions = self.read(self.folder / "predictions" / model / (dataset + ".json"))
            results = self.read(self.folder / "results" / model / (dataset + ".json"))
            if infer == "complete":
                self.check(predictions is not None and len(predictions) == self.rows, "%s: inferred, and its predictions are not all there", where)
            if score == "complete":
                self.check(infer == "complete", "%s: scored and not inferred", where)
                self.check(results is not None, "%s: scored, and it has no results", where)
                samples = self.folder / "samples" / model / (dataset + ".jsonl")
                self.check(samples.exists() and len(samples.read_text().splitlines()) == self.rows, "%s: scored, and its samples are not all there", where)
                self.check(task["results_sha256"] == self.wanted[model, dataset], "%s: scored to other results", where)
            else:
                self.check(task.get("results_sha256", "") == "", "%s: it has a hash of results and is not scored", where)
        statuses = {task["status"] for task in self.record["tasks"]}
        if self.ended:
            self.check(self.record["status"] == ("complete" if statuses <= {"complete"} else "incomplete"), "the run is %s, its tasks are %s",
                       self.record["status"], sorted(statuses))
        else:
            self.check(self.record["status"] == "incomplete", "the run is at work and says %s", self.record["status"])

    def table(self):
        path = self.folder / "summary" / ("summary_%s.csv" % self.folder.name)
        if not path.exists():
            return None
        return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))

    def check_end(self, mode, code, stdout):
        """A step that got to its end: exit code, status and table agree."""
        if not self.record or not (self.folder / "configs/run.json").exists():  # it was killed before it had said what it is
            self.check(code == INCOMPLETE and stdout == "" and self.table() is None, "exit code %d of a run that had not begun, or a table", code)
            return
        self.check(self.ended, "the process ended with %d and run.json has no end", code)
        self.check(not (self.folder / "states.jsonl").exists(), "states.jsonl is left of a step that ended")
        self.check(code == {"complete": COMPLETE, "incomplete": INCOMPLETE}.get(self.record["status"]), "exit code %d, status %s", code, self.record["status"])
        table = self.table()
        shows = mode not in ("infer", "eval")
        if not shows:
            self.check(stdout == "", "-m %s printed a table", mode)
            if table is None:
                return
        self.check(table is not None, "-m %s left no table", mode)
        printed = stdout.splitlines()
        for (model, dataset), task in self.tasks.items():
            rows = [row for row in table or [] if row["dataset"] == dataset]
            self.check(rows, "the table lacks %s", dataset)
            if not rows:
                continue
            cell, line = rows[0][model], next((l for l in printed if l.split()[0] == dataset), "")
            self.check(not shows or " %s " % cell in line + " ", "the table says %s and the terminal %r", cell, line)
            results = self.read(self.folder / "results" / model / (dataset + ".json"))
            unscored = not shows and task.get("infer") == "complete" and not task.get("eval")
            if task["status"] == "complete" and not unscored:
                number = next(v for v in results.values() if isinstance(v, (int, float))) if results else None
                self.check(number is not None and cell == "%.2f" % number, "the table says %s of %s, its results %s", cell, dataset, number)
            else:
                word = "not scored" if task.get("infer") == "complete" and not task.get("eval") else task["status"]
                self.check(cell == word, "the table says %s of %s, which is %s", cell, dataset, word)


def main():
    args = killing.arguments(__doc__, kills=500, rows=6)
    rng = random.Random(args.seed)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="sextant-states-"))
    which, judge = killing.model_flags(args, 2)
    cards = make_cards(scratch, args.rows, judge)
    command = [args.sextant, "run", "--config-dir", cards, "--datasets", *SETS, *which]
    log = scratch / "stderr"

    def start(work, mode, *more):
        return killing.start([*command, "-w", work, "-m", mode, *more], open(log, "ab"), subprocess.PIPE)

    def to_its_end(work, mode, *more):
        process = start(work, mode, *more)
        out = process.communicate()[0].decode("utf-8")
        return process.returncode, out

    seconds, expected = {}, None
    plain = scratch / "plain"
    for mode in ("all", "infer", "eval", "viz"):
        begin = time.monotonic()
        code, out = to_its_end(plain, mode, *([] if mode == "all" else ["-r"]))
        seconds[mode] = time.monotonic() - begin
        if code != COMPLETE:
            sys.exit("the run that nobody kills: -m %s exit %d\n%s" % (mode, code, log.read_text()[-3000:]))
        expected = expected or out
    reference = next(plain.iterdir())
    wanted = killing.hashes(json.loads((reference / "run.json").read_text()))
    print("seed %d: %s" % (args.seed, {" ".join(k): v[:12] for k, v in wanted.items()}))

    def folder_of(work):
        return next(iter(sorted(work.iterdir())), None) if work.exists() else None

    def moment(work, mode):
        """When to kill: after a time, or as soon as there are so many files of a kind."""
        if rng.random() < 0.5:
            end = time.monotonic() + rng.uniform(0, 1.1 * seconds[mode])
            return lambda: time.monotonic() >= end
        pattern = rng.choice(["configs/*", "run.json", "states.jsonl", "journal/*/*", "predictions/*/*", "samples/*/*", "results/*/*", "summary/*", "earlier/*"])
        folder = folder_of(work)
        before = len(list(folder.glob(pattern))) if folder else 0
        more = rng.randint(0, 2)

        def due():
            now = folder_of(work)
            return now is not None and len(list(now.glob(pattern))) >= before + more

        return due

    killed, runs, bad = 0, 0, 0
    by_mode = collections.Counter()
    while killed < args.kills:
        runs += 1
        work = scratch / ("work%d" % runs)
        story = []
        for step in range(rng.randint(3, 12)):
            mode = rng.choice(MODES) if step else rng.choice(("all", "infer"))
            if mode in ("eval", "viz") and folder_of(work) is None:
                mode = "all"  # it was killed before there was a folder
            process = start(work, mode, *(["-r"] if step else []))
            due = moment(work, mode) if killed < args.kills and rng.random() < 0.8 else lambda: False
            was_killed = killing.wait_or_kill(process, due)
            stdout = process.stdout.read().decode("utf-8")
            folder = folder_of(work)
            story.append("%s %s" % (mode, "killed" if was_killed else process.returncode))
            killed += was_killed
            by_mode[mode] += was_killed
            if folder is None:
                continue
            seen = Story(folder, args.rows, wanted)
            seen.check_files()
            if not was_killed:
                seen.check_end(mode, process.returncode, stdout)
            if seen.wrong:
                bad += 1
                print("run %d: %s: %s" % (runs, ", ".join(story), "; ".join(seen.wrong)))
        code, out = to_its_end(work, "all", "-r")
        folder = folder_of(work)
        seen = Story(folder, args.rows, wanted)
        seen.check_files()
        seen.check_end("all", code, out)
        seen.check(code == COMPLETE and killing.hashes(seen.record) == wanted, "the end is exit %d, %s", code, killing.hashes(seen.record))
        seen.check(out == expected, "the table is another than that of a run that was never killed")
        keys = killing.journal_keys(folder)
        seen.check(len(keys) == len(set(keys)), "a response was computed twice")
        if seen.wrong:
            bad += 1
            print("run %d at its end: %s: %s" % (runs, ", ".join(story), "; ".join(seen.wrong)))
        if not bad:
            shutil.rmtree(work)
        sys.stdout.flush()
    print("%d kills (%s) in %d runs: %s" % (killed, ", ".join("-m %s %d" % (m, by_mode[m]) for m in MODES), runs, "%d FAILED" % bad if bad else "passed"))
    if not bad:
        shutil.rmtree(scratch)
    else:
        print("kept in %s" % scratch)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
