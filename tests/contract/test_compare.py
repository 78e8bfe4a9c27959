"""sextant compare and gate on runs of the sample backend: what is paired, what is refused, and the exit codes."""

import fcntl
import json
import math
import random
import shutil
import statistics
import xml.etree.ElementTree

from .checkpoints import make_family
from .data import inline_set, make_mcq, mcq_rows, write_jsonl
from .harness import DATA, OK, THIRD_PARTY, USAGE, ContractTest, RunFolder, samples_as_scored, write

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
        samples_as_scored(path)
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

    def test_numbers_over_a_set_are_not_those_of_its_questions(self):
        """macro_f1 has no value a question; BLEU of single sentences is another number; edit_distance is no percentage."""
        write_jsonl(self.dir / "open.jsonl", [{"question": f"is {i} so?", "answer": "yes" if i < 10 else "no"} for i in range(40)])
        runs = {}
        for name, reply in (("a", lambda i: "no"), ("b", lambda i: "yes" if i < 20 else "no")):
            write_jsonl(self.dir / f"{name}.jsonl", [{"index": i, "dataset": "open", "prediction": reply(i)} for i in range(40)])
            self.assert_rc(self.sextant("run", "--custom-dataset-path", self.dir / "open.jsonl", "--backend", "answers",
                                        "--model-path", self.dir / f"{name}.jsonl", "-w", self.dir / name, "--metric",
                                        "macro_f1", "bleu", "edit_distance", "exact_match"), OK)
            [runs[name]] = (self.dir / name).iterdir()
        outcome = self.sextant("compare", runs["a"], runs["b"], "--metric", "macro_f1")
        self.assert_rc(outcome, DATA)
        self.assertIn("macro_f1 is a number over the whole set", outcome.stdout)
        self.assert_rc(self.sextant("gate", runs["b"], "--baseline", runs["a"], "--metric", "macro_f1"), DATA)
        [out] = self.json_lines("compare", runs["a"], runs["b"], "--json", "--metric", "edit_distance")
        self.assertEqual((out["pairs"][0]["a"], out["pairs"][0]["b"]), (10 * 3 / 40, 10 * 3 / 40))
        self.assertNotIn("whole_a", out["pairs"][0])
        for command in (("compare", runs["a"], runs["b"]), ("gate", runs["b"], "--baseline", runs["a"])):
            self.assertRegex(self.sextant(*command, "--metric", "bleu").stdout, "open, bleu: A and B are means over single questions; the tables' numbers over the set are")
        [out] = self.json_lines("compare", runs["a"], runs["b"], "--json")   # the first that questions have a value of
        self.assertNotEqual(out["pairs"][0]["metric"], "macro_f1")

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


