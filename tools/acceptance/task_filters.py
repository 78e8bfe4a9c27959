#!/usr/bin/env python3
"""Filters of lm-eval's task files beside lm-eval's own: task_filters.py --sextant PROGRAM [--rows 200] [--seed 1] [--keep DIR]

Needs a Python that has lm_eval 0.4.13. Every filter_list of its task files whose steps are built in, and as many made ones of all functions, go
over replies of three repeats: pieces that the patterns match, numbers, options, tagged words, other scripts, nothing at all. Sextant reads the
replies from a file (the backend answers) and gives what each filter made of them in lm-eval's samples file. Compared is the text that lm-eval's
filter leaves first. Exit code 1 where one differs, or where no filter was compared. No model is needed.
"""

import argparse
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile

import yaml
from tasks import tasks_folder

SELECTIONS = ("take_first", "take_first_k", "majority_vote")
FUNCTIONS = ("regex", "multi_choice_regex", "remove_whitespace", "lowercase", "uppercase", "map", "format_span", "regex_pos", *SELECTIONS)
PIECES = ("the answer is ", "#### 1,234.50", "#### -7", "(B)", "A", "answer: C", " : D", "$3.", "\\boxed{12}", "\n", "\n\n", " ", "\t", "\u00a0", "\u3000", "yes", "No.", "TRUE", "İstanbul", "ß", "ﬁ", "٣", "二",
          "答案是B", "PERSON: Ann, none $$ LOCATION: Köln,, Oslo", "date: 1 May $ time: noon", "org: none", "('the', 'DET'), ('cat', 'NOUN')", "['invalid']", "*two*", "x.y", "“quoted”", "¿qué?", "$$", "")
CHOICES = ("yes", "no", "Guilty", "Guilty of Romance", "a b", "A", "( x )", "x.y", "12", "“quoted”", "Köln", "$3.", "None", "İstanbul", " spaced ")
PATTERNS = (r"#### (\-?[0-9\.\,]+)", r"(-?[$0-9.,]{2,})|(-?[0-9]+)", r"answer(?: is)?:? *\(?([A-D])\)?", r"([A-D])", r"\b(\w+)\b", r"(\d+)", r"\s*(.*)", r"([^\n]*)", r"(?i)(yes|no)", r"((a)|(b))?", r"\(([A-Z])\)$")


class Loader(yaml.CSafeLoader):
    pass


Loader.add_multi_constructor("!", lambda loader, tag, node: tag + (node.value if isinstance(node.value, str) else ""))


def filters_of_package():
    """The steps of each filter of the package's task files, without those that are functions."""
    found = {}
    for path in sorted(tasks_folder().rglob("*")):
        if path.suffix not in (".yaml", "") or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        keys = yaml.load(text, Loader) if "filter_list:" in text else None
        for entry in (keys.get("filter_list") or []) if isinstance(keys, dict) else []:
            steps = entry.get("filter") if isinstance(entry, dict) else None
            if steps and all(isinstance(step, dict) and step.get("function") in FUNCTIONS for step in steps):
                found.setdefault(json.dumps(steps), steps)
    return list(found.values())


def made_filter(source):
    steps = []
    for _ in range(source.randint(1, 3)):
        step = {"function": source.choice(FUNCTIONS[:7])}
        if step["function"].endswith("regex"):
            step.update(regex_pattern=source.choice(PATTERNS), group_select=source.choice((0, -1)))
            step.update({"fallback": source.choice(("", " none ", "[invalid]"))} if source.random() < 0.5 else {})
        if step["function"] == "multi_choice_regex":
            step.update({key: True for key in ("ignore_case", "ignore_punctuation") if source.random() < 0.5})
            step.update({"regexes_to_ignore": source.sample([r"\$", "a", r"\s", r"[.,]", "(?i)x"], 2)} if source.random() < 0.5 else {})
        if step["function"] == "map":
            step["mapping_dict"] = {source.choice(("A", "yes", "(B)", "[invalid]", "12")): source.choice(("1", 2, 2.5, True, "no"))}
            step.update({"default_value": source.choice(("other", 0, ""))} if source.random() < 0.9 else {})
            step["last"] = True
        steps.append(step)
        if step.pop("last", False):  # what follows takes texts
            break
    steps.append({"function": source.choice(SELECTIONS)})
    steps[-1].update({"k": 1} if steps[-1]["function"] == "take_first_k" else {})
    return steps


def matching(pattern, source):
    """A text that the pattern is likely to match."""
    def of(parsed):
        return "".join(one(*item) for item in parsed)

    def one(kind, value):
        kind = str(kind)
        if kind == "LITERAL":
            return chr(value)
        if kind in ("NOT_LITERAL", "ANY"):
            return source.choice("aZ7 é")
        if kind == "IN":
            if str(value[0][0]) == "NEGATE":
                return source.choice("qz8 ")
            return one(*source.choice(value))
        if kind == "RANGE":
            return chr(source.randint(*value))
        if kind == "CATEGORY":
            return {"CATEGORY_DIGIT": "5", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "w"}.get(str(value), "-")
        if kind == "BRANCH":
            return of(source.choice(value[1]))
        if kind == "SUBPATTERN":
            return of(value[3])
        if "REPEAT" in kind:
            low, high, inner = value
            return "".join(of(inner) for _ in range(source.randint(low, min(int(high), low + 2))))
        return ""

    return of(re._parser.parse(pattern))


