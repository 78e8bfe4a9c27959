#!/usr/bin/env python3
"""tools/gpu-check.sh as far as it goes without a GPU: test_gpu_check.py TOOLS BUILD. Writes TAP."""
import json
import os
import pathlib
import subprocess
import sys

import tap
from tap import expect

TOOLS, BUILD = map(pathlib.Path, sys.argv[1:])


def check(*arguments, folder=None, **environment):
    if folder:
        environment = {"SEXTANT_GPU_OUT": str(folder / "out"), "SEXTANT_GPU_BUILD": str(folder / "build")} | environment
    environment = dict(os.environ, **environment)
    return subprocess.run([TOOLS / "gpu-check.sh", *arguments], capture_output=True, text=True, timeout=120, env=environment)


def with_fakes(folder, **scripts):
    """A PATH on which these programs come first; nvidia-smi says that there is a GPU."""
    for name, script in ({"nvidia_smi": "echo a fake GPU", "nvcc": "echo a fake nvcc"} | scripts).items():
        path = folder / name.replace("_", "-")
        path.write_text("#!/bin/sh\n%s\n" % script)
        path.chmod(0o755)
    return "%s:%s" % (folder, os.environ["PATH"])


def steps_are_listed_with_their_limits(folder):
    lines = check("--list").stdout.splitlines()
    assert len(lines) > 10 and all(0 < int(n) <= 600 for line in lines for n in line.split()[1:3]), lines
    names = [line.split()[0] for line in lines]
    dry = check("--dry-run", folder=folder).stdout.splitlines()
    assert [line.split(":")[0] for line in dry] == names and names[-1] == "table", dry
    assert "at most 300 s" in dry[names.index("kernels")], dry
    assert "at most 90 s" in check("--dry-run", "--minutes", "14", folder=folder).stdout.splitlines()[names.index("kernels")]
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
    expect(check("--minutes", "soon"), 64, "--minutes wants a number", "soon")
    expect(check("--pack"), 64, "--pack wants a folder")
    expect(check("--help"), 0, "--rehearse", "SEXTANT_GPU_BUILD")


def a_step_that_fails_stops_no_other_and_is_tried_again(folder):
    path = with_fakes(folder)
    expect(check("kernels", "device", folder=folder, PATH=path), 1, "kernels: failed", "device: ok")
    assert "a fake nvcc" in (folder / "out/device.log").read_text()
    expect(check("kernels", "device", folder=folder, PATH=path), 1, "kernels: failed", "device: done before")
    expect(check("--dry-run", "kernels", "device", folder=folder), 0, "kernels: would run", "device: done before")
    expect(check("--again", "device", folder=folder, PATH=path), 0, "device: ok")


def what_lacks_its_tools_is_skipped_visibly(folder):
    path = with_fakes(folder, python3="exit 1")  # one that can import nothing
    result = check("ceilings", "racecheck", "llama-8b", folder=folder, PATH=path)
    expect(result, 0, "ceilings: skipped: python3 has no torch", "llama-8b: skipped: llama.cpp is not built")
    assert not list((folder / "out").glob("*.done"))


def minutes_end_the_check_and_the_table_is_written_all_the_same(folder):
    path = with_fakes(folder, nvcc="sleep 100")
    result = check("--minutes", "0.6", "device", "kernels", "table", folder=folder, PATH=path, SEXTANT_GPU_PAGE=str(folder / "page"))
    expect(result, 1, "device: not done in 1", "kernels: no time is left for it", "table: ok", "# an unknown GPU")
    assert len(list(folder.glob("page/*-an-unknown-GPU.md"))) == 1


def a_rehearsal_goes_through_everything_that_needs_no_gpu(folder):
    if not os.environ.get("SEXTANT_TEST_PREFIX") or not (BUILD / "tests/models/cuda/cuda_emu.so").exists():
        return "SKIP there is no installed program, or no emulation"
    steps = ("models-1.8b", "ours-1.8b", "quantised-1.8b", "invariance-1.8b", "start-8b", "kernels-1.8b", "racecheck", "table")
    result = check("--rehearse", *steps, folder=folder, SEXTANT_GPU_BUILD=str(BUILD))
    expect(result, 0, "racecheck: skipped", "table: ok", "Kernels, one to one", "Weights that stay quantised")
    figures = {path.stem: json.loads(path.read_text()) for path in (folder / "out/rehearsal/figures").glob("*.json")}
    assert figures["invariance-tiny"]["equal"] is True, figures["invariance-tiny"]
    assert all(figure.get("rate", 1) > 0 and "error" not in figure for figure in figures.values()), figures
    assert len([name for name in figures if name.startswith("ours-tiny-")]) >= 6, figures
    quantised = [figure["device"] for name, figure in figures.items() if name.startswith("quantised-tiny-")]
    assert len(quantised) == 3 and all("kept quantised" in device for device in quantised), quantised


CASES = (steps_are_listed_with_their_limits, no_gpu_is_one_sentence, unknown_words_are_usage,
         a_step_that_fails_stops_no_other_and_is_tried_again, what_lacks_its_tools_is_skipped_visibly,
         minutes_end_the_check_and_the_table_is_written_all_the_same, a_rehearsal_goes_through_everything_that_needs_no_gpu)

if __name__ == "__main__":
    sys.exit(tap.run(CASES))
