#!/usr/bin/env python3
"""OpenCompass' configurations as Sextant's cards: import_opencompass.py CONFIG.py|NAME... --output DIR [--no-data]

Started by `sextant import opencompass`, with the Python that has opencompass (0.5.4). A CONFIG.py is a whole configuration; a NAME is that of one of
OpenCompass' own (data sets, models, summarizers), and may hold * and ?. Data sets become cards and their rows, read by OpenCompass' own loaders, JSON
lines in DIR/data; models become model cards; summary groups and model_dataset_combinations the members of DIR/run.json. What cannot be carried over
is said, a line each: "FILE:LINE: what: why". Exit codes are Sextant's: 64 for a name that is nothing, 65 where nothing could be carried over or a
configuration cannot be read, 69 where there is no opencompass.
"""

import argparse
import ast
import fnmatch
import json
import pathlib
import re
import sys

# OpenCompass' functions and evaluators, and the components that read and compare the same things (docs/extraction.md, docs/compat.md)
POSTPROCESSORS = {
    "first_capital_postprocess": "first_capital", "first_capital_postprocess_multi": "first_capital_multi", "first_option_postprocess": "first_option",
    "last_option_postprocess": "last_option", "last_capital_postprocess": "last_capital", "general_postprocess": "general", "general_cn_postprocess": "general",
    "gsm8k_postprocess": "gsm8k", "gsm8k_dataset_postprocess": "gsm8k_dataset", "math_postprocess": "math_postprocess", "math_postprocess_v2": "math_postprocess_v2",
    "triviaqa_postprocess": "triviaqa", "nq_postprocess": "nq", "bbh_mcq_postprocess": "bbh_mcq", "bbh_freeform_postprocess": "bbh_freeform",
    "lcsts_postprocess": "lcsts", "Xsum_postprocess": "xsum", "flores_postprocess": "flores", "CMRC_postprocess": "cmrc", "DRCD_postprocess": "drcd",
    "ReCoRD_postprocess": "record", "strategyqa_pred_postprocess": "strategyqa", "strategyqa_dataset_postprocess": "strategyqa_dataset",
    "TheoremQA_postprocess": "theoremqa", "multiple_select_postprocess": "multiple_select", "first_number_postprocess": "first_number",
    "xml_tag_postprocessor": "xml_tag",
}
METRICS = {
    "AccEvaluator": {"type": "accuracy"}, "AccwithDetailsEvaluator": {"type": "accuracy"}, "AccContaminationEvaluator": {"type": "accuracy"},
    "EMEvaluator": {"type": "exact_match"}, "Gsm8kEvaluator": {"type": "numeric"}, "MATHEvaluator": {"type": "math_equal"}, "MATHVerifyEvaluator": {"type": "math_equal"},
    "TriviaQAEvaluator": {"type": "contains"}, "NQEvaluator": {"type": "contains"}, "RougeEvaluator": {"type": "rouge"}, "JiebaRougeEvaluator": {"type": "rouge", "tokens": "characters"},
    "BleuEvaluator": {"type": "bleu"}, "BBHEvaluator": {"type": "exact_match", "ignore_case": True}, "BBHEvaluator_mcq": {"type": "accuracy"}, "MccEvaluator": {"type": "mcc"},
    "SquadEvaluator": {"type": "token_f1"}, "SQuAD20Evaluator": {"type": "exact_match", "ignore_case": True, "ignore_articles": True, "ignore_punctuation": True},
}
INFERENCERS = {"GenInferencer": "gen", "PPLInferencer": "ppl", "CLPInferencer": "clp", "LLInferencer": "loglikelihood", "PPLOnlyInferencer": "ppl_only"}
RETRIEVERS = {"ZeroRetriever": "zero", "FixKRetriever": "fix_k", "RandomRetriever": "random", "BM25Retriever": "bm25", "SlidingWindowRetriever": "sliding_window"}
HF_MODELS = ("HuggingFaceCausalLM", "HuggingFace", "HuggingFaceBaseModel", "HuggingFacewithChatTemplate", "HuggingFaceChatGLM3")
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def type_name(value):
    """The last part of a class' or function's name, however the configuration holds it."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.rsplit(".", 1)[-1]
    return getattr(value, "__name__", None) or str(value).rsplit(".", 1)[-1]


def plain(value):
    """A configuration's value as JSON has it; nothing for what JSON has not."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    return str(value)


