"""sextant check: faults that evaluation frameworks have shipped or users have fallen into, each planted into a sound data set
and found, with the row that shows it; and the sound set, of which nothing is said. Numbers are issues of lm-eval unless a name
stands before them."""

import json

from .checkpoints import make_family
from .data import write_jsonl
from .harness import DATA, OK, THIRD_PARTY, USAGE, ContractTest, read_json, write

ROWS = 24
WORDS = "river stone cloud bread candle window garden silver copper meadow lantern harbor".split()


def rows():
    return [
        {
            "question": "Which word is number %d of the list?" % i,
            "A": WORDS[i % 12],
            "B": WORDS[(i + 3) % 12],
            "C": WORDS[(i + 5) % 12],
            "D": WORDS[(i + 8) % 12],
            "passage": "List %d." % i,
            "answer": "ABCD"[i * 7 % 4],
            "number": str(100 + 7 * i),
            "solution": "First %d, then more.\nIn all %d.\n#### %d" % (i, 100 + 7 * i, 100 + 7 * i),
        }
        for i in range(ROWS)
    ]


def sound(folder, shots=True):
    """A set of choices that are generated, its examples from a split of their own."""
    question = "{question}\nA. {A}\nB. {B}\nC. {C}\nD. {D}\nAnswer:"
    turns = [{"role": "HUMAN", "prompt": question}, {"role": "BOT", "prompt": "{answer}"}]
    return {
        "abbr": "tiny",
        "loader": {"type": "table", "files": {"test": "test.jsonl", "train": "train.jsonl"}},
        "path": str(folder),
        "reader": {"input_columns": ["question", "passage"], "output_column": "answer", "train_split": "train", "test_split": "test"},
        "infer": {
            "retriever": {"type": "fix_k", "ids": [0, 1, 2, 3]} if shots else {"type": "zero"},
            "template": {"type": "dialogue", "round": turns},
            "inferencer": {"type": "gen"},
        },
        "eval": {"postprocessors": [{"type": "first_capital", "options": "ABCD"}], "metrics": [{"type": "accuracy"}]},
    }


def prompt(text, answer="{answer}"):
    def change(card, data):
        card["infer"]["template"]["round"] = [{"role": "HUMAN", "prompt": text}, {"role": "BOT", "prompt": answer}]

    return change


def scored(output=None, post=None, reference=None, metric=None):
    def change(card, data):
        if output:
            card["reader"]["output_column"] = output
        if post is not None:
            card["eval"]["postprocessors"] = post
        if reference:
            card["eval"]["reference_postprocessors"] = reference
        if metric:
            card["eval"]["metrics"] = [metric]

    return change


def each(**columns):
    def change(card, data):
        for i, row in enumerate(data["test"]):
            row.update({name: value(i, row) for name, value in columns.items()})

    return change


def inferencer(**keys):
    return lambda card, data: card["infer"]["inferencer"].update(keys)


def same_split(card, data):
    card["reader"]["train_split"] = "test"


def copied_split(card, data):
    data["train"] = [dict(row) for row in data["test"]]


def one_letter_examples(card, data):
    for row in data["train"]:
        row["answer"] = "B"


def with_key(card, data):
    for row in data["train"]:
        row["key"] = row["answer"]


NUMBER = {"type": "regex", "pattern": r"(\d+)", "match": "last"}
LAST = {"type": "regex", "pattern": r"#### (\d+)"}
STEPS = "{question} {passage}\nLet's think step by step."

