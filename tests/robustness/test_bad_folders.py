"""Work folders that are full, closed, gone, or somebody else's."""
import os
import shutil
import signal
import subprocess
import unittest

from contract.harness import DATA, OK
from robustness.cases import RobustnessTest


class BadFolders(RobustnessTest):
    def setUp(self):
        super().setUp()
        self.make_cards()

    def mount(self, size):
        """A small file system of its own; skips where that is not permitted."""
        disk = self.dir / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", str(disk)], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("a tmpfs cannot be mounted here: " + mounted.stderr.decode().strip())
        self.addCleanup(subprocess.run, ["umount", "-l", str(disk)])
        return disk

    def run_in(self, work_dir, *args):
        return self.sextant("run", *self.cards_args(), *self.BACKENDS["sample"], "-w", work_dir, *args)

    def test_full_disk(self):
        disk = self.mount("64k")
        outcome = self.run_in(disk / "work")
        self.assert_refused(outcome, DATA, str(disk), "No space left", "free some space")
        # with more room the same command with -r completes, from what had been kept
        subprocess.run(["mount", "-o", "remount,size=16m", str(disk)], check=True)
        expected = self.evaluate("sample", work_dir="alone").run.hashes()
        resumed = self.evaluate("sample", "-r", work_dir="disk/work")
        self.assertEqual(resumed.run.hashes(), expected)
        keys = self.journal_keys(resumed.run.path)
        self.assertEqual(len(keys), len(set(keys)))
        self.assertEqual(len(keys), 3 * 12)

    def test_a_disk_that_fills_at_any_moment(self):
        """Whatever file was being written: exit 65 with a sentence, and nothing that a resume trips over."""
        disk = self.mount("16m")
        expected = self.evaluate("sample", work_dir="alone").run.hashes()
        for kib in (0, 4, 8, 12, 16, 24, 40, 60, 80, 100, 120, 140):
            with self.subTest(kib=kib):
                work = disk / "work"
                shutil.rmtree(work, ignore_errors=True)
                subprocess.run(["mount", "-o", "remount,size=%dk" % (kib or 4), str(disk)], check=True)
                filler = disk / "filler"
                filler.write_bytes(bytes(4096 if kib == 0 else 0))
                outcome = self.run_in(work)
                self.assertIn(outcome.rc, (OK, DATA), str(outcome))
                if outcome.rc != OK:
                    self.assert_says(outcome, "No space left")
                filler.unlink()
                subprocess.run(["mount", "-o", "remount,size=16m", str(disk)], check=True)
                self.assertEqual(self.evaluate("sample", "-r", work_dir="disk/work").run.hashes(), expected)

    def test_a_file_in_the_way(self):
        (self.dir / "taken").write_text("something of mine")
        for work_dir in (self.dir / "taken", self.dir / "taken" / "below"):
            with self.subTest(work_dir):
                self.assert_refused(self.run_in(work_dir), DATA, str(work_dir))
        self.assertEqual((self.dir / "taken").read_text(), "something of mine")

    def test_nothing_can_be_made_there(self):
        self.assert_refused(self.run_in("/proc/sextant"), DATA, "/proc/sextant")

    @unittest.skipIf(os.geteuid() == 0, "permissions do not stop root")
    def test_no_permission(self):
        closed = self.dir / "closed"
        closed.mkdir(mode=0o500)
        self.assert_refused(self.run_in(closed / "work"), DATA, str(closed), "permission")

    def test_a_folder_with_other_content(self):
        work = self.dir / "work"
        (work / "holiday").mkdir(parents=True)
        (work / "holiday" / "photo.jpg").write_bytes(b"\xff\xd8")
        (work / "20260101_000000").write_text("a file that is named like a run")
        (work / "zzz").mkdir()
        before = sorted(str(p) for p in work.rglob("*"))
        run = self.evaluate("sample", "-r").run  # nothing there to reuse
        self.assertEqual(run.record["status"], "complete")
        left = sorted(str(p) for p in work.rglob("*") if not str(p).startswith(str(run.path)))
        self.assertEqual(left, before)
        self.assertEqual((work / "holiday" / "photo.jpg").read_bytes(), b"\xff\xd8")

    def test_reuse_of_what_is_not_there(self):
        outcome = self.evaluate("sample", "-r", "20200101_000000", expect=DATA)
        self.assert_says(outcome, "error", "20200101_000000")

    def test_reuse_names_no_path(self):
        (self.dir / "work").mkdir()
        (self.dir / "outside").mkdir()
        for name in ("../outside", "/etc", "..", "."):
            with self.subTest(name):
                outcome = self.run_in(self.dir / "work", "-r", name)
                self.assertNotIn("terminate", outcome.stderr)
                self.assertEqual(list((self.dir / "outside").iterdir()), [])
                self.assertFalse(os.path.exists("/etc/run.json"))
                self.assertFalse((self.dir / "run.json").exists())

    def test_damaged_run_files(self):
        """configs/run.json and run.json are written anew by a run that is given its flags again."""
        for name in ("configs/run.json", "run.json", ".lock"):
            for text in (b"", b"{", b"\0\xff" * 100, b"[]"):
                with self.subTest(name=name, text=text[:4]):
                    shutil.rmtree(self.dir / "work", ignore_errors=True)
                    run = self.evaluate("sample").run
                    (run.path / name).write_bytes(text)
                    again = self.evaluate("sample", "-r").run
                    self.assertEqual(again.hashes(), run.hashes())
        (run.path / "run.json").write_text("{")
        self.assert_refused(self.sextant("run", "-m", "eval", "-r", "-w", self.dir / "work", "--plugin-path",
                                         self.BACKENDS["sample"][3]), DATA, "run.json")
        self.assert_refused(self.sextant("report", run.path), DATA, "run.json")
        (run.path / "configs" / "run.json").write_text("{")
        self.assert_refused(self.sextant("run", "-r", "-w", self.dir / "work", "--plugin-path", self.BACKENDS["sample"][3]),
                            DATA, "run.json")

    def test_a_folder_that_vanishes(self):
        process = self.start("run", *self.cards_args(), *self.BACKENDS["sample"], "-w", self.dir / "work", "--model-kwargs",
                             "delay_ms=40")
        self.addCleanup(process.kill)
        self.wait_for(lambda: list(self.dir.glob("work/*/journal/*/*.jsonl")))
        os.rename(self.dir / "work", self.dir / "elsewhere")
        shutil.rmtree(self.dir / "elsewhere")
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, DATA, err.decode())
        self.assertIn("was removed while it was being written", err.decode())

    def test_a_folder_that_moves(self):
        """The journal goes on where it is; the other files have no place any more."""
        process = self.start("run", *self.cards_args(), *self.BACKENDS["sample"], "-w", self.dir / "work", "--model-kwargs",
                             "delay_ms=40")
        self.addCleanup(process.kill)
        self.wait_for(lambda: list(self.dir.glob("work/*/journal/*/*.jsonl")))
        os.rename(self.dir / "work", self.dir / "elsewhere")
        process.communicate(timeout=60)
        self.assertNotIn(process.returncode, (-signal.SIGSEGV, -signal.SIGABRT))
