"""A run taken apart and taken up again: -m infer, eval and viz, -r, interruption, and the same configuration run twice."""

import shutil
import signal
import time

from .harness import DATA, INCOMPLETE, INTERRUPTED, OK, THIRD_PARTY, USAGE, ContractTest, RunFolder, read_json, write

SETS = ("--datasets", "ceval_xyj_gen", "ceval_xyj_ppl", "--limit", "5")


class Modes(ContractTest):
    def test_infer_then_eval_then_viz_gives_what_all_gives(self):
        whole = self.run_sample(*SETS).run
        infer = self.run_sample(*SETS, "-m", "infer", "-w", "outputs/parts")
        run = infer.run
        self.assertFalse((run.path / "results").exists() and list((run.path / "results").rglob("*.json")))
        self.assertFalse(run.summary("csv").exists())
        self.assertEqual(infer.stdout, "")
        evaluated = self.run_sample(*SETS, "-m", "eval", "-r", "-w", "outputs/parts")
        self.assertEqual(evaluated.stdout, "")
        self.assertFalse(run.summary("csv").exists())
        shown = self.run_sample(*SETS, "-m", "viz", "-r", "-w", "outputs/parts")
        run = RunFolder(run.path)
        self.assert_schema(run.record, "run_json")
        self.assertEqual(run.record["status"], "complete")
        self.assertEqual(run.hashes(), whole.hashes())
        self.assertEqual(run.csv(), whole.csv())
        table = shown.stdout.split("\n\n")[0]   # behind it a line of all replies, which the file has by data set
        self.assertIn(table, whole.summary("txt").read_text(encoding="utf-8"))
        self.assertEqual(len(self.run_folders()), 2)

    def test_the_folder_alone_is_enough_for_eval_and_viz(self):
        run = self.run_sample(*SETS, "-m", "infer").run
        self.assert_rc(self.sextant("run", "-m", "eval", "-r", "--plugin-path", THIRD_PARTY), OK)
        outcome = self.sextant("run", "-m", "viz", "-r")  # shows a run whose plugins are not here
        self.assert_rc(outcome, OK)
        self.assertIn("ceval-xyj_ppl", outcome.stdout)
        self.assertEqual(self.run_folders(), [run.path])

    def test_eval_reads_the_predictions_as_they_stand(self):
        run = self.run_sample(*SETS).run
        path = run.file("predictions", "ceval-xyj")
        predictions = read_json(path)
        for sample in predictions.values():
            sample["prediction"] = "It is " + sample["gold"]
        write(path, predictions)
        self.run_sample(*SETS, "-m", "eval", "-r")
        self.assertEqual(run.results("ceval-xyj")["accuracy"], 100)

    def test_eval_and_viz_need_a_run(self):
        for mode in ("eval", "viz"):
            self.assert_refused(self.run_sample(*SETS, "-m", mode, expect=USAGE), USAGE, "-r")
            outcome = self.run_sample(*SETS, "-m", mode, "-r", expect=DATA)
            self.assertIn("outputs/default", outcome.stderr)
        self.assertEqual(self.run_folders(), [])


