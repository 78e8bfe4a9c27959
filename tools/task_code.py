#!/usr/bin/env python3
"""The Python of lm-eval's task files, for `sextant run --tasks ... --allow-task-code --task-python PYTHON`: a data set, a metric or a
post-processor that speaks docs/protocol.md. Sextant starts it with PYTHON, whose environment has lm_eval and datasets, in a sandbox without
a network in which nothing can be written. tools/task_code.py holds nothing of a task: `hello` brings the task's keys, whose functions
are {"!function": "utils.f", "!in": FOLDER}, and the folders of its files and data.

What a function does not get here is what lm-eval's evaluator has at hand: other tasks, the model, the network.
"""

import json
import logging
import os
import re
import sys
import traceback

sys.dont_write_bytecode = True
OFFLINE = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_EVALUATE_OFFLINE", "DISABLE_MULTIPROC", "HF_HUB_DISABLE_TELEMETRY")
ROWS_AT_ONCE = 1000
COLUMN = "!"  # how the columns of functions begin: "!doc_to_text"
MADE = ("lm_eval_doc", "lm_eval_target")  # Sextant's own of a row

given = {}  # hello's configuration


class Refused(Exception):
    """A sentence for the user. `kind`: of docs/protocol.md's error_kind."""

    def __init__(self, text, kind="config"):
        super().__init__(text)
        self.kind = kind


def place_of(error):
    """FILE:LINE of the task's own code that an error came from, else of whatever it came from."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != __file__]
    own = [f for f in frames if any(f.filename.startswith(folder.rstrip("/") + "/") for folder in given.get("places", []))]
    if isinstance(error, SyntaxError) and error.filename:
        return "%s:%s" % (error.filename, error.lineno)
    return "%s:%d" % ((own or frames)[-1].filename, (own or frames)[-1].lineno) if frames else ""


def sentence(error):
    if isinstance(error, Refused):
        return str(error)
    where = place_of(error)
    what = "%s: %s" % (type(error).__name__, str(error).strip().split("\n")[0])
    if isinstance(error, ImportError):
        return "%s cannot be imported (%s); install what is missing in the environment of %s (--task-python)" % (where or "a module", what, sys.executable)
    return "%s: %s" % (where, what) if where else what


# ---- the task's functions ---------------------------------------------------------------------------------------------------------------

modules = {}


def function_of(ref):
    """What {"!function", "!in"} names: of the module beside the file that has it, else of a module that can be imported."""
    import importlib
    import importlib.util

    module_name, _, name = ref["!function"].rpartition(".")
    path = os.path.realpath(os.path.join(ref["!in"], module_name.replace(".", "/") + ".py"))
    if not os.path.isfile(path):
        module = importlib.import_module(module_name)
    elif path in modules:
        module = modules[path]
    else:
        # as lm-eval names them: modules that import their neighbours' do so below lm_eval.tasks
        inside = path.rpartition("/lm_eval/tasks/")[2]
        full = "lm_eval.tasks." + inside[:-3].replace("/", ".") if inside != path else path[:-3]
        spec = importlib.util.spec_from_file_location(full, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[full] = module
        spec.loader.exec_module(module)
        modules[path] = module
    if not hasattr(module, name):
        raise Refused("%s has no '%s', which the task names" % (path if os.path.isfile(path) else module_name, name))
    return getattr(module, name)


def is_function(value):
    return isinstance(value, dict) and "!function" in value


def with_functions(value):
    if is_function(value):
        return function_of(value)
    if isinstance(value, dict):
        return {key: with_functions(item) for key, item in value.items()}
    return [with_functions(item) for item in value] if isinstance(value, list) else value


def folders_of(value):
    if is_function(value):
        return {value["!in"]}
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set().union(*map(folders_of, items)) if items else set()


# ---- data -------------------------------------------------------------------------------------------------------------------------------


class NoLock:
    """In place of a lock's file: nobody writes here."""

    def __init__(self, *_, **__):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