class Precision(ContractTest):
    """The second table of compare: one run with the sample backend's numbers, and copies in which some of them are changed."""

    def setUp(self):
        super().setUp()
        make_mcq(self.dir / "set.jsonl", 40)
        write(self.dir / "run.json", {"datasets": [inline_set(self.dir / "set.jsonl"), inline_set(self.dir / "set.jsonl", method="ppl", abbr="scored")]})
        self.a = self.run_sample("run.json").run.path

    def copy(self, name, change, **model):
        """change(data set, number, attempt) edits one attempt of the predictions; `model` goes into run.json."""
        path = self.dir / name / self.a.name
        shutil.copytree(self.a, path)
        for file in path.glob("predictions/*/*.json"):
            attempts = json.loads(file.read_text())
            for number, attempt in attempts.items():
                change(file.stem, int(number), attempt)
            write(file, attempts)
        record = json.loads((path / "run.json").read_text())
        record["models"][0].update(model)
        write(path / "run.json", record)
        return path

    @staticmethod
    def labels(attempt):
        return {name[len("label: "):]: value for name, value in attempt.items() if name.startswith("label: ")}

    def noise(self, seed):
        generator = random.Random(seed)

        def change(dataset, number, attempt):
            for label in self.labels(attempt).values():
                label["logprob"] += generator.gauss(0, 0.3)
            if dataset == "tiny" and number % 4 == 0:
                attempt["prediction"] += "!"
        return change

    def test_numbers_are_those_of_a_plain_computation(self):
        b = self.copy("b", self.noise(5), compute="bf16")
        a = self.copy("a", lambda *_: None, compute="f32")
        [out] = self.json_lines("compare", a, b, "--json")
        precision = out["comparisons"][0]["precision"]
        self.assertIn("f32 (A) and bf16 (B)", precision["why"])
        got = {one["dataset"]: one for one in precision["datasets"]}
        first, second = (json.loads(next(run.glob("predictions/*/scored.json")).read_text()) for run in (a, b))
        kl, answer, sums, tokens = [], [], [0, 0], 0
        for number in first:
            sides = []
            for attempt in (first[number], second[number]):
                logs = {name: label["logprob"] for name, label in self.labels(attempt).items()}
                whole = math.log(math.fsum(math.exp(log) for log in logs.values()))
                sides.append({name: math.exp(log - whole) for name, log in logs.items()})
            kl.append(math.fsum(p * math.log(p / sides[1][name]) for name, p in sides[0].items()))
            gold = first[number]["gold"]
            answer.append(sides[1][gold] - sides[0][gold])
            for i, attempt in enumerate((first[number], second[number])):
                sums[i] += self.labels(attempt)[gold]["logprob"]
            tokens += self.labels(first[number])[gold]["tokens"]
        scored = got["scored"]
        self.assertEqual((scored["n"], scored["left_out"], scored["kl"]["n"]), (40, 0, 40))
        self.assertAlmostEqual(scored["kl"]["mean"], statistics.mean(kl), 12)
        self.assertAlmostEqual(scored["kl"]["median"], statistics.median(kl), 12)
        self.assertAlmostEqual(scored["kl"]["max"], max(kl), 12)
        self.assertEqual(scored["kl"]["max_row"], kl.index(max(kl)))
        self.assertLess(scored["kl"]["low"], scored["kl"]["mean"])
        self.assertAlmostEqual(scored["answer_probability"]["mean"], statistics.mean(answer), 12)
        self.assertAlmostEqual(scored["answer_probability"]["rms"], math.sqrt(statistics.mean(x * x for x in answer)), 12)
        self.assertEqual(scored["perplexity"]["of"], "answers")
        self.assertAlmostEqual(scored["perplexity"]["a"] / math.exp(-sums[0] / tokens), 1, 12)
        self.assertAlmostEqual(scored["perplexity"]["b"] / math.exp(-sums[1] / tokens), 1, 12)
        self.assertAlmostEqual(scored["perplexity"]["log_ratio"], (sums[0] - sums[1]) / tokens, 12)
        self.assertLess(scored["perplexity"]["low"], scored["perplexity"]["log_ratio"])
        self.assertLess(scored["perplexity"]["log_ratio"], scored["perplexity"]["high"])
        self.assertEqual(got["tiny"]["same_reply"]["share"], 0.75)
        self.assertEqual(got["tiny"]["agreement"]["share"], 1)  # the samples were not scored again
        self.assertNotIn("kl", got["tiny"])
        text = self.sextant("compare", a, b).stdout
        self.assertIn("precision: the same weights, computed in f32 (A) and bf16 (B)", text)
        self.assertIn("KL, nats", text)

    def test_each_token_where_it_was_recorded(self):
        def texts(shift):
            def change(dataset, number, attempt):
                if dataset != "scored":
                    return
                for name in list(self.labels(attempt)):
                    del attempt["label: " + name]
                each = [-(1 + number + i) / 8 + shift for i in range(3)]
                attempt["extra"] = {"logprob": sum(each), "tokens": 3, "token_logprobs": each}
            return change
        a, b = self.copy("a", texts(0), compute="f32"), self.copy("b", texts(-0.05), compute="bf16")
        [out] = self.json_lines("compare", a, b, "--dataset", "scored", "--json")
        [one] = out["comparisons"][0]["precision"]["datasets"]
        changes = [math.exp(x - 0.05) - math.exp(x) for n in range(40) for x in (-(1 + n + i) / 8 for i in range(3))]
        self.assertEqual((one["perplexity"]["of"], one["token_probability"]["n"]), ("texts", 120))
        self.assertNotIn("agreement", one)
        self.assertAlmostEqual(one["token_probability"]["mean"], statistics.mean(changes), 12)
        self.assertAlmostEqual(one["perplexity"]["log_ratio"], 0.05, 12)

    def test_when_it_is_said(self):
        weights = {"weights_sha256": "1" * 64, "tokens_sha256": "2" * 64}
        for name, model, why in (("same", {}, None), ("other", {"weights_sha256": "1" * 64}, None), ("bf16", {"compute": "bf16"}, "same weights")):
            with self.subTest(name):
                other = self.copy(name, lambda *_: None, **model)
                [out] = self.json_lines("compare", self.a, other, "--json")
                said = out["comparisons"][0].get("precision")
                self.assertEqual(bool(said), bool(why))
        [out] = self.json_lines("compare", self.a, self.copy("asked", lambda *_: None, **weights), "--precision", "--json")
        self.assertIn("--precision", out["comparisons"][0]["precision"]["why"])
        one = out["comparisons"][0]["precision"]["datasets"][1]
        self.assertEqual((one["kl"]["mean"], one["perplexity"]["log_ratio"]), (0, 0))

    def test_other_prompts_and_predictions_that_are_gone(self):
        def change(dataset, number, attempt):
            if dataset == "tiny" or number < 3:
                attempt["origin_prompt"] = "another"
        b = self.copy("b", change, compute="bf16")
        outcome = self.sextant("compare", self.a, b, "--json")
        self.assert_rc(outcome, OK)
        [one] = json.loads(outcome.stdout)["comparisons"][0]["precision"]["datasets"]
        self.assertEqual((one["dataset"], one["n"], one["left_out"]), ("scored", 37, 3))
        self.assertIn("tiny: nothing is said of precision: no question was asked with the same prompt", outcome.stderr)
        shutil.rmtree(b / "predictions")
        outcome = self.sextant("compare", self.a, b)
        self.assert_rc(outcome, OK)
        self.assertEqual(outcome.stderr.count("nothing is said of precision"), 2)


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
        self.assertEqual(len(margins), len(run.samples("tiny") + run.samples("scored")))  # of replies and of choices
        self.assertEqual(margins, sorted(margins))
        self.assertEqual(self.json_lines("show", run.path, "--grep", "no such text", "--json"), [])
        for args, rc in (((), USAGE), ((run.path, "--sort", "x"), USAGE), ((run.path, "--grep", "("), DATA), ((run.path, "-n", "-1"), USAGE),
                         ((run.path, "--dataset", "tny"), USAGE), ((self.dir / "none",), DATA)):
            with self.subTest(args=args):
                self.assert_rc(self.sextant("show", *args), rc)


