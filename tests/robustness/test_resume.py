"""Runs that end before their time - killed, crashed, or beside another one - and what -r makes of them."""
import json
import os
import random
import resource
import signal
import time

from contract.harness import CRASH, DATA, OK, write
from robustness.cases import KILLS, RobustnessTest

SEED = int(os.environ.get("SEXTANT_SEED", "20"))


class Resume(RobustnessTest):
    def whole_lines(self, folder):
        """Per journal file, its bytes up to the last LF."""
        out = {}
        for path in folder.glob("journal/*/*.jsonl"):
            data = path.read_bytes()
            out[path.name] = data[:data.rfind(b"\n") + 1]
        return out

    def start_run(self, backend, args):
        return self.start("run", *self.cards_args(), *self.BACKENDS[backend], "-w", self.dir / "work", "-r", *args)

    def killed(self, backend, kills, *args):
        """Kills runs at random moments and goes on with -r until each is complete, until `kills` were killed."""
        expected = self.evaluate(backend, work_dir="alone").run.hashes()
        samples = 3 * self.rows
        dice = random.Random(SEED)
        begin = time.monotonic()
        self.evaluate(backend, *args, work_dir="timed")
        seconds = time.monotonic() - begin
        done, completed = 0, 0
        while done < kills:
            self.work_folder_of_next_run()
            before = {}
            while True:
                process = self.start_run(backend, args)
                try:
                    if done < kills:
                        process.communicate(timeout=dice.uniform(0, 0.5 * seconds))
                    else:
                        process.communicate(timeout=60)
                except Exception:  # subprocess.TimeoutExpired: it is still running
                    process.kill()
                    process.communicate()
                rc = process.returncode
                self.assertIn(rc, (OK, -signal.SIGKILL), "seed %d, kill %d" % (SEED, done))
                folders = self.folders()
                self.assertLessEqual(len(folders), 1, "-r began a second folder")
                after = self.whole_lines(folders[0]) if folders else {}
                for name, lines in before.items():
                    self.assertTrue(after.get(name, b"").startswith(lines),
                                    "the journal %s lost lines, seed %d, kill %d" % (name, SEED, done))
                before = after
                if rc == OK:
                    break
                done += 1
            keys = self.journal_keys(folders[0])
            self.assertEqual(len(keys), samples, "a finished sample was computed again, or one was lost; seed %d" % SEED)
            self.assertEqual(len(set(keys)), samples)
            self.assertEqual(self.last_run().record["status"], "complete")
            self.assertEqual(self.last_run().hashes(), expected, "seed %d" % SEED)
            completed += 1
        print("# %s: %d kills over %d completed runs of about %.1f s" % (backend, done, completed, seconds))

    def folders(self):
        return sorted(self.dir.glob("work/*_*"))

    def work_folder_of_next_run(self):
        if (self.dir / "work").exists():
            os.rename(self.dir / "work", self.dir / ("work-%d" % time.monotonic_ns()))

    def test_killed_sample_backend(self):
        self.rows = 12
        self.make_cards(self.rows)
        self.killed("sample", (KILLS + 1) // 2, "--model-kwargs", "delay_ms=15")

    def test_killed_cpu_backend(self):
        self.rows = 40
        self.make_cards(self.rows, max_out_len=48)
        self.killed("cpu", KILLS // 2, "--threads", 1, "--batch-size", 2)

    def test_killed_with_several_calls_of_the_model(self):
        """So much text that it goes to the model in more than one wave."""
        self.rows = 40
        self.make_cards(self.rows)
        text = self.questions.read_text(encoding="utf-8")
        write(self.questions, text.replace("Question number", "Once more and at length: " * 38 + "question number"))
        self.killed("sample", 2, "--model-kwargs", "delay_ms=5")

    def test_half_a_line_and_a_broken_line(self):
        self.make_cards()
        run = self.evaluate("sample").run
        expected = run.hashes()
        path = run.file("journal", "small_gen")
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(lines[:3]) + b'{"key": "broken\n' + b"".join(lines[5:-1]) + lines[-1][:-30])
        again = self.evaluate("sample", "-r")
        self.assert_says(again, path.name + ":4", "broken line")
        self.assertEqual(again.run.hashes(), expected)
        good = [line for line in path.read_bytes().splitlines() if not line.endswith(b"broken")]
        self.assertEqual(len({json.loads(line)["key"] for line in good}), len(lines))
        self.assertEqual(len(good), len(lines))

    def test_journal_of_noise(self):
        """Bytes that are not JSON lines, NULs as after a power cut among them, cost their lines and nothing else."""
        self.make_cards()
        run = self.evaluate("sample").run
        expected = run.hashes()
        for noise in (b"\0" * 4096, os.urandom(5000) + b"\n", b"[" * 100000 + b"\n", b'{"key": 1}\nnull\n\n"x"\n',
                      b'{"key":"a","index":-1}\n'):
            with self.subTest(noise[:10]):
                path = run.file("journal", "small_ppl")
                path.write_bytes(noise + path.read_bytes())
                self.assertEqual(self.evaluate("sample", "-r").run.hashes(), expected)

    def test_two_processes_on_one_folder(self):
        self.make_cards()
        first = self.start_run("sample", ["--model-kwargs", "delay_ms=100"])
        self.addCleanup(first.communicate)
        self.addCleanup(first.kill)
        self.wait_for(lambda: self.folders() and self.journal_keys(self.folders()[0]))
        second = self.sextant("run", *self.cards_args(), *self.BACKENDS["sample"], "-w", self.dir / "work", "-r")
        self.assert_refused(second, DATA, "is being written by process %d" % first.pid, "--work-dir")
        self.assertIsNone(first.poll(), "the first went on")
        other = self.evaluate("sample")  # a run of its own beside it is no trouble
        self.assertEqual(other.run.record["status"], "complete")
        self.assertEqual(len(self.folders()), 2)

    def test_two_runs_of_one_second(self):
        self.make_cards()
        processes = [self.start("run", *self.cards_args(), *self.BACKENDS["sample"], "-w", self.dir / "work") for _ in range(4)]
        for process in processes:
            process.communicate(timeout=60)
            self.assertEqual(process.returncode, OK)
        self.assertEqual(len(self.folders()), 4)

    def test_a_changed_prompt_reuses_no_answer(self):
        self.make_cards()
        before = self.evaluate("sample").run
        for method in self.METHODS:
            path = self.dir / "cards" / ("small_%s.json" % method)
            path.write_text(path.read_text(encoding="utf-8").replace("Answer:", "The answer:"), encoding="utf-8")
        after = self.evaluate("sample", "-r").run
        self.assertEqual(after.path, before.path)
        fresh = self.evaluate("sample", work_dir="fresh").run
        self.assertEqual(after.hashes(), fresh.hashes())
        self.assertTrue(all(after.hashes()[name] != hash for name, hash in before.hashes().items()))
        self.assertEqual(len(set(self.journal_keys(after.path))), 2 * 3 * 12)
        self.assertIn("The answer:", json.dumps(after.predictions("small_ppl")[7]))

    def test_a_changed_row_reuses_all_but_its_own_answer(self):
        self.make_cards()
        run = self.evaluate("sample").run
        text = self.questions.read_text(encoding="utf-8")
        self.questions.write_text(text.replace("Question number 7?", "Question number seven?"), encoding="utf-8")
        after = self.evaluate("sample", "-r").run
        self.assertEqual(after.path, run.path)
        self.assertEqual(after.hashes(), self.evaluate("sample", work_dir="fresh").run.hashes())
        self.assertEqual(len(set(self.journal_keys(after.path))), 3 * 12 + 3)

    def test_a_changed_answer_is_scored_anew(self):
        """The gold answer is data too."""
        self.make_cards()
        self.evaluate("sample")
        lines = self.questions.read_text(encoding="utf-8").splitlines()
        lines[-1] = lines[-1][:-1] + ("A" if lines[-1][-1] != "A" else "B")
        self.questions.write_text("\n".join(lines) + "\n", encoding="utf-8")
        after = self.evaluate("sample", "-r").run
        self.assertEqual(after.hashes(), self.evaluate("sample", work_dir="fresh").run.hashes())
        self.assertEqual(after.predictions("small_gen")[-1]["gold"], lines[-1][-1])

    def test_other_settings_reuse_no_answer(self):
        self.make_cards()
        before = self.evaluate("sample").run
        after = self.evaluate("sample", "-r", "--generation-kwargs", "do_sample=True", "temperature=0.7", "--seed", 3).run
        fresh = self.evaluate("sample", "--generation-kwargs", "do_sample=True", "temperature=0.7", "--seed", 3,
                              work_dir="fresh").run
        self.assertEqual(after.path, before.path)
        self.assertEqual(after.hashes(), fresh.hashes())

    def test_a_crash_keeps_what_was_finished(self):
        """A plugin that crashes in process ends it by the signal; -r goes on once the cause is gone."""
        self.make_cards()
        expected = self.evaluate("sample", work_dir="alone").run.hashes()
        crashed = self.sextant("run", *self.cards_args(), *self.BACKENDS["sample"], "-w", self.dir / "work", "--model-kwargs",
                               "crash_on=Question number 6?")
        self.assertIn(crashed.rc, (-signal.SIGSEGV, CRASH), str(crashed))
        folder = self.folders()[0]
        kept = self.journal_keys(folder)
        self.assertEqual(len(kept), 6, "the six questions before it, two examples of which every prompt holds")
        self.assertEqual(self.last_run().record["status"], "incomplete")
        resumed = self.evaluate("sample", "-r").run
        self.assertEqual(resumed.path, folder)
        self.assertEqual(resumed.hashes(), expected)
        keys = self.journal_keys(folder)
        self.assertEqual(keys[:6], kept)
        self.assertEqual(len(keys), len(set(keys)))
        self.assertEqual(len(keys), 3 * 12, "what was finished before the crash was not computed again")

    def test_a_sample_that_failed_is_computed_by_a_resume(self):
        self.make_cards()
        expected = self.evaluate("sample", work_dir="alone").run.hashes()
        failed = self.evaluate("sample", "--model-kwargs", "fail_on=Question number 6?", expect=65)
        self.assert_says(failed, "small_gen", "1 of 12 samples failed", "sample 6")
        self.assertEqual(len(self.journal_keys(failed.run.path)), 3 * 11)
        resumed = self.evaluate("sample", "-r").run
        self.assertEqual(resumed.hashes(), expected)
        self.assertEqual(len(self.journal_keys(resumed.path)), 3 * 12)

    def test_interrupted_goes_on(self):
        self.make_cards()
        expected = self.evaluate("sample", work_dir="alone").run.hashes()
        process = self.start_run("sample", ["--model-kwargs", "delay_ms=20"])
        self.wait_for(lambda: self.folders() and self.journal_keys(self.folders()[0]))
        outcome = self.interrupt(process, signal.SIGINT)
        self.assert_rc(outcome, 130)
        self.assertEqual(self.last_run().record["status"], "incomplete")
        self.assertEqual(self.evaluate("sample", "-r").run.hashes(), expected)
        self.assertEqual(len(self.journal_keys(self.folders()[0])), 3 * 12)

    def test_interrupted_after_a_sample_failed(self):
        """The failed sample is not the interrupt's matter: 130 now, and its own code once a resumed run has got to the end."""
        self.make_cards(rows=60)
        args = ["--model-kwargs", "fail_on=Question number 6?"]
        process = self.start_run("sample", [*args, "delay_ms=30"])
        self.wait_for(lambda: self.folders() and len(self.journal_keys(self.folders()[0])) > 6)
        self.assert_rc(self.interrupt(process, signal.SIGINT), 130)
        self.assertEqual(self.last_run().record["status"], "incomplete")
        failed = self.evaluate("sample", "-r", *args, expect=65)
        self.assert_says(failed, "small_gen", "sample 6")
        self.assertEqual(len(self.journal_keys(failed.run.path)), 3 * 59)

    def test_threads_that_cannot_be_started(self):
        """Threads whose stacks do not fit the address space: the first one, or one of those after it."""
        self.make_cards()
        expected = self.evaluate("sample", work_dir="alone").run.hashes()
        for megabytes in (3000, 1200, 700, 600):
            with self.subTest(megabytes):
                refused = self.evaluate("sample", "-r", expect=75, limits={"STACK": megabytes << 20, "AS": 2 << 30})
                self.assert_says(refused, "no further thread can be started")
                self.assertEqual(refused.run.record["status"], "incomplete")
        self.assertEqual(self.evaluate("sample", "-r").run.hashes(), expected)
        refused = self.evaluate("cpu", "--threads", 500, expect=69, work_dir="cpu", limits={"STACK": 8 << 20, "AS": 2 << 30})
        self.assert_says(refused, "threads: of 500 threads only")
