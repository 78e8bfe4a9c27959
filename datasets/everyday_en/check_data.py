#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check the files of the everyday_en data set.

Usage: python3 check_data.py [DATA_FOLDER]

Exits with 0 and one line per file if all is well; otherwise with 1 and one
sentence that names the file and the row (counted from 1) of the first fault.
"""
import json
import sys
from collections import Counter
from pathlib import Path

LABELS = "ABCD"
KEYS = ["id", "question", *LABELS, "answer", "topic"]
FILES = {"test.jsonl": 300, "dev.jsonl": 5}  # name -> smallest number of rows
MIN_TOPICS = 15


def no_duplicates(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key appears twice")
    return dict(pairs)


def row_fault(line, index, seen):
    """Return what is wrong with one line (str), or its row (dict)."""
    try:
        row = json.loads(line, object_pairs_hook=no_duplicates)
    except ValueError as error:
        return f"is not a JSON object with unique keys ({error})"
    if not isinstance(row, dict) or list(row) != KEYS:
        return f"must have exactly the keys {', '.join(KEYS)}, in this order"
    if type(row["id"]) is not int or row["id"] != index:
        return f"must have the id {index}, not {row['id']!r}"
    for key in KEYS[1:]:
        text = row[key]
        if not isinstance(text, str) or not text or text != " ".join(text.split()):
            return f"has in {key!r} no text, or text with stray white space"
    if row["answer"] not in list(LABELS):
        return f"has the answer {row['answer']!r}, which is not one of A, B, C, D"
    if len({row[label].casefold() for label in LABELS}) != len(LABELS):
        return "has two options with the same text"
    question = row["question"].casefold()
    if question in seen:
        return f"repeats the question of {seen[question]}"
    return row


def check_file(path, min_rows, seen):
    """Return (fault, None), or (None, rows)."""
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return f"{path.name}: cannot be read as UTF-8 text ({error}).", None
    if text.startswith("\ufeff"):
        return f"{path.name}, row 1: starts with a byte order mark.", None
    if "\r" in text:
        row = text[: text.index("\r")].count("\n") + 1
        return f"{path.name}, row {row}: holds a carriage return; lines end in LF only.", None
    if not text.endswith("\n"):
        return f"{path.name}, row {text.count(chr(10)) + 1}: does not end in a line feed.", None
    rows = []
    for number, line in enumerate(text[:-1].split("\n"), 1):
        row = row_fault(line, number - 1, seen)
        if isinstance(row, str):
            return f"{path.name}, row {number}: {row}.", None
        seen[row["question"].casefold()] = f"{path.name}, row {number}"
        rows.append(row)
    if len(rows) < min_rows:
        return f"{path.name}: has {len(rows)} rows, fewer than {min_rows}.", None
    spread = Counter(row["answer"] for row in rows)
    counts = [spread[label] for label in LABELS]
    if max(counts) - min(counts) > 1:
        return f"{path.name}: the answers A, B, C, D appear {counts} times; these may differ by 1 at most.", None
    return None, rows


def main():
    default = Path(__file__).resolve().parent / "data"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    seen, topics, lines = {}, {}, []
    for name, min_rows in FILES.items():
        fault, rows = check_file(folder / name, min_rows, seen)
        if fault:
            sys.exit(fault)
        topics[name] = {row["topic"] for row in rows}
        spread = Counter(row["answer"] for row in rows)
        lines.append(f"{name}: {len(rows)} rows, {len(topics[name])} topics, "
                     + ", ".join(f"{label} {spread[label]}" for label in LABELS))
    if len(topics["test.jsonl"]) < MIN_TOPICS:
        sys.exit(f"test.jsonl: has {len(topics['test.jsonl'])} topics, fewer than {MIN_TOPICS}.")
    if topics["dev.jsonl"] - topics["test.jsonl"]:
        sys.exit(f"dev.jsonl: has topics that test.jsonl lacks: {sorted(topics['dev.jsonl'] - topics['test.jsonl'])}.")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
