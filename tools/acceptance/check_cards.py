#!/usr/bin/env python3
"""How often `sextant check` raises a false alarm: every installed card whose data are here, on its real rows.

    tools/acceptance/check_cards.py [--data-dir DIR] [--model FILE.gguf] [--only PATTERN...] [--limit ROWS]

SEXTANT_PROGRAM is the installed program, SEXTANT_TEST_DATA and SEXTANT_TEST_MODEL the defaults. Prints the findings that are no notes, by their
check, with the sets and one row each: whether they are true, a reader decides. TRUE_FINDINGS are those that were looked at and hold; others count as
false alarms, and more than 2 % of the pairs of set and check that could have raised one end with exit code 1. A card takes 1 to 60 s.
"""

import argparse
import collections
import fnmatch
import json
import os
import pathlib
import subprocess
import sys

PROGRAM = os.environ.get("SEXTANT_PROGRAM", "sextant")
ALLOWED = 0.02
# (set or pattern of sets, check): why it holds
TRUE_FINDINGS = json.loads((pathlib.Path(__file__).with_name("check_cards.json")).read_text())


def holds(card, finding):
    """"dataset" is the finding's own, or the card's; "says" stands in it."""
    said = finding["text"] + finding.get("sample", "")
    return any(finding["id"] == one["check"] and one.get("says", "") in said and
               any(fnmatch.fnmatchcase(name, one["dataset"]) for name in (finding.get("dataset", card), card)) for one in TRUE_FINDINGS)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", default=os.environ.get("SEXTANT_TEST_DATA", ""))
    parser.add_argument("--model", default=os.path.expanduser(os.environ.get("SEXTANT_TEST_MODEL", "")))
    parser.add_argument("--only", nargs="*", default=["*"])
    parser.add_argument("--limit", type=int, default=0)
    flags = parser.parse_args()
    listed = subprocess.run([PROGRAM, "list", "datasets", "--data-dir", flags.data_dir, "--json"], capture_output=True, text=True)
    lines = [json.loads(line) for line in listed.stdout.splitlines()]
    cards = [one["name"] for one in lines if one["kind"] == "dataset" and not one["data"].startswith("missing")
             and any(fnmatch.fnmatchcase(one["name"], pattern) for pattern in flags.only)]
    sets, alarms, seen = set(), collections.defaultdict(list), 0
    checks = set()
    for name in sorted(set(cards)):
        args = [PROGRAM, "check", "--datasets", name, "--data-dir", flags.data_dir, "--allow-missing", "--json"]
        args += ["--model-path", flags.model] if flags.model else []
        args += ["--limit", str(flags.limit)] if flags.limit else []
        try:
            done = subprocess.run(args, capture_output=True, text=True, timeout=600)
            if flags.model and "give --judge MODEL" in done.stderr:
                done = subprocess.run([*args, "--judge", flags.model], capture_output=True, text=True, timeout=600)
            findings = json.loads(done.stdout)["findings"]
        except subprocess.TimeoutExpired:
            print("%s: no answer after 600 s" % name, flush=True)
            continue
        except (json.JSONDecodeError, KeyError):
            print("%s: no answer: %s" % (name, done.stderr[-300:]), flush=True)
            continue
        sets.add(name)
        by_check = collections.defaultdict(list)
        for one in findings:
            checks.add(one["id"])
            if one["severity"] != "note":
                by_check[one["severity"], one["id"]].append(one)
        for (severity, check), ones in sorted(by_check.items()):
            seen += 1
            known = all(holds(name, one) for one in ones)
            print("%s %s: %s %s (%d sets): %s | row %s %s" % ("known" if known else "ALARM", name, severity, check, len(ones), ones[0]["text"][:200],
                                                              ones[0].get("row"), ones[0].get("sample", "")[:120]), flush=True)
            if not known:
                alarms[check].append(name)
    false = sum(len(names) for names in alarms.values())
    print("%d cards, %d checks that find something anywhere; %d findings that are no notes, %d not known to hold (%.2f %% of %d pairs)" %
          (len(sets), len(checks), seen, false, 100 * false / max(1, len(sets) * len(checks)), len(sets) * len(checks)))
    sys.exit(1 if false > ALLOWED * len(sets) * max(1, len(checks)) else 0)


main()