def made_rows(filters, count, source):
    patterns = [step["regex_pattern"] for steps in filters for step in steps if "regex_pattern" in step]

    def reply():
        parts = [source.choice(PIECES) for _ in range(source.randint(0, 3))]
        if source.random() < 0.5:
            parts.insert(source.randint(0, len(parts)), matching(source.choice(patterns), source))
        return "".join(parts) if source.random() < 0.9 else source.choice(CHOICES)

    return [{"id": f"question {i}", "choices": source.sample(CHOICES, 4), "replies": [reply() if source.random() < 0.7 else "A" for _ in range(3)]} for i in range(count)]


def by_lm_eval(steps, rows):
    """Of each row the first text that is left; None where lm-eval stops."""
    from lm_eval.api.instance import Instance
    from lm_eval.filters import build_filter_ensemble

    asked = [Instance(request_type="generate_until", doc=row, arguments=("", {}), idx=i, resps=list(row["replies"])) for i, row in enumerate(rows)]
    try:
        build_filter_ensemble("it", [(step["function"], {k: v for k, v in step.items() if k != "function"}) for step in steps]).apply(asked)
    except (IndexError, TypeError, AttributeError):  # a match that there is not, or a number where a text is wanted
        return None
    alone = steps[-1]["function"] == "take_first"  # what is left is no list of repeats
    return [str(left if alone else left[0]) for left in (one.filtered_resps["it"] for one in asked)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sextant", required=True)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="a folder for everything")
    args = parser.parse_args()
    source = random.Random(args.seed)
    scratch = tempfile.TemporaryDirectory()
    folder = pathlib.Path(args.keep or scratch.name).resolve()

    def sextant(*command):
        done = subprocess.run([str(part) for part in (args.sextant, *command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(f"sextant: {done.stderr[-3000:]}")
        return done.stdout

    filters = [steps if steps[-1]["function"] in SELECTIONS else [*steps, {"function": "take_first"}] for steps in filters_of_package()]
    of_package = len(filters)
    filters += [made_filter(source) for _ in range(max(20, of_package))]
    rows = made_rows(filters, args.rows, source)
    for name in ("data", "tasks", "single"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "data/test.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    (folder / "replies.jsonl").write_text("".join(json.dumps({"dataset": "filters", "index": i, "repeat": k, "reply": reply}, ensure_ascii=False) + "\n"
                                                  for i, row in enumerate(rows) for k, reply in enumerate(row["replies"])), encoding="utf-8")

    def write(path, task, numbers):
        keys = {"task": task, "dataset_path": str(folder / "data"), "test_split": "test", "output_type": "generate_until", "doc_to_text": "{{id}}", "doc_to_target": "A", "repeats": 3,
                "generation_kwargs": {"do_sample": True, "temperature": 1.0, "until": ["<end>"]}, "metric_list": [{"metric": "exact_match"}],
                "filter_list": [{"name": f"f{n}", "filter": filters[n]} for n in numbers]}
        path.write_text(yaml.safe_dump(keys, allow_unicode=True), encoding="utf-8")

    for number in range(len(filters)):
        write(folder / f"single/{number}.yaml", f"single_{number}", [number])
    listed = {line["task"]: line for line in map(json.loads, sextant("list", "tasks", folder / "single", "--json").splitlines()) if "task" in line}
    read = [n for n in range(len(filters)) if listed.get(f"single_{n}", {}).get("verdict") == "runs"]
    for number in sorted(set(range(len(filters))) - set(read)):
        print(f"     not read: {json.dumps(filters[number], ensure_ascii=False)}: {listed.get(f'single_{number}', 'the file is broken')}")
    write(folder / "tasks/filters.yaml", "filters", read)
    sextant("run", "--tasks", "filters", "--include-path", folder / "tasks", "--backend", "answers", "--model-path", folder / "replies.jsonl", "-w", folder / "out", "--quiet")
    run = max((folder / "out").iterdir())
    sextant("export", run, folder / "theirs", "--format", "lm-eval")
    ours = {}
    for line in max((folder / "theirs").rglob("samples_filters_*.jsonl")).read_text(encoding="utf-8").splitlines():
        sample = json.loads(line)
        ours[sample["filter"], sample["doc_id"]] = sample
    compared, stopped, bad = 0, 0, 0
    for number in read:
        wanted, different = by_lm_eval(filters[number], rows), []
        stopped += wanted is None
        for i, text in enumerate(wanted or []):
            sample = ours[f"f{number}", i]
            if sample["resps"][0] != rows[i]["replies"]:
                sys.exit(f"row {i}: the replies are {sample['resps']}, and {rows[i]['replies']} were given")
            compared += 1
            if sample["filtered_resps"][0] != text:
                different.append((rows[i]["replies"], rows[i]["choices"], sample["filtered_resps"][0], text))
        bad += bool(different)
        if different:
            print(f"FAIL {json.dumps(filters[number], ensure_ascii=False)}: {len(different)} rows differ, first: %r of %r gives %r, lm-eval has %r" % different[0])
    print(f"{len(read)} of {len(filters)} filters ({of_package} of the package) on {len(rows)} rows of 3 replies: {compared} texts compared, {bad} filters differ, at {stopped} lm-eval stops")
    sys.exit(1 if bad or not compared else 0)


if __name__ == "__main__":
    main()
