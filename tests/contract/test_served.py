"""The backend "openai" against servers of the tests' own (served.py), and "answers": replies from a file."""

import json
import pathlib
import shutil
import subprocess
import time
import unittest

from . import served
from .data import inline_set, make_mcq, mcq_rows
from .harness import DATA, INCOMPLETE, OK, TINY_MODEL, UNAVAILABLE, ContractTest, RunFolder, read_json, write

FAST = {"backoff_s": 0.01, "outage_s": 2, "timeout_s": 5, "connect_timeout_s": 2}
KEY = "sk-very-secret-0123456789"


class ServedTest(ContractTest):
    def config(self, server, method="gen", rows=10, generation=None, **settings):
        data = make_mcq(self.dir / "mcq.jsonl", rows)
        model = {"abbr": "toy", "backend": "openai", "config": dict(FAST, base_url=server.base_url, **settings), "max_out_len": 8}
        if generation:
            model["generation"] = generation
        sets = [inline_set(data, method=one) for one in ([method] if isinstance(method, str) else method)]
        return write(self.dir / "config.json", {"models": [model], "datasets": sets})

    def run_config(self, config, *args, expect=OK, env=None):
        before = set(self.run_folders())
        outcome = self.sextant("run", config, *args, env=env)
        self.assert_rc(outcome, expect)
        new = sorted(set(self.run_folders()) - before) or sorted(before)
        outcome.run = RunFolder(new[-1]) if new and (new[-1] / "run.json").exists() else None
        return outcome

    def replies(self, run):
        return [p["prediction"] for p in read_json(run.path / "predictions" / "toy" / "tiny.json").values()]

    def assert_right_replies(self, run, server):
        """Every sample has the reply to its own question."""
        expected = {body["messages"][-1]["content"] for body in server.bodies()}
        journal = [json.loads(line) for line in (run.path / "journal" / "toy" / "tiny.jsonl").read_text().splitlines()]
        self.assertEqual(len({line["key"] for line in journal}), len(journal), "a response was journalled twice")
        self.assertEqual(sorted(self.replies(run)), sorted(served.reply_to(text) for text in expected))

    def assert_nowhere(self, folder, secret):
        for path in pathlib.Path(folder).rglob("*"):
            if path.is_file():
                self.assertNotIn(secret.encode(), path.read_bytes(), str(path))


