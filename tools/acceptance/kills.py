#!/usr/bin/env python3
"""Kills runs of many rounds and takes them up again: eight-turn conversations, self-consistency with five paths and a judge.

    tools/acceptance/kills.py --sextant PROGRAM [--model FILE.gguf | --backend NAME --plugin-path DIR] [--kills 50] [--rows 12] [--seed N]

A run is killed (SIGKILL) after a random number of further journal lines and resumed with -r, until it has been killed so often or is
complete; then a new one begins. Each must end with the results_sha256 of a run that was never killed, and no response may stand twice in
the journals. Prints a line per run; exit code 1 where one differs, 77 where there is no program to try.
"""

import copy
import json
import pathlib
import random
import shutil
import sys
import tempfile

import killing

TURNS = ["Why?", "Are you sure?", "Say it in one word.", "And now?", "What else?", "How so?", "Is that all?"]


def make_cards(folder, rows, judge):
    """Two data sets over the same questions: a conversation that is judged, and paths that are voted on."""
    cards = folder / "cards"
    cards.mkdir()
    killing.questions(folder / "questions.jsonl", rows, turns=TURNS)
    talk = killing.card(folder, "questions.jsonl")
    paths = copy.deepcopy(talk)
    talk["infer"]["inferencer"] = {"type": "chat", "mode": "every", "turns": "turns", "max_out_len": 12}
    talk["eval"]["judge"] = killing.judged_by(judge)
    killing.write(cards / "talk.json", talk)
    paths["infer"]["inferencer"] = {"type": "self_consistency", "n": 5, "temperature": 0.8, "answer": "[A-D]", "max_out_len": 12}
    killing.write(cards / "paths.json", paths)
    return cards


def main():
    args = killing.arguments(__doc__, kills=50, rows=12)
    rng = random.Random(args.seed)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="sextant-kills-"))
    which, judge = killing.model_flags(args, 4)
    cards = make_cards(scratch, args.rows, judge)
    command = [args.sextant, "run", "--config-dir", cards, "--datasets", "talk", "paths", *which]

    def hashes(folder):
        record = json.loads((folder / "run.json").read_text())
        assert record["status"] == "complete", record
        return killing.hashes(record)

    def start(work, *more):
        return killing.start([*command, "-w", work, *more], open(scratch / "stderr", "ab"))

    plain = scratch / "plain"
    if start(plain).wait() != 0:
        sys.exit("the run that nobody kills failed:\n" + (scratch / "stderr").read_text()[-3000:])
    reference = next(plain.iterdir())
    wanted, responses = hashes(reference), len(killing.journal_keys(reference))
    print("seed %d: %d responses, %s" % (args.seed, responses, {" ".join(k): v[:12] for k, v in wanted.items()}))
    killed = round_number = 0
    bad = False
    while killed < args.kills:
        round_number += 1
        work = scratch / ("work%d" % round_number)

        here = killing.kill_and_resume(start, work, args.kills - killed, max(1, responses // 6), rng, scratch / "stderr")
        killed += here
        folder = next(work.iterdir())
        keys = killing.journal_keys(folder)
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
