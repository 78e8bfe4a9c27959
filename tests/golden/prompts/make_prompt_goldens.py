"""Prompts as OpenCompass 0.5.4 makes them, through its own loaders, retrievers, templates and parsers: goldens of hashes.

    python make_prompt_goldens.py --data DIR [--out own] [--texts DIR] [CARD...]

DIR holds data/ in OpenCompass' layout (make_data.py). Needs PyPI's opencompass 0.5.4 with pyarrow==20.0.0, transformers==4.57.6,
huggingface_hub<1, sentence_transformers<6. sets.json beside this file names cards and configurations. Writes goldens_OUT.json: for each
card and data set the number of rows, the chosen rows and 12 hex digits of the SHA-256 of what is sent for each of them; a text may
not be shown where a licence forbids it. --texts writes the texts themselves, for looking at differences."""

import argparse
import copy
import hashlib
import json
import os
import pathlib
import sys
import traceback
import warnings

HERE = pathlib.Path(__file__).resolve().parent
ROWS_MIN = 20          # of a card; of a data set that stands alone, too
SUBSETS_MAX = 60       # a card of hundreds (FLORES) is checked by as many


def chosen(size, sets):
    """Rows of a data set: the first ones, and others spread to its end."""
    wanted = max(3, -(-ROWS_MIN // sets))
    if size <= wanted:
        return list(range(size))
    first = wanted // 2
    step = (size - 1 - first) / (wanted - first - 1)
    return [*range(first), *(first + round(i * step) for i in range(wanted - first))]


def digest(value):
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()[:12]


class Renderer:
    """A base model without a meta template, and a chat model as --hf-path gives one."""

    def __init__(self):
        from opencompass.models.base import LMTemplateParser
        from opencompass.models.huggingface_above_v4_33 import _convert_chat_messages, _get_meta_template

        self.base, self.chat, self.convert = LMTemplateParser(None), _get_meta_template(None), _convert_chat_messages

    def text(self, prompt, mode):
        return str(self.base.parse_template(prompt, mode))

    def messages(self, prompt):
        return [[m["role"], m["content"]] for m in self.convert([self.chat.parse_template(prompt, "gen")])[0]]


def numbers(dataset, entry):
    """What Sextant calls each row: rows that its card leaves out ("without": a column's value) are not counted; "offset" is where a
    test_range begins."""
    rows = dataset.test
    out, count = {}, entry.get("offset", 0)
    for i in range(len(rows)):
        if any(rows[i][column] == value for column, value in entry.get("without", {}).items()):
            continue
        out[i] = count
        count += 1
    return out


def prompts_of(config, dataset, names, sets, renderer):
    from opencompass.registry import ICL_PROMPT_TEMPLATES, ICL_RETRIEVERS

    infer = config["infer_cfg"]
    ice = ICL_PROMPT_TEMPLATES.build(infer["ice_template"]) if "ice_template" in infer else None
    template = ICL_PROMPT_TEMPLATES.build(infer["prompt_template"]) if "prompt_template" in infer else None
    retriever_config = copy.deepcopy(infer["retriever"])
    retriever_config["dataset"] = dataset
    retriever = ICL_RETRIEVERS.build(retriever_config)
    kind = infer["inferencer"]["type"]
    kind = kind if isinstance(kind, str) else kind.__name__
    examples = retriever.retrieve()
    out = {}
    there = list(names)
    for i in (there[k] for k in chosen(len(there), sets)):
        shown = retriever.generate_ice(examples[i], ice_template=ice)
        if "PPLOnly" in kind:
            prompt = retriever.generate_prompt_for_generate_task(i, shown, ice_template=ice, prompt_template=template)
            out[i] = {"text": renderer.text(prompt, "gen")}
        elif "PPL" in kind or "LL" in kind:
            labels = retriever.get_labels(ice_template=ice, prompt_template=template)
            out[i] = {"labels": {str(label): renderer.text(retriever.generate_label_prompt(
                i, shown, label, ice_template=ice, prompt_template=template), "ppl") for label in labels}}
        else:
            prompt = retriever.generate_prompt_for_generate_task(
                i, shown, gen_field_replace_token="", ice_template=ice, prompt_template=template)
            out[i] = {"text": renderer.text(prompt, "gen"), "messages": renderer.messages(prompt)}
    return len(examples), out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", default="own", help="goldens_OUT.json")
    parser.add_argument("--texts")
    parser.add_argument("cards", nargs="*")
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    os.environ.update(COMPASS_DATA_CACHE=os.path.abspath(args.data), HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1",
                      HF_DATASETS_CACHE=os.path.abspath(args.data) + "/cache")
    os.chdir(args.data)
    import opencompass
    from mmengine.config import Config
    from opencompass.utils import build_dataset_from_cfg

    configs = pathlib.Path(opencompass.__file__).parent / "configs/datasets"
    sets = json.loads((HERE / "sets.json").read_text())
    golden_file = HERE / f"goldens_{args.out}.json"
    goldens = json.loads(golden_file.read_text()) if golden_file.exists() else {}
    renderer, failed = Renderer(), 0
    for card in args.cards or sets:
        entry = sets[card]
        if isinstance(entry, str):
            entry = {"config": entry}
        config = Config.fromfile(str(configs / (entry["config"] + ".py")))
        lists = [value for name, value in config.items() if name.endswith("datasets") and isinstance(value, list)]
        all_sets = [one for one in max(lists, key=len) if one["abbr"] in entry.get("sets", [one["abbr"]])]
        loaded, there = [], {}
        for one in list(all_sets):
            if len(loaded) == SUBSETS_MAX:
                break
            try:
                loaded.append((one, build_dataset_from_cfg(copy.deepcopy(one))))
            except FileNotFoundError:  # a subset without data is left out; the others are compared
                continue
            except Exception as error:
                print("FAILED", card, one["abbr"], type(error).__name__, str(error).replace("\n", " ")[:160], flush=True)
        for one, dataset in loaded:
            names = numbers(dataset, entry)
            try:
                size, prompts = prompts_of(copy.deepcopy(one), dataset, names, len(loaded), renderer)
            except Exception as error:
                print("FAILED", card, one["abbr"], type(error).__name__, str(error).replace("\n", " ")[:160], flush=True)
                if os.environ.get("TRACE"):
                    traceback.print_exc()
                continue
            there[one["abbr"]] = {"size": size, "rows": {str(names[i]): {key: digest(value) for key, value in p.items()} for i, p in prompts.items()}}
            if args.texts:
                folder = pathlib.Path(args.texts)
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{card}__{one['abbr'].replace('/', '_')}.json").write_text(
                    json.dumps({str(names[i]): p for i, p in prompts.items()}, ensure_ascii=False, indent=1))
        failed += not there
        print("OK" if there else "NONE", card, len(there), "of", len(all_sets), "sets,", sum(len(x["rows"]) for x in there.values()), "rows", flush=True)
        if there:
            goldens[card] = {"config": entry["config"], "parts": entry.get("parts", len(all_sets) > 1), "sets": there}
    golden_file.write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False, separators=(',', ':'))}"
                                               for k, v in sorted(goldens.items())) + "\n}\n")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
