"""A data folder in OpenCompass' layout, for comparing prompts: 20 rows of our own for each set, made by a rule, in its publisher's
format; and with --real DIR the real files that lie there (the test data of the project), put where OpenCompass looks for them.

    python make_data.py OUT [--real DIR]

What the rows say does not matter; that they hold what breaks prompts does: braces that look like columns, quotes, blank ends,
line feeds inside, several scripts. Both OpenCompass and `sextant --data-dir OUT` read them."""

import argparse
import csv
import json
import os
import pathlib
import shutil

N = 20
TRAPS = ["plain", "a {A} in braces", "two\nlines", "\"quoted\" and 'single'", "ends in a blank ", "{question} once more", "tab\there",
         "100% \\frac{1}{2} $x^2$", "中文，标点。", "émigré naïve ☃", " begins with one", "</E> mark", "{{double}}", "a, b; c | d", "UPPER lower"]
LETTERS = "ABCDEFGHIJ"


def text(i, word):
    """A text that is another one for each row and word."""
    return f"{word} {i}: {TRAPS[(i * 7 + len(word)) % len(TRAPS)]} ({(i * 37 + len(word) * 11) % 97})"


def safe(i, word):
    """Without line feeds and tabs, for formats whose rows are lines."""
    return text(i, word).replace("\n", " ").replace("\t", " ").strip()


# OpenCompass reads LiveCodeBench by a script that lies beside the rows
LIVECODEBENCH = """\
import json
import os
import datasets

FOLDER = os.environ["COMPASS_DATA_CACHE"] + "/data/code_generation_lite"


class Config(datasets.BuilderConfig):
    def __init__(self, version_tag="release_v1", **more):
        super().__init__(**more)
        self.version_tag = version_tag


class Lite(datasets.GeneratorBasedBuilder):
    BUILDER_CONFIG_CLASS = Config

    def _info(self):
        with open(FOLDER + "/test.jsonl") as file:
            names = json.loads(file.readline())
        return datasets.DatasetInfo(features=datasets.Features({name: datasets.Value("string") for name in names}))

    def _split_generators(self, manager):
        return [datasets.SplitGenerator(name=datasets.Split.TEST)]

    def _generate_examples(self):
        with open(FOLDER + "/test.jsonl") as file:
            for i, line in enumerate(file):
                yield i, json.loads(line)
"""


class Folder:
    def __init__(self, root):
        self.root = pathlib.Path(root)

    def path(self, name):
        path = self.root / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def jsonl(self, name, rows):
        self.path(name).write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")

    def json(self, name, value):
        self.path(name).write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")

    def lines(self, name, rows):
        self.path(name).write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")

    def csv(self, name, rows, delimiter=","):
        with open(self.path(name), "w", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter=delimiter, lineterminator="\n").writerows(rows)


def choices(i, n, form="dict"):
    if form == "dict":
        return [{"label": LETTERS[k], "text": text(i, f"option {LETTERS[k]}")} for k in range(n)]
    return [text(i, f"option {LETTERS[k]}") for k in range(n)]


