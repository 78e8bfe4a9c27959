"""sextant compare and gate on runs of the sample backend: what is paired, what is refused, and the exit codes."""

import fcntl
import json
import shutil
import xml.etree.ElementTree

from .data import inline_set, make_mcq
from .harness import DATA, OK, THIRD_PARTY, USAGE, ContractTest, write

NO, INCONCLUSIVE = 1, 2
PROMISED = {"dataset", "metric", "n", "a", "b", "difference", "low", "high", "p", "p_adjusted", "mde", "a_only", "b_only"}


class Compare(ContractTest):
    def setUp(self):
        super().setUp()
        make_mcq(self.dir / "set.jsonl")
        write(self.dir / "run.json", {"datasets": [inline_set(self.dir / "set.jsonl")]})
        self.a = self.run_sample("run.json").run.path

    def copy(self, name, change=lambda number, line: line):
        """The run again, with other scores or rows."""
        path = self.dir / name / self.a.name
        shutil.copytree(self.a, path)
        [samples] = path.glob("samples/*/*.jsonl")
        lines = [json.loads(line) for line in samples.read_text().splitlines()]
        samples.write_text("".join(json.dumps(change(i, line)) + "\n" for i, line in enumerate(lines)))
        return path

    def scored(self, name, right):
        return self.copy(name, lambda i, line: {**line, "scores": {"accuracy": float(right(i))}})

    def test_a_run_with_itself(self):
        [out] = self.json_lines("compare", self.a, self.a, "--json")
        [pair] = out["pairs"]
        self.assertLessEqual(PROMISED, set(pair))
        self.assertEqual((pair["difference"], pair["p"], pair["a_only"], pair["b_only"]), (0, 1, 0, 0))
        self.assertEqual(out["comparisons"][0]["differences"], [])
        self.assert_rc(self.sextant("compare", self.a, self.a, self.a), OK)

    def test_flips_are_counted_and_a_plain_table_is_printed(self):
        best, worst = self.scored("best", lambda i: True), self.scored("worst", lambda i: False)
        [out] = self.json_lines("compare", worst, best, "--json")
        [pair] = out["pairs"]
        self.assertEqual((pair["a"], pair["b"], pair["difference"], pair["a_only"], pair["b_only"]), (0, 100, 100, 0, pair["n"]))
        self.assertAlmostEqual(pair["p"], 2 * 0.5 ** pair["n"])
        text = self.sextant("compare", worst, best).stdout
        self.assertIn("significant at 5 %", text)
        self.assertNotIn("\x1b", text)

    def test_other_questions_are_refused(self):
        other = self.dir / "other" / self.a.name
        shutil.copytree(self.a, other)
        [path] = other.glob("predictions/*/*.json")
        predictions = json.loads(path.read_text())
        predictions["0"]["record"]["question"] += " (edited)"
        path.write_text(json.dumps(predictions))
        outcome = self.sextant("compare", self.a, other)
        self.assert_rc(outcome, DATA)
        self.assertIn("1 of", outcome.stdout)
        self.assertIn("--common", outcome.stdout)
        [out] = self.json_lines("compare", self.a, other, "--common", "--json")
        self.assertEqual(out["pairs"][0]["n"], len(predictions) - 1)
        self.assert_rc(self.sextant("gate", other, "--baseline", self.a), DATA)

    def test_mistakes(self):
        for args, rc in ((("compare",), USAGE), (("compare", self.a), USAGE), (("compare", self.a, self.dir / "none"), DATA),
                         (("compare", self.a, self.dir), DATA), (("compare", self.a, self.a, "--model", "nobody"), USAGE),
                         (("compare", self.a, self.a, "--dataset", "nothing"), USAGE), (("compare", self.a, self.a, "--metric", "acuracy"), DATA),
                         (("gate", self.a), USAGE), (("gate", self.a, "--baseline", self.a, "--margin", "-1"), USAGE)):
            with self.subTest(args=args):
                outcome = self.sextant(*args)
                self.assert_rc(outcome, rc)
                self.assertTrue(outcome.stderr or "not compared" in outcome.stdout)

    def test_a_gate_goes_stops_or_cannot_tell(self):
        best, worst = self.scored("best", lambda i: True), self.scored("worst", lambda i: False)
        report = self.dir / "gate.xml"
        for run, baseline, margin, rc, word in ((best, worst, "1", OK, "go:"), (worst, best, "1", NO, "no-go:"),
                                                (best, best, "1", INCONCLUSIVE, "more questions"), (best, best, "100", OK, "go:")):
            with self.subTest(run=run.parent.name, margin=margin):
                outcome = self.sextant("gate", run, "--baseline", baseline, "--margin", margin, "--junit", report)
                self.assert_rc(outcome, rc)
                self.assertIn(word, outcome.stdout)
                self.assertEqual(outcome.stdout.count("\n"), 1)
                suite = xml.etree.ElementTree.parse(report).getroot()
                self.assertEqual(int(suite.get("failures")), 1 if rc == NO else 0)
        outcome = self.sextant("gate", best, "--baseline", best, "--json")
        self.assertEqual(json.loads(outcome.stdout)["verdict"], "inconclusive")
        self.assertGreater(json.loads(outcome.stdout)["more"], 0)


