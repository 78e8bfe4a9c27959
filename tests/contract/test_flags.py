"""Flags of `sextant run`: what they change, those that change nothing and say so, and those that cannot be honoured."""

import os
import pty

from .data import inline_set, make_ceval, make_mcq, write_jsonl
from .harness import DATA, THIRD_PARTY, TINY_MODEL, UNAVAILABLE, USAGE, ContractTest, write


class FlagTest(ContractTest):
    def setUp(self):
        super().setUp()
        make_mcq(self.dir / "set.jsonl")
        write(self.dir / "run.json", {"datasets": [inline_set(self.dir / "set.jsonl")]})
        # its prompt asks nothing, so the sample backend answers with noise of full length
        noise = inline_set(self.dir / "set.jsonl", abbr="noise")
        noise["infer"]["template"] = {"type": "text", "prompt": "{question} So"}
        noise["eval"]["postprocessors"] = []
        write(self.dir / "noise.json", {"datasets": [noise]})

    def replies(self, *args):
        return [line for line in self.run_sample("noise.json", "--hf-type", "base", *args).run.samples("noise")]


class Generation(FlagTest):
    def test_max_out_len(self):
        for line in self.replies("--max-out-len", "7"):
            self.assertLessEqual(line["generated_tokens"], 7)
            self.assertEqual(len(line["prediction"].encode()), line["generated_tokens"])
        self.assertIn("length", {line["finish"] for line in self.replies("--max-out-len", "2")})

    def test_min_out_len(self):
        run = self.run_sample("run.json", "--min-out-len", "5", "--max-out-len", "9").run
        self.assertTrue(all(line["generated_tokens"] >= 5 for line in run.samples("tiny")))
        self.assertTrue(
            any(line["generated_tokens"] < 5 for line in self.run_sample("run.json", "--max-out-len", "9").run.samples("tiny"))
        )

    def test_stop_words_end_the_reply_before_the_first_of_them(self):
        plain = self.replies("--max-out-len", "40")
        stops = [plain[0]["prediction"][3], plain[1]["prediction"][5]]
        stopped = self.replies("--max-out-len", "40", "--stop-words", *stops)
        by_index = {line["index"]: line for line in stopped}
        for line in plain:
            text = line["prediction"]
            cut = min([text.index(stop) for stop in stops if stop in text], default=len(text))
            self.assertEqual(by_index[line["index"]]["prediction"], text[:cut])
        self.assertEqual(by_index[plain[0]["index"]]["finish"], "stop")

    def test_greedy_by_default_and_sampling_by_its_seed(self):
        texts = lambda *args: sorted((line["index"], line["prediction"]) for line in self.replies("--max-out-len", "12", *args))
        self.assertEqual(texts("--seed", "1"), texts("--seed", "2"))
        sampled = ("--generation-kwargs", "do_sample=True", "temperature=1.5", "--seed")
        self.assertEqual(texts(*sampled, "1"), texts(*sampled, "1"))
        self.assertNotEqual(texts(*sampled, "1"), texts(*sampled, "2"))
        self.assertEqual(texts("--generation-kwargs", "do_sample=False"), texts())

    def test_hf_type(self):
        prompt = lambda *args: self.run_sample("run.json", *args).run.predictions("tiny")[0]["origin_prompt"]
        self.assertIsInstance(prompt(), list)
        self.assertIsInstance(prompt("--hf-type", "chat"), list)
        self.assertIsInstance(prompt("--hf-type", "base"), str)
        self.assertIsInstance(prompt("--chat-template", "none"), str)

    def test_ppl_uses_no_chat_template_unless_one_is_named(self):
        write(self.dir / "ppl.json", {"datasets": [inline_set(self.dir / "set.jsonl", method="ppl")]})
        text = self.run_sample("ppl.json").run.predictions("tiny")[0]["label: A"]["testing input"]
        self.assertNotIn("<|", text)
        self.assertTrue(text.endswith("Answer: A"))

    def test_system_prompt(self):
        prompt = self.run_sample("run.json", "--system-prompt", "Be brief.").run.predictions("tiny")[0]["origin_prompt"]
        self.assertEqual(prompt[0], {"role": "SYSTEM", "prompt": "Be brief."})
        self.assertEqual([turn["role"] for turn in prompt], ["SYSTEM", "HUMAN"])

    def test_a_long_prompt_loses_examples_then_text_and_both_are_counted(self):
        write(self.dir / "shots.json", {"datasets": [inline_set(self.dir / "set.jsonl", shots=True)]})
        task = self.run_sample("shots.json", "--max-seq-len", "160", "--max-out-len", "8").run.task("tiny")
        self.assertGreater(task["dropped_shots"], 0)
        self.assertEqual(task["status"], "complete")
        task = self.run_sample("shots.json", "--max-seq-len", "4000", "--max-out-len", "8").run.task("tiny")
        self.assertEqual((task["dropped_shots"], task["truncated_prompts"]), (0, 0))

    def test_a_question_that_does_not_fit_fails(self):
        outcome = self.run_sample("run.json", "--max-seq-len", "30", "--max-out-len", "8", expect=DATA)
        self.assertIn("failed", outcome.stdout)
        self.assertEqual(outcome.run.task("tiny")["status"], "failed")

    def test_max_seq_len_beyond_the_context_is_a_warning(self):
        outcome = self.run_sample("run.json", "--max-seq-len", "100000")
        self.assertRegex(outcome.stderr, r"(?m)^sextant: warning: .*--max-seq-len 100000.*4096")


