"""Data sets that the tests make for themselves: small, in the forms of the real ones, and different in every row."""

import csv
import json
import pathlib

SUBJECTS = (pathlib.Path(__file__).parent / "ceval_subjects.txt").read_text().split()
COLUMNS = ["id", "question", "A", "B", "C", "D", "answer", "explanation"]
DEV_ROWS, VAL_ROWS = 5, 3


def ceval_row(subject, split, i):
    return {
        "id": i,
        "question": "%s %s: %d + %d = ____" % (subject.replace("_", " "), split, i, len(subject)),
        "A": str(i),
        "B": str(i + len(subject)),
        "C": "0",
        "D": '{A} is "quoted", 等',
        "answer": "ABCD"[(i + len(subject)) % 4],
        "explanation": "",
    }


def write_csv(path, columns, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def make_ceval(folder, subjects=SUBJECTS, leave_out=(), val_rows=VAL_ROWS):
    """FOLDER/ceval/formal_ceval/{dev,val}/<subject>_<split>.csv for all 52 subjects but those left out."""
    for subject in subjects:
        if subject in leave_out:
            continue
        for split, count in (("dev", DEV_ROWS), ("val", val_rows)):
            rows = [ceval_row(subject, split, i) for i in range(count)]
            write_csv(pathlib.Path(folder) / "ceval/formal_ceval" / split / ("%s_%s.csv" % (subject, split)), COLUMNS, rows)


def ceval_card(subject):
    """A card for one subject of make_ceval, where 52 would only take time."""
    columns = ["question", "A", "B", "C", "D"]
    return {
        "card": "dataset",
        "summary": "one subject",
        "abbr": "ceval-" + subject,
        "loader": {"type": "ceval", "name": subject},
        "folder": "ceval/formal_ceval",
        "reader": {"input_columns": columns, "output_column": "answer", "train_split": "dev", "test_split": "val"},
        "infer": {
            "retriever": {"type": "fix_k", "ids": [0, 1, 2, 3, 4]},
            "template": {
                "type": "dialogue",
                "round": [
                    {"role": "HUMAN", "prompt": "{question}\nA. {A}\nB. {B}\nAnswer: "},
                    {"role": "BOT", "prompt": "{answer}"},
                ],
            },
            "inferencer": {"type": "gen"},
        },
        "eval": {"postprocessors": [{"type": "first_capital", "options": "ABCD"}], "metrics": [{"type": "accuracy"}]},
    }


def inline_set(path, abbr="tiny", method="gen", shots=False, **inferencer):
    """A data set written into a CONFIG.json, over a file of make_mcq."""
    question = "{question}\nA. {A}\nB. {B}\nC. {C}\nD. {D}\nAnswer: "
    if method == "gen":
        template = {"type": "dialogue", "round": [{"role": "HUMAN", "prompt": question}, {"role": "BOT", "prompt": "{answer}"}]}
    elif method == "ppl":
        template = {"type": "text", "labels": [{"label": x, "prompt": question + x} for x in "ABCD"]}
    else:
        template = {"type": "text", "prompt": question, "continuations": [{"label": x, "text": " {%s}" % x} for x in "ABCD"]}
    return {
        "abbr": abbr,
        "loader": {"type": "custom"},
        "path": str(path),
        "reader": {
            "input_columns": ["question", "A", "B", "C", "D"],
            "output_column": "answer",
            "train_split": "test",
            "test_split": "test",
        },
        "infer": {
            "retriever": {"type": "fix_k", "ids": [0, 1]} if shots else {"type": "zero"},
            "template": template,
            "inferencer": {"type": method, **inferencer},
        },
        "eval": {
            "postprocessors": [{"type": "first_capital", "options": "ABCD"}] if method == "gen" else [],
            "metrics": [{"type": "accuracy"}],
        },
    }


def mcq_rows(count):
    return [
        {
            "question": "Question number %d?" % i,
            "A": "one %d" % i,
            "B": "two",
            "C": "three",
            "D": "four",
            "answer": "ABCD"[i % 4],
        }
        for i in range(count)
    ]


def make_mcq(path, count=10):
    columns = ["question", "A", "B", "C", "D", "answer"]
    return write_csv(path, columns, mcq_rows(count)) if path.suffix == ".csv" else write_jsonl(path, mcq_rows(count))
