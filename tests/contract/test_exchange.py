"""`sextant export` and `import`: a run in the files of others, and theirs as a run. tests/golden/exchange has what lm-eval 0.4.13 wrote for the same tasks."""

import ast
import csv
import hashlib
import json
import pathlib
import re
import shutil
import xml.etree.ElementTree

from .harness import DATA, HERE, OK, PROGRAM, THIRD_PARTY, TINY_MODEL, UNAVAILABLE, USAGE, ContractTest, RunFolder, read_json, write
from .test_tasks import COMMON, FILES

GOLDEN = HERE.parent / "golden" / "exchange" / "lm_eval.json"
TYPES = {type(None): "null", bool: "bool", int: "number", float: "number", str: "text", list: "list", dict: "object"}
# known to lm-eval alone, so that null stands here (docs/files.md)
UNKNOWN = {"git_hash", "upper_git_hash", "original", "eot_token_id", "max_length", "device", "limit", "batch_size", "use_cache", "random_seed", "numpy_seed", "torch_seed", "fewshot_seed",
           "fewshot_as_multiturn", "chat_template", "chat_template_sha", "bootstrap_iters"}


def write_task_files(folder):
    for name, text in {**FILES, "common": COMMON}.items():
        write(folder / "tasks" / name, text)
    snapshot = folder / "hub/datasets--org--set/snapshots/abc"
    write(folder / "hub/datasets--org--set/refs/main", "abc")
    for split, n in (("train", 8), ("test", 3)):
        write(snapshot / (split + ".jsonl"), "".join(json.dumps({"q": split[1].upper() + str(i), "label": i % 2}) + "\n" for i in range(n)))


