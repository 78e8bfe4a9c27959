"""A run over all of C-Eval's and CMMLU's items, generated and scored: it ends with a table, and its memory is bounded.

The backend is given its requests in waves, and what was sent is let go of when its data set is done. SEXTANT_SCALE is the part of the
items to run (default 0.25; 1 for all).
"""
import os
import time

from contract.harness import OK, REAL_DATA, needs_real_data
from robustness.cases import RobustnessTest

PART = os.environ.get("SEXTANT_SCALE", "0.25")
BYTES_BASE = 96 << 20         # the program, its plugins, and the toy backend's tables
BYTES_PER_SAMPLE_MAX = 64 << 10  # measured: 38 KiB, five examples in each of four prompts
SETS = ["ceval_gen", "ceval_ppl", "cmmlu_gen_c13365", "cmmlu_ppl"]


class Scale(RobustnessTest):
    @needs_real_data("ceval")
    def test_all_of_ceval_and_cmmlu(self):
        limit = [] if float(PART) >= 1 else ["--limit", PART]
        begin = time.monotonic()
        outcome = self.sextant("run", "--datasets", *SETS, "--data-dir", REAL_DATA, *self.BACKENDS["sample"], "-w",
                               self.dir / "work", "--allow-missing", *limit,
                               timeout=500)
        self.assert_rc(outcome, OK)
        tasks = self.last_run().record["tasks"]
        done = [task for task in tasks if task["status"] == "complete"]
        self.assertEqual({task["status"] for task in tasks},
                         {"complete", "missing"} if len(done) < len(tasks) else {"complete"})
        rows = outcome.stdout.splitlines()
        for task in tasks:
            self.assertTrue(any(row.startswith(task["dataset"].removesuffix("_ppl") + " ") for row in rows), task["dataset"])
        plan = self.sextant("run", "--datasets", *SETS, "--data-dir", REAL_DATA, *self.BACKENDS["sample"], "--allow-missing", *limit,
                            "--dry-run", "--json", timeout=500)
        self.assert_rc(plan, OK)
        [line] = plan.lines()
        for counter in ("prompt_tokens", "computed_tokens"):
            self.assertEqual(line["plan"][counter], sum(task[counter] for task in done), counter)
        samples = sum(task["samples"] for task in done)
        peak = max(task["peak_rss_bytes"] for task in done)
        self.assertGreater(peak, 0)
        self.assertLess(peak, BYTES_BASE + BYTES_PER_SAMPLE_MAX * samples)
        print("# %d samples of %d tasks (%d missing) in %.1f s, peak %.0f MiB, %.1f KiB a sample" % (
            samples, len(done), len(tasks) - len(done), time.monotonic() - begin, peak / 2**20, peak / samples / 1024))

    def test_a_run_takes_what_is_planned(self):
        self.make_cards(rows=40)
        [line] = self.sextant("run", *self.cards_args(), *self.BACKENDS["cpu"], "--dry-run", "--json").lines()
        planned = line["plan"]["peak_bytes"]
        peak = max(task["peak_rss_bytes"] for task in self.evaluate("cpu").run.record["tasks"])
        print("# planned %.1f MiB, peak %.1f MiB" % (planned / 2**20, peak / 2**20))
        self.assertLess(peak, 1.05 * planned + (2 << 20))
        self.assertLess(planned, 1.05 * peak + (8 << 20))
