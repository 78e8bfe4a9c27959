#!/usr/bin/env python3
"""Counts the instructions of the hot paths with callgrind and compares them with baselines.json. Writes TAP.

    counts.py PROGRAM [PART OF A NAME]     PROGRAM: the built perf_paths; empty where valgrind's headers were not there to build it
    counts.py PROGRAM --renew              writes baselines.json anew and prints what changed
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

BASELINES = pathlib.Path(__file__).with_name("baselines.json")
TOLERANCE = 0.03
FAMILY_COST_MAX = 1.15  # of a Llama of the same shape: what norms, biases, soft caps and routers cost
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}  # what the machine sets changes no count


def toolchain(program):
    """What the counts depend on besides the sources."""
    found = json.loads(subprocess.run([program, "--toolchain"], check=True, capture_output=True, text=True, env=ENVIRONMENT).stdout)
    found["valgrind"] = subprocess.run(["valgrind", "--version"], check=True, capture_output=True, text=True).stdout.strip()
    return found


def count(program, pattern=""):
    """{path: instructions}, and what the program said of paths that it could not run."""
    with tempfile.TemporaryDirectory(prefix="sextant-perf-") as folder:
        command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--callgrind-out-file=%s/out" % folder, program, pattern]
        done = subprocess.run(command, capture_output=True, text=True, env={**ENVIRONMENT, "TMPDIR": folder})
        said = [line for line in done.stdout.splitlines() if line.startswith("not counted: ")]
        if done.returncode != 0 and not said:
            sys.exit("Bail out! %s\n%s" % (" ".join(command), done.stderr[-2000:]))
        counts = {}
        for path in pathlib.Path(folder).glob("out*"):
            text = path.read_text()
            mark = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.M)
            if mark:
                counts[mark[1]] = int(re.search(r"^totals: (\d+)", text, re.M)[1])
        return counts, said


def skipped(reason):
    print("1..0 # SKIP " + reason)
    return 0


def why_not_comparable(now, then):
    parts = ["%s instead of %s" % (now[name], then[name]) for name in then if now.get(name) != then[name]]
    return "the baselines are of another toolchain: %s (counts.py --renew)" % "; ".join(parts) if parts else None


def verdict(now, then):
    """What is wrong with a count, or None."""
    if then is None:
        return "it has no baseline: renew (README.md)"
    if now is None:
        return "it was not counted"
    if now > then * (1 + TOLERANCE):
        return "more instructions than the baseline allows: make it cheaper, or renew and say why"
    if now < then * (1 - TOLERANCE):
        return "cheaper than its baseline: lower the baseline, so that the guard stays tight (README.md)"
    return None


def line(name, now, then):
    change = "" if not now or not then else " (%+.1f %%)" % (100 * (now / then - 1))
    return "%s: %s instructions, baseline %s%s" % (name, "{:,}".format(now) if now else "no", "{:,}".format(then) if then else "none", change)


def slow_families(counts):
    """The families that cost more than their flags may, with how much."""
    llama = counts["family/llama"]
    return ["%s: %.2f" % (name, now / llama) for name, now in counts.items() if name.startswith("family/") and now > FAMILY_COST_MAX * llama]


def compare(counts, said, baselines, pattern):
    names = [name for name in dict.fromkeys([*baselines, *counts]) if pattern in name]
    families = "family/llama" in counts
    print("1..%d" % (len(names) + families))
    bad = 0
    for number, name in enumerate(names, 1):
        now, then = counts.get(name), baselines.get(name)
        cannot = [text for text in said if name in text]
        problem = None if cannot and "this processor has no" in cannot[0] else verdict(now, then)
        print("%s %d - %s%s" % ("not ok" if problem else "ok", number, line(name, now, then), " # SKIP " + cannot[0] if cannot and not problem else ""))
        if problem:
            print("#   " + "; ".join([problem, *cannot]))
            bad += 1
    if families:
        slow = slow_families(counts)
        print("%s %d - no family costs more than %.2f times a Llama%s" % (
            "not ok" if slow else "ok", len(names) + 1, FAMILY_COST_MAX, ": not " + ", ".join(slow) if slow else ""))
        bad += bool(slow)
    return 1 if bad else 0


def renew(program):
    before = json.loads(BASELINES.read_text())["counts"] if BASELINES.exists() else {}
    counts, said = count(program)
    if said:
        sys.exit("\n".join(said))
    for name in dict.fromkeys([*before, *counts]):
        if verdict(counts.get(name), before.get(name)):
            print(line(name, counts.get(name), before.get(name)))
    BASELINES.write_text(json.dumps({"toolchain": toolchain(program), "counts": counts}, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return 0


def main(program, *words):
    if not shutil.which("valgrind") or not program:
        return skipped("valgrind is not installed, or was not when this build was configured (Debian: valgrind)")
    if words == ("--renew",):
        return renew(program)
    baselines = json.loads(BASELINES.read_text())
    reason = why_not_comparable(toolchain(program), baselines["toolchain"])
    if reason:
        return skipped(reason)
    pattern = words[0] if words else ""
    return compare(*count(program, pattern), baselines["counts"], pattern)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
