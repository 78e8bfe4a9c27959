"""Programs that a model wrote, in the sandbox: each attack of sandbox_attacks.py fails and costs its sample; and what is said where the
sandbox is missing or fails itself."""
import base64
import json
import os
import pathlib
import pickle
import shutil
import socket
import subprocess
import unittest
import zlib

from contract.harness import PROGRAM, TINY_MODEL, UNAVAILABLE, RunFolder, read_json, write
from robustness.cases import RobustnessTest
from robustness.sandbox_attacks import PASS, attacks

ORDINARY_USER = 50001


def why_no_sandbox():
    """What the program says of sandboxes here; empty: they work. It is asked as its own supervisor."""
    ours, theirs = socket.socketpair()
    with ours, subprocess.Popen([PROGRAM, "worker", "sandbox"], stdin=theirs) as process:
        theirs.close()
        ours.sendall(b'{"probe": true}\n')
        answer = ours.makefile().readline()
        ours.shutdown(socket.SHUT_RDWR)
        process.wait()
    return json.loads(answer)["missing"]


WHY_NOT = why_no_sandbox() if PROGRAM else "SEXTANT_PROGRAM is not set"


class SandboxTest(RobustnessTest):
    def make_set(self, rows, **metric):
        """Cards/programs.json over rows of {"program", "tests", "names"}; a run whose model has said the programs."""
        path = self.dir / "data" / "rows.jsonl"
        write(path, "".join(json.dumps(row) + "\n" for row in rows))
        write(self.dir / "cards" / "programs.json", {
            "card": "dataset", "abbr": "programs", "loader": {"type": "table", "file": "rows.jsonl"}, "path": str(path.parent),
            "reader": {"input_columns": ["name"], "output_column": "names", "train_split": "test", "test_split": "test"},
            "infer": {"retriever": {"type": "zero"}, "template": {"type": "text", "prompt": "{name}"},
                      "inferencer": {"type": "gen", "max_out_len": 1}},
            "eval": {"metrics": [{"type": "code_tests", "tests": "{tests}", "names": "{names}", "trim": False, **metric}]}})
        self.run_sextant("-m", "infer")
        run = self.last_run()
        predictions = run.path / "predictions" / "tiny_llama" / "programs.json"
        said = read_json(predictions)
        for prediction in said.values():
            prediction["prediction"] = prediction["record"]["program"]
        write(predictions, said)
        return run

    def run_sextant(self, *args, **options):
        return self.sextant("run", "--config-dir", self.dir / "cards", "--datasets", "programs", "--backend", "cpu", "--model-path", TINY_MODEL,
                            "-w", self.dir / "work", *args, **options)

    def judged(self, run):
        """How each program was judged, by name: "pass", or the first words of why not."""
        with open(run.path / "samples" / "tiny_llama" / "programs.jsonl", encoding="utf-8") as file:
            samples = [json.loads(line) for line in file]
        out = {}
        for sample in samples:
            why = (sample.get("explanations") or {}).get("pass", "")
            out[sample["record"]["name"] if "record" in sample else sample["index"]] = (PASS if (sample["scores"] or {}).get("pass") == 1 else why.split(":")[0], why)
        return out


