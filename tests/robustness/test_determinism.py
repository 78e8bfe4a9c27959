"""The same bits for the same request, whatever the threads, the batch, the order, the reuse of prefixes, or a resume.

    SEXTANT_SEED   draws the schedules; every failure names it, so that it can be seen again (default: another each time)
"""
import os
import pathlib
import random
import signal
import time
import unittest

from contract.checkpoints import make_family
from contract.harness import OK, TINY_MODEL, UNAVAILABLE
from robustness.cases import RobustnessTest

SCHEDULES = 20
SEED = int(os.environ.get("SEXTANT_SEED") or random.SystemRandom().randrange(1 << 30))
REAL_MODEL = os.environ.get("SEXTANT_TEST_MODEL", "")
ISAS, COMPUTES = ("amx", "avx512", "avx2", "portable"), ("f32", "bf16", "int8", "exact")
EXACT = ("int8", "exact")  # have the same bits on every instruction set
FAMILIES = ("gemma2", "gemma3", "qwen3_moe, a dense layer", "phi4, LongRoPE")  # soft caps, windows, experts, rotations by length


class Determinism(RobustnessTest):
    def setUp(self):
        super().setUp()
        self.dice = random.Random(SEED)
        self.killed = self.runs = 0
        self.hashes = {}  # of each model in its usual schedule, by its settings

    def draw(self, *fixed):
        """The flags of one schedule."""
        args = ["--threads", self.dice.choice([1, 2, 3]), "--batch-size", self.dice.choice([1, 7, 64]),
                "--model-kwargs", *fixed, "schedule_seed=%d" % self.dice.randrange(1, 1 << 30)]
        args += ["--no-prefix-reuse"] * (self.dice.random() < 0.5)
        return args + ["--no-speculation"] * (self.dice.random() < 0.2)

    def arguments(self, model, settings, work_dir):
        return ["run", *self.cards_args(*self.methods), *model, *settings, "-w", self.dir / work_dir]

    def expected(self, model, settings, *fixed):
        """The hashes in the usual schedule, None where this processor has not got the instructions."""
        key = str((model, settings, fixed))
        if key not in self.hashes:
            more = ["--model-kwargs", *fixed] if fixed else []
            work_dir = "usual%d" % len(self.hashes)
            outcome = self.sextant(*self.arguments(model, settings, work_dir), *more)
            if outcome.rc == UNAVAILABLE and "this processor has no" in outcome.stderr:
                self.hashes[key] = None
            else:
                self.assert_rc(outcome, OK)
                self.hashes[key] = self.last_run(work_dir).hashes()
                self.assertEqual(set(self.hashes[key]), {"small_" + m for m in self.methods})
                self.assertTrue(all(self.hashes[key].values()), self.hashes[key])
        return self.hashes[key]

    def kill_at(self, samples, process, work_dir):
        """SIGKILL once so many samples are in the journals, or the end, whichever is first."""
        def journalled():
            return sum(path.read_bytes().count(b"\n") for path in (self.dir / work_dir).glob("*/journal/*/*.jsonl"))
        while process.poll() is None and journalled() < samples:
            time.sleep(0.001)
        process.kill()
        process.communicate()
        self.assertIn(process.returncode, (OK, -signal.SIGKILL))
        self.killed += process.returncode != OK

    def check_schedule(self, model, settings, *fixed, kill=False):
        """One drawn schedule; with `kill` that is cut off at a drawn sample, and another goes on."""
        expected = self.expected(model, settings, *fixed)
        if expected is None:
            return False
        self.runs += 1
        work_dir, schedule = "schedule%d" % self.runs, self.draw(*fixed)
        if kill:
            at = self.dice.randrange(1, len(self.methods) * self.rows)
            self.kill_at(at, self.start(*self.arguments(model, settings, work_dir), *schedule), work_dir)
            schedule = [*self.draw(*fixed), "-r"]
        command = [*self.arguments(model, settings, work_dir), *schedule]
        outcome = self.sextant(*command)
        self.assert_rc(outcome, OK)
        self.assertEqual(len(list((self.dir / work_dir).glob("*_*"))), 1, "-r began a second folder")
        self.assertEqual(self.last_run(work_dir).hashes(), expected, "SEXTANT_SEED=%d, $ sextant %s" % (SEED, " ".join(map(str, command))))
        return True

    def small_cards(self, rows, methods=RobustnessTest.METHODS, **inferencer):
        self.rows, self.methods = rows, methods
        self.make_cards(rows, **inferencer)

    def test_schedules_drawn_at_random(self):
        """Every instruction set and compute type that there is, over models of several families."""
        self.small_cards(12, max_out_len=16)
        models = [["--model-path", TINY_MODEL]]
        models += [["--hf-path", make_family(self.dir / "models" / name.split(",")[0], name)] for name in FAMILIES]
        cells = [(isa, compute) for isa in ISAS for compute in COMPUTES]
        self.dice.shuffle(cells)
        missing = set()
        for i in range(SCHEDULES):
            isa, compute = cells[i % len(cells)]
            model = ["--backend", "cpu", *models[i % len(models)]]
            if not self.check_schedule(model, ["--compute", compute], "isa=" + isa, kill=i % 3 == 0):
                missing.add(isa)
        print("# SEXTANT_SEED=%d: %d schedules, %d of them killed and resumed; not on this processor: %s" % (
            SEED, self.runs, self.killed, ", ".join(sorted(missing)) or "none"))
        self.assertGreater(self.killed, 0)

    @unittest.skipUnless(pathlib.Path(REAL_MODEL).is_file(), "no real model: SEXTANT_TEST_MODEL")
    def test_real_model(self):
        self.small_cards(3, ("gen", "ppl"), max_out_len=4)
        model = ["--backend", "cpu", "--model-path", REAL_MODEL]
        self.assertTrue(self.check_schedule(model, ["--compute", "bf16"], kill=True))
        self.assertTrue(self.check_schedule(model, ["--compute", "int8"]))

    def test_instruction_sets(self):
        """int8 and exact: the same results on each, gen, ppl and loglikelihood."""
        self.small_cards(4, max_out_len=8)
        models = [["--model-path", TINY_MODEL]]
        models += [["--hf-path", make_family(self.dir / "models" / name.split(",")[0], name)] for name in FAMILIES[:2]]
        for model in models:
            for compute in EXACT:
                hashes = {isa: self.expected(["--backend", "cpu", *model], ["--compute", compute], "isa=" + isa) for isa in ISAS}
                there = [h for h in hashes.values() if h]
                self.assertGreater(len(there), 1, "only one instruction set on this processor")
                for isa, hash_ in hashes.items():
                    if hash_:
                        self.assertEqual(hash_, there[0], "%s of %s on %s" % (compute, model, isa))

    def test_sample_backend(self):
        self.small_cards(12)
        for i in range(SCHEDULES // 2):
            self.assertTrue(self.check_schedule(self.BACKENDS["sample"], [], kill=i % 3 == 0))

    def test_another_question_another_hash(self):
        """The hash can differ at all."""
        self.make_cards()
        first = self.evaluate("sample", work_dir="a").run.hashes()
        text = self.questions.read_text(encoding="utf-8")
        self.questions.write_text(text.replace("Question number 11?", "Question number eleven?"), encoding="utf-8")
        second = self.evaluate("sample", work_dir="b").run.hashes()
        for name in first:
            self.assertNotEqual(first[name], second[name], name)

    def test_counters_do_not_depend_on_the_schedule(self):
        self.make_cards()
        counters = ("prompt_tokens", "computed_tokens", "generated_tokens")

        def counted(backend, *args):
            run = self.evaluate(backend, *args, work_dir="work%d" % self.runs).run
            self.runs += 1
            return [[task[c] for c in counters] for task in run.record["tasks"]]
        self.runs = 0
        for backend in self.BACKENDS:
            with self.subTest(backend):
                usual = counted(backend)
                self.assertEqual(usual,
                                 counted(backend, "--threads", 1, "--batch-size", 1, "--model-kwargs", "schedule_seed=7"))
                for (prompt, computed, _), (_, all_computed, _) in zip(usual, counted(backend, "--no-prefix-reuse")):
                    self.assertLess(computed, prompt)
                    self.assertEqual(all_computed, prompt)
