"""`sextant prompt` shows byte for byte what the model is sent: the same texts as a run's predictions and samples hold."""

import pathlib

from .data import inline_set, make_ceval, make_mcq
from .harness import DATA, OK, THIRD_PARTY, USAGE, ContractTest, write


class Prompt(ContractTest):
    BACKEND = ("--backend", "sample", "--plugin-path", THIRD_PARTY)

    def lines(self, *args):
        rows = self.json_lines("prompt", *args, "--json", *self.BACKEND)
        for row in rows[:10]:
            self.assert_schema(row, "prompt_line")
        return rows

    def test_gen_equals_the_samples_and_the_predictions(self):
        make_ceval(self.dir)
        args = ("--datasets", "ceval_gen", "--data-dir", ".", "--limit", "1", "--system-prompt", "Only a letter.")
        run = self.run_sample(*args).run
        rows = self.lines(*args)
        self.assertEqual(len(rows), 52)
        for row in rows:
            line = next(line for line in run.samples(row["dataset"]) if line["index"] == row["index"])
            self.assertEqual(row["messages"], line["messages"])
            self.assertEqual(line["prompt_tokens"], len(row["tokens"]))
            turns = run.predictions(row["dataset"])[row["index"]]["origin_prompt"]
            roles = {"HUMAN": "user", "BOT": "assistant", "SYSTEM": "system"}
            self.assertEqual(row["messages"], [{"role": roles[t["role"]], "content": t["prompt"]} for t in turns])
            self.assertNotIn("label", row)
            self.assertNotIn("prompt", row)

    def test_ppl_has_a_line_for_each_label(self):
        args = ("--datasets", "ceval_xyj_ppl", "--limit", "2")
        run = self.run_sample(*args).run
        rows = self.lines(*args)
        self.assertEqual([(row["index"], row["label"]) for row in rows], [(i, x) for i in range(2) for x in "ABCD"])
        for row in rows:
            self.assertEqual(row["text"], run.predictions("ceval-xyj")[row["index"]]["label: " + row["label"]]["testing input"])
            self.assertEqual(row["prompt"], row["text"])

    def test_loglikelihood_has_a_line_for_each_continuation(self):
        make_mcq(self.dir / "set.jsonl")
        write(self.dir / "run.json", {"datasets": [inline_set(self.dir / "set.jsonl", method="loglikelihood")], "limit": 1})
        run = self.run_sample("run.json").run
        for row in self.lines("run.json"):
            self.assertEqual(row["text"], run.predictions("tiny")[0]["label: " + row["label"]]["testing input"])

    def test_tokens_are_those_of_the_text(self):
        for row in self.lines("--datasets", "ceval_xyj_gen", "ceval_xyj_ppl", "--limit", "1"):
            body = list(row["text"].encode("utf-8"))
            self.assertEqual(
                row["tokens"], body if "messages" in row else [256] + body
            )  # <|bos|>: the chat template adds its own

    def test_both_in_one_command_have_the_names_of_the_run(self):
        rows = self.lines("--datasets", "ceval_xyj_gen", "ceval_xyj_ppl", "--limit", "1")
        self.assertEqual([row["dataset"] for row in rows], ["ceval-xyj"] + ["ceval-xyj_ppl"] * 4)

    def test_one_index(self):
        for row in self.lines("--datasets", "ceval_xyj_gen", "ceval_xyj_ppl", "-n", "17"):
            self.assertEqual(row["index"], 17)
        outcome = self.sextant("prompt", "--datasets", "ceval_xyj_gen", "-n", "9999", *self.BACKEND)
        self.assertEqual(outcome.rc, USAGE, outcome)
        self.assertIn("9999", outcome.stderr)

    def test_limit_counts_per_set_and_without_it_all_are_shown(self):
        make_mcq(self.dir / "set.jsonl")
        write(self.dir / "run.json", {"datasets": [inline_set(self.dir / "set.jsonl"), "ceval_xyj_gen"]})
        self.assertEqual([row["dataset"] for row in self.lines("run.json", "--limit", "2")], ["tiny"] * 2 + ["ceval-xyj"] * 2)
        self.assertEqual([row["dataset"] for row in self.lines("run.json")], ["tiny"] * 10 + ["ceval-xyj"] * 205)

    def test_text_holds_the_prompt_as_it_is(self):
        [row] = self.lines("--datasets", "ceval_xyj_gen", "-n", "3")
        outcome = self.sextant("prompt", "--datasets", "ceval_xyj_gen", "-n", "3", *self.BACKEND)
        self.assert_rc(outcome, OK)
        self.assertIn(row["text"], outcome.stdout)
        self.assertNotIn(" ".join(map(str, row["tokens"][:9])), outcome.stdout)
        outcome = self.sextant("prompt", "--datasets", "ceval_xyj_gen", "-n", "3", "--tokens", *self.BACKEND)
        self.assertIn(" ".join(map(str, row["tokens"])), outcome.stdout)
        self.assertIn("%d tokens" % len(row["tokens"]), outcome.stdout)

    def test_no_model_runs_and_nothing_is_written(self):
        self.lines("--datasets", "ceval_xyj_gen", "--limit", "3", "--model-kwargs", "crash_on=a", "delay_ms=5000")
        self.assertFalse((self.dir / "outputs").exists())

    def test_an_agents_instructions_and_tools_are_shown_as_they_are_sent(self):
        make_mcq(self.dir / "set.jsonl")
        for protocol, system in (("react", []), ("react", ["--system-prompt", "Be brief."]), ("calls", [])):
            with self.subTest(protocol=protocol, system=system):
                given = inline_set(self.dir / "set.jsonl")
                given["infer"]["inferencer"] = {"type": "agent", "protocol": protocol}
                write(self.dir / "run.json", {"datasets": [given], "limit": 1})
                args = ("run.json", *system)
                run = self.run_sample(*args).run
                [row], [line] = self.lines(*args), run.samples("tiny")
                self.assert_schema(line, "samples_line")
                self.assertEqual(row["messages"], line["messages"][: len(row["messages"])])
                if protocol == "react":
                    self.assertIn("calculator: ", row["messages"][0]["content"])
                    self.assertEqual(row["messages"][0]["role"], "system" if system else "user")
                    self.assertNotIn("tools", row)
                else:
                    self.assertEqual(row["tools"], line["tools"])
                    self.assertEqual(row["tools"][0]["function"]["name"], "calculator")
                turns = run.predictions("tiny")[0]["origin_prompt"]
                self.assertEqual([t["prompt"] for t in turns], [m["content"] for m in row["messages"]])
                if protocol == "react":  # the first of several requests has these tokens
                    self.assertIn(row["messages"][0]["content"], row["text"])
                    self.assertGreaterEqual(line["prompt_tokens"], len(row["tokens"]))

    def test_examples_that_a_model_chooses(self):
        golden = pathlib.Path(__file__).resolve().parents[1] / "golden"
        encoder = {"card": "model", "abbr": "encoder", "backend": "cpu", "hf_path": str(golden / "embeddings/bert")}
        decoder = {"card": "model", "abbr": "decoder", "backend": "cpu", "model_path": str(golden / "tiny_llama.gguf"), "max_seq_len": 512}
        make_mcq(self.dir / "set.jsonl", 12)
        for retriever in ({"type": "topk", "ice_num": 2, "model": encoder},
                          {"type": "votek", "ice_num": 2, "model": encoder},
                          {"type": "dpp", "ice_num": 2, "candidate_num": 6, "model": encoder},
                          {"type": "mdl", "ice_num": 1, "candidate_num": 3, "select_time": 2, "model": decoder}):
            with self.subTest(retriever=retriever["type"]):
                given = inline_set(self.dir / "set.jsonl", method="ppl")
                given["infer"]["retriever"] = retriever
                write(self.dir / "run.json", {"datasets": [given], "limit": 3})
                run = self.run_sample("run.json").run
                rows = self.lines("run.json")
                self.assertEqual(len(rows), 12)
                for row in rows:
                    self.assertEqual(row["text"], run.predictions("tiny")[row["index"]]["label: " + row["label"]]["prompt"])
                    self.assertEqual(row["text"].count("Question number"), 1 + retriever["ice_num"])
                self.assertEqual(self.lines("run.json", "-n", "2"), [row for row in rows if row["index"] == 2])
        outcome = self.sextant("prompt", "run.json", "-n", "7", *self.BACKEND)
        self.assert_rc(outcome, USAGE)
        self.assertIn("tiny has no sample 7 among the 3 that are evaluated", outcome.stderr)
        encoder["hf_path"] = "nowhere"
        given["infer"]["retriever"] = {"type": "topk", "ice_num": 2, "model": encoder}
        write(self.dir / "run.json", {"datasets": [given, inline_set(self.dir / "set.jsonl", abbr="other")], "limit": 1})
        outcome = self.sextant("prompt", "run.json", *self.BACKEND)
        self.assertNotEqual(outcome.rc, OK)
        self.assertIn("nowhere", outcome.stderr)
        self.assertIn("| other |", outcome.stdout)  # which needs no model

    def test_compat_opencompass_ends_turns_with_a_line_feed_of_its_own(self):
        args = ("--datasets", "ceval_xyj_ppl", "-n", "0")
        self.assertNotEqual(
            [row["text"] for row in self.lines(*args)], [row["text"] for row in self.lines(*args, "--compat", "opencompass")]
        )

    def test_a_missing_subject_is_named_and_the_others_are_shown(self):
        make_ceval(self.dir, leave_out=["logic"])
        outcome = self.sextant("prompt", "--datasets", "ceval_gen", "--data-dir", ".", "-n", "0", "--json", *self.BACKEND)
        self.assertEqual(outcome.rc, DATA, outcome.stderr)
        self.assertEqual(len(outcome.lines()), 51)
        self.assertIn("ceval-logic", outcome.stderr)