@unittest.skipIf(WHY_NOT, "no sandbox here: %s" % WHY_NOT)
class Attacks(SandboxTest):
    TIMEOUT = 120

    def attack(self, user=None):
        canary = write(self.dir / "canary" / "id_rsa", "secret")
        os.chmod(self.dir, 0o755)
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp, socket.socket(socket.AF_UNIX) as unix:
            tcp.bind(("127.0.0.1", 0))
            tcp.listen()
            udp.bind(tcp.getsockname())
            unix.bind("\0sextant-%d" % os.getpid())
            unix.listen()
            fill = {"CANARY": str(canary), "PORT": str(tcp.getsockname()[1]), "ABSTRACT": "sextant-%d" % os.getpid(), "PID": str(os.getpid()),
                    "MARK": "sxt-left"}
            rows, expected = [], {}
            for name, program, tests, names, verdicts in attacks():
                for word, value in fill.items():
                    program = program.replace(word, value)
                rows.append({"name": name, "program": program, "tests": tests, "names": names})
                expected[len(rows) - 1] = (name, verdicts)
            run = self.make_set(rows, limit_s=0.7, memory_mb=256)
            more = {}
            if user:
                for folder, folders, files in os.walk(self.dir):
                    for path in (folder, *(os.path.join(folder, file) for file in files)):
                        os.chown(path, user, user)
                more = {"user": user, "group": user, "extra_groups": []}
            done = subprocess.run([PROGRAM, "run", "-w", self.dir / "work", "-r", run.path.name, "-m", "eval"], capture_output=True, text=True,
                                  env={"PATH": "/usr/bin:/bin", "HOME": str(self.dir)}, cwd=self.dir, timeout=self.TIMEOUT, **more)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        judged = self.judged(RunFolder(run.path))
        self.assertEqual(len(judged), len(expected))
        for number, (name, verdicts) in expected.items():
            with self.subTest(name):
                verdict, why = judged[number]
                self.assertIn(verdict, verdicts, why)
        self.assertEqual(subprocess.run(["pgrep", "-x", "sxt-left"], capture_output=True, text=True).stdout, "", "a process was left")

    def test_as_this_user(self):
        self.attack()

    def test_as_an_ordinary_user(self):
        if os.getuid() != 0:
            self.skipTest("this is an ordinary user already")
        reachable = subprocess.run(["/usr/bin/test", "-x", PROGRAM], user=ORDINARY_USER, group=ORDINARY_USER, extra_groups=[])
        if reachable.returncode:
            self.skipTest("an ordinary user cannot reach %s" % PROGRAM)
        self.attack(ORDINARY_USER)


RIGHT = {"name": "right", "program": "def add(a, b): return a + b", "tests": "assert add(1, 2) == 3", "names": "add"}


def packed(tests):
    """LiveCodeBench's form of private tests."""
    return base64.b64encode(zlib.compress(pickle.dumps(json.dumps(tests)))).decode()


@unittest.skipIf(WHY_NOT, "no sandbox here: %s" % WHY_NOT)
class InputsAndOutputs(SandboxTest):
    ADD = [{"input": "1 2\n", "output": "3\n", "testtype": "stdin"}, {"input": "10 -4\n", "output": "6.0", "testtype": "stdin"}]
    TWICE = [{"input": "[1, 2]\n\"x\"", "output": "[1, 2, \"x\"]", "testtype": "functional"}]

    def rows(self):
        """(name, program, public tests, private tests, method or none, verdict)"""
        sums = "a, b = map(int, input().split())\nprint(a + b)"
        method = "class Solution:\n    def put(self, items, more):\n        return %s"
        return [
            ("right", sums, self.ADD, packed(self.ADD), None, PASS),
            ("reads all", "import sys\nprint(sum(map(int, sys.stdin.buffer.read().split())))\nexit()", self.ADD, "[]", None, PASS),
            ("descriptor 0", "import os\nprint(sum(map(int, os.read(0, 99).split())))", self.ADD, "[]", None, PASS),
            ("main", "def main():\n    print(sum(map(int, input().split())))\nif __name__ == '__main__':\n    main()", self.ADD, "[]", None, PASS),
            ("a private test fails", "a, b = map(int, input().split())\nprint(abs(a) + abs(b))", self.ADD[:1], packed(self.ADD[1:]), None, "wrong answer"),
            ("one line more", sums + "\nprint()\nprint(0)", self.ADD, "[]", None, "wrong answer"),
            ("nothing", "pass", self.ADD, "[]", None, "wrong answer"),
            ("raises", "1 / 0", self.ADD, "[]", None, "failed"),
            ("no Python", "add the numbers", self.ADD, "[]", None, "failed"),
            ("waits for ever", "while True: pass", self.ADD, "[]", None, "timeout"),
            ("method", method % "items + [more]", self.TWICE, packed(self.TWICE), "put", PASS),
            ("a tuple", method % "(*items, more)", self.TWICE, "[]", "put", PASS),
            ("another list", method % "items", self.TWICE, "[]", "put", "wrong answer"),
            ("no class", "def put(items, more): return items + [more]", self.TWICE, "[]", "put", "failed"),
            ("an object that equals all", "class All(list):\n    def __eq__(self, o): return True\n" + method % "All()", self.TWICE, "[]", "put", "wrong answer"),
        ]

    def test_scripts_and_methods(self):
        rows = [{"name": name, "program": program, "public": json.dumps(public), "private": private,
                 "metadata": json.dumps({"func_name": method} if method else {}), "names": "-", "taken": "Solution" if method else "",
                 "solution": "Solution" if method else "None"} for name, program, public, private, method, _ in self.rows()]
        config = {"tests": "check_inputs_and_outputs(public, private, metadata, {solution})", "data": ["public", "private", "metadata"], "names": "{taken}", "limit_s": 1}
        run = self.make_set(rows, **config)
        outcome = self.run_sextant("-r", run.path.name, "-m", "eval")
        self.assertEqual(outcome.rc, 0, outcome)
        judged = self.judged(RunFolder(run.path))
        for number, (name, *_, verdict) in enumerate(self.rows()):
            with self.subTest(name):
                self.assertEqual(judged[number][0], verdict, judged[number][1])

    def test_a_pickle_that_is_no_text_has_no_verdict(self):
        bad = base64.b64encode(zlib.compress(pickle.dumps([os.getcwd]))).decode()
        rows = [{"name": "x", "program": "print(3)", "public": "[]", "private": bad, "metadata": "{}", "names": "-", "taken": "", "solution": "None"}]
        run = self.make_set(rows, tests="check_inputs_and_outputs(public, private, metadata, {solution})", data=["public", "private", "metadata"],
                            names="{taken}")
        outcome = self.run_sextant("-r", run.path.name, "-m", "eval")
        self.assertNotEqual(outcome.rc, 0, outcome)
        self.assert_says(outcome, "the row's tests cannot be read: ValueError: the pickle holds something else than a text")