class Without(FlagTest):
    """What changes nothing says so, once."""

    def assert_one_warning(self, word, *args):
        outcome = self.run_sample("run.json", "--limit", "1", *args)
        warnings = [line for line in outcome.stderr.splitlines() if line.startswith("sextant: warning:") and word in line]
        self.assertEqual(len(warnings), 1, outcome)

    def test_one_warning_each(self):
        for word, args in (
            ("--num-gpus", ["--num-gpus", "1"]),
            ("--num-gpus", ["--hf-num-gpus", "2"]),
            ("device_map", ["--model-kwargs", "device_map='auto'"]),
            ("trust_remote_code", ["--model-kwargs", "trust_remote_code=True"]),
            ("trust_remote_code", ["--tokenizer-kwargs", "trust_remote_code=True", "--model-kwargs", "trust_remote_code=True"]),
            ("--pad-token-id", ["--pad-token-id", "0"]),
            ("torch_dtype", ["--model-kwargs", "torch_dtype=torch.float16"]),
            ("no_such_key", ["--model-kwargs", "no_such_key=1"]),
            ("repetition_penalty", ["--generation-kwargs", "repetition_penalty=1.1"]),
            ("--retry", ["--retry", "2"]),
            ("--max-num-workers", ["--max-num-workers", "8"]),
        ):
            with self.subTest(" ".join(args)):
                self.assert_one_warning(word, *args)

    def test_opencompass_own_command_runs_with_two_models(self):
        """All that the contract's InternLM2 command says beside its path; a warning names each flag once, not once a model."""
        write(self.dir / "cards/a.json", {"card": "model", "abbr": "a", "backend": "sample"})
        write(self.dir / "cards/b.json", {"card": "model", "abbr": "b", "backend": "sample"})
        make_ceval(self.dir)
        outcome = self.run_sample(
            "--datasets",
            "ceval_gen",
            "--models",
            "a",
            "b",
            "--config-dir",
            "cards",
            "--data-dir",
            ".",
            "--tokenizer-kwargs",
            "padding_side='left'",
            "truncation='left'",
            "trust_remote_code=True",
            "--model-kwargs",
            "device_map='auto'",
            "trust_remote_code=True",
            "--max-seq-len",
            "1024",
            "--max-out-len",
            "16",
            "--batch-size",
            "2",
            "--num-gpus",
            "1",
            "--debug",
        )
        self.assertEqual(outcome.run.record["status"], "complete")
        for word in ("trust_remote_code", "device_map", "--num-gpus"):
            lines = [line for line in outcome.stderr.splitlines() if "warning" in line and word in line]
            self.assertEqual(len(lines), 1, (word, outcome))


    def test_what_generation_alone_looks_at_changes_nothing_where_replies_are_scored(self):
        flags = ("--max-out-len", "3", "--stop-words", "x", "--generation-kwargs", "temperature=0", "--extractor", "first_option")
        outcome = self.run_sample("--datasets", "ceval_xyj_ppl", "--limit", "2", *flags)
        self.assertIn("warning: --max-out-len, --stop-words, --generation-kwargs, --extractor change nothing: no data set", outcome.stderr)
        outcome = self.run_sample("--datasets", "ceval_xyj_ppl", "ceval_xyj_gen", "--limit", "2", "--stop-words", "x")
        self.assertNotIn("change", outcome.stderr)

    def test_the_toy_backend_has_no_compute_type_memory_or_other_tokenizer(self):
        outcome = self.run_sample("--datasets", "ceval_xyj_gen", "--limit", "2", "--compute", "bf16", "--memory", "1G", "--tokenizer-path", "x")
        for flag in ("--compute", "--memory", "--tokenizer-path"):
            self.assertIn("warning: %s changes nothing: the backend 'sample' has no such setting" % flag, outcome.stderr)


    def test_settings_of_sampling_where_replies_are_greedy(self):
        outcome = self.run_sample("run.json", "--limit", "1", "--generation-kwargs", "top_p=0.5", "top_k=3")
        self.assertIn("top_p, top_k change nothing: replies are greedy", outcome.stderr)
        outcome = self.run_sample("run.json", "--limit", "1", "--generation-kwargs", "top_p=0.5", "temperature=0.7")
        self.assertNotIn("greedy", outcome.stderr)
        for both in (("do_sample=True", "temperature=0"), ("temperature=0", "do_sample=True")):
            outcome = self.run_sample("run.json", "--generation-kwargs", *both, expect=USAGE)
            self.assert_refused(outcome, USAGE, "do_sample=True", "temperature=0")

    def test_what_is_said_twice_is_said_once(self):
        for args in (("--set", "abbr=x", "abbr=y"), ("--generation-kwargs", "temperature=0.5", "temperature=0.7"), ("--metric", "accuracy", "accuracy"),
                     ("--model-kwargs", "delay_ms=1", "delay_ms=2")):
            with self.subTest(args):
                self.assert_refused(self.run_sample("run.json", "--limit", "1", *args, expect=USAGE), USAGE, args[0], "twice")
        self.run_sample("run.json", "--limit", "1", "--generation-kwargs", "temperature=0.5", "temperature=0.5")
        shown = inline_set(self.dir / "set.jsonl", shots=True)
        shown["infer"]["retriever"] = {"type": "fix_k", "ids": [0, 0]}
        write(self.dir / "shown.json", {"datasets": [shown]})
        self.assertIn("ids name a row twice", self.run_sample("shown.json", "--limit", "1").stderr)
        for value in ("5%", "0x10", "many"):
            outcome = self.run_sample("run.json", "--limit", value, expect=USAGE)
            self.assert_refused(outcome, USAGE, "--limit is '%s'" % value, "no number")

    def test_temperatures_and_repeats_that_do_nothing(self):
        several = inline_set(self.dir / "set.jsonl")
        several["infer"]["inferencer"] = {"type": "self_consistency", "temperature": 0.5, "n": 2, "answer": "([A-D])"}
        write(self.dir / "several.json", {"datasets": [several]})
        outcome = self.run_sample("several.json", "--limit", "1", "--generation-kwargs", "temperature=0")
        self.assertIn("tiny: the temperature 0 that was asked for changes nothing, since its card says 0.5", outcome.stderr)
        outcome = self.run_sample("several.json", "--limit", "1", "--generation-kwargs", "temperature=0.5")
        self.assertNotIn("changes nothing", outcome.stderr)
        outcome = self.run_sample("run.json", "--limit", "1", "--repeat", "3")
        self.assertNotIn("are the same", outcome.stderr)  # whose model may be anybody's
        write(self.dir / "scored.json", {"datasets": [inline_set(self.dir / "set.jsonl", method="ppl")]})
        for config, says in (("run.json", "replies are greedy"), ("scored.json", "nothing is drawn where a model scores")):
            outcome = self.sextant("run", config, "--model-path", TINY_MODEL, "--limit", "1", "--repeat", "2", "--dry-run")
            self.assertIn("its 2 attempts of a sample are the same, since " + says, outcome.stderr)

        outcome = self.run_sample("run.json", "--limit", "1", "--generation-kwargs", "do_sample=false", "temperature=0.7")
        self.assertIn("temperature changes nothing: replies are greedy, since do_sample is false", outcome.stderr)

    def test_what_changes_no_reply(self):
        make_mcq(self.dir / "set.jsonl", 4)
        write_jsonl(self.dir / "replies.jsonl", [{"dataset": "set", "index": i, "reply": "A"} for i in range(4)])
        given = ("--custom-dataset-path", "set.jsonl", "--backend", "answers", "--model-path", "replies.jsonl")
        for flags, names in ((("--max-out-len", "1"), "max_out_len changes"), (("--stop-words", "A", "--generation-kwargs", "temperature=0.5"), "stop_words, temperature change"),
                             (("--system-prompt", "hi"), "system_prompt changes")):
            for more in ((), ("--dry-run",)):
                with self.subTest(flags + more):
                    self.assertIn(names + " no reply: the backend 'answers' gives those", self.sextant("run", *given, *flags, *more).stderr)
        outcome = self.sextant("run", *given, "--repeat", "2")
        self.assertNotIn("no reply", outcome.stderr + outcome.stdout)
        self.assertNotIn("are the same", outcome.stderr)     # a file may hold a reply for each attempt
        toy = ("--custom-dataset-path", "set.jsonl", "--backend", "sample", "--plugin-path", THIRD_PARTY)
        for command in ("run", "prompt"):
            self.assertIn("the system prompt changes nothing: prompts are texts", self.sextant(command, *toy, "--hf-type", "base", "--system-prompt", "hi").stderr)
            self.assertNotIn("changes nothing", self.sextant(command, *toy, "--system-prompt", "hi").stderr)
        self.assertIn("variable a changes nothing", self.sextant("run", *toy, "--chat-template-kwargs", "a=b").stderr)
        self.assertIn("--data-dir changes nothing", self.sextant("run", *toy, "--data-dir", self.dir).stderr)

    def test_set_changes_cards_and_a_file_has_none(self):
        make_mcq(self.dir / "set.jsonl")
        outcome = self.run_sample("--custom-dataset-path", "set.jsonl", "--set", "infer.inferencer.max_out_len=4", expect=USAGE)
        self.assert_refused(outcome, USAGE, "--set", ".meta.json")

    def test_a_run_to_reuse_that_is_not_there_is_said_once(self):
        outcome = self.run_sample("run.json", "--limit", "1", "-r")
        self.assertEqual([line for line in outcome.stderr.splitlines() if "warning" in line or "journal" in line],
                         ["sextant: warning: there is no run in outputs/default to reuse; a new run is started"])


