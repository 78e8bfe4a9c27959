"""The program that a checkout's thin scripts call: $SEXTANT_PROGRAM, else the last one installed below build/, else the one of PATH."""

import os
import pathlib
import shutil
import sys


def program():
    named = os.environ.get("SEXTANT_PROGRAM")
    if named:
        return named
    root = pathlib.Path(__file__).resolve().parent.parent
    built = sorted(root.glob("build/*/root/bin/sextant"), key=lambda path: path.stat().st_mtime)
    return str(built[-1]) if built else shutil.which("sextant")


def call(*args):
    """Replaces this process."""
    path = program()
    if not path:
        sys.exit("sextant is not installed: build it (README.md), or name the program in SEXTANT_PROGRAM")
    try:
        os.execv(path, [path, *args])
    except OSError as error:
        sys.exit(f"{path} cannot be started: {error.strerror}; name the program in SEXTANT_PROGRAM")
