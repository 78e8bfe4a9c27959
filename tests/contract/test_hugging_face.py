"""A Hugging Face folder as users have them: an InternLM2 chat model, with the command that OpenCompass' users know."""

import hashlib
import pathlib
import shlex
import shutil
import struct
import tempfile

from .checkpoints import CHAT_TEMPLATE, INTERNLM2_VOCAB, TURN_END, TURN_START, make_internlm2
from .data import SUBJECTS, make_ceval
from .harness import DATA, OK, REAL_DATA, UNAVAILABLE, ContractTest, RunFolder, needs_real_data

# as the contract has it, DIR included
COMMAND = r"""
    sextant run --datasets ceval_gen --hf-path DIR/internlm2-chat-1_8b --tokenizer-path DIR/internlm2-chat-1_8b
      --tokenizer-kwargs padding_side='left' truncation='left' trust_remote_code=True
      --model-kwargs device_map='auto' trust_remote_code=True
      --max-seq-len 1024 --max-out-len 16 --batch-size 2 --num-gpus 1 --debug
"""
ARGS = shlex.split(COMMAND)[1:]
MODEL = "DIR/internlm2-chat-1_8b"
GROUPS = ["ceval-stem", "ceval-social-science", "ceval-humanities", "ceval-other", "ceval-hard", "ceval"]


def warnings(outcome):
    return [line for line in outcome.stderr.splitlines() if line.startswith("sextant: warning: ")]


@needs_real_data("tokenizers/internlm2.tokenizer.model")
class InternLM2(ContractTest):
    @classmethod
    def setUpClass(cls):
        cls.models = pathlib.Path(tempfile.mkdtemp(prefix="sextant-models-"))
        cls.addClassCleanup(shutil.rmtree, cls.models, ignore_errors=True)
        make_internlm2(cls.models / "internlm2-chat-1_8b")

    def setUp(self):
        super().setUp()
        (self.dir / "DIR").symlink_to(self.models)

    def command(self, *more, expect=OK, verb="run"):
        outcome = self.sextant(verb, *ARGS[1:], *more)
        self.assert_rc(outcome, expect)
        return outcome

    def prompts(self, *more):
        return self.command("--json", "-n", "0", *more, verb="prompt").lines()

    def look(self, verb, *args, lines=()):
        return self.json_lines("model", verb, *args, lines=lines)


class Run(InternLM2):
    def test_the_command_as_it_stands(self):
        make_ceval(self.dir / "data", val_rows=2)
        outcome = self.command()
        self.assertEqual(len(warnings(outcome)), 3, outcome)
        for word in ("--num-gpus", "device_map", "trust_remote_code"):
            self.assertEqual(sum(word in line for line in warnings(outcome)), 1, outcome)
        [folder] = self.run_folders()
        run = RunFolder(folder)
        self.assert_schema(run.record, "run_json")
        self.assertEqual(run.record["status"], "complete")
        [model] = run.record["models"]
        self.assertEqual((model["abbr"], model["backend"]), ("internlm2-chat-1_8b_hf", "cpu"))
        self.assertEqual([task["dataset"] for task in run.record["tasks"]], ["ceval-" + subject for subject in SUBJECTS])
        rows = {row["dataset"]: row for row in run.csv()}
        self.assertEqual(set(rows), {"ceval-" + subject for subject in SUBJECTS} | set(GROUPS))
        for row in rows.values():
            self.assertTrue(0 <= float(row["internlm2-chat-1_8b_hf"]) <= 100, row)
        table = run.summary("txt").read_text(encoding="utf-8")
        self.assertTrue(outcome.stdout.startswith("dataset "), outcome)
        shown, replies, findings = outcome.stdout.strip().split("\n\n", 2)
        self.assertIn(shown, table)
        self.assertTrue(replies.startswith("internlm2-chat-1_8b_hf: 104 replies, "), replies)
        self.assertIn(findings, table)
        self.assertEqual(list(self.dir.glob("**/*_was_run")), [])

    @needs_real_data("ceval", "formal_ceval", "val")
    def test_on_half_of_the_subjects_the_others_are_one_line(self):
        (self.dir / "data").symlink_to(REAL_DATA)
        there = {path.name[: -len("_val.csv")] for path in pathlib.Path(REAL_DATA, "ceval/formal_ceval/val").glob("*_val.csv")}
        self.assertLess(len(there), len(SUBJECTS))
        outcome = self.command("--limit", "1", expect=DATA)
        said = outcome.stderr.splitlines()
        [first] = [line for line in said if "data sets (ceval-" in line]
        self.assertIn("%d data sets" % (len(SUBJECTS) - len(there)), first)
        self.assertLess(said.index(first), next(i for i, line in enumerate(said) if "has no average" in line))
        run = RunFolder(self.run_folders()[0])
        for subject in SUBJECTS:
            self.assertEqual(run.task("ceval-" + subject)["status"], "complete" if subject in there else "missing")
        self.assertIn("missing", outcome.stdout)

    def test_a_plan_without_computing(self):
        make_ceval(self.dir / "data", val_rows=2)
        [plan] = self.command("--dry-run", "--json").lines()
        self.assertEqual((plan["model"], plan["samples"]), ("internlm2-chat-1_8b_hf", 2 * len(SUBJECTS)))
        self.assertEqual(self.run_folders(), [])


