"""The files of a run over all 52 subjects, as gen and as ppl in one run: their forms, and every number in them that can be
computed again from another file."""

import collections
import hashlib
import json
import pathlib
import re
import shutil
import tempfile

from .data import SUBJECTS, VAL_ROWS, ceval_row, inline_set, make_ceval, make_mcq
from .harness import OK, THIRD_PARTY, ContractTest, RunFolder, read_json, results_sha256, write

GROUPS = {"ceval-stem": 20, "ceval-social-science": 10, "ceval-humanities": 11, "ceval-other": 11, "ceval-hard": 8, "ceval": 52}


class Shared:
    """One run serves all tests of this file; none of them writes into its folder."""

    folder = None
    outcome = None


def tearDownModule():
    if Shared.folder:
        shutil.rmtree(Shared.folder, ignore_errors=True)


class Files(ContractTest):
    def setUp(self):
        super().setUp()
        if not Shared.folder:
            Shared.folder = tempfile.mkdtemp(prefix="sextant-contract-")
            make_ceval(Shared.folder)
            Shared.outcome = self.sextant(
                "run",
                "--datasets",
                "ceval_gen",
                "ceval_ppl",
                "--data-dir",
                ".",
                "--backend",
                "sample",
                "--max-out-len",
                "8",
                "--plugin-path",
                THIRD_PARTY,
                cwd=Shared.folder,
            )
        self.assert_rc(Shared.outcome, OK)
        folders = list(pathlib.Path(Shared.folder, "outputs/default").iterdir())
        self.assertEqual(len(folders), 1)
        self.run_folder = RunFolder(folders[0])

    def each_task(self):
        for subject in SUBJECTS:
            for suffix in ("", "_ppl"):
                yield "ceval-%s%s" % (subject, suffix), suffix

    def test_the_folder_is_named_by_the_time(self):
        self.assertRegex(self.run_folder.path.name, r"^\d{8}_\d{6}$")
        self.assertEqual(self.run_folder.record["started"][:10].replace("-", ""), self.run_folder.path.name[:8])

    def test_every_task_has_its_five_files(self):
        for task, _ in self.each_task():
            for file in (
                "journal/sample/%s.jsonl",
                "logs/infer/sample/%s.out",
                "logs/eval/sample/%s.out",
                "predictions/sample/%s.json",
                "results/sample/%s.json",
            ):
                self.assertTrue((self.run_folder.path / (file % task)).is_file(), file % task)
        for kind in ("journal", "logs/infer", "logs/eval", "predictions", "results"):
            self.assertEqual(len(list((self.run_folder.path / kind / "sample").iterdir())), 2 * len(SUBJECTS), kind)

    def test_run_json(self):
        record = self.run_folder.record
        self.assert_schema(record, "run_json")
        self.assertEqual(record["status"], "complete")
        # gen keeps the name, the ppl one gets _ppl, in the order in which they are named
        self.assertEqual(
            [task["dataset"] for task in record["tasks"]],
            ["ceval-" + s for s in SUBJECTS] + ["ceval-%s_ppl" % s for s in SUBJECTS],
        )
        self.assertEqual({task["samples"] for task in record["tasks"]}, {VAL_ROWS})
        self.assertEqual([model["abbr"] for model in record["models"]], ["sample"])

    def test_run_json_names_the_plugins_that_took_part(self):
        ids = {plugin["id"] for plugin in self.run_folder.record["plugins"]}
        self.assertLessEqual(
            {"model:sample", "dataset:table", "template:dialogue", "postprocessor:first_capital", "metric:accuracy"}, ids
        )
        for plugin in self.run_folder.record["plugins"]:
            self.assertEqual(
                hashlib.sha256(pathlib.Path(plugin["path"]).read_bytes()).hexdigest(), plugin["sha256"], plugin["path"]
            )

    def test_configs_run_json(self):
        self.assert_schema(read_json(self.run_folder.path / "configs/run.json"), "config_run_json")

    def test_predictions(self):
        for task, suffix in self.each_task():
            document = read_json(self.run_folder.file("predictions", task))
            self.assert_schema(document, "predictions_ppl" if suffix else "predictions_gen")
            self.assertEqual(list(document), [str(i) for i in range(VAL_ROWS)])

    def test_predictions_hold_the_rows_and_their_answers(self):
        for subject in SUBJECTS:
            for suffix in ("", "_ppl"):
                for i, prediction in enumerate(self.run_folder.predictions("ceval-%s%s" % (subject, suffix))):
                    row = ceval_row(subject, "val", i)
                    self.assertEqual(prediction["gold"], row["answer"])
                    self.assertEqual(prediction["record"]["question"], row["question"])

    def test_gen_prompts_have_the_examples_as_turns(self):
        prompt = self.run_folder.predictions("ceval-logic")[1]["origin_prompt"]
        self.assertEqual([turn["role"] for turn in prompt], ["HUMAN", "BOT"] * 5 + ["HUMAN"])
        self.assertEqual(
            [turn["prompt"] for turn in prompt if turn["role"] == "BOT"],
            [ceval_row("logic", "dev", i)["answer"] for i in range(5)],
        )
        row = ceval_row("logic", "val", 1)
        # {A} inside an option stays: substitution is one pass
        self.assertEqual(
            prompt[-1]["prompt"],
            "以下是中国关于逻辑学考试的单项选择题，请选出其中的正确答案。\n%s\nA. %s\nB. %s\nC. %s\nD. %s\n答案: "
            % tuple(row[c] for c in ("question", "A", "B", "C", "D")),
        )

    def test_ppl_prompts_are_plain_text_with_blank_lines_between_examples(self):
        for label in "ABCD":
            text = self.run_folder.predictions("ceval-logic_ppl")[0]["label: " + label]["testing input"]
            pieces = []
            for split, i, answer in [("dev", i, None) for i in range(5)] + [("val", 0, label)]:
                row = ceval_row("logic", split, i)
                pieces.append(
                    "以下是中国关于逻辑学考试的单项选择题，请选出其中的正确答案。\n%s\nA. %s\nB. %s\nC. %s\nD. %s\n答案: \n%s"
                    % (row["question"], row["A"], row["B"], row["C"], row["D"], answer or row["answer"])
                )
            self.assertEqual(text, "\n\n".join(pieces))

    def test_the_label_of_the_lowest_ppl_is_predicted(self):
        for subject in SUBJECTS:
            for prediction in self.run_folder.predictions("ceval-%s_ppl" % subject):
                ppl = {label: prediction["label: " + label]["PPL"] for label in "ABCD"}
                self.assertEqual(prediction["prediction"], min(ppl, key=ppl.get))

    def test_ppl_is_the_mean_over_the_whole_item(self):
        """Against `sextant model score`: -ln p of tokens 2..N of the item, divided by N."""
        prediction = self.run_folder.predictions("ceval-law_ppl")[2]
        texts = [prediction["label: " + label]["testing input"] for label in "ABCD"]
        scored = self.json_lines(
            "model",
            "score",
            "--backend",
            "sample",
            "--plugin-path",
            THIRD_PARTY,
            lines=[{"prefix": text[:-1], "continuations": [text[-1]]} for text in texts],
        )
        for label, line in zip("ABCD", scored):
            entry, score = prediction["label: " + label], line["scores"][0]
            self.assertEqual(entry["tokens"], score["total_tokens"])
            self.assertAlmostEqual(entry["PPL"], -score["total_logprob"] / score["total_tokens"], places=12)

    def test_results(self):
        for task, _ in self.each_task():
            results = self.run_folder.results(task)
            self.assert_schema(results, "results")
            details = results["details"]
            self.assertEqual([d["index"] for d in details], list(range(VAL_ROWS)))
            self.assertAlmostEqual(results["accuracy"], 100 * sum(d["correct"] for d in details) / len(details), places=10)
            for detail, prediction in zip(details, self.run_folder.predictions(task)):
                self.assertEqual(detail["answer"], prediction["gold"])
                self.assertEqual(detail["correct"], detail["pred"] == detail["answer"])

    def test_gen_takes_the_first_capital_that_stands_alone(self):
        for subject in SUBJECTS:
            task = "ceval-" + subject
            for detail, prediction in zip(self.run_folder.results(task)["details"], self.run_folder.predictions(task)):
                found = re.search(r"(?<![A-Za-z0-9_])[A-D](?![A-Za-z0-9_])", prediction["prediction"])
                self.assertEqual(detail["pred"], found.group() if found else "", prediction["prediction"])

    def test_journal(self):
        keys = collections.Counter()
        for task, suffix in self.each_task():
            lines = self.run_folder.journal(task)
            for line in lines:
                self.assert_schema(line, "journal_line")
                self.assertEqual(len(line.get("scores", [])), 4 if suffix else 0)
                keys[line["key"]] += 1
            self.assertEqual(len(lines), VAL_ROWS)
            if not suffix:
                predictions = [p["prediction"] for p in self.run_folder.predictions(task)]
                self.assertEqual(sorted(line.get("text", "") for line in lines), sorted(predictions))
        self.assertEqual([key for key, count in keys.items() if count > 1], [])

    def test_counters_are_the_sums_of_the_journal(self):
        for task, _ in self.each_task():
            record, lines = self.run_folder.task(task), self.run_folder.journal(task)
            for counter in ("prompt_tokens", "computed_tokens", "generated_tokens"):
                self.assertEqual(record[counter], sum(line["usage"][counter] for line in lines), (task, counter))

    def test_prompt_tokens_are_what_no_reuse_would_cost(self):
        """The sample backend's tokens are bytes, with one <|bos|> before text that no chat template made."""
        for subject in SUBJECTS[:5]:
            texts = [
                entry["testing input"]
                for p in self.run_folder.predictions("ceval-%s_ppl" % subject)
                for name, entry in p.items()
                if name.startswith("label")
            ]
            record = self.run_folder.task("ceval-%s_ppl" % subject)
            self.assertEqual(record["prompt_tokens"], sum(1 + len(text.encode()) for text in texts))
            self.assertEqual(record["generated_tokens"], 0)
            self.assertLess(record["computed_tokens"], record["prompt_tokens"] / 5)  # what four labels and five examples share
            lines = self.run_folder.samples("ceval-" + subject)
            self.assertEqual(self.run_folder.task("ceval-" + subject)["prompt_tokens"], sum(line["prompt_tokens"] for line in lines))

    def test_generated_tokens_are_those_of_the_replies(self):
        for subject in SUBJECTS[:5]:
            bytes_out = sum(len(p["prediction"].encode()) for p in self.run_folder.predictions("ceval-" + subject))
            self.assertEqual(self.run_folder.task("ceval-" + subject)["generated_tokens"], bytes_out)

    def test_results_sha256_is_that_of_the_canonical_lines(self):
        for task, _ in self.each_task():
            self.assertEqual(self.run_folder.task(task)["results_sha256"], results_sha256(self.run_folder, task), task)

    def test_summary_csv(self):
        header = self.run_folder.summary("csv").read_text().splitlines()[0]
        self.assertEqual(header, "dataset,version,metric,mode,sample")
        rows = {row["dataset"]: row for row in self.run_folder.csv()}
        for task, suffix in self.each_task():
            row = rows[task]
            self.assertEqual((row["metric"], row["mode"]), ("accuracy", "ppl" if suffix else "gen"))
            self.assertEqual(row["sample"], "%.2f" % self.run_folder.results(task)["accuracy"])
            self.assertRegex(row["version"], "^[0-9a-f]{6}$")

    def test_summary_groups_are_naive_averages(self):
        rows = {row["dataset"]: row for row in self.run_folder.csv()}
        groups = {g["name"]: g["members"] for g in read_json(self.run_folder.path / "configs/run.json")["summarizer"]["groups"]}
        for suffix, mode in (("", "gen"), ("_ppl", "ppl")):
            for name, size in GROUPS.items():
                members = groups[name + suffix]
                self.assertEqual(len(members), size)
                values = [self.run_folder.results(member)["accuracy"] for member in members]
                row = rows[name + suffix]
                self.assertEqual((row["metric"], row["mode"], row["version"]), ("naive_average", mode, "-"))
                self.assertAlmostEqual(float(row["sample"]), sum(values) / size, delta=0.0051)

    def test_one_version_a_card(self):
        rows = self.run_folder.csv()
        versions = {
            mode: {row["version"] for row in rows if row["mode"] == mode and row["metric"] == "accuracy"}
            for mode in ("gen", "ppl")
        }
        self.assertFalse(versions["gen"] & versions["ppl"])

    def test_version_is_the_hash_of_what_docs_files_md_says(self):
        versions = {row["dataset"]: row["version"] for row in self.run_folder.csv()}
        for dataset in read_json(self.run_folder.path / "configs/run.json")["datasets"][::7]:
            content = {part: dataset[part] for part in ("eval", "infer", "loader", "reader")}
            # --max-out-len 8, unless the card says more; how many tokens are generated changes no score of options
            length = dataset["infer"]["inferencer"].get("max_out_len", 8)
            content["models"] = [{"max_out_len": length}] if dataset["infer"]["inferencer"]["type"] == "gen" else [{}]
            canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            self.assertEqual(versions[dataset["task_name"]], hashlib.sha256(canonical.encode()).hexdigest()[:6])

    def test_stdout_is_the_table_of_the_summary(self):
        text = self.run_folder.summary("txt").read_text(encoding="utf-8")
        table, _, below = Shared.outcome.stdout.partition("\n\n")
        self.assertIn(table + "\n", text)
        # all replies of the run together; the file has them by set
        self.assertRegex(below, r"^sample: [0-9,]+ replies, [0-9.]+ % without an answer, [0-9.]+ % cut at their maximum length, [0-9.]+ tokens each\n")
        replies = re.findall(r"^(\S+) +sample +\S+ +\S+ +(\d+) +([0-9.]+) +([0-9.]+) +([0-9.]+)$", text, re.M)
        counts = {row[0]: self.run_folder.results(row[0])["counts"] for row in replies}
        self.assertGreater(len(replies), 3)
        for name, count, tokens, unparsed, cut in replies:
            of = counts[name]
            self.assertEqual((int(count), tokens, unparsed, cut),
                             (of["replies"], "%.1f" % (of["reply_tokens"] / of["replies"]), "%.1f" % (100 * of["unparsed"] / of["replies"]),
                              "%.1f" % (100 * of["cut"] / of["replies"])))
        self.assertEqual(text.splitlines()[0], self.run_folder.path.name)
        for block in ("tabulate format", "csv format", "markdown format", "raw format"):
            self.assertIn(block + "\n" + "^" * 128 + "\n", text)
        self.assertIn(self.run_folder.summary("csv").read_text(encoding="utf-8"), text)
        self.assertIn(self.run_folder.summary("md").read_text(encoding="utf-8"), text)

    def test_markdown_has_the_rows_of_the_csv(self):
        lines = self.run_folder.summary("md").read_text(encoding="utf-8").splitlines()
        cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if not line.startswith("| ---")]
        self.assertEqual(cells[1:], [list(row.values()) for row in self.run_folder.csv()])

    def test_report_rebuilds_the_summary(self):
        copy = self.dir / "copy" / self.run_folder.path.name
        shutil.copytree(self.run_folder.path, copy)
        shutil.rmtree(copy / "summary")
        outcome = self.sextant("report", copy)
        self.assert_rc(outcome, OK)
        self.assertEqual(outcome.stdout, Shared.outcome.stdout)
        for suffix in ("txt", "csv", "md"):
            self.assertEqual(RunFolder(copy).summary(suffix).read_bytes(), self.run_folder.summary(suffix).read_bytes())

    def test_report_as_json(self):
        copy = self.dir / self.run_folder.path.name
        shutil.copytree(self.run_folder.path, copy)
        [line] = self.json_lines("report", copy, "--json")
        self.assert_schema(line, "summary_json")
        self.assertEqual(len(line["rows"]), len(self.run_folder.csv()))

    def test_whole_files_end_in_one_line_feed(self):
        for path in self.run_folder.path.rglob("*"):
            if path.is_file() and path.suffix in (".json", ".jsonl", ".csv", ".md", ".txt"):
                data = path.read_bytes()
                self.assertTrue(
                    data.endswith(b"\n") and not data.endswith(b"\n\n") and not data.startswith(b"\xef\xbb\xbf"), path
                )