class FailUnder(FlagTest):
    def test_a_worse_score_is_1_and_a_name_that_is_wrong_64_before_anything_runs(self):
        for threshold, rc in (("tiny=0", 0), ("tiny=100.01", 1), ("tiny,accuracy=100.01", 1), ("tny=1", 64), ("tiny=x", 64), ("tiny,f1=1", 64), ("tiny,acuracy=1", 64), ("tiny,accuracy,strict=1", 64)):
            with self.subTest(threshold):
                outcome = self.run_sample("run.json", "--fail-under", threshold, expect=rc)
                if rc == 64:
                    self.assertIn("--fail-under", outcome.stderr)
                    self.assertNotIn("loaded in", outcome.stderr)
        # without scores nothing can be said to be worse, but that a name is wrong
        self.run_sample("run.json", "--dry-run", "--fail-under", "tiny,f1=1", expect=64)
        self.run_sample("run.json", "--repeat", "2", "--generation-kwargs", "temperature=1", "--fail-under", "tiny,accuracy=0")
        write(self.dir / "scored.json", {"datasets": [inline_set(self.dir / "set.jsonl", method="ppl")]})
        outcome = self.run_sample("scored.json", "--limit", "1", "--system-prompt", "Be brief.", "--chat-template-kwargs", "x=1")
        self.assertIn("--system-prompt, --chat-template-kwargs change nothing: no data set", outcome.stderr)
        outcome = self.run_sample("run.json", "-m", "infer", "--fail-under", "tiny=1", expect=64)
        self.assertIn("-m infer", outcome.stderr)

    def test_scoring_an_earlier_run_tells_too(self):
        self.run_sample("run.json")
        for mode in ("eval", "viz"):
            self.run_sample("-m", mode, "-r", "--fail-under", "tiny=100.01", expect=1)


