"""lm-eval's task files: what `sextant run --tasks` sends is lm-eval's to the byte. The texts were made by lm-eval 0.4.13 from the same files and rows."""

import gzip
import io
import json
import os
import pathlib
import random
import shutil
import sys
import zipfile

from .harness import DATA, HERE, OK, PROGRAM, THIRD_PARTY, TINY_MODEL, USAGE, ContractTest, write

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
    "whole_class.yaml": "task: whole_class\nclass: !function utils.Whole\n",
    "own.yaml": "include: choice.yaml\ntask: own\nprocess_docs: !function own.odd\ndoc_to_text: !function own.text\nprocess_results: !function own.results\n"
                "metric_list: [{metric: best}, {metric: spread, aggregation: !function own.spread, higher_is_better: false}]\n",
    "filtered.yaml": "include: open.yaml\ntask: filtered\nnum_fewshot: 0\nfilter_list:\n- {name: own, filter: [{function: !function own.First}, {function: take_first}]}\n",
}


# a task's own code, and as much of the two packages as it needs
OWN = """
import numbers_of_own, tempfile  # not in the reach of Sextant's reader of functions
FOLDER = tempfile.TemporaryDirectory()  # as torch does
def odd(docs):
    return docs.filter(lambda doc: doc["label"] == 1 or doc["q"] == "E0")
def text(doc):
    try:
        return "own " + doc["q"]
    except KeyError:
        return ""
def results(doc, results):
    (a, _), (b, _) = results
    return {"best": float(a >= b), "spread": (a, b)}
def spread(items):
    return max(abs(a - b) for a, b in items)
class First:
    def apply(self, resps, docs):
        return [[reply[:1] for reply in replies] for replies in resps]
"""
PACKAGES = {
    "numbers_of_own.py": "",
    "lm_eval/__init__.py": "",
    "lm_eval/api/__init__.py": "",
    "lm_eval/api/metrics.py": "def mean(items):\n    return sum(items) / len(items)\n",
    "lm_eval/api/task.py": "class ConfigurableTask:\n    def __init__(self, config):\n        self.config = config\n    def process_results(self, doc, results):\n"
                           "        return self.config['process_results'](doc, results)\n    def aggregation(self):\n"
                           "        return {m['metric']: m['aggregation'] for m in self.config['metric_list'] if 'aggregation' in m}\n",
    "lm_eval/filters/__init__.py": "class Pipeline:\n    pass\nclass TakeFirst:\n    def apply(self, resps, docs):\n        return [r[0] for r in resps]\n"
                                   "def build_filter_ensemble(name, steps):\n    made = Pipeline()\n    made.filters = [f if callable(f) else TakeFirst for f, _ in steps]\n    return made\n",
    "numpy/__init__.py": "from . import random\n",
    "numpy/random.py": "def seed(n):\n    pass\n",
    "pyarrow.py": "def concat_tables(tables, **_):\n    return [row for table in tables for row in table]\n",
    "datasets/__init__.py": "import json, pathlib\n"
                            "class Dataset(list):\n    def map(self, f, **_):\n        return Dataset(map(f, self))\n    def filter(self, f, **_):\n        return Dataset(filter(f, self))\n"
                            "    def with_format(self, _):\n        return self\n    def iter(self, n):\n        yield list(self)\n"
                            "def disable_progress_bars():\n    pass\ndef disable_caching():\n    pass\n"
                            "def load_dataset(path, name=None, **_):\n"
                            "    return {p.stem: Dataset(map(json.loads, p.read_text().splitlines())) for p in pathlib.Path(path).glob('*.jsonl')}\n",
}