class Prompt(InternLM2):
    def setUp(self):
        super().setUp()
        make_ceval(self.dir / "data", val_rows=1)

    def test_the_folders_own_template(self):
        for prompt in self.prompts():
            self.assertTrue(prompt["text"].startswith("<s><|im_start|>user\n"), prompt)
            self.assertTrue(prompt["text"].endswith("<|im_end|>\n<|im_start|>assistant\n"), prompt)
            self.assertEqual(prompt["tokens"][:2], [1, TURN_START])  # the template wrote <s>: no second one is added
            self.assertEqual((prompt["tokens"].count(TURN_START), prompt["tokens"].count(TURN_END)), (12, 11))

    def test_base_has_none(self):
        for prompt in self.prompts("--hf-type", "base"):
            self.assertNotIn("<|im_start|>", prompt["text"])
            self.assertEqual((prompt["tokens"][0], prompt["tokens"].count(1)), (1, 1))
            self.assertNotIn(TURN_START, prompt["tokens"])

    def test_opencompass_0_2_4_has_none_and_its_own_name(self):
        for prompt in self.prompts("--compat", "opencompass-0.2.4"):
            self.assertEqual(prompt["model"], "opencompass.models.huggingface.HuggingFace_DIR_internlm2-chat-1_8b")
            self.assertNotIn("<|im_start|>", prompt["text"])
            # every piece of the dialogue, examples too, is joined by one line feed
            self.assertNotIn("\n\n", prompt["text"])


class Look(InternLM2):
    def test_tokenize_and_back(self):
        text = "<|im_start|>user\n你好, hello\n<|im_end|>"
        for args in (["--hf-path", MODEL], ["--tokenizer-path", MODEL]):
            [row] = self.look("tokenize", *args, lines=[{"text": text}])
            self.assertEqual((row["ids"][0], row["ids"][-1]), (TURN_START, TURN_END))
            self.assertEqual(self.look("detokenize", *args, lines=[row]), [{"text": text}])
            [special] = self.look("tokenize", *args, "--add-special-tokens", lines=[{"text": text}])
            self.assertEqual(special["ids"], [1] + row["ids"])
            [split] = self.look("tokenize", *args, "--split-special-tokens", lines=[{"text": text}])
            self.assertNotIn(TURN_START, split["ids"])

    def test_a_tokenizer_that_is_not_there(self):
        self.assert_refused(self.sextant("model", "tokenize", "--tokenizer-path", "DIR/nowhere"), DATA, "'DIR/nowhere'")

    def test_generate(self):
        lines = [{"prompt": "hello"}, {"messages": [{"role": "user", "content": "hello"}]}]
        for row in self.look("generate", "--hf-path", MODEL, "--max-out-len", "3", lines=lines):
            self.assertTrue(len(row["ids"]) == 3 or row["finish"] == "eos", row)
            self.assertTrue(all(0 <= token < INTERNLM2_VOCAB for token in row["ids"]))

    def test_a_warning_of_the_backend_is_said_once(self):
        for verb, line in (("generate", '{"prompt": "a"}'), ("info", "")):
            outcome = self.sextant("model", verb, "--hf-path", MODEL, "--max-seq-len", "40000", "--max-out-len", "1", stdin=line)
            self.assert_rc(outcome, OK)
            self.assertEqual(["40,000" in line for line in warnings(outcome)], [True], outcome)

    def test_score(self):
        lines = [{"prefix": "one two", "continuations": [" three", " four"]}]
        [row] = self.look("score", "--hf-path", MODEL, lines=lines)
        # 92,544 ids and weights of no meaning: near the logarithm of their number
        for score in row["scores"]:
            self.assertAlmostEqual(score["total_logprob"] / (score["total_tokens"] - 1), -11.4, delta=1.0)

    def test_chat(self):
        line = {"messages": [{"role": "user", "content": "hello"}], "add_generation_prompt": True}
        [row] = self.look("chat", "--hf-path", MODEL, lines=[line])
        self.assertEqual(row["text"], "<s><|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n")

    def test_info(self):
        [info] = self.look("info", "--hf-path", MODEL, "--json")
        self.assert_schema(info, "model_info")
        self.assertEqual((info["family"], info["vocab_size"], info["architecture"]["vocab"]), ("internlm2", 92544, 92544))
        self.assertEqual(info["chat_template_sha256"], hashlib.sha256(CHAT_TEMPLATE.encode()).hexdigest())
        self.assertEqual([end["id"] for end in info["end_of_generation"]], [2, TURN_END])
        self.assertTrue(info["add_bos"])
        stored = pathlib.Path(self.dir, MODEL, "model.safetensors").read_bytes()
        self.assertEqual(info["memory"]["weights_bytes"]["stored"], len(stored) - 8 - struct.unpack("<Q", stored[:8])[0])
        self.assertEqual(info["parameters"] * 2, info["memory"]["weights_bytes"]["stored"])
        # that its padding ends a text is all there is to say
        self.assertEqual((info["looks_wrong"], ["pad_token" in line for line in info["notes"]]), ([], [True]))
        text = self.sextant("model", "info", "--hf-path", MODEL).stdout
        for line in (r"^family +internlm2$", r"^  ropes .*dynamic NTK", r"^parameters +5,938,336$"):
            self.assertRegex(text, "(?m)" + line)

    def test_a_model_that_does_not_fit_is_described_all_the_same(self):
        outcome = self.sextant("model", "info", "--hf-path", MODEL, "--json", "--model-kwargs", "memory=1000000")
        self.assert_rc(outcome, UNAVAILABLE)
        self.assertIn("raise memory", outcome.stderr)
        [info] = outcome.lines()
        self.assert_schema(info, "model_info")
        self.assertNotIn("device", info)
        self.assertEqual(info["parameters"], 5938336)

    def test_list(self):
        outcome = self.sextant("list", "models", "internlm2")
        self.assert_rc(outcome, OK)
        self.assertIn("internlm2-chat-1_8b", outcome.stdout)
