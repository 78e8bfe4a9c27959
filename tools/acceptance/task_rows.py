"""Rows for lm-eval's tasks, in the publishers' layouts: what tasks.py and tasks_speed.py write as a hub cache and as datasets' own cache.

Where SEXTANT_TEST_DATA has a set, its rows are real; the others are made of those (a question of ARC in the columns of SciQ, ...), as only layout
and kind of a task matter for a comparison of two programs on the same rows.
"""

import csv
import gzip
import json
import os
import re

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


def of_subjects(data, row, subjects=("abstract_algebra", "astronomy", "clinical_knowledge")):
    read = lambda split: [row(i, s, r) for i in range(5) for s in subjects for r in [mmlu(data, s)[split][i]]]  # noqa: E731
    return {"test": read("test"), "validation": read("dev"), "dev": read("dev")}


def mmlu_pro(data):
    names = {"abstract_algebra": "math", "astronomy": "physics", "clinical_knowledge": "health"}
    return of_subjects(data, lambda i, s, r: {"question": r["question"], "options": r["choices"], "answer": LETTERS[r["answer"]], "answer_index": r["answer"],
                                              "cot_content": "A: Let's think step by step. It is %s." % LETTERS[r["answer"]], "category": names[s]})


def global_mmlu(data):
    names = {"abstract_algebra": "STEM", "astronomy": "Other", "clinical_knowledge": "Medical", "management": "Business", "prehistory": "Humanities", "us_foreign_policy": "Social Sciences"}
    return of_subjects(data, lambda i, s, r: {"question": r["question"], **{"option_" + k.lower(): o for k, o in zip("ABCD", r["choices"])}, "answer": LETTERS[r["answer"]],
                                              "subject_category": names[s]}, names)


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


def social_iqa(data):
    rows = []
    for r in jsonl(data / "siqa/siqa.jsonl"):
        context, question, *options = re.findall(r"^(?:Context|Question|A\.|B\.|C\.):? (.*)$", r["query"], re.M)
        rows.append({"context": context, "question": question, **dict(zip(("answerA", "answerB", "answerC"), options + ["none of these"])), "label": str(r["gold"] + 1)})
    return {"train": rows[:40], "validation": rows[40:100]}


def sciq(data):
    rows = []
    for r in arc(data, "ARC-e")["test"]:
        options = list(r["choices"]["text"])
        right = options.pop(r["choices"]["label"].index(r["answerKey"]))
        rows.append({"question": r["question"], **dict(zip(("distractor1", "distractor2", "distractor3"), options + ["none"] * 3)), "correct_answer": right,
                     "support": " It is known that %s is one of the answers." % right if len(rows) % 2 else ""})
    return {"train": rows[:30], "validation": rows[30:40], "test": rows[40:]}


def swag(data):
    rows = [{"startphrase": r["ctx"], **{f"ending{i}": e for i, e in enumerate(r["endings"])}, "label": int(r["label"])} for r in hellaswag(data)["validation"]]
    return {"train": rows[:20], "validation": rows[20:]}


def asdiv(data):
    rows = []
    for r in gsm8k(data)["test"]:
        body, _, question = r["question"].rpartition(". ")
        rows.append({"body": body + ".", "question": question, "answer": r["answer"].split("#### ")[1] + " (pieces)", "solution_type": "Addition", "formula": ""})
    return {"validation": rows}


def plain_texts(data, splits=("validation", "test")):
    rows = [{"text": r["text"], "domain": None} for r in lambada(data)["test"][100:160]]
    return {split: rows for split in splits}


def minimal_pairs(data, split):
    endings = [r["endings"][:2] for r in hellaswag(data)["validation"]]
    return {split: [{"sentence_good": a[:60].strip() + ".", "sentence_bad": b[:60].strip() + ".", "UID": "own"} for a, b in endings[:20]]}


def mgsm(data):
    rows = [{"question": r["messages"][0]["content"], "answer": None, "answer_number": int(r["answer"].replace(",", "")), "equation_solution": None} for r in jsonl(data / "mgsm_zh/mgsm_zh.jsonl")]
    examples = [{**r, "question": "问题：" + r["question"], "answer": "逐步解答：答案是 %d。" % r["answer_number"]} for r in rows[:8]]
    return {"train": examples, "test": rows[8:]}


def bbh(data, name):
    return {"test": [{"input": r["input"], "target": r["target"]} for r in json.loads((data / f"BBH/data/{name}.json").read_text(encoding="utf-8"))["examples"]]}


def entailment(data, labels):
    rows = [{"sentence1": r["passage"].split(". ")[0] + ".", "sentence2": r["question"].capitalize() + ".", "premise": r["passage"].split(". ")[0] + ".",
             "hypothesis": r["question"].capitalize(), "label": i % labels, "idx": i} for i, r in enumerate(boolq(data)["validation"])]
    return {"train": rows[:20], "validation": rows[20:]}


