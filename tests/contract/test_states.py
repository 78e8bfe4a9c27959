"""What a run says of itself: stages record how they ended, and run.json, table, exit code and files tell one story."""

import json
import signal

from .data import inline_set, make_mcq
from .harness import DATA, INCOMPLETE, OK, THIRD_PARTY, USAGE, ContractTest, RunFolder, read_json, write

PLUGINS = ("--plugin-path", THIRD_PARTY)


class StatesTest(ContractTest):
    ROWS = 8

    def setUp(self):
        super().setUp()
        make_mcq(self.dir / "set.jsonl", self.ROWS)
        for name in ("one", "other"):
            card = inline_set(self.dir / "set.jsonl", abbr=name, max_out_len=6)
            card["infer"]["template"]["round"][0]["prompt"] += name  # no response is shared
            write(self.dir / "cards" / (name + ".json"), {"card": "dataset", **card})
        self.args = ("--config-dir", self.dir / "cards", "--datasets", "one", "other")

    def again(self, mode, *more, expect):
        """A mode over the last run by its folder alone."""
        outcome = self.sextant("run", "-m", mode, "-r", *PLUGINS, *more)
        self.assert_rc(outcome, expect)
        return outcome

    def only_run(self):
        [folder] = self.run_folders()
        return RunFolder(folder)

    def assert_story(self, status, **tasks):
        run = self.only_run()
        self.assertEqual(run.record["status"], status)
        self.assertEqual({t["dataset"]: t["status"] for t in run.record["tasks"]}, tasks)
        return run


