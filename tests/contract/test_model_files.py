"""What a model's files ask for is done or said: generation_config.json, named chat templates, the variables of a chat template,
keys of config.json. Tiny folders that the tests make."""

import json

from .checkpoints import make_family
from .harness import DATA, OK, ContractTest, RunFolder, read_json, write

TURNS = "{%% for m in messages %%}[%s:{{ m.role }}]{{ m.content }}{%% endfor %%}{%% if add_generation_prompt %%}[%s]{%% endif %%}"
DEFAULT, RAG, TOOLS = (TURNS % (x, x) for x in "drt")
THINKING = DEFAULT + "{% if enable_thinking is defined and enable_thinking is false %}(no thoughts){% endif %}"


class ModelFiles(ContractTest):
    def setUp(self):
        super().setUp()
        write(self.dir / "q.csv", "question,answer\nWhat is it?,a\n")
        self.questions = ("--custom-dataset-path", "q.csv", "--backend", "cpu")

    def folder(self, name, files=()):
        folder = make_family(self.dir / name, "llama")
        for file, content in dict(files).items():
            write(folder / file, content)
        return name

    def with_config(self, name, entry="llama", drop=(), **changes):
        folder = make_family(self.dir / name, entry)
        config = read_json(folder / "config.json")
        write(folder / "config.json", {k: v for k, v in {**config, **changes}.items() if k not in drop})
        return name

    def prompt(self, folder, *more, expect=OK):
        outcome = self.sextant("prompt", "--hf-path", folder, *self.questions, *more, "-n", "0", "--json")
        self.assert_rc(outcome, expect)
        return outcome

    def generate(self, folder, *more):
        outcome = self.sextant("model", "generate", "--hf-path", folder, "--backend", "cpu", "--max-out-len", "16", *more,
                               stdin='{"prompt": "abcabcab"}\n{"prompt": "What is it?"}\n')
        self.assert_rc(outcome, OK)
        return [line["ids"] for line in outcome.lines()], outcome.stderr

    def warnings(self, folder, *more):
        outcome = self.sextant("model", "info", "--hf-path", folder, "--backend", "cpu", "--json", *more)
        self.assert_rc(outcome, OK)
        return "\n".join(json.loads(outcome.stdout)["warnings"])


class NamedTemplates(ModelFiles):
    def names(self, *pairs):
        return {"tokenizer_config.json": {"chat_template": [{"name": n, "template": t} for n, t in pairs]}}

    def test_the_default_one_is_taken_and_others_by_name(self):
        files = self.names(("rag", RAG), ("default", DEFAULT))
        model = self.folder("m", files)
        self.assertIn("[d:user]", self.prompt(model).lines()[0]["text"])
        self.assertIn("[r:user]", self.prompt(model, "--chat-template", "rag").lines()[0]["text"])
        outcome = self.prompt(model, "--chat-template", "rga", expect=DATA)
        self.assertIn("default, rag", outcome.stderr)

    def test_files_of_a_folder_of_their_own(self):
        model = self.folder("m", {"chat_template.jinja": DEFAULT, "additional_chat_templates/rag.jinja": RAG})
        self.assertIn("[d:user]", self.prompt(model).lines()[0]["text"])
        self.assertIn("[r:user]", self.prompt(model, "--chat-template", "rag").lines()[0]["text"])

    def test_without_a_default_a_conversation_is_refused_with_the_names_and_all_else_goes_on(self):
        for number, files in enumerate((self.names(("tool_use", TOOLS), ("rag", RAG)), {"additional_chat_templates/rag.jinja": RAG})):
            model = self.folder("m%d" % number, files)
            self.assert_refused(self.prompt(model, expect=DATA), DATA, "rag", "none named default", "--chat-template")
            outcome = self.sextant("run", "--hf-path", model, *self.questions, "--max-out-len", "2")
            self.assert_rc(outcome, DATA)
            self.assertIn("none named default", outcome.stderr)
            self.assertIn("none named default", self.warnings(model))
            for plain in (("--chat-template", "none"), ("--hf-type", "base")):
                self.assertNotIn("[", self.prompt(model, *plain).lines()[0]["text"])
            self.assertIn("[r:user]", self.prompt(model, "--chat-template", "rag").lines()[0]["text"])

    def test_a_broken_template_is_no_plain_text(self):
        model = self.folder("m", {"tokenizer_config.json": {"chat_template": "{% for %}"}})
        self.assert_refused(self.prompt(model, expect=DATA), DATA, "cannot be used", "--chat-template none")
        for number, value in enumerate((["{{ messages }}", "b"], 5, {"default": 3})):
            model = self.folder("w%d" % number, {"tokenizer_config.json": {"chat_template": value}})
            self.assert_refused(self.prompt(model, expect=DATA), DATA, "neither a text nor a list", "--chat-template none")
            self.prompt(model, "--chat-template", "none")
        for number, value in enumerate((None, "", [])):
            model = self.folder("n%d" % number, {"tokenizer_config.json": {"chat_template": value}})
            self.prompt(model)

    def test_a_conversation_with_tools_takes_tool_use(self):
        model = self.folder("m", self.names(("default", DEFAULT), ("tool_use", TOOLS)))
        turn = {"messages": [{"role": "user", "content": "q"}]}
        plain, tools = self.json_lines("model", "chat", "--hf-path", model, "--backend", "cpu", lines=[turn, {**turn, "tools": [{}]}])
        self.assertEqual((plain["text"], tools["text"]), ("[d:user]q", "[t:user]q"))