def words(data):
    rows = []
    for i, r in enumerate(piqa(data)["validation"]):
        word = r["sol1"].split()[0]
        rows.append({"word": word, "sentence1": r["sol1"], "sentence2": r["sol2"], "start1": 0, "end1": len(word), "start2": 0, "end2": len(word), "label": i % 2, "idx": i})
    return {"train": rows[:20], "validation": rows[20:]}


def logiqa(data):
    rows = [{"label": "abcd"[r["answer"]], "context": "About %s." % r["subject"], "question": r["question"], "options": r["choices"]} for r in mmlu(data, "clinical_knowledge")["test"][:60]]
    return {"train": rows[:20], "validation": rows[20:30], "test": rows[30:]}


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
    "pile_10k": ("NeelNanda/pile-10k", None, texts),
    "pile_arxiv": ("EleutherAI/pile", "pile_arxiv", lambda d: {"train": texts(d)["train"][5:]}),
    "paloma_ptb": ("allenai/paloma", "ptb", lambda d: {split: texts(d)["train"][9:] for split in ("val", "test")}),
    "social_iqa": ("lighteval/siqa", None, social_iqa),
    "sciq": ("allenai/sciq", None, sciq),
    "swag": ("allenai/swag", "regular", swag),
    "asdiv": ("EleutherAI/asdiv", None, asdiv),
    "lambada_standard": ("cimec/lambada", None, plain_texts),
    "blimp": ("nyu-mll/blimp", "anaphor_gender_agreement", lambda d: minimal_pairs(d, "train")),
    "mgsm_zh": ("juletxara/mgsm", "zh", mgsm),
    "bbh_boolean": ("SaylorTwift/bbh", "boolean_expressions", lambda d: bbh(d, "boolean_expressions")),
    "rte": ("nyu-mll/glue", "rte", lambda d: entailment(d, 2)),
    "cb": ("aps/super_glue", "cb", lambda d: {k: v[:5] for k, v in entailment(d, 3).items()}),
    "wic": ("aps/super_glue", "wic", words),
    "copa": ("aps/super_glue", "copa", lambda d: {"train": copa(d)["validation"], "validation": copa(d)["test"]}),
    "logiqa": ("EleutherAI/logiqa", "logiqa", logiqa),
    "mmlu_no_train": ("hails/mmlu_no_train", "astronomy", lambda d: mmlu(d, "astronomy")),
    **{f"mmlu_{s}": ("cais/mmlu", s, lambda d, s=s: mmlu(d, s)) for s in ("abstract_algebra", "astronomy", "clinical_knowledge")},
    **{f"cmmlu_{s}": ("haonan-li/cmmlu", s, lambda d, s=s: cmmlu(d, s)) for s in ("agronomy", "astronomy")},
    **{f"ceval_{s}": ("ceval/ceval-exam", s, lambda d, s=s: ceval(d, s)) for s in ("law", "logic")},
}


def formats():
    """Which form each repository takes for Sextant, in turn; what datasets made of it serves only where it is the whole of it."""
    repositories = [name for name, _, _ in SETS.values()]
    out = {}
    for name in repositories:
        out.setdefault(name, ("jsonl", "parquet", "jsonl.gz", "arrow")[len(out) % 4])
    return out


def write_split(path, rows, form, features):
    if form == "parquet":
        import datasets

        return datasets.Dataset.from_list(rows, features=features).to_parquet(str(path))
    text = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows).encode("utf-8")
    path.write_bytes(gzip.compress(text) if form.endswith(".gz") else text)


def cached(cache, name, config):
    """Where datasets' cache has a set."""
    from datasets.naming import camelcase_to_snakecase

    organisation, short = name.split("/")
    return cache / f"{organisation}___{camelcase_to_snakecase(short)}" / (config or "default")


def write_snapshot(hub, cache, name, config, splits, form="jsonl"):
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
    folder = cached(cache, name, config) / "0.0.0" / "0123456789abcdef"
    folder.mkdir(parents=True)
    info = None
    features = datasets.Dataset.from_list([row for rows in splits.values() for row in rows]).features  # a column may be empty in one split
    for split, rows in splits.items():
        if form != "arrow":
            write_split(snapshot / config / f"{split}.{form}", rows, form, features)
            entries += f"  - split: {split}\n    path: {config}/{split}.{form}\n"
        stem = filename_prefix_for_split(camelcase_to_snakecase(short), split)
        writer = datasets.arrow_writer.ArrowWriter(features=features, path=str(folder / f"{stem}.arrow"))
        for row in rows:
            writer.write(row)
        count, size = writer.finalize()
        if info is None:
            info = datasets.DatasetInfo(features=features, builder_name="json", dataset_name=camelcase_to_snakecase(short), config_name=config, version="0.0.0",
                                        splits=datasets.SplitDict(dataset_name=camelcase_to_snakecase(short)))
        info.splits.add(datasets.SplitInfo(name=split, num_bytes=size, num_examples=count, dataset_name=camelcase_to_snakecase(short)))
    info.write_to_directory(str(folder))
    if form != "arrow":
        readme.write_text("---\n" + entries + "---\n", encoding="utf-8")