class Margins(ContractTest):
    def test_choices_that_an_error_can_change_are_those_of_a_search(self):
        make_mcq(self.dir / "set.jsonl", 40)
        write(self.dir / "run.json", {"datasets": [inline_set(self.dir / "set.jsonl", abbr="replies"), inline_set(self.dir / "set.jsonl", method="ppl", abbr="scored"),
                                                   inline_set(self.dir / "set.jsonl", method="loglikelihood", abbr="options")]})
        run = self.run_sample("run.json").run
        for dataset in ("scored", "options"):
            attempts = run.predictions(dataset)
            for error in (0, 1e-3, 0.2, 3):
                with self.subTest(dataset, error=error):
                    is_open = right = least = most = 0
                    for attempt in attempts:
                        labels = {name[7:]: value for name, value in attempt.items() if name.startswith("label: ")}
                        # one label as good as the error can make it, each other one as bad
                        able = set()
                        for best in labels:
                            moved = {name: value["logprob"] + (1 if name == best else -1) * error * value["tokens"] for name, value in labels.items()}
                            ranked = {name: moved[name] / (labels[name]["tokens"] if dataset == "scored" else 1) for name in labels}
                            if all(ranked[best] >= other for other in ranked.values()):
                                able.add(best)
                        now = attempt["prediction"] == attempt["gold"]
                        is_open += len(able) > 1
                        right += now
                        least += now and able == {attempt["gold"]}
                        most += attempt["gold"] in able
                    [out] = self.json_lines("show", run.path, "--numeric-error", error, "--dataset", dataset, "--json")
                    [one] = out["margins"]
                    self.assertEqual((one["n"], one["open"], one["right"], one["least_right"], one["most_right"]), (40, is_open, right, least, most))
                    self.assertEqual(len(one["rows"]), most - least)
        text = self.sextant("show", run.path, "--numeric-error", "0.2").stdout
        self.assertRegex(text, r"replies +replies +40 ")
        attempts, samples = run.predictions("replies"), run.samples("replies")
        right = [sample["scores"]["accuracy"] == 1 for sample in samples]
        margins = [tuple(attempt["margin"].values()) for attempt in attempts]
        self.assertEqual(sorted(tuple(line["margin"].values()) for line in run.journal("replies")), sorted(margins))
        self.assertTrue(all(attempt["margin"]["token"] <= attempt["generated_tokens"] for attempt in attempts))
        for error in (0, 0.05, 0.5, 50):
            with self.subTest("replies", error=error):
                is_open = [attempt["margin"]["least"] <= 2 * error for attempt in attempts]
                [one] = self.json_lines("show", run.path, "--numeric-error", error, "--dataset", "replies", "--json")[0]["margins"]
                self.assertEqual((one["kind"], one["n"], one["open"], one["right"]), ("replies", 40, sum(is_open), sum(right)))
                self.assertEqual(one["least_right"], sum(r and not o for r, o in zip(right, is_open)))
                self.assertEqual(one["most_right"], sum(r or o for r, o in zip(right, is_open)))
                self.assertAlmostEqual(one["needed"], min(attempt["margin"]["least"] for attempt in attempts) / 2)
        narrow = self.json_lines("show", run.path, "--dataset", "replies", "--sort", "margin", "-n", "5", "--json")
        for line, least in zip(narrow, sorted(attempt["margin"]["least"] for attempt in attempts)[:5], strict=True):
            self.assertAlmostEqual(line["margin"], least, 6)
        # a journal of before has no margins, and is as good
        for journal in run.path.glob("journal/*/*.jsonl"):
            lines = [json.loads(line) for line in journal.read_text().splitlines()]
            journal.write_text("".join(json.dumps({key: value for key, value in line.items() if key != "margin"}) + "\n" for line in lines))
        for file in run.path.glob("predictions/*/replies.json"):
            file.unlink()
        self.run_sample("run.json", "-r", run.path.name, "-w", run.path.parent)
        self.assertFalse([attempt for attempt in RunFolder(run.path).predictions("replies") if "margin" in attempt])
        self.assertEqual(RunFolder(run.path).hashes(), run.hashes())
        for args, rc in ((("--numeric-error", "-1"), USAGE), (("--numeric-error", "nan"), USAGE), (("--numeric-error", "1", "-n", "3"), USAGE),
                         (("--numeric-error", "1", "--wrong"), USAGE), (("--numeric-error", "1", "--dataset", "replies"), DATA)):
            with self.subTest(args=args):
                self.assert_rc(self.sextant("show", run.path, *args), rc)


