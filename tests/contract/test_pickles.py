"""PyTorch's own weights are pickles: they are refused with the command that converts them, and what that command writes is read.

    SEXTANT_TEST_TORCH  a Python that has torch and safetensors (default: the one that runs the tests, if it has them)
"""

import functools
import json
import os
import pathlib
import pickle
import struct
import subprocess
import sys
import unittest

from .checkpoints import make_internlm2
from .harness import DATA, THIRD_PARTY, ContractTest, needs_real_data, write

CONVERT = pathlib.Path(__file__).resolve().parents[2] / "tools" / "convert_bin.py"
PYTHON = os.environ.get("SEXTANT_TEST_TORCH") or sys.executable

# {name: list of numbers and type} of each file to torch's own form; "tied" is the memory of "matrix" under a second name
SAVE = """
import json, sys, torch
for path, tensors in json.load(open(sys.argv[1])).items():
    made = {name: torch.tensor(numbers, dtype=getattr(torch, dtype)) for name, (numbers, dtype) in tensors.items()}
    if "matrix" in made:
        made["tied"] = made["matrix"]
    torch.save(made, path)
"""
# a folder's model.safetensors to pytorch_model.bin
TO_BIN = """
import sys, torch, safetensors.torch
torch.save(safetensors.torch.load_file(sys.argv[1] + "/model.safetensors"), sys.argv[1] + "/pytorch_model.bin")
"""


class Harm:
    """A pickle of this runs a command in whoever reads it."""

    def __init__(self, witness):
        self.witness = witness

    def __reduce__(self):
        return os.system, ("touch '%s'" % self.witness,)


@functools.lru_cache(maxsize=None)
def has_torch():
    found = subprocess.run([PYTHON, "-c", "import torch, safetensors.torch"], capture_output=True)
    return found.returncode == 0


def read_safetensors(path):
    """{name: (type, shape, bytes)}"""
    data = path.read_bytes()
    end = 8 + struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:end])
    header.pop("__metadata__", None)
    return {
        name: (tensor["dtype"], tensor["shape"], data[end + tensor["data_offsets"][0] : end + tensor["data_offsets"][1]])
        for name, tensor in header.items()
    }


class PickleTest(ContractTest):
    def setUp(self):
        super().setUp()
        self.folder = self.dir / "a model"
        self.folder.mkdir()
        self.witness = self.dir / "the-pickle-was-run"

    def python(self, *args):
        return subprocess.run([PYTHON, *map(str, args)], capture_output=True, text=True, cwd=self.dir, timeout=300)

    def write_pickle(self, name="pytorch_model.bin"):
        (self.folder / name).write_bytes(pickle.dumps({"weight": Harm(self.witness)}, protocol=2))


class Refused(PickleTest):
    def test_the_command_that_converts_is_named_and_nothing_is_run(self):
        write(self.folder / "config.json", {"model_type": "llama"})
        self.write_pickle()
        for args in (["model", "info"], ["run", "--datasets", "ceval_xyj_gen", "--plugin-path", THIRD_PARTY]):
            outcome = self.sextant(*args, "--hf-path", self.folder)
            self.assertEqual(outcome.rc, DATA, outcome)
            self.assertIn("pytorch_model.bin: is a pickle", outcome.stderr)
            self.assertIn("`python3 tools/convert_bin.py '%s'`" % self.folder, outcome.stderr)
        self.assertFalse(self.witness.exists())


class Usage(PickleTest):
    def test_what_it_needs_is_said(self):
        self.assertRegex(self.python(CONVERT, "nowhere").stderr, "nowhere: is not a folder")
        if has_torch():
            self.skipTest("%s has torch, whose lack would be told" % PYTHON)
        done = self.python(CONVERT, self.folder)
        self.assertEqual(done.returncode, 1)
        self.assertIn("pip install torch safetensors", done.stderr)


@unittest.skipUnless(has_torch(), "SEXTANT_TEST_TORCH names no Python that has torch and safetensors")
class Convert(PickleTest):
    def save(self, files):
        """{file: {name: (numbers, type)}}"""
        asked = write(self.dir / "files.json", {str(self.folder / name): tensors for name, tensors in files.items()})
        done = self.python("-c", SAVE, asked)
        self.assertEqual(done.returncode, 0, done.stderr)

    def convert(self, *args, expect=0):
        done = self.python(CONVERT, self.folder, *args)
        self.assertEqual(done.returncode, expect, done.stderr)
        return done

    def test_numbers_types_and_tied_tensors(self):
        self.save(
            {
                "pytorch_model.bin": {
                    "matrix": ([[1.5, -2.0], [0.25, 3.0]], "float32"),
                    "half": ([1.0, -0.5], "float16"),
                    "brain": ([1.0, -0.5], "bfloat16"),
                    "double": ([0.1], "float64"),
                    "mask": ([1, 2], "int64"),
                }
            }
        )
        done = self.convert()
        self.assertIn("left out: mask", done.stderr)
        floats = struct.pack("<4f", 1.5, -2.0, 0.25, 3.0)
        self.assertEqual(
            read_safetensors(self.folder / "model.safetensors"),
            {
                "matrix": ("F32", [2, 2], floats),
                "tied": ("F32", [2, 2], floats),
                "half": ("F16", [2], struct.pack("<2e", 1.0, -0.5)),
                "brain": ("BF16", [2], struct.pack("<2H", 0x3F80, 0xBF00)),
                "double": ("F32", [1], struct.pack("<f", 0.1)),
            },
        )

    def test_shards_and_their_index(self):
        names = ["pytorch_model-0000%d-of-00002.bin" % i for i in (1, 2)]
        self.save({names[0]: {"a": ([1.0], "float32")}, names[1]: {"b": ([2.0], "float32")}})
        write(self.folder / "pytorch_model.bin.index.json", {"weight_map": {"a": names[0], "b": names[1]}})
        self.convert("--output", self.dir / "out")
        index = json.loads((self.dir / "out/model.safetensors.index.json").read_text())
        self.assertEqual(index["metadata"], {"total_size": 8})
        self.assertEqual(
            index["weight_map"], {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
        )
        for tensor, file in index["weight_map"].items():
            self.assertEqual(list(read_safetensors(self.dir / "out" / file)), [tensor])
        self.assertFalse((self.folder / "model.safetensors.index.json").exists())

    def test_code_is_refused_and_not_run(self):
        self.write_pickle()
        done = self.convert(expect=1)
        self.assertIn("nothing in it was run", done.stderr)
        self.assertFalse(self.witness.exists())
        self.assertEqual([path.name for path in self.folder.iterdir()], ["pytorch_model.bin"])

    def test_nothing_is_overwritten(self):
        self.save({"pytorch_model.bin": {"a": ([1.0], "float32")}})
        write(self.folder / "model.safetensors", "precious")
        self.assertIn("nothing is overwritten", self.convert(expect=1).stderr)
        self.assertEqual((self.folder / "model.safetensors").read_text(), "precious")

    @needs_real_data("tokenizers/internlm2.tokenizer.model")
    def test_a_converted_model_scores_as_before(self):
        make_internlm2(self.folder)
        line = {"prefix": "one two", "continuations": [" three"]}
        before = self.json_lines("model", "score", "--hf-path", self.folder, lines=[line])
        done = self.python("-c", TO_BIN, self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        (self.folder / "model.safetensors").unlink()
        self.assertEqual(self.sextant("model", "score", "--hf-path", self.folder).rc, DATA)
        self.convert()
        self.assertEqual(self.json_lines("model", "score", "--hf-path", self.folder, lines=[line]), before)