class TemplateVariables(ModelFiles):
    def thinking(self):
        return self.folder("m", {"tokenizer_config.json": {"chat_template": THINKING}})

    def test_thinking_is_switched_off_by_a_flag_and_by_a_card(self):
        model = self.thinking()
        self.assertNotIn("(no thoughts)", self.prompt(model).stdout)
        for value in ("false", "False"):
            self.assertIn("(no thoughts)", self.prompt(model, "--chat-template-kwargs", "enable_thinking=" + value).stdout)
        self.assertNotIn("(no thoughts)", self.prompt(model, "--chat-template-kwargs", "enable_thinking=true").stdout)
        write(self.dir / "cards/quiet.json", {"card": "model", "hf_path": "m", "backend": "cpu", "chat_template_kwargs": {"enable_thinking": False}})
        outcome = self.sextant("prompt", "--models", "quiet", "--config-dir", "cards", "--custom-dataset-path", "q.csv", "-n", "0")
        self.assertIn("(no thoughts)", outcome.stdout, outcome)

    def test_it_is_kept_and_gives_the_same_run_again(self):
        args = ("run", "--hf-path", self.thinking(), *self.questions, "--max-out-len", "2", "--chat-template-kwargs", "enable_thinking=false")
        self.assert_rc(self.sextant(*args), OK)
        [folder] = self.run_folders()
        run = RunFolder(folder)
        self.assertEqual(read_json(folder / "configs/run.json")["models"][0]["chat_template_kwargs"], {"enable_thinking": False})
        self.assert_rc(self.sextant("run", folder / "configs/run.json", "-w", "outputs/again"), OK)
        again = [path for path in self.run_folders() if "again" in str(path)]
        self.assertEqual(RunFolder(again[0]).hashes(), run.hashes())

    def test_what_the_template_does_not_look_at_is_said(self):
        outcome = self.prompt(self.thinking(), "--chat-template-kwargs", "enable_thinkin=false")
        self.assertIn("enable_thinkin changes nothing", outcome.stderr)
        self.assertIn("did you mean 'enable_thinking'", outcome.stderr)
        outcome = self.prompt(self.folder("plain"), "--chat-template-kwargs", "enable_thinking=false")
        self.assertIn("there is no chat template", outcome.stderr)
        for flag in ("--tokenizer-kwargs", "--generation-kwargs", "--model-kwargs"):
            self.assertIn("--chat-template-kwargs enable_thinking=False", self.prompt("m", flag, "enable_thinking=False").stderr)