class Unavailable(FlagTest):
    def test_a_compute_type_that_the_backend_has_not(self):
        outcome = self.sextant("run", "run.json", "--backend", "cpu", "--model-path", TINY_MODEL, "--compute", "fp16")
        self.assert_rc(outcome, UNAVAILABLE)
        self.assertRegex(outcome.stderr, "compute: .*fp16; use f32, bf16, int8 or exact")

    def test_a_backend_that_is_not_there(self):
        outcome = self.sextant("run", "run.json", "--backend", "sampel", "--plugin-path", THIRD_PARTY)
        self.assertEqual(outcome.rc, UNAVAILABLE, outcome)
        self.assertRegex(outcome.stderr, "sampel.*'sample'")

    def test_a_device_that_is_not_there(self):
        if os.path.exists("/dev/nvidiactl"):
            self.skipTest("there is a GPU")
        # where the backend was built it is the task that fails: only what makes the model can look for a GPU
        outcome = self.sextant("run", "run.json", "--backend", "cuda", "--plugin-path", THIRD_PARTY)
        self.assertEqual(outcome.rc, UNAVAILABLE, outcome)
        self.assertEqual(sum("cuda" in line for line in outcome.stderr.splitlines()), 1, outcome)

    def test_worker(self):
        self.assert_refused(self.sextant("worker"), UNAVAILABLE, "worker")


