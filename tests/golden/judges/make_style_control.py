#!/usr/bin/env python3
"""Arena-Hard's own style-controlled scores of synthetic battles: make_style_control.py ARENA_HARD_AUTO >style_control.json

ARENA_HARD_AUTO is a checkout of lmarena/arena-hard-auto; needs torch and pandas. Its features and its fit are used as they are, but that the
fit goes on until it has converged ("score"; theirs stops after 50 steps) and is of all battles; "theirs" is its own median of 100 bootstrap
fits, unseeded there, seeded here."""

import contextlib
import io
import json
import random
import sys
import types

import numpy as np
import torch

root = sys.argv[1]
sys.path.insert(0, root)
sys.modules.setdefault("tiktoken", types.ModuleType("tiktoken"))
source = open(root + "/show_result.py", encoding="utf-8").read()
names = {"__name__": "show_result"}
judge_utils = types.ModuleType("utils.judge_utils")
judge_utils.JUDGE_SETTINGS = {"hard_prompt": {"baseline": "base"}}
sys.modules["utils.judge_utils"] = judge_utils
exec(compile(source, "show_result.py", "exec"), names)
from utils import math_utils  # noqa: E402

draw = random.Random(31)
ROWS, MODELS = 70, ["one", "two", "base"]
LABELS = ["A>>B", "A>B", "A=B", "B>A", "B>>A"]
styles = {m: [[draw.randint(200, 2000) + 600 * (m == "two"), draw.randint(0, 4), draw.randint(0, 9), draw.randint(0, 12)] for _ in range(ROWS)] for m in MODELS}


def label(model, row, strength):
    longer = (styles[model][row][0] - styles["base"][row][0]) / 2000
    value = strength + 1.5 * longer + 0.04 * (styles[model][row][3] - styles["base"][row][3]) + draw.gauss(0, 1)
    return 0 if value > 1.2 else 1 if value > 0.3 else 2 if value > -0.3 else 3 if value > -1.2 else 4


verdicts, games = {}, []
for model, strength in (("one", 0.5), ("two", -0.4)):
    verdicts[model] = {"straight": [], "swapped": []}
    for row in range(ROWS):
        first, second = label(model, row, strength), 4 - label(model, row, strength)
        verdicts[model]["straight"].append(LABELS[first])
        verdicts[model]["swapped"].append(LABELS[second])
        # there games[0] shows the baseline first
        games.append({"uid": row, "model": model, "category": "hard_prompt", "games": [{"score": LABELS[second]}, {"score": LABELS[first]}]})

import pandas as pd  # noqa: E402

names["glob"] = lambda pattern: ["battles"]
names["pd"] = types.SimpleNamespace(read_json=lambda *a, **k: pd.DataFrame(games), concat=pd.concat, DataFrame=pd.DataFrame, merge=pd.merge)
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    battles = names["load_judgments"](["judge"], "bench")
names["get_model_style_metadata"] = lambda benchmark: {
    m: {row: {"token_len": s[0], "header_count": {"h1": s[1]}, "list_count": {"ordered": s[2]}, "bold_count": {"**": s[3]}} for row, s in enumerate(styles[m])} for m in MODELS}
seen = {}


def bootstrap(features, outcomes, loss_type):
    features, outcomes = features.double(), outcomes.double()
    coefs = torch.zeros(features.shape[1], dtype=torch.double, requires_grad=True)
    step = torch.optim.LBFGS([coefs], lr=1, max_iter=500, tolerance_grad=1e-12, tolerance_change=1e-14, line_search_fn="strong_wolfe")

    def closure():
        step.zero_grad()
        loss = math_utils.bt_loss(features @ coefs, outcomes) + 1e-12 * (coefs ** 2).sum()    # the players' common shift is free
        loss.backward()
        return loss

    step.step(closure)
    seen["coefs"] = coefs.detach()
    np.random.seed(0)
    return math_utils.bootstrap_pairwise_model(features.float(), outcomes, loss_type)


names["bootstrap_pairwise_model"] = bootstrap
tables = []
names["format_confidence_interval"] = lambda mean, low, high, baseline=None: tables.append(mean) or mean
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    names["print_leaderboard_with_style_features"](battles, "bench", "hard_prompt", ["length", "markdown"])
order = sorted(MODELS)
score = {m: float(100 * torch.sigmoid(seen["coefs"][order.index(m)] - seen["coefs"][order.index("base")])) for m in MODELS[:2]}
theirs = {row.model: 100 * float(row.scores) for row in tables[0].itertuples() if row.model != "base"}
print(score, theirs, file=sys.stderr)
print(json.dumps({"models": MODELS, "styles": [styles[m] for m in MODELS], "verdicts": [verdicts[m] for m in MODELS[:2]],
                  "score": [score[m] for m in MODELS[:2]], "theirs": [theirs[m] for m in MODELS[:2]]}, separators=(",", ":")))
