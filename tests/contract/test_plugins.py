"""`sextant plugins`: what there is, one plugin tried on JSON lines, and one file looked over."""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

from .data import ceval_row, inline_set, make_ceval, make_mcq, mcq_rows
from .harness import DATA, OK, PROGRAM, THIRD_PARTY, USAGE, ContractTest, write

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLE = os.path.join(THIRD_PARTY, "sample.so")


class List(ContractTest):
    def test_json_has_an_object_a_line(self):
        rows = self.json_lines("plugins", "list", "--json", "--plugin-path", THIRD_PARTY)
        ids = {(row["kind"], row["id"]) for row in rows}
        self.assertLessEqual(
            {
                ("model", "sample"),
                ("dataset", "table"),
                ("dataset", "ceval_xyj"),
                ("template", "dialogue"),
                ("template", "text"),
                ("postprocessor", "first_capital"),
                ("metric", "accuracy"),
            },
            ids,
        )
        for row in rows:
            self.assertTrue(row["summary"] and row["version"] and row["abi"] and row["path"], row)
            self.assertEqual(row["sha256"], hashlib.sha256(pathlib.Path(row["path"]).read_bytes()).hexdigest())

    def test_the_page_of_components_is_what_the_manifests_say(self):
        run = subprocess.run([sys.executable, ROOT / "tools/components_doc.py", "--check"], capture_output=True, text=True,
                             env=dict(os.environ, SEXTANT_PROGRAM=PROGRAM))
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_patterns(self):
        ids = lambda *patterns: {(row["kind"], row["id"]) for row in self.json_lines("plugins", "list", *patterns, "--json")}
        self.assertEqual(ids("metric:acc*"), {("metric", "accuracy")})
        self.assertEqual({kind for kind, _ in ids("dataset")}, {"dataset"})

    def test_environment_variable_and_data_home(self):
        rows = self.sextant("plugins", "list", "model", env={"SEXTANT_PLUGIN_PATH": "/nowhere:" + THIRD_PARTY})
        self.assertIn("sample", rows.stdout)
        shutil.copytree(THIRD_PARTY, self.home / "data/sextant/plugins")
        self.assertIn("home/data/sextant/plugins/sample.so", self.sextant("plugins", "list", "model").stdout)

    def test_the_first_wins_and_the_shadowed_are_listed(self):
        shutil.copytree(THIRD_PARTY, self.dir / "mine")
        outcome = self.sextant("plugins", "list", "--plugin-path", "mine", "--plugin-path", THIRD_PARTY)
        self.assert_rc(outcome, OK)
        self.assertRegex(outcome.stdout, r"(?m)^shadowed: model:sample in %s by .*mine/sample.so$" % SAMPLE)

    def test_the_same_id_twice_in_one_folder_names_both_files(self):
        shutil.copytree(THIRD_PARTY, self.dir / "mine")
        for suffix in ("so", "json"):
            shutil.copy(self.dir / ("mine/sample." + suffix), self.dir / ("mine/other." + suffix))
        outcome = self.sextant("plugins", "list", "--plugin-path", "mine")
        self.assertRegex(outcome.stderr, r"sample\.so.*other\.so|other\.so.*sample\.so")

    def test_a_broken_plugin_costs_one_sentence(self):
        write(self.dir / "mine/broken.so", "no library\n")
        outcome = self.sextant("plugins", "list", "--plugin-path", "mine", "--plugin-path", THIRD_PARTY)
        self.assert_rc(outcome, OK)
        self.assertEqual(len([line for line in outcome.stderr.splitlines() if "mine/broken.so" in line]), 1, outcome)
        self.assertIn("sample", outcome.stdout)
        run = self.sextant(
            "run", "--datasets", "ceval_xyj_gen", "--limit", "1", "--backend", "sample", "--plugin-path", "mine", THIRD_PARTY
        )
        self.assert_rc(run, OK)


class Info(ContractTest):
    def test_facts_and_options(self):
        outcome = self.sextant("plugins", "info", "model:sample", "--plugin-path", THIRD_PARTY)
        self.assert_rc(outcome, OK)
        for word in ("model:sample", SAMPLE, "fail_on", "context_length", "default 4096"):
            self.assertIn(word, outcome.stdout)

    def test_json(self):
        [row] = self.json_lines("plugins", "info", "postprocessor:first_capital", "--json")
        self.assertEqual((row["kind"], row["id"]), ("postprocessor", "first_capital"))
        self.assertIn("options", json.dumps(row["schema"]))

    def test_a_mistyped_id(self):
        outcome = self.sextant("plugins", "info", "metric:acuracy")
        self.assertEqual(outcome.rc, DATA, outcome)
        self.assertRegex(outcome.stderr, "acuracy.*'accuracy'")
        outcome = self.sextant("plugins", "info", "metrics:accuracy")
        self.assertNotEqual(outcome.rc, OK)
        self.assertIn("metrics", outcome.stderr)


