#!/usr/bin/env python3
"""llama.cpp beside the native backend: greedy replies and the choices of multiple choice, on the same GGUF, through `--backend openai`
against a real llama-server and through `--backend llamacpp`.

    tools/acceptance/llama.py --model FILE.gguf [--server LLAMA_SERVER] [--program PATH] [--prompts 50] [--questions 200]
        [--tokens 24] [--threads 1] [--tolerance 0.02] [--without cpu|llamacpp|server]

Prompts are those of the set open_questions, questions those of everyday_en (loglikelihood: each option behind the question). Printed
are, for each pair of backends: log-probabilities that differ, by token; choices that differ, with the native margin between the two
options; replies that differ, with the native margin between the two tokens at which they part. Exit code 1 where an option's
log-probability differs by more than --tolerance on the average, where a choice differs whose margin is more than what the two
options' log-probabilities differ by, or where replies part at a token with a margin of more than three times the tolerance. llama.cpp
multiplies quantised weights with quantised numbers: a GGUF in F32 (llama-quantize --allow-requantize IN OUT F32) is within 1e-4, Q4_1 within
0.2. llama-server adds up the vocabulary's probabilities in float: 1.4e-4 a token more, the same for all options (--tolerance 0.001).
"""

import argparse
import itertools
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class LlamaServer:
    def __init__(self, args, log):
        self.port = free_port()
        command = [args.server, "-m", args.model, "-c", "8192", "--port", str(self.port), "-t", str(args.threads), "-np", "2", "-fa", "off"]
        self.process = subprocess.Popen(command + ["-ctk", "f32", "-ctv", "f32", "--no-warmup"], stdout=log, stderr=subprocess.STDOUT)
        self.base_url = "http://127.0.0.1:%d/v1" % self.port

    def __enter__(self):
        for _ in range(600):
            try:
                urllib.request.urlopen(self.base_url + "/models", timeout=5).read()
                return self
            except OSError:
                if self.process.poll() is not None:
                    sys.exit("llama-server ended with %d" % self.process.returncode)
                time.sleep(0.2)
        sys.exit("llama-server is not ready after two minutes")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def questions(work, count):
    """The questions of open_questions as a file of one's own: no judge is asked here."""
    path = work / "questions.jsonl"
    rows = [json.loads(line) for line in (ROOT / "datasets/open_questions/data/test.jsonl").open(encoding="utf-8")][:count]
    path.write_text("".join(json.dumps({"question": row["question"], "answer": "none"}) + "\n" for row in rows), encoding="utf-8")
    return path


def run(args, work, name, backend):
    """The samples of a run: {"choices": [...], "replies": [...]}."""
    out = {}
    for kind, command in (
        ("choices", ["--datasets", "everyday_en_ppl/loglikelihood", "--limit", str(args.questions)]),
        ("replies", ["--custom-dataset-path", str(questions(work, args.prompts)), "--custom-dataset-data-type", "qa", "--max-out-len", str(args.tokens)]),
    ):
        folder = work / name / kind
        begin = time.time()
        if (args.questions if kind == "choices" else args.prompts) == 0:
            out[kind] = []
            continue
        outcome = subprocess.run([args.program, "run", *command, *backend, "-w", str(folder), "--quiet"], capture_output=True, text=True)
        if outcome.returncode != 0:
            sys.exit("%s, %s: exit code %d\n%s" % (name, kind, outcome.returncode, outcome.stderr))
        print("%s, %s: %.0f s" % (name, kind, time.time() - begin), flush=True)
        (path,) = folder.glob("*/samples/*/*.jsonl")
        out[kind] = [json.loads(line) for line in path.open(encoding="utf-8")]
    return out


def ask(args, command, lines):
    """`sextant model COMMAND` of the native backend."""
    text = "".join(json.dumps(line) + "\n" for line in lines)
    outcome = subprocess.run(
        [args.program, "model", command, "--model-path", args.model, "--backend", "cpu", "--threads", str(args.threads)],
        input=text, capture_output=True, text=True, check=True,
    )
    return [json.loads(line) for line in outcome.stdout.splitlines()]