class Familiar(ContractTest):
    def test_two_sets_by_their_least_probable_tokens(self):
        make_mcq(self.dir / "one.jsonl", 12)
        write_jsonl(self.dir / "other.jsonl", [{**row, "question": "Another: " + row["question"]} for row in mcq_rows(9)])
        sets = [inline_set(self.dir / ("%s.jsonl" % name), abbr=name, method="min_k", percent=30) for name in ("one", "other")]
        for one in sets:
            one["infer"]["template"].pop("continuations")
            one["eval"]["metrics"] = []
        write(self.dir / "run.json", {"datasets": sets})
        outcome = self.run_sample("run.json")
        values = {}
        for name in ("one", "other"):
            scores = [line["scores"] for line in outcome.run.samples(name)]
            values[name] = [score["min_k_plus_plus"] for score in scores]
            logprobs = {extra["min_k"]: extra["logprob"] for extra in (attempt["extra"] for attempt in outcome.run.predictions(name))}
            journal = sorted(outcome.run.journal(name), key=lambda line: line["scores"][0]["logprob"])
            for line, score in zip(journal, sorted(scores, key=lambda score: logprobs[score["min_k"]])):
                [said] = line["scores"]
                against = sorted((p - mean) / variance ** 0.5 for p, mean, variance in
                                 zip(said["token_logprobs"], said["token_means"], said["token_variances"]))
                count = len(against) * 30 // 100
                self.assertAlmostEqual(score["min_k_plus_plus"], sum(against[:count]) / count, 5)
                self.assertAlmostEqual(score["min_k"], sum(sorted(said["token_logprobs"])[:count]) / count, 5)
            self.assertAlmostEqual(outcome.run.results(name)["min_k_plus_plus"], statistics.mean(values[name]), 6)
        above = statistics.mean((a > b) + 0.5 * (a == b) for a in values["one"] for b in values["other"])
        said = "a text of one is more familiar than one of other in %.1f %% of all pairs (12 and 9 texts" % (100 * above)
        self.assertIn(said, outcome.stdout)
        self.assertIn(said, self.sextant("report", outcome.run.path).stdout)
        for one in sets:
            one["reader"]["cluster_column"] = "answer"
        write(self.dir / "run.json", {"datasets": sets})
        run = self.run_sample("run.json")
        means = []
        for name in ("one", "other"):
            clusters = {}
            for line in run.run.samples(name):
                clusters.setdefault(line["cluster"], []).append(line["scores"]["min_k_plus_plus"])
            means.append([statistics.mean(values) for values in clusters.values()])
        above = statistics.mean((a > b) + 0.5 * (a == b) for a in means[0] for b in means[1])
        self.assertIn("in %.1f %% of all pairs (%d clusters of 12 and %d clusters of 9 texts" % (100 * above, len(means[0]), len(means[1])), run.stdout)
        sets[1]["infer"]["inferencer"]["percent"] = 50
        write(self.dir / "run.json", {"datasets": sets})
        self.assertIn("one and other are not compared: their numbers look at other shares of a text's tokens (percent 30 and 50)", self.run_sample("run.json").stdout)

    def test_a_backend_that_cannot_say_it(self):
        make_mcq(self.dir / "set.jsonl", 4)
        one = inline_set(self.dir / "set.jsonl", method="min_k")
        one["infer"]["template"].pop("continuations")
        one["eval"]["metrics"] = []
        replies = write_jsonl(self.dir / "replies.jsonl", [{"dataset": "tiny", "index": i, "reply": "A"} for i in range(4)])
        model = {"abbr": "toy", "backend": "answers", "model_path": str(replies)}
        outcome = self.sextant("run", write(self.dir / "run.json", {"models": [model], "datasets": [one]}))
        self.assertNotEqual(outcome.rc, OK)
        self.assertIn("toy", outcome.stderr)


