"""Data and cards that are damaged or do not fit: which file, line or key, and what to do; what is sound is computed."""
import csv
import io
import json
import os

from contract.data import make_ceval
from contract.harness import DATA, OK, USAGE, write
from robustness.cases import RobustnessTest, card


class BadData(RobustnessTest):
    def setUp(self):
        super().setUp()
        self.make_cards(rows=3)

    def refused_row(self, text, *words, methods=("ppl",), rc=DATA):
        """The questions are replaced by `text`; every task over them fails."""
        self.questions.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        outcome = self.evaluate("sample", expect=rc, methods=methods)
        self.assert_says(outcome, *words)
        self.assertEqual([task["status"] for task in outcome.run.record["tasks"]], ["failed"] * len(methods))
        self.assertIn("failed", outcome.stdout)
        return outcome

    def test_missing_column(self):
        self.refused_row("question,A,B,C,answer\n" + 3 * "q,1,2,3,A\n", "questions.csv", "'D'")

    def test_missing_answer_column(self):
        self.refused_row("question,A,B,C,D\n" + 3 * "q,1,2,3,4\n", "questions.csv", "'answer'")

    def test_too_few_and_too_many_cells(self):
        for row in ("q,1,2,3,4", "q,1,2,3,4,A,more"):
            with self.subTest(row):
                self.refused_row("question,A,B,C,D,answer\nok,1,2,3,4,A\n%s\n" % row, "questions.csv:3")

    def test_empty_file(self):
        for text in ("", "\n\n", "question,A,B,C,D,answer\n"):
            with self.subTest(text):
                self.refused_row(text, "questions.csv")

    def test_invalid_utf8(self):
        self.refused_row(b"question,A,B,C,D,answer\nok,1,2,3,4,A\n\xff\xfe,1,2,3,4,A\n", "questions.csv:3", "UTF-8")
        self.refused_row("question,A,B,C,D,answer\nq,1,2,3,4,A\n".encode("utf-16"), "questions.csv", "UTF-8")

    def test_a_line_of_100_megabytes(self):
        outcome = self.refused_row("question,A,B,C,D,answer\nok,1,2,3,4,A\n%s,1,2,3,4,A\n" % ("x" * 100_000_000), "questions.csv:3", "33554432")
        self.assertLess(len(outcome.stderr), 4000)

    def test_unclosed_quote(self):
        self.refused_row('question,A,B,C,D,answer\nok,1,2,3,4,A\n"never closed,1,2,3,4,A\nq,1,2,3,4,A\n', "questions.csv:3",
                         "quote")

    def test_byte_order_mark_and_line_ends_change_nothing(self):
        expected = self.evaluate("sample", work_dir="plain").run.hashes()
        plain = self.questions.read_bytes()
        for name, data in (("bom", b"\xef\xbb\xbf" + plain), ("lf", plain.replace(b"\r\n", b"\n")),
                           ("crlf", plain.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")),
                           ("no last line feed", plain.rstrip(b"\r\n")), ("rows of empty cells", plain + b",,,,,\r\n\r\n,,,,,\r\n")):
            with self.subTest(name):
                self.questions.write_bytes(data)
                self.assertEqual(self.evaluate("sample", work_dir=name).run.hashes(), expected)

    def test_two_columns_of_one_name(self):
        self.refused_row("question,A,B,C,D,D,answer\n" + 3 * "q,1,2,3,4,5,A\n", "questions.csv", "'D'")

    def test_bad_json_line(self):
        self.make_cards(rows=3, suffix=".jsonl")
        good = self.questions.read_text(encoding="utf-8")
        for bad in ('{"question": ', '["no object"]', "nonsense", "[" * 1000000,
                    '{"question": %s1%s}' % ("[" * 1000000, "]" * 1000000)):
            with self.subTest(bad[:20]):
                self.refused_row(good + bad + "\n", "questions.jsonl:4")

    def test_not_a_file(self):
        self.questions.unlink()
        outcome = self.evaluate("sample", expect=DATA, methods=("ppl",))
        self.assert_says(outcome, "questions.csv")
        os.mkfifo(self.questions)
        self.assert_says(self.evaluate("sample", expect=DATA, methods=("ppl",), timeout=20), "questions.csv", "regular file")
        self.questions.unlink()
        self.questions.mkdir()
        self.assert_says(self.evaluate("sample", expect=DATA, methods=("ppl",)), "questions.csv")

    def test_huge_sparse_file(self):
        os.truncate(self.questions, 1 << 40)
        self.assert_says(self.evaluate("sample", expect=DATA, methods=("ppl",), timeout=20), "questions.csv", "bytes")

    def ceval(self, change, *words, status="failed"):
        """One damaged file of a C-Eval subject: that subject fails, another is computed."""
        data = self.dir / "data"
        make_ceval(data)
        path = data / "ceval/formal_ceval/val/logic_val.csv"
        change(path)
        outcome = self.sextant("run", "--datasets", "ceval_ppl", "--data-dir", data, *self.BACKENDS["sample"], "-w",
                               self.dir / "work")
        self.assert_rc(outcome, DATA)
        self.assert_says(outcome, *words)
        tasks = {task["dataset"]: task["status"] for task in self.last_run().record["tasks"]}
        self.assertEqual(tasks.pop("ceval-logic"), status)
        self.assertEqual(set(tasks.values()), {"complete"})
        self.assertEqual(len(tasks), 51)

    def edit(self, change):
        def apply(path):
            rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
            change(rows)
            out = io.StringIO()
            csv.writer(out).writerows(rows)
            path.write_text(out.getvalue(), encoding="utf-8")
        return apply

    def test_wrong_answer_letter(self):
        def change(rows):
            rows[2][rows[0].index("answer")] = "E"
        self.ceval(self.edit(change), "logic_val.csv:3", "'E'")

    def test_empty_split(self):
        self.ceval(self.edit(lambda rows: rows.__delitem__(slice(1, None))), "logic_val.csv")

    def test_column_gone_in_one_subject(self):
        def change(rows):
            rows[0][rows[0].index("C")] = "third"
        self.ceval(self.edit(change), "logic_val.csv", "'C'")

    def test_missing_subject(self):
        self.ceval(lambda path: path.unlink(), "logic_val.csv", status="missing")


class LongQuestion(RobustnessTest):
    def test_the_sample_fails_and_the_others_are_computed(self):
        for backend in self.BACKENDS:
            with self.subTest(backend):
                self.make_cards(rows=6)
                text = self.questions.read_text(encoding="utf-8")
                self.questions.write_text(text.replace("Question number 4?", "Question " + "zq" * 300 + "?"), encoding="utf-8")
                for method in self.METHODS:
                    # 6 tokens are kept for the answer of gen
                    outcome = self.evaluate(backend, "--max-seq-len", 200, work_dir=backend + method, methods=(method,),
                                            expect=DATA)
                    self.assert_says(outcome, "small_" + method, "1 of 6 samples failed", "sample 4", "tokens",
                                     "max-seq-len" if backend == "sample" else "max_seq_len")
                    [task] = outcome.run.record["tasks"]
                    self.assertEqual((task["status"], task["samples"], task["samples_failed"]), ("failed", 6, 1))
                    self.assertEqual(len(self.journal_keys(outcome.run.path)), 5)
                    self.assertIn("failed", outcome.stdout)

    def test_a_resume_with_more_room_completes(self):
        self.make_cards(rows=6)
        text = self.questions.read_text(encoding="utf-8")
        self.questions.write_text(text.replace("Question number 4?", "Question " + "zq" * 100 + "?"), encoding="utf-8")
        self.evaluate("sample", "--max-seq-len", 200, methods=("loglikelihood",), expect=DATA)
        run = self.evaluate("sample", "--max-seq-len", 2000, "-r", methods=("loglikelihood",)).run
        self.assertEqual(run.hashes(),
                         self.evaluate("sample", "--max-seq-len", 2000, methods=("loglikelihood",),
                                       work_dir="fresh").run.hashes())


class BadCard(RobustnessTest):
    def setUp(self):
        super().setUp()
        self.make_cards(rows=3)
        self.path = self.dir / "cards" / "small_ppl.json"
        self.card = json.loads(self.path.read_text(encoding="utf-8"))

    def refused(self, text, *words, rc=DATA):
        self.path.write_text(text if isinstance(text, str) else json.dumps(text, indent=1), encoding="utf-8")
        outcome = self.sextant("run", *self.cards_args("ppl"), *self.BACKENDS["sample"], "-w", self.dir / "work", timeout=20)
        self.assert_refused(outcome, rc, *words)

    def line_of(self, text):
        return next(i for i, line in enumerate(json.dumps(self.card, indent=1).splitlines(), 1) if text in line)

    def test_unknown_key(self):
        self.card["infer"]["inferencer"]["max_out_length"] = 3
        self.refused(self.card, "small_ppl.json:", "'infer.inferencer.max_out_length'",
                     "max_out_len'")

    def test_wrong_type(self):
        self.card["reader"]["input_columns"] = "question"
        self.refused(self.card, "small_ppl.json:%d:" % self.line_of("input_columns"), "reader.input_columns", "list")

    def test_no_json(self):
        self.refused('{"card": "dataset",\n "abbr" "x"}', "small_ppl.json:2:")

    def test_cycle(self):
        for name, parent in (("one", "two.json"), ("two", "small_ppl.json")):
            write(self.dir / "cards" / (name + ".json"), {"extends": parent})
        self.refused({**self.card, "extends": "one.json"}, "small_ppl.json -> ", "one.json -> ", "two.json -> ", "circular")
        self.refused({**self.card, "extends": "small_ppl.json"}, "small_ppl.json", "circular")

    def test_extends_nothing(self):
        self.refused({**self.card, "extends": "nowhere.json"}, "small_ppl.json", "nowhere.json")

    def test_nested_without_end(self):
        for opening in ("[", '{"a":'):
            with self.subTest(opening):
                depth = 1000000
                closing = "]" if opening == "[" else "}"
                self.refused('{"card": "dataset", "eval": ' + opening * depth + "1" + closing * depth + "}",
                             "small_ppl.json:1:", "deep")

    def test_unknown_plugins(self):
        for path, words in ((("loader", "type"), ("customs", "custom")),
                            (("infer", "inferencer", "type"), ("customs", "small_ppl.json")),
                            (("infer", "retriever", "type"), ("customs", "small_ppl.json"))):
            with self.subTest(path):
                changed = json.loads(json.dumps(self.card))
                at = changed
                for key in path[:-1]:
                    at = at[key]
                at[path[-1]] = "customs"
                self.refused(changed, *words)

    def test_unknown_metric(self):
        self.card["eval"]["metrics"] = [{"type": "acuracy"}]
        self.refused(self.card, "acuracy", "accuracy")

    def test_metric_with_unknown_setting(self):
        self.card["eval"]["metrics"] = [{"type": "accuracy", "no_such": 1}]
        self.refused(self.card, "accuracy", "no_such")

    def test_column_that_is_not_there(self):
        self.card["reader"]["input_columns"].append("E")
        self.refused(self.card, "'E'", "questions.csv")

    def test_example_beyond_the_split(self):
        self.card["infer"]["retriever"] = {"type": "fix_k", "ids": [0, 99]}
        self.refused(self.card, "99")

    def test_test_range(self):
        for text in ("[9:", "x", "[:1]; import os"):
            with self.subTest(text):
                changed = {**self.card, "reader": {**self.card["reader"], "test_range": text}}
                self.refused(changed, "test_range")

    def test_broken_variants(self):
        """They are merged into the card, so what they hold is looked at as the card is."""
        for variant, key in (({"groups": 3}, "groups"),
                             ({"infer": {"retriever": {"type": "fix_k", "ids": 3}}}, "infer.retriever.ids"),
                             ({"infer": {"retriever": {"type": "fix_k", "ids": ["x"]}}}, "infer.retriever.ids.0"),
                             ({"each": [3]}, "each.0"),
                             ({"reader": {"input_columns": 3}}, "reader.input_columns"), ({"nosuch": 1}, "nosuch"), (3, "v")):
            with self.subTest(key):
                self.path.write_text(json.dumps({**self.card, "variants": {"v": variant}}))
                outcome = self.sextant("run", "--config-dir", self.dir / "cards", "--datasets", "small_ppl/v",
                                       *self.BACKENDS["sample"], "-w", self.dir / "work")
                self.assert_refused(outcome, DATA, "small_ppl.json:1:", "variants.v" + ("." + key if key != "v" else ""))

    def test_a_broken_card_beside_troubles_nobody(self):
        write(self.dir / "cards" / "other.json", "{")
        self.evaluate("sample")


class WrongCommand(RobustnessTest):
    def refused(self, args, rc, *words):
        self.assert_refused(self.sextant(*args, timeout=20), rc, *words)

    def test_flags(self):
        for args, *words in ((["--dataset", "ceval_gen"], "dataset"), (["--no-such-flag"], "no-such-flag"),
                             (["--limit", "-3"], "--limit"), (["--limit", "many"], "--limit"),
                             (["--batch-size", "0"], "--batch-size"), (["--threads", "x"], "--threads"),
                             (["--mode", "alll"], "--mode", "all"),
                             (["--compat", "lm_eval"], "compat", "lm-eval"),
                             (["--model-kwargs", "novalue"], "--model-kwargs", "novalue"),
                             (["--max-seq-len", "99999999999999999999"], "--max-seq-len"),
                             (["--limit-mode", "last"], "--limit-mode"),
                             (["--compute", "f33"], "--compute"), (["--seed", "1.5"], "--seed")):
            with self.subTest(" ".join(args)):
                self.refused(["run", "--datasets", "ceval_gen", *self.BACKENDS["sample"], *args, "-w", self.dir / "work"],
                             USAGE, *words)
                self.assertFalse((self.dir / "work").exists())

    def test_nothing_to_do(self):
        self.refused(["run"], USAGE)
        self.refused(["run", "--backend", "sample"], USAGE, "--datasets")
        self.refused(["rum"], USAGE, "rum", "run")

    def test_mistyped_data_set(self):
        for name, nearest in (("ceval_gem", "ceval_gen"), ("cmmlu_pp", "cmmlu_ppl"), ("ceval-gen", "ceval_gen")):
            with self.subTest(name):
                outcome = self.sextant("run", "--datasets", name, *self.BACKENDS["sample"])
                self.assertIn(outcome.rc, (USAGE, DATA))
                self.assert_says(outcome, name, nearest)

    def test_unknown_variant(self):
        outcome = self.sextant("run", "--datasets", "ceval_gen/nosuch", *self.BACKENDS["sample"])
        self.assertIn(outcome.rc, (USAGE, DATA))
        self.assert_says(outcome, "nosuch")

    def test_unknown_setting_of_the_backend(self):
        self.make_cards(rows=2)
        outcome = self.evaluate("sample", "--model-kwargs",
                                "delai_ms=3")  # OpenCompass' own settings come this way: a warning, not an error
        self.assert_says(outcome, "warning", "delai_ms", "sample")


class ExtendedCards(RobustnessTest):
    """"extends" as nobody writes it."""

    def chain(self, name, levels, parents):
        self.make_cards(rows=3)
        base = json.loads((self.dir / "cards" / "small_gen.json").read_text())
        write(self.dir / "cards" / (name + "0.json"), base)
        for i in range(1, levels):
            write(self.dir / "cards" / ("%s%d.json" % (name, i)), {"card": "dataset", "extends": ["%s%d.json" % (name, i - 1)] * parents})
        return self.sextant("run", "--config-dir", self.dir / "cards", "--datasets", "%s%d" % (name, levels - 1), *self.BACKENDS["sample"], "-w",
                            self.dir / "work", timeout=30)

    def test_a_file_that_is_reached_in_many_ways_is_read_once(self):
        """Two parents at each of 25 levels are 2^25 ways to the last."""
        self.assert_rc(self.chain("wide", 25, 2), OK)

    def test_a_chain_without_end(self):
        self.assert_refused(self.chain("long", 60, 1), DATA, "extends", "more than 32 files")
