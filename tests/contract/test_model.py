"""`sextant model`: JSON lines in, one JSON line out for each, in order, with the sample backend (whose tokens are bytes)."""

import json
import math

from .harness import DATA, OK, THIRD_PARTY, ContractTest, write

BACKEND = ("--backend", "sample", "--plugin-path", THIRD_PARTY)
TEXTS = ["Hello", "", "天空 A", "a<|eos|>b", 'line\nbreak\t"quoted" \\']


class ModelTest(ContractTest):
    def look(self, verb, lines, *args, **options):
        rows = self.json_lines("model", verb, *args, *BACKEND, lines=lines, **options)
        self.assertEqual(len(rows), len(lines))
        return rows


class Tokens(ModelTest):
    def test_there_and_back(self):
        ids = [row["ids"] for row in self.look("tokenize", [{"text": text} for text in TEXTS])]
        self.assertEqual(ids[0], list(b"Hello"))
        self.assertEqual(ids[1], [])
        self.assertEqual(ids[3], [ord("a"), 257, ord("b")])
        self.assertEqual([row["text"] for row in self.look("detokenize", [{"ids": one} for one in ids])], TEXTS)

    def test_special_tokens_only_when_asked(self):
        [row] = self.look("tokenize", [{"text": "x"}], "--add-special-tokens")
        self.assertEqual(row["ids"], [256, ord("x")])
        [row] = self.look("tokenize", [{"text": "<|eos|>"}], "--split-special-tokens")
        self.assertEqual(row["ids"], list(b"<|eos|>"))

    def test_input_from_a_file_and_json_beside(self):
        write(self.dir / "in.jsonl", '{"text": "a"}\n\n{"text": "b"}\n')
        rows = self.json_lines("model", "tokenize", "--input", "in.jsonl", "--json", *BACKEND)
        self.assertEqual(rows, [{"ids": [97]}, {"ids": [98]}])

    def test_a_token_that_is_none(self):
        outcome = self.sextant("model", "detokenize", *BACKEND, stdin='{"ids": [300]}\n')
        self.assertEqual(outcome.rc, DATA, outcome)
        self.assertIn("300", outcome.stderr)


class Score(ModelTest):
    def test_sums_counts_and_forms(self):
        lines = [{"prefix": "The answer is: ", "continuations": ["A", "BC"]}, {"prefix": "x", "continuations": ["天"]}]
        rows = self.look("score", lines)
        for line, row in zip(lines, rows):
            self.assertEqual(len(row["scores"]), len(line["continuations"]))
            for text, score in zip(line["continuations"], row["scores"]):
                self.assertEqual(set(score), {"logprob", "tokens", "greedy", "token_logprobs", "total_logprob", "total_tokens"})
                self.assertEqual(score["tokens"], len(text.encode()))
                self.assertEqual(len(score["token_logprobs"]), score["tokens"])
                self.assertAlmostEqual(sum(score["token_logprobs"]), score["logprob"], delta=1e-5 * score["tokens"])
                self.assertEqual(score["total_tokens"], 1 + len((line["prefix"] + text).encode()))
                self.assertLess(score["total_logprob"], score["logprob"])
                self.assertIsInstance(score["greedy"], bool)

    def test_probabilities_of_all_next_tokens_sum_to_at_most_one(self):
        [row] = self.look("score", [{"prefix": "Q: ", "continuations": [chr(c) for c in range(1, 127)]}])
        self.assertLessEqual(sum(math.exp(score["logprob"]) for score in row["scores"]), 1 + 1e-9)
        self.assertEqual(sum(score["greedy"] for score in row["scores"]), 1)

    def test_a_score_does_not_depend_on_what_stands_beside_it(self):
        both = self.look("score", [{"prefix": "a", "continuations": ["b", "c"]}, {"prefix": "a", "continuations": ["c"]}])
        [alone] = self.look("score", [{"prefix": "a", "continuations": ["c"]}])
        self.assertEqual(both[0]["scores"][1], alone["scores"][0])
        self.assertEqual(both[1], alone)

    def test_an_empty_prefix_is_scored_after_the_begin_token(self):
        [row] = self.look("score", [{"prefix": "", "continuations": ["ab"]}])
        self.assertEqual((row["scores"][0]["tokens"], row["scores"][0]["total_tokens"]), (2, 3))
        self.assertAlmostEqual(row["scores"][0]["logprob"], row["scores"][0]["total_logprob"])