class Excluded(ContractTest):
    def test_scores_with_and_without_samples_that_are_named_with_a_reason(self):
        make_mcq(self.dir / "set.jsonl", 40)
        write(self.dir / "run.json", {"datasets": [inline_set(self.dir / "set.jsonl"), inline_set(self.dir / "set.jsonl", method="ppl", abbr="scored")]})
        run = self.run_sample("run.json").run
        named = [{"dataset": "tiny", "index": 3, "reason": "two options are right", "prediction": "as in samples files"}, {"dataset": "tiny", "index": 7, "reason": "two options are right"},
                 {"dataset": "scored", "index": 0}]
        write(self.dir / "out.jsonl", "# reviewed\n" + "".join(json.dumps(one) + "\n" for one in named) + "11\n")
        [out] = self.json_lines("report", run.path, "--exclude", self.dir / "out.jsonl", "--json")
        rows = {"tiny": {3, 7, 11}, "scored": {0, 11}}
        for one in out["excluded"]:
            scores = {line["index"]: line["scores"]["accuracy"] for line in run.samples(one["dataset"])}
            kept = [score for row, score in scores.items() if row not in rows[one["dataset"]]]
            self.assertEqual((one["excluded"], one["all"]["n"], one["without"]["n"]), (len(rows[one["dataset"]]), 40, len(kept)))
            self.assertAlmostEqual(one["all"]["value"], 100 * statistics.mean(scores.values()), 9)
            self.assertAlmostEqual(one["without"]["value"], 100 * statistics.mean(kept), 9)
            self.assertLess(one["without"]["low"], one["without"]["high"])
        self.assertEqual([one["reasons"] for one in out["excluded"]], [{"two options are right": 2, "": 1}, {"": 2}])
        text = self.sextant("report", run.path, "--exclude", self.dir / "out.jsonl").stdout
        self.assertIn("2 excluded: two options are right", text)
        self.assertIn("3 of 40", text)
        self.assertNotIn("excluded", self.json_lines("report", run.path, "--json")[0])
        self.run_sample("run.json", "--exclude", "out.jsonl")  # the same file leaves them out of a run
        for lines, word in (('{"dataset": "tny", "index": 1}', "tny"), ("4711", "4711"), ('{"dataset": "tiny", "index": 40}', "40"), ("# nothing", "names no row")):
            with self.subTest(lines):
                write(self.dir / "bad.jsonl", lines + "\n")
                self.assert_refused(self.sextant("report", run.path, "--exclude", self.dir / "bad.jsonl"), USAGE, word)
        write(self.dir / "bad.jsonl", '{"index": 1, "reason": 5}\n')
        self.assertNotEqual(self.sextant("report", run.path, "--exclude", self.dir / "bad.jsonl").rc, OK)
        self.assertNotEqual(self.sextant("report", run.path, "--exclude", self.dir / "nowhere.jsonl").rc, OK)


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
        samples_as_scored(path)
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

    def test_repeats_are_no_rows(self):
        one = self.explained(self.go(self.card, "--repeat", "2", "--rows", "0-29"))
        self.assertEqual([part["stages"] for part in one["parts"]], [["rows"], ["repeats"]])
        self.assertEqual((one["rows_a"], one["rows_b"], one["common"]), (40, 30, 30))

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
        self.assertEqual((out["compared"], out["same"], out["differences"]), (12, 12, []))
        self.assertEqual((out["scored"], out["same_results"]), (2, 2))
        self.assertEqual(out["known_requests"], out["requests"])
        self.assertGreaterEqual(out["requests"], 12)
        self.assertEqual(before, {path: path.read_bytes() for path in run.rglob("*") if path.is_file()})
        [path] = run.glob("predictions/*/tiny.json")
        path.write_text(path.read_text().replace('"prediction": "', '"prediction": "other '))
        [out] = self.json_lines("verify", run, "-n", "12", "--plugin-path", THIRD_PARTY, "--json", "--dataset", "tiny", expect=NO)
        self.assertEqual({one["dataset"] for one in out["differences"]}, {"tiny"})
        self.assertEqual((out["same"], out["same_results"]), (0, 0))
        self.assert_refused(self.sextant("verify", run, "-n", "-1"), USAGE, "-n")

    def test_what_is_counted_is_what_is_the_same(self):
        """A set that cannot be asked again, and an edited reply of another, leave the count of equal samples right."""
        make_mcq(self.dir / "set.jsonl", 30)
        make_mcq(self.dir / "gone.jsonl", 30)
        write(self.dir / "run.json", {"datasets": [inline_set(self.dir / "set.jsonl"), inline_set(self.dir / "gone.jsonl", abbr="gone")]})
        run = self.run_sample("run.json").run.path
        (self.dir / "gone.jsonl").unlink()
        verify = ("verify", run, "-n", "20", "--plugin-path", THIRD_PARTY)
        [out] = self.json_lines(*verify, "--json", expect=NO)
        self.assertEqual({(one["dataset"], "cannot be asked again" in one["what"]) for one in out["differences"]}, {("gone", True)})
        self.assertEqual(out["same"], out["compared"])
        self.assertLess(0, out["compared"])
        self.assertLess(out["compared"], 20)
        self.assertEqual((out["scored"], out["same_results"]), (2, 2))  # predictions hold the rows
        text = self.sextant(*verify).stdout
        self.assertIn("files: 2 of 2 results made again from the predictions are the same", text)
        self.assertIn("model: %d of %d samples asked again are the same" % (out["same"], out["compared"]), text)
        self.assertNotIn("sample 0: not the same: cannot", text)

    def test_files_alone(self):
        make_mcq(self.dir / "set.jsonl", 30)
        write(self.dir / "run.json", {"datasets": [inline_set(self.dir / "set.jsonl")]})
        run = self.run_sample("run.json").run.path
        record = json.loads((run / "run.json").read_text())
        record["tasks"][0]["results_sha256"] = "0" * 64
        record["plugins"][0]["sha256"] = "1" * 64
        write(run / "run.json", record)
        [out] = self.json_lines("verify", run, "-n", "0", "--plugin-path", THIRD_PARTY, "--json", expect=NO)
        self.assertEqual((out["compared"], out["requests"], out["scored"], out["same_results"]), (0, 0, 1, 0))
        self.assertIn("results_sha256: run.json has 000000000000", out["differences"][0]["what"])
        self.assertIn(record["plugins"][0]["id"], " ".join(out["notes"]))

    def test_edited_numbers_and_cut_files_are_found(self):
        make_mcq(self.dir / "set.jsonl", 30)
        write(self.dir / "run.json", {"datasets": [inline_set(self.dir / "set.jsonl")]})
        run = self.run_sample("run.json").run.path
        self.assert_rc(self.sextant("verify", run, "-n", "0", "--plugin-path", THIRD_PARTY), OK)
        [path] = run.glob("results/*/*.json")
        results = json.loads(path.read_text())
        write(path, {**results, "accuracy": results["accuracy"] + 1})
        [out] = self.json_lines("verify", run, "-n", "0", "--plugin-path", THIRD_PARTY, "--json", expect=NO)
        self.assertIn("accuracy is", out["differences"][0]["what"])
        write(path, results)
        [samples] = run.glob("samples/*/*.jsonl")
        samples.write_text("".join(samples.read_text().splitlines(keepends=True)[:5]))
        outcome = self.sextant("compare", run, run)
        self.assert_rc(outcome, DATA)
        self.assertIn("is not what scoring wrote", outcome.stdout)
        write(path, {name: value for name, value in results.items() if name != "samples_sha256"})   # an older run's say nothing of it
        self.assertIn("5 lines", self.sextant("compare", run, run).stdout)

    def test_edited_scores_of_samples_are_found(self):
        make_mcq(self.dir / "set.jsonl", 30)
        write(self.dir / "run.json", {"datasets": [inline_set(self.dir / "set.jsonl")]})
        run = self.run_sample("run.json").run.path
        [samples] = run.glob("samples/*/*.jsonl")
        text = samples.read_text()
        samples.write_text(text.replace('"accuracy":0.0', '"accuracy":2.0').replace('"accuracy":1.0', '"accuracy":0.0').replace('"accuracy":2.0', '"accuracy":1.0'))
        for command, rc in ((("compare", run, run), DATA), (("gate", run, "--baseline", run), DATA), (("show", run), DATA), (("export", run, self.dir / "out", "--format", "csv"), DATA),
                            (("verify", run, "-n", "0", "--plugin-path", THIRD_PARTY), NO)):
            with self.subTest(command[0]):
                outcome = self.sextant(*command)
                self.assertEqual(outcome.rc, rc, "\n%s" % outcome)
                self.assertIn("is not what scoring wrote", outcome.stdout + outcome.stderr)
        self.run_sample("run.json", "-m", "eval", "-r", run.name)
        self.assertEqual(samples.read_text(), text)
        self.assert_rc(self.sextant("compare", run, run), OK)


