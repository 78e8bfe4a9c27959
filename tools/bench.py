#!/usr/bin/env python3
"""Measures Sextant and its peers on the same work, alternating, and prints the ratios.

    tools/bench.py --list
    tools/bench.py [ROW...] [--rounds 3] [--json FILE] [--work build/bench] [--install] [--data DIR]

Each round measures every row once, Sextant and each peer in turn, the order reversed from round to round, so that a slow minute of the
machine meets all of them. A row's ratio is Sextant against the peer with the best median; min, median and max are over the rounds.
--json is written after every round.
--install fetches the peers from PyPI at fixed versions and builds what needs building (llama.cpp: minutes; OpenCompass and lm-eval:
gigabytes); without it rows use the peers that the work folder has, and a row without a peer says so. --llama names a folder of llama.cpp's
programs that are there already. Rows that need CMMLU want --data.
--isa makes Sextant, and Sextant alone, use the instructions of another class of processor, so that one machine measures several; the class
stands over the table and in the JSON. A prototype of the engine, a program outside of the tree, is a peer by --prototype and --prototype-model:
it is given MODEL.safetensors TYPE, `prefill TOKENS PROMPTS` or `decode PROMPTS 128 TOKENS`, --own --threads N, and prints
"median N ... tok/s" or "= N tok/s".
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from benchmark.bench_rows import FORMATS, ROWS  # noqa: E402
from benchmark.peers import Peers  # noqa: E402
from benchmark.process import Failed  # noqa: E402
from benchmark.sextant import Sextant  # noqa: E402

# what a processor is called here by, the widest first: the flag of /proc/cpuinfo, the class, the isa that uses it
KINDS = (("amx_bf16", "AMX", "amx"), ("avx512_bf16", "AVX512_BF16", "avx512"), ("avx512bw", "AVX-512", "avx512"), ("avx2", "AVX2", "avx2"),
         ("", "portable", "portable"))
CLASSES = ("auto", "amx", "avx512", "avx2", "portable")

ROOT = pathlib.Path(__file__).resolve().parent.parent


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW", help="names, as --list prints them (default: all that can run)")
    parser.add_argument("--list", action="store_true", help="the rows, what they measure and their goals")
    parser.add_argument("--rounds", type=int, default=3, help="how often each row is measured (default 3)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of every contestant (default: all cores)")
    parser.add_argument("--isa", default="auto", choices=CLASSES, help="the instructions that Sextant uses (default: all that there are)")
    parser.add_argument("--prototype", metavar="PROGRAM", help="a prototype of the engine, as a peer")
    parser.add_argument("--prototype-model", metavar="FILE", help="the model's .safetensors file, for the prototype")
    parser.add_argument("--items", type=int, default=5, help="questions per CMMLU subject")
    parser.add_argument("--subjects", type=int, default=3, choices=range(1, 1 + len(Sextant.SUBJECTS)), help="CMMLU subjects")
    parser.add_argument("--prompts", type=int, default=50, help="prompts of the rows drafts_*")
    parser.add_argument("--json", metavar="FILE", help="all figures")
    parser.add_argument("--work", default=str(ROOT / "build" / "bench"), help="peers, models and scratch files")
    parser.add_argument("--install", action="store_true", help="fetch and build the peers that are missing")
    parser.add_argument("--llama", metavar="DIR", help="where llama.cpp's programs are (default: what --install built in --work)")
    parser.add_argument("--formats", nargs="*", choices=FORMATS, default=FORMATS, metavar="FORMAT",
                        help="llama.cpp's formats that are measured (default: %s)" % " ".join(FORMATS))
    parser.add_argument("--data", default=os.environ.get("SEXTANT_TEST_DATA", ""), help="a folder that holds cmmlu/")
    parser.add_argument("--sextant", default=os.environ.get("SEXTANT_PROGRAM", "sextant"), help="the installed program")
    parser.add_argument("--model", default=os.environ.get("SEXTANT_TEST_MODEL") or
                        os.path.expanduser("~/.cache/sextant/models/SmolLM2-135M-Instruct.Q4_1.gguf"),
                        help="the GGUF file (default: SmolLM2-135M-Instruct, where tools/demo.sh puts it)")
    return parser.parse_args()


def processor_class(isa, flags):
    """The widest instructions that are used; exits where the processor lacks them."""
    for flag, name, uses in KINDS:
        if (not flag or flag in flags) and isa in ("auto", uses):
            return name
    sys.exit("--isa %s: this processor lacks these instructions" % isa)


def processor_flags():
    return next((line for line in open("/proc/cpuinfo") if line.startswith("flags")), "").split()


def machine():
    names = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    flags = processor_flags()
    sets = [f for f in ("amx_bf16", "amx_int8", "avx512_bf16", "avx512_vnni", "avx512f", "avx2") if f in flags]
    return {"cpu": names[0] if names else platform.processor(), "cores": len(os.sched_getaffinity(0)), "instruction_sets": sets,
            "system": platform.platform()}


def measure(rows, sextant, peers, rounds, after_round=lambda figures: None):
    """{row: {contestant: [figure per round]}}. A peer that fails is left out of its row; Sextant must not."""
    figures = {row.name: {} for row in rows}
    failed = set()
    for number in range(rounds):
        for row in rows:
            contestants = row.contestants(sextant, peers)
            for name, run in reversed(contestants) if number % 2 else contestants:
                if (row.name, name) in failed:
                    continue
                begin = time.monotonic()
                try:
                    figure = run()
                except Failed as failure:
                    if name == "sextant":
                        sys.exit(str(failure))
                    say("round %d  %s: %s fails and is left out: %s" % (number + 1, row.name, name, failure))
                    failed.add((row.name, name))
                    figures[row.name].pop(name, None)
                    continue
                figures[row.name].setdefault(name, []).append(figure)
                say("round %d  %-18s %-22s %10.1f %s  (%.0f s)" % (number + 1, row.name, name, figure, row.unit,
                                                                 time.monotonic() - begin))
        after_round(figures)
    return figures


def say(line):
    print(line, file=sys.stderr, flush=True)


def compare(row, figures):
    """What the table and the JSON say of a row."""
    ours = figures["sextant"]
    peers = {name: values for name, values in figures.items() if name != "sextant"}
    out = {"row": row.name, "work": row.work, "unit": row.unit, "goal": row.goal, "sextant": ours, "peers": peers}
    if peers:
        pick = max if row.more_is_better else min
        out["best_peer"] = best = pick(peers, key=lambda name: statistics.median(peers[name]))
        ratios = [a / b if row.more_is_better else b / a for a, b in zip(ours, peers[best])]
        out["ratio"] = [min(ratios), statistics.median(ratios), max(ratios)]
    return out


def table(results):
    lines = ["| work | Sextant | best peer | ratio min / median / max | goal |", "|---|---|---|---|---|"]
    for r in results:
        ours = "%.4g %s" % (statistics.median(r["sextant"]), r["unit"])
        if "ratio" not in r:
            lines.append("| %s | %s | not measured | | %s |" % (r["work"], ours, r["goal"]))
            continue
        best = "%s: %.4g" % (r["best_peer"], statistics.median(r["peers"][r["best_peer"]]))
        lines.append("| %s | %s | %s | %.2f / **%.2f** / %.2f | %s |" % (r["work"], ours, best, *r["ratio"], r["goal"]))
    return "\n".join(lines)


def write(args, rows, figures, sextant, peers):
    """What is there after a round, so that a benchmark that is stopped leaves its figures."""
    if not args.json:
        return
    results = [compare(row, figures[row.name]) for row in rows]
    document = {"machine": machine(), "class": processor_class(args.isa, processor_flags()), "isa": args.isa,
                "sextant": sextant.version(), "peers": peers.versions(), "threads": args.threads,
                "items_per_subject": args.items, "subjects": args.subjects,
                "rounds": max(len(r["sextant"]) for r in results), "rows": results}
    path = pathlib.Path(args.json)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    part.rename(path)


def main():
    args = arguments()
    known = {row.name: row for row in ROWS}
    if args.list:
        for row in ROWS:
            print("%-18s %s; goal %s" % (row.name, row.work, row.goal))
        return 0
    for name in args.rows:
        if name not in known:
            sys.exit("there is no row '%s'; --list shows them" % name)
    kind = processor_class(args.isa, processor_flags())
    if bool(args.prototype) != bool(args.prototype_model):
        sys.exit("--prototype and --prototype-model are given together")
    try:
        peers = Peers(pathlib.Path(args.work), pathlib.Path(args.model), args.threads, args.prototype, args.prototype_model, args.llama,
                      args.formats)
    except Failed as failure:
        sys.exit(str(failure))
    sextant = Sextant(args.sextant, args.model, pathlib.Path(args.work) / "scratch", args.threads, args.data, args.items,
                      args.subjects, args.isa, args.prompts)
    can_run = [row for row in ROWS if (args.data or not row.needs_data) and (row.peers != ["oneDNN"] or peers.has("oneDNN"))]
    rows = [known[name] for name in args.rows] if args.rows else can_run
    if args.install:
        for name in {peer for row in rows for peer in row.peers}:
            peers.install(name)
    figures = measure(rows, sextant, peers, args.rounds, lambda figures: write(args, rows, figures, sextant, peers))
    print("processor class: %s%s\n" % (kind, "" if args.isa == "auto" else " (--isa %s)" % args.isa))
    print(table([compare(row, figures[row.name]) for row in rows]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
