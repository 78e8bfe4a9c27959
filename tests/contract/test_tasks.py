"""lm-eval's task files: what `sextant run --tasks` sends is lm-eval's to the byte. The texts were made by lm-eval 0.4.13 from the same files and rows."""

import json

from .harness import OK, THIRD_PARTY, USAGE, ContractTest, write

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
    "code.yaml": "include: choice.yaml\ntask: code\nprocess_docs: !function utils.f\n",
}


class Tasks(ContractTest):
    def setUp(self):
        super().setUp()
        for name, text in FILES.items():
            write(self.dir / "tasks" / name, text)
        write(self.dir / "tasks" / "common", COMMON)
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

    def test_list_says_of_each_whether_it_runs(self):
        lines = self.json_lines("list", "tasks", self.dir / "tasks", "--json")
        self.assertEqual({line["task"]: line["verdict"] for line in lines if "task" in line},
                         {**{name[:-5]: "runs" for name in FILES if name != "both.yaml"}, "code": "code"})
