"""What a plugin, a parent or the machine does to the process as a whole: ends it, closes its files, moves it, ignores its signals, gives
it little. The components are those of tests/bad_plugins/process.cpp."""
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

from contract.harness import CRASH, DATA, INTERRUPTED, OK, PROGRAM, THIRD_PARTY, UNAVAILABLE, read_json, write
from robustness.cases import RobustnessTest

BAD_PLUGINS = os.environ.get("SEXTANT_BAD_PLUGINS", "")


@unittest.skipUnless(BAD_PLUGINS, "SEXTANT_BAD_PLUGINS names no folder of bad plugins")
class MeddlingPlugins(RobustnessTest):
    def setUp(self):
        super().setUp()
        self.plugins = self.dir / "plugins"
        self.plugins.mkdir()
        shutil.copy(pathlib.Path(BAD_PLUGINS, "process.so"), self.plugins)
        described = self.sextant("plugins", "describe", self.plugins / "process.so")
        (self.plugins / "process.json").write_text(described.stdout)

    def make_card(self, name="meddled", loader=None, template=None, metric=None):
        card = {"card": "dataset", "abbr": name, "loader": {"type": "meddling_rows", **(loader or {})}, "path": str(self.dir),
                "reader": {"input_columns": ["question"], "output_column": "answer", "train_split": "test", "test_split": "test"},
                "infer": {"retriever": {"type": "zero"}, "template": {"type": "meddling_prompt", **(template or {})},
                          "inferencer": {"type": "gen", "max_out_len": 4}},
                "eval": {"metrics": [{"type": "meddling_score", **metric} if metric is not None else {"type": "accuracy"}]}}
        write(self.dir / "cards" / (name + ".json"), card)

    def meddle(self, *names, work_dir="work", args=(), **options):
        outcome = self.sextant("run", "--config-dir", self.dir / "cards", "--datasets", *(names or ["meddled"]), "--backend", "sample", "--plugin-path",
                               self.plugins, THIRD_PARTY, "-w", work_dir, *args, **options)
        outcome.run = self.last_run(work_dir)
        return outcome

    def test_ends_of_the_program(self):
        """However a plugin ends it, wherever: a sentence, 70, and a run that is not complete."""
        for how in ("exit", "_exit", "_Exit", "quick_exit", "exit_in_thread"):
            for part, place, named in (("loader", "read", "dataset:meddling_rows"), ("template", "render", "template:meddling_prompt"),
                                       ("loader", "create", "dataset:meddling_rows")):
                with self.subTest(how=how, place=place):
                    shutil.rmtree(self.dir / "work", ignore_errors=True)
                    self.make_card(**{part: {"at": place, "do": how}})
                    outcome = self.meddle()
                    self.assert_refused(outcome, CRASH, named, "ended the program (exit status 0)")
                    self.assertIsNone(outcome.run, outcome)  # found before the run began

    def test_ends_while_it_is_loaded(self):
        """A manifest is there, so nobody tried it in a child process first."""
        shutil.copy(pathlib.Path(BAD_PLUGINS, "static_exit.so"), self.plugins / "aa.so")
        manifest = json.loads((self.plugins / "process.json").read_text())
        manifest["components"] = [{**manifest["components"][0], "kind": "dataset", "id": "loading"}]
        manifest["sha256"] = hashlib.sha256((self.plugins / "aa.so").read_bytes()).hexdigest()
        write(self.plugins / "aa.json", manifest)
        self.make_card(loader={"type": "loading"})
        self.assert_refused(self.meddle(), CRASH, "aa.so", "ended the program")

    def test_scorers_in_a_process_of_their_own(self):
        for how in ("exit", "_exit", "quick_exit", "exit_in_thread"):
            for place in ("score", "create"):
                with self.subTest(how=how, place=place):
                    shutil.rmtree(self.dir / "work", ignore_errors=True)
                    self.make_card(metric={"at": place, "do": how})
                    outcome = self.meddle()
                    self.assert_refused(outcome, CRASH, "meddled", "exit status 0")
                    if place == "score":
                        self.assertEqual(outcome.run.record["status"], "failed")
                    else:
                        self.assertIsNone(outcome.run, outcome)  # found before the run began

    def test_an_end_after_the_end_does_not_change_the_code(self):
        self.make_card(loader={"at": "read", "do": "exit_later"}, metric={"at": "score", "do": "exit"})
        self.assert_rc(self.meddle(), CRASH)

    def test_a_fork_that_goes_on(self):
        """The child has the run's files and would write them a second time."""
        self.make_card()
        expected = self.meddle(work_dir="alone").run
        for how in ("fork", "fork_exit"):
            with self.subTest(how):
                self.make_card(template={"at": "render", "do": how})
                outcome = self.meddle(work_dir="work_" + how)
                self.assert_rc(outcome, OK)
                self.assertEqual(outcome.run.hashes(), expected.hashes())
                self.assertEqual(outcome.stdout.count("dataset "), 1, outcome)
                self.assertEqual(len(self.journal_keys(outcome.run.path)), 4)

    def test_another_folder_or_mask(self):
        mask = os.umask(0)
        os.umask(mask)
        for how in ("chdir", "umask"):
            for part, place in (("loader", "create"), ("loader", "count"), ("template", "render")):
                with self.subTest(how=how, place=place):
                    self.make_card(**{part: {"at": place, "do": how}})
                    work = "work_%s_%s" % (how, place)
                    outcome = self.meddle(work_dir=work)
                    self.assert_rc(outcome, OK)
                    self.assertTrue((outcome.run.path / "results" / "sample" / "meddled.json").exists())
                    self.assertEqual({path.stat().st_mode & mask for path in (self.dir / work).rglob("*")}, {0})

    def test_another_rounding(self):
        """A third, four times: the mean's last digit depends on the mode, and a trap would end the program."""
        self.make_card(metric={})
        expected = self.meddle(work_dir="alone").run
        for how in ("round", "trap"):
            for part, place in (("metric", "create"), ("metric", "score"), ("loader", "read"), ("template", "render")):
                with self.subTest(how=how, place=place):
                    self.make_card(**{"metric": {}, part: {"at": place, "do": how}})
                    outcome = self.meddle(work_dir="work_%s_%s_%s" % (how, part, place))
                    self.assert_rc(outcome, OK)
                    self.assertEqual(outcome.run.results("meddled")["meddling_score"], expected.results("meddled")["meddling_score"])
                    self.assertEqual(outcome.run.hashes(), expected.hashes())

    def test_closed_files(self):
        """Nothing is written where it does not belong: the run says what was lost, or loses nothing."""
        for how, place in (("close_files", "read"), ("close_files", "create"), ("close_standard", "read"), ("close_standard", "create")):
            with self.subTest(how=how, place=place):
                shutil.rmtree(self.dir / "work", ignore_errors=True)
                self.make_card(loader={"at": place, "do": how})
                outcome = self.meddle()
                self.assertNotIn(outcome.rc, (-signal.SIGSEGV, -signal.SIGABRT), outcome)
                for path in (self.dir / "work").rglob("*.json*"):
                    text = path.read_text(encoding="utf-8")
                    for line in text.splitlines() if path.suffix == ".jsonl" else [text]:
                        json.loads(line)
                for path in (self.dir / "work").rglob(".lock"):
                    self.assertLess(path.stat().st_size, 20)

    def test_ignored_signals_are_heard_again(self):
        self.make_card(loader={"at": "create", "do": "ignore_signals"}, template={"at": "render", "do": "none"})
        process = self.start("run", "--config-dir", self.dir / "cards", "--datasets", "meddled", "--backend", "sample", "--plugin-path", self.plugins,
                             THIRD_PARTY, "-w", "work", "--model-kwargs", "delay_ms=300")
        self.addCleanup(process.kill)
        self.wait_for(lambda: list(self.dir.glob("work/*/journal/*/*.jsonl")))
        self.assert_rc(self.interrupt(process), INTERRUPTED)

    def test_a_count_that_is_not_true(self):
        """It fails its own set; memory for what was counted is not set aside before."""
        self.make_card("sound")
        for counts in (5, 100_000_000, 4_000_000_000, 2**62):
            with self.subTest(counts):
                self.make_card("lies", loader={"counts": counts})
                outcome = self.meddle("lies", "sound", work_dir="work_%d" % counts, limits={"AS": 4 << 30})
                self.assert_refused(outcome, CRASH, "lies", "dataset:meddling_rows")
                self.assertEqual(outcome.run.task("sound")["status"], "complete")

    def test_records_that_are_none(self):
        """What a loader gives has been read from a file: the loader is named, not the file, and the other set is asked."""
        self.make_card("sound")
        for text, rc, words in (('"', CRASH, ("dataset:meddling_rows gave no JSON object as row 0",)), ('x","question":"y', DATA, ("'question' twice",))):
            with self.subTest(text):
                self.make_card("lies", loader={"raw": text})
                outcome = self.meddle("lies", "sound", work_dir="work_%d" % len(text))
                self.assert_refused(outcome, rc, "lies", *words)
                self.assertEqual(outcome.run.task("sound")["status"], "complete")

    def test_a_probe_that_was_too_slow_is_tried_again(self):
        """A busy machine's verdict is not an idle one's: here the file is the same, and slow once."""
        (self.plugins / "process.json").unlink()
        shutil.copy(pathlib.Path(BAD_PLUGINS, "static_hang.so"), self.plugins / "hang.so")
        self.make_card()
        self.assert_says(self.meddle(), "hang.so", "did not finish loading")
        probes = [read_json(path) for path in (self.home / "cache" / "sextant" / "probes").glob("*.json")]
        self.assertEqual([probe for probe in probes if "hang.so" in probe["key"]], [])
        self.assertTrue(any("process.so" in probe["key"] for probe in probes))
        listed = self.meddle(env={"SEXTANT_TEST_IDLE": "1"}, work_dir="again")
        self.assertNotIn("hang.so", listed.stderr)
        self.assertIn("loading", self.sextant("plugins", "list", "metric", "--plugin-path", self.plugins, env={"SEXTANT_TEST_IDLE": "1"}).stdout)