class Report:
    """What could not be carried over, each with the line that it stands in."""

    def __init__(self):
        self.lines, self.seen = [], set()

    def say(self, sources, word, what):
        place = where(sources, word)
        line = f"{place}: {what}"
        if line not in self.seen:
            self.seen.add(line)
            self.lines.append(line)


def files_of(path):
    """The configuration's file and those that it reads, the file first."""
    out, todo = [], [pathlib.Path(path).resolve()]
    while todo:
        file = todo.pop(0)
        if file in out or not file.is_file():
            continue
        out.append(file)
        try:
            tree = ast.parse(file.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                base = file.parent
                for _ in range(max(0, node.level - 1)):
                    base = base.parent
                if node.level:
                    todo.append(base / (node.module.replace(".", "/") + ".py"))
                elif node.module.startswith("opencompass.configs"):
                    todo.append(package() / "configs" / (node.module[len("opencompass.configs."):].replace(".", "/") + ".py"))
    return out


def where(sources, word):
    for file in sources:
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").split("\n"), 1):
            if word and re.search(r"(?<!\w)" + re.escape(word) + r"(?!\w)", line) and not re.match(r"\s*(from|import)\b", line):
                return f"{file}:{number}"
    return str(sources[0]) if sources else "?"


def package():
    import opencompass

    return pathlib.Path(opencompass.__file__).parent


def configurations(name):
    """(kind, file) of OpenCompass' own configurations of that name or pattern."""
    out = []
    for kind in ("datasets", "models", "summarizers"):
        for file in sorted((package() / "configs" / kind).rglob("*.py")):
            if file.stem == name or (set(name) & set("*?") and fnmatch.fnmatch(file.stem, name)):
                out.append((kind, file))
    return out


# ---- templates ----

def literal_names(text, columns):
    """What stands in braces and names no column is meant as it is."""
    return {name for name in PLACEHOLDER.findall(text) if name and name not in columns}


def turns(items, columns, literal):
    out = []
    for item in items if isinstance(items, list) else [items]:
        if isinstance(item, str):
            out.append(item)
            continue
        turn = {key: item[key] for key in ("role", "fallback_role", "prompt") if key in item}
        turn.setdefault("prompt", "")
        literal |= literal_names(turn["prompt"], columns)
        out.append(turn)
    return out


def is_labels(template):
    return isinstance(template, dict) and not {"round", "begin", "end"} & set(template)


def shown_example(template, columns, literal):
    """An example's own form."""
    if isinstance(template, str):
        literal |= literal_names(template, columns)
        return template.replace("</E>", "")
    if is_labels(template):
        return None
    return {"round": turns(template.get("round", []), columns, literal)}


def convert_template(infer, columns, say):
    ice = infer.get("ice_template") or {}
    question = infer.get("prompt_template") or ice
    template, example = question.get("template"), ice.get("template")
    literal, out = set(), {}
    if template is None:
        say("infer_cfg", "there is no prompt template")
        return None
    if isinstance(template, str):
        before, mark, after = template.partition("</E>")
        out = {"type": "text", "prompt": after if mark else template}
        if mark and before:
            out["begin"] = before
        literal |= literal_names(template, columns)
    elif is_labels(template):
        texts = all(isinstance(value, str) for value in template.values())
        out = {"type": "text" if texts else "dialogue", "labels": []}
        for label, value in template.items():
            if texts:
                out["labels"].append({"label": str(label), "prompt": value.replace("</E>", "")})
                literal |= literal_names(value, columns)
            else:
                out["labels"].append({"label": str(label), "round": turns(value.get("round", []), columns, literal)})
                for part in ("begin", "end"):
                    if part in value:
                        out[part] = turns(value[part], columns, literal)
    else:
        out = {"type": "dialogue"}
        for part in ("begin", "round", "end"):
            if part in template:
                out[part] = turns(template[part], columns, literal)
    if example is not None and question is not ice and example != template:
        own = shown_example(example, columns, literal)
        if own is None and not is_labels(template):
            say("ice_template", "examples that differ by label, beside a question that does not, have no counterpart")
        elif own is not None and own != out.get("prompt") and own != {"round": out.get("round")}:
            out["shot"] = own
    if literal:
        out["literal"] = sorted(literal)
    return out


# ---- data sets ----

def convert_retriever(retriever, say):
    name = type_name(retriever.get("type")) or "ZeroRetriever"
    if name not in RETRIEVERS:
        say(name, f"the retriever {name} is left out (docs/retrievers.md has what there is): the card shows no examples")
        return {"type": "zero"}
    out = {"type": RETRIEVERS[name]}
    if name == "FixKRetriever":
        out["ids"] = plain(retriever.get("fix_id_list", []))
    elif name != "ZeroRetriever":
        out["ice_num"] = retriever.get("ice_num", 1)
        if "seed" in retriever:
            out["seed"] = retriever["seed"]
    return out


def convert_inferencer(inferencer, say):
    name = type_name(inferencer.get("type"))
    if name not in INFERENCERS:
        say(name, f"the inferencer {name} has no counterpart that a configuration says enough for; the set is left out")
        return None
    out = {"type": INFERENCERS[name]}
    if name == "GenInferencer":
        if inferencer.get("max_out_len"):
            out["max_out_len"] = inferencer["max_out_len"]
        if inferencer.get("stopping_criteria"):
            out["stop"] = plain(inferencer["stopping_criteria"])
    for key in inferencer:
        if key not in ("type", "max_out_len", "stopping_criteria", "batch_size", "max_seq_len"):
            say(key, f"{name}'s {key} is left out")
    return out


def convert_postprocessor(chosen, say):
    name = type_name(chosen.get("type") if isinstance(chosen, dict) else chosen)
    own = chosen if isinstance(chosen, dict) else {}
    if name == "match_answer_pattern":
        return [{"type": "regex", "pattern": own.get("answer_pattern", "")}]
    if name not in POSTPROCESSORS:
        say(name, f"the post-processor {name} has no counterpart: replies are compared as they are; write one with `sextant plugins new postprocessor NAME`")
        return []
    out = {"type": POSTPROCESSORS[name]}
    if "options" in own:
        out["options"] = own["options"]
    for key in own:
        if key not in ("type", "options"):
            say(key, f"{name}'s {key} is left out")
    return [out]


def convert_eval(config, inferencer, say):
    evaluator = config.get("evaluator") or {}
    name = type_name(evaluator.get("type") if isinstance(evaluator, dict) else evaluator)
    out = {}
    if inferencer["type"] == "gen" and config.get("pred_postprocessor"):
        out["postprocessors"] = convert_postprocessor(config["pred_postprocessor"], say)
    if config.get("dataset_postprocessor"):
        out["reference_postprocessors"] = convert_postprocessor(config["dataset_postprocessor"], say)
    if name in METRICS:
        out["metrics"] = [dict(METRICS[name])]
    elif name == "AveragePPLEvaluator":
        out["metrics"] = []
    else:
        say(name or "evaluator", f"the evaluator {name or '(none)'} has no counterpart: the card compares texts (exact_match), whose numbers are others; name a metric of yours in it")
        out["metrics"] = [{"type": "exact_match"}]
    for key in evaluator if isinstance(evaluator, dict) else ():
        if key not in ("type", "version"):
            say(key, f"{name}'s {key} is left out")
    return out


def columns_of(reader):
    columns = reader.get("input_columns", [])
    return [columns] if isinstance(columns, str) else list(columns)


def safe(name):
    return re.sub(r"[^\w.-]", "_", name)


def write_rows(config, abbr, folder, with_examples, say):
    """The rows as OpenCompass' own loader gives them, with its ranges applied."""
    from opencompass.utils import build_dataset_from_cfg

    try:
        built = build_dataset_from_cfg(config)
        rows = {"test": built.test}
        if with_examples:
            rows["train"] = built.train
        for split, table in rows.items():
            lines = [json.dumps(plain(dict(row)), ensure_ascii=False) for row in table]
            path = folder / "data" / safe(abbr) / f"{split}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        return True
    except Exception as error:  # whatever OpenCompass' loaders raise
        reason = " ".join(str(error).split())[:300]
        say(type_name(config.get("type")), f"the rows of {abbr} cannot be read here ({type(error).__name__}: {reason}); the card is written without them: put the data where OpenCompass "
            "finds them (./data, COMPASS_DATA_CACHE) and import again")
        return False


def convert_dataset(config, folder, no_data, sources, report):
    reader, infer, evaluation = config.get("reader_cfg") or {}, config.get("infer_cfg") or {}, config.get("eval_cfg") or {}
    abbr = config.get("abbr") or safe(type_name(config.get("type")))

    def say(word, what):
        report.say(sources, word, f"{abbr}: {what}")

    inferencer = convert_inferencer(infer.get("inferencer") or {}, say)
    if inferencer is None:
        return None
    columns = columns_of(reader)
    template = convert_template(infer, [*columns, reader.get("output_column")], say)
    if template is None:
        return None
    retriever = convert_retriever(infer.get("retriever") or {}, say)
    shows = retriever["type"] != "zero"
    if not no_data:
        write_rows(config, abbr, folder, shows, say)
    files = {"test": "test.jsonl", **({"train": "train.jsonl"} if shows else {})}
    card = {
        "card": "dataset",
        "summary": f"{abbr}, from OpenCompass' {sources[0].name}",
        "abbr": abbr,
        "loader": {"type": "table", "files": files},
        "folder": safe(abbr),
        "reader": {"input_columns": columns, "output_column": reader.get("output_column") or "", "train_split": "train", "test_split": "test"},
        "infer": {"retriever": retriever, "template": template, "inferencer": inferencer},
        "eval": convert_eval(evaluation, inferencer, say),
    }
    if isinstance(config.get("n"), int) and config["n"] > 1:
        card["infer"]["repeats"] = config["n"]
        if config.get("k"):
            card["eval"]["pass_at"] = [config["k"]] if isinstance(config["k"], int) else list(config["k"])
    if evaluation.get("pred_role") not in (None, "BOT"):
        say("pred_role", "pred_role is left out: a reply is read whole")
    return card


# ---- models, groups ----

def convert_model(config, sources, report):
    name, abbr = type_name(config.get("type")), config.get("abbr")
    path = config.get("path")
    abbr = abbr or (safe(pathlib.PurePosixPath(path).name + "_hf") if path else safe(name))

    def say(word, what):
        report.say(sources, word, f"{abbr}: {what}")

    card = {"card": "model", "summary": f"{abbr}, from OpenCompass' {sources[0].name}", "abbr": abbr}
    if name in HF_MODELS or name in ("VLLM", "VLLMwithChatTemplate", "TurboMindModel", "TurboMindModelwithChatTemplate"):
        card["hf_path"] = path
        if name not in HF_MODELS:
            say(name, f"{name} is a way to compute; the weights are read by the backend of the run")
    elif name in ("OpenAI", "OpenAISDK"):
        card["backend"] = "openai"
        card["config"] = {"model": path}
        if config.get("openai_api_base"):
            base = config["openai_api_base"]
            card["config"]["base_url"] = (base if isinstance(base, str) else base[0]).removesuffix("/chat/completions")
        say(name, "keys are not carried over; set OPENAI_API_KEY (docs/served_models.md)")
    else:
        say(name, f"the model type {name} has no counterpart; a server with OpenAI's interface in front of it can be asked (--backend openai)")
        return None
    if name in ("HuggingFaceCausalLM", "HuggingFace", "HuggingFaceBaseModel") or (name in ("VLLM", "TurboMindModel") and not config.get("meta_template")):
        card["hf_type"] = "base"
    for ours, theirs in (("max_seq_len", "max_seq_len"), ("max_out_len", "max_out_len"), ("batch_size", "batch_size"), ("tokenizer_path", "tokenizer_path"), ("peft_path", "peft_path")):
        if config.get(theirs) is not None and not (ours == "tokenizer_path" and config[theirs] == path):
            card[ours] = config[theirs]
    if config.get("stop_words"):
        card["stop_words"] = list(config["stop_words"])
    generation = {**(config.get("gen_config") or {}), **(config.get("generation_kwargs") or {})}
    if card.get("max_out_len") is None and isinstance(generation.get("max_new_tokens"), int):
        card["max_out_len"] = generation["max_new_tokens"]
    known = ("do_sample", "temperature", "top_p", "top_k", "min_p", "repetition_penalty")
    if generation:
        card["generation"] = {key: generation[key] for key in known if key in generation}
        for key in generation:
            if key not in known and not (key == "max_new_tokens" and generation[key] == card.get("max_out_len")):
                say(key, f"generation_kwargs' {key} is left out")
    if config.get("meta_template"):
        meta = plain(config["meta_template"])
        card["meta_template"] = meta
    if own := config.get("pred_postprocessor"):
        # one for all sets, or one by the names of sets
        if "type" in own:
            card["postprocessors"] = convert_postprocessor(own, say)
        else:
            card["postprocessors"] = {str(sets): convert_postprocessor(one, say) for sets, one in own.items()}
        if not any(card["postprocessors"].values() if isinstance(card["postprocessors"], dict) else card["postprocessors"]):
            del card["postprocessors"]
    for key in config:
        if key not in ("type", "abbr", "path", "pred_postprocessor", "max_seq_len", "max_out_len", "batch_size", "tokenizer_path", "peft_path", "stop_words", "generation_kwargs", "meta_template", "run_cfg",
                       "tokenizer_kwargs", "model_kwargs", "openai_api_base", "key", "batch_padding", "fastchat_template", "end_str", "gen_config"):
            say(key, f"{key} is left out")
    if config.get("end_str"):
        card.setdefault("stop_words", []).append(config["end_str"])
    return card


def convert_groups(summarizer, names, sources, report):
    out = []
    for group in summarizer.get("summary_groups") or []:
        members = []
        for subset in group.get("subsets", []):
            members.append(subset if isinstance(subset, str) else subset[0])
            if not isinstance(subset, str):
                report.say(sources, group["name"], f"group {group['name']}: it takes the metric {subset[1]} of {subset[0]}; here a group takes each set's first")
        if group.get("std") or group.get("sum"):
            report.say(sources, group["name"], f"group {group['name']}: standard deviations and sums are not rows; it is left out")
            continue
        if not all(member in names or any(member == known["name"] for known in out) for member in members):
            continue  # of sets that this configuration does not have
        entry = {"name": group["name"], "members": members}
        if group.get("weights"):
            entry["weights"] = plain(group["weights"])
        out.append(entry)
    return out


# ---- a configuration ----

def read(path):
    from mmengine.config import Config

    return Config.fromfile(str(path), format_python_code=False)


def lists_of(config, word):
    """Members named so ("gsm8k_datasets", "models"), without doubles."""
    out = []
    for key in config:
        if (key == word or key.endswith("_" + word)) and isinstance(config[key], list):
            for item in config[key]:
                if isinstance(item, dict) and not any(item is known or item == known for known in out):
                    out.append(item)
    return out


def convert_file(path, kind, args, cards, report):
    sources = files_of(path)
    config = read(path)
    whole = kind is None
    datasets = list(config["datasets"]) if whole and "datasets" in config else lists_of(config, "datasets") if kind in (None, "datasets") else []
    models = list(config["models"]) if whole and "models" in config else lists_of(config, "models") if kind in (None, "models") else []
    combinations = config.get("model_dataset_combinations") or []
    for combination in combinations:
        datasets += [d for d in combination.get("datasets", []) if d not in datasets]
        models += [m for m in combination.get("models", []) if m not in models]
    for item in datasets:
        card = convert_dataset(item, args.output, args.no_data, sources, report)
        if card:
            cards["datasets"].setdefault(card["abbr"], card)
    for item in models:
        card = convert_model(item, sources, report)
        if card:
            cards["models"].setdefault(card["abbr"], card)
    summarizer = config.get("summarizer") or {}
    groups = list(summarizer.get("summary_groups") or []) if whole else lists_of(config, "summary_groups")
    cards["groups"] += convert_groups({"summary_groups": groups}, cards["datasets"], sources, report)
    for combination in combinations:
        cards["combinations"].append(([m.get("abbr") for m in combination.get("models", [])], [d.get("abbr") for d in combination.get("datasets", [])]))
    for key in ("infer", "eval", "work_dir"):
        if key in config and kind is None:
            report.say(sources, key, f"{key} is left out: " + ("--work-dir names the folder" if key == "work_dir" else "how tasks are cut and started is the program's"))


def write(folder, cards):
    def dump(path, value):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    for kind in ("datasets", "models"):
        for abbr, card in cards[kind].items():
            dump(folder / kind / (safe(abbr) + ".json"), card)

    # a model or a set that is named by combinations alone runs in these alone
    combinations = []
    for models, datasets in cards["combinations"]:
        models, datasets = [m for m in models if m in cards["models"]], [d for d in datasets if d in cards["datasets"]]
        if models and datasets:
            combinations.append({"models": models, "datasets": datasets})
    out = {"models": [safe(m) for m in cards["models"]], "datasets": [safe(d) for d in cards["datasets"]], "data_dir": str(folder / "data")}
    if combinations:
        out["model_dataset_combinations"] = combinations
    groups = [g for g in cards["groups"] if set(g["members"]) <= set(cards["datasets"]) | {k["name"] for k in cards["groups"]}]
    if groups:
        out["summarizer"] = {"name": "opencompass", "groups": groups}
    dump(folder / "run.json", {key: value for key, value in out.items() if value})
    return [str(folder / "run.json")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", metavar="CONFIG.py|NAME")
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("cards"))
    parser.add_argument("--no-data", action="store_true", help="cards alone: OpenCompass' loaders are not run")
    args = parser.parse_args()
    args.output = args.output.resolve()
    try:
        import opencompass  # noqa: F401
    except ImportError as error:
        print(f"{sys.executable} has no opencompass ({error}); name the Python that has it with --python", file=sys.stderr)
        return 69
    cards, report = {"datasets": {}, "models": {}, "groups": [], "combinations": []}, Report()
    for name in args.names:
        files = [(None, pathlib.Path(name))] if name.endswith(".py") else configurations(name)
        if not files or not files[0][1].is_file():
            print(f"{name} is neither a file nor the name of a configuration of OpenCompass", file=sys.stderr)
            return 64
        for kind, file in files:
            try:
                convert_file(file, kind, args, cards, report)
            except Exception as error:  # whatever a configuration raises
                print(f"{file}: it cannot be read ({type(error).__name__}: {' '.join(str(error).split())[:300]})", file=sys.stderr)
                return 65
    for line in report.lines:
        print(line, file=sys.stderr)
    if not cards["datasets"] and not cards["models"] and not cards["groups"]:
        print("nothing could be carried over", file=sys.stderr)
        return 65
    for name in write(args.output, cards):
        print(name)
    print(f"{len(cards['datasets'])} data sets, {len(cards['models'])} models, {len(cards['groups'])} groups; {len(report.lines)} things were left out",
          file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
