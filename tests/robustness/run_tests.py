#!/usr/bin/env python3
"""Runs the tests of robustness and prints TAP, as tests/contract/run_tests.py does: run_tests.py [PATTERN]."""
import pathlib
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))
sys.dont_write_bytecode = True  # the sources may lie where nothing may be written

from contract.run_tests import run_suite

if __name__ == "__main__":
    sys.exit(run_suite(pathlib.Path(__file__).resolve().parent))