class Machine(RobustnessTest):
    """What the parent and the machine give."""

    def setUp(self):
        super().setUp()
        self.make_cards(rows=6)

    def command(self, work_dir="work", *args):
        return [PROGRAM, "run", *map(str, self.cards_args("gen")), *map(str, self.BACKENDS["sample"]), "-w", str(self.dir / work_dir), *args]

    def shell(self, text, work_dir="work", *args):
        """A shell's command line in which "$@" is a run."""
        return subprocess.run(["sh", "-c", text, "sh", *self.command(work_dir, *args)], cwd=self.dir, env=self.environment(), capture_output=True,
                              timeout=60)

    def test_closed_standard_descriptors(self):
        expected = self.evaluate("sample", work_dir="alone", methods=["gen"]).run.hashes()
        for closed in (">&-", "2>&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"):
            with self.subTest(closed):
                shutil.rmtree(self.dir / "work", ignore_errors=True)
                outcome = self.shell('"$@" ' + closed)
                self.assertEqual(outcome.returncode, DATA if ">&-" in closed.replace("2>&-", "") else OK)  # the table went nowhere
                if closed == ">&-":
                    self.assertIn(b"standard output is closed", outcome.stderr)
                run = self.last_run()
                self.assertEqual(run.record["status"], "complete")
                self.assertTrue(run.summary("txt").exists())
                self.assertEqual(run.hashes(), expected)
                self.assertLess((run.path / ".lock").stat().st_size, 20)
                for path in run.path.rglob("*.jsonl"):
                    for line in path.read_text(encoding="utf-8").splitlines():
                        json.loads(line)

    def test_a_limit_on_the_size_of_files(self):
        for kib in (0, 1, 4):
            with self.subTest(kib=kib):
                shutil.rmtree(self.dir / "work", ignore_errors=True)
                outcome = self.evaluate("sample", methods=["gen"], limits={"FSIZE": kib * 1024}, expect=DATA)
                self.assert_says(outcome, str(self.dir / "work"), "File too large", "ulimit -f")
        expected = self.evaluate("sample", work_dir="alone", methods=["gen"]).run.hashes()
        self.assertEqual(self.evaluate("sample", "-r", methods=["gen"]).run.hashes(), expected)

    def test_out_of_memory_is_no_crash(self):
        """What reads a file may be a library that does not look at what malloc returns."""
        row = {"question": "q", "A": "1", "B": "2", "answer": "A", "numbers": [1] * 40}
        write(self.dir / "big.json", [row] * 60_000)
        for mib in (96, 128, 160):
            with self.subTest(mib=mib):
                outcome = self.sextant("run", "--custom-dataset-path", "big.json", *self.BACKENDS["sample"], "--dry-run", limits={"AS": mib << 20})
                self.assertIn(outcome.rc, (UNAVAILABLE, CRASH), outcome)  # the run's, or that of the set whose rows do not fit
                self.assertRegex(outcome.stderr, "out of memory|do not fit into memory")
                self.assertNotIn("crashed", outcome.stderr)

    def test_few_open_files(self):
        """Sets that wait hold none: 60 sets go through 40 descriptors."""
        card = json.loads((self.dir / "cards" / "small_gen.json").read_text())
        names = ["set%d" % i for i in range(60)]
        for name in names:
            write(self.dir / "cards" / (name + ".json"), {**card, "abbr": name})
        outcome = self.sextant("run", "--config-dir", self.dir / "cards", "--datasets", *names, *self.BACKENDS["sample"], "-w", self.dir / "work",
                               limits={"NOFILE": 40})
        self.assert_rc(outcome, OK)
        outcome = self.sextant("run", "--config-dir", self.dir / "cards", "--datasets", *names, *self.BACKENDS["sample"], "-w", self.dir / "work",
                               limits={"NOFILE": 5})
        self.assertNotEqual(outcome.rc, OK)
        self.assert_says(outcome, "Too many open files")

    def test_ignored_signals_stay_ignored(self):
        """nohup, and a shell's `&` for SIGINT."""
        for name in ("HUP", "INT", "TERM"):
            with self.subTest(name):
                work = "work_" + name
                process = subprocess.Popen(["sh", "-c", "trap '' %s; exec \"$@\"" % name, "sh", *self.command(work, "--model-kwargs", "delay_ms=60")],
                                           cwd=self.dir, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                self.addCleanup(process.kill)
                self.wait_for(lambda: list(self.dir.glob(work + "/*/journal/*/*.jsonl")))
                process.send_signal(getattr(signal, "SIG" + name))
                process.communicate(timeout=60)
                self.assertEqual(process.returncode, OK)

    @unittest.skipUnless(BAD_PLUGINS, "SEXTANT_BAD_PLUGINS names no folder of bad plugins")
    def test_ignored_children(self):
        """A parent that ignores SIGCHLD would leave children that cannot be waited for."""
        (self.dir / "plugins").mkdir()
        shutil.copy(pathlib.Path(BAD_PLUGINS, "echo.so"), self.dir / "plugins" / "echo.so")
        start = time.monotonic()
        done = subprocess.run(["sh", "-c", "trap '' CHLD; exec \"$@\"", "sh", PROGRAM, "plugins", "info", "postprocessor:echo", "--plugin-path",
                               str(self.dir / "plugins")], env=self.environment(), capture_output=True, timeout=60)
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assertLess(time.monotonic() - start, 4)

    def test_closed_pipes(self):
        """Who reads stdout may have enough; a log that nobody reads any more ends nothing."""
        self.assertEqual(self.shell('"$@" --quiet | true').returncode, OK)
        self.assertEqual(self.last_run().record["status"], "complete")
        done = self.shell('"$@" --debug 2>&1 >/dev/null | true; wait', "noisy")
        self.assertEqual(self.last_run("noisy").record["status"], "complete", done.stderr)

    def test_full_standard_output(self):
        for command in (["list"], ["plugins", "list"], ["plugins", "info", "metric:accuracy"], ["--help"], ["list", "--json"]):
            with self.subTest(command):
                with open("/dev/full", "w") as full:
                    done = subprocess.run([PROGRAM, *command], env=self.environment(), stdout=full, stderr=subprocess.PIPE, timeout=60)
                self.assertEqual(done.returncode, DATA, done.stderr)
                self.assertIn(b"No space left", done.stderr)

    def test_report_of_a_folder_that_may_not_be_written(self):
        run = self.evaluate("sample", methods=["gen"]).run
        mounted = subprocess.run(["mount", "--bind", "-o", "ro", str(self.dir / "work"), str(self.dir / "work")], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("a folder cannot be mounted here: " + mounted.stderr.decode().strip())
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.dir / "work")])
        outcome = self.sextant("report", run.path)
        if outcome.rc == OK and "may not be written" not in outcome.stderr:
            self.skipTest("the mount is not read-only")
        self.assert_rc(outcome, OK)
        self.assertIn("small_gen", outcome.stdout)
        self.assert_says(outcome, str(run.path), "may not be written")