# name, the changes, the finding, its severity
FAULTS = (
    ("OpenCompass #1933: a letter out of Let's", [prompt(STEPS + "\n{A} {B}\nAnswer with a letter."),
        scored(post=[{"type": "first_capital", "options": "ABCDEFGHIJKL"}])], "reasoning-misread", "any"),
    ("OpenCompass #1462: the first letter instead of the last", [prompt(STEPS + "\nA. {A} B. {B} C. {C} D. {D}")],
        "reasoning-misread", "any"),
    ("OpenCompass #1818: the first number instead of the last", [prompt(STEPS, "{number}"),
        scored("number", [{"type": "regex", "pattern": r"(\d+)"}])], "reasoning-misread", "any"),
    ("tpu-inference #2318: strict match, examples in another form", [prompt("{question} {passage}", "The answer is {number}."),
        scored("number", [LAST])], "example-form-unread", "error"),
    ("#1159: the prompt asks for a box, the filter reads ####", [prompt("{question} {passage} Put it into \\boxed{}.", "#### {number}"),
        scored("number", [LAST])], "asked-form-unread", "error"),
    ("GSM8K: the solution is the reference", [prompt("{question} {passage}", "{solution}"), scored("solution", [NUMBER])],
        "unreachable-answers", "error"),
    ("gold as an index, replies as letters", [each(answer=lambda i, row: i % 4)], "unreachable-answers", "error"),
    ("#3404: gold in lower case, the extractor in capitals", [each(answer=lambda i, row: row["answer"].lower())],
        "unreachable-answers", "error"),
    ("a fifth option that the extractor does not read", [each(answer=lambda i, row: "E" if i == 5 else row["answer"])],
        "unreachable-answers", "warning"),
    ("the item's own prompt ends with its answer", [each(key=lambda i, row: row["answer"]), with_key,
        prompt("{question} {A} {B} {C} {D}\nAnswer: {key}")], "answer-in-prompt", "error"),
    ("a column that goes with the answer in the question", [each(key=lambda i, row: "k" + row["answer"]), with_key,
        prompt("({key}) {question} {A} {B} {C} {D}\nAnswer:")], "answer-in-prompt", "error"),
    ("shots out of the evaluated split", [same_split], "question-among-examples", "any"),
    ("#1938: the train split is the test split again", [copied_split], "question-among-examples", "any"),
    ("examples that all say B", [one_letter_examples], "examples-one-answer", "warning"),
    ("a stop word inside of reasoned answers", [prompt("{question} {passage}", "{solution}"), scored("number", [LAST]),
        inferencer(stop=["\n"])], "stop-in-answer", "error"),
    ("a stop word inside of the answers", [each(number=lambda i, row: "the %s, of course" % WORDS[i % 12]),
        prompt("{question} {passage}", "{number}"), scored("number", []), inferencer(stop=[","])], "stop-in-answer", "error"),
    ("OpenCompass #1309: the reply's limit is below the examples", [prompt("{question} {passage}", "{solution}"),
        scored("number", [LAST]), inferencer(max_out_len=4)], "reply-too-short", "warning"),
    ("#2961: examples are dropped in silence", [inferencer(max_out_len=16)], "dropped-examples", "warning", "--max-seq-len", "300"),
    ("substring match: red is in a red car", [each(number=lambda i, row: ("red", "red car", "red car key")[i % 3]),
        prompt("{question} {passage}", "{number}"), scored("number", [], metric={"type": "contains"})], "wrong-answers-count", "error"),
    ("a filter's fallback is an answer", [scored(post=[{"type": "lm_eval_filter", "steps": [{"function": "regex",
        "regex_pattern": "([ABCD])", "fallback": "A"}, {"function": "take_first"}]}])], "empty-reply-counts", "error"),
    ("option columns mixed up", [lambda card, data: card["infer"].update(template={"type": "text", "prompt": "{question} {passage}",
        "continuations": [{"label": x, "text": " {%s}" % c} for x, c in zip("ABCD", "AABC")]}, inferencer={"type": "loglikelihood"})],
        "equal-options", "error"),
    ("OpenCompass #703: a test split whose answers are all A", [each(answer=lambda i, row: "A")], "one-answer", "warning"),
    ("the passage is missing from the prompt", [each(question=lambda i, row: "Which word is it?", A=lambda i, row: "x",
        B=lambda i, row: "y", C=lambda i, row: "z", D=lambda i, row: "w")], "contradicting-rows", "error"),
    ("repeats without sampling", [lambda card, data: card["infer"].update(repeats=4)], "equal-repeats", "warning"),
)  # fmt: skip


