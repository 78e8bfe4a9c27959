"""The same bits for the same request, whatever the threads, the batch, the order, the reuse of prefixes, or a resume."""
import os
import random

from robustness.cases import RobustnessTest

SCHEDULES = 10
SEED = int(os.environ.get("SEXTANT_SEED", "20"))


class Determinism(RobustnessTest):
    def draw(self, dice):
        """The flags of one schedule."""
        args = ["--threads", dice.choice([1, 2, 3]), "--batch-size", dice.choice([1, 7, 64]),
                "--model-kwargs", "schedule_seed=%d" % dice.randrange(1, 1 << 30)]
        if dice.random() < 0.5:
            args.append("--no-prefix-reuse")
        return args

    def same_bits(self, backend, *settings, schedules=SCHEDULES):
        self.make_cards()
        alone = self.evaluate(backend, *settings, work_dir="alone").run
        expected = alone.hashes()
        self.assertEqual(set(expected), {"small_" + m for m in self.METHODS})
        self.assertTrue(all(expected.values()), expected)
        dice = random.Random(SEED)
        for i in range(schedules):
            args = [*self.draw(dice), *settings]
            with self.subTest(seed=SEED, schedule=i, args=" ".join(map(str, args))):
                run = self.evaluate(backend, *args, work_dir="schedule%d" % i).run
                self.assertEqual(run.hashes(), expected)
                if i % 3 == 0:  # a part first, the rest after a resume with another schedule
                    self.halve_journals(run)
                    resumed = self.evaluate(backend, *self.draw(dice), *settings, "-r", run.path.name, work_dir="schedule%d" % i).run
                    self.assertEqual(resumed.path, run.path)
                    self.assertEqual(resumed.hashes(), expected)

    def halve_journals(self, run):
        """As a run leaves it that was killed half way through."""
        for method in self.METHODS:
            [path] = run.path.glob("journal/*/small_%s.jsonl" % method)
            lines = path.read_bytes().splitlines(keepends=True)
            path.write_bytes(b"".join(lines[:len(lines) // 2]) + lines[-1][:20])

    def test_sample_backend(self):
        self.same_bits("sample")

    def test_cpu_backend(self):
        self.same_bits("cpu")

    def test_cpu_backend_in_bf16(self):
        self.same_bits("cpu", "--compute", "bf16", schedules=5)

    def test_cpu_backend_in_int8(self):
        self.same_bits("cpu", "--compute", "int8", schedules=5)

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
