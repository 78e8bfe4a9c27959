#!/usr/bin/env python3
"""Judges' prompts beside OpenCompass' own: judge_prompts.py --sextant PROGRAM [--plugin-path DIR] [--show] [--markdown] [CARD...]

Two models' answers from files (tests/golden/judges/judge_data.py) are judged by the plugin `sample`, and what `sextant prompt --predictions`
shows of it under --compat opencompass is compared with the goldens of tests/golden/judges/prompts.json, which OpenCompass 0.5.4 made: the text
that a base model is sent, and a chat model's messages, of pairs in both orders. Prints a table (card, sets, prompts, equal); exit code 1
where one differs, 77 where the plugin is not given."""

import argparse
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests/golden/judges"
sys.path.insert(0, str(GOLDEN))
import judge_data  # noqa: E402


def digest(value):
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()[:12]


def write_cards(folder, goldens):
    sets = [abbr for golden in goldens.values() for abbr in golden["sets"]]
    for model in judge_data.MODELS:
        with open(folder / (model + ".jsonl"), "w", encoding="utf-8") as file:
            for abbr in sets:
                for i in range(80):
                    for turn in range(8):
                        said = judge_data.answer(model, i, turn if abbr.startswith("mtbench_") else 0)
                        file.write(json.dumps({"dataset": abbr, "index": i, "turn": turn, "reply": said}) + "\n")
        card = {"card": "model", "abbr": model, "backend": "answers", "model_path": str(folder / (model + ".jsonl"))}
        (folder / (model + ".json")).write_text(json.dumps(card))
    for name, kind in (("judge_base", "base"), ("judge_chat", "chat")):
        card = {"card": "model", "abbr": "judge", "backend": "sample", "hf_type": kind, "config": {"context_length": 1000000}}
        (folder / (name + ".json")).write_text(json.dumps(card))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sextant", default=os.environ.get("SEXTANT_PROGRAM") or "sextant")
    parser.add_argument("--plugin-path", default=os.environ.get("SEXTANT_TEST_THIRD_PARTY"))
    parser.add_argument("--show", action="store_true", help="the first prompt of each set that differs")
    parser.add_argument("--markdown", action="store_true", help="the table as docs/compat.md has it")
    parser.add_argument("cards", nargs="*")
    args = parser.parse_args()
    if not args.plugin_path:
        print("SKIP: give --plugin-path, where the plugin `sample` is (or SEXTANT_TEST_THIRD_PARTY)")
        return 77
    goldens = json.loads((GOLDEN / "prompts.json").read_text(encoding="utf-8"))
    goldens = {card: golden for card, golden in goldens.items() if not args.cards or card in args.cards}
    shown = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        judge_data.write(folder)
        write_cards(folder, goldens)
        common = ["--config-dir", folder, "--plugin-path", args.plugin_path, "--compat", "opencompass", "--data-dir", folder / "data", "--models", *judge_data.MODELS,
                  "--datasets", *goldens]
        done = subprocess.run([args.sextant, "run", *common, "--judge", "judge_chat", "-w", folder / "work", "--set", "eval.judge.inferencer.max_out_len=1"],
                              capture_output=True, text=True)
        runs = sorted((folder / "work").iterdir()) if (folder / "work").exists() else []
        if not runs:
            sys.exit(done.stderr[-3000:])
        for judge, member in (("judge_base", "text"), ("judge_chat", "messages")):
            out = subprocess.run([args.sextant, "prompt", *common, "--judge", judge, "--predictions", runs[-1], "--json"], capture_output=True, text=True)
            for line in map(json.loads, out.stdout.splitlines()):
                if "judged" not in line:
                    continue
                if line["judged"] == ["base"]:
                    continue
                abbr, order = line["dataset"].rsplit("@", 1)[0], "straight" if line["judged"][0] == "compared" else "swapped"
                value = line["text"] if member == "text" else [[m["role"], m["content"]] for m in line["messages"]]
                shown.setdefault((abbr, str(line["index"]), order), {})[member] = value
            if not out.stdout:
                print(out.stderr[-2000:], file=sys.stderr)
    width, wrong, total = max(map(len, goldens)), 0, 0
    for card, golden in goldens.items():
        prompts = equal = 0
        lines = []
        for abbr, rows in golden["sets"].items():
            first = True
            for i, orders in rows.items():
                for order, members in orders.items():
                    there = shown.get((abbr, i, order), {})
                    good = all(member in there and digest(there[member]) == value for member, value in members.items())
                    prompts, equal = prompts + 1, equal + good
                    if not good and first:
                        first = False
                        lines.append("  %s: row %s, %s differs: %s" % (abbr, i, order, json.dumps(there, ensure_ascii=False) if args.show else ", ".join(there) or "it is missing"))
        total, wrong = total + prompts, wrong + prompts - equal
        print("| %s | %s | %d | %d | %d |" % (card, golden["config"], len(golden["sets"]), prompts, equal) if args.markdown
              else "%-*s  %4d  %5d  %5d" % (width, card, len(golden["sets"]), prompts, equal))
        print("".join(line + "\n" for line in lines), end="")
    print("%d cards, %d prompts, %d differ" % (len(goldens), total, wrong), file=sys.stderr)
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
