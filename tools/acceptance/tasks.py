#!/usr/bin/env python3
"""lm-eval's own task files beside lm-eval: tasks.py --sextant PROGRAM --model FILE.gguf --data DIR [--rows 12] [--only NAME...] [--prompts]

Needs a Python that has lm_eval 0.4.13, datasets, torch, transformers and gguf. The rows of DIR are written twice: as snapshots of the Hugging Face
hub's cache, which `sextant run --tasks` reads, and as the Arrow files of datasets' own cache, which lm-eval reads offline. Both run the task
files of the installed lm-eval unchanged, with examples and without, with the chat template and without. Compared are, for every row: context
and continuation to the byte (lm-eval's logged arguments), ln p (1e-4 a token), replies, every number of the table and its standard error (1e-6
where it counts, 2e-4 of it where it is continuous). --prompts: prompts alone, with Sextant's toy backend where --model is not given. Exit code 1
where anything differs. With --keep, what lm-eval gave is kept there, and made once. The sets take turns in the format that Sextant reads: JSON
lines, the same packed, Parquet, or datasets' own Arrow files.
"""

import argparse
import csv
import gzip
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

LETTERS = "ABCDE"


def jsonl(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def table(path, delimiter=",", header=True):
    with open(path, encoding="utf-8-sig", newline="") as rows:
        return list(csv.DictReader(rows, delimiter=delimiter)) if header else list(csv.reader(rows, delimiter=delimiter))


def arc(data, part):
    rows = []
    for path in sorted((data / "ARC" / part).glob("*.jsonl")):
        for row in jsonl(path):
            options = row["question"]["choices"]
            rows.append({"id": row["id"], "question": row["question"]["stem"], "answerKey": row["answerKey"],
                         "choices": {"text": [o["text"] for o in options], "label": [o["label"] for o in options]}})
    return {"train": rows[:40], "validation": rows[40:80], "test": rows[80:160]}


def piqa(data):
    rows = [{"goal": r["query"].removeprefix("Question: ").rstrip("\n"), "sol1": r["choices"][0], "sol2": r["choices"][1], "label": r["gold"]}
            for r in jsonl(data / "piqa/piqa.jsonl")]
    return {"train": rows[:50], "validation": rows[50:120]}


def openbookqa(data):
    rows = []
    for r in table(data / "openbookqa/Main/test.tsv", "\t"):
        options = re.findall(r"\(([A-D])\) (.*?)(?= \([A-D]\)|$)", r["Choices"])
        rows.append({"id": r["ID"], "question_stem": r["Question Stem"], "choices": {"text": [t for _, t in options], "label": [x for x, _ in options]},
                     "answerKey": r["Answer Key"]})
    return {"train": rows[:40], "validation": rows[40:60], "test": rows[60:140]}


def mmlu(data, subject):
    read = lambda split: [{"question": r[0], "subject": subject, "choices": r[1:5], "answer": "ABCD".index(r[5])}  # noqa: E731
                          for r in table(data / f"mmlu/{split}/{subject}_{split}.csv", header=False)]
    return {"test": read("test"), "dev": read("dev")}


def cmmlu(data, subject):
    read = lambda split: [{k: v for k, v in r.items() if k in ("Question", "A", "B", "C", "D", "Answer")} for r in table(data / f"cmmlu/{split}/{subject}.csv")]  # noqa: E731
    return {"test": read("test"), "dev": read("dev")}


def ceval(data, subject):
    read = lambda split: [{"id": i, **{k: r[k] for k in ("question", "A", "B", "C", "D", "answer")}}  # noqa: E731
                          for i, r in enumerate(table(data / f"ceval/formal_ceval/{split}/{subject}_{split}.csv"))]
    return {"val": read("val"), "dev": read("dev")}


def boolq(data):
    rows = [{"question": r["question"], "passage": r["passage"], "idx": i, "label": int(r["answer"] if "answer" in r else r["label"] in (True, "true", "yes"))}
            for i, r in enumerate(jsonl(next((data / "SuperGLUE/BoolQ").glob("*.jsonl"))))]
    return {"train": rows[:30], "validation": rows[30:90]}


def commonsense_qa(data):
    rows = []
    for i, r in enumerate(jsonl(data / "commonsenseqa/commonsense_qa.jsonl")):
        question, _, options = r["query"].partition("\nChoices:\n")
        texts = [line[3:] for line in options.split("\n") if re.match("[A-E]\\. ", line)]
        texts += ["none of these"] * (5 - len(texts))
        rows.append({"id": str(i), "question": question.removeprefix("Question: "), "choices": {"label": list("ABCDE"), "text": texts}, "answerKey": "ABCDE"[r["gold"]]})
    return {"train": rows[:40], "validation": rows[40:100]}


def lambada(data):
    return {"test": [{"text": r["context"] + " " + r["continuation"].strip()} for r in jsonl(data / "lambada/lambada_openai.jsonl")]}


def gsm8k(data):
    return {"train": jsonl(data / "gsm8k/train.first10pct.jsonl")[:60], "test": jsonl(data / "gsm8k/test.jsonl")[:60]}


def nq_open(data):
    rows = jsonl(data / "nq_open/NQ-open.dev.jsonl")
    return {"train": rows[:60], "validation": rows[60:160]}


def triviaqa(data):
    rows = [{"question": r["context"].removeprefix("Question: ").removesuffix("?\nAnswer:"), "answer": {"value": r["answer"], "aliases": r["aliases"]}}
            for r in jsonl(data / "triviaqa/triviaqa_sm_sub.jsonl")]
    return {"train": rows[:40], "validation": rows[40:100]}


def truthfulqa(data):
    rows = []
    for r in table(data / "truthfulqa/TruthfulQA.csv"):
        wrong = [t.strip() for t in r["Incorrect Answers"].split(";") if t.strip()]
        rows.append({"question": r["Question"], "mc1_targets": {"choices": [r["Best Answer"]] + wrong, "labels": [1] + [0] * len(wrong)}})
    return {"validation": rows}


# Sets whose task files have functions: what lm-eval runs in Python, Sextant reads.

def hellaswag(data):
    keep = ("ind", "activity_label", "ctx_a", "ctx_b", "ctx", "split", "split_type", "label", "endings")
    rows = [{**{k: r[k] for k in keep}, "label": str(r["label"]), "source_id": "a"} for r in jsonl(next((data / "hellaswag_subset").glob("*.jsonl")))]
    rows[0]["ctx_a"] += " [header] How to [title] go on"
    return {"train": rows[:30], "validation": rows[30:90]}


def winogrande(data):
    rows = []
    for r in jsonl(data / "winogrande/winogrande.jsonl"):
        first, second = r["context_options"]
        same = os.path.commonprefix([first, second])
        same = same[:same.rfind(" ") + 1]
        rows.append({"sentence": same + "_ " + r["continuation"], "option1": first[len(same):], "option2": second[len(same):], "answer": str(r["gold"] + 1)})
    return {"train": rows[:30], "validation": rows[30:90]}


def of_subjects(data, row):
    subjects = ("abstract_algebra", "astronomy", "clinical_knowledge")
    read = lambda split: [row(i, s, r) for i in range(5) for s in subjects for r in [mmlu(data, s)[split][i]]]  # noqa: E731
    return {"test": read("test"), "validation": read("dev"), "dev": read("dev")}


def mmlu_pro(data):
    names = {"abstract_algebra": "math", "astronomy": "physics", "clinical_knowledge": "health"}
    return of_subjects(data, lambda i, s, r: {"question": r["question"], "options": r["choices"], "answer": LETTERS[r["answer"]], "answer_index": r["answer"],
                                              "cot_content": "A: Let's think step by step. It is %s." % LETTERS[r["answer"]], "category": names[s]})


def global_mmlu(data):
    names = {"abstract_algebra": "STEM", "astronomy": "Other", "clinical_knowledge": "Medical"}
    return of_subjects(data, lambda i, s, r: {"question": r["question"], **{"option_" + k.lower(): o for k, o in zip("ABCD", r["choices"])}, "answer": LETTERS[r["answer"]],
                                              "subject_category": names[s]})


def mmmlu(data):
    return of_subjects(data, lambda i, s, r: {"Question": r["question"], **dict(zip("ABCD", r["choices"])), "Answer": LETTERS[r["answer"]], "Subject": s + ("_test.csv_de.csv" if i % 2 else "")})


def tmmluplus(data):
    rows = [{"question": r["question"], **dict(zip("ABCD", r["choices"])), "answer": LETTERS[r["answer"]]} for r in mmlu(data, "astronomy")["test"][:60]]
    return {"train": rows[:20], "validation": rows[20:30], "test": rows[30:]}


def copa(data):
    rows = [{"premise": r["goal"][:60] + ".", "choice1": r["sol1"], "choice2": r["sol2"], "question": ("cause", "effect")[i % 2], "label": r["label"]} for i, r in enumerate(piqa(data)["train"])]
    return {"validation": rows[:20], "test": rows[20:]}


def pairs(data):
    rows = [{"sentence1": r["question"], "sentence2": r["passage"].split(". ")[0], "label": r["label"], "idx": i} for i, r in enumerate(boolq(data)["validation"])]
    return {"train": rows[:20], "validation": rows[20:]}


def sentences(data):
    rows = [{"sentence": r["question"], "label": r["label"], "idx": r["idx"]} for r in boolq(data)["validation"]]
    return {"train": rows[:20], "validation": rows[20:]}


def kobest(data):
    rows = [{"paragraph": r["passage"], "question": r["question"], "label": r["label"]} for r in boolq(data)["validation"]]
    return {"train": rows[:20], "validation": rows[20:30], "test": rows[30:]}


def flores(data, language):
    return (data / f"flores200_dataset/dev/{language}.dev").read_text(encoding="utf-8").splitlines()


def sib(data):
    categories = ("science/technology", "travel", "politics", "sports", "health", "entertainment", "geography")
    rows = [{"index_id": i, "category": categories[i % 7], "text": text} for i, text in enumerate(flores(data, "eng_Latn")[:60])]
    return {"train": rows[:20], "validation": rows[20:40], "test": rows[40:]}


def translations(data):
    rows = [{"translation": {"de": de, "en": en}} for de, en in zip(flores(data, "deu_Latn")[:60], flores(data, "eng_Latn"))]
    return {"train": rows[:20], "validation": rows[20:40], "test": rows[40:]}


def solutions(data):
    rows = [{"prompt": r["goal"], "solution0": r["sol1"], "solution1": r["sol2"], "label": r["label"]} for r in piqa(data)["validation"]]
    return {"test": rows}


def texts(data):
    paragraphs = [p.strip() for p in (data / "wikitext2/wiki.valid.tokens").read_text(encoding="utf-8").split("\n") if len(p) > 400]
    rows = [{"text": "\n\n".join(paragraphs[3 * i:3 * i + 3]), "meta": {"pile_set_name": "Wikipedia"}} for i in range(20)]
    return {"train": rows, "validation": rows, "test": rows}


# hub name, configuration (None: default), rows by split
SETS = {
    "arc_easy": ("allenai/ai2_arc", "ARC-Easy", lambda d: arc(d, "ARC-e")),
    "arc_challenge": ("allenai/ai2_arc", "ARC-Challenge", lambda d: arc(d, "ARC-c")),
    "piqa": ("baber/piqa", None, piqa),
    "openbookqa": ("allenai/openbookqa", "main", openbookqa),
    "boolq": ("aps/super_glue", "boolq", boolq),
    "commonsense_qa": ("tau/commonsense_qa", None, commonsense_qa),
    "lambada": ("EleutherAI/lambada_openai", "default", lambada),
    "gsm8k": ("openai/gsm8k", "main", gsm8k),
    "nq_open": ("google-research-datasets/nq_open", None, nq_open),
    "triviaqa": ("mandarjoshi/trivia_qa", "rc.nocontext", triviaqa),
    "truthfulqa": ("truthfulqa/truthful_qa", "multiple_choice", truthfulqa),
    "hellaswag": ("Rowan/hellaswag", None, hellaswag),
    "winogrande": ("allenai/winogrande", "winogrande_xl", winogrande),
    "mmlu_pro": ("TIGER-Lab/MMLU-Pro", None, mmlu_pro),
    "global_mmlu": ("CohereLabs/Global-MMLU-Lite", "de", global_mmlu),
    "mmmlu": ("openai/MMMLU", "DE_DE", mmmlu),
    "tmmluplus": ("ikala/tmmluplus", "introduction_to_law", tmmluplus),
    "xcopa": ("cambridgeltl/xcopa", "et", copa),
    "mrpc": ("nyu-mll/glue", "mrpc", pairs),
    "cola": ("nyu-mll/glue", "cola", sentences),
    "kobest_boolq": ("skt/kobest_v1", "boolq", kobest),
    "sib": ("Davlan/sib200", "eng_Latn", sib),
    "wmt16": ("wmt/wmt16", "de-en", translations),
    "solutions": ("mrlbenchmarks/global-piqa-nonparallel", "eng_latn", solutions),
    "pile_10k": ("monology/pile-uncopyrighted", None, texts),
    **{f"mmlu_{s}": ("cais/mmlu", s, lambda d, s=s: mmlu(d, s)) for s in ("abstract_algebra", "astronomy", "clinical_knowledge")},
    **{f"cmmlu_{s}": ("haonan-li/cmmlu", s, lambda d, s=s: cmmlu(d, s)) for s in ("agronomy", "astronomy")},
    **{f"ceval_{s}": ("ceval/ceval-exam", s, lambda d, s=s: ceval(d, s)) for s in ("law", "logic")},
}

# (task, --shots or None, chat): one run for each pair of the last two
CODE = ("hellaswag", "winogrande", "mmlu_pro_math", "mmlu_pro_health", "global_mmlu_de_stem", "global_mmlu_de_medical", "mmmlu_de_de_abstract_algebra", "tmmluplus_introduction_to_law", "xcopa_et")
CASES = [
    *[(t, s, False) for s in (None, 2) for t in CODE],
    *[(t, s, False) for s in (None, 1, 5) for t in ("arc_easy", "arc_challenge", "piqa", "openbookqa", "boolq", "commonsense_qa", "nq_open", "triviaqa")],
    *[(t, s, False) for s in (None, 5) for t in ("mmlu_abstract_algebra", "mmlu_astronomy", "cmmlu_agronomy", "ceval-valid_law")],
    *[(t, None, False) for t in ("cmmlu_astronomy", "ceval-valid_logic", "mmlu_clinical_knowledge", "mmlu_astronomy_generative", "mmlu_astronomy_continuation", "mmlu_abstract_algebra_generative",
                                 "lambada_openai", "lambada_openai_cloze_yaml", "gsm8k", "gsm8k_cot", "gsm8k_cot_zeroshot", "arc_challenge_chat", "truthfulqa_mc1", "boolq-seq2seq", "pile_10k", "kobest_boolq", "sib_eng_prompt_1", "wmt16-de-en", "own_choices")],
    ("mrpc", None, False), ("cola", None, False),
    *[(t, s, True) for s in (None, 2) for t in ("arc_easy", "piqa", "mmlu_astronomy", "nq_open", "arc_challenge_chat", "gsm8k_cot_zeroshot", "lambada_openai")],
]


# No task of lm-eval's has these metrics.
OWN = """
task: own_choices
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
"""


def formats():
    """Which form each repository takes for Sextant, in turn; what datasets made of it serves only where it is the whole of it."""
    repositories = [name for name, _, _ in SETS.values()]
    out = {}
    for name in repositories:
        out.setdefault(name, ("jsonl", "parquet", "jsonl.gz", "arrow")[len(out) % 4])
    return out


def write_split(path, rows, form):
    if form == "parquet":
        import datasets

        return datasets.Dataset.from_list(rows).to_parquet(str(path))
    text = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows).encode("utf-8")
    path.write_bytes(gzip.compress(text) if form.endswith(".gz") else text)