class Without(SandboxTest):
    def test_its_metric_is_no_plugin(self):
        self.assert_refused(self.sextant("plugins", "info", "metric:code_tests"), 65, "metric:code_tests", "docs/components.md")

    def test_without_bubblewrap(self):
        """The set is refused before anything is computed, with the remedy."""
        write(self.dir / "empty" / "x", "")
        write(self.dir / "data" / "rows.jsonl", "")
        self.make_set([RIGHT])
        shutil.rmtree(self.dir / "work")
        outcome = self.run_sextant(env={"PATH": str(self.dir / "empty")})
        self.assert_refused(outcome, UNAVAILABLE, "programs", "sandbox", "apt-get install bubblewrap")
        self.assertFalse(list(self.dir.glob("work/*/predictions/*/*")), "something was computed")

    @unittest.skipIf(WHY_NOT, "no sandbox here: %s" % WHY_NOT)
    def test_a_sandbox_that_fails(self):
        """Its samples have no score, and the set is no success: a program is not wrong because bwrap did not start."""
        counts = self.dir / "counts"
        counts.mkdir()
        for folder in (self.dir, counts):
            os.chmod(folder, 0o777)
        fake = write(self.dir / "bin" / "bwrap", "#!/bin/sh\nfor i in 1 2; do mkdir %s/$i 2>/dev/null && exec %s \"$@\"; done\nexit 1\n"
                     % (counts, shutil.which("bwrap")))
        os.chmod(fake, 0o755)
        run = self.make_set([RIGHT])
        outcome = self.sextant("run", "-w", self.dir / "work", "-r", run.path.name, "-m", "eval", env={"PATH": "%s:/usr/bin:/bin" % fake.parent})
        self.assertNotEqual(outcome.rc, 0, outcome)
        self.assert_says(outcome, "the sandbox failed, which says nothing of the program")
        self.assertEqual(RunFolder(run.path).task("programs")["status"], "failed")
        with open(run.path / "samples" / "tiny_llama" / "programs.jsonl", encoding="utf-8") as file:
            self.assertNotIn('"pass":0', file.read().replace(" ", ""))
