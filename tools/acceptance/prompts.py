#!/usr/bin/env python3
"""Prompts beside OpenCompass' own: prompts.py --sextant PROGRAM [--real DIR] [--model FILE.gguf] [CARD...]

Compares what `sextant prompt --compat opencompass` gives with the goldens of tests/golden/prompts, which OpenCompass 0.5.4 made: for every
card the text that a base model is sent (for ppl and log-likelihood of each label), and the messages that a chat model is sent. Without
--real the rows are the project's own (make_data.py writes them); with it those of the test data where these have the set. --model is the
model whose template parser is asked (default: the plugin `sample`, which needs no file). --show prints the first texts that differ.
Prints a table (set, rows, equal) and exits with 1 where a row differs."""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests/golden/prompts"
JUDGED = ["hle_gen"]


def digest(value):
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()[:12]


class Compare:
    def __init__(self, sextant, data, model, show):
        self.command, self.data, self.show = [sextant, "prompt", "--compat", "opencompass", "--json"], data, show
        self.model = ["--model-path", model] if model else ["--backend", "sample"]
        if not model and os.environ.get("SEXTANT_TEST_THIRD_PARTY"):
            self.model += ["--plugin-path", os.environ["SEXTANT_TEST_THIRD_PARTY"]]

    def lines(self, name, rows, *more):
        run = subprocess.run([*self.command, *self.model, *self.judge_of(name), *more, "--datasets", name, "--data-dir", self.data, "--rows", ",".join(rows)],
                             capture_output=True, text=True, encoding="utf-8")
        return [json.loads(line) for line in run.stdout.splitlines()], run.stderr

    def judge_of(self, name):
        """A judged set wants one named, though no judge is asked here."""
        cards = self.data + "/../cards"
        if name not in JUDGED:
            return []
        os.makedirs(cards, exist_ok=True)
        pathlib.Path(cards, "no_judge.json").write_text('{"card": "model", "abbr": "no_judge", "backend": "sample"}')
        return ["--config-dir", cards, "--judge", "no_judge"]

    def texts(self, name, golden):
        """By row what OpenCompass' members are called."""
        rows = sorted(golden, key=int)
        out, problems = {row: {} for row in rows}, ""
        base, problems = self.lines(name, rows, "--hf-type", "base")
        for line in base:
            row = out.setdefault(str(line["index"]), {})
            if "label" in line:
                row.setdefault("labels", {})[line["label"]] = line["text"]
            else:
                row["text"] = line["text"]
        if any("messages" in members for members in golden.values()):
            chat, more = self.lines(name, rows)
            problems = problems or more
            for line in chat:
                if "messages" in line:
                    out.setdefault(str(line["index"]), {})["messages"] = [[m["role"], m["content"]] for m in line["messages"]]
        return out, problems

    def card(self, card, golden):
        rows = equal = 0
        lines = []
        for abbr, one in golden["sets"].items():
            texts, problems = self.texts(f"{card}:{abbr}" if golden["parts"] else card, one["rows"])
            first = True
            for row, members in one["rows"].items():
                rows += 1
                there = {name: digest(value) for name, value in texts.get(row, {}).items()}
                same = [there.get(name) == value for name, value in members.items()]
                equal += all(same)
                if not all(same) and first:
                    first = False
                    wrong = [name for name, good in zip(members, same) if not good]
                    lines.append(f"  {abbr}: row {row}: {', '.join(wrong)} differ" + (f"; {problems.strip().splitlines()[-1]}" if problems.strip() else ""))
                    if self.show:
                        lines += [f"    {name}: {json.dumps(texts.get(row, {}).get(name), ensure_ascii=False)}" for name in wrong]
        return card, golden["config"], len(golden["sets"]), rows, equal, lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sextant", default=os.environ.get("SEXTANT_PROGRAM") or "sextant")
    parser.add_argument("--real")
    parser.add_argument("--model")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--markdown", action="store_true", help="the table as docs/compat.md has it")
    parser.add_argument("cards", nargs="*")
    args = parser.parse_args()
    goldens = json.loads((GOLDEN / f"goldens_{'real' if args.real else 'own'}.json").read_text(encoding="utf-8"))
    unknown = [card for card in args.cards if card not in goldens]
    if unknown:
        parser.error(f"there are no goldens of {', '.join(unknown)}")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, GOLDEN / "make_data.py", folder, *(["--real", args.real] if args.real else [])], check=True)
        compare = Compare(args.sextant, folder + "/data", args.model, args.show)
        wanted = {card: golden for card, golden in goldens.items() if not args.cards or card in args.cards}
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = list(pool.map(lambda item: compare.card(*item), wanted.items()))
    bar = " | " if args.markdown else "  "
    width = max(len(r[0]) for r in results)
    for card, config, sets, rows, equal, lines in results:
        text = f"{card:<{width}}{bar}{sets:>4}{bar}{rows:>5}{bar}{equal:>5}"
        print(f"| {card} | {config} | {sets} | {rows} | {equal} |" if args.markdown else text)
        print("".join(line + "\n" for line in lines), end="")
    wrong = sum(r[3] - r[4] for r in results)
    print(f"{len(results)} cards, {sum(r[3] for r in results)} rows, {wrong} differ", file=sys.stderr)
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
