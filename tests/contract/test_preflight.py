"""What is found before a model is loaded: `run` and `--dry-run` say the same, once, and a refused run leaves no folder."""

import json
import os
import shutil
import unittest

from .data import SUBJECTS, inline_set, make_ceval, make_mcq, write_jsonl
from .harness import DATA, OK, USAGE, ContractTest, write


def altered(path, **parts):
    """inline_set with members of its "infer" and "eval" replaced."""
    card = inline_set(path)
    for name, value in parts.items():
        part = "eval" if name in ("postprocessors", "metrics", "reference_postprocessors", "filters") else "infer"
        card.setdefault(part, {})[name] = value
    return card


class Refused(ContractTest):
    """Mistakes of the configuration."""

    def setUp(self):
        super().setUp()
        make_mcq(self.dir / "set.jsonl")

    def both(self, config, *args, words, expect=DATA):
        """Both refuse with the same lines, of which one holds the words; no folder is made."""
        write(self.dir / "run.json", config)
        lines = []
        for more in ((), ("--dry-run",)):
            outcome = self.run_sample("run.json", *args, *more, expect=expect)
            self.assertEqual(outcome.stdout, "", outcome)
            self.assertEqual(self.run_folders(), [])
            errors = [line for line in outcome.stderr.splitlines() if "error:" in line]
            self.assertEqual(sum(all(word in line for word in words) for line in errors), 1, outcome)
            lines.append(errors)
        self.assertEqual(lines[0], lines[1])
        return lines[0]

    def test_scoring(self):
        dialogue = {"type": "dialogue", "round": [{"role": "HUMAN", "prompt": "{question}"}]}
        for parts, words in (
            ({"metrics": [{"type": "acuracy"}]}, ["acuracy", "'accuracy'"]),
            ({"metrics": []}, ["metric"]),
            ({"postprocessors": [{"type": "first_optoin"}]}, ["first_optoin", "'first_option'"]),
            ({"postprocessors": [{"type": "first_option", "option": "ABCD"}]}, ["option", "'options'"]),
            ({"postprocessors": [{"type": "regex", "pattern": "("}]}, ["regex", "("]),
            ({"reference_postprocessors": [{"type": "regex", "pattern": "[z-a]"}]}, ["regex", "[z-a]"]),
            ({"filters": {"a": [{"type": "first_option"}], "b": [{"type": "regex", "pattern": "*"}]}}, ["regex", "*"]),
            ({"inferencer": {"type": "gne"}}, ["gne", "'gen'"]),
            ({"inferencer": {"type": "gen", "tols": 1}}, ["tols"]),
            ({"retriever": {"type": "bm25", "ice_nmu": 2}}, ["ice_nmu", "ice_num"]),
            ({"template": {"type": "dialouge", "round": []}}, ["dialouge", "'dialogue'"]),
            ({"template": dict(dialogue, rounds=1)}, ["rounds"]),
            ({"metrics": [{"type": "accuracy"}, {"type": "accuracy"}]}, ["accuracy twice"]),
            ({"inferencer": {"type": "gen", "stop": [""]}}, ["stop has an empty text"]),
            ({"inferencer": {"type": "gen", "max_out_len": -1}}, ["max_out_len must be 1 or more"]),
            ({"template": {"type": "dialogue", "round": []}}, ["'round'", "at least 1"]),
            ({"template": {"type": "dialogue", "round": [{"role": "USER", "prompt": "{question}"}]}}, ["tiny: ", '"USER"', "HUMAN"]),
        ):
            with self.subTest(parts=parts):
                card = altered(self.dir / "set.jsonl", **parts)
                if "filters" in parts:
                    del card["eval"]["postprocessors"]
                self.both({"datasets": [card], "limit": 2}, words=words)

    def test_a_refused_component_is_refused_once(self):
        """What rests on it, a prompt or the letters that answers must be, is no second mistake."""
        for word, parts in (
            ("'round'", {"template": {"type": "dialogue", "round": []}}),
            ("labels", {"inferencer": {"type": "ppl"}}),
            ("'options'", {"postprocessors": [{"type": "first_option", "options": "abcd"}]}),
        ):
            with self.subTest(word):
                card = altered(self.dir / "set.jsonl", **parts)
                self.assertEqual(len(self.both({"datasets": [card]}, words=[word])), 1)
                outcome = self.run_sample("run.json", expect=DATA)
                self.assertNotIn("warning", outcome.stderr)

    def test_all_mistakes_at_once(self):
        card = altered(self.dir / "set.jsonl", metrics=[{"type": "acuracy"}], postprocessors=[{"type": "regex", "pattern": "("}])
        lines = self.both({"datasets": [card]}, words=["acuracy"])
        self.assertEqual(len(lines), 2, lines)

    def test_the_line_of_a_card_is_named(self):
        card = altered(self.dir / "set.jsonl", metrics=[{"type": "acuracy"}])
        text = json.dumps(dict(card, card="dataset"), indent=1)
        write(self.dir / "cards/lines.json", text)
        line = next(i for i, one in enumerate(text.splitlines(), 1) if '"acuracy"' in one)
        errors = self.both({"datasets": ["lines"]}, "--config-dir", "cards", words=["acuracy"])
        self.assertRegex(errors[0], r"lines\.json:%d: " % (line - 1))  # where the component begins

    def test_lengths(self):
        for args, words in (
            (("--max-out-len", "3", "--min-out-len", "4"), ["min_out_len is 4", "is 3"]),
            (("--max-seq-len", "64", "--max-out-len", "64"), ["64", "no room", "--max-out-len"]),
        ):
            with self.subTest(args=args):
                card = inline_set(self.dir / "set.jsonl")
                card["infer"]["inferencer"].pop("max_out_len", None)
                self.both({"datasets": [card]}, *args, words=words)

    def test_a_judge(self):
        judge = {
            "model": {"abbr": "judge", "backend": "sample"},
            "template": {"type": "dialogue", "round": [{"role": "HUMAN", "prompt": "{question} {prediction}"}]},
            "inferencer": {"type": "gen", "max_out_len": 4},
            "metrics": [{"type": "acuracy"}],
        }
        card = altered(self.dir / "set.jsonl")
        card["eval"]["judge"] = judge
        self.both({"datasets": [card]}, words=["acuracy"])

    def test_eval_refuses_before_the_run_is_touched(self):
        run = self.run_sample("--custom-dataset-path", "set.jsonl", "--limit", "2").run
        before = (run.path / "run.json").read_bytes()
        outcome = self.run_sample("--custom-dataset-path", "set.jsonl", "--limit", "2", "--metric", "acuracy", "-m", "eval", "-r", expect=DATA)
        self.assertIn("acuracy", outcome.stderr)
        self.assertEqual((run.path / "run.json").read_bytes(), before)


