"""lm-eval's task files: what `sextant run --tasks` sends is lm-eval's to the byte. The texts were made by lm-eval 0.4.13 from the same files and rows."""

import gzip
import io
import json
import os
import pathlib
import random
import shutil
import zipfile

from .harness import DATA, HERE, OK, PROGRAM, THIRD_PARTY, USAGE, ContractTest, write

COMMON = """
dataset_path: org/set
training_split: train
test_split: test
doc_to_target: label
doc_to_choice: [x, yy]
"""
FILES = {
    "choice.yaml": "include: common\ntask: choice\noutput_type: multiple_choice\ndoc_to_text: 'q: {{q}}'\nmetric_list: [{metric: acc}, {metric: acc_norm}, {metric: brier_score}]\n",
    "prefix.yaml": "include: choice.yaml\ntask: prefix\ngen_prefix: 'Ans:'\ndescription: \"About {{q}}.\\n\"\n",
    "colon.yaml": "include: choice.yaml\ntask: colon\ntarget_delimiter: ''\ndoc_to_text: \"{{q}}\\n\"\n",
    "each.yaml": "include: common\ntask: each\noutput_type: multiple_choice\ndoc_to_text: '{{label}}'\ndoc_to_target: q\ndoc_to_choice: \"{{[q + ' one', q + ' two']}}\"\n",
    "open.yaml": "include: common\ntask: open\noutput_type: generate_until\ndoc_to_text: 'Q {{q}}'\ndoc_to_choice: null\ndoc_to_target: 'a{{label}}'\nnum_fewshot: 1\nfewshot_split: train\n"
                 "generation_kwargs: {until: ['.'], max_gen_toks: 5}\n"
                 "filter_list:\n- {name: strict, filter: [{function: regex, regex_pattern: '(a[0-9])'}, {function: take_first}]}\n- {name: loose, filter: [{function: lowercase}, {function: take_first}]}\n",
    "last.yaml": "include: common\ntask: last\noutput_type: loglikelihood\ndoc_to_text: 'Q {{q}}'\ndoc_to_choice: null\ndoc_to_target: ' end'\n",
    "whole.yaml": "include: common\ntask: whole\noutput_type: loglikelihood_rolling\ndoc_to_text: ''\ndoc_to_choice: null\ndoc_to_target: '{{q}} {{q}}'\n",
    "both.yaml": "group: both\ntask: [choice, colon]\nnum_fewshot: 0\naggregate_metric_list: [{metric: acc}]\n",
    "pairs.yaml": "include: choice.yaml\ntask: pairs\nmetric_list: [{metric: acc}, {metric: f1}, {metric: mcc}, {metric: f1, aggregation: !function scores.macro}]\n",
    "words.yaml": "include: open.yaml\ntask: words\nfilter_list: null\nmetric_list: [{metric: bleu}, {metric: chrf}, {metric: chrf++}, {metric: ter}]\n",
    "code.yaml": "include: choice.yaml\ntask: code\nprocess_docs: !function utils.f\n",
}