class GenerationConfig(ModelFiles):
    def generation(self, name, **settings):
        return self.folder(name, {"generation_config.json": {"transformers_version": "5.23.0", **settings}})

    def test_penalties_and_suppressed_tokens_are_followed_as_if_they_were_asked_for(self):
        plain, _ = self.generate(self.generation("plain"))
        for number, (settings, flags) in enumerate((
            ({"repetition_penalty": 1.7}, ("repetition_penalty=1.7",)),
            ({"no_repeat_ngram_size": 1}, ("no_repeat_ngram_size=1",)),
            ({"suppress_tokens": [plain[0][0]]}, ("suppress_tokens=[%d]" % plain[0][0],)),
            ({"begin_suppress_tokens": [plain[0][0]]}, ("begin_suppress_tokens=[%d]" % plain[0][0],)),
            ({"bad_words_ids": [[plain[0][0]]]}, ("suppress_tokens=[%d]" % plain[0][0],)),
            ({"frequency_penalty": 2.5, "presence_penalty": 1.5}, ("frequency_penalty=2.5", "presence_penalty=1.5")),
        )):
            own, stderr = self.generate(self.generation("m%d" % number, **settings))
            self.assertNotEqual(own, plain, settings)
            self.assertNotIn("warning", stderr)
            asked, _ = self.generate("plain", "--generation-kwargs", *flags)
            self.assertEqual(asked, own, settings)
        off, _ = self.generate("m0", "--generation-kwargs", "repetition_penalty=1")
        self.assertEqual(off, plain)

    def test_stop_strings_and_the_least_length_are_followed(self):
        [first, _], _ = self.generate(self.generation("plain"))
        text = self.json_lines("model", "detokenize", "--hf-path", "plain", "--backend", "cpu", lines=[{"ids": first}])[0]["text"]
        model = self.generation("stops", stop_strings=[text[3:6]])
        lines = self.json_lines("model", "generate", "--hf-path", model, "--backend", "cpu", "--max-out-len", "16", lines=[{"prompt": "abcabcab"}])
        self.assertEqual((lines[0]["finish"], lines[0]["text"]), ("stop", text[: text.index(text[3:6])]))

    def test_drawing_is_asked_for_by_the_run_alone_and_then_as_the_model_says(self):
        settings = {"do_sample": True, "temperature": 1.7, "top_p": 0.9, "top_k": 7, "min_p": 0.01}
        model, plain = self.generation("draws", **settings), self.generation("plain")
        greedy, stderr = self.generate(model)
        self.assertEqual(greedy, self.generate(plain)[0])
        for word in ("do_sample", "temperature 1.7", "top_k 7", "not followed", "--generation-kwargs do_sample=True"):
            self.assertIn(word, stderr)
        self.assertIn("temperature 1.7", self.warnings(model))
        drawn, stderr = self.generate(model, "--generation-kwargs", "do_sample=True")
        self.assertNotIn("warning", stderr)
        flags = ["%s=%s" % pair for pair in settings.items()]
        self.assertEqual(drawn, self.generate(plain, "--generation-kwargs", *flags)[0])
        self.assertNotEqual(drawn, greedy)
        self.assertNotIn("warning", self.generate(model, "--generation-kwargs", "do_sample=False")[1])

    def test_what_is_not_followed_is_said_wherever_the_model_is_opened(self):
        model = self.generation("m", num_beams=4, forced_bos_token_id=5, typical_p=0.9, max_new_tokens=3, max_length=9, no_such_setting=1,
                                guidance_scale=None, num_return_sequences=1, temperature="hot", bad_words_ids=[[1, 2]])
        said = self.warnings(model)
        for word in ("num_beams 4", "forced_bos_token_id 5", "typical_p 0.9", "max_new_tokens", "no_such_setting 1", "temperature \"hot\"",
                     "bad_words_ids [[1,2]]"):
            self.assertIn(word, said)
        for word in ("guidance_scale", "num_return_sequences", "transformers_version"):
            self.assertNotIn(word, said)
        outcome = self.sextant("run", "--hf-path", model, *self.questions, "--max-out-len", "4")
        self.assert_rc(outcome, OK)
        for line in said.splitlines():
            self.assertIn(line.replace("256 here", "4 here"), outcome.stderr)

    def test_settings_of_config_json_count_where_there_is_no_other_file(self):
        old, plain = self.with_config("old", repetition_penalty=1.7), self.folder("plain")
        self.assertEqual(self.generate(old)[0], self.generate(plain, "--generation-kwargs", "repetition_penalty=1.7")[0])

    def test_wrong_settings_of_the_run_are_refused(self):
        for setting in ("repetition_penalty=0", "min_p=2", "top_k=-1", "suppress_tokens=all", "temperature=warm", "max_new_tokens=0"):
            outcome = self.sextant("run", "--hf-path", self.folder("m%s" % setting[:3]), *self.questions, "--generation-kwargs", setting)
            self.assert_refused(outcome, 64, "--generation-kwargs " + setting, "must be")

    def test_the_length_of_replies_is_said_once(self):
        outcome = self.sextant("run", "--hf-path", self.folder("m"), *self.questions, "--max-out-len", "4", "--generation-kwargs", "max_new_tokens=3")
        self.assert_refused(outcome, 64, "max_new_tokens=3 and --max-out-len 4", "give one of them")

    def test_a_backend_that_cannot_says_so(self):
        outcome = self.run_sample("--custom-dataset-path", "q.csv", "--generation-kwargs", "repetition_penalty=1.2")
        self.assertIn("repetition_penalty changes nothing: the backend 'sample'", outcome.stderr)


