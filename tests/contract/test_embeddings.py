"""`sextant model embed` and encoders, with the tiny ones of tests/golden/embeddings."""

import base64
import json
import pathlib
import struct

from .harness import OK, ContractTest

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden" / "embeddings"


def golden(name):
    entry = json.loads((GOLDEN / "tiny.json").read_text())[name]
    numbers = struct.unpack(f"<{200 * entry['dim']}f", base64.b64decode(entry["vectors"]))
    return [numbers[i * entry["dim"]:(i + 1) * entry["dim"]] for i in range(200)]


class Embed(ContractTest):
    def test_vectors_are_those_of_sentence_transformers(self):
        texts = json.loads((GOLDEN / "texts.json").read_text())
        for name in ("bert", "mpnet"):
            rows = self.json_lines("model", "embed", "--hf-path", str(GOLDEN / name), "--backend", "cpu",
                                   lines=[{"text": text} for text in texts[::7]])
            for row, right in zip(rows, golden(name)[::7], strict=True):
                self.assertLess(max(abs(a - b) for a, b in zip(row["embedding"], right, strict=True)), 1e-5)
                self.assertGreaterEqual(row["prompt_tokens"], 2)

    def test_ids_are_taken_as_they_are(self):
        model = ("--hf-path", str(GOLDEN / "bert"), "--backend", "cpu")
        [tokens] = self.json_lines("model", "tokenize", "--add-special-tokens", *model, lines=[{"text": "the stone"}])
        text, ids = self.json_lines("model", "embed", *model, lines=[{"text": "the stone"}, tokens])
        self.assertEqual(text, ids)

    def test_a_line_that_fails_is_an_error_in_its_place(self):
        outcome = self.sextant("model", "embed", "--hf-path", str(GOLDEN / "bert"), "--backend", "cpu",
                               stdin='{"text": "a"}\n{"ids": [100000]}\n')
        self.assertEqual(outcome.rc, 65, outcome)
        good, bad = map(json.loads, outcome.stdout.splitlines())
        self.assertIn("embedding", good)
        self.assertIn("not in the vocabulary", bad["error"])

    def test_an_encoder_neither_scores_nor_generates(self):
        for verb, line in (("score", {"prefix": "a", "continuations": ["b"]}), ("generate", {"prompt": "a"})):
            outcome = self.sextant("model", verb, "--hf-path", str(GOLDEN / "bert"), "--backend", "cpu", stdin=json.dumps(line) + "\n")
            self.assertNotEqual(outcome.rc, OK, outcome)
            self.assertIn("is an encoder", outcome.stderr + outcome.stdout)
