#!/usr/bin/env python3
"""Tests of check.py: each breach is seen, and what is allowed is left alone."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import check  # noqa: E402

# includer, the line, whether it is a breach
INCLUDES = [
    ("core/cli/a.cpp", '#include "../load/b.hpp"', False),
    ("core/cli/a.cpp", "#include <sextant/sdk.hpp>", False),
    ("core/infer/a.cpp", '#include "../data/d.hpp"', False),
    ("core/infer/a.cpp", '#include "../load/b.hpp"', True),
    ("core/data/a.cpp", '#include "../load/b.hpp"', True),
    ("core/attic/a.cpp", '#include "../data/d.hpp"', True),
    ("core/cli/a.cpp", "#include <vector>", False),
    ("core/cli/a.cpp", '#include "version.hpp"', False),
    ("core/cli/a.cpp", '#include "../../plugins/metrics/bleu/bleu.hpp"', True),
    ("core/cli/a.cpp", '#include "models/engine/engine.hpp"', True),
    ("core/cli/a.cpp", "  #  include \"../../models/engine/engine.hpp\"", True),
    ("core/cli/a.cpp", '#include "nowhere.hpp"', True),
    ("core/cli/a.cpp", "#include <sextant/nowhere.hpp>", True),
    ("plugins/metrics/accuracy/a.cpp", '#include "own.hpp"', False),
    ("plugins/metrics/accuracy/a.cpp", '#include "../../pieces/shared.hpp"', False),
    ("plugins/metrics/accuracy/a.cpp", '#include "../bleu/bleu.hpp"', True),
    ("plugins/pieces/shared.hpp", '#include "../metrics/bleu/bleu.hpp"', True),
    ("plugins/metrics/accuracy/a.cpp", '#include "../../../core/load/b.hpp"', True),
    ("plugins/templates/a.cpp", '#include "../metrics/bleu/bleu.hpp"', True),
    ("datasets/ceval/a.cpp", '#include "../cmmlu/c.hpp"', True),
    ("models/cpu/a.cpp", '#include "../engine/engine.hpp"', False),
    ("models/cpu/a.cpp", '#include "../../core/load/b.hpp"', True),
    ("models/engine/a.cpp", '#include "../cpu/cpu.hpp"', True),
    ("models/engine/a.cpp", "#include <cuda_runtime.h>", True),
    ("models/engine/a.cpp", "#include <immintrin.h>", True),
    ("models/cpu/a.cpp", "#include <immintrin.h>", False),
    ("sdk/include/sextant/a.hpp", '#include "../../../core/load/b.hpp"', True),
]
HEADERS = ["core/load/b.hpp", "core/data/d.hpp", "datasets/cmmlu/c.hpp", "models/engine/engine.hpp", "models/cpu/cpu.hpp",
           "plugins/metrics/accuracy/own.hpp", "plugins/metrics/accuracy/meson.build",
           "plugins/metrics/bleu/bleu.hpp", "plugins/metrics/bleu/meson.build", "plugins/pieces/shared.hpp", "plugins/templates/meson.build", "sdk/include/sextant/sdk.hpp"]


class Includes(unittest.TestCase):
    def test_each_include(self):
        for path, line, breach in INCLUDES:
            with self.subTest(path=path, line=line), tempfile.TemporaryDirectory() as folder:
                root = pathlib.Path(folder).resolve()
                for header in HEADERS + [path]:
                    (root / header).parent.mkdir(parents=True, exist_ok=True)
                    (root / header).write_text("")
                (root / path).write_text("// first line\n" + line + "\n")
                breaches, _ = check.include_breaches(root)
                self.assertEqual(bool(breaches), breach, breaches)
                if breach:
                    self.assertIn(f"{path}:2", breaches[0])

    def test_a_folder_without_sources_is_a_breach(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertTrue(check.include_breaches(pathlib.Path(folder))[0])


EXPORT = '__attribute__((visibility("default"))) '


class Exports(unittest.TestCase):
    def breaches(self, source):
        with tempfile.TemporaryDirectory() as folder:
            command = ["cc", "-shared", "-fPIC", "-fvisibility=hidden", "-x", "c", "-", "-o", f"{folder}/x.so"]
            subprocess.run(command, input=source, text=True, check=True)
            return check.export_breaches([pathlib.Path(folder)])[0]

    def test_the_entry_alone_is_fine(self):
        self.assertEqual(self.breaches(EXPORT + "const int sextant_plugin_entry = 1;"), [])

    def test_a_second_symbol_is_a_breach(self):
        self.assertIn("helper", self.breaches(EXPORT + "const int sextant_plugin_entry = 1;" + EXPORT + "int helper;")[0])

    def test_no_entry_is_a_breach(self):
        self.assertIn("nothing", self.breaches("int hidden;")[0])

    def test_a_folder_without_plugins_is_a_breach(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertTrue(check.export_breaches([pathlib.Path(folder)])[0])


if __name__ == "__main__":
    unittest.main()
