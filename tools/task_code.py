#!/usr/bin/env python3
"""The Python of lm-eval's task files, for `sextant run --tasks ... --allow-task-code --task-python PYTHON`: a data set, a metric or a
post-processor that speaks docs/protocol.md. Sextant starts it with PYTHON, whose environment has lm_eval and datasets, in a sandbox without
a network in which nothing can be written but a folder in memory. tools/task_code.py holds nothing of a task: `hello` brings the task's keys, whose functions
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
        older = "; transformers 5 has it no more: pip install 'transformers<5'" if (error.name or "").startswith("transformers.data") else ""
        return "%s cannot be imported (%s); install what is missing in the environment of %s (--task-python)%s" % (where or "a module", what, sys.executable, older)
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


def snapshot_of(name, revision):
    """The hub cache's folder of a data set, whether or not it is there."""
    where = os.path.join(given["hub"], "datasets--" + name.replace("/", "--"))
    ref = os.path.join(where, "refs", revision)
    commit = open(ref).read().strip() if os.path.isfile(ref) else revision
    return os.path.join(where, "snapshots", commit)


def local_file(name):
    """A file on the hub's site, also one inside of a packed one, as the one in the hub's cache."""
    inside, mark, outer = name.partition("::")
    url = outer if mark else name
    found = re.fullmatch(r"https://huggingface\.co/datasets/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", url) or re.fullmatch(r"hf://datasets/([^/]+/[^/@]+)(?:@([^/]+))?/(.+)", url)
    if not found:
        return name
    revision = found[2] or "main"
    here = os.path.join(snapshot_of(found[1], revision), found[3])
    if not os.path.isfile(here):
        raise Refused("the file %s of the data set %s is not in the hub's cache (%s); where there is a network: hf download --repo-type dataset %s %s%s"
                      % (found[3], found[1], given["hub"], found[1], found[3], "" if revision == "main" else " --revision " + revision), "missing")
    return inside + "::" + here if mark else here


def local_files(files):
    if isinstance(files, str):
        return local_file(files)
    if isinstance(files, dict):
        return {key: local_files(value) for key, value in files.items()}
    return [local_files(one) for one in files] if isinstance(files, (list, tuple)) else files


