"""Single kernels, one to one with torch's on the same shapes, and products with one algorithm against cuBLAS' own choice.

Sextant's side is the program time_kernels (tests/models/cuda), which says how it measures; torch is measured in the same way.
"""

import json
import math
import statistics
import subprocess
import time

from .shapes import SHAPES

COLD_BYTES = 256 << 20  # of the arrays that launches go round over; more than a GPU's cache
PREFILL_ROWS, DECODE_ROWS = 8192, 256
Q4_0 = 3  # BlockType in models/cuda/kernels/kernels.hpp; blocks of 32 numbers in 18 bytes


def layer_products(shape):
    """{matrix: (inputs, outputs)} as the backend fuses them."""
    queries = shape.heads * shape.head_dim
    return {"qkv": (shape.hidden, queries + 2 * shape.kv_heads * shape.head_dim), "o": (queries, shape.hidden),
            "gate_up": (shape.hidden, 2 * shape.feed_forward), "down": (shape.feed_forward, shape.hidden)}


def cases(name, scale=1):
    """{case: (kernel, keys)}; below 1, `scale` takes rows and sequences away, to try the scripts on."""
    shape = SHAPES[name]
    few = lambda n: max(1, int(n * scale))
    head = {"heads": shape.heads, "kv_heads": shape.kv_heads, "head_dim": shape.head_dim}
    found = {
        "norm": ("norm", {"rows": few(PREFILL_ROWS), "width": shape.hidden}),
        "gate": ("gate", {"rows": few(PREFILL_ROWS), "width": shape.feed_forward}),
        "attention, 16 prompts of 512": ("prefill", {"sequences": few(16), "tokens": few(512), **head}),
        "attention, 1 step at 4096": ("decode", {"sequences": 1, "context": few(4096), **head}),
        "attention, 256 steps at 700": ("decode", {"sequences": few(256), "context": few(700), **head}),
        "attention, 256 steps at 700, 600 shared":
            ("decode", {"sequences": few(256), "context": few(700), "shared": int(600 * scale), **head}),
    }
    for rows in (PREFILL_ROWS, DECODE_ROWS, 1):
        for matrix, (inputs, outputs) in layer_products(shape).items():
            keys = {"rows": few(rows), "inputs": inputs, "outputs": outputs, "rows_max": few(PREFILL_ROWS)}
            found["%s, %d rows" % (matrix, rows)] = ("product", keys)
            found["%s, %d rows, free choice" % (matrix, rows)] = ("free_product", keys)
            kept = {"rows": few(rows), "inputs": inputs, "outputs": outputs, "type": Q4_0}
            found["%s, %d rows, Q4_0" % (matrix, rows)] = ("block_product", kept)
    return found


def argument(kernel, keys):
    return ",".join([kernel, *("%s=%d" % pair for pair in keys.items())])


def ours(program, some, milliseconds=20, cold=COLD_BYTES):
    """{case: seconds}; a case that fails is left out, and what it said is kept under "errors"."""
    names = {argument(*case): name for name, case in some.items()}
    done = subprocess.run([str(program), "--milliseconds", str(milliseconds), "--cold", str(cold), *names], capture_output=True, text=True,
                          timeout=580)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if not lines:
        raise RuntimeError("%s: exit %d: %s" % (program, done.returncode, done.stderr.strip()[-400:]))
    out = {names[line["case"]]: statistics.median(line["seconds"]) for line in lines}
    return out | ({"errors": done.stderr.strip()[-2000:]} if done.returncode else {})


# ---- torch's ----