def write_snapshot(hub, cache, name, config, splits, form):
    """A snapshot of the hub's cache, and the same rows as datasets' cache keeps them."""
    import datasets
    from datasets.naming import camelcase_to_snakecase, filename_prefix_for_split

    organisation, short = name.split("/")
    config = config or "default"
    root = hub / f"datasets--{organisation}--{short}"
    snapshot = root / "snapshots" / ("0" * 40)
    if form != "arrow":
        (snapshot / config).mkdir(parents=True)
        (root / "refs").mkdir(exist_ok=True)
        (root / "refs" / "main").write_text("0" * 40)
    readme = snapshot / "README.md"
    entries = readme.read_text().split("---\n")[1] if readme.exists() else "configs:\n"
    entries += f"- config_name: {config}\n  data_files:\n"
    folder = cache / f"{organisation}___{camelcase_to_snakecase(short)}" / config / "0.0.0" / "0123456789abcdef"
    folder.mkdir(parents=True)
    info = None
    for split, rows in splits.items():
        if form != "arrow":
            write_split(snapshot / config / f"{split}.{form}", rows, form)
            entries += f"  - split: {split}\n    path: {config}/{split}.{form}\n"
        made = datasets.Dataset.from_list(rows)
        stem = filename_prefix_for_split(camelcase_to_snakecase(short), split)
        writer = datasets.arrow_writer.ArrowWriter(features=made.features, path=str(folder / f"{stem}.arrow"))
        for row in rows:
            writer.write(row)
        count, size = writer.finalize()
        if info is None:
            info = datasets.DatasetInfo(features=made.features, builder_name="json", dataset_name=camelcase_to_snakecase(short), config_name=config, version="0.0.0",
                                        splits=datasets.SplitDict(dataset_name=camelcase_to_snakecase(short)))
        info.splits.add(datasets.SplitInfo(name=split, num_bytes=size, num_examples=count, dataset_name=camelcase_to_snakecase(short)))
    info.write_to_directory(str(folder))
    if form != "arrow":
        readme.write_text("---\n" + entries + "---\n", encoding="utf-8")