class Check(ContractTest):
    def check(self, card, data, *args, model=("--backend", "sample", "--chat-template", "none")):
        for split, lines in data.items():
            write_jsonl(self.dir / (split + ".jsonl"), lines)
        write(self.dir / "run.json", {"datasets": [card]})
        outcome = self.sextant("check", "run.json", *args, *model, "--plugin-path", THIRD_PARTY, "--json")
        self.assertIn(outcome.rc, (OK, DATA), outcome)
        [out] = outcome.lines()
        self.assertEqual(outcome.rc, DATA if out["errors"] else OK, outcome)
        return out["findings"]

    def planted(self, changes):
        card, data = sound(self.dir), {"test": rows(), "train": [dict(row, question=row["question"] + " (old)") for row in rows()[:6]]}
        for change in changes:
            change(card, data)
        return card, data

    def test_nothing_is_said_of_a_sound_set(self):
        findings = self.check(*self.planted([]))
        self.assertEqual([one for one in findings if one["severity"] != "note"], [])
        self.assertEqual(list(self.dir.glob("outputs")), [])

    def test_planted_faults(self):
        for name, changes, wanted, severity, *args in FAULTS:
            with self.subTest(name):
                findings = self.check(*self.planted(changes), *args)
                found = [one for one in findings if one["id"] == wanted]
                self.assertTrue(found, "%s\n%s" % (wanted, json.dumps(findings, indent=1, ensure_ascii=False)))
                if severity != "any":
                    self.assertEqual(found[0]["severity"], severity, found)
                self.assertTrue(found[0]["remedy"] and found[0]["text"], found)

    def test_templates_and_special_tokens(self):
        plain = "{% for m in messages %}{{ m.content }}\n{% endfor %}"
        instruct = make_family(self.dir / "tiny-instruct", "llama")
        tokenizer = read_json(instruct / "tokenizer.json")
        vocabulary = tokenizer["model"]["vocab"]
        vocabulary[" 1"] = vocabulary.pop(next(text for text in vocabulary if text.startswith("<1")))
        tokenizer["model"]["merges"] = [[" ", "1"]]
        begin = {"SpecialToken": {"id": "<s>", "type_id": 0}}
        tokenizer["post_processor"] = {
            "type": "TemplateProcessing",
            "single": [begin, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [begin, {"Sequence": {"id": "A", "type_id": 0}}, begin, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}},
        }
        write(instruct / "tokenizer.json", tokenizer)
        for name, template, args, wanted in (
            ("#2676: no BOS", plain, (), "missing-bos"),
            ("open-r1 #462: marks of another model", "{{ bos_token }}<|im_start|>" + plain, (), "unknown-marks"),
            ("a system prompt that the template drops", "{{ bos_token }}{{ messages[-1].content }}", ("--system-prompt", "Be short."), "message-lost"),
            ("ukrainian-llm-leaderboard #5: BOS twice", None, (), "double-bos"),
            ("OpenCompass #1557: no chat template", None, (), "no-chat-template"),
            ("#1053: a blank at the end of the prompt", None, (), "split-token"),
        ):  # fmt: skip
            with self.subTest(name):
                card, data = self.planted([])
                if template:
                    write(self.dir / "chat.jinja", template)
                    args = (*args, "--chat-template", self.dir / "chat.jinja")
                if wanted == "double-bos":
                    prompt("<s>{question} {A} {B} {C} {D}\nAnswer:")(card, data)
                if wanted == "split-token":
                    prompt("{question} {passage}\nAnswer: ", "{number}")(card, data)
                    scored("number", [])(card, data)
                findings = self.check(card, data, *args, model=("--hf-path", instruct))
                self.assertIn(wanted, [one["id"] for one in findings], json.dumps(findings, indent=1))

    def test_text_names_the_row_and_the_remedy(self):
        card, data = self.planted([each(key=lambda i, row: row["answer"]), with_key, prompt("{question} {A}\nAnswer: {key}")])
        for split, lines in data.items():
            write_jsonl(self.dir / (split + ".jsonl"), lines)
        write(self.dir / "run.json", {"datasets": [card]})
        outcome = self.sextant("check", "run.json", "--backend", "sample", "--chat-template", "none", "--plugin-path", THIRD_PARTY)
        self.assert_rc(outcome, DATA)
        self.assertRegex(outcome.stdout, r"(?s)error: tiny: [^\n]*\[answer-in-prompt\]\n  one ends with [^\n]*\n  -> ")
        self.assertIn("1 data set checked", outcome.stdout)

    def test_data_that_are_missing_are_an_error_unless_allowed(self):
        write(self.dir / "run.json", {"datasets": [{k: v for k, v in dict(sound(self.dir), folder="nowhere").items() if k != "path"}]})
        for args, rc in (((), DATA), (("--allow-missing",), OK)):
            outcome = self.sextant("check", "run.json", "--backend", "sample", "--plugin-path", THIRD_PARTY, *args)
            self.assert_rc(outcome, rc)