def questions(out):
    rows = range(N)
    for name in ("ARC/ARC-c/ARC-Challenge-Dev", "ARC/ARC-c/ARC-Challenge-Test", "ARC/ARC-e/ARC-Easy-Dev", "ARC/ARC-e/ARC-Easy-Test"):
        own = [{"id": str(i), "question": {"stem": text(i, "stem"), "choices": choices(i, 3 if i % 6 == 5 else 4)}, "answerKey": LETTERS[i % 3]}
               for i in range(N + 6)]
        for row in own[1::5]:  # some number their options
            for k, choice in enumerate(row["question"]["choices"]):
                choice["label"] = str(k + 1)
            row["answerKey"] = str(LETTERS.index(row["answerKey"]) + 1)
        out.jsonl(name + ".jsonl", own)
    for split in ("train", "dev"):
        out.jsonl(f"piqa/{split}.jsonl", [{"id": str(i), "goal": text(i, "goal"), "sol1": text(i, "sol1"), "sol2": text(i, "sol2")} for i in rows])
        out.lines(f"piqa/{split}-labels.lst", [i % 2 for i in rows])
        out.jsonl(f"siqa/{split}.jsonl", [{"context": text(i, "context"), "question": text(i, "question"), "answerA": text(i, "answerA"),
                                           "answerB": text(i, "answerB"), "answerC": text(i, "answerC")} for i in rows])
        out.lines(f"siqa/{split}-labels.lst", [i % 3 + 1 for i in rows])
        out.jsonl(f"commonsenseqa/{split}_rand_split.jsonl", [{"answerKey": LETTERS[i % 5], "id": str(i), "question": {
            "question_concept": "c", "choices": choices(i, 5), "stem": text(i, "stem")}} for i in rows])
    out.jsonl("openbookqa/Main/test.jsonl", [{"id": str(i), "question": {"stem": text(i, "stem"), "choices": choices(i, 4)}, "answerKey": LETTERS[i % 4]}
                                             for i in rows])
    out.jsonl("openbookqa/Additional/test_complete.jsonl", [{"id": str(i), "question": {"stem": text(i, "stem"), "choices": choices(i, 4)},
                                                             "fact1": text(i, "fact"), "humanScore": "1.00", "clarity": "2.00", "turkIdAnonymized": "x",
                                                             "answerKey": LETTERS[i % 4]} for i in rows])
    for name in ("hellaswag", "hellaswag_train_sampled25"):
        out.jsonl(f"hellaswag/{name}.jsonl", [{"query": f"Activity: {text(i, 'query')}", "choices": choices(i, 4, "list"), "gold": i % 4} for i in rows])
    for name in ("dev", "train_xs"):
        out.jsonl(f"winogrande/{name}.jsonl", [{"qID": str(i), "sentence": text(i, "sentence") + " because _ was " + text(i, "cause"),
                                                "option1": safe(i, "one"), "option2": safe(i, "two"), "answer": str(i % 2 + 1)} for i in rows])
    out.jsonl("lambada/test.jsonl", [{"prompt": text(i, "prompt"), "label": f"word{i}"} for i in rows])
    for kind in ("middle", "high"):
        for split in ("validation", "test"):
            out.jsonl(f"race/{split}/{kind}.jsonl", [{"example_id": f"{kind}{i}.txt", "article": text(i, "article"), "answer": LETTERS[i % 4],
                                                      "question": text(i, "question"), "options": choices(i, 4, "list")} for i in rows])
    for split in ("dev", "test"):
        out.csv(f"mmlu/{split}/astronomy_{split}.csv", [[text(i, "input"), *choices(i, 4, "list"), LETTERS[i % 4]] for i in rows])
        out.csv(f"mmlu/{split}/us_foreign_policy_{split}.csv", [[text(i, "asked"), *choices(i, 4, "list"), LETTERS[i % 4]] for i in rows])
    out.csv("gpqa/gpqa_diamond.csv", [[f"c{k}" for k in range(12)], *[
        ["x"] * 7 + [text(i, "question"), text(i, "right"), text(i, "wrong1"), text(i, "wrong2"), text(i, "wrong3")] for i in rows]])
    out.json("strategyqa/strategyQA_train.json", [{"qid": str(i), "question": text(i, "question"), "answer": i % 2 == 0, "facts": ["f"]} for i in rows])
    out.jsonl("summedits/summedits.jsonl", [{"domain": "news", "id": str(i), "doc": text(i, "doc"), "summary": text(i, "summary"), "label": i % 2,
                                             "seed_summary": text(i, "seed"), "edit_types": None, "original_summary": None} for i in rows])


def superglue(out):
    rows = range(N)
    base = "SuperGLUE/"
    out.jsonl(base + "BoolQ/val.jsonl", [{"question": text(i, "question"), "passage": text(i, "passage"), "idx": i, "label": ["true", "false"][i % 2]} for i in rows])
    out.jsonl(base + "CB/val.jsonl", [{"premise": text(i, "premise"), "hypothesis": text(i, "hypothesis"), "idx": i,
                                       "label": ["contradiction", "entailment", "neutral"][i % 3]} for i in rows])
    out.jsonl(base + "COPA/val.jsonl", [{"premise": text(i, "premise"), "choice1": text(i, "choice1"), "choice2": text(i, "choice2"),
                                         "question": ["cause", "effect"][i % 2], "label": i % 2, "idx": i} for i in rows])
    for name in ("RTE/val", "AX-g/AX-g"):
        out.jsonl(f"{base}{name}.jsonl", [{"premise": text(i, "premise"), "hypothesis": text(i, "hypothesis"), "idx": i,
                                           "label": ["entailment", "not_entailment"][i % 2]} for i in rows])
    out.jsonl(base + "AX-b/AX-b.jsonl", [{"sentence1": text(i, "sentence1"), "sentence2": text(i, "sentence2"), "idx": i,
                                          "label": ["entailment", "not_entailment"][i % 2], "logic": "Negation"} for i in rows])
    out.jsonl(base + "WiC/val.jsonl", [{"word": f"word{i}", "sentence1": text(i, "sentence1"), "sentence2": text(i, "sentence2"), "idx": i,
                                        "label": ["true", "false"][i % 2], "start1": 1, "start2": 2, "end1": 3, "end2": 4, "version": 1.1} for i in rows])
    wsc = []
    for i in rows:
        one, two = ("Mary Ann", "she") if i % 2 else ("the old dog", "it itself")
        words = f"{safe(i, 'When')} {one} came home , {two} slept".split(" ")
        at = [k for k in range(len(words)) if words[k:k + len(one.split(' '))] == one.split(' ')][0]
        pronoun = [k for k in range(len(words)) if words[k:k + len(two.split(' '))] == two.split(' ')][0]
        wsc.append({"text": " ".join(words), "target": {"span1_index": at, "span1_text": one, "span2_index": pronoun, "span2_text": two},
                    "idx": i, "label": ["true", "false"][i % 2]})
    out.jsonl(base + "WSC/val.jsonl", wsc)
    out.jsonl(base + "MultiRC/val.jsonl", [{"idx": i, "version": 1.1, "passage": {"text": text(i, "passage"), "questions": [
        {"question": text(i, f"question {q}"), "idx": q, "answers": [{"text": text(i, f"answer {q}{k}"), "idx": k, "label": (i + k) % 2} for k in range(2)]}
        for q in range(2)]}} for i in range(6)])
    out.jsonl(base + "ReCoRD/val.jsonl", [{"idx": i, "source": "x", "passage": {"text": text(i, "passage") + "\n@highlight\n" + text(i, "more"), "entities": []},
                                           "qas": [{"query": text(i, f"query {q}") + " @placeholder went", "idx": q,
                                                    "answers": [{"start": 1, "end": 2, "text": f"Name {i}"}, {"start": 5, "end": 6, "text": f"Other {i}"}]}
                                                   for q in range(2)]} for i in range(11)])