class Show(ContractTest):
    def test_what_was_wrong_in_two_commands(self):
        make_mcq(self.dir / "set.jsonl")
        write(self.dir / "run.json", {"datasets": [inline_set(self.dir / "set.jsonl"), inline_set(self.dir / "set.jsonl", method="ppl", abbr="scored")]})
        run = self.run_sample("run.json").run
        wrong = [line for line in run.samples("tiny") if line["scores"]["accuracy"] != 1]
        lines = self.json_lines("show", run.path, "--wrong", "--dataset", "tiny", "--json")
        self.assertEqual([line["index"] for line in lines], [line["index"] for line in wrong])
        self.assertEqual({line["model"] for line in lines}, {"sample"})
        text = self.sextant("show", run.path, "--wrong", "--dataset", "tiny", "-n", "1").stdout
        self.assertEqual(text.count("--- sample | tiny | sample"), min(1, len(wrong)))
        self.assertIn("%d of %d samples are wrong" % (len(wrong), len(run.samples("tiny"))), text)
        margins = [line["margin"] for line in self.json_lines("show", run.path, "--sort", "margin", "--json")]
        self.assertEqual(len(margins), len(run.samples("scored")))
        self.assertEqual(margins, sorted(margins))
        self.assertEqual(self.json_lines("show", run.path, "--grep", "no such text", "--json"), [])
        for args, rc in (((), USAGE), ((run.path, "--sort", "x"), USAGE), ((run.path, "--grep", "("), DATA), ((run.path, "-n", "-1"), USAGE),
                         ((run.path, "--dataset", "tny"), USAGE), ((self.dir / "none",), DATA)):
            with self.subTest(args=args):
                self.assert_rc(self.sextant("show", *args), rc)


