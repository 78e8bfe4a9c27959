#!/usr/bin/env python3
"""tools/bench.py: what a stopped benchmark leaves, classes of processors, whose llama.cpp it runs: test_bench.py TOOLS. Writes TAP."""
import argparse
import contextlib
import importlib
import io
import json
import pathlib
import sys

import tap

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
bench = importlib.import_module("bench")
peers = importlib.import_module("benchmark.peers")


class Contestants:
    """Stands for Sextant and for its peers."""

    def version(self):
        return "0"

    def versions(self):
        return {}


class Row:
    name, work, unit, goal, more_is_better = "row", "some work", "tok/s", ">= 1", True

    def __init__(self, rounds_that_succeed):
        self.left, self.figure = rounds_that_succeed, 0.0

    def contestants(self, sextant, peers):
        return [("sextant", self.ours), ("slow", lambda: 5.0), ("broken", self.broken)]

    def ours(self):
        if self.left == 0:
            raise bench.Failed("stopped")
        self.left -= 1
        self.figure += 10
        return self.figure

    def broken(self):
        raise bench.Failed("has never run")


def a_benchmark_that_is_stopped_leaves_its_rounds(folder):
    args = argparse.Namespace(isa="auto", json=str(folder / "figures.json"), threads=1, items=1, subjects=1)
    everyone, row = Contestants(), Row(2)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            bench.measure([row], everyone, everyone, 3, lambda figures: bench.write(args, [row], figures, everyone, everyone))
        raise AssertionError("Sextant's failure did not end the benchmark")
    except SystemExit:
        pass
    document = json.loads((folder / "figures.json").read_text())
    assert document["rounds"] == 2 and [path.name for path in folder.iterdir()] == ["figures.json"], document
    [kept] = document["rows"]
    assert kept["sextant"] == [10, 20] and kept["peers"] == {"slow": [5.0, 5.0]} and kept["ratio"] == [2, 3, 4], kept


def the_class_is_that_of_the_instructions_in_use(_):
    amx = ["avx2", "avx512bw", "avx512_bf16", "amx_bf16"]
    for isa, flags, expected in (("auto", amx, "AMX"), ("avx512", amx, "AVX512_BF16"), ("avx512", amx[:2], "AVX-512"), ("avx2", amx, "AVX2"),
                                 ("auto", ["sse2"], "portable"), ("portable", amx, "portable")):
        assert bench.processor_class(isa, flags) == expected, (isa, flags)


def llama_cpp_can_be_a_folder_of_programs(folder):
    programs = folder / "bin"
    programs.mkdir()
    for name in peers.LLAMA_PROGRAMS[:-1]:
        (programs / name).write_text("#!/bin/sh\necho 'version: 7 (of this test)' >&2\n")
        (programs / name).chmod(0o755)
    try:
        peers.Peers(folder / "work", folder / "model", 1, llama=str(programs))
        raise AssertionError("a folder without llama-quantize was taken")
    except bench.Failed as failure:
        assert str(failure) == "--llama %s: there is no llama-quantize" % programs.resolve(), failure
    (programs / "llama-quantize").symlink_to(programs / "llama-bench")
    found = peers.Peers(folder / "work", folder / "model", 1, llama=str(programs))
    assert found.has("llama.cpp") and found.versions() == {"llama.cpp": "7 (of this test)"}, found.versions()


if __name__ == "__main__":
    sys.exit(tap.run((a_benchmark_that_is_stopped_leaves_its_rounds, the_class_is_that_of_the_instructions_in_use,
                      llama_cpp_can_be_a_folder_of_programs)))