def clue(out):
    rows = range(N)
    pair = lambda i: {"sentence1": text(i, "sentence1"), "sentence2": text(i, "sentence2")}
    out.jsonl("CLUE/AFQMC/dev.json", [{**pair(i), "label": str(i % 2)} for i in rows])
    nli = ["entailment", "contradiction", "neutral", "-"]
    for name in ("CLUE/cmnli/cmnli_public/dev.json", "CLUE/OCNLI/dev.json"):
        out.jsonl(name, [{**pair(i), "label": nli[i % 4]} for i in range(N + 8)])
    out.json("CLUE/C3/dev_0.json", [[[text(i, "first"), text(i, "second")], [
        {"question": text(i, f"question {q}"), "choice": choices(i, 4 - (i + q) % 2, "list"), "answer": text(i, "option B")} for q in range(2)], f"id-{i}"]
        for i in range(11)])
    squad = {"version": "v1.0", "data": [{"title": f"t{i}", "id": f"T{i}", "paragraphs": [{"id": f"P{i}", "context": text(i, "context"), "qas": [
        {"id": f"Q{i}{q}", "question": text(i, f"question {q}"), "answers": [{"text": f"answer {i}", "answer_start": 1}, {"text": f"answer {i}", "answer_start": 1}]}
        for q in range(2)]}]} for i in range(11)]}
    for name in ("CMRC", "DRCD"):
        out.json(f"CLUE/{name}/dev.json", squad)
    for split in ("dev_few_all", "test_public"):
        few = "FewCLUE/"
        out.jsonl(f"{few}bustm/{split}.json", [{"id": i, **pair(i), "label": str(i % 2)} for i in rows])
        out.jsonl(f"{few}chid/{split}.json", [{"id": i, "candidates": [f"成语{k}" for k in range(7)], "content": text(i, "content") + "#idiom#" + "后",
                                               "answer": i % 7} for i in rows])
        wsc = []
        for i in rows:
            body = f"小明{i}说他来了。" + safe(i, "文")
            wsc.append({"target": {"span2_index": body.index("他"), "span1_index": 0, "span1_text": "小明", "span2_text": "他"}, "idx": i,
                        "label": ["true", "false"][i % 2], "text": body})
        out.jsonl(f"{few}cluewsc/{split}.json", wsc)
        out.jsonl(f"{few}csl/{split}.json", [{"id": i, "abst": text(i, "abst"), "keyword": [f"词{k}" for k in range(3)], "label": str(i % 2)} for i in rows])
        out.jsonl(f"{few}eprstmt/{split}.json", [{"id": i, "sentence": text(i, "sentence"), "label": ["Positive", "Negative"][i % 2]} for i in rows])
        out.jsonl(f"{few}ocnli/{split}.json", [{**pair(i), "label": nli[i % 4]} for i in range(N + 8)])
        kinds = "agriculture travel game tech sports edu entertainment finance military car house world culture story stock".split()
        out.jsonl(f"{few}tnews/{split}.json", [{"id": i, "label": "1", "label_desc": "news_" + kinds[i % 15], "sentence": text(i, "sentence"), "keywords": ""}
                                               for i in rows])


