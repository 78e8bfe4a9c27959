#!/usr/bin/env python3
"""lm-eval's own task files beside lm-eval: tasks.py --sextant PROGRAM --model FILE.gguf --data DIR [--rows 12] [--only NAME...] [--prompts]

Needs a Python that has lm_eval 0.4.13, datasets, torch, transformers and gguf. The rows of DIR are written twice (task_rows.py): as snapshots of the
Hugging Face hub's cache, which `sextant run --tasks` reads (sets take turns in JSON lines, the same packed, Parquet, or datasets' own Arrow
files), and as the Arrow files of datasets' own cache, which lm-eval reads offline. Both run the task files of the installed lm-eval unchanged, with
0, 1 and 5 examples, with and without the chat template, examples as turns or in one turn, with a system prompt. Compared are

- for every row: context and continuation to the byte (lm-eval's logged arguments), ln p (1e-4 a token), replies;
- every number of tasks and groups and its standard error: 1e-6 where it counts, 2e-4 of it where it is continuous;
- the same once more from lm-eval's own ln p, which are put into the run's journal: all to 1e-6.

Exit code 1 where anything differs. lm-eval's model is loaded once. With --keep, what lm-eval gave is kept there, and made once; --kept compares that
alone, --reference only makes it. --prompts: prompts alone; without --model too, with Sextant's toy backend (--plugin-path).
"""

import argparse
import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from feed_journal import feed
from task_rows import SETS, cached, formats, write_snapshot

# Of each task or group the runs: the number of examples (-: as its file says), then how the prompt is made (MODES).
CASES = {
    # multiple_choice
    "arc_easy": "0 1 5 0t 1t 5t 1o 5o 1s", "arc_challenge": "0 5", "piqa": "0 1 5 1t 5o", "openbookqa": "0 1 5", "boolq": "0 1", "commonsense_qa": "0 1 5 1o", "truthfulqa_mc1": "0 0t",
    "social_iqa": "0 1 5 1s", "sciq": "0 1 5", "swag": "0 1", "mmlu_abstract_algebra": "0 1", "mmlu_astronomy": "0 1 5 1t 1o", "mmlu_clinical_knowledge": "0",
    "mmlu_astronomy_continuation": "0 1", "cmmlu_agronomy": "0 1 5", "cmmlu_astronomy": "0", "ceval-valid_law": "0 1 5", "ceval-valid_logic": "0", "rte": "0 1 5 1t", "cb": "0 1", "wic": "0 1",
    "blimp_anaphor_gender_agreement": "-", "own_choices": "0 1",
    # multiple_choice with functions
    "hellaswag": "0 1 5 0t 1o", "winogrande": "0 1 5 1t 1o", "copa": "0 1", "xcopa_et": "0 1", "logiqa": "0 1", "tmmluplus_introduction_to_law": "0 5", "mmmlu_de_de_abstract_algebra": "0",
    "kobest_boolq": "0 1", "sib_eng_prompt_1": "0", "mrpc": "0", "cola": "0",
    # groups
    "global_mmlu_de": "0 5 1t", "own_group": "- 2",
    # loglikelihood
    "lambada_openai": "0 1 5 0t 1o 1s", "lambada_openai_cloze_yaml": "0 1", "lambada_standard": "0 5", "asdiv": "0 1 5 1t",
    # loglikelihood_rolling
    "pile_10k": "- 5", "pile_arxiv": "- 1t", "paloma_ptb": "-",
    # generate_until
    "nq_open": "0 1 5 0t 1o 5t", "triviaqa": "0 1 5 1s", "arc_challenge_chat": "0 0t 0s", "arc_challenge_llama": "0 0o", "boolq-seq2seq": "0 1", "mmlu_astronomy_generative": "0 1 1t",
    "mmlu_llama_astronomy": "- -t -o", "bbh_fewshot_boolean_expressions": "- -t", "wmt16-de-en": "0 1 5", "mgsm_direct_zh": "0 1 5", "gsm8k": "- 0 1t",
    "gsm8k_cot": "-", "gsm8k_cot_zeroshot": "- -t", "mmlu_pro_math": "0",
}
# Their functions need Python.
WITH_CODE = ("arc_challenge_llama",)
# the chat template (t: examples are turns, o: all in one turn, s: as t and with a system prompt)
MODES = {"": "plain", "t": "turns", "o": "one", "s": "system"}
SYSTEM = "Answer briefly."
# At most so many rows: of replies that end late and long texts; of five examples; of the slowest, which come last.
ROWS = {"mmlu_pro_math": 2, "pile_10k": 3, "pile_arxiv": 2, "paloma_ptb": 2, "mgsm_direct_zh": 3, "global_mmlu_de": 3, "boolq": 4, "rte": 4}
MANY_SHOTS = 3
SLOW = ("gsm8k", "gsm8k_cot", "gsm8k_cot_zeroshot", "mmlu_pro_math", "mgsm_direct_zh")