class States(StatesTest):
    def killed_run(self, *more):
        process = self.start("run", *self.args, "--backend", "sample", "--model-kwargs", "delay_ms=60", *PLUGINS, *more)
        self.wait_for(lambda: list(self.dir.glob("outputs/default/*/results/sample/one.json")))
        self.interrupt(process, signal.SIGKILL)

    def test_eval_and_viz_of_a_killed_run_are_incomplete(self):
        self.killed_run()
        shown = self.again("viz", expect=INCOMPLETE)
        self.assertRegex(shown.stdout, r"(?m)^one .* \d+\.\d\d \[\d+\.\d, \d+\.\d\]$")
        self.assertRegex(shown.stdout, r"(?m)^other .* incomplete$")
        self.assertRegex(shown.stderr, "other on sample: incomplete: .*before it was inferred")
        self.again("eval", expect=INCOMPLETE)
        self.assert_story("incomplete", one="complete", other="incomplete")
        self.run_sample(*self.args, "-r")
        self.assert_story("complete", one="complete", other="complete")

    def test_a_table_that_was_there_says_what_holds_after_eval_and_infer(self):
        run = self.run_sample(*self.args).run
        before = run.csv()
        for mode in ("eval", "infer"):
            self.again(mode, expect=OK)
            self.assertEqual(run.csv(), before)
        outcome = self.sextant("run", "-m", "eval", "-r", "--datasets", "one", "--config-dir", self.dir / "cards", *PLUGINS, "--backend", "sample",
                               "--metric", 'exact_match:{"ignore_case":true}')
        self.assert_rc(outcome, INCOMPLETE if self.only_run().record["status"] == "incomplete" else OK)
        self.assertIn("exact_match", [row["metric"] for row in run.csv()])

    def test_what_failed_stays_failed(self):
        """Predictions of an earlier pass do not make a task complete whose inference failed since."""
        self.run_sample(*self.args, "--limit", "4")
        self.run_sample(*self.args, "-r", "--model-kwargs", "fail_on=number 6?", expect=DATA)
        for mode in ("eval", "viz"):
            self.again(mode, expect=DATA)
            run = self.assert_story("failed", one="failed", other="failed")
        self.assertRegex(run.summary("csv").read_text(), "(?m)^one,.*,failed$")
        self.assertFalse(run.file("predictions", "one").exists(), "what a failed task says is of an earlier time")

    def test_viz_with_results_gone_or_broken(self):
        for what in ("gone", "half"):
            with self.subTest(what):
                run = self.run_sample(*self.args, "-w", "outputs/" + what).run
                path = run.file("results", "one")
                text = path.read_text()
                if what == "gone":
                    path.unlink()
                else:
                    path.write_text(text[: len(text) // 2])
                shown = self.again("viz", "-w", "outputs/" + what, expect=INCOMPLETE)
                self.assertRegex(shown.stdout, r"(?m)^one .* incomplete$")
                self.assertIn(str(path.relative_to(self.dir)), shown.stderr)
                self.assertEqual(RunFolder(run.path).record["status"], "incomplete")
                self.again("eval", "-w", "outputs/" + what, expect=OK)
                self.again("viz", "-w", "outputs/" + what, expect=OK)
                self.assertEqual(path.read_text(), text)

    def test_eval_with_predictions_gone_or_cut_says_which(self):
        run = self.run_sample(*self.args).run
        run.file("predictions", "one").unlink()
        predictions = read_json(run.file("predictions", "other"))
        del predictions[str(self.ROWS - 1)]
        write(run.file("predictions", "other"), predictions)
        outcome = self.again("eval", expect=INCOMPLETE)
        self.assertRegex(outcome.stderr, "one on sample: incomplete: .*predictions/sample/one.json is missing")
        self.assertRegex(outcome.stderr, "other.json holds 7 of the 8 attempts")
        self.assert_story("incomplete", one="incomplete", other="incomplete")
        self.run_sample(*self.args, "-r")
        self.assertEqual(self.only_run().hashes(), run.hashes())

    def test_states_and_counts_that_nobody_writes(self):
        self.assert_rc(self.run_sample(*self.args), OK)
        path = self.only_run().path / "run.json"
        written = read_json(path)
        for key, value in (("status", "fine"), ("samples", "many"), ("samples_failed", -1)):
            with self.subTest(key):
                changed = json.loads(json.dumps(written))
                changed["tasks"][1][key] = value
                write(path, changed)
                for command in (("report", path.parent), ("show", path.parent), ("run", "-m", "viz", "-r", *PLUGINS)):
                    self.assert_refused(self.sextant(*command), DATA, "run.json", "tasks[1].%s is" % key)

    def test_inferred_and_not_scored(self):
        self.run_sample(*self.args, "-m", "infer")
        self.assert_story("complete", one="complete", other="complete")
        shown = self.again("viz", expect=INCOMPLETE)
        self.assertRegex(shown.stdout, r"(?m)^one .* not scored$")
        self.assertIn("-m eval", shown.stderr)
        self.again("eval", expect=OK)
        self.again("viz", expect=OK)

    def test_inferring_again_keeps_scores_that_still_hold(self):
        first = self.run_sample(*self.args).run
        self.run_sample(*self.args, "-r", "-m", "infer")
        self.assertEqual(self.only_run().hashes(), first.hashes())
        self.again("viz", expect=OK)

    def test_a_run_that_never_began(self):
        (self.dir / "outputs/default/20300101_000000").mkdir(parents=True)
        for mode in ("eval", "viz"):
            self.assertIn("configs/run.json", self.again(mode, expect=INCOMPLETE).stderr)

    def test_names_that_the_run_does_not_have(self):
        run = self.run_sample("--config-dir", "cards", "--datasets", "one").run
        for mode in ("eval", "viz"):
            outcome = self.run_sample("--config-dir", "cards", "--datasets", "other", "-m", mode, "-r", expect=USAGE)
            self.assert_refused(outcome, USAGE, "'other'", "it has: one")
            outcome = self.sextant("run", "--config-dir", "cards", "--datasets", "one", "--backend", "cpu", "--model-path", "x.gguf", "-m", mode, "-r", *PLUGINS)
            self.assert_refused(outcome, USAGE, "'x'", "sample")
        self.assertEqual(RunFolder(run.path).record, run.record)

    def test_eval_of_one_set_leaves_the_others(self):
        first = self.run_sample(*self.args).run
        self.run_sample("--config-dir", "cards", "--datasets", "one", "-m", "eval", "-r")
        run = self.assert_story("complete", one="complete", other="complete")
        self.assertEqual(run.hashes(), first.hashes())
        self.assertEqual(len(read_json(run.path / "configs/run.json")["datasets"]), 2)

    def test_nothing_evaluated_is_no_success(self):
        (self.dir / "set.jsonl").unlink()
        run = self.run_sample(*self.args, "--allow-missing", expect=DATA).run
        self.assertEqual(run.record["status"], "failed")

    def test_the_compute_type_stands_with_each_model(self):
        [model] = self.run_sample(*self.args).run.record["models"]
        self.assertEqual((model["compute"], model["chat_template"]), ("f64", "auto"))


class OtherSettings(StatesTest):
    """-r and -m eval with other settings: what is replaced is said and kept."""

    def earlier(self, run, number=1):
        return run.path / "earlier" / str(number)

    def test_another_length(self):
        first = self.run_sample(*self.args, "--max-out-len", "4", "--set", "infer.inferencer.max_out_len=0").run
        old = {path.name: path.read_bytes() for kind in ("predictions", "results", "samples") for path in first.path.glob(kind + "/*/*")}
        outcome = self.run_sample(*self.args, "--max-out-len", "8", "--set", "infer.inferencer.max_out_len=0", "-r")
        self.assertRegex(outcome.stderr, "warning: .*other settings: model 'sample': max_out_len was 4 and is 8; .*2 tasks is kept in .*earlier/1")
        self.assertRegex(outcome.stderr, "0 of 16 samples were answered from the journal")
        kept = {path.name: path.read_bytes() for kind in ("predictions", "results", "samples") for path in self.earlier(first).glob(kind + "/*/*")}
        self.assertEqual(kept, old)
        self.assertEqual(read_json(self.earlier(first) / "configs/run.json")["models"][0]["max_out_len"], 4)
        self.assertEqual(read_json(self.earlier(first) / "run.json")["status"], "complete")
        self.assertTrue((self.earlier(first) / "summary").is_dir())

    def test_the_same_settings_replace_nothing_and_threads_are_no_setting(self):
        first = self.run_sample(*self.args).run
        outcome = self.run_sample(*self.args, "-r", "--threads", "2")
        self.assertNotIn("other settings", outcome.stderr)
        self.assertIn("16 of 16 samples were answered from the journal", outcome.stderr)
        self.assertFalse((first.path / "earlier").exists())

    def test_edited_data(self):
        first = self.run_sample(*self.args).run
        old = first.file("predictions", "one").read_bytes()
        text = (self.dir / "set.jsonl").read_text()
        (self.dir / "set.jsonl").write_text(text.replace("number 3?", "number three?"))
        outcome = self.run_sample(*self.args, "-r")
        self.assertIn("14 of 16 samples were answered from the journal", outcome.stderr)
        self.assertRegex(outcome.stderr, "replaced is kept in .*earlier/1")
        self.assertEqual((self.earlier(first) / "predictions/sample/one.json").read_bytes(), old)

    def test_eval_of_edited_data_says_that_it_scores_what_was_asked(self):
        first = self.run_sample(*self.args).run
        text = (self.dir / "set.jsonl").read_text()
        rows = [json.loads(line) for line in text.splitlines()]
        rows[2]["answer"] = "ABCD"[("ABCD".index(rows[2]["answer"]) + 1) % 4]
        (self.dir / "set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        outcome = self.again("eval", expect=OK)
        self.assertRegex(outcome.stderr, "warning: one: 1 of 8 rows are not what they were .*row 2: 'answer' was .* and is ")
        self.assertEqual(self.only_run().hashes(), first.hashes())
        (self.dir / "set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[:6]))
        self.assertRegex(self.again("eval", expect=OK).stderr, "one: 3 of 8 rows are not what they were")
        (self.dir / "set.jsonl").write_text(text)
        self.assertNotIn("warning", self.again("eval", expect=OK).stderr)
        (self.dir / "set.jsonl").unlink()
        self.assertNotIn("warning", self.again("eval", expect=OK).stderr)

    def test_a_set_that_is_not_in_the_run_any_more(self):
        first = self.run_sample(*self.args).run
        outcome = self.run_sample("--config-dir", "cards", "--datasets", "one", "-r")
        self.assertIn("the data set 'other' is not in it any more", outcome.stderr)
        self.assertTrue((self.earlier(first) / "results/sample/other.json").exists())
        self.assertFalse(first.file("results", "other").exists())
        self.assertTrue(first.file("results", "one").exists())

    def test_another_extractor(self):
        first = self.run_sample(*self.args).run
        old = first.file("results", "one").read_bytes()
        version = {row["dataset"]: row["version"] for row in first.csv()}
        self.again("eval", "--extractor", 'first_capital:{"options": "XYZ"}', expect=OK)
        self.again("viz", expect=OK)
        run = self.assert_story("complete", one="complete", other="complete")
        config = read_json(run.path / "configs/run.json")
        self.assertEqual(config["datasets"][0]["eval"]["postprocessors"], [{"type": "first_capital", "options": "XYZ"}])
        self.assertEqual((self.earlier(run) / "results/sample/one.json").read_bytes(), old)
        self.assertNotEqual(run.results("one"), json.loads(old))
        self.assertFalse((self.earlier(run) / "predictions").exists())
        self.assertNotEqual(run.csv()[0]["version"], version["one"])
        fresh = self.run_sample(*self.args, "--extractor", 'first_capital:{"options": "XYZ"}', "-w", "outputs/fresh").run
        self.assertEqual(fresh.csv(), run.csv())

    def test_eval_cannot_change_how_the_model_was_asked(self):
        run = self.run_sample(*self.args).run
        outcome = self.run_sample(*self.args, "-m", "eval", "-r", "--system-prompt", "Think.", expect=USAGE)
        self.assert_refused(outcome, USAGE, "inferred with other settings", "system_prompt")
        self.assertEqual(RunFolder(run.path).record, run.record)
