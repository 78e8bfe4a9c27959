"""samples/<model>/<dataset>.jsonl: one line an attempt, made for pandas and jq, and the same whether scored in one go or by -m eval."""

import json
import shutil
import subprocess
import unittest

try:
    import pandas
except ImportError:
    pandas = None

from .harness import OK, ContractTest, RunFolder

SETS = ("--datasets", "ceval_xyj_gen", "ceval_xyj_ppl", "--limit", "5")
GEN, PPL = "ceval-xyj", "ceval-xyj_ppl"


class Samples(ContractTest):
    def setUp(self):
        super().setUp()
        self.run_folder = self.run_sample(*SETS).run

    def path(self, dataset):
        return self.run_folder.path / "samples" / "sample" / (dataset + ".jsonl")

    def lines(self, dataset):
        text = self.path(dataset).read_text(encoding="utf-8")
        self.assertTrue(text.endswith("\n"))
        return [json.loads(line) for line in text.splitlines()]

    def test_schema(self):
        for dataset in (GEN, PPL):
            lines = self.lines(dataset)
            self.assertEqual(len(lines), 5)
            for line in lines:
                self.assert_schema(line, "samples_line")

    def test_each_line_says_what_predictions_and_results_say(self):
        for dataset in (GEN, PPL):
            predictions = self.run_folder.predictions(dataset)
            details = self.run_folder.results(dataset)["details"]
            for line, prediction, detail in zip(self.lines(dataset), predictions, details):
                self.assertEqual(line["dataset"], dataset)
                self.assertEqual(line["index"], prediction["index"])
                self.assertEqual(line["repeat"], 0)
                self.assertEqual(line["prediction"], prediction["prediction"])
                self.assertEqual(line["target"], prediction["gold"])
                self.assertEqual(line["answers"], {"none": detail["pred"]})
                self.assertEqual(line["scores"]["accuracy"], float(detail["correct"]))
                self.assertGreater(line["prompt_tokens"], 0)
                labels = [name[len("label: ") :] for name in prediction if name.startswith("label: ")]
                self.assertEqual(line.get("labels", []), labels)
                self.assertEqual(line.get("logprobs", []), [prediction["label: " + label]["logprob"] for label in labels])

    def test_the_mean_of_the_lines_is_the_result(self):
        for dataset in (GEN, PPL):
            values = [line["scores"]["accuracy"] for line in self.lines(dataset)]
            self.assertAlmostEqual(100 * sum(values) / len(values), self.run_folder.results(dataset)["accuracy"], places=9)

    def test_eval_writes_the_same_lines_again(self):
        before = {dataset: self.path(dataset).read_bytes() for dataset in (GEN, PPL)}
        shutil.rmtree(self.run_folder.path / "samples")
        self.run_sample(*SETS, "-m", "eval", "-r")
        for dataset, text in before.items():
            self.assertEqual(self.path(dataset).read_bytes(), text)
        self.assertEqual(RunFolder(self.run_folder.path).hashes(), self.run_folder.hashes())

    @unittest.skipIf(pandas is None, "pandas is not installed")
    def test_pandas_reads_it(self):
        frame = pandas.read_json(self.path(PPL), lines=True)
        self.assertEqual(len(frame), 5)
        accuracy = pandas.json_normalize(frame["scores"])["accuracy"].mean()
        self.assertAlmostEqual(100 * accuracy, self.run_folder.results(PPL)["accuracy"], places=9)

    @unittest.skipIf(shutil.which("jq") is None, "jq is not installed")
    def test_jq_reads_it(self):
        out = subprocess.run(["jq", "-s", "map(.scores.accuracy) | add / length * 100", str(self.path(GEN))], capture_output=True, check=True)
        self.assertAlmostEqual(float(out.stdout), self.run_folder.results(GEN)["accuracy"], places=9)

    def test_every_line_of_a_file_has_the_same_members(self):
        for dataset in (GEN, PPL):
            members = {tuple(line) for line in self.lines(dataset)}
            self.assertEqual(len(members), 1, members)


class Infer(ContractTest):
    def test_without_scores_there_are_no_samples(self):
        run = self.run_sample(*SETS, "-m", "infer", expect=OK).run
        self.assertFalse((run.path / "samples").exists())