class Panel(ContractTest):
    """sextant check RUN: replies of a run under several extractors, against -m eval with each of them."""

    REPLIES = ["B", "The answer is C, not A.", "A or B? I choose B, because D is wrong.", "I cannot say.", "Answer: D\nbut C is near"]

    def setUp(self):
        super().setUp()
        lines = [dict(row, answer="BCBAD"[i % 5]) for i, row in enumerate(rows())]
        write_jsonl(self.dir / "test.jsonl", lines)
        write_jsonl(self.dir / "train.jsonl", lines[:4])
        card = sound(self.dir, shots=False)
        scored = json.loads(json.dumps(card))
        scored.update(abbr="scored")
        scored["infer"]["template"] = {"type": "text", "labels": [{"label": x, "prompt": "{question} " + x} for x in "ABCD"]}
        scored["infer"]["inferencer"] = {"type": "ppl"}
        scored["eval"]["postprocessors"] = []
        write(self.dir / "run.json", {"datasets": [card, scored]})
        self.made = self.run_sample("run.json").run
        predictions = self.made.file("predictions", "tiny")
        attempts = read_json(predictions)
        for i, attempt in enumerate(attempts.values()):
            attempt["prediction"] = self.REPLIES[i % len(self.REPLIES)]
        write(predictions, attempts)

    def test_each_score_is_that_of_a_run_with_that_extractor(self):
        before = {path: path.read_bytes() for path in self.made.path.rglob("*") if path.is_file()}
        [out] = self.json_lines("check", self.made.path, "--plugin-path", THIRD_PARTY, "--json")
        self.assertEqual(before, {path: path.read_bytes() for path in self.made.path.rglob("*") if path.is_file()})
        [panel] = out["panels"]
        self.assertEqual([one["dataset"] for one in out["refused"]], ["scored"])
        self.assertEqual([one["extractor"] for one in panel["extractors"]], ["its own (first_capital)", "first_option", "last_option"])
        scores, samples = [], []
        for name in ("first_capital", "first_option", "last_option"):
            self.run_sample("run.json", "-m", "eval", "-r", "--extractor", name + ':{"options": "ABCD"}')
            scores.append(self.made.results("tiny")["accuracy"])
            samples.append([line["scores"]["accuracy"] for line in self.made.samples("tiny")])
        self.assertEqual([one["score"] for one in panel["extractors"]], scores)
        self.assertEqual((panel["score"], panel["low"], panel["high"]), (scores[0], min(scores), max(scores)))
        self.assertLess(panel["low"], panel["high"])
        self.assertEqual(panel["rows"], [i for i, values in enumerate(zip(*samples)) if len(set(values)) > 1])
        text = self.sextant("check", self.made.path, "--plugin-path", THIRD_PARTY).stdout
        self.assertIn("over 3 extractors", text)
        self.assertIn("scored: not read again: its labels are scored", text)

    def test_extractors_that_are_named_and_mistakes(self):
        [out] = self.json_lines("check", self.made.path, "--dataset", "tiny", "--extractor", 'regex:{"pattern": "([A-D])[^A-D]*$"}', "last_option", "--json")
        self.assertEqual([one["extractor"] for one in out["panels"][0]["extractors"]], ["its own (first_capital)", "regex", "last_option"])
        for args, rc, word in (
            (("--extractor", "nothing"), USAGE, "nothing"),
            (("--dataset", "scored"), DATA, "no replies"),
            (("--dataset", "none"), USAGE, "none"),
            (("--limit", "3"), USAGE, "--limit"),
        ):
            with self.subTest(args):
                outcome = self.sextant("check", self.made.path, *args)
                self.assert_rc(outcome, rc)
                self.assertIn(word, outcome.stderr)