def peer_body(torch, device, kernel, keys):
    """(bytes of a set of arrays, function that makes a set and returns what is launched), or None where torch has no such kernel."""
    from torch.nn import functional as F

    make = lambda *sizes: torch.rand(*sizes, device=device).sub_(0.5).to(torch.bfloat16)
    k = keys
    if kernel == "norm":
        def body():
            x, add, weight = make(k["rows"], k["width"]), make(k["rows"], k["width"]), make(k["width"])
            return lambda: F.rms_norm(x.add_(add), (k["width"],), weight, 1e-5)
        return 6 * k["rows"] * k["width"], body
    if kernel == "gate":
        def body():
            gate, up = make(k["rows"], k["width"]), make(k["rows"], k["width"])
            return lambda: F.silu(gate) * up
        return 6 * k["rows"] * k["width"], body
    if kernel in ("prefill", "decode"):
        keys_of_one = k["tokens"] if kernel == "prefill" else k["context"]
        asked = keys_of_one if kernel == "prefill" else 1

        def body():
            q = make(k["sequences"], k["heads"], asked, k["head_dim"])
            cache = [make(k["sequences"], k["kv_heads"], keys_of_one, k["head_dim"]) for _ in range(2)]
            return lambda: F.scaled_dot_product_attention(q, *cache, is_causal=asked > 1, enable_gqa=True)
        return 4 * k["sequences"] * k["head_dim"] * (k["kv_heads"] * keys_of_one + k["heads"] * asked), body
    if kernel == "product":
        def body():
            x, w = make(k["rows"], k["inputs"]), make(k["outputs"], k["inputs"])
            return lambda: F.linear(x, w)
        return 2 * (k["rows"] * (k["inputs"] + k["outputs"]) + k["inputs"] * k["outputs"]), body
    return None


def peer_seconds(torch, device, made, milliseconds=20, cold=COLD_BYTES):
    """The median over five rounds of a launch's mean time; on a GPU a round is one graph."""
    size, body = made
    sets = [body() for _ in range(min(32, cold // size + 1))]

    def all_sets():
        for launch in sets:
            launch()

    if device == "cpu":
        begin = time.perf_counter()
        all_sets()
        return (time.perf_counter() - begin) / len(sets)

    def seconds(work):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        work()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) / 1e3

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        all_sets()
        once = seconds(all_sets) / len(sets)
    torch.cuda.current_stream().wait_stream(side)
    repeats = int(min(milliseconds / 1e3 / max(once, 1e-7), 4096)) // len(sets) + 1
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(repeats):
            all_sets()
    rounds = [seconds(graph.replay) for _ in range(6)][1:]
    return statistics.median(rounds) / (repeats * len(sets))


def peers(device, some):
    import torch

    out = {}
    with torch.inference_mode():
        for name, (kernel, keys) in some.items():
            try:
                made = peer_body(torch, device, kernel, keys)
                if made:
                    out[name] = peer_seconds(torch, device, made)
            except Exception as error:  # one that this version of torch does not run
                out.setdefault("errors", {})[name] = "%s: %s" % (type(error).__name__, str(error)[:200])
            if device != "cpu":
                torch.cuda.empty_cache()
    return out


# ---- what they say ----


def work_of(kernel, keys):
    """(operations, bytes) that a launch must do and move at least."""
    k = keys
    if kernel == "norm":
        return 0, k["rows"] * k["width"] * 12  # the stream read and written in float32
    if kernel == "gate":
        return 0, k["rows"] * k["width"] * 6
    if kernel in ("product", "free_product", "block_product"):
        weights = k["inputs"] * k["outputs"]
        size = weights * 18 // 32 if kernel == "block_product" else 2 * weights
        return 2 * k["rows"] * weights, size + 2 * k["rows"] * (k["inputs"] + k["outputs"])
    queries = k["sequences"] * k["heads"] * k["head_dim"]
    if kernel == "prefill":
        return 2 * queries * k["tokens"] * (k["tokens"] + 1), 4 * k["tokens"] * (queries + k["sequences"] * k["kv_heads"] * k["head_dim"])
    shared = k.get("shared", 0)
    keys_read = shared + k["sequences"] * (k["context"] - shared)
    return 4 * queries * k["context"], 4 * (queries + keys_read * k["kv_heads"] * k["head_dim"])


def cost_of_one_algorithm(seconds, rows):
    """Percent that the products of a layer take longer with one algorithm for any number of rows than with cuBLAS' choice for each."""
    one, free = [], []
    for name, value in seconds.items():
        if name.endswith(", %d rows" % rows):
            one.append(value)
        elif name.endswith(", %d rows, free choice" % rows):
            free.append(value)
    return 100 * (math.fsum(one) / math.fsum(free) - 1) if one and len(one) == len(free) else None
