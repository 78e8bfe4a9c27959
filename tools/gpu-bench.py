#!/usr/bin/env python3
"""Measures the CUDA backend on a machine with a GPU, beside its peers. tools/gpu-check.sh calls it step by step; see gpu_bench/.

    tools/gpu-bench.py ceilings|models|ours|peers|invariance|accuracy|table [--shape SHAPE] [--out DIR] ...

Each figure is a file in --out and is not measured twice. Needs torch and transformers but for `ours`, `invariance` and `table`.
`--shape tiny --device cpu --backend cpu --scale 0.1` tries everything where there is no GPU.
"""

import argparse
import json
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
sys.dont_write_bytecode = True
from gpu_bench import ours, shapes, table, work  # noqa: E402
from gpu_bench.results import Results  # noqa: E402


def ceilings(options, results):
    from gpu_bench import peers

    results.measure("ceilings", lambda: peers.ceilings(options.device))
    results.measure("versions", lambda: versions(options))


def versions(options):
    import torch
    import transformers

    found = {"torch": torch.__version__, "transformers": transformers.__version__, "python": platform.python_version()}
    if shutil.which("nvidia-smi"):
        asked = subprocess.run(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"], capture_output=True, text=True, check=True)
        found["driver"] = asked.stdout.split()[0]
    return found | {"sextant": options.program.call("--version").split()[-1]}


def models(options, results):
    shapes.make(options.shape, options.model, options.device)


def measure_ours(options, results):
    for name in works(options):
        results.measure("ours-%s-%s" % (options.shape, name), lambda: ours.measure(options.program, options.model, name, options.scale))


def measure_peers(options, results):
    from gpu_bench import peers

    peer = peers.Peer(str(options.model), options.device)
    for name, (of, how) in peers.PEERS.items():
        if of.replace("_apart", "") in works(options):
            results.measure("peers-%s-%s" % (options.shape, name), lambda: how(peer, work.scaled(work.WORKS[of], options.scale)))


def works(options):
    return [name for name in work.WORKS if options.work in (None, name)]


def invariance(options, results):
    results.measure("invariance-" + options.shape, lambda: ours.invariance(options.program, options.model, options.scale))


def accuracy(options, results):
    results.measure("accuracy-" + options.shape, lambda: compare(options))


def compare(options):
    """Distances of log-probabilities from transformers' float32: Sextant's in both types, and transformers' own bf16."""
    from gpu_bench import peers

    texts = [bytes(p).decode() for p in work.prompts(work.scaled(work.WORKS["prefill"], options.scale))[:8]]
    reference = [v for row in peers.token_logprobs(peers.Peer(str(options.model), options.device, "float32"), texts) for v in row]
    others = {"f32": options.program.token_logprobs(options.model, "f32", texts)}
    if options.backend != "cpu":
        others["bf16"] = options.program.token_logprobs(options.model, "auto", texts)
    others["peer_bf16"] = peers.token_logprobs(peers.Peer(str(options.model), options.device), texts)
    figure = {"tokens": len(reference)}
    for name, rows in others.items():
        distances = [abs(a - b) for a, b in zip((v for row in rows for v in row), reference, strict=True)]
        figure |= {name + "_worst": max(distances), name + "_mean": statistics.fmean(distances)}
    return figure


def write_table(options, results):
    figures = results.all()
    facts = table.facts_of(figures)
    text = table.page(figures, facts)
    print(text, end="")
    options.page.mkdir(parents=True, exist_ok=True)
    name = facts["date"] + "-" + "-".join(facts["device"].split())
    (options.page / (name + ".md")).write_text(text)
    (options.page / (name + ".json")).write_text(json.dumps(figures, indent=1) + "\n")


COMMANDS = {"ceilings": ceilings, "models": models, "ours": measure_ours, "peers": measure_peers, "invariance": invariance,
            "accuracy": accuracy, "table": write_table}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--shape", choices=shapes.SHAPES, default="1.8b")
    parser.add_argument("--work", choices=work.WORKS, help="only this one")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/gpu-check/figures")
    parser.add_argument("--models", type=pathlib.Path, default=ROOT / "build/gpu-check/models", help="where models are made")
    parser.add_argument("--page", type=pathlib.Path, default=ROOT / "docs/bench", help="where the table goes")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/gpu/root/bin/sextant")
    parser.add_argument("--plugin-path", type=pathlib.Path)
    parser.add_argument("--backend", default="cuda")
    parser.add_argument("--device", default="cuda", help="torch's")
    parser.add_argument("--scale", type=float, default=1, help="below 1: less work")
    options = parser.parse_args()
    options.model = options.models / options.shape
    options.program = ours.Program(options.program, options.backend, options.plugin_path)
    results = Results(options.out)
    COMMANDS[options.command](options, results)
    return 1 if results.failed else 0


if __name__ == "__main__":
    sys.exit(main())
