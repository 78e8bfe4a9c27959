"""Makes arena.json: strengths of the Bradley-Terry model by scipy's optimiser, agreement of raters by statsmodels and krippendorff,
prediction-powered means by ppi-python.   python make_arena_golden.py  (pip install scipy statsmodels krippendorff ppi-python)
"""
import json
import pathlib
import random

import krippendorff
import numpy as np
import ppi_py
from scipy.optimize import minimize
from scipy.special import log_expit
from statsmodels.stats import inter_rater

rng = random.Random(20261130)


def tournament(index):
    players, covariates = rng.randint(2, 6), index % 3
    truth = [rng.gauss(0, 1) for _ in range(players)]
    games = []
    for _ in range(rng.randint(12 * players, 30 * players)):
        first, second = rng.sample(range(players), 2)
        x = [rng.gauss(0, 1) for _ in range(covariates)]
        chance = 1 / (1 + np.exp(-(truth[first] - truth[second] + sum(0.5 * v for v in x))))
        outcome = 0.5 if rng.random() < 0.1 else float(rng.random() < chance)
        games.append([first, second, outcome, rng.choice([1, 1, 1, 2]), x])
    return players, covariates, games


def fit(players, covariates, games):
    design = np.zeros((len(games), players - 1 + covariates))
    for row, (first, second, _, _, x) in enumerate(games):
        if first:
            design[row, first - 1] = 1
        if second:
            design[row, second - 1] -= 1
        design[row, players - 1:] = x
    y, w = np.array([g[2] for g in games]), np.array([g[3] for g in games])

    def loss(b):
        eta = design @ b
        return -(w * (y * log_expit(eta) + (1 - y) * log_expit(-eta))).sum()

    def gradient(b):
        return -design.T @ (w * (y - 1 / (1 + np.exp(-(design @ b)))))

    found = minimize(loss, np.zeros(design.shape[1]), jac=gradient, method="BFGS", options={"gtol": 1e-9})
    strengths = np.concatenate([[0], found.x[:players - 1]])
    return (strengths - strengths.mean()).tolist(), found.x[players - 1:].tolist(), np.abs(found.x).max()


def raters():
    categories, n, m = "ABC"[:rng.randint(2, 3)], rng.randint(5, 40), rng.randint(2, 5)
    items = []
    for _ in range(n):
        true = rng.choice(categories)
        items.append([true if rng.random() < 0.6 else rng.choice(categories) for _ in range(m)])
    codes = [[categories.index(v) for v in item] for item in items]
    table, _ = inter_rater.aggregate_raters(np.array(codes), n_cat=len(categories))
    pair = inter_rater.to_table(np.array([c[:2] for c in codes]), bins=len(categories))[0]
    holes = [[v for v in item if rng.random() < 0.8] for item in items]
    wide = [[categories.index(v) for v in item] + [np.nan] * (m - len(item)) for item in holes]
    data = np.array(wide, dtype=float).T
    return {"items": items, "holes": holes, "cohen": float(inter_rater.cohens_kappa(pair).kappa),
            "fleiss": float(inter_rater.fleiss_kappa(table)),
            "alpha": float(krippendorff.alpha(reliability_data=data, level_of_measurement="nominal")),
            "alpha_interval": float(krippendorff.alpha(reliability_data=data, level_of_measurement="interval"))}


def powered():
    n, others, skill = rng.randint(50, 120), rng.randint(100, 300), rng.random()
    def one():
        y = float(rng.random() < 0.6)
        return y, y if rng.random() < skill else float(rng.random() < 0.5)
    labelled = [one() for _ in range(n)]
    judged = [one()[1] for _ in range(others)]
    y, f, g = (np.array(v) for v in ([p[0] for p in labelled], [p[1] for p in labelled], judged))
    # The share of the judge by PPI++'s formula (with n - 1), the rest by the package.
    lam = np.cov(y, f)[0, 1] / (np.var(np.concatenate([g, f]), ddof=1) * (1 + n / others))
    lam = float(np.clip(lam, 0, 1))
    value = float(np.asarray(ppi_py.ppi_mean_pointestimate(y, f, g, lam=lam)).ravel()[0])
    error = float(np.sqrt(np.var(y - lam * f, ddof=1) / n + lam**2 * np.var(g, ddof=1) / others))
    return {"labelled": labelled, "judged": judged, "lambda": lam, "value": value, "error": error}


tournaments = []
while len(tournaments) < 50:
    players, covariates, games = tournament(len(tournaments))
    strengths, slopes, largest = fit(players, covariates, games)
    if largest > 8:   # nearly separable: another optimiser's digits are no reference
        continue
    tournaments.append({"players": players, "games": [[a, b, o, w] + [round(v, 3) for v in x] for a, b, o, w, x in games],
                        "strengths": None, "slopes": None})
    rounded = [[g[0], g[1], g[2], g[3], g[4:]] for g in tournaments[-1]["games"]]
    tournaments[-1]["strengths"], tournaments[-1]["slopes"], _ = fit(players, covariates, rounded)
out = {"tournaments": tournaments, "raters": [raters() for _ in range(30)], "powered": [powered() for _ in range(20)]}
path = pathlib.Path(__file__).with_name("arena.json")
path.write_text(json.dumps(out, separators=(",", ":")) + "\n")
print(path, path.stat().st_size)
