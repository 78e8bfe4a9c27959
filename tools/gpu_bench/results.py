"""Figures as they are measured, one file each, so that a step that was cut short goes on where it stopped."""

import json
import pathlib
import signal
import time

LIMIT_S = 240  # of one figure: one that hangs must not take the others' time


class Results:
    def __init__(self, folder, again=False):
        self.folder, self.again = pathlib.Path(folder), again
        self.failed = False

    def all(self):
        return {path.stem: json.loads(path.read_text()) for path in sorted(self.folder.glob("*.json"))}

    def measure(self, name, body):
        """Runs body unless its figure is there; what goes wrong is a figure, too, and is tried again the next time."""
        path = self.folder / (name + ".json")
        if not self.again and path.exists() and "error" not in json.loads(path.read_text()):
            print(name + ": measured before", flush=True)
            return
        begin = time.time()
        signal.signal(signal.SIGALRM, too_long)
        signal.alarm(LIMIT_S)
        try:
            figure = body()
        except Exception as error:  # a peer that this version of a library does not run must not stop the others
            figure = {"error": "%s: %s" % (type(error).__name__, str(error)[:500])}
            self.failed = True
        finally:
            signal.alarm(0)
        self.folder.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(".part")
        scratch.write_text(json.dumps(figure, indent=1))
        scratch.rename(path)
        short = figure.get("error") or ("%.6g %s" % (figure["rate"], figure["unit"]) if "rate" in figure else "done")
        print("%s: %s (%.0f s)" % (name, short, time.time() - begin), flush=True)


def too_long(_signal, _frame):
    raise TimeoutError("not done in %d s" % LIMIT_S)