class ConfigKeys(ModelFiles):
    def score(self, folder, expect=OK):
        outcome = self.sextant("model", "score", "--hf-path", folder, "--backend", "cpu", stdin='{"prefix": "ab", "continuations": ["c"]}\n')
        self.assert_rc(outcome, expect)
        return (outcome.lines()[0]["scores"][0]["logprob"] if expect == OK else None), outcome.stderr

    def test_a_key_that_nothing_is_done_with_is_named_once(self):
        right, stderr = self.score(self.folder("plain"))
        self.assertNotIn("warning", stderr)
        got, stderr = self.score(self.with_config("m", scale_everything=2, attention_dropout=0.1, unused=None, off=False))
        self.assertEqual(got, right)
        self.assertEqual(stderr.count("scale_everything"), 1, stderr)
        for word in ("attention_dropout", "unused", '"off"'):
            self.assertNotIn(word, stderr)

    def test_numbers_that_python_writes_are_read(self):
        for number, word in enumerate(("NaN", "Infinity", "-Infinity")):
            name = self.folder("m%d" % number)
            text = (self.dir / name / "config.json").read_text()
            write(self.dir / name / "config.json", text.replace("{", '{"attention_dropout": %s, ' % word, 1))
            self.assertEqual(self.score(name), self.score(self.folder("plain%d" % number)))
        write(self.dir / "m0/config.json", text.replace("{", '{"rms_norm_eps": NaN, ', 1).replace('"rms_norm_eps": 1e', '"x": 1e'))
        self.assertIn('"rms_norm_eps" must be a number', self.score("m0", DATA)[1])

    def test_experts_are_counted_under_either_name(self):
        for entry, own, other in (("qwen3_moe", "num_experts", "num_local_experts"), ("mixtral", "num_local_experts", "num_experts")):
            right, _ = self.score(self.with_config(entry, entry))
            count = read_json(self.dir / entry / "config.json")[own]
            got, stderr = self.score(self.with_config(entry + "5", entry, drop=(own,), **{other: count}))
            self.assertEqual((got, stderr), (right, ""))
            _, stderr = self.score(self.with_config(entry + "x", entry, **{other: count + 1}), DATA)
            self.assertIn(other, stderr)

    def test_another_head_than_a_language_models_is_said(self):
        for name in ("LlamaForSequenceClassification", "LlamaModel"):
            self.assertIn(name, self.score(self.with_config(name, architectures=[name]))[1])

    def test_two_keys_for_one_thing(self):
        _, stderr = self.score(self.with_config("m", drop=("rope_scaling",), rope_theta=7e5, rope_parameters={"rope_theta": 1e4, "rope_type": "default"}))
        self.assertIn("the former counts", stderr)
        _, stderr = self.score(self.with_config("n", rope_scaling={"type": "linear", "factor": 2.0}, rope_parameters={"rope_type": "default"}), DATA)
        self.assertIn("take the wrong one out", stderr)

    def test_ends_that_differ_between_tokenizer_and_model_are_said(self):
        model = self.with_config("m", eos_token_id=2)
        write(self.dir / model / "tokenizer_config.json", {"eos_token": "<s>"})
        outcome = self.sextant("model", "generate", "--hf-path", model, "--backend", "cpu", "--max-out-len", "1", stdin='{"prompt": "a"}\n')
        self.assertIn("tokenizer_config.json: eos_token is <s> (1), and config.json: eos_token_id is </s> (2)", outcome.stderr)

    def test_what_tokenizer_json_does_otherwise_is_said(self):
        named = {"bos_token": "<s>", "eos_token": "</s>"}
        bytes_only = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
        around = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                  "pair": [], "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}}
        for number, (config, changes, says) in enumerate((
            ({"add_prefix_space": True}, {"pre_tokenizer": bytes_only}, "puts no blank in front of a text, add_prefix_space"),
            ({"add_prefix_space": False}, {"pre_tokenizer": {**bytes_only, "add_prefix_space": True}}, "puts a blank in front"),
            ({"add_prefix_space": False}, {"normalizer": {"type": "Prepend", "prepend": "_"}}, "puts a blank in front"),
            ({"add_prefix_space": False}, {"pre_tokenizer": bytes_only}, None),
            ({"add_prefix_space": True}, {}, None),
            ({"add_bos_token": True}, {}, "has no post-processor, and add_bos_token"),
            ({"add_bos_token": False}, {}, None),
            ({"add_eos_token": True}, {"post_processor": around}, "adds no EOS, add_eos_token"),
            ({"add_bos_token": False}, {"post_processor": around}, "adds BOS, add_bos_token"),
            ({"add_bos_token": True, "add_eos_token": False}, {"post_processor": around}, None),
        )):
            with self.subTest(config=config, changes=changes):
                model = self.folder("m%d" % number, {"tokenizer_config.json": {**named, **config}})
                path = self.dir / model / "tokenizer.json"
                write(path, {**read_json(path), **changes})
                said = self.warnings(model)
                self.assertIn(says or "", said)
                self.assertTrue(says or ("add_prefix_space" not in said and "_token of" not in said), said)

    def test_keys_of_the_tokenizer(self):
        model = self.folder("m", {"tokenizer_config.json": {"clean_up_tokenization_spaces": True, "novelty": 3, "padding_side": "left"}})
        said = self.warnings(model)
        self.assertIn("clean_up_tokenization_spaces", said)
        self.assertIn("novelty", said)
        self.assertNotIn("padding_side", said)
