"""Sextant on the work, through `sextant run` as a user calls it: times are the tasks' own (infer_s), after the weights are loaded."""

import dataclasses
import json
import os
import pathlib
import subprocess
import tempfile
import time

from . import work as works


class Program:
    def __init__(self, program, backend, plugin_path=None):
        self.command, self.backend = [str(program)], backend
        self.plugins = ["--plugin-path", str(plugin_path)] if plugin_path else []
        # kernels are loaded with the weights, not when they are first used
        self.environment = dict(os.environ, CUDA_MODULE_LOADING="EAGER")

    def call(self, *arguments, stdin=None, timeout=590):
        done = subprocess.run([*self.command, *arguments, *self.plugins], input=stdin, capture_output=True, text=True, timeout=timeout,
                              env=self.environment)
        if done.returncode:
            raise RuntimeError("sextant %s: exit %d: %s" % (arguments[0], done.returncode, done.stderr.strip()[-400:]))
        return done.stdout

    def run(self, model, work, new, **config):
        """run.json's model and task of one run."""
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch)
            rows = [{"question": bytes(p).decode(), "answer": "A"} for p in works.prompts(work)]
            (folder / "work.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
            (folder / "run.json").write_text(json.dumps(configuration(folder, model, self.backend, work, new, config)))
            reuse = [] if work.reuse else ["--no-prefix-reuse"]
            self.call("run", str(folder / "run.json"), "-w", str(folder / "out"), "--quiet", *reuse)
            record = json.loads(next((folder / "out").glob("*/run.json")).read_text())
            return record["models"][0], record["tasks"][0]

    def token_logprobs(self, model, compute, texts):
        """Of tokens 2..N of each text."""
        asked = [{"prefix": t[0], "continuations": [t[1:]]} for t in texts]
        return [row[0]["token_logprobs"] for row in self.scores(model, compute, asked)]

    def option_logprobs(self, model, compute, texts):
        """[text][option]: what each answer's letter has as the next token."""
        asked = [{"prefix": t, "continuations": list(works.OPTIONS)} for t in texts]
        return [[score["token_logprobs"][0] for score in row] for row in self.scores(model, compute, asked)]

    def scores(self, model, compute, asked):
        lines = "".join(json.dumps(one) + "\n" for one in asked)
        out = self.call("model", "score", "--hf-path", str(model), "--backend", self.backend, "--compute", compute, "--chat-template",
                        "none", stdin=lines)
        return [json.loads(line)["scores"] for line in out.splitlines()]


def weights_of(model):
    """A folder of shapes.make(), or a GGUF, which has no vocabulary: the folder of its name beside its own has it."""
    if model.suffix == ".gguf":
        return {"model_path": str(model), "tokenizer_path": str(model.parent.parent / model.stem / "tokenizer.json")}
    return {"hf_path": str(model), "hf_type": "base"}


def configuration(folder, model, backend, work, new, config):
    template = {"type": "text", "prompt": "{question}"}
    inferencer = {"type": "gen", "max_out_len": new}
    if not work.new:
        template["continuations"] = [{"label": c, "text": c} for c in works.OPTIONS]
        inferencer = {"type": "loglikelihood"}
    return {
        "models": [{
            "abbr": "model", **weights_of(model), "backend": backend, "batch_size": work.batch,
            "max_seq_len": (work.shared + work.own + new + 16) // 16 * 16, "max_out_len": max(new, 1), "min_out_len": new,
            "config": config,
        }],
        "datasets": [{
            "abbr": "work", "loader": {"type": "table", "file": "work.jsonl"}, "path": str(folder),
            "reader": {"input_columns": ["question"], "output_column": "answer", "train_split": "test", "test_split": "test"},
            "infer": {"retriever": {"type": "zero"}, "template": template, "inferencer": inferencer},
            "eval": {"postprocessors": [], "metrics": [{"type": "accuracy"}]},
        }],
    }


def measure(program, model, name, scale=1, rounds=2, **config):
    """The best of some rounds, and all of them. Where tokens are generated, the time of one token each is taken off: what is left is steps."""
    work = works.scaled(works.WORKS[name], scale)
    rates, record = [], {}
    for _ in range(rounds):
        first = program.run(model, work, 1, **config)[1]["infer_s"] if work.new and not work.whole else 0
        loaded, task = program.run(model, work, work.new, **config)
        if scale < 1:  # so little work that the times are noise: nothing may fail by them
            first = min(first, task["infer_s"] / 2)
        value, unit = works.rate(work, task["infer_s"], first, task["computed_tokens"])
        rates.append(value)
        record = {"device": loaded["device"], "load_s": loaded["load_s"], "infer_s": task["infer_s"], "first_s": first,
                  "prompt_tokens": task["prompt_tokens"], "computed_tokens": task["computed_tokens"]}
    return {"rate": max(rates), "unit": unit, "rounds": rates, "work": dataclasses.asdict(work), **record}


def start(program, model):
    """Seconds of the whole program to one token of one prompt, the weights' files in the page cache: the second run's."""
    seconds = []
    for _ in range(2):
        begin = time.perf_counter()
        loaded, _ = program.run(model, works.START, 1)
        seconds.append(time.perf_counter() - begin)
    return {"seconds": seconds[-1], "first_run_s": seconds[0], "load_s": loaded["load_s"]}


def invariance(program, model, scale=1):
    """The hashes of the results of one work under several schedules; they must be one."""
    base = works.scaled(works.WORKS["choice"], scale)
    hashes = {"as planned": program.run(model, base, 0)[1]["results_sha256"]}
    for name, work, config in (("batch 7", dataclasses.replace(base, batch=7), {}), ("batch 1", dataclasses.replace(base, batch=1), {}),
                               ("another order", base, {"schedule_seed": 5}), ("no reuse", dataclasses.replace(base, reuse=False), {})):
        hashes[name] = program.run(model, work, 0, **config)[1]["results_sha256"]
    return {"equal": len(set(hashes.values())) == 1, "hashes": hashes}