class Run(ContractTest):
    def lines(self, plugin, config, lines, *args, **options):
        return self.json_lines("plugins", "run", plugin, "--config", json.dumps(config), *args, lines=lines, **options)

    def test_postprocessor(self):
        texts = ["The answer is B.", "ABBA", "none", "a B c D"]
        rows = self.lines("postprocessor:first_capital", {"options": "ABCD"}, [{"text": text} for text in texts])
        self.assertEqual([row["text"] for row in rows], ["B", "", "", "B"])
        self.assertTrue(all(set(row) == {"text"} for row in rows))

    def test_metric(self):
        rows = self.lines(
            "metric:accuracy",
            {},
            [{"prediction": "A", "reference": "A"}, {"prediction": "B", "reference": "A", "record": {"A": "x"}}],
        )
        self.assertEqual(rows[:2], [{"score": 1.0}, {"score": 0.0}])
        self.assertEqual(rows[2], {"aggregate": {"accuracy": 50.0}})

    def test_template(self):
        config = {"round": [{"role": "HUMAN", "prompt": "{question} {A}"}, {"role": "BOT", "prompt": "{answer}"}]}
        record = {"question": "Q {A}?", "A": "x", "answer": "A"}
        shot = {"question": "S?", "A": "y", "answer": "B"}
        rows = self.lines(
            "template:dialogue", config, [{"record": record, "shots": [shot], "output_column": "answer", "generate": True}]
        )
        text = json.dumps(rows[0])
        self.assertIn("Q {A}? x", text)
        self.assertIn("S? y", text)

    def test_dataset(self):
        make_ceval(self.dir)
        rows = self.lines("dataset:ceval", {"path": str(self.dir / "ceval/formal_ceval"), "name": "law"}, [], "--split", "val")
        self.assertEqual([row["question"] for row in rows], [ceval_row("law", "val", i)["question"] for i in range(3)])
        config = {"path": str(self.dir / "ceval/formal_ceval"), "file": "{split}/{name}_{split}.csv", "name": "law", "add": ["explanation"]}
        self.assertEqual(self.lines("dataset:table", config, [], "--split", "val"), rows)
        make_mcq(self.dir / "set.csv")
        rows = self.lines("dataset:custom", {"path": "set.csv"}, [], "--split", "test")
        self.assertEqual([row["question"] for row in rows], [row["question"] for row in mcq_rows(10)])

    def test_dataset_without_a_split(self):
        make_mcq(self.dir / "set.csv")
        self.assert_refused(
            self.sextant("plugins", "run", "dataset:custom", "--config", '{"path": "set.csv"}'), USAGE, "--split", "test"
        )

    def test_a_bad_line_is_named(self):
        for stdin in ('{"text": "A"}\n{"text": \n', '{"text": "A"}\n{"txet": "A"}\n', '{"text": "A"}\n[]\n'):
            outcome = self.sextant(
                "plugins", "run", "postprocessor:first_capital", "--config", '{"options": "ABCD"}', stdin=stdin
            )
            self.assertEqual(outcome.rc, DATA, outcome)
            self.assertRegex(outcome.stderr, r"stdin(:| line )2")

    def test_a_bad_configuration_names_the_key(self):
        outcome = self.sextant("plugins", "run", "postprocessor:first_capital", "--config", '{"optoins": "ABCD"}', stdin="")
        self.assertEqual(outcome.rc, DATA, outcome)
        self.assertIn("optoins", outcome.stderr)

    def test_json_beside_is_accepted(self):
        args = ("plugins", "run", "postprocessor:first_capital", "--config", '{"options": "ABCD"}')
        line = '{"text": "B"}\n'
        self.assertEqual(self.sextant(*args, "--json", stdin=line).stdout, self.sextant(*args, stdin=line).stdout)

    def test_a_model_is_refused(self):
        self.assert_refused(
            self.sextant("plugins", "run", "model:sample", "--plugin-path", THIRD_PARTY), USAGE, "sextant model"
        )


