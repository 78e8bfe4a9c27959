#!/usr/bin/env python3
"""Writes code_replies.json: replies with programs in them, and what OpenCompass' own functions take out of each.

Needs the PyPI package opencompass 0.5.4, unpacked, and PyPI's regex. Usage: make_code_replies.py FOLDER_OF_THE_PACKAGE [--count N --out FILE]
The functions alone are read out of datasets/humaneval.py and datasets/mbpp.py: importing the package takes torch and more.
"""
import argparse
import ast
import json
import pathlib
import random
import re

import regex

HERE = pathlib.Path(__file__).parent
FUNCTIONS = {"datasets/humaneval.py": (re, ("humaneval_postprocess_v2", "humaneval_postprocess_v3")), "datasets/mbpp.py": (regex, ("_process_answer",))}

PROGRAMS = ["def add(a, b):\n    return a + b", "import math\ndef area(r):\n\treturn math.pi * r ** 2\n", "def f(x):\r\n  return x\r\n", "    return x + 1",
            "class A:\n    def m(self):\n        return '''it's'''\n", "def text\\_of(s):\n    return s", "x = 1", "", "def 名(文):\n    return 文  # 注",
            "def q():\n    return \"```\"", "def d():\n    '''DONE'''\n    return 'DONE'", "def s(x):\n    return x.split('\\n')"]
OPENS = ["", "```python\n", "```\n", "```py\n", "``` python\n", "```Python3\n", "~~~\n", "[BEGIN]\n", "[BEGIN]\n '", "[BEGIN]'", "BEGIN\n", "BEGIN '", "'",
         " '", "`", "```python", "Here is the code:\n", "Sure!\n\n```python\n", "\u3000\n", "\x1c```\n", "\n\n    ", "[BEGIN]\n```python\n", "1. ```python\n"]
CLOSES = ["", "\n```", "```", "\n```\n", "\n[DONE]", "' \n[DONE] \n\n ", "'\n[DONE]", "\nDONE", "'\nDONE]", "\n[DONE", "\n```\n[DONE]", "'", "\n```python\nprint(1)\n```",
          "\n```\nIt works.\n```\nadd(1, 2)\n```", "\n\nYou are an expert Python programmer", "\n[DONE]\n[BEGIN]\nx\n[DONE]", "  \x85\n", "\n```  \n", "\n'''", "\u00a0"]


def functions(folder):
    out = {}
    for file, (engine, names) in FUNCTIONS.items():
        tree = ast.parse((folder / file).read_text(encoding="utf-8"))
        found = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name in names and node.name not in out}
        space = {"re": engine}
        for name in names:
            first = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name)
            exec(compile(ast.Module([first], []), file, "exec"), space)
            out[name] = space[name]
        assert set(found) == set(names)
    return out


def replies(count):
    chance = random.Random(1)
    for number in range(count):
        text = chance.choice(OPENS) + chance.choice(PROGRAMS) + chance.choice(CLOSES)
        if number % 5 == 0:
            text += chance.choice(OPENS) + chance.choice(PROGRAMS) + chance.choice(CLOSES)
        if number % 11 == 0:
            at = chance.randrange(len(text) + 1)
            text = text[:at] + chance.choice(["'", "`", "```", "\n", " ", "[DONE]", "BEGIN", "\\_"]) + text[at:]
        yield text


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=160)
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "code_replies.json")
    args = parser.parse_args()
    found = functions(args.folder)
    rows = []
    for text in replies(args.count):
        rows.append({"text": text, "humaneval": found["humaneval_postprocess_v2"](text), "humaneval_last": found["humaneval_postprocess_v3"](text),
                     "mbpp": found["_process_answer"](None, text)})
    args.out.write_text(json.dumps(rows, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