def prepare_datasets():
    """`datasets` reads what lies on the disk, writes nothing, starts no process, and keeps what it makes in the memory."""
    wanted = os.environ.get("USE_TORCH")
    os.environ["USE_TORCH"] = "0"  # else it imports torch to read JSON lines
    import datasets

    os.environ.pop("USE_TORCH")
    os.environ.update({} if wanted is None else {"USE_TORCH": wanted})
    datasets.disable_progress_bars()
    datasets.disable_caching()
    for name in ("builder", "load", "arrow_dataset"):
        module = getattr(datasets, name, None)
        if hasattr(module, "FileLock"):
            module.FileLock = NoLock
    for name in ("map", "filter"):
        plain = getattr(datasets.Dataset, name)

        def alone(self, *args, _plain=plain, **more):
            more.pop("num_proc", None)
            more.update(keep_in_memory=True, load_from_cache_file=False)
            return _plain(self, *args, **more)

        setattr(datasets.Dataset, name, alone)
    given["load_dataset"] = datasets.load_dataset
    datasets.load_dataset = load_dataset
    return datasets


class Splits(dict):
    """Splits that are read when they are asked for."""

    def __init__(self, readers):
        super().__init__(readers)

    def __getitem__(self, name):
        if name not in self:
            raise Refused("the data set has no split '%s'; there are: %s" % (name, ", ".join(self) or "none"), "data")
        value = super().__getitem__(name)
        if callable(value):
            value = value()
            self[name] = value
        return value


def in_memory(stream):
    import datasets
    import pyarrow

    tables = list(stream.with_format("arrow").iter(ROWS_AT_ONCE))
    return datasets.Dataset(pyarrow.concat_tables(tables, promote_options="default")) if tables else datasets.Dataset.from_list([])


def cached_arrow(folder, name):
    """{split: files} of the library's own cache: FOLDER/CONFIGURATION/VERSION/HASH/SET-SPLIT-00000-of-00002.arrow"""
    out = {}
    places = [(os.path.getmtime(root), root, files) for root, _, files in os.walk(folder) if any(f.endswith(".arrow") and not f.startswith("cache-") for f in files)]
    for _, root, files in sorted(places):
        if name and os.path.relpath(root, folder).split("/")[0].split("-data_")[0] != name:
            continue
        out = {}
        for file in sorted(files):
            found = re.match(r"(?!cache-).*?-([^-]+?)(?:-\d+-of-\d+)?\.arrow$", file)
            if found:
                out.setdefault(found[1], []).append(os.path.join(root, file))
    return out


