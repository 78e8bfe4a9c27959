#!/usr/bin/env python3
"""tools/gpu-check.sh and gpu-bench.py as far as they go without a GPU: test_gpu_check.py TOOLS. Writes TAP."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

TOOLS = pathlib.Path(sys.argv[1])


def check(*arguments, folder=None, **environment):
    if folder:
        environment |= {"SEXTANT_GPU_OUT": str(folder / "out"), "SEXTANT_GPU_BUILD": str(folder / "build")}
    return subprocess.run([TOOLS / "gpu-check.sh", *arguments], capture_output=True, text=True, timeout=60, env=dict(os.environ, **environment))


def expect(result, code, *words):
    text = result.stdout + result.stderr
    assert result.returncode == code, "exit %d: %s" % (result.returncode, text)
    for word in words:
        assert word in text, "%r is not in: %s" % (word, text)


def steps_are_listed_with_their_limits(folder):
    lines = check("--list").stdout.splitlines()
    assert len(lines) > 10 and all(0 < int(line.split()[1]) <= 600 for line in lines), lines
    dry = check("--dry-run", folder=folder).stdout.splitlines()
    assert [line.split(":")[0] for line in dry] == [line.split()[0] for line in lines], dry
    assert not (folder / "out").exists()


def no_gpu_is_one_sentence(folder):
    if pathlib.Path("/dev/nvidiactl").exists():
        return "SKIP there is a GPU"
    result = check(folder=folder)
    expect(result, 69, "there is no NVIDIA GPU")
    assert result.stderr.count("\n") == 1 and not (folder / "out").exists(), result.stderr


def unknown_words_are_usage(folder):
    expect(check("kernel"), 64, "no step kernel", "kernels")
    expect(check("--lits"), 64, "--lits")


def a_step_that_fails_stops_no_other_and_is_tried_again(folder):
    for name in ("nvidia-smi", "nvcc"):  # says that there is a GPU
        (folder / name).write_text("#!/bin/sh\necho a fake %s\n" % name)
        (folder / name).chmod(0o755)
    path = "%s:%s" % (folder, os.environ["PATH"])
    expect(check("kernels", "device", folder=folder, PATH=path), 1, "kernels: failed", "device: ok")
    assert "a fake nvcc" in (folder / "out/device.log").read_text()
    expect(check("kernels", "device", folder=folder, PATH=path), 1, "kernels: failed", "device: done before")
    expect(check("--dry-run", "kernels", "device", folder=folder), 0, "kernels: would run", "device: done before")
    expect(check("--again", "device", folder=folder, PATH=path), 0, "device: ok")


def the_table_says_what_was_met_and_what_was_not_measured(folder):
    figures = {
        "ceilings": {"device": "Test GPU", "copy_bytes_per_s": 3e12, "matmul_flop_per_s": 7e14},
        "ours-1.8b-choice": {"rate": 600.0, "unit": "questions/s"},
        "peers-1.8b-choice_opencompass": {"rate": 10.0, "unit": "questions/s"},
        "peers-1.8b-choice_best_batch": {"rate": 200.0, "unit": "questions/s"},
        "peers-1.8b-choice_shared_prefix": {"error": "RuntimeError: no | such thing"},
        "ours-1.8b-prefill": {"rate": 128e3, "unit": "tokens/s"},
        "invariance-1.8b": {"equal": False},
    }
    (folder / "figures").mkdir()
    for name, figure in figures.items():
        (folder / "figures" / (name + ".json")).write_text(json.dumps(figure))
    result = subprocess.run([sys.executable, TOOLS / "gpu-bench.py", "table", "--out", folder / "figures", "--page", folder / "page"],
                            capture_output=True, text=True, timeout=60)
    expect(result, 0, "# Test GPU, ", "against transformers choice_opencompass | 60 | >= 50 x | met",
           "choice_best_batch | 3 | >= 6 x | **not met**", "choice_shared_prefix |  | >= 1.5 x | not measured", "no / such thing",
           # 128,000 tokens/s of 1.51 G parameters twice and 50 M of attention, of 700 TFLOP/s
           "prefill, 1.8b, of the measured matrix product | 56.1 |", "schedules, 1.8b | 0 | >= 1 yes = 1 | **not met**")
    page, raw = sorted(folder.glob("page/*-Test-GPU.*"), reverse=True)
    assert page.read_text() == result.stdout and json.loads(raw.read_text()) == figures


CASES = (steps_are_listed_with_their_limits, no_gpu_is_one_sentence, unknown_words_are_usage,
         a_step_that_fails_stops_no_other_and_is_tried_again, the_table_says_what_was_met_and_what_was_not_measured)


def main():
    failed = 0
    print("1..%d" % len(CASES))
    for number, case in enumerate(CASES, 1):
        with tempfile.TemporaryDirectory() as scratch:
            try:
                note = case(pathlib.Path(scratch)) or ""
                print("ok %d - %s%s" % (number, case.__name__, " # " + note if note else ""))
            except (AssertionError, subprocess.TimeoutExpired) as breach:
                failed += 1
                print("not ok %d - %s\n# %s" % (number, case.__name__, str(breach).replace("\n", "\n# ")))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
