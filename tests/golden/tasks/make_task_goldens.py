#!/usr/bin/env python3
"""rows.json and numbers.json: what lm-eval makes of given log-probabilities and replies: make_task_goldens.py, in an environment with lm_eval 0.4.13.

The tasks beside it are run over rows of our own by a model that computes nothing: ln p and replies come from a hash of what is asked. Kept are
what it said of each row, and every number and standard error of tasks and groups, those of the bootstrap too. test_task_numbers.py puts the
former into a run's journal and compares the latter.
"""
import hashlib
import json
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "tools" / "acceptance"))
THINGS = ("a red kite", "süße Äpfel", "stone", "水", "two old clocks", "the answer is B", "rain", "naïve café", "x")


def number(*parts):
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:6], "big") / 2**48


def rows(split, n):
    out = []
    for i in range(n):
        at = int(number(split, i) * len(THINGS))
        out.append({"question": "%s %d: which of %s?" % (split, i, THINGS[at]), "options": [THINGS[(at + k) % len(THINGS)] for k in range(3)], "right": int(number(i, split) * 3)})
    return out


def reply(asked):
    at = number(asked)
    return ("the answer is %s." % "ABC"[int(at * 30) % 3], "I think b", "so A, or\n\nnot", "stone %s" % THINGS[int(at * 90) % 9], "")[int(at * 5)]


def main():
    folder = pathlib.Path(tempfile.mkdtemp())
    os.environ.update(DISABLE_MULTIPROC="1", HF_HUB_OFFLINE="1", HF_HOME=str(folder), HF_HUB_CACHE=str(folder / "hub"), HF_DATASETS_CACHE=str(folder / "datasets"))
    from task_rows import write_snapshot

    splits = {"train": rows("train", 6), "test": rows("test", 11)}
    (HERE / "rows.json").write_text(json.dumps(splits, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    write_snapshot(folder / "hub", folder / "datasets", "own/set", None, splits)
    import lm_eval
    from lm_eval.api.model import LM
    from lm_eval.tasks import TaskManager

    class Said(LM):
        def loglikelihood(self, requests):
            return [(-20 * number(*r.args), number("greedy", *r.args) < 0.4) for r in requests]

        def loglikelihood_rolling(self, requests):
            return [-100 * number(*r.args) for r in requests]

        def generate_until(self, requests):
            return [reply(r.args[0]) for r in requests]

    manager, said, numbers = TaskManager(include_path=str(HERE), include_defaults=False), {}, {}
    # 100,000 of scikit-learn's f1 and mcc take minutes; tests/core/score has their errors
    for tasks, iterations in ((["all", "whole", "words"], 100000), (["pairs"], 0)):
        made = lm_eval.simple_evaluate(model=Said(), tasks=tasks, task_manager=manager, log_samples=True, bootstrap_iters=iterations)
        for name, entry in {**made["results"], **made.get("groups", {})}.items():
            numbers[name] = {k: v for k, v in entry.items() if "," in k}
        for task, samples in made["samples"].items():
            said[task] = [{k: s[k] for k in ("doc_id", "arguments", "resps")} for s in {s["doc_id"]: s for s in samples}.values()]
    (HERE / "numbers.json").write_text(json.dumps({"said": said, "numbers": numbers}, ensure_ascii=False, default=str, separators=(",", ":")).replace('},{"doc_id"', '},\n{"doc_id"') + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