class Reuse(ContractTest):
    def test_nothing_to_reuse_warns_and_starts_anew(self):
        outcome = self.run_sample(*SETS, "-r")
        self.assertRegex(outcome.stderr, r"(?m)^sextant: warning: .*outputs/default")
        self.assertEqual(outcome.run.record["status"], "complete")

    def test_the_last_run_is_taken_up_and_nothing_is_computed_again(self):
        first = self.run_sample(*SETS).run
        journal = first.file("journal", "ceval-xyj").read_bytes()
        self.run_sample(*SETS, "-r", "--model-kwargs", "delay_ms=0")
        again = RunFolder(first.path)
        self.assertEqual(self.run_folders(), [first.path])
        self.assertEqual(again.file("journal", "ceval-xyj").read_bytes(), journal)
        self.assertEqual(again.hashes(), first.hashes())

    def test_a_run_by_its_time(self):
        first = self.run_sample(*SETS).run
        second = self.run_sample(*SETS).run
        shutil.rmtree(first.path / "summary")
        self.run_sample(*SETS, "-r", first.path.name)
        self.assertTrue(first.summary("csv").exists())
        self.assertEqual(self.run_folders(), [first.path, second.path])

    def test_a_time_that_is_not_there(self):
        """A named run that does not exist is a mistake, and begins no other one."""
        before = self.run_sample(*SETS).run
        self.assert_refused(self.run_sample(*SETS, "-r", "20010101_000000", expect=DATA), DATA, "20010101_000000", before.path.name)
        self.assertEqual(self.run_folders(), [before.path])

    def test_a_folder_without_a_configuration_is_taken_over(self):
        (self.dir / "outputs/default/20300101_000000").mkdir(parents=True)
        self.run_sample(*SETS, "-r")
        run = RunFolder(self.dir / "outputs/default/20300101_000000")
        self.assertEqual(run.record["status"], "complete")
        self.assertTrue((run.path / "configs/run.json").exists())

    def test_a_changed_prompt_never_reuses_an_old_answer(self):
        first = self.run_sample(*SETS).run
        self.run_sample(*SETS, "-r", "--system-prompt", "Think first.")
        lines = first.journal("ceval-xyj")
        self.assertEqual(len(lines), 10)
        self.assertEqual(len({line["key"] for line in lines}), 10)
        for prediction in first.predictions("ceval-xyj"):
            self.assertEqual(prediction["origin_prompt"][0], {"role": "SYSTEM", "prompt": "Think first."})

    def test_two_runs_in_one_second_have_two_folders(self):
        for attempt in range(5):
            shutil.rmtree(self.dir / "outputs", ignore_errors=True)
            self.run_sample(*SETS)
            self.run_sample(*SETS)
            names = [path.name for path in self.run_folders()]
            self.assertEqual(len(names), 2)
            if names[1] == names[0] + "_2":
                return
        self.skipTest("no two runs began in one second")


class Interrupted(ContractTest):
    ARGS = ("--datasets", "ceval_xyj_gen", "--limit", "40")

    def start_slow_run(self):
        process = self.start(
            "run", *self.ARGS, "--backend", "sample", "--model-kwargs", "delay_ms=50", "--plugin-path", THIRD_PARTY
        )
        journal = "outputs/default/*/journal/sample/ceval-xyj.jsonl"
        self.wait_for(lambda: any(path.read_bytes().count(b"\n") >= 2 for path in self.dir.glob(journal)))
        return process

    def assert_resumes(self, run):
        done = len(run.journal("ceval-xyj"))
        self.assertLess(done, 40)
        self.run_sample(*self.ARGS, "-r")
        resumed = RunFolder(run.path)
        self.assert_schema(resumed.record, "run_json")
        self.assertEqual(resumed.record["status"], "complete")
        self.assertEqual(len(resumed.journal("ceval-xyj")), 40)
        whole = self.run_sample(*self.ARGS).run
        self.assertEqual(resumed.hashes(), whole.hashes())
        for counter in ("prompt_tokens", "generated_tokens"):
            self.assertEqual(resumed.task("ceval-xyj")[counter], whole.task("ceval-xyj")[counter], counter)

    def test_sigint_exits_130_and_r_goes_on(self):
        outcome = self.interrupt(self.start_slow_run())
        self.assert_rc(outcome, INTERRUPTED)
        [folder] = self.run_folders()
        run = RunFolder(folder)
        self.assert_schema(run.record, "run_json")
        self.assertEqual(run.record["status"], "incomplete")
        self.assertEqual(run.task("ceval-xyj")["status"], "incomplete")
        self.assert_resumes(run)

    def test_an_incomplete_run_exits_75_when_shown(self):
        self.interrupt(self.start_slow_run())
        outcome = self.run_sample(*self.ARGS, "-m", "viz", "-r", expect=INCOMPLETE)
        self.assertIn("incomplete", outcome.stdout)
        self.assertIn("-r", outcome.stderr)

    def test_a_killed_run_resumes(self):
        outcome = self.interrupt(self.start_slow_run(), signal.SIGKILL)
        self.assertEqual(outcome.rc, -signal.SIGKILL)
        [folder] = self.run_folders()
        run = RunFolder(folder)
        self.assertEqual(run.record["status"], "incomplete")
        with open(run.file("journal", "ceval-xyj"), "ab") as file:
            file.write(b'{"key":"half a li')  # what a crash in the middle of a write leaves
        run.path.joinpath(".lock").touch()
        lines = run.file("journal", "ceval-xyj").read_bytes().count(b"\n")
        self.run_sample(*self.ARGS, "-r")
        resumed = RunFolder(run.path)
        self.assertEqual(len(resumed.journal("ceval-xyj")), 40)
        self.assertGreaterEqual(lines, 2)
        self.assertEqual(resumed.hashes(), self.run_sample(*self.ARGS).run.hashes())

    def test_a_second_process_on_the_folder_is_refused(self):
        process = self.start_slow_run()
        try:
            [folder] = self.run_folders()
            outcome = self.sextant("run", *self.ARGS, "-r", folder.name, "--backend", "sample", "--plugin-path", THIRD_PARTY)
            self.assertNotEqual(outcome.rc, OK)
            self.assertIn(str(process.pid), outcome.stderr)
        finally:
            process.kill()
            process.communicate()