class Tasks(ContractTest):
    def setUp(self):
        super().setUp()
        for name, text in FILES.items():
            write(self.dir / "tasks" / name, text)
        write(self.dir / "tasks" / "common", COMMON)
        write(self.dir / "tasks/scores.py", "from sklearn.metrics import f1_score\ndef macro(items):\n    golds, preds = zip(*items)\n    return f1_score(golds, preds, average='macro')\n")
        self.snapshot = self.dir / "hub/datasets--org--set/snapshots/abc"
        write(self.dir / "hub/datasets--org--set/refs/main", "abc")
        for split, n in (("train", 8), ("test", 3)):
            write(self.snapshot / (split + ".jsonl"), "".join(json.dumps({"q": split[1].upper() + str(i), "label": i % 2}) + "\n" for i in range(n)))
        self.env = {"HF_HUB_CACHE": str(self.dir / "hub")}

    def texts(self, task, *flags):
        rows = self.json_lines("prompt", "--tasks", task, "--include-path", self.dir / "tasks", "--json", "--backend", "sample", "--plugin-path", THIRD_PARTY, *flags, env=self.env)
        return [row["text"] for row in rows if row["index"] == 0]

    def test_prompts_are_lm_evals(self):
        for task, flags, expected in (
            ("choice", (), ["q: E0 x", "q: E0 yy"]),
            ("choice", ("--shots", "1"), ["q: R7 yy\n\nq: E0 x", "q: R7 yy\n\nq: E0 yy"]),
            ("choice", ("--shots", "2"), ["q: R7 yy\n\nq: R0 x\n\nq: E0 x", "q: R7 yy\n\nq: R0 x\n\nq: E0 yy"]),
            ("choice", ("--shots", "1", "--system-prompt", "Sys"), ["Sysq: R7 yy\n\nq: E0 x", "Sysq: R7 yy\n\nq: E0 yy"]),
            ("prefix", ("--shots", "1"), ["About E0.\nq: R7 Ans: yy\n\nq: E0 Ans: x", "About E0.\nq: R7 Ans: yy\n\nq: E0 Ans: yy"]),
            ("choice", ("--gen-prefix", "So "), ["q: E0 So  x", "q: E0 So  yy"]),
            ("colon", ("--shots", "1"), ["R7\nyy\n\nE0\nx", "R7\nyy\n\nE0\nyy"]),
            ("each", ("--shots", "1"), ["R7 two R7\n\nE0 one E0", "R7 two R7\n\nE0 two E0"]),
            ("open", (), ["Q R7 a1\n\nQ E0"]),
            ("open", ("--shots", "0"), ["Q E0"]),
            ("last", (), ["Q E0 end"]),
            ("whole", ("--shots", "3"), ["E0 E0"]),
        ):
            with self.subTest(task=task, flags=flags):
                self.assertEqual(self.texts(task, *flags), expected)

    def test_with_a_chat_template_examples_are_turns(self):
        text = self.texts("choice", "--shots", "1", "--chat-template", "auto")[0]
        order = [text.index(part) for part in ("q: R7", "yy", "q: E0")]
        self.assertEqual(order, sorted(order))
        self.assertNotIn("q: R7 yy", text)
        self.assertTrue(text.endswith("x") and not text.endswith(" x"))
        self.assertIn("q: R7 yy\n\nq: E0", self.texts("choice", "--shots", "1", "--chat-template", "auto", "--fewshot-as-multiturn", "false")[0])
        self.assertTrue(self.texts("prefix", "--chat-template", "auto")[0].endswith("Ans: x"))

    def test_a_run_has_lm_evals_numbers(self):
        run = self.run_sample("--tasks", "both,open,last,each", "--include-path", self.dir / "tasks", env=self.env).run
        self.assertLessEqual({"acc", "acc_norm", "brier_score"}, set(run.results("choice")))
        self.assertNotIn("acc_bytes", run.results("choice"))
        self.assertLessEqual({"exact_match,strict", "exact_match,loose"}, set(run.results("open")))
        self.assertLessEqual({"acc", "perplexity"}, set(run.results("last")))
        self.assertEqual(len(run.predictions("each")), 3)

    def test_numbers_over_the_whole_set(self):
        run = self.run_sample("--tasks", "pairs,words", "--include-path", self.dir / "tasks", env=self.env).run
        pairs = [(int(row["gold"]), int(row["prediction"])) for row in run.predictions("pairs")]
        both, golds, preds = (sum(test(g, p) for g, p in pairs) for test in (lambda g, p: g == p == 1, lambda g, p: g == 1, lambda g, p: p == 1))
        zeros = sum(g == p == 0 for g, p in pairs)
        of = lambda same, meant, given: 200 * same / (meant + given) if meant + given else 0  # noqa: E731
        n = len(pairs)
        self.assertAlmostEqual(run.results("pairs")["f1"], (of(both, golds, preds) + of(zeros, n - golds, n - preds)) / 2, 6)  # of two the last counts
        self.assertIn("mcc", run.results("pairs"))
        self.assertLessEqual({"bleu", "chrf", "chrf++", "ter"}, set(run.results("words")))
        self.assertFalse(run.results("words")["estimates"]["ter"]["higher_is_better"])

    def packed_snapshot(self, file, content):
        shutil.rmtree(self.snapshot)
        self.snapshot.mkdir(parents=True)
        (self.snapshot / file).write_bytes(content)

    def test_packed_files(self):
        rows = (self.snapshot / "test.jsonl").read_bytes()
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as made:
            made.writestr("inner/test.csv", "q,label\nE0,0\nE1,1\n")
            made.writestr("__MACOSX/test.csv", "x")
        zst = bytes.fromhex("28b52ffd0458c100007b2271223a20224530222c20226c6162656c223a20307d0a894a17c1")
        for file, content in (("test.jsonl.gz", gzip.compress(rows)), ("test.zip", archive.getvalue()), ("test.jsonl.zst", zst)):
            with self.subTest(file=file):
                self.packed_snapshot(file, content)
                self.assertEqual(self.texts("choice"), ["q: E0 x", "q: E0 yy"])
        for file, content, expected in (("test.jsonl.gz", gzip.compress(rows)[:-9], "cannot be unpacked"), ("test.jsonl.gz", rows, "cannot be unpacked"),
                                        ("test.zip", b"PK\x03\x04", "cannot be unpacked"), ("test.jsonl.zst", zst[:-6], "cannot be unpacked")):
            with self.subTest(file=file, expected=expected):
                self.packed_snapshot(file, content)
                result = self.sextant("run", "--tasks", "choice", "--include-path", self.dir / "tasks", "--backend", "sample", "--plugin-path", THIRD_PARTY, env=self.env)
                self.assertEqual(result.rc, DATA)
                self.assertIn(expected, result.stderr)

    def columnar(self, name):
        if not list(pathlib.Path(PROGRAM).resolve().parent.parent.glob("lib/**/readers/arrow_stream.so")):
            self.skipTest("this build has no Apache Arrow")
        folder = HERE.parent / "golden/parquet"
        expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
        write(self.dir / "tasks/shown.yaml", "include: choice.yaml\ntask: shown\ntraining_split: null\ndoc_to_text: \"%s\"\ndoc_to_choice: [x, yy]\n" % expected["template"])
        return (folder / name).read_bytes(), [text + " x" for text in expected["texts"]]

    def shown(self):
        run = self.run_sample("--tasks", "shown", "--include-path", self.dir / "tasks", env=self.env).run
        return [row["label: 0"]["testing input"] for row in run.predictions("shown")]

    def test_parquet_and_arrow_have_pythons_values(self):
        content, expected = self.columnar("rows.parquet")
        self.packed_snapshot("test.parquet", content)
        self.assertEqual(self.shown(), expected)
        write(self.dir / "tasks/scores.py", "def odd(dataset):\n    return dataset.filter(lambda row: row['label'] == 1)\n")
        with open(self.dir / "tasks/shown.yaml", "a", encoding="utf-8") as file:
            file.write("process_docs: !function scores.odd\n")
        self.assertEqual(self.shown(), expected[1::2])

    def test_what_the_library_datasets_made_is_read(self):
        content, expected = self.columnar("rows.arrow")
        shutil.rmtree(self.dir / "hub")
        made = self.dir / "made/org___set/default/0.0.0/abc"
        write(made / "dataset_info.json", "{}")
        (made / "set-test.arrow").write_bytes(content)
        self.env["HF_DATASETS_CACHE"] = str(self.dir / "made")
        self.assertEqual(self.shown(), expected)

    def test_damaged_columns_are_an_error(self):
        """SEXTANT_DAMAGED_FILES: how many (5) of each format."""
        for name in ("rows.parquet", "rows.arrow"):
            content, _ = self.columnar(name)
            draw = random.Random(7)
            for i in range(int(os.environ.get("SEXTANT_DAMAGED_FILES", "5"))):
                damaged = bytearray(content)
                for _ in range(draw.choice((1, 3, 40))):
                    damaged[draw.randrange(len(damaged))] = draw.choice((0, 255, 128, draw.randrange(256)))
                if i % 4 == 0:
                    del damaged[draw.randrange(len(damaged)):]
                self.packed_snapshot("test." + name.split(".")[1], bytes(damaged))
                with self.subTest(name=name, i=i):
                    result = self.sextant("run", "--tasks", "shown", "--include-path", self.dir / "tasks", "--backend", "sample", "--plugin-path", THIRD_PARTY, env=self.env)
                    self.assertIn(result.rc, (OK, DATA), result.stderr)   # what was changed may be a value

    def test_what_cannot_be_run_is_refused(self):
        for flags, expected in (
            (("--tasks", "code"), "need Python code, which is not run: code (process_docs: utils.f of "),
            (("--tasks", "chioce"), "did you mean 'choice'"),
            (("--tasks", "choice", "--datasets", "everyday_en_ppl"), "are two runs"),
            (("--tasks", "choice", "--compat", "opencompass"), "--compat lm-eval"),
            (("--tasks", "choice", "--fewshot-as-multiturn", "maybe"), "must be true or false"),
            (("--datasets", "everyday_en_ppl", "--gen-prefix", "x"), "are for --tasks"),
        ):
            with self.subTest(flags=flags):
                path = ("--include-path", self.dir / "tasks") if "--tasks" in flags else ()
                result = self.sextant("run", *flags, *path, "--backend", "sample", "--plugin-path", THIRD_PARTY, env=self.env)
                self.assertEqual(result.rc, USAGE)
                self.assertIn(expected, result.stderr)

    def test_data_that_are_not_there_name_the_command_that_fetches_them(self):
        result = self.sextant("run", "--tasks", "choice", "--include-path", self.dir / "tasks", "--backend", "sample", "--plugin-path", THIRD_PARTY,
                              env={"HF_HUB_CACHE": str(self.dir / "none")})
        self.assertNotEqual(result.rc, OK)
        self.assertIn("hf download --repo-type dataset org/set", result.stderr)

    def test_hostile_task_files(self):
        laughs = "a0: &a0 [x]\n" + "".join("a%d: &a%d [%s]\n" % (i, i, ", ".join(["*a%d" % (i - 1)] * 9)) for i in range(1, 12))
        files = {"laughs": (laughs, "values"), "nested": ("doc_to_text: " + "[" * 5000, "nest"), "wrong": ("doc_to_text: {a: 1}\n", "must be a text"),
                 "itself": ("include: itself.yaml\n", "itself"), "gone": ("include: nowhere\n", "nowhere"), "bytes": ("doc_to_text: \"\\0\"\ntask: [a]\n", "task"),
                 "numbers": ("num_fewshot: 999999999999999999999\n", "num_fewshot"), "binary": ("doc_to_text: !!binary aGk=\n", ""), "long": ("doc_to_choice: [%s]\n" % ("x" * 200_000), "")}
        for name, (text, expected) in files.items():
            with self.subTest(name=name):
                folder = self.dir / ("hostile_" + name)
                write(folder / (name + ".yaml"), "include: choice.yaml\ntask: %s\n" % name + text if "include" not in text else "task: %s\n" % name + text)
                for other in ("choice.yaml", "common"):
                    write(folder / other, (self.dir / "tasks" / other).read_text())
                listed = self.sextant("list", "tasks", folder, "--json")
                self.assertEqual(listed.rc, OK)
                result = self.sextant("prompt", "--tasks", folder / (name + ".yaml"), "--backend", "sample", "--plugin-path", THIRD_PARTY, env=self.env)
                self.assertIn(result.rc, (OK, USAGE, DATA))
                if expected:
                    self.assertNotEqual(result.rc, OK)
                    self.assertIn(expected, result.stderr)
        for text in ("{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}", "{{ 'x' * 999999999999 }}", "{{ q.__class__.__mro__ }}", "{{ ''.join(['x' * 9999] * 99999) }}"):
            with self.subTest(text=text):
                write(self.dir / "tasks/endless.yaml", "include: choice.yaml\ntask: endless\ndoc_to_text: %s\n" % json.dumps(text))
                result = self.sextant("prompt", "--tasks", "endless", "--include-path", self.dir / "tasks", "--backend", "sample", "--plugin-path", THIRD_PARTY, env=self.env)
                self.assertIn(result.rc, (USAGE, DATA))
                self.assertIn("doc_to_text", result.stderr)

    def test_list_says_of_each_whether_it_runs(self):
        lines = self.json_lines("list", "tasks", self.dir / "tasks", "--json")
        self.assertEqual({line["task"]: line["verdict"] for line in lines if "task" in line},
                         {**{name[:-5]: "runs" for name in FILES if name != "both.yaml"}, "code": "code"})