def tasks_folder():
    import lm_eval

    return pathlib.Path(lm_eval.__file__).parent / "tasks"


def run_sextant(args, folder, shots, chat, tasks):
    out = folder / f"out_{shots}_{chat}"
    command = [args.sextant, "run", "--tasks", ",".join(tasks), "--include-path", tasks_folder(), folder / "own", "--limit", str(args.rows), "-w", out, "--quiet"]
    command += ["--model-path", args.model, "--compute", "f32"] if args.model else ["--backend", "sample"]
    command += ["--shots", str(shots)] if shots is not None else []
    command += ["--chat-template", "auto"] if chat else []
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        print("FAIL sextant:", done.stderr[-3000:])
        return None
    run = next(out.iterdir())
    read = lambda kind, task: json.loads(next(run.glob(f"{kind}/*/{task}.json")).read_text(encoding="utf-8"))  # noqa: E731
    return {task: (read("predictions", task), read("results", task)) for task in tasks}


class Reference:
    """lm-eval with its hf model; without a model a dummy that answers nothing."""

    def __init__(self, model, folder):
        from lm_eval.tasks import TaskManager

        self.manager = TaskManager(include_path=str(folder / "own"))
        self.folder = folder
        if not model:
            from lm_eval.models.dummy import DummyLM

            self.lm, self.count = DummyLM(), len
            return
        import torch
        from lm_eval.models.huggingface import HFLM
        from tokenizers import pre_tokenizers
        from transformers import AutoModelForCausalLM, AutoTokenizer

        path = pathlib.Path(model)
        tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
        backend = tokenizer.backend_tokenizer  # the conversion loses the model's own rule that digits stand alone
        backend.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), backend.pre_tokenizer])
        loaded = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()
        self.lm = HFLM(pretrained=loaded, tokenizer=tokenizer, batch_size=1, device="cpu")
        self.count = lambda text: len(tokenizer(text, add_special_tokens=False).input_ids)

    def run(self, tasks, rows, shots, chat):
        """{"samples", "results"} by task. What it gave once is kept."""
        kept = self.folder / f"lm_eval_{'dummy' if self.count is len else 'hf'}_{rows}_{shots}_{chat}.json"
        out = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {"samples": {}, "results": {}}
        lacking = [task for task in tasks if task not in out["samples"]]
        if lacking:
            import lm_eval

            for task in lacking:
                iterations = 0 if task in SLOW_ERRORS or self.count is len else 100000
                made = lm_eval.simple_evaluate(model=self.lm, tasks=[task], task_manager=self.manager, num_fewshot=shots, limit=rows, log_samples=True,
                                               apply_chat_template=chat, fewshot_as_multiturn=chat, bootstrap_iters=iterations)
                for part in ("samples", "results"):
                    out[part][task] = made[part][task]
                kept.write_text(json.dumps(out, default=str), encoding="utf-8")
        return json.loads(json.dumps(out, default=str))


