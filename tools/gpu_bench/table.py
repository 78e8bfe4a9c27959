"""The goals G1 to G8 against what was measured, as a page of markdown. A figure that lacks leaves its goal open, visibly."""

import datetime

from . import kernels, llama, peers
from .shapes import SHAPES
from .work import QUANTISED, WORKS


class Figures:
    def __init__(self, all_of_them):
        self.all = all_of_them

    def rate(self, name):
        return self.all.get(name, {}).get("rate")

    def ratio(self, one, other):
        a, b = self.rate(one), self.rate(other)
        return a / b if a and b else None

    def share(self, value, ceiling):
        limit = self.all.get("ceilings", {}).get(ceiling)
        return value / limit if value and limit else None

    def of_matmul(self, shape):
        speed, work = self.rate("ours-%s-prefill" % shape), WORKS["prefill"]
        return self.share(speed and speed * SHAPES[shape].prefill_flop(work.own), "matmul_flop_per_s")

    def of_copy(self, shape):
        speed, work = self.rate("ours-%s-decode_1" % shape), WORKS["decode_1"]
        return self.share(speed and speed * SHAPES[shape].decode_bytes(work.own + work.new // 2), "copy_bytes_per_s")


def goals(f):
    """(goal, what, measured or None, target, at least?, unit)"""
    rows = []
    add = lambda goal, what, value, target, unit="x", at_least=True: rows.append((goal, what, value, target, at_least, unit))
    for peer, target in (("choice_opencompass", 50), ("choice_best_batch", 6), ("choice_shared_prefix", 1.5)):
        add("G1", "choice, 1.8b, against transformers " + peer, f.ratio("ours-1.8b-choice", "peers-1.8b-" + peer), target)
    for shape, target in (("8b", 60), ("1.8b", 50), ("135m", 20)):
        share = f.of_matmul(shape)
        add("G2", "prefill, %s, of the measured matrix product" % shape, share and 100 * share, target, "%")
    for shape, target in (("8b", 80), ("1.8b", 65), ("135m", 25)):
        share = f.of_copy(shape)
        add("G3", "decode of one sequence, %s, of the measured copy" % shape, share and 100 * share, target, "%")
    add("G3", "decode of one sequence, 1.8b, against transformers' generate", f.ratio("ours-1.8b-decode_1", "peers-1.8b-decode_1"), 5)
    for shape, speed, cascade in (("1.8b", 90e3, 1.6), ("8b", 26e3, 1.3)):
        add("G4", "decode of 256 that share 600, %s" % shape, f.rate("ours-%s-decode_256" % shape), speed, "tokens/s")
        add("G4", "the same against nothing shared, %s" % shape,
            f.ratio("ours-%s-decode_256" % shape, "ours-%s-decode_256_apart" % shape), cascade)
    add("G5", "128 in, 128 out, 8b; vLLM's published figure", f.rate("ours-8b-generic"), 12.5e3, "tokens/s")
    for shape in ("1.8b", "8b"):
        equal = f.all.get("invariance-" + shape, {}).get("equal")
        add("G6", "one hash of results for five schedules, %s" % shape, None if equal is None else float(equal), 1, "yes = 1")
        for count in (kernels.PREFILL_ROWS, kernels.DECODE_ROWS):
            cost = kernels.cost_of_one_algorithm(f.all.get("kernels-" + shape, {}).get("seconds", {}), count)
            add("G6", "one algorithm for any number of rows, against cuBLAS' choice for %d, products of a layer, %s" % (count, shape),
                cost, 10, "% more time", False)
    a = f.all.get("accuracy-1.8b", {})
    add("G7", "float32, largest difference of a log-probability", a.get("f32_worst"), 1e-4, "nats", False)
    noise = a.get("bf16_mean") / a["peer_bf16_mean"] if a.get("bf16_mean") is not None and a.get("peer_bf16_mean") else None
    add("G7", "bf16's mean distance from float32, by transformers' own", noise, 1.0, "x", False)
    chosen = a.get("bf16_choices", {})
    same = chosen.get("same_share")
    add("G7", "bf16, items with the same choice as in float32", same if same is None else 100 * same, 99.5, "%")
    add("G7", "flipped choices with a margin above bf16's noise", chosen.get("flips_above_noise"), 0, "", False)
    add("G8", "8b, from the start of the program to the first token", f.all.get("start-8b", {}).get("seconds"), 10, "s", False)
    return rows


def against_llama(f):
    """Rows of [shape, work, ours, llama.cpp's, ratio] for what both have measured."""
    rows = []
    for shape in SHAPES:
        for name, (work, _) in llama.PEERS.items():
            one, other = "ours-%s-%s" % (shape, work), "peers-%s-%s" % (shape, name)
            ratio = f.ratio(one, other)
            if ratio:
                rows.append([shape, work, number(f.rate(one)), number(f.rate(other)) + " " + f.all[other]["unit"], number(ratio)])
    return rows


def quantised_rows(f):
    """Rows of [shape, work, rate with weights kept in Q4_0, rate in bf16, ratio]."""
    rows = []
    for shape in SHAPES:
        for work in QUANTISED:
            one, other = "quantised-%s-%s" % (shape, work), "ours-%s-%s" % (shape, work)
            ratio = f.ratio(one, other)
            if ratio:
                rows.append([shape, work, number(f.rate(one)) + " " + f.all[one]["unit"], number(f.rate(other)), number(ratio)])
    return rows


def kernel_rows(f):
    """Rows of [shape, kernel, microseconds, TB/s, TFLOP/s, torch's microseconds, ratio]."""
    rows = []
    for shape in SHAPES:
        figure = f.all.get("kernels-" + shape, {})
        theirs = f.all.get("kernels-%s-torch" % shape, {}).get("seconds", {})
        cases = kernels.cases(shape, figure.get("scale", 1)) if "seconds" in figure else {}
        for name, seconds in figure.get("seconds", {}).items():
            if name not in cases:
                continue
            flop, size = kernels.work_of(*cases[name])
            other = theirs.get(name)
            rows.append([shape, name, number(1e6 * seconds), number(size / seconds / 1e12), number(flop / seconds / 1e12) if flop else "",
                         number(1e6 * other) if other else "", number(other / seconds) if other else ""])
    return rows


def expected():
    """The names of all figures of a whole check."""
    names = ["ceilings", "versions", "accuracy-1.8b", "start-8b"]
    for shape in ("1.8b", "8b"):
        names += ["invariance-" + shape, "kernels-" + shape, "kernels-%s-torch" % shape]
        names += ["peers-%s-%s" % (shape, peer) for peer in (*peers.PEERS, *llama.PEERS)]
        names += ["quantised-%s-%s" % (shape, work) for work in QUANTISED]
    return names + ["ours-%s-%s" % (shape, work) for shape in ("135m", "1.8b", "8b") for work in WORKS]


def number(value):
    return "%.3g" % value if abs(value) < 1000 else format(value, ",.0f")


def page(figures, facts):
    f = Figures(figures)
    lines = ["# %s, %s" % (facts["device"], facts["date"]), "", "Made by `tools/gpu-check.sh`; the figures behind it lie beside this file "
             "as JSON. Ratios are of one run on one GPU.", ""]
    lines += ["- %s: %s" % fact for fact in sorted(facts.items())] + [""]
    lines += ["| goal | what | measured | wanted | |", "|---|---|---|---|---|"]
    for goal, what, value, target, at_least, unit in goals(f):
        sign, good = (">=", value is not None and value >= target) if at_least else ("<=", value is not None and value <= target)
        verdict = "not measured" if value is None else "met" if good else "**not met**"
        lines.append("| %s | %s | %s | %s %s %s | %s |" % (goal, what, "" if value is None else number(value), sign, number(target), unit,
                                                          verdict))
    for heading, columns, rows in (
        ("llama.cpp on the same work", ("model", "work", "Sextant", "llama.cpp", "ratio"), against_llama(f)),
        ("Weights that stay quantised", ("model", "work", "Q4_0", "bf16", "ratio"), quantised_rows(f)),
        ("Kernels, one to one with torch's", ("model", "kernel", "us", "TB/s", "TFLOP/s", "torch's us", "ratio"), kernel_rows(f))):
        if rows:
            lines += ["", "## " + heading, "", "| %s |" % " | ".join(columns), "|---" * len(columns) + "|"]
            lines += ["| %s |" % " | ".join(row) for row in rows]
    lines += ["", "## Figures", "", "| figure | |", "|---|---|"]
    for name, figure in figures.items():
        shown = figure.get("error") or ("%s %s" % (number(figure["rate"]), figure["unit"]) if "rate" in figure else "")
        if shown:
            lines.append("| %s | %s |" % (name, shown.replace("|", "/").replace("\n", " ")))
    missing = [name for name in expected() if name not in figures]
    if missing:
        lines += ["", "Missing: " + ", ".join(missing) + "."]
    return "\n".join(lines) + "\n"


def facts_of(figures):
    ceilings = figures.get("ceilings", {})
    facts = {"device": ceilings.get("device", "an unknown GPU"), "date": datetime.date.today().isoformat()}
    if "copy_bytes_per_s" in ceilings:
        facts["copy"] = "%.2f TB/s, read and written" % (ceilings["copy_bytes_per_s"] / 1e12)
        facts["matrix product"] = "%.0f TFLOP/s in bf16" % (ceilings["matmul_flop_per_s"] / 1e12)
    return facts | {"versions": ", ".join("%s %s" % v for v in sorted(figures.get("versions", {}).items()))}
