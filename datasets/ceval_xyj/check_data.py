#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check the csv files of this data set; exit 1 with a sentence on the first fault.

Usage: python3 check_data.py [folder that holds dev/, val/ and test/]
"""
import csv
import io
import re
import sys
import unicodedata
from collections import Counter
from pathlib import Path

HEADER = ["id", "question", "A", "B", "C", "D", "answer", "explanation"]
ROWS = {"dev": (5, 5), "val": (200, None), "test": (200, None)}  # least, most
LETTERS = "ABCD"
MAX_LONGEST = 0.40  # share of rows whose right option is the only longest one


def numeral(n):
    """1..100 as written in chapter titles, such as 五十九."""
    digits = "零一二三四五六七八九"
    if n == 100:
        return "一百"
    tens, units = divmod(n, 10)
    return (
        ("" if tens < 2 else digits[tens])
        + ("十" if tens else "")
        + (digits[units] if units else "")
    )


CHAPTERS = {numeral(n) for n in range(1, 101)}


class Fault(Exception):
    pass


def check_file(path, split, seen):
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8")
    except FileNotFoundError:
        raise Fault(f"{path}: the file is missing.")
    except UnicodeDecodeError as err:
        raise Fault(f"{path}: not valid UTF-8 ({err.reason} at byte {err.start}).")
    if text.startswith("\ufeff"):
        raise Fault(f"{path}: starts with a byte order mark.")
    if "\r" in text or not text.endswith("\n"):
        bad = text.partition("\r")[0].count("\n") + 1
        raise Fault(f"{path}: row {bad}: lines must end with LF, the last one too.")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as err:
        raise Fault(f"{path}: not well-formed csv ({err}).")
    if not rows or rows[0] != HEADER:
        raise Fault(f"{path}: row 1: the header is not {','.join(HEADER)}.")

    answers, longest = Counter(), 0
    for i, row in enumerate(rows[1:]):
        where = f"{path}: row {i + 2}"
        if len(row) != len(HEADER):
            raise Fault(f"{where}: {len(row)} cells instead of {len(HEADER)}.")
        for name, cell in zip(HEADER, row):
            if not cell or cell != cell.strip():
                raise Fault(f"{where}: cell {name} is empty or has outer blanks.")
            if any(unicodedata.category(c)[0] == "C" for c in cell):
                raise Fault(f"{where}: cell {name} has a control character.")
        item = dict(zip(HEADER, row))
        if item["id"] != str(i):
            raise Fault(f"{where}: id is {item['id']} instead of {i}.")
        question = item["question"]
        if not question.endswith(("。", "？")):
            raise Fault(f"{where}: the question does not end with 。 or ？.")
        key = re.sub(r"\W|_", "", question)
        if key in seen:
            raise Fault(f"{where}: the same question as in {seen[key]}.")
        seen[key] = where
        options = [item[x] for x in LETTERS]
        if len(set(options)) != 4:
            raise Fault(f"{where}: the four options are not distinct.")
        if item["answer"] not in list(LETTERS):
            raise Fault(f"{where}: answer {item['answer']} is not one of A, B, C, D.")
        answers[item["answer"]] += 1
        right = item[item["answer"]]
        longest += all(len(right) > len(o) for o in options if o != right)
        named = re.findall(r"第([^第回]{1,5})回", item["explanation"])
        if not named:
            raise Fault(f"{where}: the explanation names no chapter as 第N回.")
        for n in named:
            if n not in CHAPTERS:
                raise Fault(f"{where}: 第{n}回 is not a chapter from 第一回 to 第一百回.")

    count = len(rows) - 1
    least, most = ROWS[split]
    if count < least or (most is not None and count > most):
        wanted = f"exactly {least}" if most == least else f"at least {least}"
        raise Fault(f"{path}: {count} rows instead of {wanted}.")
    spread = [answers[x] for x in LETTERS]
    if split != "dev" and max(spread) - min(spread) > 1:
        raise Fault(f"{path}: answers A to D are spread unevenly: {spread}.")
    if split != "dev" and longest >= MAX_LONGEST * count:
        raise Fault(f"{path}: the longest option is right in {longest} of {count} rows.")
    return f"{split}: {count} rows, answers A-D {spread}, longest option right {longest / count:.1%}"


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "data"
    seen = {}
    try:
        for split in ROWS:
            print(check_file(root / split / f"xyj_{split}.csv", split, seen))
    except Fault as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
