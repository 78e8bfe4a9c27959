"""What is said, and exited with, when something is wrong: samples that fail, subjects that are missing, plugins that crash."""

import os

from .data import SUBJECTS, inline_set, make_ceval, make_mcq
from .harness import CRASH, DATA, OK, THIRD_PARTY, ContractTest, RunFolder, write


class Failed(ContractTest):
    """The sample backend fails on prompts that hold a given text."""

    def setUp(self):
        super().setUp()
        make_mcq(self.dir / "set.jsonl")
        write(
            self.dir / "run.json",
            {
                "datasets": [inline_set(self.dir / "set.jsonl", abbr="bad"), "ceval_xyj_gen"],
                "limit": 10,
                "summarizer": {"name": "both", "groups": [{"name": "pair", "members": ["bad", "ceval-xyj"]}]},
            },
        )
        self.args = ("run.json", "--model-kwargs", "fail_on=number 7")

    def test_exit_code_table_and_record(self):
        outcome = self.run_sample(*self.args, expect=DATA)
        rows = {row["dataset"]: row for row in outcome.run.csv()}
        self.assertEqual(rows["bad"]["sample"], "failed")
        self.assertEqual(rows["pair"]["sample"], "failed")
        self.assertRegex(rows["ceval-xyj"]["sample"], r"^\d+\.\d\d$")
        self.assertRegex(outcome.stdout, r"(?m)^bad .* failed$")
        self.assert_schema(outcome.run.record, "run_json")
        self.assertEqual(outcome.run.record["status"], "failed")
        task = outcome.run.task("bad")
        self.assertEqual((task["status"], task["samples"], task["samples_failed"]), ("failed", 10, 1))
        self.assertEqual(task["results_sha256"], "")
        self.assertIn("sample 7", task["error"])
        self.assertEqual(outcome.run.task("ceval-xyj")["status"], "complete")

    def test_the_end_of_the_log_is_printed(self):
        outcome = self.run_sample(*self.args, expect=DATA)
        path = outcome.run.path / "logs/infer/sample/bad.out"
        self.assertIn(os.path.relpath(path, self.dir), outcome.stderr)
        for line in path.read_text(encoding="utf-8").splitlines()[-2:]:
            said = line[len("2026-01-01 00:00:00 ") :].removeprefix("error: ")
            self.assertEqual(outcome.stderr.count(said), 1, line)  # the failure itself stands above
        self.assertIn("fail_on", path.read_text(encoding="utf-8"))

    def test_the_group_names_its_members(self):
        outcome = self.run_sample(*self.args, "--json", expect=DATA)
        [summary] = outcome.lines()
        self.assert_schema(summary, "summary_json")
        self.assertEqual(summary["status"], "failed")
        rows = {row["dataset"]: row for row in summary["rows"]}
        self.assertIsNone(rows["pair"]["value"])
        self.assertIn("bad", rows["pair"]["error"])
        self.assertNotIn("ceval-xyj", rows["pair"]["error"].replace("pair", ""))
        self.assertRegex(outcome.stderr, r"pair.*bad")

    def test_r_computes_only_what_failed(self):
        first = self.run_sample(*self.args, expect=DATA).run
        self.assertEqual(len(first.journal("bad")), 9)
        self.run_sample(*self.args, "-r", expect=DATA)
        self.assertEqual(len(first.journal("bad")), 9)

    def test_a_model_that_does_not_load(self):
        outcome = self.sextant(
            "run", "run.json", "--backend", "cpu", "--model-path", "nowhere.gguf", "--plugin-path", THIRD_PARTY
        )
        self.assertNotEqual(outcome.rc, OK)
        self.assertIn("nowhere.gguf", outcome.stderr)

    def test_a_postprocessor_that_does_not_exist_fails_its_set_alone(self):
        broken = inline_set(self.dir / "set.jsonl", abbr="broken")
        broken["eval"]["postprocessors"] = [{"type": "no_such"}]
        write(self.dir / "run.json", {"datasets": [broken, "ceval_xyj_gen"], "limit": 2})
        outcome = self.run_sample("run.json", expect=DATA)
        self.assertIn("no_such", outcome.stderr)

    def test_eval_alone_after_a_repair(self):
        """A set whose evaluation failed is scored from its predictions, without the model."""
        run = self.run_sample("--datasets", "ceval_xyj_gen", "--limit", "3").run
        path = run.file("predictions", "ceval-xyj")
        good = path.read_text(encoding="utf-8")
        path.write_text("{", encoding="utf-8")
        outcome = self.run_sample("--datasets", "ceval_xyj_gen", "--limit", "3", "-m", "eval", "-r", expect=DATA)
        self.assertIn("ceval-xyj.json", outcome.stderr)
        path.write_text(good, encoding="utf-8")
        self.run_sample("--datasets", "ceval_xyj_gen", "--limit", "3", "-m", "eval", "-r")
        self.assertEqual(RunFolder(run.path).hashes(), run.hashes())