class ThirdParty(ContractTest):
    """Inferencers and retrievers that were built against the installed SDK alone."""

    def run_lines(self, name, lines, *more):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        outcome = self.sextant("plugins", "run", name, "--plugin-path", THIRD_PARTY, *more, stdin=text)
        self.assert_rc(outcome, OK)
        return [json.loads(line) for line in outcome.stdout.splitlines()]

    def test_an_inferencer_of_two_turns(self):
        prompts = {"prompts": [{"text": "2+2?"}]}
        answer = lambda text: {"asked": [], "answers": [{"text": text, "usage": {}}]}
        first, second, third = self.run_lines("inferencer:sure", [
            {"prompts": prompts},
            {"prompts": prompts, "rounds": [answer("5")]},
            {"prompts": prompts, "rounds": [answer("5"), answer("4")]},
        ], "--config", '{"question": "Really?"}')
        self.assertEqual(first, {"ask": [{"ask": "generate", "messages": [{"role": "user", "content": "2+2?"}], "keep": True}]})
        self.assertEqual([m["content"] for m in second["ask"][0]["messages"]], ["2+2?", "5", "Really?"])
        self.assertEqual(third, {"done": {"prediction": "4"}})

    def test_its_facts_are_in_the_manifest(self):
        info = self.json_lines("plugins", "info", "inferencer:sure", "--json", "--plugin-path", THIRD_PARTY)[0]
        self.assertEqual(info["facts"], {"form": "open", "rounds": "many"})

    def test_a_retriever_gives_the_rows_that_share_words(self):
        rows = self.run_lines("retriever:overlap", [
            {"corpus": ["a cat sat", "the dog ran", "a cat ran away"], "text": "a cat ran", "k": 2},
            {"text": "the dog", "k": 1},
        ])
        self.assertEqual(rows, [{"rows": [0, 2]}, {"rows": [1]}])


class Secrets(ContractTest):
    def test_a_secret_reaches_no_file_and_is_asked_for_anew(self):
        write(self.dir / "questions.csv", "question,A,B,C,D,answer\n1+1=?,1,2,3,4,B\n")
        arguments = ["--custom-dataset-path", "questions.csv", "--backend", "sample", "--plugin-path", THIRD_PARTY]
        secret = ["--model-kwargs", "api_key=topsecret"]
        outcome = self.sextant("run", *arguments, *secret)
        self.assert_rc(outcome, OK)
        folder = next((self.dir / "outputs/default").iterdir())
        self.assertEqual(json.loads((folder / "configs/run.json").read_text())["models"][0]["config"]["api_key"], "***")
        for path in folder.rglob("*"):
            if path.is_file():
                self.assertNotIn(b"topsecret", path.read_bytes(), path)
        self.assertNotIn("topsecret", outcome.stdout + outcome.stderr)
        refused = self.sextant("run", "-r", "--plugin-path", THIRD_PARTY)
        self.assertNotEqual(refused.rc, OK)
        self.assertIn("--model-kwargs api_key=VALUE", refused.stderr)
        again = self.sextant("run", *arguments, *secret[:1], "api_key=another", "-r")
        self.assert_rc(again, OK)


