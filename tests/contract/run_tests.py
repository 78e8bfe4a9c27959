#!/usr/bin/env python3
"""Runs the tests of the contract and prints TAP, so that meson counts each of them: run_tests.py [PATTERN].

PATTERN is a part of a test's name, such as "failures" or "test_model.Score".
"""

import os
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
sys.dont_write_bytecode = True  # the sources may lie where nothing may be written


def flatten(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flatten(test)
        else:
            yield test


def name_of(test):
    return test.id().replace("contract.", "", 1)


class TapResult(unittest.TestResult):
    """One line a test as soon as it is done; what went wrong stands behind '#'."""

    def __init__(self):
        super().__init__()
        self.number = 0
        self.notes = []

    def say(self, ok, test, directive="", details=""):
        self.number += 1
        print("%s %d - %s%s" % ("ok" if ok else "not ok", self.number, name_of(test), directive))
        for line in details.splitlines():
            print("#   " + line)
        sys.stdout.flush()

    def addSuccess(self, test):
        self.say(True, test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.say(True, test, " # SKIP " + reason)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.say(False, test, details=self._exc_info_to_string(err, test))

    def addError(self, test, err):
        super().addError(test, err)
        self.say(False, test, details=self._exc_info_to_string(err, test))

    def addSubTest(self, test, subtest, err):
        """A table's broken rows count as one failure of the test, with every row named."""
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.notes.append("%s\n%s" % (subtest._subDescription(), self._exc_info_to_string(err, test)))

    def stopTest(self, test):
        super().stopTest(test)
        if self.notes:
            self.say(False, test, details="\n".join(self.notes))
            self.notes = []


def run_suite(folder):
    """Runs the test files of a folder below tests/, those whose id holds the command line's word, and prints TAP."""
    for name, what in (("SEXTANT_PROGRAM", "the installed program"), ("SEXTANT_TEST_THIRD_PARTY", "the folder with sample.so")):
        if not os.environ.get(name):
            print("1..0 # SKIP %s is not set: it names %s (tools/test.sh sets it)" % (name, what))
            return 0
    pattern = sys.argv[1] if len(sys.argv) > 1 else ""
    names = ["%s.%s" % (folder.name, path.stem) for path in sorted(folder.glob("test_*.py"))]
    tests = [t for t in flatten(unittest.defaultTestLoader.loadTestsFromNames(names)) if pattern in t.id()]
    print("1..%d" % len(tests))
    result = TapResult()
    start = time.monotonic()
    unittest.TestSuite(tests).run(result)
    print("# %d tests in %.1f s" % (result.testsRun, time.monotonic() - start))
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(run_suite(pathlib.Path(__file__).resolve().parent))