class Missing(ContractTest):
    GONE = ("logic", "law")

    def setUp(self):
        super().setUp()
        make_ceval(self.dir, leave_out=self.GONE)
        self.args = ("--datasets", "ceval_gen", "--data-dir", ".", "--limit", "1")

    def check_tasks(self, run):
        self.assert_schema(run.record, "run_json")
        statuses = {task["dataset"]: task["status"] for task in run.record["tasks"]}
        self.assertEqual({name for name, status in statuses.items() if status == "missing"}, {"ceval-logic", "ceval-law"})
        self.assertEqual(sum(status == "complete" for status in statuses.values()), len(SUBJECTS) - 2)
        self.assertIn("logic_", run.task("ceval-logic")["error"])

    def check_groups(self, run):
        rows = {row["dataset"]: row["sample"] for row in run.csv()}
        for name in ("ceval-logic", "ceval-law", "ceval-humanities", "ceval"):
            self.assertEqual(rows[name], "missing")
        for name in ("ceval-stem", "ceval-social-science", "ceval-other", "ceval-hard"):
            self.assertRegex(rows[name], r"^\d+\.\d\d$")

    def test_the_others_run_and_it_exits_65(self):
        outcome = self.run_sample(*self.args, expect=DATA)
        self.check_tasks(outcome.run)
        self.check_groups(outcome.run)
        self.assertEqual(outcome.run.record["status"], "failed")

    def test_allow_missing_exits_0_and_is_complete(self):
        outcome = self.run_sample(*self.args, "--allow-missing", "--json")
        self.check_tasks(outcome.run)
        self.check_groups(outcome.run)
        self.assertEqual(outcome.run.record["status"], "complete")
        [summary] = outcome.lines()
        self.assertEqual(summary["status"], "complete")
        rows = {row["dataset"]: row for row in summary["rows"]}
        self.assertRegex(rows["ceval-humanities"]["error"], "ceval-logic.*ceval-law")
        self.assertIsNone(rows["ceval-humanities"]["value"])

    def test_the_message_says_where_it_was_looked_for(self):
        outcome = self.run_sample(*self.args, expect=DATA)
        self.assertRegex(outcome.stderr, r"ceval-logic.*ceval/formal_ceval.*--data-dir")

    def test_no_data_at_all(self):
        outcome = self.run_sample("--datasets", "ceval_gen", "--limit", "1", "--data-dir", "nothing-here", expect=DATA)
        self.assertEqual({task["status"] for task in outcome.run.record["tasks"]}, {"missing"})

    def test_r_goes_on_when_the_data_came(self):
        first = self.run_sample(*self.args, expect=DATA).run
        make_ceval(self.dir)
        self.run_sample(*self.args, "-r")
        self.assertEqual(RunFolder(first.path).record["status"], "complete")

    def test_a_broken_file_is_named(self):
        make_ceval(self.dir)
        (self.dir / "ceval/formal_ceval/val/logic_val.csv").write_text(
            "id,question,A,B,C,D,answer\n0,q,1,2,3\n", encoding="utf-8"
        )
        outcome = self.run_sample(*self.args, "--allow-missing", expect=DATA)
        self.assertRegex(outcome.stderr, r"logic_val\.csv")
        self.assertEqual(outcome.run.task("ceval-logic")["status"], "failed")


class Crashed(ContractTest):
    def test_a_backend_that_crashes_exits_70_and_the_rest_is_kept(self):
        args = ("--datasets", "ceval_xyj_gen", "--limit", "6")
        whole = self.run_sample(*args).run
        question = whole.predictions("ceval-xyj")[4]["record"]["question"][:8]
        before = set(self.run_folders())
        outcome = self.run_sample(*args, "--model-kwargs", "crash_on=" + question, expect=CRASH)
        self.assertRegex(outcome.stderr, "model:sample.*crashed")
        [folder] = set(self.run_folders()) - before
        self.assertEqual(RunFolder(folder).record["status"], "incomplete")
        self.assertEqual(len(RunFolder(folder).journal("ceval-xyj")), 4)
        self.run_sample(*args, "-r")  # without what made it crash
        self.assertEqual(RunFolder(folder).hashes(), whole.hashes())


class WorkDir(ContractTest):
    def test_one_that_cannot_be_written_is_named(self):
        write(self.dir / "file", "x")
        outcome = self.sextant(
            "run",
            "--datasets",
            "ceval_xyj_gen",
            "--limit",
            "1",
            "-w",
            "file/below",
            "--backend",
            "sample",
            "--plugin-path",
            THIRD_PARTY,
        )
        self.assertEqual(outcome.rc, DATA, outcome)
        self.assertIn("file/below", outcome.stderr)

    def test_report_of_what_is_no_run(self):
        (self.dir / "empty").mkdir()
        for folder in ("nowhere", "empty"):
            outcome = self.sextant("report", folder)
            self.assertNotEqual(outcome.rc, OK)
            self.assertIn(folder, outcome.stderr)
