#!/usr/bin/env python3
"""Any of lm-eval's stock tasks on rows that are made up: task_synth.py --sextant PROGRAM --plugin-path DIR [--tasks 60] [--seed 1] [--only NAME...]

PYTHON has lm_eval 0.4.13, datasets and jinja2; DIR holds Sextant's toy backend, for no model is needed. Tasks are drawn at random from the installed
package, two of a folder at most. The columns that a task's templates name are filled with values of several kinds until lm-eval itself can make a
prompt of them (tasks whose rows nobody can guess so are left out, and counted); then lm-eval builds its requests, and Sextant's are compared to the byte: contexts
and continuations, with no example and with two. Exit code 1 where any differs.
"""

import argparse
import collections
import json
import logging
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

from tasks import compare_rows, tasks_folder

WORDS = "kite river stone Amsel lantern 東京 amber Ørsted quiet  two\u00a0blanks 3.5 O'Neil \"quoted\" {braces} <tag> naïve maple\tfern".split(" ")
KEYS = ("training_split", "validation_split", "test_split", "fewshot_split")
ROWS, TRIALS = 6, 250


def sentence(draw):
    return " ".join(draw.choice(WORDS) for _ in range(draw.randint(2, 6))).strip() or "kite"


def options(draw, n=4):
    return [sentence(draw) + " %d" % i for i in range(n)]


# kinds of values; what a name suggests is tried first
KINDS = {
    "text": sentence, "index": lambda draw: draw.randint(0, 1), "letter": lambda draw: draw.choice("AB"), "digit": lambda draw: draw.choice("12"), "small": lambda draw: draw.choice("ab"),
    "truth": lambda draw: draw.random() < 0.5, "list": options, "pair": lambda draw: options(draw, 2), "labelled": lambda draw: {"text": options(draw), "label": list("ABCD")}, "number": lambda draw: str(draw.randint(1, 99)),
    "answers": lambda draw: {"text": options(draw, 2), "answer_start": [1, 2]}, "yesno": lambda draw: draw.choice(["yes", "no"]), "real": lambda draw: draw.randint(1, 40) / 8, "none": lambda draw: None,
    "entail": lambda draw: draw.choice(["entailment", "neutral", "contradiction"]), "polar": lambda draw: draw.choice(["positive", "negative", "neutral"]), "True": lambda draw: draw.choice(["True", "False"]),
    "numbers": lambda draw: [draw.randint(0, 1)], "dicts": lambda draw: [{"text": sentence(draw), "value": sentence(draw), "label": i} for i in range(3)], "Yes": lambda draw: draw.choice(["Yes", "No"]),
}
SUGGESTED = ((r"label|gold|target|answer|correct|idx|class", ["index", "letter", "text", "digit", "yesno", "True", "number", "entail", "polar", "Yes", "small", "numbers", "pair", "answers", "truth"]),
             (r"choice|option|candidate|endings", ["list", "labelled", "pair", "text", "dicts"]), (r"", ["text", "list", "index", "letter", "labelled", "number", "truth", "dicts", "pair", "real", "none"]))


def columns_of(config):
    """Names that templates or column keys use."""
    import jinja2
    from jinja2 import meta

    found, environment = set(), jinja2.Environment()
    shots = config.get("fewshot_config") or {}
    texts = [of.get(key) for of in (config, shots) for key in ("doc_to_text", "doc_to_target", "doc_to_choice", "gen_prefix")] + [config.get("description")]
    for text in texts:
        if not isinstance(text, str):
            continue
        found |= meta.find_undeclared_variables(environment.parse(text)) if "{" in text else {text} if re.fullmatch(r"\w+", text) else set()
    return sorted(found)


def made_rows(draw, kinds, n):
    rows = [{"id": str(i), **{name: KINDS[kind](draw) for name, kind in kinds.items()}} for i in range(n)]
    for row in rows:
        row["id"] = kinds.get("id") and row["id"] or str(rows.index(row))
    return rows


class Made:
    """A task on made up rows, as lm-eval builds its requests."""

    def __init__(self, config, splits):
        import datasets
        from lm_eval.api import task as task_module

        self.splits = splits
        made = datasets.DatasetDict({name: datasets.Dataset.from_list(rows) for name, rows in splits.items()})

        class Replaced:
            def __getattr__(self, key):
                return (lambda *_, **__: made) if key == "load_dataset" else getattr(datasets, key)

        task_module.datasets = Replaced()
        keep = {key: value for key, value in config.items() if key not in ("tag", "group", "task_list", "include", "dataset_kwargs", "metric_list", "process_results", "filter_list")}
        self.task = task_module.ConfigurableTask(config={**keep, "metric_list": [{"metric": "exact_match" if config.get("output_type", "generate_until") == "generate_until" else "perplexity"
                                                                                 if config.get("output_type") == "loglikelihood" else "word_perplexity"
                                                                                 if config.get("output_type") == "loglikelihood_rolling" else "acc"}]})

    def samples(self, shots):
        self.task.set_config("num_fewshot", shots)
        self.task.set_fewshot_seed(seed=1234)
        self.task.build_all_requests(limit=4)
        out = collections.defaultdict(list)
        for instance in self.task.instances:
            out[instance.doc_id].append(list(instance.args))
        return [{"doc_id": number, "arguments": arguments, "resps": [[[0.0, False]]] * len(arguments)} for number, arguments in out.items()]