def load_dataset(path, name=None, data_dir=None, data_files=None, split=None, revision=None, **more):
    """datasets.load_dataset of what is there: a folder, files of a builder, the hub's cache, the library's own."""
    import datasets

    where = path
    if path not in ("json", "csv", "parquet", "text", "arrow") and not os.path.isdir(path):
        where = os.path.join(given["hub"], "datasets--" + path.replace("/", "--"))
        made = os.path.join(given["datasets"], re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", path.replace("/", "___")).lower())
        if os.path.isdir(where):
            wanted = revision or "main"
            ref = os.path.join(where, "refs", wanted)
            commit = open(ref).read().strip() if os.path.isfile(ref) else wanted
            where = os.path.join(where, "snapshots", commit)
        files = {}
        if not os.path.isdir(where):
            files = cached_arrow(made, name)
            if not files:
                raise Refused("the data set %s%s is in neither cache (%s, %s); where there is a network: hf download --repo-type dataset %s%s"
                              % (path, " (%s)" % name if name else "", given["hub"], made, path, " --revision " + revision if revision else ""), "missing")
            splits = Splits({key: lambda of=of: datasets.concatenate_datasets([datasets.Dataset.from_file(f) for f in of]) for key, of in files.items()})
            return splits[split] if split else splits
    kept = {key: value for key, value in more.items() if key not in ("trust_remote_code", "download_mode", "cache_dir", "streaming", "num_proc", "token")}
    streams = given["load_dataset"](where, name, data_dir=data_dir, data_files=data_files, streaming=True, cache_dir=given["places"][0], **kept)
    splits = Splits({key: lambda of=of: in_memory(of) for key, of in streams.items()})
    return splits[split] if split else splits


def plain(value):
    """A cell as JSON: what templates print of dates is their text; pictures, sound and bytes are left out."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, bool) or value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return value if value == value and value not in (float("inf"), float("-inf")) else None
    if hasattr(value, "tolist"):  # numpy's
        return plain(value.tolist())
    return str(value) if hasattr(value, "isoformat") else None


# ---- components -------------------------------------------------------------------------------------------------------------------------


def seed():
    """As simple_evaluate does at first: what a function draws is the same in each process."""
    import random

    import numpy

    random.seed(0)
    numpy.random.seed(1234)


class Rows:
    """kind "dataset": the splits after process_docs, with a column for each function of a row."""

    def __init__(self, config):
        self.task, self.columns = config["task"], {}
        shots = self.task.get("fewshot_config") or {}
        for key in config["columns"]:
            of, name = (shots, key.split(".", 1)[1]) if key.startswith("fewshot_config.") else (self.task, key)
            self.columns[COLUMN + key] = function_of(of[name])
        process = self.task.get("process_docs")
        self.process = function_of(process) if process else lambda docs: docs
        self.samples = shots.get("samples")
        if is_function(self.samples):
            self.samples = function_of(self.samples)
        self.made = {}
        kwargs = dict(self.task.get("dataset_kwargs") or {})
        kwargs.pop("trust_remote_code", None)
        if self.task.get("custom_dataset"):
            self.data = function_of(self.task["custom_dataset"])(**{**(self.task.get("metadata") or {}), **kwargs})
        else:
            self.data = load_dataset(self.task["dataset_path"], self.task.get("dataset_name"), **kwargs)
        self.wanted = config["splits"]
        for split in self.wanted:
            self.rows(split)

    def rows(self, split):
        if split not in self.made:
            seed()
            if split == "samples" and self.samples is not None:
                docs = self.samples() if callable(self.samples) else self.samples
            else:
                docs = self.process(self.data[split])
            if len(docs) == 0:
                raise Refused("the task's process_docs leaves no row of the split '%s'" % split, "data")
            self.made[split] = docs
        return self.made[split]

    def row(self, doc):
        # functions first: what they change in the row templates see, as in lm-eval
        doc = dict(doc)
        made = {name: plain(function(doc)) for name, function in self.columns.items()}
        return {**plain(doc), **made}

    def call(self, call, message):
        if call == "describe":
            first = self.rows(self.wanted[0])[0]
            return {"splits": {name: len(self.rows(name)) for name in self.wanted}, "fields": list(dict(first)) + list(self.columns), "files": []}
        docs = self.rows(message["split"])
        if call == "count":
            return len(docs)
        return [self.row(docs[i]) for i in range(message["first"], message["first"] + message["n"])]


class Stub(list):
    """One row in a data set's place."""

    features = {}


def row_of(record):
    return {key: value for key, value in record.items() if not key.startswith(COLUMN) and key not in MADE}


class Numbers:
    """kind "metric": lm-eval's own ConfigurableTask scores a row and aggregates."""

    def __init__(self, config):
        self.keys = with_functions({**config["task"], "custom_dataset": None})
        self.task, self.known = None, {}

    def task_for(self, doc):
        from lm_eval.api.task import ConfigurableTask

        if self.task is None:
            stub = Stub([doc])
            stub.features = dict.fromkeys(doc)
            splits = {self.keys.get(key) for key in ("training_split", "validation_split", "test_split", "fewshot_split")}
            splits.add(((self.keys.get("fewshot_config") or {}).get("split")))
            keys = {key: value for key, value in self.keys.items() if key not in ("process_docs", "class", "recipe")}
            keys["custom_dataset"] = lambda **_: {split: stub for split in splits if split}
            if isinstance(keys.get("dataset_kwargs"), dict):
                keys["dataset_kwargs"] = dict(keys["dataset_kwargs"])
            if isinstance(keys.get("fewshot_config"), dict):
                keys["fewshot_config"] = {key: value for key, value in keys["fewshot_config"].items() if key not in ("process_docs", "samples")}
            self.task = ConfigurableTask(config=keys)
        target = self.task.doc_to_target(doc) if self.keys.get("process_results") is None else None
        self.task.multiple_target = len(target) if isinstance(target, list) else 0
        return self.task

    def values(self, item):
        """All numbers of an attempt by name, as process_results gives them."""
        key = (item["prediction"], json.dumps(item["record"], sort_keys=True))
        if key not in self.known:
            doc = row_of(item["record"])
            task = self.task_for(doc)
            kind = self.keys.get("output_type", "generate_until")
            results = [item["prediction"]] if kind == "generate_until" else json.loads(item["prediction"])
            if kind == "loglikelihood_rolling":
                results = [results]
            elif kind != "generate_until":
                results = [tuple(one) for one in results]
            self.known[key] = dict(task.process_results(doc, results))
        return self.known[key]

    @staticmethod
    def number(value):
        if isinstance(value, (bool, int, float)) or (hasattr(value, "dtype") and getattr(value, "ndim", 1) == 0):
            return plain(float(value))
        return None

    def item(self, call, item):
        return {"values": {name: self.number(value) for name, value in self.values(item).items()}}

    def call(self, call, message):
        """null where all numbers are means, which Sextant takes itself, with their errors."""
        from lm_eval.api.metrics import mean

        by_name = {}
        for sample in message["samples"]:
            for name, value in self.values(sample).items():
                by_name.setdefault(name, []).append(value)
        aggregations = {name: self.task.aggregation().get(name, mean) for name in by_name}
        if all(function is mean for function in aggregations.values()):
            return None
        out = {name: self.number(aggregations[name](values)) for name, values in by_name.items()}
        return {name: value for name, value in out.items() if value is not None} or None


class Filter:
    """kind "postprocessor": the steps of one of the task's filters."""

    def __init__(self, config):
        from lm_eval.filters import build_filter_ensemble

        steps = next(one["filter"] for one in config["task"]["filter_list"] if one["name"] == config["filter"])
        components = [[with_functions(step["function"]), {key: with_functions(value) for key, value in step.items() if key != "function"}] for step in steps]
        self.ensemble, self.name = build_filter_ensemble(config["filter"], components), config["filter"]

    def item(self, call, item):
        replies = [item["attempts"]]
        for step in self.ensemble.filters:
            replies = list(step().apply(replies, [row_of(item["record"])]))
        answer = replies[0]
        if isinstance(answer, (list, tuple)) and len(answer) == 1:
            answer = answer[0]
        if not isinstance(answer, str):
            raise Refused("the filter '%s' makes %s of a reply, which is not text" % (self.name, type(answer).__name__), "data")
        return answer


KINDS = {"dataset": Rows, "metric": Numbers, "postprocessor": Filter}


def hello(message):
    config = message["config"]
    kind = message["kind"]
    if kind not in KINDS:
        raise Refused("a task's code is no %s" % kind)
    given.update(hub=config["hub"], datasets=config["datasets"], places=sorted(folders_of(config["task"])) + config["folders"])
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    os.environ.update({name: "1" for name in OFFLINE}, TOKENIZERS_PARALLELISM="false", HF_HUB_CACHE=config["hub"], HF_DATASETS_CACHE=config["datasets"])
    import tempfile

    tempfile.tempdir = given["places"][0]  # libraries ask for one; nothing can be written there
    # torch makes a folder when it is imported, and puts nothing into it: one that is not there will do
    tempfile.mkdtemp = lambda suffix=None, prefix=None, dir=None: os.path.join(dir or tempfile.tempdir, "%snot_made%s" % (prefix or "", suffix or ""))
    import ctypes.util

    ctypes.util._findLib_gcc = lambda name: None  # it writes a file for a compiler; torch's CUDA libraries look for others so
    try:
        prepare_datasets()
        import lm_eval  # noqa: F401
    except ImportError as error:
        raise Refused("%s: %s cannot be imported (%s); --task-python names a Python whose environment has lm_eval and datasets: pip install lm_eval==0.4.13"
                      % (sys.executable, error.name or "lm_eval", error))
    return KINDS[kind](config), {"name": config["task"]["task"], "kind": kind, "aggregate": kind == "metric"}


def answer(component, request):
    """(component, the answer's members)"""
    call = request["call"]
    try:
        if call == "hello":
            component, about = hello(request)
            return component, {"result": about}
        if "items" not in request:
            return component, {"result": component.call(call, request)}
    except Exception as error:
        return component, failure(error)
    results = []
    for item in request["items"]:
        try:
            results.append(component.item(call, item))
        except Exception as error:
            results.append(failure(error))
    return component, {"results": results}


def failure(error):
    if not isinstance(error, (Refused, ImportError)):
        traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)
    return {"error": sentence(error), "error_kind": error.kind if isinstance(error, Refused) else "config" if isinstance(error, ImportError) else "data"}


def main():
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what code prints is for people
    component = None
    for line in sys.stdin:
        request = json.loads(line)
        component, members = answer(component, request)
        out.write(json.dumps({"id": request["id"], **members}, allow_nan=False) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