def rows_of(task, shots, rows):
    return min(rows, ROWS.get(task, 2 if task in SLOW else rows), MANY_SHOTS if shots == 5 else rows)


def cases(only, model):
    """[(shots, mode, [task])], those that take little time first."""
    found = {}
    for task, runs in CASES.items():
        for run in runs.split():
            shots, mode = re.fullmatch("(-|[0-9]+)([tos]?)", run).groups()
            # the toy backend has no template, knows no windows, and its context holds no five passages
            if (only and task not in only) or (not model and (mode or task in ("pile_10k", "pile_arxiv", "paloma_ptb"))):
                continue
            shots = None if shots == "-" else int(shots)
            found.setdefault((task in SLOW, shots, MODES[mode]), []).append(task)
    return [(shots, mode, tasks) for (_, shots, mode), tasks in sorted(found.items(), key=lambda case: (case[0][0], case[0][1] or 0, case[0][2]))]


OWN = {
    "own_choices": """
task: own_choices  # no task of the package has these metrics
dataset_path: allenai/openbookqa
dataset_name: main
output_type: multiple_choice
training_split: train
test_split: test
doc_to_text: question_stem
doc_to_target: "{{choices.label.index(answerKey.lstrip())}}"
doc_to_choice: "{{choices.text}}"
metric_list:
  - metric: acc_mutual_info
  - metric: brier_score
  - metric: acc_bytes
  - metric: exact_match
  - metric: mcc
""",
    "own_group": """
group: own_group  # tasks of several sizes, a group within, and a key for one member
task:
  - cb
  - piqa
  - group: own_inner
    task: [sciq, {task: openbookqa, num_fewshot: 2}]
    aggregate_metric_list:
      - metric: acc
      - metric: acc_norm
        weight_by_size: false
aggregate_metric_list:
  - metric: acc
    weight_by_size: false
  - metric: acc_norm
""",
}


def tasks_folder():
    return pathlib.Path(importlib.util.find_spec("lm_eval").origin).parent / "tasks"


def folders_of(names):
    """Where the package has these tasks and groups: its TaskManager takes a minute for all of its files."""
    wanted = re.compile(r"^\"?(?:task|group)\"?: *[\"']?(?:%s)[\"']?$" % "|".join(map(re.escape, names)), re.M)
    return sorted({str(path.parent) for path in tasks_folder().rglob("*.yaml") if wanted.search(path.read_text(encoding="utf-8"))})


