#!/usr/bin/env python3
"""The CUDA sources as a backend of the installed program: test_program.py cuda_emu.so MODEL.gguf, with SEXTANT_PROGRAM. Writes TAP."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

PROGRAM = os.environ.get("SEXTANT_PROGRAM")
REAL = os.environ.get("SEXTANT_TEST_MODEL")  # SmolLM2-135M
LINES = [{"prefix": "the cat and", "continuations": [" the", " of a", "s"]}, {"prefix": "", "continuations": ["in the morning"]}]


def sextant(*arguments):
    lines = "".join(json.dumps(line) + "\n" for line in LINES)
    return subprocess.run([PROGRAM, *arguments], input=lines, capture_output=True, text=True, timeout=200)


def score(model, *arguments):
    result = sextant("model", "score", "--model-path", model, *arguments)
    if result.returncode:
        raise AssertionError(result.stderr.strip())
    return [s["logprob"] for line in result.stdout.splitlines() for s in json.loads(line)["scores"]]


def scores_are_the_cpus(folder, model, tolerances=(("f32", 1e-4), ("auto", 0.5))):  # auto is bf16; random weights magnify it
    expected = score(model, "--backend", "cpu", "--max-seq-len", "64")
    emulated = ["--backend", "cuda_emu", "--plugin-path", folder, "--max-seq-len", "64"]
    for compute, tolerance in tolerances:
        got = score(model, *emulated, "--compute", compute)
        worst = max(abs(a - b) for a, b in zip(got, expected, strict=True))
        assert worst < tolerance, f"{compute}: {worst}"


def a_real_models_scores_are_the_cpus(folder, _):
    if not REAL:
        return "SKIP SEXTANT_TEST_MODEL is not set"
    scores_are_the_cpus(folder, REAL, (("f32", 1e-4), ("auto", 0.2)))  # transformers' bf16 is off by up to 0.18


def run(folder, model, work, *arguments, devices=2, config=None, environment=None):
    """`sextant run` on a small custom set, on so many emulated GPUs. `config`: keys of the backend."""
    rows = work / "rows.jsonl"
    rows.write_text("".join(json.dumps({"question": f"what is {i} and the cat in the morning?", "A": "the", "B": "of a", "C": "in", "D": "s",
                                        "answer": "ABCD"[i % 4]}) + "\n" for i in range(8)))
    card = work / "tiny.json"
    card.write_text(json.dumps({"card": "model", "abbr": "tiny", "backend": "cuda_emu", "model_path": model, "config": config or {}}))
    return subprocess.run([PROGRAM, "run", "--models", "tiny", "--config-dir", str(work), "--plugin-path", folder, "--compute", "f32",
                           "--custom-dataset-path", str(rows), "--custom-dataset-data-type", "mcq", "--custom-dataset-infer-method", "ppl",
                           "--max-seq-len", "256", "--memory", "256M", "-w", str(work), *arguments], capture_output=True, text=True, timeout=200,
                          env=dict(os.environ, CUDA_EMULATION_DEVICES=str(devices), **(environment or {})))


def two_gpus_give_what_one_gives_and_count_what_was_planned(folder, model):
    with tempfile.TemporaryDirectory() as scratch:
        answers, totals = [], []
        for count in ("1", "2"):
            work = pathlib.Path(scratch) / count
            work.mkdir()
            planned = run(folder, model, work, "--num-gpus", count, "--dry-run", "--json")
            done = run(folder, model, work, "--num-gpus", count)
            assert planned.returncode == 0 and done.returncode == 0, planned.stderr + done.stderr
            samples = [json.loads(line) for path in work.glob("*/journal/*/*.jsonl") for line in path.read_text().splitlines()]
            totals.append(sum(s["usage"]["computed_tokens"] for s in samples))
            assert json.loads(planned.stdout)["plan"]["computed_tokens"] == totals[-1], (planned.stdout, totals)
            answers.append({s["key"]: s["scores"] for s in samples})
            assert len(answers[-1]) == 8, samples
            record = json.loads(next(work.glob("*/run.json")).read_text())
            assert ("2 x " in record["models"][0]["device"]) == (count == "2"), record["models"]
        assert answers[0] == answers[1]  # under the same keys, too
        assert totals[0] < totals[1], totals  # the beginning of the prompts, on both


def a_model_that_two_gpus_hold_has_the_hash_of_one(folder, model):
    with tempfile.TemporaryDirectory() as scratch:
        seen = []
        for count, config in ((1, {}), (2, {"tensor_parallel": 2})):
            work = pathlib.Path(scratch) / str(count)
            work.mkdir()
            done = run(folder, model, work, "--num-gpus", str(count), config=config)
            assert done.returncode == 0, done.stderr
            record = json.loads(next(work.glob("*/run.json")).read_text())
            seen.append(record["tasks"][0]["results_sha256"])
            assert ("2 of " in record["models"][0]["device"]) == (count == 2), record["models"]
        assert seen[0] == seen[1], seen


def without_nccl_it_is_one_sentence(folder, model):
    with tempfile.TemporaryDirectory() as scratch:
        work = pathlib.Path(scratch)
        result = run(folder, model, work, "--num-gpus", "2", config={"tensor_parallel": 2}, environment={"CUDA_EMULATION_NCCL": "absent"})
        assert result.returncode == 69, f"exit {result.returncode}: {result.stderr}"
        assert "through NCCL, which cannot be opened (libnccl.so.2: " in result.stderr and "install it" in result.stderr, result.stderr


def more_gpus_than_there_are_is_one_sentence(folder, model):
    with tempfile.TemporaryDirectory() as scratch:
        result = run(folder, model, pathlib.Path(scratch), "--num-gpus", "3")
        assert result.returncode == 69, f"exit {result.returncode}: {result.stderr}"
        assert "3 GPUs are asked for, and 2 can be used; give --num-gpus 2 or fewer" in result.stderr, result.stderr


def weights_that_stay_quantised_have_the_scores_of_others(folder, model):
    with tempfile.TemporaryDirectory() as scratch:
        found, keys = [], []
        for kept in ("false", "true"):
            work = pathlib.Path(scratch) / kept
            work.mkdir()
            done = run(folder, model, work, "--model-kwargs", "keep_quantised=" + kept)
            assert done.returncode == 0, done.stderr
            record = json.loads(next(work.glob("*/run.json")).read_text())
            assert ("weights kept quantised" in record["models"][0]["device"]) == (kept == "true"), record["models"]
            lines = {kind: [json.loads(line) for path in work.glob("*/%s/*/*.jsonl" % kind) for line in path.read_text().splitlines()]
                     for kind in ("journal", "samples")}
            keys.append({line["key"] for line in lines["journal"]})
            found.append({line["index"]: line for line in lines["samples"]})
        assert len(found[0]) == 8 and found[0].keys() == found[1].keys(), found
        assert not keys[0] & keys[1]  # last digits differ: no answer of the one counts for the other
        for index, plain in found[0].items():
            assert plain["prediction"] == found[1][index]["prediction"], (plain, found[1][index])
            worst = max(abs(a - b) for a, b in zip(plain["logprobs"], found[1][index]["logprobs"], strict=True))
            assert worst < 1e-3, (plain, found[1][index])


def embed(model, *arguments):
    lines = "".join(json.dumps({"text": text}) + "\n" for text in ("the cat and", "in the morning, of a s", "a"))
    command = [PROGRAM, "model", "embed", "--model-path", model, "--max-seq-len", "64", "--model-kwargs", *arguments]
    result = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=200)
    assert result.returncode == 0, result.stderr
    return [x for line in result.stdout.splitlines() for x in json.loads(line)["embedding"]]


def embeddings_are_the_cpus(folder, model):
    for pooling in ("mean", "last"):
        keys = ["pooling=" + pooling, "--compute", "f32"]
        expected = embed(model, *keys, "--backend", "cpu")
        got = embed(model, *keys, "--backend", "cuda_emu", "--plugin-path", folder)
        worst = max(abs(a - b) for a, b in zip(got, expected, strict=True))
        assert worst < 1e-4, f"{pooling}: {worst}"


def no_gpu_is_one_sentence(_, model):
    if pathlib.Path("/dev/nvidiactl").exists():
        return "SKIP there is a GPU"
    if "cuda" not in sextant("plugins", "list", "model").stdout.split():
        return "SKIP the plugin cuda was not built"
    result = sextant("model", "score", "--model-path", model, "--backend", "cuda")
    assert result.returncode == 69, f"exit {result.returncode}: {result.stderr}"
    assert result.stdout == "" and result.stderr.count("\n") == 1 and "finds no GPU" in result.stderr, result.stderr


def main(arguments):
    library, model = arguments
    cases = (scores_are_the_cpus, a_real_models_scores_are_the_cpus, two_gpus_give_what_one_gives_and_count_what_was_planned,
             a_model_that_two_gpus_hold_has_the_hash_of_one, without_nccl_it_is_one_sentence, more_gpus_than_there_are_is_one_sentence,
             weights_that_stay_quantised_have_the_scores_of_others, embeddings_are_the_cpus, no_gpu_is_one_sentence)
    print(f"1..{len(cases)}")
    failed = 0
    for number, case in enumerate(cases, 1):
        note = "SKIP SEXTANT_PROGRAM is not set"
        if PROGRAM:
            try:
                note = case(str(pathlib.Path(library).parent), model) or ""
            except (AssertionError, subprocess.TimeoutExpired) as breach:
                failed += 1
                print(f"not ok {number} - {case.__name__}\n# " + str(breach).replace("\n", "\n# "))
                continue
        print(f"ok {number} - {case.__name__}{' # ' + note if note else ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
