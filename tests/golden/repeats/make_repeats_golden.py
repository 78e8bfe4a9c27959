#!/usr/bin/env python3
"""pass_at_k.json: 100 random tables (n attempts a question, c right ones) with pass@k, G-Pass@k and mG-Pass@k twice: by the closed
formula in exact rational arithmetic (rounded to a double at the end), and as OpenCompass' own functions give them.

    make_repeats_golden.py [icl_base_evaluator.py] > pass_at_k.json

The argument is that file of the package `opencompass` (made with 0.5.4; numpy and scipy are needed); only its three functions are
taken out of it. Without it, the values under "opencompass" are missing.
"""

import ast
import json
import math
import random
import sys
from fractions import Fraction

TAUS = [0.0, 0.25, 0.5, 0.75, 1.0]


def pass_at_k(n, c, k):
    return 1 - Fraction(math.comb(n - c, k), math.comb(n, k))


def at_least(n, c, k, m):
    return sum((Fraction(math.comb(c, x) * math.comb(n - c, k - x), math.comb(n, k)) for x in range(m, k + 1)), Fraction(0))


def g_pass_at_k(n, c, k, tau):
    return at_least(n, c, k, max(math.ceil(Fraction(tau) * k), 1))


def mg_pass_at_k(n, c, k):
    return Fraction(2, k) * sum((at_least(n, c, k, i) for i in range((k + 1) // 2 + 1, k + 1)), Fraction(0))


def opencompass_functions(path):
    import numpy
    import scipy.stats

    wanted = {"compute_pass_at_k", "_compute_g_pass_at_k", "compute_g_pass_at_k", "compute_mg_pass_at_k"}
    tree = ast.parse(open(path, encoding="utf-8").read())
    tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in wanted]
    scope = {"np": numpy, "hypergeom": scipy.stats.hypergeom}
    exec(compile(tree, path, "exec"), scope)
    return scope


def main():
    theirs = opencompass_functions(sys.argv[1]) if len(sys.argv) > 1 else None
    rng = random.Random(14)
    rows = []
    for _ in range(100):
        n = rng.choice([1, 2, 3, 4, 5, 8, 10, 16, 32, 64, 100, 200])
        rate = rng.random()
        table = [sum(rng.random() < rate for _ in range(n)) for _ in range(rng.randint(1, 12))]
        k = rng.randint(1, n)

        def mean(function, *more):
            values = [function(n, c, k, *more) for c in table]
            return float(sum(values, Fraction(0)) / len(values)) if isinstance(values[0], Fraction) else float(sum(values) / len(values))

        row = {"n": n, "correct": table, "k": k}
        row["exact"] = {"pass": mean(pass_at_k), "g_pass": [mean(g_pass_at_k, tau) for tau in TAUS], "mg_pass": mean(mg_pass_at_k)}
        if theirs:
            row["opencompass"] = {
                "pass": mean(theirs["compute_pass_at_k"]),
                "g_pass": [mean(theirs["compute_g_pass_at_k"], tau) for tau in TAUS],
                "mg_pass": mean(theirs["compute_mg_pass_at_k"]),
            }
        rows.append(row)
    body = ",\n".join(json.dumps(row) for row in rows)
    print('{"tau": %s, "rows": [\n%s\n]}' % (json.dumps(TAUS), body))


if __name__ == "__main__":
    main()
