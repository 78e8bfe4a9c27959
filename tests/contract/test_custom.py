"""--custom-dataset-path: questions of one's own, csv or jsonl, multiple choice or not, by gen or ppl, with a .meta.json or not."""

from .data import make_mcq, mcq_rows, write_csv, write_jsonl
from .harness import DATA, USAGE, ContractTest, read_json, write


class Custom(ContractTest):
    def custom(self, name, *args, **options):
        return self.run_sample("--custom-dataset-path", name, *args, **options)

    def test_multiple_choice_of_csv_and_jsonl_is_the_same(self):
        hashes = []
        for name in ("set.csv", "set.jsonl"):
            make_mcq(self.dir / name)
            for method, mode in (("gen", "gen"), ("ppl", "ppl")):
                with self.subTest("%s %s" % (name, method)):
                    run = self.custom(name, "--custom-dataset-data-type", "mcq", "--custom-dataset-infer-method", method).run
                    self.assertEqual([(row["dataset"], row["mode"]) for row in run.csv()], [("set", mode)])
                    self.assertEqual([p["gold"] for p in run.predictions("set")], [row["answer"] for row in mcq_rows(10)])
                    self.assert_schema(read_json(run.file("predictions", "set")), "predictions_" + method)
                    hashes.append(run.hashes()["set"])
        self.assertEqual(hashes[:2], hashes[2:])

    def test_the_form_is_guessed_from_the_columns(self):
        make_mcq(self.dir / "set.jsonl")
        prompt = self.custom("set.jsonl").run.predictions("set")[3]["origin_prompt"]
        row = mcq_rows(10)[3]
        self.assertEqual([turn["role"] for turn in prompt], ["HUMAN"])
        for part in (row["question"], "A. " + row["A"], "D. " + row["D"]):
            self.assertIn(part, prompt[0]["prompt"])
        write_jsonl(self.dir / "qa.jsonl", [{"question": "1 + %d?" % i, "answer": str(1 + i)} for i in range(4)])
        run = self.custom("qa.jsonl").run
        self.assertIn("1 + 2?", run.predictions("qa")[2]["origin_prompt"][0]["prompt"])
        self.assertEqual([p["gold"] for p in run.predictions("qa")], ["1", "2", "3", "4"])

    def test_questions_without_options(self):
        rows = [{"question": "1 + %d?" % i, "answer": str(1 + i)} for i in range(4)]
        write_csv(self.dir / "qa.csv", ["question", "answer"], rows)
        run = self.custom("qa.csv", "--custom-dataset-data-type", "qa", "--custom-dataset-infer-method", "gen").run
        self.assertEqual(run.record["status"], "complete")
        self.assert_refused(self.custom("qa.csv", "--custom-dataset-infer-method", "ppl", expect=USAGE), USAGE, "qa.csv", "ppl")

    def test_meta_json_beside_the_file(self):
        rows = [dict(row, solution="AB"[i % 2]) for i, row in enumerate(mcq_rows(6))]
        for row in rows:
            del row["answer"]
        write_jsonl(self.dir / "set.jsonl", rows)
        write(
            self.dir / "set.jsonl.meta.json",
            {
                "abbr": "mine",
                "data_type": "mcq",
                "infer_method": "ppl",
                "human_prompt": "Q {question}\n",
                "output_column": "solution",
                "options": ["A", "B"],
            },
        )
        run = self.custom("set.jsonl").run
        prediction = run.predictions("mine")[0]
        self.assertEqual([name for name in prediction if name.startswith("label")], ["label: A", "label: B"])
        self.assertIn("Q Question number 0?", prediction["label: A"]["testing input"])
        self.assertEqual([p["gold"] for p in run.predictions("mine")], ["A", "B"] * 3)

    def test_meta_json_elsewhere(self):
        make_mcq(self.dir / "set.csv")
        write(self.dir / "other.json", {"human_prompt": "Choose: {question} "})
        run = self.custom("set.csv", "--custom-dataset-meta-path", "other.json").run
        self.assertTrue(run.predictions("set")[0]["origin_prompt"][0]["prompt"].startswith("Choose: Question number 0?"))

    def test_mistakes(self):
        make_mcq(self.dir / "set.csv")
        write(self.dir / "typo.json", '{\n"humanprompt": "x"}')
        write_jsonl(self.dir / "few.jsonl", [{"question": "?", "A": "x", "answer": "A"}])
        write(self.dir / "broken.jsonl", '{"question": "a", "answer": "b"}\n{"question": \n')
        for args, rc, words in (
            (["nowhere.csv"], DATA, ["nowhere.csv"]),
            (["set.csv", "--custom-dataset-meta-path", "typo.json"], DATA, ["typo.json:2", "humanprompt", "'human_prompt'"]),
            (["few.jsonl", "--custom-dataset-data-type", "mcq"], DATA, ["few.jsonl"]),
            (["set.csv", "--custom-dataset-data-type", "mqc"], USAGE, ["mqc"]),
            (["set.csv", "--custom-dataset-infer-method", "pll"], USAGE, ["pll"]),
        ):
            with self.subTest(" ".join(args)):
                self.assert_refused(self.custom(*args, expect=rc), rc, *words)
        outcome = self.custom("broken.jsonl", expect=DATA)
        self.assertRegex(outcome.stderr, r"broken\.jsonl.*2")

    def test_a_byte_order_mark_and_crlf_change_nothing(self):
        path = make_mcq(self.dir / "set.csv")
        plain = self.custom("set.csv").run.hashes()
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
        self.assertEqual(self.custom("set.csv").run.hashes(), plain)