class Generate(ModelTest):
    def test_prompt_and_messages(self):
        rows = self.look(
            "generate", [{"prompt": "What?"}, {"messages": [{"role": "user", "content": "What"}]}], "--max-out-len", "6"
        )
        for row in rows:
            self.assertEqual(set(row), {"text", "ids", "prompt_tokens", "finish"})
            self.assertIn(row["finish"], ("eos", "stop", "length"))
            self.assertEqual(bytes(row["ids"]).decode(), row["text"])
        self.assertEqual(rows[0]["prompt_tokens"], 1 + len("What?"))
        self.assertEqual(rows[1]["prompt_tokens"], len("<|user|>\nWhat\n<|assistant|>\n"))

    def test_length_and_stop(self):
        [row] = self.look("generate", [{"prompt": "noise"}], "--max-out-len", "9")
        self.assertEqual((len(row["ids"]), row["finish"]), (9, "length"))
        [cut] = self.look("generate", [{"prompt": "noise"}], "--max-out-len", "9", "--stop-words", row["text"][4])
        self.assertEqual(cut["text"], row["text"][: row["text"].index(row["text"][4])])
        self.assertEqual(cut["finish"], "stop")

    def test_one_bad_request_fails_alone(self):
        outcome = self.sextant(
            "model", "generate", "--model-kwargs", "fail_on=bad", *BACKEND, stdin='{"prompt": "bad?"}\n{"prompt": "good?"}\n'
        )
        self.assertEqual(outcome.rc, DATA, outcome)
        rows = outcome.lines()
        self.assertIn("error", rows[0])
        self.assertIn("text", rows[1])


class Chat(ModelTest):
    def test_text_or_error_for_each(self):
        turns = [{"role": "user", "content": "Hi"}]
        rows = self.look(
            "chat",
            [
                {"messages": turns, "add_generation_prompt": True},
                {"messages": turns, "add_generation_prompt": False},
                {"messages": [{"role": "user"}], "add_generation_prompt": True},
            ],
        )
        self.assertEqual(rows[0], {"text": "<|user|>\nHi\n<|assistant|>\n"})
        self.assertEqual(rows[1], {"text": "<|user|>\nHi\n"})
        self.assertEqual(list(rows[2]), ["error"])


class Info(ModelTest):
    def test_json_is_one_object(self):
        outcome = self.sextant("model", "info", "--json", *BACKEND)
        self.assert_rc(outcome, OK)
        [info] = outcome.lines()
        self.assertEqual((info["family"], info["context_length"]), ("sample", 4096))
        self.assertRegex(info["weights_sha256"], "^[0-9a-f]{64}$")
        self.assertIn("context_length", self.sextant("model", "info", *BACKEND).stdout)

    def test_max_seq_len(self):
        [info] = self.json_lines("model", "info", "--json", "--max-seq-len", "99", *BACKEND)
        self.assertEqual(info["context_length"], 99)


class BadLines(ModelTest):
    def test_the_line_is_named_and_65(self):
        for verb, good, bad in (
            ("tokenize", {"text": "a"}, {"txt": "a"}),
            ("detokenize", {"ids": [1]}, {"ids": ["1"]}),
            ("score", {"prefix": "a", "continuations": ["b"]}, {"prefix": "a"}),
            ("generate", {"prompt": "a"}, {"prompt": 1}),
        ):
            for line in (json.dumps(bad), "{", "[]", '"text"'):
                with self.subTest("%s %s" % (verb, line)):
                    stdin = json.dumps(good) + "\n" + line + "\n"
                    self.assert_refused(self.sextant("model", verb, *BACKEND, stdin=stdin), DATA, "line 2")

    def test_lines_are_counted_with_the_blank_ones(self):
        for line in ('{"text": 1}', "{"):
            self.assert_refused(
                self.sextant("model", "tokenize", *BACKEND, stdin='{"text": "a"}\n\n\n' + line + "\n"), DATA, "line 4"
            )

    def test_no_input_file(self):
        self.assert_refused(self.sextant("model", "tokenize", "--input", "nowhere.jsonl", *BACKEND), DATA, "nowhere.jsonl")

    def test_no_input_at_all_is_no_output(self):
        self.assertEqual(self.look("tokenize", []), [])