class Openai(ServedTest):
    def test_chat_completions(self):
        with served.Server(models=["org/toy"], key=KEY) as server:
            config = self.config(server, model="org/toy", prices={"prompt": 2, "completion": 10})
            outcome = self.run_config(config, env={"OPENAI_API_KEY": KEY})
            body = server.bodies()[0]
            self.assertEqual({k: v for k, v in body.items() if k != "messages"}, {"model": "org/toy", "max_tokens": 8, "temperature": 0})
            self.assertEqual([message["role"] for message in body["messages"]], ["user"])
            self.assert_right_replies(outcome.run, server)
            self.assertEqual(server.requests, 10)
            model = outcome.run.record["models"][0]
            self.assertEqual(model["device"], server.base_url)
            spent = model["spent"]
            self.assertEqual((spent["requests"], spent["completion_tokens"], spent["currency"]), (10, 10, "USD"))
            cost = (2 * spent["prompt_tokens"] + 10 * spent["completion_tokens"]) / 1e6
            self.assertAlmostEqual(spent["cost"], cost, places=6)
            self.assert_nowhere(self.dir, KEY)

    def test_command_line_and_environment(self):
        data = make_mcq(self.dir / "mcq.jsonl", 3)
        with served.Server(models=["org/toy-7B"]) as server:
            args = ["run", "--backend", "openai", "--model-kwargs", "model=org/toy-7B", "--custom-dataset-path", data, "--custom-dataset-infer-method", "gen"]
            outcome = self.sextant(*args, env={"OPENAI_BASE_URL": server.base_url})
            self.assert_rc(outcome, OK)
            run = RunFolder(self.run_folders()[-1])
            written = read_json(run.path / "configs" / "run.json")["models"][0]
            self.assertEqual(written["abbr"], "toy-7B")
            self.assertEqual(written["config"]["base_url"], server.base_url)
            asked = server.requests
            # without the variable: the run's own files say where the server is; nothing is asked again
            self.assert_rc(self.sextant("run", "-r"), OK)
            self.assertEqual(server.requests, asked)

    def test_one_model_need_not_be_named(self):
        with served.Server(models=["the-only-one"]) as server:
            self.run_config(self.config(server, rows=2))
            self.assertEqual(server.bodies()[0]["model"], "the-only-one")

    def test_plain_text_goes_to_completions(self):
        with served.Server() as server:
            self.run_config(self.config(server, rows=2, model="toy", chat_template="none"))
            self.assertEqual(server.bodies("/chat/completions"), [])
            self.assertTrue(all(isinstance(body["prompt"], str) for body in server.bodies("/completions")))

    def test_drawn_replies(self):
        generation = {"do_sample": True, "temperature": 0.7, "top_p": 0.9, "top_k": 20}
        with served.Server() as server:
            config = self.config(server, rows=3, model="toy", generation=generation, extra_body={"chat_template_kwargs": {"enable_thinking": False}}, omit=["top_k"])
            outcome = self.run_config(config)
            bodies = server.bodies()
            self.assertEqual({body["temperature"] for body in bodies}, {0.7})
            self.assertEqual({body["top_p"] for body in bodies}, {0.9})
            self.assertEqual(len({body["seed"] for body in bodies}), 3)
            self.assertTrue(all("top_k" not in body and body["chat_template_kwargs"] == {"enable_thinking": False} for body in bodies))
            asked = server.requests
            self.run_config(config, "-r")  # the same draws: nothing is asked again
            self.assertEqual(server.requests, asked)

    def test_thinking_finish_and_stop_words(self):
        with served.Server() as server:
            server.thinks = True
            data = make_mcq(self.dir / "mcq.jsonl", 2)
            server.says = lambda question, body: "B END C"
            model = {"abbr": "toy", "backend": "openai", "config": dict(FAST, base_url=server.base_url, model="toy"), "max_out_len": 4, "stop_words": [" END"]}
            config = write(self.dir / "config.json", {"models": [model], "datasets": [inline_set(data)]})
            run = self.run_config(config).run
            prediction = list(read_json(run.path / "predictions" / "toy" / "tiny.json").values())[0]
            self.assertEqual(prediction["prediction"], "B")
            self.assertIn("I think.", json.dumps(prediction))

    def test_what_is_wrong_is_said_before_anything_is_asked(self):
        server = served.Server(models=["one", "two"], key=KEY)
        with server:
            env = {"OPENAI_API_KEY": KEY}
            cases = [
                ({"model": "three"}, env, DATA, ["no model 'three'", "one, two"]),
                ({}, env, DATA, ["has 2 models", "one, two"]),
                ({"model": "one"}, {}, DATA, ["wants a key", "set OPENAI_API_KEY"]),
                ({"model": "one", "api_key_env": "MINE"}, {"MINE": "wrong-key-99"}, DATA, ["does not take the key in MINE"]),
                ({"model": "one", "api_key_env": "MINE"}, {}, DATA, ["MINE", "not set"]),
            ]
            for settings, environment, rc, words in cases:
                with self.subTest(settings):
                    outcome = self.run_config(self.config(server, **settings), env=environment, expect=rc)
                    self.assertTrue(any(all(word in line for word in words) for line in outcome.stderr.splitlines()), outcome)
                    self.assertNotIn("wrong-key-99", outcome.stderr)
            self.assertEqual(server.requests, 0)
        for address, rc, words in (
            (server.base_url, UNAVAILABLE, ["no server answers at", server.base_url]),
            ("127.0.0.1:80", DATA, ["must begin with http"]),
            ("http://user:word@127.0.0.1/v1", DATA, ["name or password"]),
        ):
            before = self.run_folders()
            server.base_url = address
            outcome = self.run_config(self.config(server, model="one"), expect=rc)
            self.assertTrue(any(all(word in line for word in words) for line in outcome.stderr.splitlines()), outcome)
            if rc == UNAVAILABLE:
                self.assertEqual(self.run_folders(), before, "a run was begun that nobody could answer")

    def test_faults(self):
        """No sample is lost, none counted twice, the key stands nowhere, and the replies are those of a server without faults."""
        kinds = list(range(12))
        with served.Server(key=KEY) as plain:
            config = self.config(plain, rows=40, model="toy")
            expected = self.run_config(config, env={"OPENAI_API_KEY": KEY}).run
        faults = {2 * i + 1: kinds[i % len(kinds)] for i in range(36)}
        with served.Server(key=KEY, faults=faults) as server:
            server.stall_s = 1.5
            config = self.config(server, rows=40, model="toy", timeout_s=1, requests_in_flight=8, max_retries=30)
            outcome = self.run_config(config, env={"OPENAI_API_KEY": KEY})
            self.assertGreaterEqual(server.requests, 40 + 36)
            self.assertLessEqual(server.most_at_once, 8 + 2)  # a stalled one is hung up on, and its thread sleeps on
            self.assertEqual(self.replies(outcome.run), self.replies(expected))
            self.assertEqual(outcome.run.task("tiny")["results_sha256"], expected.task("tiny")["results_sha256"])
            self.assertEqual(len((outcome.run.path / "journal" / "toy" / "tiny.jsonl").read_text().splitlines()), 40)
            self.assert_nowhere(self.dir, KEY)
            self.assertNotIn(KEY, outcome.stderr + outcome.stdout)

    @unittest.skipUnless(shutil.which("openssl"), "no openssl to make a certificate with")
    def test_certificates(self):
        files = [str(self.dir / name) for name in ("cert.pem", "key.pem")]
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
            + ["-addext", "subjectAltName=DNS:localhost", "-out", files[0], "-keyout", files[1]],
            check=True,
            capture_output=True,
        )
        with served.Server(tls=files) as server:
            config = self.config(server, rows=2, model="toy")
            outcome = self.run_config(config, expect=UNAVAILABLE)
            self.assertIn("is not trusted", outcome.stderr)
            self.assertEqual(server.seen, [])
            self.run_config(config, env={"SSL_CERT_FILE": files[0]})

    def test_tool_calls(self):
        """An agent's tool: what the model calls is run, and its result goes back as a tool's turn."""
        data = make_mcq(self.dir / "mcq.jsonl", 2)
        with served.Server() as server:
            call = {"id": "c1", "type": "function", "function": {"name": "calculator", "arguments": json.dumps({"expression": "6*7"})}}

            def chat(handler, body):
                if body["messages"][-1]["role"] == "tool":
                    return handler.send(200, handler.chat_answer("B, for %s" % body["messages"][-1]["content"], "stop", 1))
                handler.send(200, handler.chat_answer(None, "tool_calls", 1, tool_calls=[call]))

            original, served.Handler.chat = served.Handler.chat, chat
            try:
                model = {"abbr": "toy", "backend": "openai", "config": dict(FAST, base_url=server.base_url, model="toy"), "max_out_len": 50}
                sets = [inline_set(data, method="gen")]
                sets[0]["infer"]["inferencer"] = {"type": "agent", "tools": ["calculator"], "protocol": "calls"}
                config = write(self.dir / "config.json", {"models": [model], "datasets": sets})
                run = self.run_config(config).run
            finally:
                served.Handler.chat = original
            self.assertTrue(all(reply.startswith("B, for 42") for reply in self.replies(run)), self.replies(run))
            first, second = server.bodies()[0], server.bodies()[-1]
            self.assertEqual(first["tools"][0]["function"]["name"], "calculator")
            self.assertEqual([m["role"] for m in second["messages"]][-2:], ["assistant", "tool"])
            self.assertEqual(second["messages"][-1]["tool_call_id"], "c1")

    def test_one_that_always_fails_costs_its_sample(self):
        with served.Server() as server:
            bad = make_mcq(self.dir / "mcq.jsonl", 10)
            text = mcq_rows(10)[4]["question"]
            plain = served.reply_to
            handler = served.Handler.chat

            def chat(self, body):
                if text in body["messages"][-1]["content"]:
                    return self.refuse(500, "poison")
                return handler(self, body)

            served.Handler.chat = chat
            try:
                outcome = self.run_config(self.config(server, model="toy", max_retries=2), expect=UNAVAILABLE)
            finally:
                served.Handler.chat = handler
            task = outcome.run.task("tiny")
            self.assertEqual((task["status"], task["samples_failed"]), ("failed", 1))
            self.assertIn("HTTP 500: poison", task["error"])
            self.assertTrue(bad and plain)

    def test_server_that_dies_for_good(self):
        with served.Server() as server:
            port = server.port
            server.dies_after = 12
            config = self.config(server, rows=40, model="toy", requests_in_flight=4, outage_s=0.5)
            outcome = self.run_config(config, expect=INCOMPLETE)
            self.assertIn("answers nothing any more", outcome.stderr)
            journal = outcome.run.path / "journal" / "toy" / "tiny.jsonl"
            self.assertEqual(len(journal.read_text().splitlines()), 12)
        with served.Server(port=port) as server:
            again = self.run_config(config, "-r")
            self.assertEqual(server.requests, 28)
            self.assertEqual(len(self.replies(again.run)), 40)

    def test_caps(self):
        with served.Server() as server:
            config = self.config(server, rows=40, model="toy", requests_in_flight=2, prices={"prompt": 1000, "completion": 1000}, max_run_cost=0.3)
            outcome = self.run_config(config, expect=INCOMPLETE)
            self.assertIn("max_run_cost is 0.3", outcome.stderr)
            self.assertLess(server.requests, 40)
            self.run_config(self.config(server, rows=40, model="toy"), "-r")
            self.assertLessEqual(server.requests, 40 + 4)

    def test_a_sample_that_may_cost_too_much_is_not_sent(self):
        with served.Server() as server:
            prices = {"prompt": 0, "completion": 1000}
            outcome = self.run_config(self.config(server, rows=4, model="toy", prices=prices, max_sample_cost=0.007), expect=INCOMPLETE)
            self.assertIn("a reply of 8 tokens may cost 0.008000 USD, and max_sample_cost is 0.007", outcome.stderr)
            self.assertEqual(server.requests, 0)
            self.run_config(self.config(server, rows=4, model="toy", prices=prices, max_sample_cost=0.008), "-r")
            self.assertEqual(server.requests, 4)

    def test_too_long_is_said(self):
        with served.Server(context=60) as server:
            outcome = self.run_config(self.config(server, rows=2, model="toy"), expect=DATA)
            self.assertIn("the prompt is too long", outcome.run.task("tiny")["error"])

    def test_examples_are_dropped_where_tokens_can_be_counted(self):
        data = make_mcq(self.dir / "mcq.jsonl", 4)
        for kind, settings, dropped in (("openai", {"tokenizer_path": str(TINY_MODEL)}, True), ("vllm", {}, True), ("openai", {}, False)):
            with self.subTest(kind, settings=settings), served.Server(kind=kind) as server:
                config = dict(FAST, base_url=server.base_url, model="toy", **settings)
                model = {"abbr": "toy", "backend": "openai", "config": config, "max_out_len": 8, "max_seq_len": 120}
                outcome = self.run_config(write(self.dir / "config.json", {"models": [model], "datasets": [inline_set(data, shots=True)]}))
                self.assertEqual(outcome.run.task("tiny")["dropped_shots"] > 0, dropped)
                self.assertEqual("prompts are not fitted to 120 tokens" in outcome.stderr, not dropped)

    def test_azure_and_anthropic(self):
        with served.Server(key=KEY) as server:
            server.has_models = False
            server.base_url = server.base_url[: -len("/v1")]
            config = self.config(server, rows=2, model="mine", dialect="azure", query="api-version=2024-10-21")
            self.run_config(config, env={"AZURE_OPENAI_API_KEY": KEY})
            self.assertEqual(server.seen[-1]["path"], "/openai/deployments/mine/chat/completions?api-version=2024-10-21")
        with served.Server(key=KEY, models=["claude"]) as server:
            data = make_mcq(self.dir / "mcq.jsonl", 2)
            model = {"abbr": "toy", "backend": "openai", "system_prompt": "Be brief.", "config": dict(FAST, base_url=server.base_url, model="claude", dialect="anthropic")}
            config = write(self.dir / "config.json", {"models": [model], "datasets": [inline_set(data)]})
            self.run_config(config, env={"ANTHROPIC_API_KEY": KEY})
            body = server.bodies("/messages")[0]
            self.assertEqual((body["system"], [message["role"] for message in body["messages"]]), ("Be brief.", ["user"]))
            self.assertEqual({k: v.lower() for k, v in server.seen[-1]["headers"].items() if k.lower() == "anthropic-version"}.popitem()[1], "2023-06-01")

    def test_the_providers_batches(self):
        """Files up, poll, files down: the same replies; what the provider fails at is asked for by itself; -r finds its own job again."""
        fast = dict(model="toy", batch=True, batch_poll_s=0.02)
        with served.Server(key=KEY) as server:
            server.batch_faults = {1: "failed", 3: "failed"}
            outcome = self.run_config(self.config(server, **fast), env={"OPENAI_API_KEY": KEY})
            self.assertEqual((len(server.files), len(server.batches), server.requests), (1, 1, 2))
            self.assertEqual(server.replies, 10)
            bodies = [line["body"] for line in server.files[0]]
            self.assertEqual({line["url"] for line in server.files[0]}, {"/v1/chat/completions"})
            expected = sorted(served.reply_to(body["messages"][-1]["content"]) for body in bodies)
            self.assertEqual(sorted(self.replies(outcome.run)), expected)
            self.assert_nowhere(self.dir, KEY)
        with served.Server(models=["claude"]) as server:
            config = self.config(server, rows=4, **dict(fast, model="claude", dialect="anthropic"))
            outcome = self.run_config(config, env={"ANTHROPIC_API_KEY": KEY})
            self.assertEqual((len(server.batches), server.requests, len(self.replies(outcome.run))), (1, 0, 4))
        with served.Server() as server:
            server.batch_end, server.batch_faults = "expired", {2: "left out"}
            outcome = self.run_config(self.config(server, rows=4, **fast), expect=UNAVAILABLE)
            self.assertIn("the batch batch_0 ended (expired) without an answer to it", outcome.run.task("tiny")["error"])
            server.batch_end = "completed"
            self.run_config(self.config(server, rows=4, **fast), "-r")
            self.assertEqual([len(batch["lines"]) for batch in server.batches], [4, 1])
        with served.Server() as server:
            server.batch_end = "failed"
            outcome = self.run_config(self.config(server, rows=4, **fast), expect=INCOMPLETE)
            self.assertIn("refuses the batch batch_0 (Invalid file format)", outcome.run.task("tiny")["error"])

    def test_a_batch_that_was_interrupted_is_found_again(self):
        with served.Server() as server:
            server.batch_looks = 10**9
            config = self.config(server, rows=4, model="toy", batch=True, batch_poll_s=0.02)
            process = self.start("run", config)
            deadline = time.monotonic() + 20
            while not (server.batches and server.batches[0]["looks"] > 2) and time.monotonic() < deadline:
                time.sleep(0.02)
            process.terminate()
            process.communicate(timeout=20)
            server.batch_looks = 0
            outcome = self.run_config(config, "-r")
            self.assertEqual((len(server.batches), server.requests, len(self.replies(outcome.run))), (1, 0, 4))

    def test_withheld_replies_are_not_the_models(self):
        with served.Server() as server:
            server.withholds = lambda question: served.reply_to(question) == "A"
            outcome = self.run_config(self.config(server, model="toy"), expect=DATA)
            task = outcome.run.task("tiny")
            self.assertIn("the server's content filter withheld the reply", task["error"])
            self.assertEqual((task["status"], outcome.run.record["models"][0]["spent"]["withheld"]), ("failed", task["samples_failed"]))
            outcome = self.run_config(self.config(server, model="toy", withheld="as_reply"))
            self.assertIn("the server's content filter withheld replies", outcome.stderr)
            self.assertGreater(outcome.run.record["models"][0]["spent"]["withheld"], 0)

    def test_versions_do_not_depend_on_addresses(self):
        versions = set()
        for settings in ({"model": "toy"}, {"model": "toy", "query": "a=b"}, {"model": "toy", "api": "chat"}):
            with served.Server() as server:
                outcome = self.run_config(self.config(server, rows=2, **settings), "--json")
                versions.add(json.loads(outcome.stdout)["rows"][0]["version"])
        self.assertEqual(len(versions), 2)

    def test_log_probabilities(self):
        """The three ways agree, and with the sum that can be computed beforehand."""
        results = {}
        for kind in ("openai", "vllm", "llama-server"):
            with self.subTest(kind), served.Server(kind=kind) as server:
                run = self.run_config(self.config(server, method="ppl", rows=3, model="toy")).run
                results[kind] = read_json(run.path / "predictions" / "toy" / "tiny.json")
                for prediction in results[kind].values():
                    for label in "ABCD":
                        one = prediction["label: " + label]
                        ids = [served.BOS] + list(one["testing input"].encode())
                        total = sum(served.logprob(ids, i) for i in range(1, len(ids)))
                        self.assertAlmostEqual(one["PPL"], -total / len(ids), places=9)
        self.assertEqual(results["openai"], results["vllm"])
        self.assertEqual(results["openai"], results["llama-server"])

    def test_log_probabilities_of_continuations(self):
        for kind in ("openai", "vllm", "llama-server"):
            with self.subTest(kind), served.Server(kind=kind) as server:
                run = self.run_config(self.config(server, method="loglikelihood", rows=2, model="toy")).run
                for prediction in read_json(run.path / "predictions" / "toy" / "tiny.json").values():
                    for label in "ABCD":
                        one = prediction["label: " + label]
                        text, tail = one["testing input"].encode(), (" " + prediction["record"][label]).encode()
                        self.assertTrue(text.endswith(tail), one)
                        ids = [served.BOS] + list(text)
                        total = sum(served.logprob(ids, i) for i in range(len(ids) - len(tail), len(ids)))
                        self.assertAlmostEqual(one["logprob"], total, places=9)
                        self.assertEqual(one["tokens"], len(tail))

    def test_log_probabilities_that_cannot_be_had(self):
        with served.Server() as server:
            server.echoes = False
            outcome = self.run_config(self.config(server, method="ppl", rows=2, model="toy"), expect=UNAVAILABLE)
            self.assertIn("gives no log-probabilities of a given text", outcome.stderr)
            self.assertIn("which ppl needs", outcome.stderr)
            self.assertEqual(self.run_folders(), [])


