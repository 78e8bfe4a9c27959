#!/usr/bin/env python3
"""Multiple choice beside lm-eval's own runs: choices.py --sextant PROGRAM --model FILE.gguf --data DIR [--rows 50]

Needs a Python that has lm_eval 0.4.13, torch, transformers and gguf. Four sets of DIR (ARC, OpenBookQA, HellaSwag, MMLU) are written once as
JSON lines. lm-eval runs a multiple_choice task on them with its `hf` model in float32, batch 1; `sextant run` runs one card of the
same prompts as cloze (options' texts) or as clp and loglikelihood (letters). Compared are, for every row and option, the sum of ln p
(1e-4 a token), and the choices: acc and acc_norm for texts, the letter for clp. A choice may differ only where lm-eval's own margin
is below 1e-3. Exit code 1 where anything else differs.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

LETTERS = "ABCD"


def arc(folder):
    for line in (folder / "ARC/ARC-c/ARC-Challenge-Dev.jsonl").open(encoding="utf-8"):
        item = json.loads(line)
        choices = item["question"]["choices"]
        if len(choices) == 4 and item["answerKey"] in LETTERS:
            yield "Question: %s\nAnswer:" % item["question"]["stem"], [c["text"] for c in choices], LETTERS.index(item["answerKey"])


def openbookqa(folder):
    rows = csv.DictReader((folder / "openbookqa/Main/test.tsv").open(encoding="utf-8", newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
    for item in rows:
        stem, *options = item["Complete Question"].replace(" (A) ", "\n").replace(" (B) ", "\n").replace(" (C) ", "\n").replace(" (D) ", "\n").split("\n")
        if len(options) == 4:
            yield stem, options, LETTERS.index(item["Answer Key"])


def hellaswag(folder):
    for line in (folder / "hellaswag_subset/hellaswag.jsonl").open(encoding="utf-8"):
        item = json.loads(line)
        yield "%s: %s" % (item["activity_label"], item["ctx"]), item["endings"], int(item["label"])


def mmlu(folder):
    for row in csv.reader((folder / "mmlu/test/astronomy_test.csv").open(encoding="utf-8", newline="")):
        lines = "\n".join("%s. %s" % pair for pair in zip(LETTERS, row[1:5]))
        yield "%s\n%s\nAnswer:" % (row[0].strip(), lines), row[1:5], LETTERS.index(row[5])


SETS = {"arc": (arc, False), "openbookqa": (openbookqa, False), "hellaswag": (hellaswag, False), "mmlu": (mmlu, True)}


def write_rows(folder, data, count):
    for name, (read, _) in SETS.items():
        with (folder / (name + ".jsonl")).open("w", encoding="utf-8") as out:
            for number, (query, options, gold) in enumerate(read(data)):
                if number == count:
                    break
                row = {"query": query, "options": options, "gold": gold, "letter": LETTERS[gold], **dict(zip(LETTERS, options))}
                out.write(json.dumps(row, ensure_ascii=False) + "\n")


def run_sextant(args, folder):
    """{(set, inferencer): predictions by number}"""
    asked = []
    for name, (_, letters) in SETS.items():
        for inferencer in ("clp", "loglikelihood") if letters else ("cloze",):
            asked.append((name, inferencer))
            card = {
                "card": "dataset",
                "loader": {"type": "table", "files": {"test": name + ".jsonl"}},
                "path": str(folder),
                "reader": {"input_columns": ["query", "options"], "output_column": "letter", "test_split": "test"},
                "infer": {"template": {"type": "text", "prompt": "{query}", "cloze": "{query}", "choices": {"texts": "{options}"}},
                          "inferencer": {"type": inferencer}},
                "eval": {"metrics": [{"type": "accuracy"}]},
            }
            (folder / ("%s_%s.json" % (name, inferencer))).write_text(json.dumps(card), encoding="utf-8")
    command = [args.sextant, "run", "--config-dir", folder, "--datasets", *("%s_%s" % key for key in asked), "--model-path", args.model, "--hf-type",
               "base", "-w", folder / "out", "--quiet"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    run = next((folder / "out").iterdir())
    return {key: json.loads(next(run.glob("predictions/*/%s_%s.json" % key)).read_text(encoding="utf-8")) for key in asked}


def run_lm_eval(args, folder):
    """{set: its logged samples by row}"""
    import lm_eval
    import torch
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager
    from tokenizers import pre_tokenizers
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tasks = folder / "tasks"
    tasks.mkdir()
    for name, (_, letters) in SETS.items():
        task = {"task": name + "_rows", "dataset_path": "json", "dataset_kwargs": {"data_files": {"test": str(folder / (name + ".jsonl"))}},
                "test_split": "test", "output_type": "multiple_choice", "doc_to_text": "{{query}}", "doc_to_target": "{{gold}}",
                "doc_to_choice": list(LETTERS) if letters else "{{options}}", "num_fewshot": 0,
                "metric_list": [{"metric": m, "aggregation": "mean", "higher_is_better": True} for m in ("acc", "acc_norm")]}
        (tasks / (name + ".yaml")).write_text(json.dumps(task), encoding="utf-8")
    path = pathlib.Path(args.model)
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    # the conversion loses the model's own rule that digits stand alone
    backend = tokenizer.backend_tokenizer
    backend.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), backend.pre_tokenizer])
    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, torch_dtype=torch.float32).eval()
    done = lm_eval.simple_evaluate(model=HFLM(pretrained=model, tokenizer=tokenizer, batch_size=1, device="cpu"), tasks=[n + "_rows" for n in SETS],
                                   task_manager=TaskManager(include_path=str(tasks), include_defaults=False), log_samples=True, bootstrap_iters=0)
    count = lambda text: len(tokenizer(text, add_special_tokens=False).input_ids)  # noqa: E731
    return {n: sorted(done["samples"][n + "_rows"], key=lambda s: s["doc_id"]) for n in SETS}, count


def best(values):
    return max(range(len(values)), key=lambda i: (values[i], -i))


def margin(values):
    first, second = sorted(values, reverse=True)[:2]
    return first - second


def compare(key, ours, theirs, count):
    """(largest difference a token, choices that differ, of these within the margin)"""
    largest, differ, close = 0.0, 0, 0
    for number, sample in enumerate(theirs):
        prediction = ours[str(number)]
        texts = sample["doc"]["options"] if key[1] == "cloze" else list(LETTERS)
        sums = [float(response[0][0]) for response in sample["resps"]]
        scores = {"sum": sums, "char": [s / len(t) for s, t in zip(sums, texts)]}
        chosen = {"sum": prediction["prediction"]}
        if key[1] == "cloze":
            chosen["char"] = prediction["extra"]["choices"]["char"]
        if key[1] != "clp":
            for label, total, text in zip(LETTERS, sums, texts):
                largest = max(largest, abs(prediction["label: " + label]["logprob"] - total) / max(1, count(" " + text)))
        else:
            import math

            whole = sum(math.exp(s) for s in sums)
            for label, total in zip(LETTERS, sums):
                largest = max(largest, abs(math.log(prediction["extra"]["probabilities"][label]) - total + math.log(whole)))
        for by, label in chosen.items():
            if label != LETTERS[best(scores[by])]:
                differ += 1
                close += margin(scores[by]) < 1e-3
    return largest, differ, close


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sextant", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--rows", type=int, default=50)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        write_rows(folder, pathlib.Path(args.data), args.rows)
        ours = run_sextant(args, folder)
        theirs, count = run_lm_eval(args, folder)
    bad = False
    for key, predictions in ours.items():
        samples = theirs[key[0]]
        largest, differ, close = compare(key, predictions, samples, count)
        bad = bad or largest > 1e-4 or differ > close or len(samples) != len(predictions)
        print("%s/%s: %d rows, log-probabilities within %.1e a token, %d choices differ, %d of them with a margin below 1e-3"
              % (*key, len(samples), largest, differ, close))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