def attempt(config, draw):
    """(splits, samples by shots) that lm-eval can build, or why none was found."""
    names, why = columns_of(config), ""
    wanted = sorted({config[key] for key in KEYS if config.get(key)} | ({(config.get("fewshot_config") or {}).get("split")} - {None}))
    for trial in range(TRIALS if not config.get("process_docs") else TRIALS // 8):
        kinds = {}
        for name in names:
            suggested = next(kinds_ for pattern, kinds_ in SUGGESTED if re.search(pattern, name.lower()))
            kinds[name] = suggested[min(int(abs(draw.gauss(0, 0.2 + trial / 40))), len(suggested) - 1)]
        seed = draw.random()
        splits = {split: made_rows(random.Random("%s %s" % (seed, split)), kinds, ROWS) for split in wanted}
        try:
            made = Made(config, splits)
            return splits, {shots: made.samples(shots) for shots in ((0,) if config.get("output_type") == "loglikelihood_rolling" or config.get("num_fewshot") == 0 else (0, 2))}, kinds
        except Exception as error:
            why = "%s: %s" % (type(error).__name__, str(error)[:100])
    return None, why, None


def chosen_tasks(args):
    listed = subprocess.run([args.sextant, "list", "tasks", str(tasks_folder()), "--json"], stdout=subprocess.PIPE, text=True, check=True).stdout
    tasks = [row for row in map(json.loads, listed.splitlines()) if row.get("verdict") == "runs"]
    if args.only:
        return [task for task in tasks if task["task"] in args.only]
    draw, of_folder, of_set = random.Random(args.seed), collections.Counter(), collections.Counter()
    draw.shuffle(tasks)
    for task in tasks:
        folder = task["path"].split("/lm_eval/tasks/")[1].split("/")[0]
        of_folder[folder] += 1
        if of_folder[folder] <= args.of_folder:
            yield task


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sextant", required=True)
    parser.add_argument("--plugin-path", required=True)
    parser.add_argument("--tasks", type=int, default=60)
    parser.add_argument("--of-folder", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*")
    args = parser.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"
    logging.disable(logging.ERROR)
    import datasets

    datasets.disable_progress_bars()
    os.environ["TQDM_DISABLE"] = "1"
    from lm_eval.tasks._yaml_loader import load_yaml

    folder = pathlib.Path(tempfile.mkdtemp())
    own = folder / "tasks"
    own.mkdir()
    compared, bad, guessless = 0, 0, collections.Counter()
    for task in chosen_tasks(args):
        if compared >= args.tasks:
            break
        try:
            config = load_yaml(task["path"])
        except Exception as error:  # its modules are not there
            guessless[type(error).__name__] += 1
            continue
        if config.get("custom_dataset") or not config.get("dataset_path") or config["dataset_path"] in ("json", "csv", "parquet"):
            guessless["data of its own"] += 1
            continue
        splits, samples, kinds = attempt(config, random.Random("%s %s" % (args.seed, task["task"])))
        if splits is None:
            guessless[samples.split(":")[0]] += 1
            continue
        hub = folder / ("hub_" + task["task"].replace("/", "_"))
        root = hub / ("datasets--" + config["dataset_path"].replace("/", "--"))
        snapshot = root / "snapshots/abc"
        snapshot.mkdir(parents=True)
        (root / "refs").mkdir()
        (root / "refs" / str((config.get("dataset_kwargs") or {}).get("revision", "main"))).write_text("abc")
        for split, rows in splits.items():
            (snapshot / (split.replace("/", "_") + ".jsonl")).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        entries = "".join("  - split: %s\n    path: %s.jsonl\n" % (split, split.replace("/", "_")) for split in splits)
        (snapshot / "README.md").write_text("---\nconfigs:\n- config_name: %s\n  data_files:\n%s---\n" % (config.get("dataset_name") or "default", entries), encoding="utf-8")
        for shots, wanted in samples.items():
            out = folder / ("out_%s_%d" % (task["task"].replace("/", "_"), shots))
            command = [args.sextant, "run", "--tasks", task["path"], "--include-path", os.path.dirname(task["path"]), "--limit", "4", "--shots", str(shots), "-m", "infer", "-w", str(out), "--quiet",
                       "--backend", "sample", "--plugin-path", args.plugin_path]
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "HF_HUB_CACHE": str(hub)})
            problems = []
            predictions = next(out.glob("*/predictions/*/*.json"), None)
            if predictions is None:
                problems.append("sextant: " + done.stderr.strip()[-600:])
            else:
                compare_rows(json.loads(predictions.read_text(encoding="utf-8")), json.loads(json.dumps(wanted)), False, problems)
            compared += shots == 0
            bad += bool(problems)
            print("%-4s %s (%s), %d examples: %s" % ("FAIL" if problems else "ok", task["task"], config.get("output_type"), shots, " ".join("%s=%s" % item for item in kinds.items())), flush=True)
            for problem in problems[:2]:
                print("     " + problem)
    print("%d tasks compared, %d runs differ; rows of %d others could not be guessed: %s" % (compared, bad, sum(guessless.values()), dict(guessless)))
    sys.exit(1 if bad or not compared else 0)


if __name__ == "__main__":
    main()