class Llamacpp(ServedTest):
    """--backend llamacpp: what it says without libllama, and its numbers beside the native backend's. tools/acceptance/llama.py has real ones."""

    def score(self, backend, lines):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        outcome = self.sextant("model", "score", "--backend", backend, "--threads", "1", "--model-path", TINY_MODEL, stdin=text)
        self.assert_rc(outcome, OK)
        return [json.loads(line)["scores"] for line in outcome.stdout.splitlines()]

    def test_beside_the_native_backend(self):
        outcome = self.sextant("model", "info", "--backend", "llamacpp", "--model-path", TINY_MODEL, "--json")
        if outcome.rc == UNAVAILABLE and "this build has no libllama" in outcome.stderr:
            self.assertIn("run tools/build_llama.sh and build again", outcome.stderr)
            self.skipTest("this build has no libllama")
        self.assert_rc(outcome, OK)
        lines = [{"prefix": "The capital", "continuations": [" of", " Berlin", " a city"]}, {"prefix": "", "continuations": ["Two words"]}]
        for native, other in zip(self.score("cpu", lines), self.score("llamacpp", lines)):
            self.assertEqual([(one["tokens"], one["total_tokens"]) for one in native], [(one["tokens"], one["total_tokens"]) for one in other])
            for one, two in zip(native, other):
                for a, b in zip(one["token_logprobs"], two["token_logprobs"]):
                    self.assertLess(abs(a - b), 0.4)  # its quantised weights meet quantised activations there
        together, alone = self.score("llamacpp", lines + lines), self.score("llamacpp", lines[:1])
        for one, two in zip(together[0], together[2]):  # the second time most of it is in the trunk
            self.assertAlmostEqual(one["logprob"], two["logprob"], delta=0.05)
        self.assertEqual([one["tokens"] for one in alone[0]], [one["tokens"] for one in together[0]])
        data = make_mcq(self.dir / "mcq.jsonl", 6)
        model = {"abbr": "toy", "backend": "llamacpp", "model_path": str(TINY_MODEL), "config": {"batch_size": 4, "threads": 1}, "max_out_len": 8}
        config = write(self.dir / "config.json", {"models": [model], "datasets": [inline_set(data, method=method) for method in ("gen", "ppl")]})
        run = self.run_config(config).run
        self.assertEqual({task["status"] for task in run.record["tasks"]}, {"complete"})
        self.assertEqual({task["samples"] for task in run.record["tasks"]}, {6})
        missing = self.sextant("model", "info", "--backend", "llamacpp", "--model-path", self.dir / "config.json")
        self.assertNotEqual(missing.rc, OK)
        self.assertIn("libllama cannot load it", missing.stderr)