class Run:
    """One run of Sextant's: its rows and numbers; taken up again with other log-probabilities, the numbers of those."""

    def __init__(self, args, folder, shots, mode, tasks):
        self.out = pathlib.Path(tempfile.mkdtemp(prefix=f"out_{shots}_{mode}_", dir=folder))
        self.tasks = ",".join(tasks)
        self.command = [args.sextant, "run", "--tasks", self.tasks, "--include-path", tasks_folder(), folder / "own", "--limit", rows_of(tasks[0], shots, args.rows), "-w", self.out, "--quiet"]
        self.command += ["--model-path", args.model, "--compute", "f32"] if args.model else ["--backend", "sample"]
        self.command += ["--plugin-path", args.plugin_path] if args.plugin_path else []
        self.command += ["--allow-task-code", "--task-python", sys.executable] if set(tasks) & set(WITH_CODE) else []
        self.command += ["--shots", shots] if shots is not None else []
        self.command += [] if mode == "plain" else ["--chat-template", "auto"]
        self.command += ["--fewshot-as-multiturn", "false"] if mode == "one" else ["--system-prompt", SYSTEM] if mode == "system" else []
        self.error = self.start()

    def start(self, *more):
        done = subprocess.run([str(c) for c in [*self.command, *more]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return f"sextant: {done.stderr[-3000:]}" if done.returncode else ""

    def read(self, kind, task):
        return json.loads(next(self.out.glob(f"*/{kind}/*/{task}.json")).read_text(encoding="utf-8"))

    def texts(self, task):
        """{row: what the model was sent}, of prompts that are turns."""
        own = [task if part == self.tasks else part for part in self.command[2:] if part not in ("-w", self.out, "--quiet")]
        shown = subprocess.run([str(c) for c in (self.command[0], "prompt", *own, "--json")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        rows = [json.loads(line) for line in shown.stdout.splitlines()]
        return {str(row["index"]): row["text"] for row in rows if row["dataset"] == task}

    def groups(self):
        """{(group, number): row} of the table."""
        report = subprocess.run([self.command[0], "report", next(self.out.iterdir()), "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
        return {(row["dataset"], row["metric"]): row for row in json.loads(report.stdout)["rows"] if row["version"] == "-"}

    def feed(self, samples_of):
        """Puts what lm-eval's model answered into the journal, and scores again."""
        feed(next(self.out.iterdir()), samples_of, {task: self.read("predictions", task) for task in samples_of})
        return self.start("-r")


def load_model(model, dtype):
    """lm-eval's hf model from a GGUF file."""
    from lm_eval.models.huggingface import HFLM
    from tokenizers import pre_tokenizers
    from transformers import AutoModelForCausalLM, AutoTokenizer

    path = pathlib.Path(model)
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    backend = tokenizer.backend_tokenizer  # the conversion loses the model's own rule that digits stand alone
    backend.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), backend.pre_tokenizer])
    loaded = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=dtype).eval()
    return HFLM(pretrained=loaded, tokenizer=tokenizer, batch_size=1, device="cpu")


class Reference:
    """lm-eval with its hf model; without a model a dummy that answers nothing. What it gave is kept in `folder`, and made once."""

    def __init__(self, model, folder):
        self.folder, self.model, self.lm = folder, model, None

    def load(self):
        from lm_eval.tasks import TaskManager

        self.manager = TaskManager(include_path=[str(self.folder / "own"), *folders_of([*CASES, "sciq"])], include_defaults=False)
        if not self.model:
            from lm_eval.models.dummy import DummyLM

            self.lm = DummyLM()
            return
        import torch

        self.lm = load_model(self.model, torch.float32)

    def kept(self, shots, mode):
        """The file of what it gave, and the file's content: {"rows", "samples", "results", "groups"} by task or group."""
        path = self.folder / f"lm_eval_{'hf' if self.model else 'dummy'}_{shots}_{mode}.json"
        return path, json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def has(self, task, rows, shots, mode):
        return self.kept(shots, mode)[1].get(task, {}).get("rows") == rows_of(task, shots, rows)

    def run(self, tasks, rows, shots, mode):
        kept, out = self.kept(shots, mode)
        for task in tasks:
            limit = rows_of(task, shots, rows)
            if task in out and out[task]["rows"] == limit:
                continue
            import lm_eval

            if not self.lm:
                self.load()
            began = time.monotonic()
            iterations = 100000 if self.model and task not in SLOW_ERRORS else 0
            made = lm_eval.simple_evaluate(model=self.lm, tasks=[task], task_manager=self.manager, num_fewshot=shots, limit=limit, log_samples=True, bootstrap_iters=iterations,
                                           apply_chat_template=mode != "plain", fewshot_as_multiturn=mode in ("turns", "system"), system_instruction=SYSTEM if mode == "system" else None)
            out[task] = {"rows": limit, "samples": made["samples"], "results": {k: v for k, v in made["results"].items() if k in made["samples"]}, "groups": made.get("groups", {})}
            kept.write_text(json.dumps(out, default=str), encoding="utf-8")
            if self.model:
                print(f"     lm-eval: {task} shots={shots} {mode}: {time.monotonic() - began:.0f} s", flush=True)
        return json.loads(json.dumps(out, default=str))


def compare_rows(predictions, samples, replies, problems):
    """The largest distance of a log-probability, by token."""
    largest = 0.0
    by_row = {s["doc_id"]: s for s in sorted(samples, key=lambda s: s["doc_id"])}
    if len(by_row) != len(predictions):
        problems.append(f"{len(predictions)} rows, lm-eval has {len(by_row)}")
    for number, sample in by_row.items():
        ours = predictions[str(number)]
        if ours.get("dropped_shots"):  # the prompt is too long for the model: lm-eval cuts it, Sextant drops examples
            print(f"     row {number}: left out, its prompt is longer than the model takes")
            continue
        arguments = sample["arguments"]
        arguments = [tuple(a.values()) for a in arguments.values()] if isinstance(arguments, dict) else list(arguments)
        labels = sorted((k for k in ours if k.startswith("label: ")), key=lambda k: int(k[7:]))
        different = lambda a, b: problems.append(f"row {number}: {a[-200:]!r} is lm-eval's, and {b[-200:]!r}")  # noqa: E731
        if labels:
            several = len({context for context, _ in arguments[:len(labels)]}) > 1  # the options are the questions
            for label, (context, continuation), response in zip(labels, arguments, sample["resps"]):
                mine = ours[label]
                if context + continuation != mine["testing input"]:
                    different(context + continuation, mine["testing input"])
                elif not several and ours["origin_prompt"] not in (context, context.rstrip()):  # white space at its end is scored: in both
                    different(context, ours["origin_prompt"])
                else:
                    largest = max(largest, abs(mine["logprob"] - float(response[0][0])) / max(1, mine["tokens"]))
        elif ours["origin_prompt"] != arguments[0][0]:
            different(arguments[0][0], ours["origin_prompt"])
        elif "logprob" in (ours.get("extra") or {}):
            largest = max(largest, abs(ours["extra"]["logprob"] - float(sample["resps"][0][0])) / max(1, ours["extra"]["tokens"]))
        elif replies and ours["prediction"] != sample["resps"][0][0]:
            different(sample["resps"][0][0], ours["prediction"])
    return largest


# 100,000 of scikit-learn's f1 or mcc take minutes; tests/core/score has these errors
SLOW_ERRORS = ("mrpc", "cola", "own_choices", "cb")
OF_TEXTS = ("bleu", "chrf", "ter")
CONTINUOUS = ("perplexity", "word_perplexity", "byte_perplexity", "bits_per_byte", "brier_score")


def compare_numbers(results, theirs, problems, tolerance, what):
    """Of a task or group: every number and standard error, to 1e-6 or, where it is continuous, to `tolerance` of it."""
    shown = []
    for key, value in theirs.items():
        name, _, which = key.partition(",")
        if not which or name.endswith("_stderr") or not isinstance(value, (float, int)):
            continue
        row = f"{name},{which}" if f"{name},{which}" in results else name
        if row not in results:
            problems.append(f"there is no {key}")
            continue
        unit = 1 if name in CONTINUOUS + OF_TEXTS else 100
        shown.append(f"{key} {value:.4f}")
        allowed = lambda wanted: tolerance * abs(wanted) if name in CONTINUOUS else 1e-6  # noqa: E731
        for part, mine, wanted in (("", results[row][0], value), ("standard error of ", results[row][1], theirs.get(f"{name}_stderr,{which}"))):
            if isinstance(wanted, (float, int)) and (mine is None or abs(mine / unit - wanted) > allowed(wanted)):
                problems.append(f"{what}: the {part}{key} is {mine if mine is None else mine / unit}, lm-eval has {wanted}")
    return shown


def numbers_of(results):
    return {name: (value, results["estimates"].get(name, {}).get("standard_error")) for name, value in results.items() if isinstance(value, (float, int))}


def compare_run(ours, theirs, tasks, args, tag):
    """Prints a line for each task and group; how many differ."""
    found, leaves = {}, [(task, leaf) for task in tasks for leaf in theirs[task]["samples"]]
    for task, leaf in leaves:
        problems = []
        predictions = ours.read("predictions", leaf)
        turns = {number: row for number, row in predictions.items() if isinstance(row["origin_prompt"], list) and not any(key.startswith("label: ") for key in row)}
        texts = ours.texts(leaf) if turns else {}
        for number, row in turns.items():
            row["origin_prompt"] = texts.get(number, row["origin_prompt"])
        largest = compare_rows(predictions, theirs[task]["samples"][leaf], args.model, problems)
        if args.model and largest > 1e-4:
            problems.append(f"log-probabilities differ by {largest:.1e} a token")
        found[leaf] = (problems, largest)
    if args.model and not args.prompts:
        for what, tolerance in (("end to end", 2e-4), ("with lm-eval's log-probabilities", 1e-6)):
            if what != "end to end":
                error = ours.feed({leaf: theirs[task]["samples"][leaf] for task, leaf in leaves})
                if error:
                    print("FAIL " + error)
                    return 1
            for task, leaf in leaves:
                found[leaf] = (*found[leaf][:2], compare_numbers(numbers_of(ours.read("results", leaf)), theirs[task]["results"][leaf], found[leaf][0], tolerance, what))
            rows = ours.groups()
            for group, numbers in ((g, n) for task in tasks for g, n in theirs[task]["groups"].items()):
                problems = found.setdefault(group, ([], 0, []))[0]
                mine = {name: (row["value"], row.get("standard_error")) for (dataset, name), row in rows.items() if dataset == group}
                found[group] = (problems, 0, compare_numbers(mine, numbers, problems, tolerance, what))
    for name, (problems, largest, *shown) in found.items():
        print("%-4s %s %s: within %.1e a token; %s" % ("FAIL" if problems else "ok", name, tag, largest, ", ".join(shown[0] if shown else [])))
        for problem in problems[:3]:
            print("     " + problem)
    sys.stdout.flush()
    return sum(bool(problems) for problems, *_ in found.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sextant")
    parser.add_argument("--model")
    parser.add_argument("--data", required=True)
    parser.add_argument("--rows", type=int, default=12)
    parser.add_argument("--only", nargs="*", help="of these tasks")
    parser.add_argument("--prompts", action="store_true")
    parser.add_argument("--keep", help="a folder for everything")
    parser.add_argument("--kept", action="store_true", help="only what --keep has already")
    parser.add_argument("--plugin-path", help="where the toy backend is")
    parser.add_argument("--reference", action="store_true", help="lm-eval alone, for --keep")
    args = parser.parse_args()
    scratch = tempfile.TemporaryDirectory()
    folder = pathlib.Path(args.keep or scratch.name).resolve()
    folder.mkdir(exist_ok=True, parents=True)
    os.environ.update(DISABLE_MULTIPROC="1", HF_HUB_OFFLINE="1", HF_HOME=str(folder / "hf"), HF_HUB_CACHE=str(folder / "hf/hub"), HF_DATASETS_CACHE=str(folder / "hf/datasets"))
    for name, config, read in SETS.values():
        if not cached(folder / "hf/datasets", name, config).exists():
            write_snapshot(folder / "hf/hub", folder / "hf/datasets", name, config, read(pathlib.Path(args.data)), formats()[name])
    (folder / "own").mkdir(exist_ok=True)
    for name, text in OWN.items():
        (folder / f"own/{name}.yaml").write_text(text, encoding="utf-8")
    reference = Reference(args.model, folder)
    bad, compared = 0, []
    for shots, mode, tasks in cases(args.only, args.model):
        tag = f"shots={'-' if shots is None else shots} {mode}"
        if args.reference:
            reference.run(tasks, args.rows, shots, mode)
            continue
        if args.kept:
            tasks = [task for task in tasks if reference.has(task, args.rows, shots, mode)]
        for limit in sorted({rows_of(task, shots, args.rows) for task in tasks}):
            some = [task for task in tasks if rows_of(task, shots, args.rows) == limit]
            ours = Run(args, folder, shots, mode, some)
            if ours.error:
                print("FAIL " + ours.error)
                bad += 1
                continue
            bad += compare_run(ours, reference.run(some, args.rows, shots, mode), some, args, tag)
            compared += [(task, shots, mode) for task in some]
            shutil.rmtree(ours.out)
    if args.reference:
        return
    print("%d runs of %d tasks and groups compared, %d differ" % (len(compared), len({t for t, _, _ in compared}), bad))
    sys.exit(1 if bad or not compared else 0)


if __name__ == "__main__":
    main()
