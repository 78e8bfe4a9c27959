#!/usr/bin/env python3
"""Post-processors and metrics beside the tools that people compare with: metrics.py --sextant PROGRAM [--plugin-path DIR] [FAMILY...]

Each family makes predictions from a seed, real ones of the sets in --data and adversarial ones of fragments, gives them to
`sextant plugins run` and to the other tool's own functions, and counts where the two agree. A difference is either explained by a rule
of the family (the reason is printed with its count) or shown; with one that is not explained the exit code is 1.

A family whose reference is missing says so: --opencompass names the folder that holds the package opencompass 0.5.4 (it is imported
without its dependencies); sacrebleu 2.6, rouge-score 0.1.2, math-verify 0.9, lm-eval 0.4.13, jieba, langdetect and scikit-learn are
imported by the Python that runs this script.
"""

import argparse
import collections
import importlib
import json
import math
import pathlib
import pkgutil
import random
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import metric_families  # noqa: E402


class Options:
    def __init__(self, given):
        self.__dict__.update(vars(given))
        self.random = random.Random(given.seed)

    def sextant(self, component, config, lines):
        command = [self.program, "plugins", "run", component, "--config", json.dumps(config)]
        for folder in self.plugin_path:
            command += ["--plugin-path", folder]
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        done = subprocess.run(command, input=text.encode(), capture_output=True)
        if done.returncode != 0:
            sys.exit("%s: %s" % (component, done.stderr.decode()[-2000:]))
        return [json.loads(line) for line in done.stdout.decode().split("\n") if line]


def same(ours, theirs):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return all(key in ours and same(ours[key], value) for key, value in theirs.items())
    if isinstance(ours, (int, float)) and isinstance(theirs, (int, float)):
        return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9)
    return ours == theirs


def compare(name, rows, shown):
    """rows: (case, ours, theirs, reason or None for what differs)"""
    agree, reasons, unexplained = 0, collections.Counter(), []
    for case, ours, theirs, reason in rows:
        if same(ours, theirs):
            agree += 1
        elif reason:
            reasons[reason] += 1
        else:
            unexplained.append((case, ours, theirs))
    print("%-34s %6d compared, %6d agree, %4d explained, %4d not" % (name, len(rows), agree, sum(reasons.values()), len(unexplained)))
    for reason, count in reasons.most_common():
        print("    %4d: %s" % (count, reason))
    for case, ours, theirs in unexplained[:shown]:
        print("    DIFFERS %s\n      ours   %r\n      theirs %r" % (json.dumps(case, ensure_ascii=False)[:600], ours, theirs))
    return not unexplained


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*", metavar="FAMILY")
    parser.add_argument("--sextant", dest="program", required=True)
    parser.add_argument("--plugin-path", action="append", default=[])
    parser.add_argument("--opencompass")
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--ifbench", help="a checkout of github.com/allenai/IFBench")
    parser.add_argument("--nltk-data", help="NLTK's data: tokenizers/punkt_tab, corpora/stopwords")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=5)
    given = parser.parse_args()
    sound = True
    for module in pkgutil.iter_modules(metric_families.__path__):
        if module.name in ("opencompass", "texts") or (given.families and module.name not in given.families):
            continue
        began = time.time()
        try:
            family = importlib.import_module("metric_families." + module.name)
            parts = list(family.compare(Options(given)))
        except (ImportError, metric_families.Missing) as missing:
            print("%-34s SKIP: %s" % (module.name, missing))
            continue
        for name, rows in parts:
            sound = compare(module.name + ": " + name, rows, given.show) and sound
        print("%-34s %.1f s" % (module.name, time.time() - began))
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
