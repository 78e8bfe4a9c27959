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

    def test_each_row_is_asked_with_its_own_options(self):
        rows = [
            {"question": "q0", "A": "pilot", "B": "crew", "answer": "A"},
            {"question": "q1", "A": "baker", "B": "miller", "C": "guide", "answer": "C"},
            {"question": "q2", "A": "poet", "B": "bard", "C": None, "answer": "B"},
        ]
        write_jsonl(self.dir / "set.jsonl", rows)
        run = self.custom("set.jsonl").run
        prompts = [p["origin_prompt"][0]["prompt"] for p in run.predictions("set")]
        self.assertEqual(prompts[0], "q0\nA. pilot\nB. crew\nAnswer: ")
        self.assertEqual(prompts[1], "q1\nA. baker\nB. miller\nC. guide\nAnswer: ")
        self.assertEqual(prompts[2], "q2\nA. poet\nB. bard\nAnswer: ")
        run = self.custom("set.jsonl", "--custom-dataset-infer-method", "ppl").run
        labels = [[name for name in p if name.startswith("label")] for p in run.predictions("set")]
        self.assertEqual([len(names) for names in labels], [2, 3, 2])
        self.assertEqual([p["gold"] for p in run.predictions("set")], ["A", "C", "B"])

    def test_questions_without_answers_are_asked_and_not_scored(self):
        write_csv(self.dir / "open.csv", ["question"], [{"question": "What floats?"}, {"question": "Name a bird."}])
        run = self.custom("open.csv").run
        self.assertEqual(run.record["status"], "complete")
        self.assertEqual(len(run.predictions("open")), 2)
        self.assertEqual([(row["dataset"], row["metric"], row["sample"]) for row in run.csv()], [("open", "-", "not scored")])
        self.assertEqual(self.custom("open.csv", "-m", "infer").run.record["status"], "complete")

    def test_the_meta_json_that_opencompass_documents(self):
        fields = ["my_question", "X", "Y", "my_answer"]
        write_csv(self.dir / "set.csv", fields, [dict(zip(fields, ["Floats?", "iron", "cork", "Y"]))])
        meta = {
            "template": "Question: {my_question}\nX. {X}\nY. {Y}\nAnswer:",
            "input_columns": ["my_question", "X", "Y"],
            "output_column": "my_answer",
            "options": ["X", "Y"],
        }
        write(self.dir / "set.csv.meta.json", meta)
        prediction = self.custom("set.csv").run.predictions("set")[0]
        self.assertEqual(prediction["origin_prompt"][0]["prompt"], "Question: Floats?\nX. iron\nY. cork\nAnswer:")
        self.assertEqual(prediction["gold"], "Y")
        write(self.dir / "set.csv.meta.json", dict(meta, template="{my_qestion}"))
        self.assert_refused(self.custom("set.csv", expect=DATA), DATA, "my_qestion", "my_question")

    def test_answers_by_the_names_that_spreadsheets_give_them(self):
        for name in ("Correct Answer", "correct-answer", "Answer Key", "correctanswer"):
            with self.subTest(name):
                names = ["Question", "Option A", "Option B", name]
                write_csv(self.dir / "set.csv", names, [dict(zip(names, ["Floats?", "iron", "cork", "B"]))])
                self.assertEqual(self.custom("set.csv").run.predictions("set")[0]["gold"], "B")

    def test_a_column_that_may_hold_the_answers_is_asked_about(self):
        """Else the questions would be asked and not scored, with exit 0."""
        for name in ("Response", "solucion"):
            with self.subTest(name):
                names = ["question", "A", "B", name]
                write_csv(self.dir / "set.csv", names, [dict(zip(names, ["Floats?", "iron", "cork", "B"]))])
                self.assert_refused(self.custom("set.csv", expect=DATA), DATA, "no column 'answer'", name, "output_column")
                write(self.dir / "meta.json", {"output_column": name})
                outcome = self.custom("set.csv", "--custom-dataset-meta-path", "meta.json")
                self.assertEqual(outcome.run.predictions("set")[0]["gold"], "B")

    def test_options_that_are_no_letters(self):
        write_csv(self.dir / "set.csv", ["question", "1", "2", "answer"], [{"question": "q", "1": "cork", "2": "iron", "answer": "1"}])
        write(self.dir / "set.csv.meta.json", {"options": ["1", "2"]})
        run = self.custom("set.csv").run
        self.assertEqual(run.record["status"], "complete")
        self.assertIn("1. cork\n2. iron\n", run.predictions("set")[0]["origin_prompt"][0]["prompt"])

    def test_what_the_file_was_taken_for_is_said(self):
        write_jsonl(self.dir / "set.jsonl", [{"question": "q", "choices": ["x", "y"], "answer": "y", "source": "s"}])
        outcome = self.custom("set.jsonl")
        self.assertIn("set.jsonl: multiple choice, question: question, options: choices, answer: answer (options' texts); not used: source", outcome.stderr)

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

    def test_what_looks_wrong_in_rows_is_said(self):
        rows = ["question,A,B,C,answer", "q,iron,cork,lead,B", "r,iron,cork,lead,C"]
        for old, new, words in (
            ("answer\n", "answer,label\n", None),  # see below
            ("r,iron,cork,lead", "r,iron,cork,iron", ["set.csv:3", "options A and C have the same text"]),
            ("r,iron,cork", "r,nan,cork", ["set.csv:3", "option A is 'nan'", "leave the cell empty"]),
        ):
            text = "\n".join(rows) + "\n"
            if words is None:
                text = "question,A,B,C,answer,label\nq,iron,cork,lead,B,B\nr,iron,cork,lead,C,A\n"
                words = ["set.csv:3", "'answer' says C and 'label' A", "output_column"]
            else:
                text = text.replace(old, new)
            with self.subTest(" ".join(words)):
                write(self.dir / "set.csv", text)
                stderr = self.custom("set.csv").stderr
                for word in words:
                    self.assertIn(word, stderr)
        write(self.dir / "set.csv", "question,A,B,answer\nq,Iron,Cork,Iron\nr,Iron,Cork,cork\n")
        self.assert_refused(self.custom("set.csv", expect=DATA), DATA, "set.csv:3", "the text of option B, 'Cork', in case alone")
        for meta, words in (({"abbr": ""}, ["abbr", "is empty"]), ({"first_index": 1}, ["set.csv:2", "an option's label", "first_index"])):
            write(self.dir / "set.csv", "\n".join(rows) + "\n")
            write(self.dir / "meta.json", meta)
            self.assert_refused(self.custom("set.csv", "--custom-dataset-meta-path", "meta.json", expect=DATA), DATA, *words)
        write(self.dir / "set.jsonl", '{\n  "question": "q",\n  "answer": "a"\n}\n')
        self.assert_refused(self.custom("set.jsonl", expect=DATA), DATA, "set.jsonl:1", "each object in one line")

    def test_lists_in_the_cells_of_a_csv(self):
        """What is refused as JSON is refused where pandas or numpy wrote it into a CSV, and read where it is read."""
        for cell in ("['a1', 'b1']", '[""a1"", ""b1""]', "['a1' 'b1']", "{'text': array(['a1'], dtype=object), 'start': [1]}", "['a1']"):
            write(self.dir / "set.csv", 'question,answer\nq0,a0\nq1,"%s"\n' % cell)
            with self.subTest(cell):
                self.assert_refused(self.custom("set.csv", expect=DATA), DATA, "set.csv:3", "compared with one text")
        write(self.dir / "set.csv", "question,answer\nq0,\"[1, 2]\"\nq1,[x]\n")
        self.custom("set.csv")
        write(self.dir / "set.csv", "question,answer\n\"[{'role': 'user', 'content': 'q0'}]\",a0\n")
        self.assert_refused(self.custom("set.csv", expect=DATA), DATA, "set.csv:2", "a list of messages")
        write(self.dir / "set.csv", "question,choices,answer\nq0,['iron' 'cork'],cork\n")
        self.assertIn("options: choices, answer: answer (options' texts)", self.custom("set.csv").stderr)

    def test_options_that_are_verdicts(self):
        """"B. False" names an option and denies none, wherever the options stand in the row."""
        letters = [{"label": "A", "text": "True"}, {"label": "B", "text": "False"}]
        for name, options in (("letters", {"A": "True", "B": "False"}), ("columns", {"Option A": "True", "Option B": "False"}), ("list", {"endings": ["True", "False"]}),
                              ("objects", {"choices": letters}), ("bools", {"choices": [True, False]}), ("by letter", {"options": {"A": "True", "B": "False"}}),
                              ("in the question", {})):
            rows = [{"question": "q%d" % i + ("" if options else "\nA. True\nB. False"), **options, "answer": "AB"[i]} for i in range(2)]
            write_jsonl(self.dir / "set.jsonl", rows)
            write_jsonl(self.dir / "replies.jsonl", [{"dataset": "set", "index": i, "text": "B. False"} for i in range(2)])
            with self.subTest(name):
                outcome = self.sextant("run", "--custom-dataset-path", "set.jsonl", "--backend", "answers", "--model-kwargs", "file=replies.jsonl", "--json")
                self.assert_rc(outcome, 0)
                self.assertEqual(outcome.lines()[0]["rows"][0]["value"], 50.0)

    def test_a_byte_order_mark_and_crlf_change_nothing(self):
        path = make_mcq(self.dir / "set.csv")
        plain = self.custom("set.csv").run.hashes()
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
        self.assertEqual(self.custom("set.csv").run.hashes(), plain)