class Perturb(ContractTest):
    """sextant run --perturb: variants of a set beside it, what they say of its score, and what they cost."""

    def setUp(self):
        super().setUp()
        make_mcq(self.dir / "set.jsonl", 12)
        self.write_set("gen")

    def write_set(self, method, **changes):
        write(self.dir / "run.json", {"datasets": [{**inline_set(self.dir / "set.jsonl", method=method, shots=True), **changes}]})

    def test_variants_stand_beside_their_set_and_leave_it_as_it_is(self):
        alone = self.run_sample("run.json").run
        outcome = self.run_sample("run.json", "--perturb", "option_order", "typos:2", "case", "format", "shots:1", "--json")
        run = outcome.run
        names = [path.stem for path in sorted(run.path.glob("results/*/*.json"))]
        self.assertLessEqual({"tiny", "tiny~option_order-1", "tiny~option_order-3", "tiny~typos-2", "tiny~case-2", "tiny~format-1", "tiny~shots-1"},
                             set(names))
        sha = lambda path: next(t["results_sha256"] for t in json.loads((path / "run.json").read_text())["tasks"] if t["dataset"] == "tiny")
        self.assertEqual(sha(alone.path), sha(run.path))
        summary = json.loads(outcome.stdout)
        self.assert_schema(summary, "summary_json")
        kinds = {one["kind"]: one for one in summary["robustness"]}
        self.assertEqual(set(kinds), {"option_order", "typos", "case", "format", "shots"})
        order = kinds["option_order"]
        self.assertEqual((order["variants"], order["n"], order["changed_prompts"]), (3, 12, 12))
        self.assertLessEqual(order["low"], order["value"])
        [path] = run.path.glob("predictions/*/tiny~option_order-1.json")
        first = json.loads(path.read_text())["0"]
        self.assertEqual([first["record"][x] for x in "ABCD"] + [first["gold"]], ["two", "three", "four", "one 0", "D"])
        self.assertIn("Question number 0?", json.dumps(first["origin_prompt"]))
        again = self.run_sample(run.path / "configs/run.json", "--json")
        self.assertEqual([(r["dataset"], r["version"], r["value"]) for r in json.loads(again.stdout)["rows"]],
                         [(r["dataset"], r["version"], r["value"]) for r in summary["rows"]])
        text = self.sextant("report", run.path).stdout
        self.assertIn("the same questions with something changed that should not matter", text)

    def test_examples_stay_as_they_are(self):
        lines = self.json_lines("prompt", "run.json", "--perturb", "case:1", "--json", "-n", "3", "--backend", "sample", "--plugin-path", THIRD_PARTY)
        texts = {line["dataset"]: json.dumps(line) for line in lines}
        self.assertIn("question number 3?", texts["tiny~case-1"])
        self.assertIn("Question number 0?", texts["tiny~case-1"])

    def test_what_cannot_be_changed_is_said(self):
        for args, words in (
            (("option_ordr",), ("there is no kind", "did you mean 'option_order'?")),
            (("typos:0",), ("typos:", "not a number of variants")),
            (("typos", "typos:2"), ("names 'typos' twice",)),
            (("seeds",), ("no reply", "do_sample")),
            (("template",), ("template:FILE",)),
            (("template:nowhere.json",), ("nowhere.json",)),
        ):
            with self.subTest(args):
                outcome = self.sextant("run", "run.json", "--backend", "sample", "--plugin-path", THIRD_PARTY, "--perturb", *args)
                self.assertIn(outcome.rc, (USAGE, DATA), "\n%s" % outcome)
                self.assertTrue(all(word in outcome.stderr for word in words), "\n%s" % outcome)
        self.write_set("gen", reader={"input_columns": ["question"], "output_column": "answer", "train_split": "test", "test_split": "test"},
                       infer={"template": {"type": "text", "prompt": "{question}"}, "inferencer": {"type": "gen"}})
        outcome = self.sextant("run", "run.json", "--backend", "sample", "--plugin-path", THIRD_PARTY, "--perturb", "option_order")
        self.assert_refused(outcome, USAGE, "does not say which columns are options")
        self.assert_refused(outcome, USAGE, "no data set of this run can be changed so")
        self.assertEqual(self.run_folders(), [])
        write(self.dir / "set.jsonl.meta.json", {"human_prompt": "{question}"})
        outcome = self.sextant("run", "--custom-dataset-path", "set.jsonl", "--backend", "sample", "--plugin-path", THIRD_PARTY, "--perturb", "option_order")
        self.assertIn("no prompt shows the options, so that their order changes nothing", outcome.stderr)
        self.assertNotEqual(outcome.rc, OK)

    def test_a_file_of_ones_own_has_variants_too(self):
        lines = self.json_lines("prompt", "--custom-dataset-path", self.dir / "set.jsonl", "--perturb", "option_order:1", "case:1", "--json",
                                "-n", "0", "--backend", "sample", "--plugin-path", THIRD_PARTY)
        self.assertEqual([line["dataset"] for line in lines], ["set", "set~option_order-1", "set~case-1"])
        self.assertEqual(len({line["text"] for line in lines}), 3)

    def test_templates_of_ones_own(self):
        write(self.dir / "other.json", {"tiny": [{"type": "text", "prompt": "{question} {A} {B} {C} {D}"}]})
        lines = self.json_lines("prompt", "run.json", "--perturb", "template:other.json", "--json", "-n", "0", "--backend", "sample", "--plugin-path", THIRD_PARTY)
        self.assertEqual([line["dataset"] for line in lines], ["tiny", "tiny~template-1"])

    def test_orders_share_what_they_have_in_common(self):
        """Four orders for at most 3 times the tokens of one, all 24 for at most 11 times: the plan says so, and the run keeps to it."""
        model = make_family(self.dir / "model", "llama")
        rows = [dict(row, question="Of the things that are named below, which one is meant by " + row["question"]) for row in mcq_rows(12)]
        write_jsonl(self.dir / "set.jsonl", rows)
        self.write_set("ppl")
        plan = lambda *args: self.json_lines("run", "run.json", "--hf-path", model, "--dry-run", "--json", *args)[0]["plan"]["computed_tokens"]
        one, four, all_orders = plan(), plan("--perturb", "option_order"), plan("--perturb", "option_order:all")
        self.assertLessEqual(four, 3 * one)
        self.assertLessEqual(all_orders, 11 * one)
