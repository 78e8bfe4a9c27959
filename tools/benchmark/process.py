"""A command run to its end, its time and its memory."""

import os
import subprocess
import tempfile
import time


class Failed(Exception):
    """A command that ended with another status than 0: what it was, and the last lines that it wrote."""


class Finished:
    def __init__(self, stdout, wall_s, peak_bytes):
        self.stdout, self.wall_s, self.peak_bytes = stdout, wall_s, peak_bytes


def run(command, cwd=None, env=None):
    """Runs `command`; Failed where it fails."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begin = time.monotonic()
        process = subprocess.Popen([str(c) for c in command], cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        text, errors = out.read().decode("utf-8", "replace"), err.read().decode("utf-8", "replace")
    if process.returncode != 0:
        raise Failed("%s\nended with %s:\n%s" % (" ".join(map(str, command)), process.returncode, (errors or text)[-2000:]))
    return Finished(text, wall, usage.ru_maxrss * 1024)
