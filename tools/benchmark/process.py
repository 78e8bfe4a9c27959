"""A command run to its end, its time and its memory."""

import os
import re
import signal
import subprocess
import tempfile
import time


class Failed(Exception):
    """A command that ended with another status than 0: what it was, and the last lines that it wrote."""


class Finished:
    """`peak_bytes` and `cpu_s` (of processor time): of the command and of the processes that it started."""

    def __init__(self, stdout, wall_s, peak_bytes, cpu_s):
        self.stdout, self.wall_s, self.peak_bytes, self.cpu_s = stdout, wall_s, peak_bytes, cpu_s


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
    return Finished(text, wall, usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime)


def time_until(pattern, command, cwd=None, env=None):
    """Seconds until what `command` writes holds `pattern` (a regular expression, over lines); it is then ended. Failed where it never does."""
    begin = time.monotonic()
    process = subprocess.Popen([str(c) for c in command], cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True)
    text = ""
    try:
        while chunk := process.stdout.read1(1 << 16):
            text += chunk.decode("utf-8", "replace")
            if re.search(pattern, text, re.DOTALL):
                return time.monotonic() - begin
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
    raise Failed("%s\nended before it wrote %s:\n%s" % (" ".join(map(str, command)), pattern, text[-2000:]))
