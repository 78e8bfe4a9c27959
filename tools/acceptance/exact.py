#!/usr/bin/env python3
"""The same results on every processor, in the compute types that promise it: one results_sha256 a data set and model, or exit code 1.

    tools/acceptance/exact.py --sextant PROGRAM --data DIR --model FILE.gguf [--aarch64 FOLDER] [--limit 4] [--kills 2] [--compute exact int8]

Five data sets (gen, ppl, loglikelihood) with the model, and three small cards (one of each) with tiny models of several families, on AMX, AVX-512, AVX2 and
portable code, as far as this processor has them; in each case once more killed and resumed, on drawn instructions, threads and batches. --aarch64
names the folder that exact/build.sh left: that machine's kernels answer then, too, under qemu (--limit-aarch64: a token of SmolLM2-135M takes a second).
Prints a table; `none` is an instruction set that this processor lacks.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import sys
import tempfile

import killing

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from contract.checkpoints import make_family  # noqa: E402
from robustness import cases  # noqa: E402
from contract.data import make_mcq  # noqa: E402

ISAS = ("amx", "avx512", "avx2", "portable")
SETS = ("gsm8k_gen", "humaneval_gen", "ARC_c_ppl", "piqa_ppl", "winogrande_5shot_ll")
SMALL = ("small_gen", "small_ppl", "small_loglikelihood")
FAMILIES = ("gemma2", "gemma3", "qwen3_moe, a dense layer", "phi4, LongRoPE")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sextant", default=os.environ.get("SEXTANT_PROGRAM"))
    parser.add_argument("--data", default=os.environ.get("SEXTANT_TEST_DATA"))
    parser.add_argument("--model", default=os.environ.get("SEXTANT_TEST_MODEL"))
    parser.add_argument("--aarch64", metavar="FOLDER", help="what exact/build.sh left there")
    parser.add_argument("--limit", type=int, default=4, help="rows of each of the five data sets")
    parser.add_argument("--limit-aarch64", type=int, default=1)
    parser.add_argument("--max-out-len", type=int, default=24)
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--families", nargs="*", default=list(FAMILIES))
    parser.add_argument("--compute", nargs="+", default=["exact", "int8"])
    parser.add_argument("--kills", type=int, default=2, help="of each model and compute type")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    args = parser.parse_args()
    if not args.sextant:
        print("SKIP: give --sextant (or SEXTANT_PROGRAM)")
        sys.exit(77)
    return args


class Acceptance:
    def __init__(self, args):
        self.args = args
        self.dice = random.Random(args.seed)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sextant-exact-"))
        self.errors = self.folder / "stderr"
        self.runs = 0
        self.failed = False
        self.cards = self.folder / "cards"
        self.cards.mkdir()
        questions = make_mcq(self.folder / "questions.csv", 6)
        for name in SMALL:
            method = name.removeprefix("small_")
            killing.write(self.cards / (name + ".json"), cases.card(questions, method, **({"max_out_len": 8} if method == "gen" else {})))

    def models(self):
        """(name, path, data sets, limit, limit on aarch64)"""
        for family in self.args.families:
            name = family.split(",")[0]
            yield name, make_family(self.folder / "models" / name, family), SMALL, None, None
        if self.args.model and self.args.data:
            yield "the model", pathlib.Path(self.args.model).expanduser(), self.args.sets, self.args.limit, self.args.limit_aarch64

    def model_card(self, path, compute, isa):
        config = {"path": str(path), "compute": compute, "isa": isa}
        if isa != "aarch64":
            return {"card": "model", "abbr": "m", "backend": "cpu", "config": config}
        config["isa"] = "portable"
        return {"card": "model", "abbr": "m", "backend": "command",
                "config": {"command": [str(pathlib.Path(self.args.aarch64).resolve() / "run")], "timeout_s": 36000, "config": config}}

    def command(self, path, compute, isa, sets, limit, drawn):
        self.runs += 1
        model = "model%d" % self.runs
        killing.write(self.cards / (model + ".json"), self.model_card(path, compute, isa))
        flags = ["--threads", self.dice.choice([1, 2, 3]), "--batch-size", self.dice.choice([1, 7, 64])] if drawn else []
        return [self.args.sextant, "run", "--config-dir", self.cards, "--models", model, "--datasets", *sets, "--hf-type", "base", "--max-out-len", self.args.max_out_len,
                *(["--data-dir", self.args.data] if limit else []), *(["--limit", limit] if limit else []), *flags]

    def start(self, command, work, *more):
        with open(self.errors, "wb") as errors:
            return killing.start([*command, "-w", work, *more], errors)

    def hashes(self, work):
        [folder] = work.iterdir()
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        return {dataset: sha for (_, dataset), sha in killing.hashes(record).items()}

    def run(self, name, path, compute, isa, sets, limit, kills=0):
        """results_sha256 of each set; None where this processor lacks the instructions."""
        command = self.command(path, compute, isa, sets, limit, kills > 0)
        work = self.folder / ("work%d" % self.runs)
        if kills:
            self.killed = killing.kill_and_resume(lambda work, *more: self.start(command, work, *more), work, kills, 6, self.dice, self.errors)
        elif self.start(command, work).wait() != 0:
            said = self.errors.read_text(encoding="utf-8")
            if "this processor has no" in said:
                return None
            sys.exit("%s, %s, %s failed:\n%s\n%s" % (name, compute, isa, " ".join(map(str, command)), said[-3000:]))
        return self.hashes(work)

    def report(self, name, compute, how, got, expected):
        if got is None:
            return print("%-10s %-6s %-22s none" % (name, compute, how), flush=True)
        same = got == expected and all(got.values())
        self.failed = self.failed or not same
        print("%-10s %-6s %-22s %s  %s" % (name, compute, how, "the same" if same else "OTHER BITS", " ".join(sha[:12] for sha in got.values())), flush=True)

    def go(self):
        print("seed %d" % self.args.seed)
        for name, path, sets, limit, few in self.models():
            for compute in self.args.compute:
                there, expected = [], None
                for isa in ISAS:
                    got = self.run(name, path, compute, isa, sets, limit)
                    if got is None:
                        self.report(name, compute, isa, None, None)
                        continue
                    expected = expected or got
                    there.append(isa)
                    self.report(name, compute, isa, got, expected)
                if self.args.kills:
                    isa = self.dice.choice(there)
                    got = self.run(name, path, compute, isa, sets, limit, self.args.kills)
                    self.report(name, compute, "%s, killed %d times" % (isa, self.killed), got, expected)
                if self.args.aarch64:
                    if few and few != limit:
                        expected = self.run(name, path, compute, there[0], sets, few)
                    self.report(name, compute, "aarch64", self.run(name, path, compute, "aarch64", sets, few), expected)
        shutil.rmtree(self.folder)
        print("FAILED" if self.failed else "passed")
        return 1 if self.failed else 0


if __name__ == "__main__":
    sys.exit(Acceptance(arguments()).go())
