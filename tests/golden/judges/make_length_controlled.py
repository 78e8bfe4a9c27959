#!/usr/bin/env python3
"""AlpacaEval's own length-controlled win rates of synthetic annotations: make_length_controlled.py >length_controlled.json

Needs alpaca_eval 0.6.6 from PyPI. Its two files are replaced by synthetic ones of the same columns, since the true ones are data of others."""
import json
import random
import sys
import tempfile

import pandas as pd

draw = random.Random(29)


def gamed(count):
    """Baselines that were told to be long or short, as df_gamed.csv has them."""
    rows = []
    for index in range(count):
        difficulty = draw.gauss(0, 1)
        for model, sign in (("concise", 1), ("verbose", -1)):
            length = sign * abs(draw.gauss(1, 0.7))
            rows.append({"model": model, "index": index, "preference": min(1, max(0, 0.5 - 0.2 * sign + draw.gauss(0, 0.2))),
                         "std_delta_len": length, "instruction_difficulty": difficulty, "not_gamed_baseline": False})
    return sorted(rows, key=lambda row: row["model"])     # as the true file: AlpacaEval reads difficulties by the row's place


def case(count, skill, habit, binary):
    file = gamed(count)
    difficulty = {row["index"]: row["instruction_difficulty"] for row in file}
    own = []
    for index in range(count):
        base, model = draw.randint(20, 400), max(5, draw.randint(20, 400) + habit)
        share = 1 / (1 + 2.718 ** -(skill + 0.4 * difficulty[index] + 0.004 * (model - base)))
        own.append({"preference": float(draw.random() < share) if binary else round(min(1, max(0, share + draw.gauss(0, 0.15))), 6),
                    "model_length": model, "base_length": base})
    frame = pd.DataFrame([{"preference": 1 + row["preference"], "index": i, "instruction": str(i), "output_1": "x" * row["base_length"], "output_2": "y" * row["model_length"],
                           "generator_1": "base", "generator_2": "model", "annotator": "judge"} for i, row in enumerate(own)])
    folder = tempfile.mkdtemp()
    pd.DataFrame(file).to_csv(folder + "/df_gamed.csv", index=False)
    from alpaca_eval.metrics import glm_winrate
    glm_winrate.hf_hub_download = lambda filename, **more: folder + "/" + filename
    plain, models = glm_winrate.fit_LogisticRegressionCV, []
    glm_winrate.fit_LogisticRegressionCV = lambda *args, **more: models.append(plain(*args, **more)) or models[-1]
    found = glm_winrate.get_length_controlled_winrate(frame, save_weights_dir=None)
    glm_winrate.fit_LogisticRegressionCV = plain
    return {"own": own, "difficulty": [difficulty[i] for i in range(count)],
            "gamed": [[r["preference"], r["std_delta_len"], r["instruction_difficulty"]] for r in file],
            "win_rate": float(found["win_rate"]), "length_controlled": float(found["length_controlled_winrate"]), "penalty": float(models[0].C_[0])}


cases = [case(120, 0.3, 150, False), case(150, -0.6, 0, False), case(200, 0.8, 300, True), case(160, 0.0, -200, True)]
for one in cases:
    print(one["win_rate"], one["length_controlled"], file=sys.stderr)
print(json.dumps(cases, separators=(",", ":")))