def load_dataset(path, name=None, data_dir=None, data_files=None, split=None, revision=None, **more):
    """datasets.load_dataset of what is there: a folder, files of a builder, the hub's cache, the library's own."""
    import datasets

    where = path
    if path not in ("json", "csv", "parquet", "text", "arrow") and not os.path.isdir(path):
        where = os.path.join(given["hub"], "datasets--" + path.replace("/", "--"))
        made = os.path.join(given["datasets"], re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", path.replace("/", "___")).lower())
        if os.path.isdir(where):
            where = snapshot_of(path, revision or "main")
        files = {}
        if not os.path.isdir(where):
            files = cached_arrow(made, name)
            if not files:
                raise Refused("the data set %s%s is in neither cache (%s, %s); where there is a network: hf download --repo-type dataset %s%s"
                              % (path, " (%s)" % name if name else "", given["hub"], made, path, " --revision " + revision if revision else ""), "missing")
            splits = Splits({key: lambda of=of: datasets.concatenate_datasets([datasets.Dataset.from_file(f) for f in of]) for key, of in files.items()})
            return splits[split] if split else splits
    kept = {key: value for key, value in more.items() if key not in ("trust_remote_code", "download_mode", "cache_dir", "streaming", "num_proc", "token")}
    streams = given["load_dataset"](where, name, data_dir=data_dir, data_files=local_files(data_files), streaming=True, cache_dir=given["places"][0], **kept)
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


def class_task(config):
    """The task that is a class, made as lm-eval's TaskFactory makes it."""
    import inspect

    keys = with_functions({key: value for key, value in config["task"].items() if key not in ("tag", "group", "task_list")})
    made = keys["class"]
    task = made(config=keys) if "config" in inspect.signature(made.__init__).parameters else made()
    if hasattr(task, "config") and hasattr(task.config, "task"):
        task.config.task = keys["task"]
    return task


class ClassRows:
    """kind "dataset" of a task that is a class: what it asks of each row is a column."""

    def __init__(self, config):
        seed()
        self.task, self.sampling = class_task(config), config["sampling"]
        of_task = self.task.get_config("num_fewshot") if hasattr(self.task, "get_config") else None
        self.shots = config.get("shots")
        if self.shots is None or of_task == 0:  # as evaluate() does: a task's 0 stays
            self.shots = of_task or 0
        if hasattr(self.task, "set_config"):
            self.task.set_config(key="num_fewshot", value=self.shots)
        self.task.set_fewshot_seed(seed=config["seed"])
        self.docs = self.task.eval_docs
        self.made = []  # rows in their order, since examples are drawn from one stream
        if len(self.docs) == 0:
            raise Refused("the task's class gives no row", "data")

    def request(self, one):
        context, *rest = one.args
        if not isinstance(context, str):
            raise Refused("the task's class asks with a %s in a text's place" % type(context).__name__, "data")
        if one.request_type == "loglikelihood":  # blanks at a context's end are scored, as lm-eval's models do
            kept = context.rstrip()
            return {"text": kept, "continuation": context[len(kept):] + rest[0]}
        if one.request_type != "generate_until":
            raise Refused("the task's class asks for %s, which is not done" % one.request_type)
        how = dict(rest[0]) if rest else {}
        until = how.get("until") or []
        tokens = [how[key] for key in ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens") if how.get(key)]
        out = {"text": context, "stop": [text for text in ([until] if isinstance(until, str) else until) if text], "max_out_len": tokens[0] if tokens else 256}
        temperature = how.get("temperature")
        if self.sampling and (how.get("do_sample", (temperature or 0) > 0) and temperature != 0):
            out["temperature"] = 1 if temperature is None else temperature
            out.update({key: how[key] for key in ("top_p", "top_k") if how.get(key)})
        return out

    def next_row(self):
        number = len(self.made)
        doc = self.docs[number]
        more = {"gen_prefix": self.task.doc_to_prefix(doc)} if hasattr(self.task, "doc_to_prefix") else {}
        context = self.task.fewshot_context(doc, num_fewshot=self.shots, system_instruction=None, apply_chat_template=False,
                                            fewshot_as_multiturn=False, chat_template=None, **more)
        asked = self.task.construct_requests(doc=doc, ctx=context, metadata=(self.task.config["task"], number, 1), apply_chat_template=False, chat_template=None)
        asked = sorted(asked if isinstance(asked, list) else [asked], key=lambda one: one.idx)  # as they are answered
        requests = [self.request(one) for one in asked]
        row = doc if isinstance(doc, dict) else {"text": doc}
        self.made.append({**plain(row), MADE[0]: {"question": requests[0]["text"]}, COLUMN + "requests": requests})

    def call(self, call, message):
        if call == "describe":
            doc = self.docs[0]
            fields = list(doc) if isinstance(doc, dict) else ["text"]
            return {"splits": {"test": len(self.docs)}, "fields": fields + [MADE[0], COLUMN + "requests"], "files": []}
        if call == "count":
            return len(self.docs)
        end = message["first"] + message["n"]
        while len(self.made) < end:
            self.next_row()
        return self.made[message["first"]:end]


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


class ClassNumbers(Numbers):
    """kind "metric" of a task that is a class."""

    def __init__(self, config):
        seed()
        self.task, self.known = class_task(config), {}
        self.try_once()

    def try_once(self):
        """What scoring would look for and not find is said before anything is asked."""
        doc = self.task.eval_docs[0]
        asked = self.task.construct_requests(doc=doc, ctx="", metadata=("", 0, 1), apply_chat_template=False, chat_template=None)
        answers = ["" if one.request_type == "generate_until" else (-1.0, False) for one in (asked if isinstance(asked, list) else [asked])]
        try:
            aggregations = self.task.aggregation()
            for name, value in self.task.process_results(doc, answers).items():
                if name in aggregations:
                    aggregations[name]([value])
        except (ImportError, OSError) as error:  # OSError: no network, no file
            raise Refused("%s (what the task's numbers need; libraries' own caches are read, the network is not)" % sentence(error), "missing")
        except Exception:  # of answers that no model gave
            pass

    def values(self, item):
        key = (item["prediction"], json.dumps(item["record"], sort_keys=True))
        if key not in self.known:
            results = [tuple(one) if isinstance(one, list) else one for one in json.loads(item["prediction"])]
            self.known[key] = dict(self.task.process_results(row_of(item["record"]), results))
        return self.known[key]


class Filter:
    """kind "postprocessor": the steps of one of the task's filters."""

    def __init__(self, config):
        from lm_eval.filters import build_filter_ensemble

        with_functions(config["task"])  # modules register filters
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
CLASS_KINDS = {"dataset": ClassRows, "metric": ClassNumbers}


def prepare_scratch(modules):
    """Libraries want to write: into $TMPDIR, a folder in memory, where the machine allows one."""
    import shutil
    import tempfile

    shutil.copymode = shutil.copystat = lambda *_, **__: None  # modes cannot be changed here
    scratch = os.environ.get("TMPDIR", "")
    try:
        with open(os.path.join(scratch, "written"), "w") as file:
            file.write("yes")
    except OSError:
        tempfile.tempdir = given["places"][0]  # libraries ask for one; nothing can be written there
        # torch makes a folder when it is imported, and puts nothing into it: one that is not there will do
        tempfile.mkdtemp = lambda suffix=None, prefix=None, dir=None: os.path.join(dir or tempfile.tempdir, "%snot_made%s" % (prefix or "", suffix or ""))
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = given["places"][0]  # it makes that, too
        return
    given["scratch"] = tempfile.tempdir = scratch
    own = os.path.join(scratch, "modules")
    if os.path.isdir(os.path.join(modules, "evaluate_modules")):  # metrics of the package evaluate, which it finds there where there is no network
        shutil.copytree(os.path.join(modules, "evaluate_modules"), os.path.join(own, "evaluate_modules"), copy_function=shutil.copyfile)
    os.environ.update(HOME=scratch, XDG_CACHE_HOME=scratch, HF_MODULES_CACHE=own, TORCHINDUCTOR_CACHE_DIR=scratch, MPLCONFIGDIR=scratch)


def prepare_hub_files():
    """A file of the hub's cache that code asks for is a copy, beside which it may write."""
    import shutil

    try:
        import huggingface_hub
    except ImportError:  # datasets needs it, and nothing else here does
        return
    plain = huggingface_hub.hf_hub_download

    def copied(repo_id, filename, **more):
        found = plain(repo_id, filename, **more)
        own = os.path.join(given["scratch"], "hub", repo_id.replace("/", "--"), filename)
        os.makedirs(os.path.dirname(own), exist_ok=True)
        return shutil.copyfile(found, own)

    huggingface_hub.hf_hub_download = copied


def hello(message):
    config = message["config"]
    kind = message["kind"]
    kinds = CLASS_KINDS if "class" in config["task"] else KINDS
    if kind not in kinds:
        raise Refused("a task's code is no %s" % kind)
    given.update(hub=config["hub"], datasets=config["datasets"], places=sorted(folders_of(config["task"])) + config["folders"])
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    os.environ.update({name: "1" for name in OFFLINE}, TOKENIZERS_PARALLELISM="false", HF_HUB_CACHE=config["hub"], HF_DATASETS_CACHE=config["datasets"])
    prepare_scratch(config.get("modules", ""))
    import ctypes.util

    ctypes.util._findLib_gcc = lambda name: None  # it writes a file for a compiler; torch's CUDA libraries look for others so
    try:
        prepare_datasets()
        import lm_eval  # noqa: F401

        if "scratch" in given:
            prepare_hub_files()
    except ImportError as error:
        raise Refused("%s: %s cannot be imported (%s); --task-python names a Python whose environment has lm_eval and datasets: pip install lm_eval==0.4.13"
                      % (sys.executable, error.name or "lm_eval", error))
    return kinds[kind](config), {"name": config["task"]["task"], "kind": kind, "aggregate": kind == "metric"}


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