class SameAgain(ContractTest):
    def test_configs_run_json_gives_the_same_run(self):
        first = self.run_sample(
            "--datasets",
            "ceval_xyj_gen",
            "ceval_xyj_ppl",
            "--limit",
            "4",
            "--limit-mode",
            "random",
            "--seed",
            "7",
            "--max-out-len",
            "9",
            "--stop-words",
            "B",
            "--system-prompt",
            "S",
            "--compat",
            "opencompass",
            "--generation-kwargs",
            "do_sample=True",
            "temperature=0.7",
            "--model-kwargs",
            "context_length=3000",
        ).run
        outcome = self.sextant("run", first.path / "configs/run.json", "--plugin-path", THIRD_PARTY)
        self.assert_rc(outcome, OK)
        second = RunFolder(self.run_folders()[-1])
        self.assertNotEqual(second.path, first.path)
        self.assertEqual(second.hashes(), first.hashes())
        self.assertEqual(second.csv(), first.csv())
        self.assertEqual(read_json(second.path / "configs/run.json"), read_json(first.path / "configs/run.json"))

    def test_hashes_do_not_depend_on_schedule_batches_threads_or_reuse(self):
        first = self.run_sample(*SETS).run
        for args in (["--batch-size", "1"], ["--threads", "3"], ["--no-prefix-reuse"], ["--model-kwargs", "schedule_seed=5"]):
            run = self.run_sample(*SETS, *args).run
            self.assertEqual(run.hashes(), first.hashes(), args)
            counters = [[task[c] for c in ("prompt_tokens", "generated_tokens")] for task in run.record["tasks"]]
            self.assertEqual(
                counters, [[task[c] for c in ("prompt_tokens", "generated_tokens")] for task in first.record["tasks"]], args
            )

    def test_no_prefix_reuse_computes_every_token(self):
        for task in self.run_sample(*SETS, "--no-prefix-reuse").run.record["tasks"]:
            self.assertEqual(task["computed_tokens"], task["prompt_tokens"])

    def test_cache_takes_answers_of_earlier_runs(self):
        first = self.run_sample(*SETS).run
        start = time.monotonic()
        second = self.run_sample(*SETS, "--cache", "--model-kwargs", "delay_ms=2000").run  # 20 s if it computed
        self.assertLess(time.monotonic() - start, 2)
        self.assertEqual(second.hashes(), first.hashes())
        self.assertEqual(len(second.journal("ceval-xyj")), 5)

    def test_cache_is_off_by_default(self):
        self.run_sample(*SETS)
        second = self.run_sample(*SETS).run
        log = (second.path / "logs/infer/sample/ceval-xyj.out").read_text()
        self.assertIn("0 from the journal", log)
