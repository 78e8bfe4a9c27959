#!/usr/bin/env python3
"""Exported runs, read by the programs whose files they are: exchange.py --sextant PROGRAM [--lm-eval PYTHON] [--inspect PYTHON]
[--evalscope PYTHON] [--opencompass PYTHON] [--parquet PYTHON] [--page PYTHON --pictures DIR]

Each PYTHON has lm_eval 0.4.13, inspect-ai, evalscope, opencompass 0.5.4, pyarrow. lm-eval's make_table prints our results, Inspect's read_eval_log reads our
logs with as many samples and the same scores, evalscope's Report our reports with the same numbers, OpenCompass' summarizer a run's folder, pyarrow the Parquet
files. --page, a Python that has playwright: Inspect View (`inspect view bundle`) shows the logs in headless Chromium; its pictures lie in DIR. The key sets and
types of lm-eval's files are compared in tests/contract/test_exchange.py. Exit code 1 where something cannot be read or says another number.
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
SUMMARY = """
import sys
from mmengine.config import ConfigDict
from opencompass.summarizers import DefaultSummarizer
folder, model, *sets = sys.argv[1:]
infer = dict(inferencer=dict(type="PPLInferencer"), retriever=dict(type="ZeroRetriever"), prompt_template=dict(type="PromptTemplate", template=""))
reader = dict(input_columns=[], output_column="answer")
DefaultSummarizer(ConfigDict(work_dir=folder, models=[dict(abbr=model, type="HuggingFaceBaseModel")],
                             datasets=[dict(abbr=s, reader_cfg=reader, infer_cfg=infer, eval_cfg={}) for s in sets])).summarize("20260102_030405")
"""
PARQUET = """
import json, sys
import pyarrow.parquet
out = {}
for path in sys.argv[1:]:
    table = pyarrow.parquet.read_table(path)
    out[path.rsplit("/", 1)[1]] = {"rows": table.num_rows, "columns": table.column_names}
print(json.dumps(out))
"""
VIEW = """
import functools, http.server, sys, threading
from playwright.sync_api import sync_playwright
folder, pictures = sys.argv[1:]
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder))
threading.Thread(target=server.serve_forever, daemon=True).start()
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    errors = []
    page.on("pageerror", lambda e: errors.append(str(e)))
    page.goto("http://127.0.0.1:%d/" % server.server_port)
    page.get_by_text("choice", exact=False).first.wait_for(timeout=120000)
    page.screenshot(path=pictures + "/inspect_logs.png")
    page.get_by_text("choice", exact=False).first.click()
    page.get_by_text("Samples", exact=False).first.wait_for(timeout=120000)
    page.wait_for_timeout(3000)
    page.screenshot(path=pictures + "/inspect_log.png")
    print(page.inner_text("body")[:1500].replace("\\n", " | "))
    assert not errors, errors
"""
REPORT = """
import json, sys
from evalscope.report.report import Report
out = {}
RENAMED = ("score", "name")  # of schema 2, which names a metric by its "identity"
def kept(read, written, at):
    # everything that we wrote is what it read; a later schema adds to it
    if isinstance(written, dict):
        for key, value in written.items():
            if key in read or key not in RENAMED:
                kept(read[key], value, at + "." + key)
    elif isinstance(written, list):
        assert len(read) == len(written), at
        for one, other in zip(read, written):
            kept(one, other, at)
    else:
        assert read == written, (at, read, written)
for path in sys.argv[1:]:
    report, written = Report.from_json(path), json.load(open(path))
    kept(report.to_dict(), written, "")
    # which metric is a report's own score schema 2 decides by evalscope's catalogue; here it is the first
    assert [metric.score for metric in report.metrics] == [metric["score"] for metric in written["metrics"]], path
    out[report.dataset_name] = report.metrics[0].score
print(json.dumps(out))
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sextant", required=True)
    for peer in ("lm-eval", "inspect", "evalscope", "opencompass", "parquet", "page"):
        parser.add_argument("--" + peer)
    parser.add_argument("--pictures", default=".", help="where pictures of Inspect View go")
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

    run(args.sextant, "run", "--tasks", "both,open,last,whole", "--include-path", folder / "tasks", "--model-path", ROOT / "tests/golden/tiny_llama.gguf", "--compute", "f32", "-w", folder / "runs")
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
        if args.page:
            pathlib.Path(args.pictures).mkdir(parents=True, exist_ok=True)
            done = run(pathlib.Path(args.inspect).parent / "inspect", "view", "bundle", "--log-dir", folder / "inspect", "--output-dir", folder / "view", "--overwrite")
            check("Inspect bundles its view", done.returncode == 0)
            done = run(args.page, "-c", VIEW, folder / "view", args.pictures)
            check("Inspect View shows the run", done.returncode == 0 and "choice" in done.stdout, done.stdout[:300])
    if args.opencompass:
        run(args.sextant, "run", "--datasets", "everyday_en_ppl", "--limit", "3", "--compat", "opencompass", "--model-path", ROOT / "tests/golden/tiny_llama.gguf", "-w", folder / "oc")
        other = next((folder / "oc").glob("2*"))
        wanted = json.loads(run(args.sextant, "report", other, "--json").stdout)["rows"][0]["value"]
        done = run(args.opencompass, "-c", SUMMARY, other, "tiny_llama", "everyday-en")
        check("OpenCompass' summarizer reads the run", done.returncode == 0 and "| %.2f |" % wanted in done.stdout, next((line for line in done.stdout.splitlines() if "everyday" in line), ""))
    if args.parquet:
        done = run(args.parquet, "-c", PARQUET, *export(mine, "parquet"))
        read = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {}
        check("pyarrow reads the samples", bool(read) and {file["rows"] for file in read.values()} == {15}, json.dumps(read)[:300])
    if args.evalscope:
        done = run(args.evalscope, "-c", REPORT, *export(mine, "evalscope"))
        read = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {}
        check("evalscope reads the reports", bool(read) and abs(read["choice"] - numbers[("choice", "acc")] / 100) < 1e-4, json.dumps(read))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