class Unfit(ContractTest):
    """What is wrong with the data of a set."""

    def said(self, *args, expect=DATA):
        """The same lines of errors by both; the run's outcome."""
        real = self.run_sample(*args, expect=expect)
        plan = self.run_sample(*args, "--dry-run", expect=expect)
        errors = [[line for line in outcome.stderr.splitlines() if "error:" in line] for outcome in (real, plan)]
        self.assertEqual(errors[0], errors[1])
        real.errors = errors[0]
        return real

    def test_52_subjects_without_a_folder_are_one_line(self):
        outcome = self.said("--datasets", "ceval_gen", "--data-dir", "nowhere")
        self.assertEqual(len(outcome.errors), 1, outcome)
        self.assertRegex(outcome.errors[0], r"52 data sets.*ceval/formal_ceval.*nowhere/ceval/formal_ceval.*--data-dir")
        self.assertNotIn("loaded in", outcome.stderr)
        self.assertEqual({task["status"] for task in outcome.run.record["tasks"]}, {"missing"})

    def test_files_that_lie_one_folder_up_are_found(self):
        make_ceval(self.dir / "made", subjects=["logic"])
        for name in ("unzipped", "half/formal_ceval"):
            with self.subTest(name):
                shutil.copytree(self.dir / "made/ceval/formal_ceval", self.dir / name)
                outcome = self.said("--datasets", "ceval_gen", "--data-dir", name.split("/")[0])
                self.assertEqual(len(outcome.errors), 1, outcome)
                self.assertRegex(outcome.errors[0], r"%s holds such files.*%s/ceval/formal_ceval" % (name, name.split("/")[0]))

    def test_missing_subjects_of_one_folder_are_one_line(self):
        make_ceval(self.dir, leave_out=SUBJECTS[3:])
        outcome = self.said("--datasets", "ceval_gen", "--data-dir", ".", "--limit", "1")
        self.assertEqual(len(outcome.errors), 1, outcome)
        self.assertIn("49 data sets", outcome.errors[0])
        self.assertEqual(sum(task["status"] == "complete" for task in outcome.run.record["tasks"]), 3)

    def test_rows(self):
        columns = dict(question="q", A="1", B="2", C="3", D="4", answer="A")
        for rows, words in (
            ([columns, {k: v for k, v in columns.items() if k != "B"}], ["B"]),
            ([columns, {**columns, "answer": "E"}], ["'E'"]),
        ):
            with self.subTest(words=words):
                write_jsonl(self.dir / "bad.jsonl", rows)
                write(self.dir / "run.json", {"datasets": [inline_set(self.dir / "bad.jsonl", abbr="bad")]})
                outcome = self.said("run.json")
                self.assertEqual(len(outcome.errors), 1, outcome)
                for word in words:
                    self.assertIn(word, outcome.errors[0])
                self.assertNotIn("loaded in", outcome.stderr)

    def test_rows_without_an_answer(self):
        write_jsonl(self.dir / "open.jsonl", [{"question": "q%d" % i, "answer": "x" if i else ""} for i in range(3)])
        given = {**inline_set(self.dir, abbr="open"), "loader": {"type": "table", "file": "open.jsonl"}}
        given["reader"] = {"input_columns": ["question"], "output_column": "answer", "test_split": "test"}
        given["infer"]["template"] = {"type": "text", "prompt": "{question}"}
        write(self.dir / "run.json", {"datasets": [given]})
        outcome = self.said("run.json")
        self.assertRegex(outcome.errors[0], "1 of 3 rows .* no answer in 'answer'.*-m infer")
        self.assertNotIn("loaded in", outcome.stderr)
        run = self.run_sample("run.json", "-m", "infer").run
        self.assertEqual(len(run.predictions("open")), 3)

    def test_a_failure_is_printed_once(self):
        write_jsonl(self.dir / "bad.jsonl", [{"question": "q", "answer": "x"}])
        make_mcq(self.dir / "good.jsonl")
        sets = [inline_set(self.dir / "bad.jsonl", abbr="bad"), inline_set(self.dir / "good.jsonl", abbr="good")]
        write(self.dir / "run.json", {"datasets": sets, "limit": 2})
        outcome = self.said("run.json")
        self.assertEqual(outcome.stderr.count(outcome.run.task("bad")["error"].removeprefix("bad: ")), 1, outcome)
        self.assertEqual(outcome.run.task("good")["status"], "complete")

    def test_a_sample_that_fails_is_printed_once(self):
        make_mcq(self.dir / "set.jsonl")
        write(self.dir / "run.json", {"datasets": [inline_set(self.dir / "set.jsonl")], "limit": 10})
        outcome = self.run_sample("run.json", "--model-kwargs", "fail_on=number 7", expect=DATA)
        self.assertEqual(outcome.stderr.count("1 of 10 samples failed"), 1, outcome)