class Methods(ContractTest):
    def test_the_same_set_twice_as_json(self):
        """--json writes the summary, one line, with the numbers of the results."""
        outcome = self.run_sample("--datasets", "ceval_xyj_ppl", "ceval_xyj_gen", "--limit", "6", "--json")
        self.assertEqual(outcome.stdout.count("\n"), 1)
        [summary] = outcome.lines()
        self.assert_schema(summary, "summary_json")
        self.assertEqual(summary["status"], "complete")
        self.assertEqual((self.dir / summary["run_dir"]).resolve(), outcome.run.path.resolve())
        # gen keeps the plain name although it is named last
        self.assertEqual(
            [(row["dataset"], row["mode"], row["metric"], row["model"]) for row in summary["rows"]],
            [("ceval-xyj_ppl", "ppl", "accuracy", "sample"), ("ceval-xyj", "gen", "accuracy", "sample")],
        )
        for row in summary["rows"]:
            self.assertEqual(row["value"], outcome.run.results(row["dataset"])["accuracy"])
            self.assertEqual(row["n"], 6)
            self.assertTrue(0 <= row["low"] <= row["value"] <= row["high"] <= 100 and row["standard_error"] >= 0)
            self.assertEqual(row["low"], outcome.run.results(row["dataset"])["estimates"]["accuracy"]["low"])

    def test_ppl_alone_keeps_the_plain_name(self):
        run = self.run_sample("--datasets", "ceval_xyj_ppl", "--limit", "2").run
        self.assertEqual([task["dataset"] for task in run.record["tasks"]], ["ceval-xyj"])

    def test_loglikelihood_takes_the_highest_sum_over_the_continuation(self):
        make_mcq(self.dir / "set.jsonl")
        write(self.dir / "run.json", {"datasets": [inline_set(self.dir / "set.jsonl", method="loglikelihood")]})
        run = self.run_sample("run.json").run
        for prediction in run.predictions("tiny"):
            scores = {label: prediction["label: " + label]["logprob"] for label in "ABCD"}
            self.assertEqual(prediction["prediction"], max(scores, key=scores.get))
            text = prediction["label: A"]["testing input"]
            continuation = " " + prediction["record"]["A"]
            self.assertTrue(text.endswith(continuation))
            [line] = self.json_lines(
                "model",
                "score",
                "--backend",
                "sample",
                "--plugin-path",
                THIRD_PARTY,
                lines=[{"prefix": text[: -len(continuation)], "continuations": [continuation]}],
            )
            self.assertAlmostEqual(line["scores"][0]["logprob"], scores["A"], places=12)
            self.assertEqual(line["scores"][0]["tokens"], prediction["label: A"]["tokens"])
        self.assertEqual(run.task("tiny")["results_sha256"], results_sha256(run, "tiny"))
