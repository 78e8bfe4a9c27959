"""Model files that are damaged, lie, or are no model files: one sentence that names the file and what to do, and no hanging."""
import os
import time

from contract.harness import DATA, UNAVAILABLE
from robustness.cases import TINY_MODEL, RobustnessTest
from robustness.gguf_file import ARRAY, STRING, Gguf

U32, F32, U64 = 4, 6, 10
SECONDS_MAX = 20  # for an answer, on a busy machine


class BadModel(RobustnessTest):
    def setUp(self):
        super().setUp()
        self.make_cards(rows=2)
        self.path = self.dir / "broken.gguf"

    def refused(self, path, *words):
        start = time.monotonic()
        for command in (["run", *self.cards_args("ppl"), "--backend", "cpu", "--model-path", path, "-w", self.dir / "work"],
                        ["model", "info", "--backend", "cpu", "--model-path", path]):
            with self.subTest(command=command[0]):
                outcome = self.sextant(*command, timeout=SECONDS_MAX)
                self.assert_refused(outcome, DATA, path.name, *words)
                self.assertNotIn("std::", outcome.stderr)
        self.assertLess(time.monotonic() - start, SECONDS_MAX)
        if path.exists():  # a path that leads nowhere is refused before there is a run
            [task] = self.last_run().record["tasks"]
            self.assertEqual(task["status"], "failed")
            self.assertIn(path.name, task["error"])

    def damaged(self, change, *words):
        model = Gguf(TINY_MODEL)
        change(model)
        self.refused(model.write(self.path), *words)

    def test_writing_what_was_read_is_a_model(self):
        """The writer of these tests is sound: what is refused below is refused for its damage."""
        model = Gguf(TINY_MODEL)
        self.assertEqual(model.write(self.path).read_bytes(), TINY_MODEL.read_bytes())

    def test_truncated_anywhere(self):
        whole = TINY_MODEL.read_bytes()
        header = len(whole) - len(Gguf(TINY_MODEL).data)
        for size in (3, 4, 8, 20, 24, 100, header // 2, header - 40, header, header + 1, len(whole) // 2, len(whole) - 1):
            with self.subTest(size=size):
                self.path.write_bytes(whole[:size])
                self.refused(self.path)

    def test_wrong_magic(self):
        self.damaged(lambda m: setattr(m, "magic", b"GGML"), "GGUF")

    def test_unknown_version(self):
        for version, word in ((0, "version"), (1, "version"), (4, "version"), (0x03000000, "big-endian")):
            with self.subTest(version=version):
                self.damaged(lambda m: setattr(m, "version", version), word)

    def test_counts_beyond_the_file(self):
        for count in (1 << 20, 1 << 40, (1 << 64) - 1):
            for which in ("tensor_count", "pair_count"):
                with self.subTest(which=which, count=count):
                    self.damaged(lambda model: setattr(model, which, count))

    def test_tensor_beyond_the_file(self):
        for offset in (1 << 30, (1 << 64) - 32):
            with self.subTest(offset=offset):
                self.damaged(lambda m: setattr(m.find("blk.1.ffn_up.weight"), "offset", offset), "blk.1.ffn_up.weight")

    def test_tensor_sizes_that_overflow(self):
        for dims in ([1 << 40, 1 << 40], [(1 << 63) + 32, 2], [32, 1 << 60], [96, 301, 1 << 50], [0, 301], [96] * 4,
                     [96, 301, 1, 1, 1]):
            with self.subTest(dims=dims):
                self.damaged(lambda m: setattr(m.find("token_embd.weight"), "dims", dims), "token_embd.weight")

    def test_overlapping_tensors(self):
        def change(model):
            model.find("blk.0.attn_q.weight").offset = model.find("blk.0.attn_k.weight").offset
        self.damaged(change, "blk.0.attn", "overlap")

    def test_misaligned_tensor(self):
        def change(model):
            model.find("blk.0.attn_norm.weight").offset += 4
        self.damaged(change, "blk.0.attn_norm.weight", "align")

    def test_unknown_tensor_type(self):
        for kind in (4, 99, (1 << 32) - 1):
            with self.subTest(kind=kind):
                self.damaged(lambda m: setattr(m.find("blk.0.attn_q.weight"), "kind", kind), "blk.0.attn_q.weight")

    def test_missing_tensor(self):
        for name in ("token_embd.weight", "output_norm.weight", "blk.1.ffn_down.weight", "blk.0.attn_norm.weight"):
            with self.subTest(name):
                def change(model):
                    model.tensors = [t for t in model.tensors if t.name != name]
                self.damaged(change, name)

    def test_tensor_of_another_shape(self):
        for name, dims, *words in (("blk.0.attn_q.weight", [96, 64], "blk.0.attn_q.weight"),
                                   ("output_norm.weight", [48], "output_norm.weight")):
            with self.subTest(name):
                self.damaged(lambda m: setattr(m.find(name), "dims", dims), *words)

    def test_tokens_without_a_row(self):
        """The last of 301 tokens has none: that is said, and what does not use it is answered."""
        model = Gguf(TINY_MODEL)
        model.find("token_embd.weight").dims = [96, 300]
        outcome = self.sextant("run", *self.cards_args("ppl"), "--backend", "cpu", "--model-path", model.write(self.path), "-w",
                               self.dir / "work")
        self.assertEqual(outcome.rc, 0, str(outcome))
        self.assert_says(outcome, "warning", "301 ids", "300 rows")

    def test_two_tensors_of_one_name(self):
        def change(model):
            model.find("blk.1.attn_q.weight").name = "blk.0.attn_q.weight"
        self.damaged(change, "blk.0.attn_q.weight")

    def test_missing_key(self):
        for key in ("general.architecture", "llama.block_count", "llama.embedding_length", "llama.attention.head_count",
                    "tokenizer.ggml.tokens"):
            with self.subTest(key):
                self.damaged(lambda m: m.remove(key), key)
        self.damaged(lambda m: m.remove("tokenizer.ggml.model"), "the tokenizer (none)")

    def test_numbers_that_make_no_sense(self):
        for key, kind, value in (("llama.block_count", U32, 0), ("llama.block_count", U32, 1 << 31),
                                 ("llama.embedding_length", U32, 0),
                                 ("llama.attention.head_count", U32, 0), ("llama.attention.head_count", U32, 7),
                                 ("llama.attention.head_count_kv", U32, 0),
                                 ("llama.attention.head_count_kv", U32, 5), ("llama.context_length", U32, 0),
                                 ("llama.feed_forward_length", U32, 0),
                                 ("llama.rope.dimension_count", U32, 15), ("llama.rope.dimension_count", U32, 1 << 30),
                                 ("llama.rope.freq_base", F32, 0.0),
                                 ("llama.rope.freq_base", F32, float("nan")),
                                 ("llama.attention.layer_norm_rms_epsilon", F32, float("nan")),
                                 ("llama.attention.layer_norm_rms_epsilon", F32, -1.0), ("llama.block_count", STRING, b"two"),
                                 ("tokenizer.ggml.eos_token_id", U32, 1 << 30),
                                 ("general.architecture", STRING, b"a-new-family"),
                                 ("tokenizer.ggml.tokens", ARRAY, (STRING, [])),
                                 ("tokenizer.ggml.tokens", ARRAY, (STRING, [b"a"] * 301)),
                                 ("tokenizer.ggml.tokens", ARRAY, (U32, [1, 2])),
                                 ("tokenizer.ggml.token_type", ARRAY, (5, [1, 2])),
                                 ("tokenizer.ggml.merges", ARRAY, (STRING, [b"nomerge"]))):
            with self.subTest(key=key, value=value if kind != ARRAY else value[1][:2]):
                self.damaged(lambda m: m.set(key, kind, value))

    def test_unknown_value_type(self):
        self.damaged(lambda m: m.set("general.name", 77, None), "general.name")

    def test_weights_that_are_no_numbers(self):
        """NaN in the weights: no request could be answered, and the tensor is named before any is asked."""
        model = Gguf(TINY_MODEL)
        model.data = b"\xff" * len(model.data)
        outcome = self.sextant("run", *self.cards_args("ppl"), "--backend", "cpu", "--model-path", model.write(self.path), "-w",
                               self.dir / "work")
        self.assertNotEqual(outcome.rc, 0, str(outcome))
        self.assert_says(outcome, "token_embd.weight", "NaN", "row 0")

    def test_not_a_file(self):
        os.mkfifo(self.dir / "pipe.gguf")
        (self.dir / "folder.gguf").mkdir()
        (self.dir / "empty.gguf").touch()
        os.symlink(self.dir / "nowhere", self.dir / "dangling.gguf")
        os.symlink("loop.gguf", self.dir / "loop.gguf")
        for name, *words in (("pipe.gguf", "pipe"), ("empty.gguf", "empty")):
            with self.subTest(name):
                self.refused(self.dir / name, *words)
        # what is missing is refused before a run is begun
        for name, said in (("missing.gguf", "check the path"), ("dangling.gguf", "check the path"), ("loop.gguf", "check the path"),
                           ("folder.gguf", "directory")):
            with self.subTest(name):
                outcome = self.sextant("run", *self.cards_args("ppl"), "--backend", "cpu", "--model-path", self.dir / name, "-w", self.dir / "none")
                self.assert_refused(outcome, DATA, name, said)
                self.assertFalse((self.dir / "none").exists())
        for device in ("/dev/zero", "/dev/null"):
            with self.subTest(device):
                outcome = self.sextant("model", "info", "--backend", "cpu", "--model-path", device, timeout=SECONDS_MAX)
                self.assert_refused(outcome, DATA, device)

    def test_huge_sparse_file(self):
        with open(self.path, "wb") as file:
            file.truncate(1 << 40)
        self.refused(self.path, "GGUF")

    def test_huge_sparse_tail(self):
        """A sound model with a hole of a tebibyte behind it: no reading it all."""
        self.path.write_bytes(TINY_MODEL.read_bytes())
        os.truncate(self.path, 1 << 40)
        self.refused(self.path, "follow the last tensor")

    def test_unknown_backend(self):
        outcome = self.sextant("run", *self.cards_args("ppl"), "--backend", "cpo", "--model-path", TINY_MODEL)
        self.assert_refused(outcome, UNAVAILABLE, "cpo", "cpu")
