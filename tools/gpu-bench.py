#!/usr/bin/env python3
"""Measures the CUDA backend on a machine with a GPU, beside its peers. tools/gpu-check.sh calls it step by step; see gpu_bench/.

    tools/gpu-bench.py ceilings|models|ours|quantised|peers|kernels|llama|start|invariance|accuracy|table [--shape SHAPE] [--out DIR] ...

Each figure is a file in --out and is not measured twice. `ceilings`, `peers` and `accuracy` need torch and transformers, `models` and
`kernels` use torch where it is there. `--shape tiny --device cpu --scale 0.05` is for trying everything where there is no GPU, as
tools/gpu-check.sh --rehearse does.
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
from gpu_bench import choices, kernels, llama, model_files, ours, shapes, table, work  # noqa: E402
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


def measure_quantised(options, results):
    """The same work on 4-bit weights that stay so on the GPU."""
    model = options.models / "quantised" / (options.shape + ".gguf")
    if not model.exists():
        model.parent.mkdir(exist_ok=True)
        model_files.write_gguf(options.model, model, quantised=True)
    for name in [name for name in works(options) if name in work.QUANTISED]:
        results.measure("quantised-%s-%s" % (options.shape, name),
                        lambda: ours.measure(options.program, model, name, options.scale, keep_quantised=True))


def measure_peers(options, results):
    from gpu_bench import peers

    peer = peers.Peer(str(options.model), options.device)
    for name, (of, how) in peers.PEERS.items():
        if of.replace("_apart", "") in works(options):
            results.measure("peers-%s-%s" % (options.shape, name), lambda: how(peer, work.scaled(work.WORKS[of], options.scale)))


def measure_kernels(options, results):
    some = kernels.cases(options.shape, options.scale)
    cold = kernels.COLD_BYTES if options.device != "cpu" else 0
    results.measure("kernels-" + options.shape,
                    lambda: {"seconds": kernels.ours(options.time_kernels, some, 20 if cold else 0, cold), "scale": options.scale})
    try:
        import torch  # noqa: F401
    except ImportError:
        print("kernels: there is no torch to compare with")
        return
    results.measure("kernels-%s-torch" % options.shape, lambda: {"seconds": kernels.peers(options.device, some)})


def measure_llama(options, results):
    peer = llama.Llama(options.llama, options.model, options.device)
    for name, (of, how) in llama.PEERS.items():
        if of in works(options):
            results.measure("peers-%s-%s" % (options.shape, name), lambda: how(peer, work.scaled(work.WORKS[of], options.scale)))


def start(options, results):
    results.measure("start-" + options.shape, lambda: ours.start(options.program, options.model))


def works(options):
    return [name for name in work.WORKS if options.work in (None, name)]


def invariance(options, results):
    results.measure("invariance-" + options.shape, lambda: ours.invariance(options.program, options.model, options.scale))


def accuracy(options, results):
    results.measure("accuracy-" + options.shape, lambda: compare(options))


def compare(options):
    """Distances of log-probabilities from transformers' float32, Sextant's in both types and transformers' own bf16; and what is chosen."""
    from gpu_bench import peers

    texts = [bytes(p).decode() for p in work.prompts(work.scaled(work.WORKS["prefill"], options.scale))[:8]]
    questions = work.prompts(work.scaled(work.CHOICES, options.scale))
    asked = [bytes(q).decode() for q in questions]
    exact, rounded = (peers.Peer(str(options.model), options.device, dtype) for dtype in ("float32", "bfloat16"))
    tokens = {"reference": peers.token_logprobs(exact, texts), "peer_bf16": peers.token_logprobs(rounded, texts)}
    options_of = {"reference": peers.option_logprobs(exact, questions), "peer_bf16": peers.option_logprobs(rounded, questions)}
    exact = rounded = None  # their memory is needed
    peers.free(options.device)
    for name, compute in (("f32", "f32"), ("bf16", "bf16")):
        tokens[name] = options.program.token_logprobs(options.model, compute, texts)
        options_of[name] = options.program.option_logprobs(options.model, compute, asked)
    flat = {name: [v for row in rows for v in row] for name, rows in tokens.items()}
    figure = {"tokens": len(flat["reference"])}
    noise = choices.noise_of(options_of["reference"], options_of["peer_bf16"])
    for name in ("f32", "bf16", "peer_bf16"):
        distances = [abs(a - b) for a, b in zip(flat[name], flat["reference"], strict=True)]
        figure |= {name + "_worst": max(distances), name + "_mean": statistics.fmean(distances),
                   name + "_choices": choices.compare(options_of["reference"], options_of[name], noise)}
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


COMMANDS = {"ceilings": ceilings, "models": models, "ours": measure_ours, "quantised": measure_quantised, "peers": measure_peers,
            "kernels": measure_kernels, "llama": measure_llama, "start": start, "invariance": invariance, "accuracy": accuracy, "table": write_table}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--shape", choices=shapes.SHAPES, default="1.8b")
    parser.add_argument("--work", choices=work.WORKS, help="only this one")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/gpu-check/figures")
    parser.add_argument("--models", type=pathlib.Path, default=ROOT / "build/gpu-check/models", help="where models are made")
    parser.add_argument("--page", type=pathlib.Path, default=ROOT / "docs/bench", help="where the table goes")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/gpu/root/bin/sextant")
    parser.add_argument("--time-kernels", type=pathlib.Path, default=ROOT / "build/gpu/tests/models/cuda/time_kernels_gpu")
    parser.add_argument("--llama", type=pathlib.Path, default=ROOT / "build/gpu/llama/bin", help="llama.cpp's programs")
    parser.add_argument("--plugin-path", type=pathlib.Path)
    parser.add_argument("--backend", default="cuda")
    parser.add_argument("--device", default="cuda", help="torch's")
    parser.add_argument("--again", action="store_true", help="measure what was measured before, too")
    parser.add_argument("--scale", type=float, default=1, help="below 1: less work")
    options = parser.parse_args()
    options.model = options.models / options.shape
    options.program = ours.Program(options.program, options.backend, options.plugin_path)
    results = Results(options.out, options.again)
    COMMANDS[options.command](options, results)
    return 1 if results.failed else 0


if __name__ == "__main__":
    sys.exit(main())