class Answers(ServedTest):
    def run_answers(self, lines, expect=OK, rows=4, **settings):
        data = make_mcq(self.dir / "mcq.jsonl", rows)
        path = self.dir / "replies.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        model = {"abbr": "toy", "backend": "answers", "model_path": str(path), "config": settings}
        return self.run_config(write(self.dir / "config.json", {"models": [model], "datasets": [inline_set(data)]}), expect=expect)

    def test_by_index_question_and_prompt(self):
        rows = mcq_rows(4)
        wanted = ["A", "B", "C", "D"]
        outcome = self.run_answers([{"dataset": "tiny", "index": i, "reply": reply} for i, reply in enumerate(wanted)])
        self.assertEqual(self.replies(outcome.run), wanted)
        outcome = self.run_answers([{"index": i, "prediction": reply} for i, reply in enumerate(wanted)], dataset="tiny")
        self.assertEqual(self.replies(outcome.run), wanted)
        outcome = self.run_answers([{"question": row["question"], "reply": reply} for row, reply in zip(rows, wanted)])
        self.assertEqual(self.replies(outcome.run), wanted)
        prompts = [p["origin_prompt"] for p in read_json(outcome.run.path / "predictions" / "toy" / "tiny.json").values()]
        self.assertEqual(len(set(map(str, prompts))), 4)

    def test_lines_of_other_rows(self):
        rows = mcq_rows(4)
        lines = [{"dataset": "tiny", "index": i, "question": row["question"], "reply": "A"} for i, row in enumerate(rows)]
        self.run_answers(lines)
        outcome = self.run_answers([dict(lines[0], question="of another file"), *lines[1:]], expect=DATA)
        self.assertIn("line 1 is of this \"index\"", outcome.run.task("tiny")["error"])
        outcome = self.run_answers(lines + [{"dataset": "tiny", "index": 4, "reply": "A"}])
        self.assertIn("replies.jsonl: 1 of 5 lines are replies to nothing that was asked now; the first is line 5", outcome.stderr)

    def test_two_questions_in_one_prompt(self):
        rows = mcq_rows(4)
        lines = [{"question": row["question"], "reply": reply} for row, reply in zip(rows, "ABCD")]
        lines.append({"question": "A. %s" % rows[0]["A"], "reply": "D"})  # an option of a row is asked elsewhere
        outcome = self.run_answers(lines, expect=DATA)
        self.assertRegex(outcome.run.task("tiny")["error"], "the questions of lines 1 and 5 both stand in one prompt")

    def test_missing_and_wrong_lines(self):
        lines = [{"dataset": "tiny", "index": i, "reply": "A"} for i in range(3)]
        outcome = self.run_answers(lines, expect=DATA)
        self.assertIn("holds no reply to the prompt", outcome.run.task("tiny")["error"])
        outcome = self.run_answers(lines, missing="empty")
        self.assertEqual(self.replies(outcome.run), ["A", "A", "A", ""])
        for line, words in (
            ({"index": 0, "reply": "A"}, "names no \"dataset\""),
            ({"question": "x"}, "holds no \"reply\""),
            ({"reply": "A"}, "the reply to"),
            ({"dataset": "tiny", "index": 0, "reply": "B"}, "another reply"),
            ({"dataset": "tiny", "index": -1, "reply": "B"}, "0 or more"),
        ):
            with self.subTest(line):
                outcome = self.run_answers(lines + [line], expect=DATA)
                self.assertIn(words, outcome.stderr)
                self.assertIn("replies.jsonl:4", outcome.stderr)


if __name__ == "__main__":
    unittest.main()