def asked(prediction):
    """[(context, continuation)] of a prediction as Sextant sent them, None for a continuation that is to come."""
    labels = [v for k, v in sorted(((k, v) for k, v in prediction.items() if k.startswith("label: ")), key=lambda item: int(item[0][7:]))]
    if labels:
        return [(label.get("prompt", prediction.get("origin_prompt", "")), label["testing input"]) for label in labels]
    return [(prediction["origin_prompt"], None)]


def compare_rows(task, predictions, samples, count, problems):
    largest = 0.0
    by_row = {s["doc_id"]: s for s in sorted(samples, key=lambda s: s["doc_id"])}
    if len(by_row) != len(predictions):
        problems.append(f"{len(predictions)} rows, lm-eval has {len(by_row)}")
    for number, sample in by_row.items():
        ours = predictions[str(number)]
        if ours.get("dropped_shots"):
            print(f"     row {number}: left out, its prompt is longer than the model takes")
        if ours.get("dropped_shots"):  # the prompt is too long for the model: lm-eval cuts it, Sextant drops examples
            continue
        arguments = sample["arguments"]
        arguments = [tuple(a.values()) for a in arguments.values()] if isinstance(arguments, dict) else list(arguments)
        labels = sorted((k for k in ours if k.startswith("label: ")), key=lambda k: int(k[7:]))
        if labels:
            for label, (context, continuation), response in zip(labels, arguments, sample["resps"]):
                mine = ours[label]
                whole = mine["testing input"]
                if context + continuation != whole:
                    problems.append(f"row {number} {label}: prompts differ: {(context + continuation)[-200:]!r} and {whole[-200:]!r}")
                    continue
                largest = max(largest, abs(mine["logprob"] - float(response[0][0])) / max(1, count(continuation)))
        elif "logprob" in (ours.get("extra") or {}):
            total = float(sample["resps"][0][0])
            largest = max(largest, abs(ours["extra"]["logprob"] - total) / max(1, count(arguments[0][0])))
            if ours["origin_prompt"] != arguments[0][0]:
                problems.append(f"row {number}: texts differ")
        else:
            if ours["origin_prompt"] != arguments[0][0]:
                problems.append(f"row {number}: prompts differ: {arguments[0][0][-200:]!r} and {ours['origin_prompt'][-200:]!r}")
            elif count is not len and ours["prediction"] != sample["resps"][0][0]:
                problems.append(f"row {number}: replies differ: {sample['resps'][0][0][:100]!r} and {ours['prediction'][:100]!r}")
    return largest