class Output(FlagTest):
    def test_details_can_be_left_out(self):
        run = self.run_sample("run.json", "--dump-eval-details", "false").run
        self.assertNotIn("details", run.results("tiny"))
        with_details = self.run_sample("run.json", "--dump-eval-details").run
        self.assertEqual(len(with_details.results("tiny")["details"]), 10)
        self.assertEqual(run.hashes(), with_details.hashes())

    def test_dry_run_plans_and_writes_nothing(self):
        real = self.run_sample("run.json", "-w", "outputs/real").run.task("tiny")
        outcome = self.run_sample("run.json", "--dry-run", "--model-kwargs", "delay_ms=1000")
        self.assertEqual([path.parent.name for path in self.run_folders()], ["real"])
        self.assertIn("tiny", outcome.stdout)
        for counter in ("prompt_tokens", "computed_tokens", "samples"):
            self.assertIn(str(real[counter]), outcome.stdout, counter)

    def test_dry_run_as_json(self):
        [line] = self.run_sample("run.json", "--dry-run", "--json").lines()
        self.assertEqual((line["model"], line["samples"]), ("sample", 10))
        self.assertLessEqual(line["plan"]["computed_tokens"], line["plan"]["prompt_tokens"])

    def test_quiet(self):
        loud, quiet = self.run_sample("run.json"), self.run_sample("run.json", "--quiet")
        self.assertNotEqual(loud.stderr, "")
        self.assertEqual(quiet.stderr, "")
        self.assertEqual(quiet.stdout, loud.stdout)
        self.assertIn("--pad-token-id", self.run_sample("run.json", "--quiet", "--pad-token-id", "0").stderr)

    def test_debug_logs_no_less(self):
        self.assertGreaterEqual(
            len(self.run_sample("run.json", "--debug").stderr.splitlines()),
            len(self.run_sample("run.json").stderr.splitlines()),
        )

    def test_results_on_stdout_logs_on_stderr(self):
        outcome = self.run_sample("run.json")
        self.assertRegex(outcome.stdout, r"\Adataset +version +metric +mode +sample\n")
        self.assertTrue(all(line.startswith("sextant: ") for line in outcome.stderr.splitlines()), outcome)

    def test_no_colour_and_no_progress_without_a_terminal(self):
        for env in ({}, {"NO_COLOR": "1"}, {"TERM": "xterm-256color"}):
            outcome = self.run_sample("run.json", env=env)
            self.assertNotRegex(outcome.stdout + outcome.stderr, r"[\x1b\r]")

    def test_a_path_names_the_model_by_its_last_component(self):
        write(self.dir / "models/Tiny-Model.Q4.gguf", "weights")
        run = self.run_sample("run.json", "--model-path", "models/Tiny-Model.Q4.gguf").run
        self.assertEqual(run.record["models"][0]["abbr"], "Tiny-Model.Q4")
        self.assertTrue(run.file("predictions", "tiny", "Tiny-Model.Q4").exists())

    def test_nothing_is_written_outside_the_work_dir(self):
        before = {path for path in self.dir.iterdir()}
        self.run_sample("run.json", "-w", "elsewhere/runs")
        self.assertEqual({path.name for path in self.dir.iterdir()} - {path.name for path in before}, {"elsewhere"})

    def on_a_terminal(self, **env):
        """What a run writes to stderr where that is a terminal."""
        master, slave = pty.openpty()
        process = self.start(
            "run",
            "run.json",
            "--backend",
            "sample",
            "--model-kwargs",
            "delay_ms=30",
            "--plugin-path",
            THIRD_PARTY,
            env=env,
            stderr=slave,
        )
        os.close(slave)
        text = b""
        while True:
            try:
                block = os.read(master, 4096)
            except OSError:  # EIO: the other side has closed
                break
            if not block:
                break
            text += block
        os.close(master)
        process.communicate()
        self.assertEqual(process.returncode, 0)
        return text.decode("utf-8", "replace")

    def test_progress_on_a_terminal_shows_what_is_done(self):
        self.assertRegex(self.on_a_terminal(TERM="xterm"), r"\r[^\n]*\d+/10")

    def test_no_color_is_honoured_on_a_terminal(self):
        self.assertNotRegex(self.on_a_terminal(TERM="xterm", NO_COLOR="1"), r"\x1b\[[0-9;]*m")
