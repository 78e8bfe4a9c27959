"""The published sets as they are: every subject that is there runs, and what is missing is said to be missing."""

import hashlib
import pathlib

from .data import SUBJECTS
from .harness import REAL_DATA, ContractTest, canonical_line, needs_real_data, results_sha256


class RealData(ContractTest):
    @needs_real_data("ceval", "formal_ceval", "val")
    def test_ceval(self):
        there = {path.name[: -len("_val.csv")] for path in pathlib.Path(REAL_DATA, "ceval/formal_ceval/val").glob("*_val.csv")}
        run = self.run_sample(
            "--datasets",
            "ceval_gen",
            "ceval_ppl",
            "--data-dir",
            REAL_DATA,
            "--limit",
            "2",
            "--max-out-len",
            "4",
            "--allow-missing",
        ).run
        self.assert_schema(run.record, "run_json")
        for subject in SUBJECTS:
            for suffix in ("", "_ppl"):
                task = run.task("ceval-%s%s" % (subject, suffix))
                self.assertEqual(task["status"], "complete" if subject in there else "missing", task)
                if subject in there:
                    self.assertEqual(task["results_sha256"], results_sha256(run, task["dataset"]))

    @needs_real_data("cmmlu", "test")
    def test_cmmlu(self):
        there = {path.stem for path in pathlib.Path(REAL_DATA, "cmmlu/test").glob("*.csv")}
        run = self.run_sample(
            "--datasets", "cmmlu_gen", "--data-dir", REAL_DATA, "--limit", "1", "--max-out-len", "4", "--allow-missing"
        ).run
        self.assertEqual(
            {task["dataset"] for task in run.record["tasks"] if task["status"] == "complete"},
            {"cmmlu-" + name for name in there},
        )


class Canonical(ContractTest):
    def test_the_line_of_the_documentation(self):
        """docs/files.md's own example: if this fails, the harness is wrong, not the product."""
        prediction = {"index": 3, "label: A": {"PPL": 3.6676000356674194}, "label: B": {"PPL": 0.025}, "prediction": "B"}
        line = canonical_line(prediction, {"score": 1})
        self.assertEqual(
            hashlib.sha256(line.encode()).hexdigest(), "d799da24744fd20116cb43a813dbad695ff8f5f1cd3a790ec135516d3e331f7c"
        )
