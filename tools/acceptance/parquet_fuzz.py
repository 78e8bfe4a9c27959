#!/usr/bin/env python3
"""Hostile Parquet and Arrow files: parquet_fuzz.py --sextant PROGRAM --plugin-path DIR [--cpu-seconds 600] [--seed 1] [--keep DIR]

Mutations of tests/golden/parquet (bytes, spans, lengths, ends; the footer more often than the rest) are data sets of `sextant prompt`, which reads all
their rows; forty to a process, at most 6 GiB of address space. Each file must either be read or be refused in one sentence that names it: a crash, an
exit code of a mistake of our own (70), a set without either, or more than 20 s of CPU for a process is a finding; its files are then tried one by one
and kept. --plugin-path: where the sample backend lies. Prints what was tried; exit code 1 where there is a finding, 77
where the program reads no Parquet.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TOGETHER, CPU_LIMIT_S, MEMORY = 40, 20, 6 << 30
NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF)


def mutated(data, rng):
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        if len(out) < 2:
            break
        # the footer says where everything lies
        begin = max(0, len(out) - rng.choice((8, 600, 3000))) if rng.random() < 0.6 else 0
        at = rng.randrange(begin, len(out))
        kind = rng.randrange(8)
        if kind == 0:
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            out[at] = rng.randrange(256)
        elif kind == 2:
            size = rng.choice((1, 2, 4, 8))
            out[at:at + size] = (rng.choice(NUMBERS) & ((1 << 8 * size) - 1)).to_bytes(size, "little")
        elif kind == 3:
            del out[at:at + rng.randrange(1, 64)]
        elif kind == 4:
            out[at:at] = out[(other := rng.randrange(len(out))):other + rng.randrange(1, 64)]
        elif kind == 5:
            size = rng.randrange(1, 64)
            out[at:at + size] = bytes(size)
        elif kind == 6:  # a varint that is longer than what it counts
            out[at:at + 1] = bytes([out[at] | 0x80, rng.randrange(256)])
        else:
            del out[at:]
            if rng.random() < 0.5:
                out += b"PAR1"
    return bytes(out)


class Fuzz:
    def __init__(self, args):
        self.args, self.rng, self.folder = args, random.Random(args.seed), pathlib.Path(tempfile.mkdtemp())
        template = json.loads((ROOT / "tests/golden/parquet/expected.json").read_text(encoding="utf-8"))["template"]
        self.common = "output_type: generate_until\ntest_split: test\ndoc_to_target: ''\ndoc_to_text: %s\n" % json.dumps(template)
        self.seeds = {path.suffix: path.read_bytes() for path in (ROOT / "tests/golden/parquet").glob("rows.*") if path.suffix != ".json"}
        self.said = collections.Counter()

    def prompts(self, files):
        """(exit code or signal, {number of the file: whether it was read or refused})"""
        tasks = self.folder / "tasks"
        shutil.rmtree(self.folder / "sets", ignore_errors=True)
        shutil.rmtree(tasks, ignore_errors=True)
        tasks.mkdir()
        for number, (suffix, data) in enumerate(files):
            place = self.folder / "sets" / ("s%03d" % number)
            place.mkdir(parents=True)
            (place / ("test" + suffix)).write_bytes(data)
            (tasks / ("s%03d.yaml" % number)).write_text("task: s%03d\ndataset_path: %s\n%s" % (number, place, self.common), encoding="utf-8")
        command = [self.args.sextant, "prompt", "--tasks", str(tasks), "--backend", "sample", "--plugin-path", self.args.plugin_path, "--json"]

        def limits():
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S + 1))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=limits, env={**os.environ, "OMP_NUM_THREADS": "1"})
        out = {}
        for line in done.stdout.decode(errors="replace").splitlines():
            found = re.search(r'"dataset":"s(\d+)"', line)
            if found:
                out[int(found[1])] = "read"
        for line in done.stderr.decode(errors="replace").splitlines():
            found = re.search(r"s(\d{3})", line)
            if found and "error" in line:
                out.setdefault(int(found[1]), "refused")
                self.said[re.sub(r"/\S+|\d+", "N", line)[:110]] += 1
        return done.returncode, out, done.stderr.decode(errors="replace")

    def bad(self, files):
        code, out, said = self.prompts(files)
        # every file has an end that is known, and nothing but what is known of data has happened
        if code < 0 or code in (70, 134, 137, 139) or len(out) < len(files):
            return "exit code %d, %d of %d files read or refused: %s" % (code, len(out), len(files), said[-300:])
        return ""

    def run(self):
        tried = findings = cpu = 0
        over = []
        signal.signal(signal.SIGTERM, lambda *_: over.append(True))  # what has been tried is printed
        while not over:
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = used.ru_utime + used.ru_stime
            if cpu >= self.args.cpu_seconds:
                break
            files = [(suffix, mutated(self.seeds[suffix], self.rng)) for suffix in self.rng.choices(sorted(self.seeds), weights=[1 if s == ".arrow" else 3 for s in sorted(self.seeds)], k=TOGETHER)]
            tried += len(files)
            if not self.bad(files):
                continue
            for suffix, data in files:
                what = self.bad([(suffix, data)])
                if what:
                    findings += 1
                    keep = pathlib.Path(self.args.keep or self.folder) / ("finding%d%s" % (findings, suffix))
                    keep.parent.mkdir(parents=True, exist_ok=True)
                    keep.write_bytes(data)
                    print("FAIL", keep, what)
        print("%d files of %d seeds in %.0f s of CPU, %d findings" % (tried, len(self.seeds), cpu, findings))
        for said, count in self.said.most_common(self.args.shown):
            print("  %6d %s" % (count, said))
        return findings


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sextant", default=os.environ.get("SEXTANT_PROGRAM"))
    parser.add_argument("--plugin-path", default=os.environ.get("SEXTANT_TEST_THIRD_PARTY"))
    parser.add_argument("--cpu-seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shown", type=int, default=15, help="how many kinds of messages are shown")
    parser.add_argument("--keep", help="where findings are kept")
    args = parser.parse_args()
    if not args.sextant or not args.plugin_path or not list(pathlib.Path(args.sextant).resolve().parent.parent.glob("lib/**/readers/arrow_stream.so")):
        print("SKIP: neither --sextant nor --plugin-path, or a build without Apache Arrow")
        sys.exit(77)
    sys.exit(1 if Fuzz(args).run() else 0)


if __name__ == "__main__":
    main()
