#!/usr/bin/env python3
"""What OpenCompass 0.5.4 sends its judges, by its own loaders, LMEvaluator and parsers: goldens of hashes, prompts.json.

    python make_judge_prompts.py [--texts DIR] [CARD...]

The same environment as tests/golden/prompts/make_prompt_goldens.py. Rows and answers are judge_data.py's. For each card, set, row and order
("straight": the compared model's answer is shown first) 12 hex digits of the SHA-256 of the text that a base model is sent and of the
messages that a chat model is sent. --texts writes these themselves."""

import argparse
import contextlib
import copy
import io
import json
import os
import pathlib
import sys
import tempfile
import warnings

import judge_data

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "prompts"))
from make_prompt_goldens import Renderer, digest  # noqa: E402

SETS = {
    "mtbench_single_judge_diff_temp": "subjective/multiround/mtbench_single_judge_diff_temp",
    "mtbench_single_judge_turn1": "subjective/multiround/mtbench_single_judge_diff_temp",
    "mtbench101_judge": "subjective/multiround/mtbench101_judge",
    "alignbench_judgeby_critiquellm": "subjective/alignbench/alignbench_judgeby_critiquellm",
    "alpacav2_judgeby_gpt4": "subjective/alpaca_eval/alpacav2_judgeby_gpt4",
    "arena_hard_compare": "subjective/arena_hard/arena_hard_compare",
    "compassarena_compare": "subjective/compassarena/compassarena_compare",
    "fofo_bilingual_judge": "subjective/fofo/fofo_bilingual_judge",
    "followbench_llmeval": "subjective/followbench/followbench_llmeval",
    "wildbench_pair_judge": "subjective/wildbench/wildbench_pair_judge",
    "wildbench_single_judge": "subjective/wildbench/wildbench_pair_judge",
    "simpleqa_gen": "SimpleQA/simpleqa_gen_0283c3",
    "chinese_simpleqa_gen": "chinese_simpleqa/chinese_simpleqa_gen",
}


class Caught(Exception):
    pass


def judged(one, evaluator, answers, order):
    """The prompts that the evaluator makes of the answers, in its order."""
    from opencompass.openicl.icl_evaluator import lm_evaluator
    from opencompass.registry import ICL_EVALUATORS
    from opencompass.utils import build_dataset_from_cfg
    made = []

    class Inferencer:
        def __init__(self, *args, **more):
            pass

        def inference(self, retriever, prompt_template):
            for i in range(len(retriever.test_ds)):
                made.append(retriever.generate_prompt_for_generate_task(i, "", gen_field_replace_token="", prompt_template=prompt_template))
            raise Caught

    lm_evaluator.GenInferencer, lm_evaluator.build_model_from_cfg = Inferencer, lambda model_cfg: None
    references = build_dataset_from_cfg(copy.deepcopy(one)).test[one["reader_cfg"]["output_column"]]
    evaluator = ICL_EVALUATORS.build({**evaluator, "judge_cfg": {}, "output_path": "out.json", "dataset_cfg": copy.deepcopy(one)})
    with contextlib.suppress(Caught), contextlib.redirect_stdout(io.StringIO()):
        evaluator.score(predictions=answers, references=list(references), infer_order=order)
    return made


def replies(model, size, turns):
    if turns == 1:
        return [judge_data.answer(model, i) for i in range(size)]
    return [[{"round": t + 1, "user": "?", "assistant": judge_data.answer(model, i, t)} for t in range(turns)] for i in range(size)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts")
    parser.add_argument("cards", nargs="*")
    args = parser.parse_args()
    texts = args.texts and pathlib.Path(args.texts).resolve()
    warnings.filterwarnings("ignore")
    folder = tempfile.mkdtemp()
    judge_data.write(folder)
    os.environ.update(COMPASS_DATA_CACHE=folder, HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", HF_DATASETS_CACHE=folder + "/cache")
    os.chdir(folder)
    import opencompass
    from mmengine.config import Config
    from opencompass.utils import build_dataset_from_cfg
    configs = pathlib.Path(opencompass.__file__).parent / "configs/datasets"
    file = HERE / "prompts.json"
    goldens = json.loads(file.read_text()) if file.exists() else {}
    renderer = Renderer()
    for card in args.cards or SETS:
        config = Config.fromfile(str(configs / (SETS[card] + ".py")))
        all_sets = max((value for name, value in config.items() if name.endswith("datasets") and isinstance(value, list)), key=len)
        out = {}
        for one in copy.deepcopy(all_sets):
            if card == "wildbench_single_judge":
                one.update(mode="singlescore", eval_mode="single", abbr="wildbench-score")
            if card == "mtbench_single_judge_turn1":
                one.update(multi_turn=False, abbr=one["abbr"] + "-turn1")
            size = len(build_dataset_from_cfg(copy.deepcopy(one)).test)
            turns = 2 if card.startswith("mtbench_") else 1
            evaluator = copy.deepcopy(one["eval_cfg"]["evaluator"])
            evaluator.pop("dict_postprocessor", None)
            if one["mode"] == "singlescore":
                made = judged(one, evaluator, {"model_name": "compared", "model_preds": replies("compared", size, turns)}, None)
                rows = {str(i): {"straight": prompt} for i, prompt in enumerate(made)}
            else:
                answers = [{"model_name": m, "model_preds": replies(m, size, turns)} for m in judge_data.MODELS]
                made = judged(one, evaluator, answers, "double")     # which holds both orders of "random"
                rows = {str(i): {"straight": made[i], "swapped": made[size + i]} for i in range(size)}
            shown = {i: {order: {"text": renderer.text(p, "gen"), "messages": renderer.messages(p)} for order, p in orders.items()} for i, orders in rows.items()}
            out[one["abbr"]] = {i: {order: {k: digest(v) for k, v in p.items()} for order, p in orders.items()} for i, orders in shown.items()}
            if texts:
                texts.mkdir(parents=True, exist_ok=True)
                (texts / f"{card}__{one['abbr']}.json").write_text(json.dumps(shown, ensure_ascii=False, indent=1))
        print(card, {abbr: len(rows) for abbr, rows in out.items()}, flush=True)
        goldens[card] = {"config": SETS[card], "parts": len(all_sets) > 1, "sets": out}
    file.write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in sorted(goldens.items())) + "\n}\n")


if __name__ == "__main__":
    main()