class Isolated(ContractTest):
    """--isolate: the same numbers from plugins in processes of their own; tools/acceptance/chaos.py has those that misbehave."""

    def results(self, *more):
        questions = make_mcq(self.dir / "mcq.csv", 12)
        outcome = self.run_sample("--custom-dataset-path", questions, "-w", self.dir / ("work%d" % len(more)), *more)
        folder = next((self.dir / ("work%d" % len(more))).glob("*_*"))
        return outcome, json.loads((folder / "run.json").read_text())["tasks"][0]["results_sha256"]

    def test_the_results_are_the_same(self):
        _, plain = self.results()
        outcome, isolated = self.results("--isolate", "all", "deadline=20", "memory=2G")
        self.assertEqual(isolated, plain)
        for kind in ("dataset", "template", "model", "metric"):
            self.assertRegex(outcome.stderr, r"%s:\w+ is isolated: no network" % kind)

    def test_a_model_that_takes_calls_at_once(self):
        """What is more than 256 KiB is a wave of its own: the next is rendered while it is computed, over the one line to the model."""
        sets = []
        for name in ("one", "two", "three"):
            rows = "".join("%s %d: %s?,1,2,3,4,A\n" % (name, i, "many words " * 8000) for i in range(4))
            write(self.dir / (name + ".csv"), "question,A,B,C,D,answer\n" + rows)
            sets.append(inline_set(self.dir / (name + ".csv"), abbr=name))
        write(self.dir / "sets.json", {"datasets": sets})
        found = []
        slow = ["--max-out-len", "4", "--model-kwargs", "context_length=400000", "delay_ms=50"]
        for more in ((), ("--isolate", "model", "deadline=20")):
            outcome = self.run_sample("sets.json", "-w", self.dir / ("waves%d" % len(more)), *slow, *more)
            folder = next((self.dir / ("waves%d" % len(more))).glob("*_*"))
            found.append([task["results_sha256"] for task in json.loads((folder / "run.json").read_text())["tasks"]])
        self.assertEqual(len(found[0]), 3)
        self.assertEqual(found[0], found[1], outcome.stderr)

    def test_a_folder_that_is_isolated_by_default(self):
        folder = self.dir / "plugins"
        folder.mkdir()
        for name in ("sample.so", "sample.json"):
            shutil.copy2(pathlib.Path(THIRD_PARTY) / name, folder / name)
        said = []
        for marked in (False, True):
            if marked:
                (folder / "isolate").touch()
            outcome = self.sextant("run", "--custom-dataset-path", make_mcq(self.dir / "mcq.csv", 4), "--backend", "sample", "--plugin-path", folder)
            self.assert_rc(outcome, OK)
            said.append("model:sample is isolated: no network" in outcome.stderr)
            self.assertNotIn("metric:accuracy is isolated", outcome.stderr)
        self.assertEqual(said, [False, True])

    def test_words_that_mean_nothing(self):
        for words, expected in ((["modle"], "did you mean 'model'"), (["/no/such/folder"], "no such folder"), (["deadline=soon"], "number of seconds"),
                                (["memory=1K"], "64M or more")):
            outcome = self.sextant("run", "--datasets", "everyday_en_ppl", "--isolate", *words)
            self.assert_refused(outcome, USAGE, "--isolate", expected)


class File(ContractTest):
    def test_check(self):
        outcome = self.sextant("plugins", "check", SAMPLE)
        self.assert_rc(outcome, OK)
        self.assertIn("ok", outcome.stdout)
        self.assertIn("model:sample", outcome.stdout)
        rules = self.json_lines("plugins", "check", SAMPLE, "--json")
        self.assertGreater(len(rules), 15)
        self.assertEqual({rule["state"] for rule in rules} - {"not tried"}, {"ok"}, rules)

    def test_check_refuses_what_is_no_plugin(self):
        libc = next(
            path
            for path in ("/lib/x86_64-linux-gnu/libc.so.6", "/lib/aarch64-linux-gnu/libc.so.6", "/lib64/libc.so.6")
            if os.path.exists(path)
        )
        half = self.dir / "half.so"
        half.write_bytes(pathlib.Path(SAMPLE).read_bytes()[:3000])
        for path, words in (
            (write(self.dir / "text.so", "hello\n"), ["text.so"]),
            (half, ["half.so"]),
            (libc, [libc, "sextant_plugin_entry"]),
            ("nowhere.so", ["nowhere.so"]),
        ):
            with self.subTest(str(path)):
                self.assert_refused(self.sextant("plugins", "check", path), DATA, *words)

    def test_check_compares_with_the_manifest_beside_it(self):
        shutil.copy(SAMPLE, self.dir / "sample.so")
        manifest = json.loads(pathlib.Path(THIRD_PARTY, "sample.json").read_text())
        manifest["sha256"] = "0" * 64
        write(self.dir / "sample.json", manifest)
        self.assert_refused(self.sextant("plugins", "check", "sample.so"), DATA, "sample.json", "sextant plugins describe")

    def test_describe_writes_the_manifest(self):
        outcome = self.sextant("plugins", "describe", SAMPLE)
        self.assert_rc(outcome, OK)
        manifest = json.loads(outcome.stdout)
        self.assertEqual(manifest, json.loads(pathlib.Path(THIRD_PARTY, "sample.json").read_text()))
        self.assertEqual(manifest["sha256"], hashlib.sha256(pathlib.Path(SAMPLE).read_bytes()).hexdigest())

    def test_probe(self):
        outcome = self.sextant("plugins", "probe", SAMPLE)
        self.assert_rc(outcome, OK)
        self.assertIn("sample", outcome.stdout)

    def test_without_a_manifest_it_is_probed_and_the_verdict_kept(self):
        (self.dir / "mine").mkdir()
        shutil.copy(SAMPLE, self.dir / "mine/sample.so")
        for _ in range(2):
            outcome = self.sextant("plugins", "list", "model:sample", "--plugin-path", "mine")
            self.assertIn("mine/sample.so", outcome.stdout)
        self.assertTrue(any(path.is_file() for path in (self.home / "cache").rglob("*")))
