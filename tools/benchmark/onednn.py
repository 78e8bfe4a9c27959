"""The rates of the engine's matrix products and of oneDNN's: both from one run of bench_matmul, which takes turns."""

import os
import pathlib
import re

from . import process

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def program():
    """$SEXTANT_BENCH_MATMUL, or the newest that a build folder of this checkout has; None where there is none."""
    named = os.environ.get("SEXTANT_BENCH_MATMUL")
    built = [pathlib.Path(named)] if named else [path for where in ("build*", "build/*")
                                                 for path in ROOT.glob(where + "/tests/models/bench_matmul")]
    return max((path for path in built if path.is_file()), key=lambda path: path.stat().st_mtime, default=None)


class Products:
    """Prefill's products of 512 rows; a round's two figures belong together."""

    def __init__(self, compute):
        self.compute, self.rates = compute, {}

    def rate(self, who, sextant):
        """GFLOP/s of "ours" or "oneDNN", medians of 5 turns."""
        if who not in self.rates:
            self.rates = self.measure(sextant.threads)
        return self.rates.pop(who)

    def measure(self, threads):
        path = program()
        if path is None:
            raise process.Failed("bench_matmul is not built: install oneDNN (Debian: libdnnl-dev), set up a build with -Dtests=true, run "
                                 "`ninja -C BUILD tests/models/bench_matmul`, or name the program in SEXTANT_BENCH_MATMUL")
        out = process.run([path, self.compute, 512, threads, 5]).stdout
        [line] = re.findall(r"^prefill .*", out, re.M)
        return {who: float(re.search(who + r" +\S+ +(\S+)", line)[1]) for who in ("ours", "oneDNN")}
