#!/usr/bin/env python3
"""What the other tools' functions give on texts made from a seed: make_metric_goldens.py OPENCOMPASS_FOLDER > metrics.json

Needs the Python of tools/acceptance/metrics.py, which compares many more and says what must be installed.
"""
import json
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tools/acceptance"))
from metric_families import opencompass, overlap, texts  # noqa: E402


class Options:
    random = random.Random(20)


def main():
    folder, draw = sys.argv[1], Options.random
    load = lambda name: opencompass.load(folder, name, ("utils.text_postprocessors",))
    general, gsm8k, math, bbh = load("utils.text_postprocessors"), load("datasets.gsm8k"), load("datasets.math"), load("datasets.bbh")
    readers = {"general": general.general_postprocess, "gsm8k": gsm8k.gsm8k_postprocess, "math_postprocess": math.math_postprocess,
               "math_postprocess_v2": math.math_postprocess_v2, "bbh_mcq": bbh.bbh_mcq_postprocess, "bbh_freeform": bbh.bbh_freeform_postprocess}
    replies = [texts.fragments(draw) for _ in range(60)]
    words = "the cat sat on a mat , and then ( quickly ) it ran - 3.5 km , 1,000 m away . 今天 天气 很好 。 Ｂ".split()
    sentence = lambda: " ".join(draw.choice(words) for _ in range(draw.randint(0, 14)))
    cases = []
    for i in range(40):
        reference = sentence()
        cases.append((texts.changed(draw, reference) if i % 4 else sentence(), [reference] + ([sentence()] if i % 5 == 0 else [])))
    from rouge_score import rouge_scorer
    from sacrebleu.metrics import BLEU, CHRF, TER
    scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL", "rougeLsum"], use_stemmer=False)
    f1 = opencompass.load(folder, "datasets.longbench.evaluators").LongBenchF1Evaluator()
    pairs = []
    for prediction, references in cases:
        rouge = scorer.score_multi(references, prediction)
        pairs.append({"prediction": prediction, "references": references,
                      "bleu": BLEU(effective_order=True).sentence_score(prediction, references).score,
                      "bleu_zh": BLEU(effective_order=True, tokenize="zh").sentence_score(prediction, references).score,
                      "chrf": CHRF().sentence_score(prediction, references).score, "chrf++": CHRF(word_order=2).sentence_score(prediction, references).score,
                      "ter": TER().sentence_score(prediction, references).score,
                      "rouge": [rouge[name].fmeasure for name in ("rouge1", "rouge2", "rougeL", "rougeLsum")],
                      "f1": f1.score([prediction], [references])["score"] / 100})
    evaluators = [math.MATHEvaluator(version=version) for version in ("v1", "v2")]
    formulas = []
    for i in range(80):
        a = texts.fragments(draw, 4)
        b = draw.choice([a, a + "\\text{ cm}", " " + a, a.replace("frac", "dfrac"), a + ".", a + ".00", "x=" + a, texts.fragments(draw, 4)])
        formulas.append([a, b] + [bool(one.is_equiv(a, b)) for one in evaluators])
    json.dump({"replies": [{"text": text, **{name: read(text) for name, read in readers.items()}} for text in replies], "pairs": pairs,
               "formulas": formulas}, sys.stdout, ensure_ascii=True, indent=0)


main()