def open_questions(out):
    rows = range(N)
    for split in ("train", "test"):
        out.jsonl(f"gsm8k/{split}.jsonl", [{"question": text(i, "question"), "answer": f"{text(i, 'work')}\n#### {i},000"} for i in rows])
    out.json("math/math.json", {str(i): {"problem": text(i, "problem"), "level": "Level 1", "type": "Algebra", "solution": f"so \\boxed{{{i}}}"} for i in rows})
    for split in ("dev", "test"):
        out.csv(f"triviaqa/trivia-{split}.qa.csv", [[safe(i, "question"), str([f"Name {i}", f"it's {i}", "plain"])] for i in rows], "\t")
        out.csv(f"nq/nq-{split}.qa.csv", [[safe(i, "question"), str([f"Name {i}", f"it's {i}"])] for i in rows], "\t")
    for name in ("validation", "train"):
        for folder in ("nq-open/nq-open", "triviaqa/triviaqa"):
            out.jsonl(f"{folder}-{name}.jsonl", [{"question": text(i, "question"), "answer": [f"Name {i}", f"Other {i}"]} for i in rows])
    out.jsonl("IFBench/IFBench_test.jsonl", [{"key": str(i), "prompt": text(i, "prompt"), "instruction_id_list": ["format:no_whitespace"], "kwargs": [{}]} for i in rows])
    out.jsonl("ifeval/input_data.jsonl", [{"key": i, "prompt": text(i, "prompt"), "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]} for i in rows])
    for language in "bn de en es fr ja ru sw te th zh".split():
        out.lines(f"mgsm/mgsm_{language}.tsv", [f"{safe(i, 'question ' + language)}\t{i}" for i in rows])
    out.jsonl("Xsum/dev.jsonl", [{"dialogue": text(i, "dialogue"), "summary": text(i, "summary")} for i in rows])
    out.lines("LCSTS/test.src.txt", [safe(i, "source") for i in rows])
    out.lines("LCSTS/test.tgt.txt", [safe(i, "target") for i in rows])
    out.jsonl("aime.jsonl", [{"origin_prompt": text(i, "prompt"), "gold_answer": str(i)} for i in rows])
    out.csv("TheoremQA/test.csv", [["Question", "Answer", "Answer_type", "Picture"], *[[text(i, "question"), f"{i}.5", "float", ""] for i in rows]])
    out.json("TheoremQA/theoremqa_test.json", [{"Question": text(i, "question"), "Answer": str(i), "Answer_type": "integer", "Picture": None} for i in rows])


def exams(out):
    rows = range(N)
    names = """gaokao-chinese gaokao-english gaokao-geography gaokao-history gaokao-biology gaokao-chemistry gaokao-mathqa logiqa-zh lsat-ar
        lsat-lr lsat-rc logiqa-en sat-math sat-en sat-en-without-passage aqua-rat gaokao-physics jec-qa-kd jec-qa-ca gaokao-mathcloze math""".split()
    for name in names:
        cloze, multi = name in ("gaokao-mathcloze", "math"), name in ("gaokao-physics", "jec-qa-kd", "jec-qa-ca")
        own = []
        for i in rows:
            label = None if cloze else [LETTERS[i % 4], "D"] if multi and i % 2 and i % 4 < 3 else LETTERS[i % 4]
            own.append({"passage": text(i, "passage") if i % 3 else None, "question": text(i, "question"),
                        "options": None if cloze else [f"({LETTERS[k]}){text(i, 'option')}" for k in range(5 if "lsat" in name else 4)],
                        "label": label, "answer": str(i) if cloze else None})
        out.jsonl(f"AGIEval/data/v1/{name}.jsonl", own)
    for folder, papers in GAOKAO.items():
        for paper in papers:
            out.json(f"GAOKAO-BENCH/data/{folder}/{paper}.json", {"keywords": paper, "example": [
                {"year": "2010", "category": "x", "question": text(i, "question"), "answer": [LETTERS[i % 4]] * (1 + i % 2), "analysis": text(i, "analysis"),
                 "index": i, "score": 2} for i in rows]})
    category = "math,physics,chemistry,law,engineering,other,economics,health,psychology,business,biology,philosophy,computer science,history".split(",")
    for split in ("validation", "test"):
        out.jsonl(f"mmlu_pro/data/{split}-00000-of-00001.jsonl", [
            {"question_id": i, "question": text(i, "question"), "options": choices(i, 10 - i % 3, "list") + ["N/A"] * (i % 3), "answer": LETTERS[i % 7],
             "answer_index": i % 7, "cot_content": "A: Let's think step by step. " + text(i, "work"), "category": category[i % 14], "src": "x"} for i in range(14 * 3)])
    for name in ("SuperGPQA", "../m-a-p/SuperGPQA"):  # OpenCompass' loader looks for the hub's name
        out.jsonl(f"{name}/SuperGPQA-all.jsonl", [
            {"uuid": str(i), "question": text(i, "question"), "options": choices(i, 10 - i % 4, "list"), "answer": "x", "answer_letter": LETTERS[i % 6],
             "discipline": "Law", "field": "Law", "subfield": "Law", "difficulty": "hard", "is_calculation": False} for i in rows])
    for split in ("val", "test"):
        out.json(f"CMB/{split}.json", [{"exam_type": safe(i, "type"), "exam_class": safe(i, "class"), "exam_subject": "x", "question_type": "单项选择题",
                                        "question": text(i, "question"), "answer": LETTERS[i % 4], "explanation": "x", "id": i,
                                        "option": {LETTERS[k]: text(i, f"option {LETTERS[k]}") if k < 4 else "" for k in range(5)}} for i in rows])
    for split in ("dev", "test"):
        for name in ("agronomy", "anatomy"):
            out.csv(f"cmmlu/{split}/{name}.csv", [["", "Question", "A", "B", "C", "D", "Answer"], *[
                [i, text(i, "a question"), *choices(i, 4, "list"), LETTERS[i % 4]] for i in range(10)]])
    for split in ("dev", "val", "test"):
        for name in ("law", "logic"):
            out.csv(f"ceval/formal_ceval/{split}/{name}_{split}.csv", [
                ["id", "question", "A", "B", "C", "D", *([] if split == "test" else ["answer"]), *(["explanation"] if split == "dev" else [])], *[
                    [i, text(i, "a question"), *choices(i, 4, "list"), *([] if split == "test" else [LETTERS[i % 4]]), *(["x"] if split == "dev" else [])]
                    for i in range(10)]])
    for name in FINANCE:
        for split in ("dev", "test"):
            out.csv(f"FinanceIQ/{split}/{name}.csv", [["", "Question", "A", "B", "C", "D", "Answer"], *[
                [i, text(i, "question"), *choices(i, 4, "list"), LETTERS[i % 4]] for i in range(6)]])


def readings(out):
    rows = range(N)
    dated = lambda i: {"day": str(i), "month": "May", "year": ""} if i % 4 == 1 else {"day": "", "month": "", "year": ""}
    answer = lambda i, k: {"number": str(i + k) if i % 3 == 0 else "", "date": dated(i + k), "spans": [f"span {i}", f"span {k}"] if i % 4 > 1 else [],
                           "worker_id": "", "hit_id": ""}
    out.json("drop/drop_dataset_dev.json", {f"p{i}": {"passage": text(i, "passage"), "wiki_url": "x", "qa_pairs": [
        {"question": text(i, f"question {q}"), "answer": answer(i + q, 0), "query_id": f"{i}{q}", "validated_answers": [answer(i + q, k) for k in range(2)]}
        for q in range(3)]} for i in rows})
    out.jsonl("drop_simple_eval/dev.jsonl", [{"context": text(i, "context"), "completion": f" {i}", "ref_text": f"{i}|{i + 1}"} for i in rows])
    for name in "arabic bengali english finnish indonesian japanese korean russian swahili telugu thai".split():
        out.jsonl(f"tydiqa/dev/{name}-dev.jsonl", [{"id": str(i), "language": name, "document_title": "x", "passage_text": text(i, "passage"),
                                                    "question_text": text(i, "question"), "answers": [{"text": f"name {i}", "start_byte": 1, "limit_byte": 2}] * 2}
                                                   for i in rows])
    out.json("SQuAD2.0/dev-v2.0.json", {"version": "v2.0", "data": [{"title": f"t{i}", "paragraphs": [{"context": text(i, "context"), "qas": [
        {"id": f"{i}{q}", "question": text(i, f"question {q}"), "is_impossible": q == 1, "answers": [] if q else [{"text": f"name {i}", "answer_start": 1}] * 2,
         "plausible_answers": [{"text": f"other {i}", "answer_start": 2}]} for q in range(2)]}]} for i in range(11)]})
    for language in (["eng_Latn"] + FLORES):
        for split in ("dev", "devtest"):
            out.lines(f"flores_first100/{split}/{language}.{split}", [safe(i, language) + " " for i in range(N)])
    for language in ("en",):
        for split in ("train", "eval"):
            out.jsonl(f"xstory_cloze/{language}_{split}.jsonl", [
                {"story_id": str(i), **{f"input_sentence_{k}": text(i, f"sentence {k}") for k in range(1, 5)}, "sentence_quiz1": text(i, "quiz1"),
                 "sentence_quiz2": text(i, "quiz2"), "answer_right_ending": i % 2 + 1} for i in rows])
    for k in (1, 2, 3):
        out.jsonl(f"anli/anli_v1.0/R{k}/dev.jsonl", [{"uid": str(i), "context": text(i, "context"), "hypothesis": text(i, "hypothesis"), "label": "cen"[i % 3],
                                                      "model_label": "c", "emturk": False, "genre": "x", "reason": "x", "tag": "x"} for i in rows])
    for split in ("train", "validation"):
        out.jsonl(f"commonsenseqa_cn/{split}.jsonl", [{"id": str(i), "question": text(i, "question"), "question_concept": "c", "answerKey": LETTERS[i % 5],
                                                       "choices": {"label": list("ABCDE"), "text": choices(i, 5, "list")}} for i in rows])
    for split in ("dev", "test"):
        out.jsonl(f"nq_cn/{split}.jsonl", [{"question": text(i, "question"), "answer": [f"名{i}", f"它{i}"]} for i in rows])
    for split in ("train", "validation", "test"):
        lines = ["", *[safe(i, "= title =") if i % 3 == 0 else " " + safe(i, "line") + " " for i in range(N - 1)]]
        out.lines(f"wikitext-2-raw/wiki.{split}.raw", lines)
        out.jsonl(f"../wikitext/{split}.jsonl", [{"text": line + "\n" if line else ""} for line in lines])  # as the hub has it
    out.path("../wikitext/README.md").write_text("---\nconfigs:\n- config_name: wikitext-2-raw-v1\n  data_files:\n" + "".join(
        f"  - split: {split}\n    path: {split}.jsonl\n" for split in ("train", "validation", "test")) + "---\n", encoding="utf-8")
    out.jsonl("crowspairs_cn/test.jsonl", [{"id": i, "sent_more": text(i, "more"), "sent_less": text(i, "less")} for i in rows])


def sums(out):
    rows = range(N)
    out.jsonl("math/test_prm800k_500.jsonl", [{"problem": text(i, "problem"), "solution": f"so \\boxed{{{i}}}", "answer": str(i), "subject": "Algebra", "level": 1,
                                               "unique_id": str(i)} for i in rows])
    out.json("math/test_prm800k_500.json", {str(i): {"problem": text(i, "problem"), "solution": f"so \\boxed{{{i}}}"} for i in rows})
    out.jsonl("aime2025/aime2025.jsonl", [{"question": text(i, "question"), "answer": str(i)} for i in rows])
    out.jsonl("aime2026/aime2026.jsonl", [{"problem": text(i, "problem"), "answer": i} for i in rows])
    out.jsonl("math401/cloze_en.jsonl", [{"question": text(i, "question"), "answer": f"{i}.5"} for i in rows])
    out.jsonl("gsm-hard/test.jsonl", [{"input": text(i, "the input"), "code": "x", "target": i * 1000.5} for i in rows])
    out.jsonl("svamp/SVAMP.jsonl", [{"ID": str(i), "Body": text(i, "body"), "Question": text(i, "question"), "Equation": "x", "Answer": float(i),
                                     "Type": "Subtraction"} for i in rows])


def long_and_mixed(out):
    """Sets of later: long texts, mathematics, law, labels; where OpenCompass asks the hub, a folder that looks like the hub's."""
    rows = range(N)
    for name in LONGBENCH:
        out.jsonl(f"Longbench/data/{name}.jsonl", [{"input": text(i, "input"), "context": text(i, "context") * 3, "answers": [text(i, "answer")], "length": 9,
                                                    "dataset": name, "language": "en", "all_classes": ["one class", "another"], "_id": str(i)} for i in rows])
    out.path("Longbench/Longbench.py").write_text(LONGBENCH_SCRIPT % LONGBENCH, encoding="utf-8")
    truthful = [[safe(i, "question"), safe(i, "best").replace(";", ","), [safe(i, f"right {k}").replace(";", ",") for k in range(2)],
                 [safe(i, f"wrong {k}").replace(";", ",") for k in range(3)]] for i in rows]
    out.csv("truthfulqa/TruthfulQA.csv", [["Type", "Category", "Question", "Best Answer", "Correct Answers", "Incorrect Answers", "Source"], *[
        ["Adversarial", "c", question, best, "; ".join([best, *right]), "; ".join(wrong), "s"] for question, best, right, wrong in truthful]])
    out.jsonl("../truthful_qa/generation/validation.jsonl", [{"type": "Adversarial", "category": "c", "question": question, "best_answer": best,
                                                              "correct_answers": right, "incorrect_answers": wrong, "source": "s"}
                                                             for question, best, right, wrong in truthful])
    out.path("../truthful_qa/README.md").write_text(
        "---\nconfigs:\n- config_name: generation\n  data_files:\n  - split: validation\n    path: generation/validation.jsonl\n---\n", encoding="utf-8")
    for level in "college high middle college_knowledge high_knowledge middle_knowledge primary_knowledge".split():
        for language in ("cn", "en"):
            out.jsonl(f"mathbench_v1/{level}/single_choice_{language}.jsonl", [
                {"question": text(i, f"question {level}"), "options": choices(i, 4, "list"), "answer": LETTERS[i % 4], "topic": "x"} for i in range(6)])
    for level, language in (("primary", "cn"), ("primary", "en"), ("arithmetic", "en")):
        out.jsonl(f"mathbench_v1/{level}/cloze_{language}.jsonl", [{"question": text(i, "question"), "answer": f" {i} "} for i in rows])
    finest = ["a field", "a finer field", "a much finer field", "another", "other"]
    for name, labels in (("spec_eng", "label"), ("spec_chn", "labels"), ("inter_eng", "label"), ("inter_chn", "labels"), ("train_eng", "label"), ("train_chn", "labels")):
        out.jsonl(f"xiezhi/xiezhi_{name}/xiezhi.v1.json", [
            {"question": text(i, "question " + name), labels: [finest[(i * k + k) % 5] for k in range(1 + i % 3)], "answer": safe(i, f"option {LETTERS[i % 3]}"),
             "options": "\n".join(safe(i, f"option {LETTERS[k]}") for k in range(3 if i % 9 == 7 else 4)) + ('"\n' if i % 5 == 3 else "")}
            for i in range(N + 4)])
    for shots in ("zero_shot", "one_shot"):
        for task in LAWBENCH:
            letter = {"1-2": "正确答案：B。", "3-6": "正确答案:C。", "2-8": "[正确答案]D<eoa>", "3-7": "上文涉及到的犯罪金额:8500.0元。", "2-4": "婚姻家庭",
                      "2-2": "争议焦点类别：违约。", "2-3": "类别:准予离婚、损害赔偿。", "3-1": "法条:刑法第264条", "3-3": "罪名:盗窃;诈骗", "3-4": "刑期:4个月", "3-5": "刑期:144个月"}
            out.json(f"lawbench/{shots}/{task}.json", [{"instruction": text(i, "instruction " + shots), "question": text(i, "question"),
                                                        "answer": letter.get(task, text(i, "answer"))} for i in rows])
    out.jsonl("code_generation_lite/test.jsonl", [{
        "question_title": text(i, "title"), "question_content": text(i, "content"), "platform": "leetcode" if i % 2 else "atcoder", "question_id": str(i),
        "contest_id": "c", "contest_date": "2024-01-01T00:00:00", "starter_code": f"class Solution:\n    def f{i}(self, x: int) -> int:\n        " if i % 2 else "",
        "difficulty": "easy", "public_test_cases": "[]", "private_test_cases": "[]", "metadata": json.dumps({"func_name": f"f{i}"} if i % 2 else {})}
        for i in range(N)])
    out.path("code_generation_lite/code_generation_lite.py").write_text(LIVECODEBENCH)
    out.jsonl("execution-v2/test.jsonl", [{"question_id": i, "id": f"sample_{i}", "function_name": f"f{i}", "code": f"def f{i}(x):\n    return {text(i, 'code')!r}",
                                            "input": f"f{i}(x = {text(i, 'input')!r})", "output": repr(text(i, "output"))} for i in range(N)])
    out.jsonl("test_generation/test.jsonl", [{"question_title": text(i, "title"), "question_content": text(i, "content"), "question_id": str(i), "test_id": i,
                                               "starter_code": f"def f{i}(x: int, y: str) -> int:\n    pass", "function_name": f"f{i}", "difficulty": "easy",
                                               "test": json.dumps([{"input": json.dumps(i) + "\n" + json.dumps(text(i, "input")), "output": json.dumps(i), "testtype": "functional"}])}
                                              for i in range(N)])
    out.jsonl("mbpp_plus/mbpp_plus.jsonl", [{"task_id": i, "text": text(i, "text"), "code": f"def f{i}(x):\n    return x", "test_setup_code": "",
                                             "test_list": [f"assert f{i}({k}) == {k}" for k in range(3)]} for i in rows])
    exam = [{"id": str(i), "question": text(i, "question"), "image": "" if i % 3 else "data:image/png;base64,x", "answer": text(i, "answer"), "category": "Math"}
            for i in range(N + 12)]
    out.jsonl("hle/test.jsonl", exam)
    out.jsonl("../cais/hle/test.jsonl", exam)


LONGBENCH = """2wikimqa hotpotqa musique multifieldqa_en multifieldqa_zh narrativeqa qasper triviaqa gov_report qmsum vcsum dureader lcc repobench-p
    passage_retrieval_en passage_retrieval_zh passage_count trec lsht multi_news samsum""".split()
LAWBENCH = "1-1 1-2 2-2 2-3 2-4 2-5 2-6 2-7 2-8 2-9 2-10 3-1 3-2 3-3 3-4 3-5 3-6 3-7 3-8".split()
LONGBENCH_SCRIPT = """import json
import os

import datasets

class LongBench(datasets.GeneratorBasedBuilder):
    BUILDER_CONFIGS = [datasets.BuilderConfig(name=name, version="1.0.0") for name in %r]

    def _info(self):
        text, many = datasets.Value("string"), [datasets.Value("string")]
        return datasets.DatasetInfo(features=datasets.Features({"input": text, "context": text, "answers": many, "all_classes": many}))

    def _split_generators(self, manager):
        return [datasets.SplitGenerator(name="test", gen_kwargs={"file": os.path.join(self.config.data_dir, "data", self.config.name + ".jsonl")})]

    def _generate_examples(self, file):
        for i, line in enumerate(open(file, encoding="utf-8")):
            row = json.loads(line)
            yield i, {key: row[key] for key in ("input", "context", "answers", "all_classes")}
"""
GAOKAO = {"Multiple-choice_Questions": """2010-2022_Math_II_MCQs 2010-2022_Math_I_MCQs 2010-2022_History_MCQs 2010-2022_Biology_MCQs
              2010-2022_Political_Science_MCQs 2010-2022_Physics_MCQs 2010-2022_Chemistry_MCQs 2010-2013_English_MCQs 2010-2022_Chinese_Modern_Lit
              2010-2022_English_Fill_in_Blanks 2012-2022_English_Cloze_Test 2010-2022_Geography_MCQs 2010-2022_English_Reading_Comp
              2010-2022_Chinese_Lang_and_Usage_MCQs""".split(),
          "Fill-in-the-blank_Questions": """2010-2022_Math_I_Fill-in-the-Blank 2010-2022_Math_II_Fill-in-the-Blank
              2010-2022_Chinese_Language_Famous_Passages_and_Sentences_Dictation 2014-2022_English_Language_Cloze_Passage""".split(),
          "Open-ended_Questions": """2010-2022_Geography_Open-ended_Questions 2010-2022_Chemistry_Open-ended_Questions 2010-2022_Math_I_Open-ended_Questions
              2012-2022_English_Language_Error_Correction 2010-2022_Chinese_Language_Ancient_Poetry_Reading""".split()}
FINANCE = ["注册会计师（CPA）", "银行从业资格", "精算师-金融数学"]
FLORES = ["afr_Latn", "fra_Latn", "zho_Hans", "arb_Arab", "jpn_Jpan"]


def real(out, source):
    """What the project's test data hold of these sets, in OpenCompass' places."""
    source = pathlib.Path(source)
    lines = lambda name: [json.loads(line) for line in (source / name).read_text(encoding="utf-8").splitlines() if line.strip()]
    for name in ("ARC", "AGIEval", "BBH", "mmlu", "SuperGLUE"):
        for file in sorted((source / name).rglob("*")):
            if file.is_file() and file.name != "SOURCES.md":
                shutil.copyfile(file, out.path(str(file.relative_to(source))))
    shutil.copyfile(source / "gsm8k/test.jsonl", out.path("gsm8k/test.jsonl"))
    shutil.copyfile(source / "gsm8k/train.first10pct.jsonl", out.path("gsm8k/train.jsonl"))
    shutil.copyfile(source / "ifeval/input_data.jsonl", out.path("ifeval/input_data.jsonl"))
    for file in (source / "GAOKAO-BENCH/data").rglob("*.json"):  # OpenCompass' folders are called otherwise
        data = json.loads(file.read_text(encoding="utf-8"))
        name = file.name
        kind = data.get("example", [{}])[0].get("answer")
        out.json(f"GAOKAO-BENCH/data/{gaokao_folder(file)}/{name}", data)
    out.jsonl("nq-open/nq-open-validation.jsonl", lines("nq_open/NQ-open.dev.jsonl"))
    piqa = [r for r in lines("piqa/piqa.jsonl")]
    out.jsonl("piqa/dev.jsonl", [{"id": str(i), "goal": r["query"].removeprefix("Question: ").rstrip("\n"), "sol1": r["choices"][0], "sol2": r["choices"][1]}
                                 for i, r in enumerate(piqa)])
    out.lines("piqa/dev-labels.lst", [r["gold"] for r in piqa])
    out.jsonl("hellaswag/hellaswag.jsonl", [{"query": f"{r['activity_label']}: {r['ctx']}", "choices": r["endings"], "gold": r["label"]}
                                            for r in lines("hellaswag_subset/hellaswag.jsonl")])
    out.jsonl("lambada/test.jsonl", [{"prompt": r["context"], "label": r["continuation"]} for r in lines("lambada/lambada_openai.jsonl")])
    with open(source / "openbookqa/Main/test.tsv", encoding="utf-8") as file:
        obqa = []
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            options = row["Choices"].replace("(B)", "(A)").replace("(C)", "(A)").replace("(D)", "(A)").split("(A)")[1:]
            obqa.append({"id": row["ID"], "question": {"stem": row["Question Stem"], "choices": [
                {"text": option.strip(), "label": LETTERS[k]} for k, option in enumerate(options)]}, "answerKey": row["Answer Key"]})
        out.jsonl("openbookqa/Main/test.jsonl", [row for row in obqa if len(row["question"]["choices"]) == 4])
    winogrande = []
    for i, r in enumerate(lines("winogrande/winogrande.jsonl")):
        one, two = r["context_options"]
        shared = os.path.commonprefix([one, two])
        shared = shared[:shared.rfind(" ") + 1]
        winogrande.append({"qID": str(i), "sentence": f"{shared}_ {r['continuation']}", "option1": one[len(shared):], "option2": two[len(shared):],
                           "answer": str(r["gold"] + 1)})
    out.jsonl("winogrande/dev.jsonl", winogrande)
    trivia = lines("triviaqa/triviaqa_sm_sub.jsonl")
    out.jsonl("triviaqa/triviaqa-validation.jsonl", [{"question": r["context"].removeprefix("Question: ").removesuffix("\nAnswer:"), "answer": r["aliases"]}
                                                     for r in trivia])
    maths = lines("MATH/math.jsonl")
    out.json("math/math.json", {str(i): {"problem": r["context"], "level": "Level 5", "type": "x", "solution": f"{r['chain_of_thought']} $\\boxed{{{r['answer']}}}$"}
                                for i, r in enumerate(maths)})
    ask = "\nPlease reason step by step, and put your final answer within \\boxed{}."
    maths = [{"problem": r["prompt"].removesuffix(ask), "solution": f"$\\boxed{{{r['answer']}}}$", "answer": r["answer"], "subject": "x", "level": 1,
              "unique_id": str(i)} for i, r in enumerate(lines("math500/math500.jsonl"))]
    out.jsonl("math/test_prm800k_500.jsonl", maths)
    out.json("math/test_prm800k_500.json", {row["unique_id"]: row for row in maths})
    for file in sorted((source / "flores200_dataset/dev").glob("*.dev")):  # the sentences at hand stand for both splits
        for split in ("dev", "devtest"):
            out.path(f"flores_first100/{split}/{file.stem}.{split}").write_text(
                "".join(file.read_text(encoding="utf-8").splitlines(keepends=True)[:100]), encoding="utf-8")
    out.lines("mgsm/mgsm_zh.tsv", [f"{r['messages'][0]['content']}\t{r['answer']}" for r in lines("mgsm_zh/mgsm_zh.jsonl")])


def gaokao_folder(file):
    name = file.name
    if "Fill" in name:
        return "Fill-in-the-blank_Questions"
    if "Open-ended" in name or "Subjective" in str(file.parent):
        return "Open-ended_Questions"
    return "Multiple-choice_Questions"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--real")
    args = parser.parse_args()
    out = Folder(args.out)
    for make in (questions, superglue, clue, open_questions, exams, readings, sums, long_and_mixed):
        make(out)
    if args.real:
        real(out, args.real)


if __name__ == "__main__":
    main()
