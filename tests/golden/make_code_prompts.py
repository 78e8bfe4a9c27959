#!/usr/bin/env python3
"""Writes code_prompts.json: hashes of the prompts that OpenCompass 0.5.4 makes for HumanEval and MBPP, by its own loaders, retriever, templates
and parser, for a base model.

    python make_code_prompts.py DATA

DATA holds humaneval/ and mbpp/ as $SEXTANT_TEST_DATA has them. Needs PyPI's opencompass 0.5.4 with pyarrow==20.0.0, transformers==4.57.6,
huggingface_hub<1, sentence_transformers<6. tests/contract/test_code_prompts.py compares; it makes the same files of the sets that are not in
DATA (`layout` below).
"""
import copy
import hashlib
import json
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CARDS = {
    "humaneval_gen": "humaneval/humaneval_gen", "humaneval_gen_159614": "humaneval/humaneval_openai_sample_evals_gen_159614",
    "humaneval_gen_8e312c": "humaneval/humaneval_gen_8e312c", "humaneval_gen_d2537e": "humaneval/deprecated_humaneval_gen_d2537e",
    "humaneval_gen_a82cae": "humaneval/deprecated_humaneval_gen_a82cae", "humaneval_gen_66a7f4": "humaneval/humaneval_gen_66a7f4",
    "humaneval_cn_gen": "humaneval_cn/humaneval_cn_gen", "mbpp_gen": "mbpp/mbpp_gen", "mbpp_gen_1e1056": "mbpp/deprecated_mbpp_gen_1e1056",
    "sanitized_mbpp_gen": "mbpp/sanitized_mbpp_gen_830460", "sanitized_mbpp_gen_1e1056": "mbpp/deprecated_sanitized_mbpp_gen_1e1056",
    "sanitized_mbpp_gen_cb43ef": "mbpp/deprecated_sanitized_mbpp_gen_cb43ef",
    "sanitized_mbpp_gen_a447ff": "mbpp/sanitized_mbpp_mdblock_gen_a447ff", "mbpp_cn_gen": "mbpp_cn/mbpp_cn_gen"}
ROWS = 20


def layout(data, to):
    """TO/{humaneval,humaneval_cn,mbpp,mbpp_cn}: the real files, and others of the same rows where the set has a file of its own."""
    human = (pathlib.Path(data) / "humaneval/human-eval-v2-20210705.jsonl").read_bytes()
    mbpp = (pathlib.Path(data) / "mbpp/mbpp.jsonl").read_bytes()
    sanitized = ""
    for line in mbpp.decode().splitlines():
        row = json.loads(line)
        sanitized += json.dumps({"source_file": "", "task_id": row["task_id"], "prompt": row["text"], "code": row["code"],
                                 "test_imports": [], "test_list": row["test_list"]}) + "\n"
    for name, content in (("humaneval/human-eval-v2-20210705.jsonl", human), ("humaneval_cn/human-eval-cn-v2-20210705.jsonl", human),
                          ("mbpp/mbpp.jsonl", mbpp), ("mbpp/sanitized-mbpp.jsonl", sanitized.encode()), ("mbpp_cn/mbpp_cn.jsonl", mbpp)):
        path = pathlib.Path(to) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def chosen(count):
    return [i * count // ROWS for i in range(ROWS)]


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def render(path):
    from mmengine.config import Config
    import opencompass
    from opencompass.models.base import LMTemplateParser
    from opencompass.registry import ICL_PROMPT_TEMPLATES, ICL_RETRIEVERS
    from opencompass.utils import build_dataset_from_cfg

    file = pathlib.Path(opencompass.__file__).parent / "configs/datasets" / (path + ".py")
    config = Config.fromfile(str(file))
    config = copy.deepcopy(max((v for k, v in config.items() if k.endswith("_datasets")), key=len)[0])
    infer = config["infer_cfg"]
    template = ICL_PROMPT_TEMPLATES.build(infer["prompt_template"])
    retriever = ICL_RETRIEVERS.build({**infer["retriever"], "dataset": build_dataset_from_cfg(config)})
    parser = LMTemplateParser(None)
    count = len(retriever.retrieve())
    out = {}
    for i in chosen(count):
        prompt = retriever.generate_prompt_for_generate_task(i, "", gen_field_replace_token="", ice_template=None, prompt_template=template)
        out[str(i)] = digest(str(parser.parse_template(prompt, "gen")))
    return {"rows": count, "prompts": out}


def main():
    data = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        layout(data, pathlib.Path(folder) / "data")
        os.environ.update(COMPASS_DATA_CACHE=folder, HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1")
        os.chdir(folder)
        goldens = {card: render(path) for card, path in CARDS.items()}
    (HERE / "code_prompts.json").write_text(json.dumps(goldens, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
