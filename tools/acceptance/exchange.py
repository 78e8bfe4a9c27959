#!/usr/bin/env python3
"""Exported runs, read by the programs whose files they are: exchange.py --sextant PROGRAM --plugin-path DIR [--lm-eval PYTHON] [--inspect PYTHON]
[--evalscope PYTHON] [--view]

Each PYTHON has lm_eval 0.4.13, inspect-ai, evalscope. lm-eval's make_table prints our results, Inspect's read_eval_log reads our logs with as many samples
and the same scores, evalscope's Report our reports with the same numbers. --view: `inspect view bundle` of the logs, to be looked at in a browser.
Exit code 1 where something cannot be read or says another number.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TABLE = """
import json, sys
from lm_eval.utils import make_table
file = json.load(open(sys.argv[1]))
print(make_table(file))
if "groups" in file: print(make_table(file, "groups"))
"""
LOG = """
import json, sys
from inspect_ai.log import list_eval_logs, read_eval_log, read_eval_log_samples
logs = list_eval_logs(sys.argv[1])
out = {}
for info in logs:
    log = read_eval_log(info)
    assert len(list(read_eval_log_samples(info, all_samples_required=True))) == len(log.samples)
    out[log.eval.task] = {"samples": len(log.samples), "scores": {s.name: s.metrics["mean"].value for s in log.results.scores}, "first": str(log.samples[0].input)[:40]}
print(json.dumps(out))
"""
REPORT = """
import json, sys
from evalscope.report.report import Report
out = {}
for path in sys.argv[1:]:
    read = Report.from_json(path)
    written = json.load(open(path))
    assert read.to_dict() == written, (read.to_dict(), written)
    out[read.dataset_name] = read.score
print(json.dumps(out))
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sextant", required=True)
    parser.add_argument("--plugin-path", required=True)
    for peer in ("lm-eval", "inspect", "evalscope"):
        parser.add_argument("--" + peer)
    parser.add_argument("--view", help="a folder for the bundle of Inspect View")
    args = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("SEXTANT_PROGRAM", args.sextant)
    from tests.contract.test_exchange import write_task_files

    folder, bad = pathlib.Path(tempfile.mkdtemp()), 0
    write_task_files(folder)

    def run(*words, python=None):
        done = subprocess.run([str(w) for w in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "HF_HUB_CACHE": str(folder / "hub")})
        if done.returncode:
            print("FAIL", " ".join(map(str, words))[:200], "\n", done.stderr[-2000:])
        return done

    def export(run_folder, name):
        done = run(args.sextant, "export", run_folder, folder / name, "--format", name)
        return done.stdout.split()

    run(args.sextant, "run", "--tasks", "both,open,last,whole", "--include-path", folder / "tasks", "--backend", "sample", "--plugin-path", args.plugin_path, "-w", folder / "runs")
    mine = next((folder / "runs").glob("2*"))
    summary = json.loads(run(args.sextant, "report", mine, "--json").stdout)
    numbers = {(row["dataset"], row["metric"]): row["value"] for row in summary["rows"]}

    def check(what, ok, shown=""):
        nonlocal bad
        bad += not ok
        print("ok  " if ok else "FAIL", what, shown)

    if args.lm_eval:
        [results] = [f for f in export(mine, "lm-eval") if "results_" in f]
        done = run(args.lm_eval, "-c", TABLE, results)
        print(done.stdout)
        row = next((line for line in done.stdout.splitlines() if "acc_norm" in line and "choice" not in line or "choice" in line and "|acc " in line), "")
        check("lm-eval prints the table", done.returncode == 0 and "%.4f" % (numbers[("choice", "acc")] / 100) in done.stdout, row)
    if args.inspect:
        export(mine, "inspect")
        done = run(args.inspect, "-c", LOG, folder / "inspect")
        read = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {}
        check("Inspect reads the logs", {k: v["samples"] for k, v in read.items()} == {"choice": 3, "colon": 3, "open": 3, "last": 3, "whole": 3}, json.dumps(read)[:300])
        check("its numbers are ours", bool(read) and abs(read["choice"]["scores"]["acc"] - numbers[("choice", "acc")] / 100) < 1e-12)
        if args.view:
            done = run(pathlib.Path(args.inspect).parent / "inspect", "view", "bundle", "--log-dir", folder / "inspect", "--output-dir", args.view, "--overwrite")
            check("Inspect bundles its view", done.returncode == 0, args.view)
    if args.evalscope:
        done = run(args.evalscope, "-c", REPORT, *export(mine, "evalscope"))
        read = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {}
        check("evalscope reads the reports", bool(read) and abs(read["choice"] - numbers[("choice", "acc")] / 100) < 1e-4, json.dumps(read))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