class Looking(ContractTest):
    """What only reads a run neither waits for its lock nor holds it."""

    def test_a_run_that_is_at_work_may_be_looked_at(self):
        make_mcq(self.dir / "set.jsonl")
        write(self.dir / "run.json", {"datasets": [inline_set(self.dir / "set.jsonl")]})
        run = self.run_sample("run.json").run.path
        with open(run / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for args in (("compare", run, run), ("gate", run, "--baseline", run, "--margin", "99"), ("show", run), ("explain", run, run)):
                with self.subTest(args[0]):
                    self.assertNotEqual(self.sextant(*args).rc, DATA, args)


class Baseline(ContractTest):
    """sextant run --baseline: a gate behind the run, or one that is asked after every question."""

    ROWS = 300

    def setUp(self):
        super().setUp()
        make_mcq(self.dir / "set.jsonl", self.ROWS)
        first = inline_set(self.dir / "set.jsonl", abbr="one")
        second = inline_set(self.dir / "set.jsonl", abbr="two", method="ppl")
        write(self.dir / "run.json", {"datasets": [first, second]})
        self.baseline = self.run_sample("run.json").run.path

    def all_right(self):
        path = self.dir / "right" / self.baseline.name
        shutil.copytree(self.baseline, path)
        for samples in path.glob("samples/*/*.jsonl"):
            lines = [json.loads(line) for line in samples.read_text().splitlines()]
            samples.write_text("".join(json.dumps({**line, "scores": {"accuracy": 1.0}}) + "\n" for line in lines))
        return path

    def test_sequential_stops_as_soon_as_it_is_known(self):
        for baseline, verdict, rc in ((self.baseline, "go", OK), (self.all_right(), "no-go", NO)):
            with self.subTest(verdict):
                outcome = self.run_sample("run.json", "--baseline", baseline, "--margin", "20", "--sequential", expect=rc)
                early = outcome.run.record["stopped_early"]
                self.assertEqual((early["verdict"], early["of"]), (verdict, 2 * self.ROWS))
                self.assertLess(early["decided_after"], 200)
                self.assertLessEqual(early["asked"], early["decided_after"] * 1.25 + 24)
                self.assertEqual(outcome.run.record["status"], "complete")
                self.assertEqual(sum(task["samples"] for task in outcome.run.record["tasks"]), early["asked"])
                self.assertIn("stopped early", outcome.stderr)
                again = self.run_sample("run.json", "--baseline", baseline, "--margin", "20", "--sequential", expect=rc)
                self.assertEqual(again.run.record["stopped_early"], early)
                self.assertEqual(again.run.hashes(), outcome.run.hashes())

    def test_without_sequential_the_gate_follows_the_run(self):
        outcome = self.run_sample("run.json", "--baseline", self.baseline, "--margin", "10")
        self.assertNotIn("stopped_early", outcome.run.record)
        self.assertIn("go: 2 data sets", outcome.stderr)
        self.run_sample("run.json", "--baseline", self.all_right(), expect=NO)

    def test_what_cannot_be_gated_is_refused_before_anything_is_computed(self):
        before = len(self.run_folders())
        other = self.dir / "other.jsonl"
        make_mcq(other, self.ROWS + 1)
        write(self.dir / "other.json", {"datasets": [inline_set(other, abbr="one")]})
        for args, words in (
            (("run.json", "--margin", "1"), ("--margin", "--baseline")),
            (("run.json", "--sequential"), ("--sequential", "--baseline")),
            (("run.json", "--baseline", self.baseline, "--margin", "-1"), ("--margin",)),
            (("run.json", "--baseline", self.baseline, "--sequential", "--margin", "100"), ("--margin", "any model")),
            (("other.json", "--baseline", self.baseline, "--sequential"), ("one", "row 300")),
        ):
            with self.subTest(args):
                outcome = self.sextant("run", *args, "--backend", "sample", "--plugin-path", THIRD_PARTY)
                self.assert_refused(outcome, USAGE, *words)
        self.assertEqual(len(self.run_folders()), before)


class Explain(ContractTest):
    """sextant explain: the gap in parts, by stage; all mutations are in tools/acceptance/explain.py."""

    def setUp(self):
        super().setUp()
        make_mcq(self.dir / "set.jsonl", 40)
        self.card = inline_set(self.dir / "set.jsonl")
        self.a = self.go(self.card)

    def go(self, card, *args):
        write(self.dir / "run.json", {"datasets": [card]})
        return self.run_sample("run.json", *args).run.path

    def explained(self, b):
        [out] = self.json_lines("explain", self.a, b, "--json")
        [one] = out["explanations"]
        self.assertAlmostEqual(sum(part["points"] for part in one["parts"]), one["difference"], places=9)
        return one

    def test_nothing_differs(self):
        self.assertEqual(self.explained(self.go(self.card))["parts"], [])

    def test_scoring_is_replayed_and_rows_are_told_apart(self):
        card = json.loads(json.dumps(self.card))
        card["eval"]["postprocessors"] = [{"type": "regex", "pattern": "^(A)"}]
        one = self.explained(self.go(card, "--rows", "0-29"))
        self.assertEqual([part["stages"] for part in one["parts"]], [["rows"], ["extractor"]])
        self.assertEqual((one["rows_a"], one["rows_b"], one["common"]), (40, 30, 30))
        self.assertFalse(any(part["needs_model"] for part in one["parts"]))

    def test_an_edited_answer_is_another_question_and_a_template_is_one(self):
        make_mcq(self.dir / "set.jsonl", 41)
        card = json.loads(json.dumps(self.card))
        card["infer"]["template"]["round"][0]["prompt"] = "Q: {question}\nA. {A}\nB. {B}\nAnswer: "
        one = self.explained(self.go(card))
        self.assertEqual([part["stages"] for part in one["parts"]], [["rows"], ["template"]])
        text = self.sextant("explain", self.a, self.a).stdout
        self.assertIn("nothing differs", text)

    def test_what_is_no_pair_of_runs_is_refused(self):
        self.assert_refused(self.sextant("explain"), USAGE, "two runs")
        self.assert_refused(self.sextant("explain", self.a, self.dir / "nowhere"), DATA, "nowhere")


class Verify(ContractTest):
    def test_samples_are_asked_again(self):
        make_mcq(self.dir / "set.jsonl", 30)
        card, scored = inline_set(self.dir / "set.jsonl"), inline_set(self.dir / "set.jsonl", abbr="scored", method="ppl")
        write(self.dir / "run.json", {"datasets": [card, scored]})
        run = self.run_sample("run.json").run.path
        before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
        [out] = self.json_lines("verify", run, "-n", "12", "--plugin-path", THIRD_PARTY, "--json")
        self.assertEqual((out["compared"], out["differences"]), (12, []))
        self.assertEqual(before, {path: path.read_bytes() for path in run.rglob("*") if path.is_file()})
        [path] = run.glob("predictions/*/tiny.json")
        path.write_text(path.read_text().replace('"prediction": "', '"prediction": "other '))
        [out] = self.json_lines("verify", run, "-n", "12", "--plugin-path", THIRD_PARTY, "--json", "--dataset", "tiny", expect=NO)
        self.assertEqual({one["dataset"] for one in out["differences"]}, {"tiny"})
        self.assert_refused(self.sextant("verify", run, "-n", "0"), USAGE, "-n")