class Trust(RobustnessTest):
    """Who may put a plugin where it is found."""

    def setUp(self):
        super().setUp()
        self.folder = self.dir / "share" / "plugins"
        self.folder.mkdir(parents=True)
        for suffix in (".so", ".json"):
            shutil.copy(pathlib.Path(THIRD_PARTY, "sample" + suffix), self.folder)

    def listed(self, **env):
        outcome = self.sextant("plugins", "list", "model:sample", "--json", "--plugin-path", self.folder, env=env)
        return any(line.get("id") == "sample" for line in outcome.lines()), outcome

    def test_own_folders_are_used(self):
        self.assertTrue(self.listed()[0])

    def test_what_others_may_write_is_refused(self):
        for place, mode in ((self.folder, 0o777), (self.folder, 0o1777), (self.folder.parent, 0o777), (self.folder / "sample.so", 0o666)):
            with self.subTest(place=place.name, mode=oct(mode)):
                before = place.stat().st_mode & 0o7777
                place.chmod(mode)
                found, outcome = self.listed()
                place.chmod(before)
                self.assertFalse(found)
                self.assertTrue(any("may be written by everybody" in line.get("problem", "") for line in outcome.lines()), outcome)

    @unittest.skipUnless(os.geteuid() == 0, "only root can give a file away")
    def test_what_is_somebody_elses_is_refused(self):
        for place in (self.folder, self.folder.parent, self.folder / "sample.so"):
            with self.subTest(place.name):
                os.chown(place, 65533, -1)
                found, outcome = self.listed()
                os.chown(place, 0, -1)
                self.assertFalse(found)
                self.assertTrue(any("another user" in line.get("problem", "") for line in outcome.lines()), outcome)

    def test_without_home_no_shared_folder_is_searched(self):
        """/tmp/.local was: anybody can make it."""
        env = {name: value for name, value in self.environment().items() if name != "HOME" and not name.startswith("XDG_")}
        done = subprocess.run([PROGRAM, "plugins", "info", "no_such_plugin"], env=env, capture_output=True, timeout=60)
        self.assertNotIn(b"/tmp/", done.stderr)
        trace = subprocess.run([PROGRAM, "run", "--datasets", "none"], env=env, capture_output=True, timeout=60)
        self.assertNotIn(b"/tmp/.", trace.stderr)