class Exchange(ContractTest):
    def tasks(self, *names, tiny=False):
        write_task_files(self.dir)
        if tiny:  # the model that lm-eval was given
            done = self.sextant("run", "--tasks", ",".join(names), "--include-path", self.dir / "tasks", "--model-path", TINY_MODEL, "--compute", "f32", env={"HF_HUB_CACHE": str(self.dir / "hub")})
            self.assert_rc(done, OK)
            return RunFolder(self.run_folders()[-1])
        return self.run_sample("--tasks", ",".join(names), "--include-path", self.dir / "tasks", env={"HF_HUB_CACHE": str(self.dir / "hub")}).run

    def export(self, run, format, *flags):
        out = self.dir / ("out-" + format)
        done = self.sextant("export", run.path, out, "--format", format, *flags)
        self.assert_rc(done, OK)
        files = [pathlib.Path(line) for line in done.stdout.splitlines()]
        self.assertTrue(files and all(file.is_file() for file in files), done)
        return files

    def imported(self, path, *flags, expect=OK):
        before = set(self.run_folders())
        done = self.sextant("import", "results", path, *flags)
        self.assert_rc(done, expect)
        [new] = set(self.run_folders()) - before
        return RunFolder(new), done

    def assert_same_shape(self, ours, theirs, place=""):
        """The keys that theirs has, each of the same kind."""
        self.assertEqual(sorted(ours), sorted(theirs), place)
        for key, value in theirs.items():
            if key in UNKNOWN and ours[key] is None:
                continue
            self.assertEqual(TYPES[type(ours[key])], TYPES[type(value)], f"{place}.{key}: {ours[key]!r} and {value!r}")

    def test_lm_evals_files_have_its_keys_and_kinds(self):
        golden = read_json(GOLDEN)
        run = self.tasks("open", "last", "whole", "both", tiny=True)
        files = self.export(run, "lm-eval")
        [results] = [f for f in files if f.name.startswith("results_")]
        ours, theirs = read_json(results), golden["results"]
        self.assert_same_shape(ours, theirs, "results file")
        self.assert_same_shape(ours["config"], theirs["config"], "config")
        for part in ("results", "versions", "n-shot", "higher_is_better", "n-samples", "configs", "group_subtasks", "groups"):
            self.assertLessEqual(set(theirs[part]) - {"choice"}, set(ours[part]) | {"choice"}, part)
        for task in ("open", "last", "whole", "choice", "both"):
            self.assert_same_shape(ours["results"][task], {k: v for k, v in theirs["results"][task].items()}, task)
        for task in ("open", "last", "whole", "choice"):
            self.assertEqual(ours["n-shot"][task], theirs["n-shot"][task], task)
            self.assertEqual(ours["higher_is_better"][task], theirs["higher_is_better"][task], task)
            missing = set(theirs["configs"][task]) - set(ours["configs"][task])
            self.assertLessEqual(missing, {"training_split", "validation_split", "fewshot_split", "dataset_name", "dataset_kwargs", "filter_list", "doc_to_choice", *(["doc_to_text"] if task == "whole" else [])}, task)
            [file] = [f for f in files if f.name.startswith(f"samples_{task}_")]
            lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
            expected = golden["samples"][task]
            self.assertEqual(len(lines), len(expected), task)
            for line, want in zip(lines, expected):
                self.assertEqual(list(line), list(want), task)
                for key in ("doc_id", "doc", "target", "filter", "metrics", "doc_hash", "prompt_hash", "target_hash"):
                    self.assertEqual(line[key], want[key], (task, key))
                contexts = [[v for k, v in call.items() if k == "arg_0" or isinstance(v, str)] for call in line["arguments"].values()]
                self.assertEqual(contexts, [[v for k, v in call.items() if k == "arg_0" or isinstance(v, str)] for call in want["arguments"].values()], task)
                self.assertEqual([len(one) for one in line["resps"]], [len(one) for one in want["resps"]], task)
        for task in ("open", "last", "whole", "choice"):  # hashes of hashes of the same rows and prompts
            self.assertEqual(ours["task_hashes"][task], theirs["task_hashes"][task], task)
            for key, value in theirs["results"][task].items():  # the same model on the same rows
                if isinstance(value, float) and not key.startswith("perplexity_stderr"):
                    self.assertLess(abs(ours["results"][task][key] - value), 1e-3 * max(1, abs(value)), (task, key))

    def test_parquet(self):
        run = self.tasks("open", "choice")
        [file] = self.export(run, "parquet")
        self.assertEqual((file.read_bytes()[:4], file.read_bytes()[-4:]), (b"PAR1", b"PAR1"))
        if not list(pathlib.Path(PROGRAM).resolve().parent.parent.glob("lib/**/readers/arrow_stream.so")):
            self.skipTest("this build has no Apache Arrow, which reads it back")
        write(self.dir / "back/attempts.yaml", "task: attempts\ndataset_path: %s\ntest_split: test\noutput_type: generate_until\ndoc_to_target: ''\n"
              "doc_to_text: '{{[dataset, index, repeat, prompt, prediction, generated_tokens, acc, acc_norm]}}'\n" % (self.dir / "set"))
        write(self.dir / "set/README.md", "")
        shutil.copy(file, self.dir / "set/test.parquet")
        rows = [ast.literal_eval(line["text"]) for line in self.json_lines("prompt", "--tasks", self.dir / "back/attempts.yaml", "--json", "--backend", "sample", "--plugin-path", THIRD_PARTY)]
        samples = [(task, sample) for task in ("open", "choice") for sample in run.samples(task)]
        self.assertEqual(len(rows), len(samples))
        for row, (task, sample) in zip(sorted(rows), sorted(samples, key=lambda one: (one[0], one[1]["index"]))):
            self.assertEqual(row[:6], [task, sample["index"], sample["repeat"], sample["prompt"], sample["prediction"], sample["generated_tokens"]])
            self.assertEqual(row[6:], [sample["scores"].get("acc"), sample["scores"].get("acc_norm")])

    def test_lm_evals_files_come_back(self):
        run = self.tasks("open", "last", "both")
        self.export(run, "lm-eval")
        back, done = self.imported(self.dir / "out-lm-eval", "-w", self.dir / "outputs" / "back")
        self.assertEqual(back.record["imported"]["from"], "lm-eval")
        for task in ("open", "last", "choice"):
            mine, theirs = run.results(task), back.results(task)
            for name in [n for n, v in theirs.items() if isinstance(v, (int, float))]:
                self.assertAlmostEqual(mine[name], theirs[name], msg=(task, name))
            self.assertEqual([s["scores"] for s in run.samples(task)], [s["scores"] for s in back.samples(task)], task)
        self.assertEqual([s["prediction"] for s in run.samples("choice")], [s["prediction"] for s in back.samples("choice")])
        [pairs] = self.json_lines("compare", run.path, back.path, "--json")
        self.assertEqual({p["dataset"]: p["difference"] for p in pairs["pairs"]}, {"open": 0.0, "last": 0.0, "choice": 0.0, "colon": 0.0})
        self.assertIn("both", done.stdout)
        for command in (("run", "-r", back.path.name, "-w", back.path.parent), ("verify", back.path), ("explain", run.path, back.path), ("run", back.path / "configs/run.json"),
                        ("run", "--datasets", "everyday_en_ppl", "-r", back.path.name, "-w", back.path.parent, "--backend", "sample", "--plugin-path", THIRD_PARTY),
                        ("run", "--datasets", "everyday_en_ppl", "-m", "eval", "-r", back.path.name, "-w", back.path.parent, "--backend", "sample", "--plugin-path", THIRD_PARTY)):
            self.assert_refused(self.sextant(*command), USAGE, "imported from lm-eval")
        self.assertEqual(len(self.json_lines("show", back.path, "--dataset", "choice", "--json")), 3)
        self.assert_rc(self.sextant("report", back.path), OK)

    def test_lm_evals_own_files_are_read(self):
        golden = read_json(GOLDEN)
        folder = self.dir / "theirs"
        for task, lines in golden["samples"].items():
            write(folder / f"samples_{task}_2026-01-31T09-08-07.123456.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
        text = json.dumps(golden["results"]).replace('"date": ', '"odd": NaN, "date": ', 1)  # as Python writes what JSON has not
        write(folder / "results_2026-01-31T09-08-07.123456.json", text)
        run, done = self.imported(folder)
        self.assertEqual(run.record["started"], "2026-01-31T09:08:07")
        entry = golden["results"]["results"]["choice"]
        results = read_json(run.path / "results/tiny_llama/choice.json")
        self.assertAlmostEqual(results["acc"], 100 * entry["acc,none"])
        self.assertAlmostEqual(results["estimates"]["acc"]["standard_error"], 100 * entry["acc_stderr,none"])
        self.assertAlmostEqual(results["brier_score"], entry["brier_score,none"])
        predictions = read_json(run.path / "predictions/tiny_llama/choice.json")
        self.assertEqual(predictions["0"]["record"], {"q": "E0", "label": 0})
        self.assertEqual(predictions["0"]["label: 1"]["logprob"], float(golden["samples"]["choice"][0]["resps"][1][0][0]))
        ours = self.tasks("choice")
        [pairs] = self.json_lines("compare", run.path, ours.path, "--json")  # other columns, the same questions
        self.assertEqual([(p["dataset"], p["n"]) for p in pairs["pairs"]], [("choice", 3)])

    def test_replies_that_an_import_leaves_out_are_said_by_compare_too(self):
        golden = read_json(GOLDEN)
        folder = self.dir / "theirs"
        lines = [dict(line, resps=[reply * 3 for reply in line["resps"]]) for line in golden["samples"]["open"]]
        write(folder / "samples_open_2026-01-31T09-08-07.123456.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
        results = dict(golden["results"], results={"open": golden["results"]["results"]["open"]})
        write(folder / "results_2026-01-31T09-08-07.123456.json", json.dumps(results))
        run, _ = self.imported(folder)
        left_out = 2 * len({line["doc_id"] for line in lines})
        self.assertIn("A's scores are of the first reply to each question; %d further replies" % left_out, self.sextant("compare", run.path, run.path).stdout)

    def test_what_is_no_share_is_no_percentage(self):
        write(self.dir / "x/results_2026-01-31T09-08-07.000001.json",
              {"results": {"t": {"alias": "t", "acc,none": 0.5, "mae,none": 0.8, "score,none": 7.5}}, "versions": {"t": 1.0},
               "model_name": "org/m", "configs": {"t": {"output_type": "generate_until"}}})
        run, _ = self.imported(self.dir / "x/results_2026-01-31T09-08-07.000001.json")
        results = read_json(run.path / "results/m/t.json")
        self.assertEqual((results["acc"], results["mae"], results["score"]), (50, 0.8, 7.5))
        self.assertFalse(results["estimates"]["mae"]["higher_is_better"])

    def test_an_imports_scale_is_the_metrics_not_the_values(self):
        file = self.dir / "x/results_2026-01-31T09-08-07.000001.json"
        entry = lambda value: {"alias": "t", "score,none": value, "rougeL,none": value, "acc_norm,none": value / 2, "f1,none": value / 2}  # noqa: E731
        for value in (0.9, 1.2):
            write(file, {"results": {"t": entry(value), "sq": {"HasAns_f1,none": 0.5, "f1,none": value}, "pct": {"acc,none": 95.0}}, "versions": {},
                         "model_name": "org/m", "configs": {}})
            run, done = self.imported(file)
            results = read_json(run.path / "results/m/t.json")
            self.assertEqual([results[name] for name in ("score", "rougeL", "acc_norm", "f1")], [value, value, 50 * value, 50 * value])
            self.assertEqual(read_json(run.path / "results/m/sq.json")["f1"], value)
            self.assertEqual(read_json(run.path / "results/m/pct.json")["acc"], 95)
            self.assertIn("pct: acc is 95, which is no share", done.stderr)
            self.assertIn("score is not known to be a share", done.stderr)

    def test_samples_that_are_not_the_results_are_said(self):
        folder = self.dir / "x"
        entry = lambda value: {"alias": "t", "acc,none": value, "f1,none": 0.9}  # noqa: E731
        write(folder / "results_2026-01-31T09-08-07.000001.json", {
            "results": {"t": entry(0.95), "u": entry(0.60), "g": {"acc,none": 0.1}}, "groups": {"g": {"acc,none": 0.1}}, "group_subtasks": {"g": ["t", "u"]},
            "versions": {}, "model_name": "org/m", "n-samples": {"t": {"effective": 20}, "u": {"effective": 5}},
            "configs": {name: {"output_type": "generate_until", "metric_list": [{"metric": "acc", "aggregation": "mean"}, {"metric": "f1", "aggregation": "f1"}]} for name in "tu"}})
        for name in "tu":
            write(folder / f"samples_{name}_2026-01-31T09-08-07.000001.jsonl", "".join(json.dumps({
                "doc_id": i, "doc": {"q": i}, "target": "a", "arguments": [["p", {}]], "resps": [["r"]], "filtered_resps": ["r"], "acc": float(i < 3), "f1": 0.0}) + "\n" for i in range(5)))
        run, done = self.imported(folder)
        self.assertIn("t: acc is 95.00 by its results, and 60.00 by its samples", done.stderr)
        self.assertIn("t: its results are of 20 questions, and its samples of 5", done.stderr)
        self.assertNotIn(" u: ", done.stderr)
        self.assertNotIn("f1 is", done.stderr)
        self.assertIn("the group g is left out", done.stderr)

    def test_rows_are_hashed_as_python_writes_them(self):
        docs = [{"q": "Qé b0", "c": ["x", "yy"], "l": 0, "li": [1, [2, 3]], "fl": 0.1}, {"a": [], "b": {}, "n": None, "t": True, "f": [1e-05, 1e16, 1.0, -0.0, 123456789.125, 1e-4, 5e-324]},
                {"s": "a\tb\n\u0001\"\\ \u007f \u2028 😀"}]
        targets = ["['Spike', 'b']", "2", "it's"]
        folder = self.dir / "x"
        write(folder / "results_2026-01-31T09-08-07.000001.json", {"results": {"t": {"alias": "t", "exact_match,none": 0.5}}, "versions": {"t": 1.0}, "model_name": "org/m",
                                                                   "configs": {"t": {"output_type": "generate_until"}}})
        write(folder / "samples_t_2026-01-31T09-08-07.000001.jsonl", "".join(json.dumps({
            "doc_id": i, "doc": doc, "target": target, "arguments": {"gen_args_0": {"arg_0": "p", "arg_1": {"until": []}}}, "resps": [["r"]], "filtered_resps": ["r"], "filter": "none",
            "metrics": ["exact_match"], "exact_match": 0.5}) + "\n" for i, (doc, target) in enumerate(zip(docs, targets))))
        run, _ = self.imported(folder / "results_2026-01-31T09-08-07.000001.json")
        [file] = [f for f in self.export(run, "lm-eval") if "samples" in f.name]
        for line, doc, target in zip(map(json.loads, file.read_text(encoding="utf-8").rstrip("\n").split("\n")), docs, targets):
            self.assertEqual(line["doc_hash"], hashlib.sha256(json.dumps(doc, indent=2, ensure_ascii=False).encode("utf-8")).hexdigest(), doc)
            self.assertEqual(line["target"], target)

    def everyday(self):
        return self.run_sample("--datasets", "everyday_en_ppl", "--limit", "6").run

    def test_inspects_logs_come_back(self):
        run = self.everyday()
        [file] = self.export(run, "inspect")
        log = read_json(file)
        self.assertEqual((log["version"], log["status"], log["eval"]["model"], log["eval"]["task"]), (2, "success", "sextant/sample", "everyday-en"))
        self.assertRegex(file.name, r"^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d")
        self.assertEqual(len(log["samples"]), 6)
        self.assertEqual(log["samples"][0]["messages"][-1]["role"], "assistant")
        back, _ = self.imported(file, "-w", self.dir / "outputs" / "back")
        self.assertAlmostEqual(back.results("everyday-en")["accuracy"], run.results("everyday-en")["accuracy"])
        self.assertEqual([s["scores"] for s in back.samples("everyday-en")], [s["scores"] for s in run.samples("everyday-en")])
        packed = write(self.dir / "logs" / "x.eval", "PK")
        self.assert_refused(self.sextant("import", "results", packed), DATA, "inspect log convert")

    def test_opencompass_folders_are_read(self):
        folder = self.dir / "20260102_030405"
        entry = lambda i: {"origin_prompt": [{"role": "HUMAN", "prompt": f"{i}?"}], "prediction": f"It is {'AB'[i % 2]}.", "gold": "A"}  # noqa: E731
        write(folder / "predictions/m/law_0.json", {str(i): entry(i) for i in range(2)})
        write(folder / "predictions/m/law_1.json", {"0": entry(2)})
        write(folder / "results/m/law.json", {"accuracy": 66.67, "details": [{"pred": ["A"], "answer": ["A"], "correct": [True]}, {"pred": ["B"], "answer": ["A"], "correct": [False]},
                                                                                {"pred": ["A"], "answer": ["A"], "correct": [True]}]})
        write(folder / "predictions/m/ppl.json", {"0": {"label: A": {"testing input": "x", "prompt": "x", "PPL": 1.5}, "label: B": {"testing input": "y", "prompt": "y", "PPL": 1.0},
                                                           "prediction": "B", "gold": "B"}})
        write(folder / "results/m/ppl.json", {"accuracy": 100.0, "details": {"type": "PPL", "0": {"prompt": "x", "predictions": "B", "references": "B", "correct": True}}})
        write(folder / "results/m/broken.json", {"error": "No predictions found."})
        run, done = self.imported(folder, expect=OK)
        self.assertEqual([s["scores"]["accuracy"] for s in map(json.loads, (run.path / "samples/m/law.jsonl").read_text().splitlines())], [1.0, 0.0, 1.0])
        self.assertEqual(run.record["started"], "2026-01-02T03:04:05")
        self.assertEqual(run.task("broken")["status"], "failed")
        self.assertIn("No predictions found.", run.task("broken")["error"])
        self.assertEqual(run.task("ppl")["status"], "complete")
        self.assertIn("66.67", done.stdout)
        write(self.dir / "many/20260102_030405/results/m/x.json", {"accuracy": 1})
        self.assert_refused(self.sextant("import", "results", self.dir / "many"), USAGE, "name one")
        self.assert_refused(self.sextant("import", "results", run.path), USAGE, "run of Sextant already")

    def test_tables_and_submissions(self):
        data = write(self.dir / "formula.jsonl", "".join(json.dumps({"question": q, "answer": "A", "A": "=1+1", "B": "x"}) + "\n" for q in ("=cmd|'/c'!A1", "a,\"b\"\nc", "-5")))
        run = self.run_sample("--custom-dataset-path", data, "--custom-dataset-data-type", "mcq", "--custom-dataset-infer-method", "gen").run
        [file] = self.export(run, "csv")
        with open(file, encoding="utf-8", newline="") as rows:
            rows = list(csv.DictReader(rows))
        self.assertEqual([row["index"] for row in rows], ["0", "1", "2"])
        self.assertFalse([cell for row in rows for cell in row.values() if re.match(r"[=+@]|-\D", cell)])
        [file] = self.export(run, "junit")
        suites = xml.etree.ElementTree.parse(file).getroot()
        suite = suites.find("testsuite")
        self.assertEqual((suites.tag, int(suite.get("tests")), len(suite.findall("testcase"))), ("testsuites", 3, 3))
        self.assertEqual(len(suite.findall("testcase/failure")), int(suite.get("failures")))
        [file] = self.export(run, "evalscope")
        report = read_json(file)
        self.assertEqual(list(report), ["name", "dataset_name", "dataset_pretty_name", "dataset_description", "model_name", "score", "metrics", "analysis", "perf_metrics", "num"])
        self.assertEqual(report["metrics"][0]["categories"][0]["subsets"][0]["num"], 3)
        self.assert_refused(self.sextant("export", run.path, self.dir / "x", "--format", "ceval"), DATA, "ceval-")
        subject = self.dir / "data/ceval/formal_ceval"
        for split in ("dev", "val", "test"):
            write(subject / split / f"law_{split}.csv", "id,question,A,B,C,D,answer,explanation\n" + "".join(f"{i + 7},q{i},a,b,c,d,A,\n" for i in range(5)))
        run = self.run_sample("--datasets", "ceval_gen:law", "--data-dir", self.dir / "data").run
        [file] = self.export(run, "ceval")
        self.assertEqual(list(read_json(file)), ["law"])
        self.assertEqual(list(read_json(file)["law"]), ["7", "8", "9", "10", "11"])

    def test_what_is_wrong_is_said(self):
        run = self.everyday()
        for command, rc, words in (
            (("export", run.path, self.dir / "x"), USAGE, "--format"),
            (("export", run.path, self.dir / "x", "--format", "lmeval"), USAGE, "did you mean 'lm-eval'"),
            (("export", run.path, self.dir / "x", "--format", "csv", "--dataset", "nope"), USAGE, "has no data set 'nope'"),
            (("import",), USAGE, "sextant import results PATH"),
            (("import", "result"), USAGE, "did you mean 'results'"),
            (("import", "results", self.dir / "nothing"), DATA, "does not exist"),
            (("import", "results", self.dir, "--from", "mteb"), USAGE, "it must be lm-eval"),
            (("import", "results", write(self.dir / "x.json", "{}")), DATA, "neither a results file of lm-eval"),
            (("import", "results", write(self.dir / "r/results_1.json", '{"results": {"a": {}}, "versions": {}')), DATA, "results_1.json"),
            (("import", "opencompass"), USAGE, "name a configuration"),
            (("import", "opencompass", "x.py", "--python", self.dir / "python"), USAGE, "--python"),
            (("import", "opencompass", "x.py", "--python", "/usr/bin/python3"), UNAVAILABLE, "has no opencompass"),
        ):
            with self.subTest(command=command):
                self.assert_refused(self.sextant(*command), rc, words)
        self.assertEqual(len(self.run_folders()), 1)  # what could not be read left nothing

    def test_options_of_opencompass(self):
        base = ("run", "--datasets", "everyday_en_ppl", "--limit", "2", "--backend", "sample", "--plugin-path", THIRD_PARTY)
        for flags, words in ((("--slurm", "-p", "gpu"), "srun"), (("--dlc",), "job"), (("--qos", "x"), "srun"), (("-q", "auto"), "srun"), (("-sp", "x"), "--cache"),
                             (("--read-from-station",), "-m viz"), (("--dump-only-message-path", "x"), "sextant prompt"), (("-a", "tensorrt"), "vllm and lmdeploy"),
                             (("--dataset-num-runs", "2", "--repeat", "3"), "mean the same")):
            self.assert_refused(self.sextant(*base, *flags), USAGE, words)
        done = self.sextant(*base, "-a", "vllm", "-l", "--config-verbose", "--dump-res-length", "--dump-extract-rate", "--analysis-repeat", "--peft-kwargs", "a=1")
        self.assert_rc(done, OK)
        for flag in ("--accelerator", "--lark", "--config-verbose", "--dump-res-length", "--dump-extract-rate", "--analysis-repeat", "--peft-kwargs"):
            self.assertIn(flag + " changes nothing", done.stderr)
        self.assert_refused(self.sextant("run", "my_eval.py"), USAGE, "sextant import opencompass my_eval.py")
        self.assert_rc(self.sextant(*base, "--dataset-num-runs", "1"), OK)
        done = self.sextant("list", "datasets", "everyday", "nothing_like_it")
        self.assert_rc(done, OK)
        self.assertIn("'nothing_like_it' finds nothing", done.stderr)
        self.assertIn("internlm/internlm2-chat-1_8b", self.sextant("run", "--models", "hf_internlm2_chat_1_8b", "--datasets", "everyday_en_ppl").stderr)

    def test_opencompass_configurations_become_cards(self):
        # what the tool uses of OpenCompass and mmengine, so that neither is needed here
        write(self.dir / "py/opencompass/__init__.py", "")
        write(self.dir / "py/opencompass/utils.py", "class Built:\n    test = [{'q': 'E0', 'A': 'x', 'B': 'y', 'answer': 'A'}, {'q': 'E1', 'A': 'x', 'B': 'y', 'answer': 'B'}]\n    train = test\n"
                                                    "def build_dataset_from_cfg(config):\n    if config['abbr'] == 'gone': raise FileNotFoundError('no file')\n    return Built\n")
        write(self.dir / "py/mmengine/__init__.py", "")
        write(self.dir / "py/mmengine/config.py", "class Config:\n    @staticmethod\n    def fromfile(path, **_):\n        out = {}\n        exec(open(path).read(), out)\n"
                                                  "        return {k: v for k, v in out.items() if not k.startswith('_')}\n")
        write(self.dir / "my.py", """
def template(body): return {'type': 'PromptTemplate', 'template': body}
turns = {'begin': '</E>', 'round': [{'role': 'HUMAN', 'prompt': '{q} A. {A} B. {B} {x}'}, {'role': 'BOT', 'prompt': '{answer}'}]}
reader = {'input_columns': ['q', 'A', 'B'], 'output_column': 'answer'}
gen = {'abbr': 'mine', 'type': 'D', 'reader_cfg': reader, 'infer_cfg': {'ice_template': template(turns), 'retriever': {'type': 'FixKRetriever', 'fix_id_list': [0]},
       'inferencer': {'type': 'GenInferencer', 'max_out_len': 4}}, 'eval_cfg': {'evaluator': {'type': 'AccEvaluator'}, 'pred_postprocessor': {'type': 'first_option_postprocess', 'options': 'AB'}}}
ppl = {'abbr': 'mine_ppl', 'type': 'D', 'reader_cfg': reader, 'infer_cfg': {'prompt_template': template({'A': '{q} A', 'B': '{q} B'}), 'retriever': {'type': 'ZeroRetriever'},
       'inferencer': {'type': 'PPLInferencer'}}, 'eval_cfg': {'evaluator': {'type': 'OddEvaluator'}}}
odd = {'abbr': 'odd', 'type': 'D', 'reader_cfg': reader, 'infer_cfg': {'inferencer': {'type': 'ToTInferencer'}}}
datasets = [gen, ppl, odd]
summarizer = {'summary_groups': [{'name': 'both', 'subsets': ['mine', 'mine_ppl']}]}
""")
        done = self.sextant("import", "opencompass", "my.py", "--python", "/usr/bin/python3", env={"PYTHONPATH": str(self.dir / "py")})
        self.assert_rc(done, OK)
        for words in ("my.py:8: mine_ppl: the evaluator OddEvaluator has no counterpart", "my.py:9: odd: the inferencer ToTInferencer has no counterpart", "2 data sets, 0 models, 1 groups"):
            self.assertIn(words, done.stderr)
        run = self.run_sample("cards/run.json", "--config-dir", "cards").run
        self.assertEqual([task["status"] for task in run.record["tasks"]], ["complete", "complete"])
        self.assertIn("E0 A. x B. y {x}", json.dumps(run.samples("mine")[0]))
        self.assertEqual(run.predictions("mine_ppl")[1]["label: B"]["testing input"], "E1 B")
