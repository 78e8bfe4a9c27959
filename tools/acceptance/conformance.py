#!/usr/bin/env python3
"""Every installed component, and those that are built outside the tree, under `sextant plugins check`: none may break a rule.

    tools/acceptance/conformance.py [--program PATH] [--third-party DIR] [--only PATTERN...]

SEXTANT_PROGRAM and SEXTANT_TEST_THIRD_PARTY name them otherwise; SEXTANT_TEST_MODEL the model of the backend cpu.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

# what a component needs beyond the defaults of its schema
CONFIGS = {
    "dialogue": {"round": [{"role": "HUMAN", "prompt": "{question}"}, {"role": "BOT", "prompt": "{answer}"}]},
    "text": {"prompt": "{question}"},
    "first_capital": {"options": "ABCD"}, "first_capital_multi": {"options": "ABCD"}, "first_option": {"options": "ABCD"}, "last_option": {"options": "ABCD"},
    "regex": {"pattern": "([A-D])"}, "match_answer_pattern": {"pattern": "([A-D])"},
    "binary_f1": {"positive": "A"}, "answers": {"path": "REPLIES", "dataset": "kit"}, "model:cpu": {"path": "MODEL"},
}
# and what it is asked, where the kit's own questions are none of its kind
ITEMS = {
    "gsm8k_dataset": {"text": "2 + 2 is 4.\n#### 4"},
    "nearest_candidate": {"prediction": "A", "reference": {"candidates": ["A", "B"], "label": 0}},
    "ifeval": {"prediction": "no comma here", "reference": "", "record": {"key": 1, "prompt": "?", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.environ.get("SEXTANT_PROGRAM"))
    parser.add_argument("--third-party", default=os.environ.get("SEXTANT_TEST_THIRD_PARTY"))
    parser.add_argument("--only", nargs="*", default=[])
    args = parser.parse_args()
    if not args.program:
        print("SKIP: give --program (or SEXTANT_PROGRAM)")
        sys.exit(77)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sextant-conformance-"))
    replies = folder / "replies.jsonl"
    replies.write_text("".join(json.dumps({"index": i, "reply": "A"}) + "\n" for i in range(4)))
    environment = dict(os.environ, **({"SEXTANT_PLUGIN_PATH": args.third_party} if args.third_party else {}))
    found = subprocess.run([args.program, "plugins", "list", "--json"], capture_output=True, text=True, env=environment)
    bad = 0
    for row in map(json.loads, found.stdout.splitlines()):
        name = "%s:%s" % (row.get("kind"), row.get("id"))
        if "summary" not in row or row["id"] in ("command", "openai", "cuda") or (row["id"] == "cpu" and not args.only) or (args.only and not any(word in (row["id"], name, row["kind"]) for word in args.only)):
            continue  # a program, a server and a GPU are not here (new_plugins.py tries programs); a real model takes minutes: --only cpu
        config = CONFIGS.get(name, CONFIGS.get(row["id"]))
        command = [args.program, "plugins", "check", row["path"], "--kind", name, "--json", "--seconds", "300" if row["id"] == "cpu" else "60"]
        if config:
            text = json.dumps(config).replace("REPLIES", str(replies)).replace("MODEL", os.environ.get("SEXTANT_TEST_MODEL", ""))
            command += ["--config", text]
        if row["id"] in ITEMS:
            items = folder / (row["id"] + ".jsonl")
            items.write_text(json.dumps(ITEMS[row["id"]]) + "\n")
            command += ["--items", str(items)]
        begin = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True)
        outcomes = [json.loads(line) for line in done.stdout.splitlines()]
        failed = [o for o in outcomes if o["state"] == "failed"]
        untried = [o for o in outcomes if o["state"] == "not tried"]
        bad += bool(failed or done.returncode)
        print("%-34s %2d rules, %d not tried, %4.1f s%s" % (name, len(outcomes), len(untried), time.monotonic() - begin, "" if done.returncode == 0 else "  FAILED " + done.stderr[-300:]))
        for outcome in failed:
            print("    failed     %-14s %s" % (outcome["rule"], outcome.get("why", "")[:300]))
        for why in dict.fromkeys(outcome.get("why", "") for outcome in untried):
            print("    not tried  %s: %s" % (", ".join(o["rule"] for o in untried if o.get("why", "") == why), why[:300]))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
