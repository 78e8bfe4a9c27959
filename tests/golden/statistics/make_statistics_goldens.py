#!/usr/bin/env python3
"""statistics.json: 100 random tables, and what scipy and statsmodels compute of each.

    make_statistics_goldens.py > statistics.json

numpy, scipy and statsmodels are needed (made with scipy 1.17.1 and statsmodels 0.15.0). Members of a table: "values" of questions, the
"clusters" that they belong to and the "other" model's values of the same questions; the rest are results. Means, t intervals and standard
errors are scipy's, cluster-robust ones are those of an ordinary least squares regression on a constant with use_t. "bootstrap" has
replicates and the limits that scipy makes of them.
"""

import json
import sys

import numpy
import scipy
import statsmodels.api
from scipy import stats
from statsmodels.stats import contingency_tables, multitest, proportion

TABLES, WITH_BOOTSTRAP, REPLICATES = 100, 6, 99


def clustered(values, clusters):
    model = statsmodels.api.OLS(values, numpy.ones(len(values)))
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True)
    low, high = fit.conf_int(0.05)[0]
    return {"standard_error": fit.bse[0], "low": low, "high": high}


def table(random, binary):
    n = int(random.integers(4, 24))
    draw = (lambda: random.integers(0, 2, n).astype(float)) if binary else (lambda: numpy.round(random.normal(0.5, 0.3, n), 3))
    values, other = draw(), draw()
    clusters = numpy.sort(random.integers(0, max(3, n // 3), n))
    clusters = numpy.unique(clusters, return_inverse=True)[1]
    out = {"values": values.tolist(), "other": other.tolist(), "clusters": clusters.tolist(), "mean": values.mean(), "standard_error": stats.sem(values)}
    if binary:
        low, high = proportion.proportion_confint(int(values.sum()), n, method="wilson")
        out["wilson"] = [low, high]
        first, second = int(((values == 1) & (other == 0)).sum()), int(((values == 0) & (other == 1)).sum())
        both, neither = int(((values == 1) & (other == 1)).sum()), int(((values == 0) & (other == 0)).sum())
        out["mcnemar"] = contingency_tables.mcnemar([[both, first], [second, neither]], exact=True).pvalue
    else:
        out["t"] = list(stats.t.interval(0.95, n - 1, values.mean(), stats.sem(values)))
    if len(set(clusters)) > 1:
        out["clustered"] = clustered(values, clusters)
    difference = other - values
    changed = difference[difference != 0]
    if 1 < len(changed) <= 10:
        test = stats.permutation_test((changed,), lambda d, axis=-1: d.sum(axis), permutation_type="samples", vectorized=True, n_resamples=numpy.inf)
        out["permutation"] = test.pvalue
    return out


def bootstrap(random, out):
    values = numpy.array(out["values"])
    for method in ("percentile", "BCa"):
        drawn = stats.bootstrap((values,), numpy.mean, n_resamples=REPLICATES, method=method, rng=random)
        out.setdefault("bootstrap", []).append({"method": method, "replicates": drawn.bootstrap_distribution.tolist(),
                                                "low": drawn.confidence_interval.low, "high": drawn.confidence_interval.high})


def divergence(random, options):
    """ln p of two models, not normalised, as sums over tokens are."""
    p, q = (numpy.round(random.normal(-9, spread, options), 4) for spread in (6, 7))
    chances = [scipy.special.softmax(logs) for logs in (p, q)]
    return {"p_logs": p.tolist(), "q_logs": q.tolist(), "p": chances[0].tolist(), "kl": stats.entropy(chances[0], chances[1])}


def changes(random, n):
    values = numpy.round(random.normal(0, 0.1, n), 6)
    return {"values": values.tolist(), "mean": values.mean(), "rms": numpy.sqrt((values**2).mean()), "low": numpy.quantile(values, 0.01),
            "high": numpy.quantile(values, 0.99)}


def variants(random, binary):
    """[variant][question]: Cochran's Q, and the mean squares of a two-way analysis of variance as ordinary least squares gives them."""
    k, n = int(random.integers(2, 6)), int(random.integers(3, 30))
    effects = random.normal(0, 1, n)[None, :] + random.normal(0, 0.4, k)[:, None] + random.normal(0, 1, (k, n))
    values = (effects > 0).astype(float) if binary else numpy.round(effects, 4)
    variant, question = numpy.indices((k, n))
    design = lambda *factors: numpy.hstack([numpy.ones((k * n, 1))] + [(f.ravel()[:, None] == numpy.arange(1, f.max() + 1)).astype(float) for f in factors])
    left = lambda *factors: statsmodels.api.OLS(values.ravel(), design(*factors)).fit().ssr
    both = left(variant, question)
    error = both / ((k - 1) * (n - 1))
    of_variants, of_questions = (left(question) - both) / (k - 1), (left(variant) - both) / (n - 1)
    out = {"values": values.tolist(), "between": max(0, (of_variants - error) / n) ** 0.5, "question_by_variant": error**0.5,
           "between_questions": max(0, (of_questions - error) / k) ** 0.5}
    if binary:
        out["p"] = contingency_tables.cochrans_q(values.T).pvalue
    return out


def main():
    random = numpy.random.default_rng(17)
    tables = [table(random, i % 2 == 0) for i in range(TABLES)]
    for i in range(WITH_BOOTSTRAP):
        bootstrap(random, tables[2 * i + 1])
    holm = []
    for _ in range(20):
        p = numpy.round(random.uniform(0, 0.3, int(random.integers(1, 12))), 4)
        holm.append({"p": p.tolist(), "adjusted": multitest.multipletests(p, method="holm")[1].tolist()})
    quantiles = [{"p": p, "degrees": d, "normal": stats.norm.ppf(p), "student": stats.t.ppf(p, d), "two_sided": 2 * stats.t.sf(abs(stats.norm.ppf(p)) + 1, d)}
                 for p in (0.005, 0.025, 0.2, 0.6, 0.8, 0.975, 0.999) for d in (1, 2, 7, 29, 1000)]
    after = numpy.random.default_rng(18)  # so that what was added later leaves the tables as they are
    divergences = [divergence(after, int(after.integers(1, 9))) for _ in range(40)]
    several = [changes(after, n) for n in (1, 2, 7, 150)]
    third = numpy.random.default_rng(19)
    spreads = [variants(third, i % 2 == 0) for i in range(20)]
    json.dump({"scipy": scipy.__version__, "statsmodels": statsmodels.__version__, "tables": tables, "holm": holm, "quantiles": quantiles, "divergences": divergences,
               "changes": several, "variants": spreads}, sys.stdout,
              separators=(",", ":"))
    print()


main()
