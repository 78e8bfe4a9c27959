"""Programs as components: docs/protocol.md and the Python package of sdk/python."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import textwrap

from .data import inline_set, make_mcq
from .harness import CRASH, DATA, OK, ContractTest, RunFolder, read_json, write

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "sdk" / "python"


class CommandTest(ContractTest):
    def program(self, name, text):
        return write(self.dir / name, textwrap.dedent(text))

    def run_sets(self, sets, model=None, expect=OK, replies="ABCD", rows=8):
        path = self.dir / "replies.jsonl"
        path.write_text("".join(json.dumps({"dataset": "tiny", "index": i, "reply": replies[i % len(replies)]}) + "\n" for i in range(rows)))
        model = model or {"abbr": "toy", "backend": "answers", "model_path": str(path)}
        config = write(self.dir / "config.json", {"models": [model], "datasets": sets})
        outcome = self.sextant("run", config, env={"PYTHONPATH": str(PACKAGE)})
        self.assert_rc(outcome, expect)
        folders = self.run_folders()
        outcome.run = RunFolder(folders[-1]) if folders else None
        return outcome

    def mcq(self, rows=8, **eval_parts):
        one = inline_set(make_mcq(self.dir / "mcq.jsonl", rows))
        one["eval"].update(eval_parts)
        return one

    def samples(self, run):
        return [json.loads(line) for line in (run.path / "samples" / "toy" / "tiny.jsonl").read_text().splitlines()]

    def command(self, file, **config):
        return {"command": [sys.executable, str(file)], **({"config": config} if config else {})}


class Protocol(CommandTest):
    def test_the_examples_of_the_page(self):
        page = (ROOT / "docs" / "protocol.md").read_text()
        program = self.program("program.py", re.search(r"```python\n(.*?)```", page, re.S).group(1))
        blocks = re.findall(r"```json\n(.*?)```", page, re.S)
        self.assertGreater(len(blocks), 8)
        for block in blocks:
            requests = [json.loads(line[2:]) for line in block.splitlines() if line.startswith("> ")]
            answers = [json.loads(line[2:]) for line in block.splitlines() if line.startswith("< ")]
            self.assertEqual([r["id"] for r in requests], [a["id"] for a in answers])
            for request, answer in zip(requests, answers):
                if "items" in request:
                    self.assertEqual(len(request["items"]), len(answer["results"]))
            if all(request["call"] in ("hello", "score") for request in requests):
                done = subprocess.run([sys.executable, program], input="".join(json.dumps(r) + "\n" for r in requests), capture_output=True, text=True)
                self.assertEqual([json.loads(line) for line in done.stdout.splitlines()], answers)
        outcome = self.run_sets([self.mcq(metrics=[self.command(program)])])
        self.assertIn("same_length", outcome.stdout)
        self.assertEqual({s["scores"]["same_length"] for s in self.samples(outcome.run)}, {1})
        outcome = self.run_sets([self.mcq(metrics=[self.command(program, lwer=True)])], expect=DATA)
        self.assertIn("unknown key 'lwer'", outcome.stderr)

    def test_the_rust_example(self):
        """sdk/examples/rust, written from the page alone: built by rustc, sound under the kit, and a metric of a run."""
        if not shutil.which("rustc"):
            self.skipTest("there is no rustc here")
        program = self.dir / "word_overlap"
        source = ROOT / "sdk" / "examples" / "rust" / "word_overlap.rs"
        subprocess.run(["rustc", "-O", "-D", "warnings", "-o", program, source], check=True, capture_output=True, cwd=self.dir)
        self.assert_rc(self.sextant("plugins", "check", str(program), "--kind", "metric"), OK)
        outcome = self.run_sets([self.mcq(metrics=[{"command": [str(program)], "config": {"case": True}}])])
        scores = [sample["scores"]["word_overlap"] for sample in self.samples(outcome.run)]
        self.assertEqual(scores, [float(sample["prediction"] == sample["target"]) for sample in self.samples(outcome.run)])
        outcome = self.run_sets([self.mcq(metrics=[{"command": [str(program)], "config": {"csae": True}}])], expect=DATA)
        self.assertIn("unknown key 'csae'; known here: case", outcome.stderr)

    def test_what_a_program_cannot_bear_costs_its_samples(self):
        program = self.program(
            "hard.py",
            """
            import json, os, sys, time
            for line in sys.stdin:
                request = json.loads(line)
                if request["call"] == "hello":
                    print(json.dumps({"id": request["id"], "result": {"name": "hard"}}), flush=True)
                    continue
                for item in request["items"]:
                    if item["record"]["question"].endswith("number 3?"): os.abort()
                    if item["record"]["question"].endswith("number 5?"): time.sleep(60)
                    if item["record"]["question"].endswith("number 6?"): print("hello, world", flush=True)
                print(json.dumps({"id": request["id"], "results": [1 for _ in request["items"]]}), flush=True)
            """,
        )
        metric = dict(self.command(program), timeout_s=1)
        outcome = self.run_sets([self.mcq(rows=12, metrics=[metric])], rows=12, expect=CRASH)
        samples = self.samples(outcome.run)
        self.assertEqual([s.get("scores", {}).get("hard") for s in samples], [None if i in (3, 5, 6) else 1 for i in range(12)])
        for words in (r"signal 6 \(Aborted\) \(sample 3\); 3 of 12 samples could not be scored", "sample 5, .* did not answer within",
                      "sample 6, .* not a JSON object"):
            self.assertRegex(outcome.stderr, words)

    def test_values_that_the_results_file_cannot_hold(self):
        program = self.program(
            "odd.py",
            """
            import json, sys
            for line in sys.stdin:
                request = json.loads(line)
                result = {"id": request["id"], "result": {"name": "odd"}}
                if request["call"] != "hello":
                    result = {"id": request["id"], "results": [{"values": {"counts": 1}} for _ in request["items"]]}
                print(json.dumps(result), flush=True)
            """,
        )
        outcome = self.run_sets([self.mcq(metrics=[self.command(program)])], expect=None)
        self.assertNotEqual(outcome.rc, OK)
        self.assertIn("called 'counts', which is a member of the results file", outcome.stderr)

    def test_a_model_that_counts_below_nothing(self):
        program = self.program(
            "minus.py",
            """
            import json, sys
            for line in sys.stdin:
                request = json.loads(line)
                result = {"id": request["id"], "result": {"name": "minus"}}
                if request["call"] != "hello":
                    result = {"id": request["id"], "results": [{"text": "A", "generated_tokens": -5} for _ in request["items"]]}
                print(json.dumps(result), flush=True)
            """,
        )
        model = {"abbr": "toy", "backend": "command", "config": self.command(program)}
        outcome = self.run_sets([self.mcq()], model=model, expect=None)
        self.assertNotEqual(outcome.rc, OK)
        self.assertIn('"generated_tokens":-5}, which is not a reply', outcome.stderr)

    def test_programs_that_cannot_be(self):
        for name, text, words in (
            ("none.py", None, "exit code 2"),
            ("ends.py", "import sys; sys.exit('not today')", "not today"),
            ("other.py", "import sys\nprint('Welcome', flush=True)\nsys.stdin.read()", "not a JSON object"),
        ):
            with self.subTest(name):
                file = self.dir / name if text is None else self.program(name, text)
                outcome = self.run_sets([self.mcq(metrics=[self.command(file)])], expect=None)
                self.assertNotEqual(outcome.rc, OK)
                self.assertIn(words, outcome.stderr)
        outcome = self.run_sets([self.mcq(metrics=[{"command": ["/no/such/program"]}])], expect=DATA)
        self.assertIn("/no/such/program cannot be started", outcome.stderr)

    def assert_rc(self, outcome, rc):
        if rc is not None:
            super().assert_rc(outcome, rc)


class Python(CommandTest):
    METRIC = """
        from sextant_plugin import metric, run

        @metric
        def same(prediction: str, reference: str, *, lower: bool = False) -> float:
            print("a word for people")
            return prediction.lower() == reference.lower() if lower else float(prediction == reference)

        run()
        """

    def test_metric_and_postprocessor(self):
        cut = self.program(
            "cut.py",
            """
            from sextant_plugin import postprocessor, run

            @postprocessor
            def cut(text: str, *, at: str = ","):
                return text.split(at)[0]

            run()
            """,
        )
        metric = self.program("metric.py", self.METRIC)
        outcome = self.run_sets([self.mcq(postprocessors=[self.command(cut, at=";")], metrics=[self.command(metric)])], replies=["A;x", "B;", "c;", "D"])
        self.assertEqual([s["scores"]["same"] for s in self.samples(outcome.run)], [1, 1, 0, 1] * 2)
        self.assertIn("a word for people", outcome.stderr)
        for config, words in (({"lwer": True}, "did you mean 'lower'"), ({"lower": 3}, "must be of type boolean")):
            outcome = self.run_sets([self.mcq(metrics=[self.command(metric, **config)])], expect=DATA)
            self.assertIn(words, outcome.stderr)

    def test_dataset_template_and_model(self):
        load = self.program(
            "load.py",
            """
            from sextant_plugin import dataset, run
            import json

            @dataset
            def load(path):
                rows = json.load(open(path))
                return [{"question": q, "answer": a} for q, a in rows.items()]

            run()
            """,
        )
        template = self.program(
            "template.py",
            """
            from sextant_plugin import template, run

            @template
            def ask(record, *, before: str = "Q: "):
                return before + record["question"]

            run()
            """,
        )
        model = self.program(
            "model.py",
            """
            from sextant_plugin import model, run

            @model
            def adds(messages, stop):
                a, b = messages[-1]["content"].rstrip("?").split(":")[1].split("+")
                return str(int(a) + int(b))

            run()
            """,
        )
        sums = write(self.dir / "sums.json", {"%d + %d?" % (i, i): str(2 * i) for i in range(5)})
        one = self.mcq()
        one.update(path=str(sums), loader=self.command(load), reader={"input_columns": ["question"], "output_column": "answer", "train_split": "test", "test_split": "test"})
        one["infer"]["template"] = self.command(template, before="Sum: ")
        one["eval"] = {"metrics": [self.command(self.program("metric.py", self.METRIC))]}
        outcome = self.run_sets([one], model={"abbr": "toy", "backend": "command", "config": self.command(model)})
        self.assertEqual([s["prediction"] for s in self.samples(outcome.run)], ["0", "2", "4", "6", "8"])
        self.assertEqual({s["scores"]["same"] for s in self.samples(outcome.run)}, {1})

    def test_inferencer_and_retriever(self):
        twice = self.program(
            "twice.py",
            """
            from sextant_plugin import inferencer, ask, done, run

            @inferencer
            def twice(prompts, rounds):
                text = prompts["prompts"][0]["text"]
                if len(rounds) < 2:
                    return ask("%s (%d)" % (text, len(rounds)))
                return done(" ".join(r["answers"][0]["text"] for r in rounds))

            run()
            """,
        )
        nearest = self.program(
            "nearest.py",
            """
            from sextant_plugin import retriever, run

            @retriever
            def others(corpus, k, own_row):
                return [row["row"] for row in corpus if row["row"] != own_row][:k]

            run()
            """,
        )
        model = self.program("model.py", "from sextant_plugin import model, run\n@model\ndef ends(messages, prompt):\n    return (prompt or messages[-1]['content'])[-3:]\nrun()\n")
        one = self.mcq(rows=3, metrics=[self.command(self.program("metric.py", self.METRIC))], postprocessors=[])
        one["infer"]["inferencer"] = self.command(twice)
        one["infer"]["retriever"] = dict(self.command(nearest))
        outcome = self.run_sets([one], model={"abbr": "toy", "backend": "command", "config": self.command(model)})
        self.assertEqual([s["prediction"] for s in self.samples(outcome.run)], ["(0) (1)"] * 3)

    def test_check(self):
        environment = dict(os.environ, PYTHONPATH=str(PACKAGE))
        good = self.program("metric.py", self.METRIC)
        bad = self.program("bad.py", "from sextant_plugin import metric, run\n@metric\ndef bad(prediction):\n    return 1 / len(prediction)\nrun()\n")
        none = self.program("none.py", "from sextant_plugin import run\nrun()\n")
        for file, rc, words in ((good, 0, "it works"), (bad, 1, "ZeroDivisionError"), (none, 1, "no function is decorated")):
            done = subprocess.run([sys.executable, "-m", "sextant_plugin", "check", file], env=environment, capture_output=True, text=True)
            self.assertEqual(done.returncode, rc, done)
            self.assertIn(words, done.stdout + done.stderr)