class Warned(ContractTest):
    def test_answers_that_no_reply_can_hold(self):
        rows = [{"question": "q%d" % i, "answer": "a long answer of many words" if i else "no"} for i in range(4)]
        write_jsonl(self.dir / "set.jsonl", rows)
        for args in ((), ("--dry-run",)):
            outcome = self.run_sample("--custom-dataset-path", "set.jsonl", "--max-out-len", "5", *args)
            self.assertRegex(outcome.stderr, r"warning: set: 3 answers are longer .* 5 tokens")
        self.assertNotIn("longer", self.run_sample("--custom-dataset-path", "set.jsonl").stderr)

    def test_cards_that_cannot_mean_what_they_say(self):
        make_mcq(self.dir / "set.jsonl")
        question = "{question}\nA. {A}\nB. {B}\nC. {C}\nD. {D}\n"
        for parts, said in (
            ({"template": {"type": "dialogue", "round": [{"role": "HUMAN", "prompt": "Answer: "}]}}, "asked with the same prompt"),
            ({"template": {"type": "dialogue", "round": [{"role": "HUMAN", "prompt": "{question}\nA. {A}\nB. {B}\nAnswer: "}]}}, "no prompt shows the options C, D"),
            ({"postprocessors": [{"type": "first_option", "options": "AB"}]}, r"\d of 8 answers .* not among the letters AB that first_option reads"),
            ({"retriever": {"type": "fix_k", "ids": [0, 1]}, "train_split": None}, "the examples are rows 0, 1 of the split 'test'"),
            ({"inferencer": {"type": "ppl"}, "template": {"type": "text", "labels": [{"label": x, "prompt": question} for x in "AB"]}, "postprocessors": []},
             "the labels A and B have the same text, so that B is never chosen"),
            ({"inferencer": {"type": "ppl"}, "template": {"type": "text", "labels": [{"label": "A", "prompt": question}]}, "postprocessors": []},
             "there is one label"),
            ({"template": {"type": "dialogue", "round": [{"role": "HUMAN", "prompt": "{question}\nA. {A\nB. {B}"}]}},
             r'the template has "\{A", which is no placeholder'),
            ({"template": {"type": "dialogue", "round": [{"role": "HUMAN", "prompt": "{question}\n{B} so \\\\boxed{A}"}]}},
             r'the template has "\{A\}" behind a formula.s sign, and it is filled in with the column A'),
            ({"retriever": {"type": "fix_k", "ids": [0, 1]}, "loader": {"type": "table", "files": {"dev": "set.jsonl", "test": "set.jsonl"}}},
             "examples of the split 'dev' repeat rows 0, 1 of the split 'test'"),
        ):
            with self.subTest(said=said):
                own = "train_split" in parts
                card = altered(self.dir / "set.jsonl", **{name: part for name, part in parts.items() if name not in ("train_split", "loader")})
                if own:
                    card["reader"].update(train_split="test", test_split="test")
                if "loader" in parts:
                    card.update(loader=parts["loader"], path=str(self.dir))
                    card["reader"].update(train_split="dev", test_split="test")
                write(self.dir / "run.json", {"datasets": [card], "limit": 8})
                for args in ((), ("--dry-run",)):
                    self.assertRegex(self.run_sample("run.json", *args).stderr, "warning: .*" + said)

    def test_votes_on_numbers_where_the_answers_are_letters(self):
        make_mcq(self.dir / "set.jsonl")
        card = altered(self.dir / "set.jsonl", inferencer={"type": "self_consistency", "temperature": 1})
        write(self.dir / "run.json", {"datasets": [card]})
        outcome = self.run_sample("run.json", "--dry-run", expect=DATA)
        self.assertIn("no reply would have a vote", outcome.stderr)

    def test_rows_that_repeat_an_earlier_one(self):
        rows = [{"question": "q%d" % (i % 3), "answer": "x"} for i in range(5)]
        write_jsonl(self.dir / "set.jsonl", rows)
        outcome = self.run_sample("--custom-dataset-path", "set.jsonl")
        self.assertRegex(outcome.stderr, r"warning: set: 2 rows repeat an earlier one.*row 3 repeats row 0")

    def test_ids_that_two_rows_have(self):
        """A file of the user's own is refused; of a benchmark it is said, unless the id names something else than a row."""
        rows = [{"id": "r%d" % i, "question": "q%d" % i, "answer": "x"} for i in range(8)]
        rows[5]["id"] = "r1"
        write_jsonl(self.dir / "set.jsonl", rows)
        outcome = self.run_sample("--custom-dataset-path", "set.jsonl", expect=DATA)
        self.assertIn("set.jsonl:6: the id 'r1' stands twice: set.jsonl:2 has it, too", outcome.stderr)
        write(self.dir / "run.json", {"datasets": [{
            "card": "dataset", "abbr": "set", "loader": {"type": "table", "file": "set.jsonl"}, "path": str(self.dir),
            "reader": {"input_columns": ["question"], "output_column": "answer", "train_split": "test", "test_split": "test"},
            "infer": {"template": {"type": "text", "prompt": "{question}"}, "inferencer": {"type": "gen", "max_out_len": 2}},
            "eval": {"metrics": [{"type": "exact_match"}]}}]})
        said = r'warning: set: row 1 and row 5 have the id "r1", and they are not the same'
        self.assertRegex(self.run_sample("run.json", "--dry-run").stderr, said)
        write_jsonl(self.dir / "set.jsonl", [{**row, "id": i // 2} for i, row in enumerate(rows)])
        self.assertNotIn("have the id", self.run_sample("run.json", "--dry-run").stderr)


class Estimates(ContractTest):
    def test_a_judge_costs_what_its_requests_cost_at_most(self):
        make_mcq(self.dir / "set.jsonl")
        card = altered(self.dir / "set.jsonl", inferencer={"type": "gen", "max_out_len": 8}, repeats=2)
        card["eval"]["judge"] = {
            "model": {"abbr": "judge", "backend": "sample"},
            "template": {"type": "dialogue", "round": [{"role": "HUMAN", "prompt": "{question}\n{prediction}"}]},
            "inferencer": {"type": "gen", "max_out_len": 4},
            "metrics": [{"type": "accuracy"}],
        }
        write(self.dir / "run.json", {"datasets": [card], "limit": 5})
        plans = {plan["model"]: plan for plan in self.run_sample("run.json", "--dry-run", "--json").lines()}
        [estimate] = plans["judge"]["estimates"]
        self.assertEqual([estimate["stage"]], plans["judge"]["later"])
        self.assertEqual((estimate["requests"], estimate["generated_tokens"]), (10, 40))
        run = self.run_sample("run.json").run
        judged = next(task for task in run.record["tasks"] if task.get("stage") == "judge")
        self.assertGreaterEqual(estimate["prompt_tokens"], judged["prompt_tokens"])
        self.assertLessEqual(estimate["prompt_tokens"] - estimate["reply_tokens"], judged["prompt_tokens"])
        self.assertIn("estimated", self.run_sample("run.json", "--dry-run").stdout)


class Messages(ContractTest):
    def test_the_hint_of_the_bare_program_works_as_printed(self):
        outcome = self.sextant()
        hint = [line.split()[1:] for line in outcome.stdout.splitlines() if line.startswith("  sextant ")]
        self.assertTrue(hint, outcome)
        self.assert_rc(self.sextant(*hint[0]), OK)
        for words in hint[1:]:
            where = words.index("--model-path") if "--model-path" in words else len(words)
            self.run_sample(*words[1:where])

    def test_nearest_names_of_plugins(self):
        for words, meant in (
            (("plugins", "list", "acuracy"), "'accuracy'"),
            (("plugins", "list", "metrics"), "'metric'"),
            (("plugins", "list", "metric:acuracy"), "'metric:accuracy'"),
            (("plugins", "list", "acuracy", "--json"), "'accuracy'"),
            (("plugins", "list", "metric", "acuracy"), "'accuracy'"),
            (("list", "plugins", "acuracy"), "'accuracy'"),
            (("list", "dataset"), "'datasets'"),
        ):
            with self.subTest(words=words):
                outcome = self.sextant(*words)
                self.assert_rc(outcome, USAGE)
                self.assertIn(meant, outcome.stderr)

    @unittest.skipIf(os.geteuid() == 0, "root may read everything")
    def test_a_folder_that_may_not_be_entered_is_not_missing(self):
        make_ceval(self.dir, subjects=["logic"])
        os.chmod(self.dir / "ceval", 0)
        self.addCleanup(os.chmod, self.dir / "ceval", 0o755)
        outcome = self.run_sample("--datasets", "ceval_gen:logic", "--data-dir", ".", expect=DATA)
        self.assertIn("permission", outcome.stderr)
