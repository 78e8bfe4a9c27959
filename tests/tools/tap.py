"""What the tests of the tools share: cases that are functions of a scratch folder, written out as TAP."""
import pathlib
import subprocess
import tempfile


def expect(result, code, *words):
    """Of a program that has ended: its exit code, and what stands in its output."""
    text = result.stdout + result.stderr
    assert result.returncode == code, "exit %d: %s" % (result.returncode, text)
    for word in words:
        assert word in text, "%r is not in: %s" % (word, text)


def run(cases):
    """A case may return a note (SKIP ...). 1 if one failed."""
    failed = 0
    print("1..%d" % len(cases), flush=True)
    for number, case in enumerate(cases, 1):
        with tempfile.TemporaryDirectory() as scratch:
            try:
                note = case(pathlib.Path(scratch)) or ""
                print("ok %d - %s%s" % (number, case.__name__, " # " + note if note else ""), flush=True)
            except (AssertionError, subprocess.TimeoutExpired) as breach:
                failed += 1
                print("not ok %d - %s\n# %s" % (number, case.__name__, str(breach).replace("\n", "\n# ")), flush=True)
    return 1 if failed else 0
