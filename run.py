#!/usr/bin/env python3
"""`python run.py ...` as OpenCompass has it: calls `sextant run` with the same arguments (docs/migrating.md)."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "tools"))
from installed import call  # noqa: E402

call("run", *sys.argv[1:])
