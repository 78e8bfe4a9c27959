"""Data sets that are cards over the loader `table`: OpenCompass' prompts to the byte, and what `sextant list` says of their data."""

import pathlib
import subprocess
import sys

from .harness import DATA, OK, PROGRAM, THIRD_PARTY, USAGE, ContractTest, write

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden/prompts"
# one of each shape: whole-file JSON, lists as rows, items of lists, labels beside, texts beside, shots, filters, whole prompts per label
SLICE = ("ARC_c_ppl", "CLUE_C3_gen", "CLUE_ocnli_ppl", "FewCLUE_csl_ppl", "SuperGLUE_MultiRC_gen", "SuperGLUE_WSC_gen", "hellaswag_gen",
         "mmlu_ppl", "obqa_gen", "piqa_ppl", "winogrande_5shot_ll", "agieval_cloze_gen", "gpqa_gen", "hellaswag_10shot_ppl")


class Datasets(ContractTest):
    def test_prompts_are_opencompass_own(self):
        """tools/acceptance/prompts.py does so for every card."""
        run = subprocess.run([sys.executable, ROOT / "tools/acceptance/prompts.py", "--sextant", PROGRAM, *SLICE], capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("%d cards" % len(SLICE), run.stderr)

    def data(self, *args):
        return {row["name"]: row for row in self.json_lines("list", "datasets", *args, "--json")}

    def test_list_says_where_data_are_and_which_are_missing(self):
        subprocess.run([sys.executable, GOLDEN / "make_data.py", self.dir / "own"], check=True)
        rows = self.data("--data-dir", "own")
        self.assertEqual((rows["piqa_gen"]["data"], rows["piqa_gen"]["folder"]), ("here", "own/data/piqa"))
        self.assertEqual(rows["mmlu_ppl"]["data"], "2 of 57")
        (self.dir / "own/data/piqa/dev-labels.lst").unlink()
        rows = self.data("--data-dir", "own", "piqa_gen", "SuperGLUE_COPA_gen")
        self.assertEqual((rows["piqa_gen"]["data"], rows["piqa_gen"]["folder"]), ("missing", "own/piqa/dev-labels.lst"))
        self.assertEqual(rows["SuperGLUE_COPA_gen"]["data"], "here")
        text = self.sextant("list", "datasets", "piqa_gen", "--data-dir", "nowhere").stdout
        self.assertIn("nowhere/piqa", text)

    def test_long_says_what_a_set_is_and_needs(self):
        outcome = self.sextant("list", "datasets", "mmlu_ppl", "--long")
        self.assert_rc(outcome, OK)
        for part in ("licence: MIT", "test/college_biology_test.csv", "examples by fix_k", "metrics: accuracy", "groups: mmlu-humanities"):
            self.assertIn(part, outcome.stdout)
        self.assert_rc(self.sextant("list", "models", "--long"), USAGE)

    def test_the_document_is_made_from_the_cards(self):
        run = subprocess.run([sys.executable, ROOT / "tools/datasets_doc.py", "--check"], capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_a_set_of_a_known_shape_is_fifteen_lines(self):
        write(self.dir / "rows.jsonl", '{"passages": [{"text": "p", "qas": [{"q": "why", "a": "B"}, {"q": "who", "a": "A"}]}]}\n')
        write(self.dir / "cards/mine.json", {
            "card": "dataset", "summary": "mine", "folder": ".", "abbr": "mine",
            "loader": {"type": "table", "file": "rows.jsonl", "unfold": ["passages", "qas"], "where": "a == 'B'"},
            "reader": {"input_columns": ["text", "q"], "output_column": "a"},
            "infer": {"template": {"type": "text", "prompt": "{text} {q}"}, "inferencer": {"type": "gen"}},
            "eval": {"metrics": [{"type": "accuracy"}]}, "provenance": {"about": "x", "licence": "mine"}})
        [row] = self.json_lines("prompt", "--datasets", "mine", "--config-dir", "cards", "--data-dir", ".", "--json", "--hf-type", "base",
                                "--backend", "sample", "--plugin-path", THIRD_PARTY)
        self.assertEqual(row["text"], "p why")

    def test_less_is_better_has_no_pass_at_k_and_is_said_of_an_average(self):
        for name in ("accuracy", "ter"):
            write(self.dir / f"cards/{name}.json", {
                "card": "dataset", "summary": name, "folder": ".", "loader": {"type": "table", "file": "rows.jsonl"},
                "reader": {"input_columns": ["q"], "output_column": "a"},
                "infer": {"template": {"type": "text", "prompt": "{q}"}, "inferencer": {"type": "gen", "max_out_len": 2}},
                "eval": {"metrics": [{"type": name}], "pass_at": [1]}})
        write(self.dir / "rows.jsonl", '{"q": "x", "a": "y z"}\n')
        write(self.dir / "cards/both.json", {"card": "dataset", "cards": ["accuracy", "ter"], "groups": [{"name": "mix", "members": ["accuracy", "accuracy", "ter"]}]})
        outcome = self.sextant("run", "--datasets", "both", "--repeat", "2", "--config-dir", "cards", "--data-dir", ".", "--backend", "sample", "--plugin-path", THIRD_PARTY)
        self.assert_rc(outcome, OK)
        self.assertRegex(outcome.stdout, r"accuracy +\S+ +pass@1")
        self.assertNotRegex(outcome.stdout, r"ter +\S+ +pass@1")
        self.assertIn('ter: "pass_at" is left out: less is better of ter', outcome.stderr)
        self.assertEqual(outcome.stderr.count("the group 'mix' names its member 'accuracy' twice"), 1)
        self.assertEqual((outcome.stdout + outcome.stderr).count("mix averages numbers of which more is better (accuracy) with numbers of which less is better (ter)"), 1)

    def test_a_collection_runs_what_has_data_and_lists_the_rest(self):
        for name in ("one", "two"):
            write(self.dir / f"cards/{name}.json", {
                "card": "dataset", "summary": name, "folder": ".", "abbr": f"c-{name}", "loader": {"type": "table", "file": f"{name}.jsonl"},
                "reader": {"input_columns": ["q"], "output_column": "a"},
                "infer": {"template": {"type": "text", "prompt": "{q}"}, "inferencer": {"type": "gen", "max_out_len": 2}},
                "eval": {"metrics": [{"type": "accuracy"}]}})
        write(self.dir / "one.jsonl", '{"q": "x", "a": "y"}\n')
        every = {"card": "dataset", "cards": ["one", "two"], "groups": [{"name": "all", "members": ["c-*"]}]}
        write(self.dir / "cards/every.json", {**every, "allow_missing": True})
        write(self.dir / "cards/strict.json", every)
        write(self.dir / "cards/self.json", {"card": "dataset", "cards": ["one", "self"]})
        write(self.dir / "cards/mixed.json", {"card": "dataset", "cards": ["one"], "folder": "x"})
        common = ("--config-dir", "cards", "--data-dir", ".", "--backend", "sample", "--plugin-path", THIRD_PARTY)
        outcome = self.sextant("run", "--datasets", "every", *common)
        self.assertRegex(outcome.stdout, r"c-one +\S+ +accuracy")
        self.assertRegex(outcome.stdout, r"c-two +\S+ +- +gen +missing")
        self.assert_rc(self.sextant("run", "--datasets", "every:c-one", *common), OK)
        self.assertIn("two", self.sextant("run", "--datasets", "strict", *common).stderr)
        self.assertIn("names itself", self.sextant("run", "--datasets", "self", *common).stderr)
        self.assertIn("beside", self.sextant("run", "--datasets", "mixed", *common).stderr)
        self.assertIn("no card and no data set", self.sextant("run", "--datasets", "every:three", *common).stderr)