# 100,000 of scikit-learn's f1 or mcc take minutes; tests/core/score has these errors
SLOW_ERRORS = ("mrpc", "cola", "own_choices")
OF_TEXTS = ("bleu", "chrf", "ter")
CONTINUOUS = ("perplexity", "word_perplexity", "byte_perplexity", "bits_per_byte", "brier_score")


def compare_numbers(results, theirs, problems):
    shown = []
    for key, value in theirs.items():
        name, _, which = key.partition(",")
        if not which or name.endswith("_stderr") or not isinstance(value, float):
            continue
        row = f"{name},{which}" if f"{name},{which}" in results else name
        if row not in results:
            problems.append(f"there is no {key}")
            continue
        unit = 1 if name in CONTINUOUS + OF_TEXTS else 100
        shown.append(f"{key} {value:.4f}")
        error = results["estimates"].get(row, {}).get("standard_error")
        for what, mine, wanted in (("", results[row], value), ("standard error of ", error, theirs.get(f"{name}_stderr,{which}"))):
            if not isinstance(wanted, float):
                continue
            if mine is None or abs(mine / unit - wanted) > (2e-4 * abs(wanted) if name in CONTINUOUS else 1e-6):
                problems.append(f"the {what}{key} is {mine if mine is None else mine / unit}, lm-eval has {wanted}")
    return shown


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sextant")
    parser.add_argument("--model")
    parser.add_argument("--data", required=True)
    parser.add_argument("--rows", type=int, default=12)
    parser.add_argument("--only", nargs="*", help="of these tasks")
    parser.add_argument("--prompts", action="store_true")
    parser.add_argument("--keep", help="a folder for everything")
    parser.add_argument("--reference", action="store_true", help="lm-eval alone, for --keep")
    args = parser.parse_args()
    scratch = tempfile.TemporaryDirectory()
    folder = pathlib.Path(args.keep or scratch.name).resolve()
    folder.mkdir(exist_ok=True, parents=True)
    os.environ.update(DISABLE_MULTIPROC="1", HF_HUB_OFFLINE="1", HF_HOME=str(folder / "hf"), HF_HUB_CACHE=str(folder / "hf/hub"), HF_DATASETS_CACHE=str(folder / "hf/datasets"))
    if not (folder / "hf").exists():
        for name, config, read in SETS.values():
            write_snapshot(folder / "hf/hub", folder / "hf/datasets", name, config, read(pathlib.Path(args.data)), formats()[name])
    (folder / "own").mkdir(exist_ok=True)
    (folder / "own/own_choices.yaml").write_text(OWN, encoding="utf-8")
    reference = Reference(args.model, folder)
    bad = compared = 0
    for shots, chat in sorted({(s, c) for _, s, c in CASES}, key=lambda case: (case[1], case[0] or 0)):   # the cheap ones first
        tasks = [t for t, s, c in CASES if (s, c) == (shots, chat) and (not args.only or t in args.only)]
        if not args.model:  # the toy backend knows no windows, and its context holds no five passages
            tasks = [t for t in tasks if t != "pile_10k" and (t, shots) != ("boolq", 5)]
        if not tasks or (chat and not args.model):
            continue
        if args.reference:
            reference.run(tasks, args.rows, shots, chat)
            continue
        ours = run_sextant(args, folder, shots, chat, tasks)
        if ours is None:
            bad += 1
            continue
        theirs = reference.run(tasks, args.rows, shots, chat)
        for task in tasks:
            problems = []
            largest = compare_rows(task, ours[task][0], theirs["samples"][task], reference.count, problems)
            shown = [] if args.prompts or not args.model else compare_numbers(ours[task][1], theirs["results"][task], problems)
            if args.model and not args.prompts and largest > 1e-4:
                problems.append(f"log-probabilities differ by {largest:.1e} a token")
            compared += 1
            bad += bool(problems)
            print("%-4s %s shots=%s chat=%s: within %.1e a token; %s" % ("FAIL" if problems else "ok", task, shots, chat, largest, ", ".join(shown)))
            for problem in problems[:3]:
                print("     " + problem)
            sys.stdout.flush()
    if args.reference:
        return
    print("%d runs of %d tasks compared, %d differ" % (compared, len({t for t, _, _ in CASES}), bad))
    sys.exit(1 if bad or not compared else 0)


if __name__ == "__main__":
    main()
