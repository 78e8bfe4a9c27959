"""Text from outside is text: names, summaries, prompts, errors and replies that hold escape sequences, control characters and bidirectional
overrides go through every command, and all that it prints and logs is searched."""
import csv
import json
import os
import pty
import re
import subprocess

from contract.harness import PROGRAM, THIRD_PARTY, USAGE, write
from robustness.cases import RobustnessTest, card

EVIL = "\x1b[31m\x1b]0;pwn\x07\u009b2J\u202egnp\u2066\u200f\u2028\x7f\r\n=1+1"
# what no terminal and no log may get: C0 but line feed and tab, DEL, C1, direction marks, line separators
COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class TextFromOutside(RobustnessTest):
    def setUp(self):
        super().setUp()
        self.make_cards(rows=4)

    def assert_plain(self, data, what):
        text = data.decode("utf-8") if isinstance(data, bytes) else data  # and it is UTF-8
        found = COMMANDS.search(text)
        self.assertIsNone(found, "%s: %r" % (what, found and text[max(0, found.start() - 40):found.end() + 40]))

    def run_command(self, *args, stdin=b""):
        """Bytes as they come; stdout, and stderr."""
        done = subprocess.run([PROGRAM, *map(str, args)], env=self.environment(), cwd=self.dir, input=stdin, capture_output=True, timeout=60)
        self.assert_plain(done.stdout, "stdout of %r" % (args,))
        self.assert_plain(done.stderr, "stderr of %r" % (args,))
        return done

    def assert_logs_plain(self):
        for path in [*self.dir.glob("work/*/logs/**/*.out"), *self.dir.glob("work/*/summary/*")]:
            self.assert_plain(path.read_bytes(), path)
        for path in self.dir.glob("work/**/*.json*"):
            path.read_bytes().decode("utf-8")

    def evil_cards(self):
        (self.dir / "cards" / "small_gen.json").unlink()
        made = card(self.questions, "gen", max_out_len=4)
        made["summary"] = "summary" + EVIL
        made["abbr"] = "set" + EVIL
        made["infer"]["template"]["round"][0]["prompt"] = "{question}" + EVIL
        name = "evil\x1b[31m\u202e.json"
        write(self.dir / "cards" / name, made)
        write(self.dir / "cards" / "broken\x1b[31m\u202e.json", "{" + EVIL)
        write(self.dir / "cards" / "unknown.json", {**made, "abbr": "u", "ke\x1by\u202e": 1})
        write(self.dir / "cards" / "evil_model.json", {"card": "model", "abbr": "m" + EVIL, "summary": EVIL, "backend": "sample"})
        return name[:-5]

    def test_every_command(self):
        name = self.evil_cards()
        base = ["--config-dir", self.dir / "cards", "--plugin-path", THIRD_PARTY]
        model = ["--models", "evil_model"]
        run = ["run", *base, *model, "--datasets", name, "small_ppl", "-w", "work"]
        done = self.run_command(*run)
        self.assertEqual(done.returncode, 0, done.stderr)
        for args in (["list", *base], ["list", *base, "--json"], ["list", *base, "no\x1bsuch"], [*run, "--dry-run"], [*run, "--dry-run", "--json"],
                     [*run, "--json"], ["run", *base, *model, "--datasets", "unknown", "-w", "work"], ["run", *base, *model, "--datasets", "x\x1b[1m\u202e", "-w", "work"],
                     [*run, "--limit", "\x1b[1m"], [*run, "--\x1b[1mx\u202e"], [*run, "--set", "infer.\x1b[1m=3"], [*run, "-r", "x\x1b\u202e"],
                     [*run, "--metric", "x\x1b\u202e"], ["run", "-m", "viz", "-r", "-w", "work", "--plugin-path", THIRD_PARTY],
                     ["\x1b[1mcommand\u202e"], ["help", "\x1b[1m"], ["report", "no\x1b[1m\u202e"], ["plugins", "info", "\x1b[1m\u202e"],
                     ["plugins", "list", "--plugin-path", "/no\x1b[1m\u202e"], ["plugins", "check", "/no\x1b[1m\u202e.so"], ["model", "info", "--model-path", "/no\x1b[1m\u202e"],
                     ["prompt", *base, *model, "--datasets", name, "--json"]):
            self.run_command(*args)
        for path in self.dir.glob("work/*/run.json"):
            self.run_command("report", path.parent)
            self.run_command("report", path.parent, "--json")
        self.assert_logs_plain()

    def test_a_prompt_is_itself_for_a_program_and_shown_to_a_person(self):
        name = self.evil_cards()
        args = ["prompt", "--config-dir", str(self.dir / "cards"), "--plugin-path", THIRD_PARTY, "--models", "evil_model", "--datasets", name, "-n", "0"]
        piped = subprocess.run([PROGRAM, *args], env=self.environment(), cwd=self.dir, capture_output=True, timeout=60)
        self.assertIn(EVIL.encode("utf-8"), piped.stdout)
        leader, follower = pty.openpty()
        process = subprocess.Popen([PROGRAM, *args], env=self.environment(), cwd=self.dir, stdin=subprocess.DEVNULL, stdout=follower, stderr=follower)
        os.close(follower)
        shown = b""
        while True:
            try:
                block = os.read(leader, 4096)
            except OSError:  # the other side is closed
                break
            if not block:
                break
            shown += block
        self.assertEqual(process.wait(timeout=60), 0)
        self.assert_plain(shown.replace(b"\r\n", b"\n"), "the terminal")
        self.assertIn(b"\\x1B[31m", shown)

    def test_replies_and_errors(self):
        """A model's reply, and what a backend says of a sample, in every file that a person reads."""
        rows = [{"question": "fail %d%s" % (i, EVIL), "A": "1", "B": "2", "C": "3", "D": "4", "answer": "A"} for i in range(3)]
        write(self.dir / "q.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        write(self.dir / "cards" / "small_gen.json", card(self.dir / "q.jsonl", "gen", max_out_len=4))
        for more in ([], ["--model-kwargs", "fail_on=fail 1"]):
            self.run_command("run", *self.cards_args("gen"), *self.BACKENDS["sample"], "-w", "work", *more)
        self.assert_logs_plain()

    def test_bytes_that_are_no_utf8(self):
        """A file's name may be any bytes; what claims to be UTF-8, a run's configuration for one, could not hold it."""
        name = b"q\xff\xfe\x1b[1m.csv"
        target = os.path.join(os.fsencode(self.dir), name)
        with open(target, "wb") as file:
            file.write(self.questions.read_bytes())
        done = subprocess.run([PROGRAM.encode(), b"run", b"--custom-dataset-path", target, *[str(a).encode() for a in self.BACKENDS["sample"]], b"-w", b"work"],
                              env=self.environment(), cwd=self.dir, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, USAGE, done.stderr)
        self.assertIn(b"not valid UTF-8", done.stderr)
        self.assert_plain(done.stderr, "stderr")

    def test_no_cell_is_a_formula(self):
        names = ["=cmd|' /C calc'!A0", "+1", "-1+2", "@SUM(1)", "\t=1", " =1", "\uff1d1", "a;=1"]
        for i, name in enumerate(names):
            write(self.dir / "cards" / ("f%d.json" % i), {**card(self.questions, "gen", max_out_len=4), "abbr": name})
        write(self.dir / "cards" / "m.json", {"card": "model", "abbr": "=1+1", "backend": "sample"})
        self.run_command("run", "--config-dir", self.dir / "cards", "--datasets", *["f%d" % i for i in range(len(names))], "--models", "m", "--plugin-path",
                         THIRD_PARTY, "-w", "work")
        [path] = self.dir.glob("work/*/summary/*.csv")
        for separator in ",;":  # which one a spreadsheet takes depends on its country
            for row in csv.reader(path.read_text(encoding="utf-8").splitlines(), delimiter=separator):
                for cell in row:
                    self.assertNotRegex(cell, "^[\\s\"]*[=+@\uff1d\uff0b\uff20]|^\\s*-[^0-9]+.")
