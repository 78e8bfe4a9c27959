"""Broken plugins beside a sound one: a warning each that names its path, and the run completes. Every single breakage is
tested in tests/core/plugin; here a folder of several meets a whole run."""
import json
import os
import pathlib
import shutil
import signal

from contract.harness import THIRD_PARTY, UNAVAILABLE, write
from robustness.cases import RobustnessTest


class BrokenPlugins(RobustnessTest):
    def setUp(self):
        super().setUp()
        self.make_cards(rows=3)
        self.plugins = self.dir / "plugins"
        self.plugins.mkdir()
        sound = pathlib.Path(THIRD_PARTY, "sample.so")
        shutil.copy(sound, self.plugins / "sample.so")
        shutil.copy(sound.with_suffix(".json"), self.plugins / "sample.json")
        self.sound = sound.read_bytes()

    def run_beside(self, *args):
        return self.sextant("run", *self.cards_args(), "--backend", "sample", "--plugin-path", self.plugins, "-w",
                            self.dir / "work", *args)

    def warnings_about(self, outcome, path):
        return [line for line in outcome.stderr.splitlines() if str(path) in line]

    def test_a_folder_of_them(self):
        broken = ["text.so", "truncated.so", "empty.so", "folder.so", "dangling.so", "header.so", "foreign.so", "pipe.so"]
        (self.plugins / "text.so").write_text("#!/bin/sh\necho no plugin\n")
        (self.plugins / "truncated.so").write_bytes(self.sound[:len(self.sound) // 2])
        (self.plugins / "empty.so").touch()
        (self.plugins / "folder.so").mkdir()
        os.symlink("nowhere", self.plugins / "dangling.so")
        (self.plugins / "header.so").write_bytes(self.sound[:64] + b"\xff" * 4096)
        (self.plugins / "foreign.so").write_bytes(self.sound[:18] + b"\xb7\x00" + self.sound[20:])  # e_machine: AArch64
        os.mkfifo(self.plugins / "pipe.so")
        (self.plugins / "README.txt").write_text("no plugin, and not named like one")
        outcome = self.run_beside()
        self.assert_rc(outcome, 0)
        self.assertEqual(self.last_run().record["status"], "complete")
        for name in broken:
            with self.subTest(name):
                [line] = self.warnings_about(outcome, self.plugins / name)
                self.assertIn("warning", line)
                self.assertLess(len(line), 500)
        self.assertEqual(self.warnings_about(outcome, "README.txt"), [])

    def test_lying_manifests(self):
        """A manifest that is none, or that claims what its file does not hold, costs its own plugin alone."""
        manifest = json.loads((self.plugins / "sample.json").read_text(encoding="utf-8"))
        for component in manifest["components"]:
            component["id"] = "other"
        (self.plugins / "other.so").write_bytes(self.sound[:4096])
        for lie, warned in ((manifest, 0), ({}, 1), ([], 1), ({**manifest, "components": 3}, 1),
                            ({**manifest, "abi_major": 99}, 1)):
            with self.subTest(str(lie)[:60]):
                write(self.plugins / "other.json", lie)
                outcome = self.run_beside()
                self.assert_rc(outcome, 0)
                self.assertEqual(len(self.warnings_about(outcome, self.plugins / "other.")), warned, str(outcome))
        for text in ("", "{", "\0", "[" * 100000):
            with self.subTest(text[:10]):
                (self.plugins / "other.json").write_text(text)
                outcome = self.run_beside()
                self.assert_rc(outcome, 0)
                self.assertEqual(len(self.warnings_about(outcome, self.plugins / "other.")), 1, str(outcome))
        # nobody opened the first one: a run loads only what it names; here it is named
        write(self.plugins / "other.json", manifest)
        outcome = self.sextant("run", *self.cards_args(), "--backend", "other", "--plugin-path", self.plugins, "-w",
                               self.dir / "work")
        self.assertNotIn(outcome.rc, (0, -signal.SIGSEGV, -signal.SIGBUS))
        self.assert_says(outcome, self.plugins / "other.so")

    def test_a_manifest_of_an_earlier_build(self):
        """The sentence says how to write it anew, and that works; without a manifest the file is probed."""
        path = self.plugins / "sample.json"
        manifest = path.read_text(encoding="utf-8")
        write(path, "{}")
        outcome = self.run_beside()
        self.assert_refused(outcome, UNAVAILABLE, path, "sextant plugins describe %s" % (self.plugins / "sample.so"))
        described = self.sextant("plugins", "describe", self.plugins / "sample.so")
        path.write_text(described.stdout, encoding="utf-8")
        self.assert_rc(self.run_beside(), 0)
        self.assertEqual(json.loads(described.stdout), json.loads(manifest))
        path.unlink()
        self.assert_rc(self.run_beside(), 0)

    def test_the_broken_one_is_asked_for(self):
        (self.plugins / "sample.so").write_bytes(self.sound[:len(self.sound) // 2])
        outcome = self.run_beside()
        self.assertNotIn(outcome.rc, (0, -signal.SIGSEGV))
        self.assert_says(outcome, self.plugins / "sample.so")

    def test_no_such_folder(self):
        outcome = self.sextant("run", *self.cards_args(), *self.BACKENDS["sample"], self.dir / "nowhere", "-w",
                               self.dir / "work")
        self.assert_says(outcome, self.dir / "nowhere")