# a task that is a class: two kinds of requests for a row, and numbers of both answers
WHOLE = """
import tempfile
class Asked:
    def __init__(self, request_type, args, idx):
        self.request_type, self.args, self.idx = request_type, args, idx
class Whole:
    def __init__(self, config=None):
        self.config, self.drawn = {"task": "whole_class", "num_fewshot": None}, 0
        self.eval_docs = [{"q": "E%d" % i} for i in range(3)]
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("x" * 1000)
    def get_config(self, key):
        return self.config[key]
    def set_config(self, key, value):
        self.config[key] = value
    def set_fewshot_seed(self, seed):
        assert seed == 1234
    def fewshot_context(self, doc, num_fewshot, **more):
        self.drawn += 1
        return "%d shots, %s of %d " % (num_fewshot, doc["q"], self.drawn)
    def construct_requests(self, doc, ctx, metadata, **more):
        return [Asked("loglikelihood", (ctx, "none"), 1), Asked("generate_until", (ctx, {"until": "\\n", "max_gen_toks": 3}), 0)]
    def process_results(self, doc, results):
        text, (logprob, greedy) = results
        return {"length": len(text), "least": logprob}
    def aggregation(self):
        from lm_eval.api.metrics import mean
        return {"length": mean, "least": min}
"""


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

    def test_examples_of_a_large_split(self):
        rows = [{"q": "R%d" % i, "label": i % 2} for i in range(16000)]
        drawn = random.Random(1234).sample(rows, 3)
        rows[rows.index(drawn[1])] = drawn[1] = {"q": "E0", "label": 0}
        write(self.snapshot / "train.jsonl", "".join(json.dumps(row) + "\n" for row in rows))  # so many for 3 questions are read as they are shown
        shown = "".join("q: %s %s\n\n" % (row["q"], ("x", "yy")[row["label"]]) for row in drawn)
        self.assertEqual(self.texts("choice", "--shots", "3"), [shown + "q: E0 x", shown + "q: E0 yy"])
        run = self.run_sample("--tasks", "choice", "--shots", "3", "--include-path", self.dir / "tasks", env=self.env)
        self.assertIn("1 of 3 samples were shown themselves", run.stderr)

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

    def with_code(self, task, *flags, packages=PACKAGES, own=OWN):
        write(self.dir / "tasks/own.py", own)
        for name, text in packages.items():
            write(self.dir / "site" / name, text)
        return self.sextant("run", "--tasks", task, "--include-path", self.dir / "tasks", "--allow-task-code", "--task-python", sys.executable, *flags,
                            env={**self.env, "PYTHONPATH": str(self.dir / "site")})

    def test_code_that_only_python_can_run(self):
        tiny = ("--model-path", TINY_MODEL, "--compute", "f32")
        done = self.with_code("own", *tiny)
        if "cannot be isolated here" in done.stderr:
            self.skipTest("this user may not confine processes")
        self.assert_rc(done, OK)
        newest = lambda kind, name: json.loads(next(self.run_folders()[-1].glob("%s/*/%s.json" % (kind, name))).read_text(encoding="utf-8"))  # noqa: E731
        predictions, results = newest("predictions", "own"), newest("results", "own")
        self.assertEqual([p["label: 0"]["testing input"] for p in predictions.values()], ["own E0 x", "own E1 x"])  # E2 has the label 0
        pairs = [[option[0] for option in json.loads(p["prediction"])] for p in predictions.values()]
        self.assertAlmostEqual(results["best"], sum(a >= b for a, b in pairs) / 2)
        self.assertAlmostEqual(results["spread"], max(abs(a - b) for a, b in pairs))
        self.assertFalse(results["estimates"]["spread"]["higher_is_better"])
        again = self.sextant("run", self.run_folders()[-1] / "configs/run.json", env={**self.env, "PYTHONPATH": str(self.dir / "site")})
        self.assert_rc(again, OK)
        self.assertEqual(newest("results", "own")["spread"], results["spread"])
        self.assert_rc(self.with_code("filtered", *tiny), OK)
        self.assertEqual({len(p["pred"]) for p in newest("results", "filtered")["details"]}, {1})

    def test_a_task_that_is_a_class(self):
        write(self.dir / "tasks/utils.py", WHOLE)
        done = self.with_code("whole_class", "--model-path", TINY_MODEL, "--compute", "f32", "--shots", "2", "--limit", "2")
        if "cannot be isolated here" in done.stderr:
            self.skipTest("this user may not confine processes")
        if "PermissionError" in done.stderr or "No usable temporary" in done.stderr:
            self.skipTest("no folder in memory without user namespaces")
        self.assert_rc(done, OK)
        newest = lambda kind: json.loads(next(self.run_folders()[-1].glob(kind + "/*/whole_class.json")).read_text(encoding="utf-8"))  # noqa: E731
        predictions, results = newest("predictions"), newest("results")
        self.assertEqual([p["origin_prompt"] for p in predictions.values()], ["2 shots, E0 of 1 ", "2 shots, E1 of 2 "])  # the reply's: idx 0
        answers = [json.loads(p["prediction"]) for p in predictions.values()]
        self.assertAlmostEqual(results["length"], sum(len(text) for text, _ in answers) / 2)
        self.assertAlmostEqual(results["least"], min(logprob for _, (logprob, _) in answers))
        for flags, expected in ((("--chat-template", "auto"), "leave --chat-template and --gen-prefix out"), (("--system-prompt", "x"), "leave --system-prompt out")):
            refused = self.with_code("whole_class", "--model-path", TINY_MODEL, *flags)
            self.assertEqual(refused.rc, USAGE)
            self.assertIn(expected, refused.stderr)
        write(self.dir / "tasks/utils.py", WHOLE.replace('"generate_until"', '"loglikelihood_rolling"'))
        self.assertIn("asks for loglikelihood_rolling, which is not done", self.with_code("whole_class", "--model-path", TINY_MODEL).stderr)

    def test_code_in_an_environment_that_leads_elsewhere(self):
        """A folder that a .pth file names, and a package that `pip install -e` left where it is."""
        write(self.dir / "tasks/own.py", OWN)
        for name, text in PACKAGES.items():
            write(self.dir / ("clone of mine" if name.startswith("lm_eval") else "site") / name, text)
        packages = self.dir / ("env/lib/python%d.%d/site-packages" % sys.version_info[:2])
        write(packages / "others.pth", "# others\n%s\n/\nimport finder\n" % (self.dir / "site"))
        write(packages / "finder.py", "import sys\nsys.path.append(%r)\n" % str(self.dir / "clone of mine"))
        write(packages / "lm_eval-0.4.13.dist-info/direct_url.json",
              json.dumps({"url": (self.dir / "clone of mine").as_uri(), "dir_info": {"editable": True}}))
        write(self.dir / "env/pyvenv.cfg", "home = %s\n" % os.path.dirname(os.path.realpath(sys.executable)))
        write(self.dir / "secret", "s")
        python = self.dir / "env/bin/python"
        python.parent.mkdir()
        python.symlink_to(os.path.realpath(sys.executable))
        run = lambda: self.sextant("run", "--tasks", "own", "--include-path", self.dir / "tasks", "--allow-task-code", "--task-python", python, "--backend", "sample",  # noqa: E731
                                   "--plugin-path", THIRD_PARTY, env=self.env)
        done = run()
        if "cannot be isolated here" in done.stderr:
            self.skipTest("this user may not confine processes")
        self.assertNotIn("cannot be imported", done.stderr)
        self.assert_rc(done, OK)
        if "Landlock" not in done.stderr:  # what lies beside stays closed
            write(self.dir / "tasks/own.py", "open('%s').read()\n" % (self.dir / "secret") + OWN)
            self.assertIn("own.py:1: PermissionError", run().stderr)

    def test_code_that_cannot_run_is_named(self):
        lacking = {name: text for name, text in PACKAGES.items() if name != "numbers_of_own.py"}
        reads = "open('%s').read()\n" % self.dir.joinpath("secret")
        writes = "open('%s', 'w')\n" % (self.dir / "tasks/written")
        write(self.dir / "secret", "s")
        for packages, own, expected in ((lacking, OWN, "own.py:2 cannot be imported (ModuleNotFoundError: No module named 'numbers_of_own')"),
                                        ({"datasets.py": "import nothing_of_that_name\n"}, OWN, "lm_eval==0.4.13"), (PACKAGES, reads + OWN, "own.py:1: PermissionError"),
                                        (PACKAGES, writes + OWN, "own.py:1: PermissionError"),
                                        (PACKAGES, "import socket\nsocket.create_connection(('127.0.0.1', 9))\n" + OWN, "own.py:2: PermissionError"),
                                        (PACKAGES, OWN.replace("def results", "def other"), "has no 'results', which the task names")):
            with self.subTest(expected=expected, own=own[:20]):
                shutil.rmtree(self.dir / "site", ignore_errors=True)
                done = self.with_code("own", "--backend", "sample", "--plugin-path", THIRD_PARTY, packages=packages, own=own)
                self.assertNotEqual(done.rc, OK)
                if "cannot be isolated here" in done.stderr or ("Landlock" in done.stderr and own is not OWN):
                    self.skipTest("this kernel or user cannot confine processes")
                self.assertIn(expected, done.stderr)
                self.assertNotIn("loaded in", done.stderr)  # no model
        self.assertFalse((self.dir / "tasks/written").exists())

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
        write(self.dir / "tasks/shim", "#!/bin/sh\nexec python3 \"$@\"\n")
        (self.dir / "tasks/shim").chmod(0o755)
        for flags, expected in (
            (("--tasks", "code"), "need Python code, which is not run: code (process_docs: utils.f of "),
            (("--tasks", "code"), "give --allow-task-code --task-python PYTHON, which runs it in a sandbox"),
            (("--tasks", "whole_class"), "need Python code, which is not run: whole_class (class: utils.Whole of "),
            (("--tasks", "own", "--allow-task-code", "--task-python", "/nowhere/python"), "--task-python /nowhere/python: there is no such program"),
            (("--tasks", "own", "--allow-task-code", "--task-python", self.dir / "tasks/shim"), "is a script ("),
            (("--tasks", "choice", "--task-python", "python3"), "--task-python changes nothing without --allow-task-code"),
            (("--datasets", "ceval_gen", "--allow-task-code"), "--allow-task-code and --task-python are for --tasks"),
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

    def test_rows_far_behind_are_looked_at_beside_the_run(self):
        rows = [{"q": "E%d" % i, "label": i % 2} for i in range(10_050)]
        rows[10_020]["q"] = None
        write(self.dir / "tasks/stripped.yaml", "include: choice.yaml\ntask: stripped\ndoc_to_text: '{{q.strip()}}'\n")
        write(self.snapshot / "test.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        run = lambda *flags: self.sextant("run", "--tasks", "stripped", "--include-path", self.dir / "tasks", "--backend", "sample", "--plugin-path", THIRD_PARTY, *flags, env=self.env)  # noqa: E731
        done = run()
        self.assertEqual(done.rc, DATA)
        self.assertIn("this run is kept in", done.stderr)  # it had begun
        self.assertIn("row 10020 of the split 'test'", done.stderr)
        dry = run("--dry-run")
        self.assertNotEqual(dry.rc, OK)  # and here all rows are looked at
        self.assertIn("row 10020 of the split 'test'", dry.stderr)

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
                         {**{name[:-5]: "runs" for name in FILES if name != "both.yaml"}, **dict.fromkeys(("code", "own", "filtered", "whole_class"), "code")})
        self.assertEqual({line["task"] for line in lines if line.get("with_task_code")}, {"code", "own", "filtered", "whole_class"})
