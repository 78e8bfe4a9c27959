"""Prompts of HumanEval and MBPP, byte for byte those of OpenCompass: tests/golden/make_code_prompts.py made their hashes."""
import pathlib
import sys
import unittest

from contract.harness import HERE, REAL_DATA, TINY_MODEL, ContractTest, read_json

sys.path.insert(0, str(HERE.parent / "golden"))
from make_code_prompts import digest, layout

DATA = pathlib.Path(REAL_DATA or "/nonexistent")


@unittest.skipUnless((DATA / "humaneval").is_dir() and (DATA / "mbpp").is_dir(), "SEXTANT_TEST_DATA has no humaneval and mbpp")
class CodePrompts(ContractTest):
    def test_prompts_are_those_of_opencompass(self):
        layout(DATA, self.dir / "data")
        for card, golden in read_json(HERE.parent / "golden" / "code_prompts.json").items():
            with self.subTest(card):
                outcome = self.sextant("prompt", "--datasets", card, "--data-dir", self.dir / "data", "--compat", "opencompass", "--json",
                                       "--backend", "cpu", "--model-path", TINY_MODEL, "--hf-type", "base")
                self.assert_rc(outcome, 0)
                prompts = outcome.lines()
                self.assertEqual(len(prompts), golden["rows"])
                self.assertEqual({number: digest(prompts[int(number)]["prompt"]) for number in golden["prompts"]}, golden["prompts"])
