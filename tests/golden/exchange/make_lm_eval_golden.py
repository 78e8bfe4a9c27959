#!/usr/bin/env python3
"""Makes lm_eval.json: what lm-eval 0.4.13 writes with --output_path and --log_samples for the tasks of tests/contract/test_tasks.py, on the tiny model.

Needs a Python that has lm_eval 0.4.13, datasets, torch, transformers and gguf. Kept are the keys and types of the results file, and the samples
without what depends on the machine; test_exchange.py compares an export of the same tasks with them, and imports the files.
"""

import json
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools" / "acceptance")]
TASKS = ["open", "last", "whole", "both"]


def main():
    from tests.contract.test_tasks import COMMON, FILES

    folder = pathlib.Path(tempfile.mkdtemp())
    os.environ.update(HF_HUB_OFFLINE="1", HF_HOME=str(folder), HF_HUB_CACHE=str(folder / "hub"), HF_DATASETS_CACHE=str(folder / "datasets"))
    from task_rows import write_snapshot

    rows = {split: [{"q": split[1].upper() + str(i), "label": i % 2} for i in range(n)] for split, n in (("train", 8), ("test", 3))}
    write_snapshot(folder / "hub", folder / "datasets", "org/set", None, rows)
    for name, text in {**FILES, "common": COMMON}.items():
        if "!function" not in text:
            path = folder / "tasks" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
    import lm_eval.__main__

    sys.argv = ["lm-eval", "--model", "hf", "--model_args", f"pretrained={HERE.parent},gguf_file=tiny_llama.gguf,dtype=float32", "--tasks", ",".join(TASKS), "--include_path",
                str(folder / "tasks"), "--output_path", str(folder / "out"), "--log_samples", "--device", "cpu", "--batch_size", "1"]
    lm_eval.__main__.cli_evaluate()
    results = next((folder / "out").rglob("results_*.json"))
    golden = {"results": json.loads(results.read_text()), "samples": {}}
    for name in ("pretty_env_info", "git_hash", "upper_git_hash", "chat_template"):
        golden["results"][name] = None if golden["results"][name] is None else "text"
    golden["results"].update(model_name="golden/tiny_llama", model_name_sanitized="golden__tiny_llama")
    for config in golden["results"]["configs"].values():
        config["metadata"].pop("config_source", None)
        config["metadata"].update(pretrained="tiny_llama")
    golden["results"]["config"]["model_args"] = {"pretrained": "tiny_llama"}
    for file in results.parent.glob("samples_*.jsonl"):
        task = file.name[len("samples_"):file.name.rindex("_")]
        golden["samples"][task] = [json.loads(line) for line in file.read_text().splitlines()]
    (HERE / "lm_eval.json").write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