def parting(args, sample, texts):
    """The native margin between two replies' tokens where they part, in nats, or None: one only ends earlier."""
    ids = [line["ids"] for line in ask(args, "tokenize", [{"text": text} for text in texts])]
    place = next((i for i, (a, b) in enumerate(zip(*ids)) if a != b), None)
    if place is None:
        return None
    chat = ask(args, "chat", [{"messages": sample["messages"], "add_generation_prompt": True}])[0]["text"]
    scores = ask(args, "score", [{"prefix": chat, "continuations": texts}])[0]["scores"]
    return scores[0]["token_logprobs"][place] - scores[1]["token_logprobs"][place]


def compare(args, names, a, b):
    failed = []
    distances, worst, differ = [], 0.0, []
    for one, other in zip(a["choices"], b["choices"]):
        assert one["index"] == other["index"] and one["prompt_tokens"] == other["prompt_tokens"], (one, other)
        deltas = [abs(x - y) for x, y in zip(one["logprobs"], other["logprobs"])]
        distances += deltas
        worst = max(worst, *deltas)
        if one["prediction"] != other["prediction"]:
            places = [one["labels"].index(label) for label in (one["prediction"], other["prediction"])]
            margin = one["logprobs"][places[0]] - one["logprobs"][places[1]]
            may = sum(deltas[place] for place in places)
            differ.append("question %d: %s or %s, margin %.4f, distances %.4f" % (one["index"], one["prediction"], other["prediction"], margin, may))
            if margin > may + 1e-6:
                failed.append("question %d" % one["index"])
    if distances:
        mean = sum(distances) / len(distances)
        print("%s and %s: %d questions, an option's ln p differs by %.6f on the average, %.6f at most; %d choices differ" % (*names, len(a["choices"]), mean, worst, len(differ)))
        print("".join("  %s\n" % line for line in differ), end="")
        if mean > args.tolerance:
            failed.append("mean distance %.6f" % mean)
    parted = 0
    for one, other in zip(a["replies"], b["replies"]):
        if one["prediction"] == other["prediction"]:
            continue
        parted += 1
        margin = parting(args, one, [one["prediction"], other["prediction"]])
        print("  reply %d parts with a margin of %s" % (one["index"], "nothing: it ends earlier" if margin is None else "%.5f" % margin))
        if margin is not None and margin > 3 * args.tolerance:
            failed.append("reply %d" % one["index"])
    print("%s and %s: %d replies, %d differ" % (*names, len(a["replies"]), parted), flush=True)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.environ.get("SEXTANT_PROGRAM", "sextant"))
    parser.add_argument("--model", required=True)
    parser.add_argument("--server")
    parser.add_argument("--without", action="append", default=[], choices=["llamacpp", "server"])
    parser.add_argument("--prompts", type=int, default=50)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--tokens", type=int, default=24)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tolerance", type=float, default=0.02)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sextant_llama_") as scratch:
        work = pathlib.Path(scratch)
        local = ["--model-path", args.model, "--threads", str(args.threads)]
        results = {"cpu": run(args, work, "cpu", ["--backend", "cpu", "--compute", "f32", *local])}
        if "llamacpp" not in args.without:
            results["llamacpp"] = run(args, work, "llamacpp", ["--backend", "llamacpp", *local])
        if args.server and "server" not in args.without:
            with (work / "server.log").open("w") as log, LlamaServer(args, log) as server:
                results["server"] = run(args, work, "server", ["--backend", "openai", "--model-kwargs", "base_url=" + server.base_url])
        failed = []
        for names in itertools.combinations(results, 2):
            failed += ["%s and %s: %s" % (*names, what) for what in compare(args, names, results[names[0]], results[names[1]])]
    print("".join("FAILED %s\n" % line for line in failed) or "ok")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
