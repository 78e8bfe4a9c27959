#!/usr/bin/env python3
"""Takes barriers and waits out of the kernels, one at a time, and has ThreadSanitizer's build of the tests find each:
mutations.py KERNEL_FOLDER EMULATION_INCLUDE TESTS MAIN KERNELS EMULATION ENGINE COMPILER...  (static libraries). Writes TAP."""
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

# file to change, what to take out, which of them (from 1), file to compile, test to run
MUTATIONS = [
    ("gpu.cuh", "__syncthreads();", 1, "norm.cu", "residual and norm - bf16"),
    ("block_product.cu", "__syncthreads();", 1, "block_product.cu", "products of every block format - bf16"),
    ("keys.cu", "__syncwarp();", 1, "keys.cu", "keys are rotated*"),
    ("keys.cu", "__syncwarp();", 2, "keys.cu", "keys are rotated*"),
    ("head.cu", "__syncthreads();", 1, "head.cu", "the head folds*"),
    ("head.cu", "__syncthreads();", 2, "head.cu", "the head folds*"),
    ("sample.cu", "__syncthreads();", 1, "sample.cu", "tokens are drawn*"),
    ("sample.cu", "__syncthreads();", 2, "sample.cu", "tokens are drawn*"),
    ("sample.cu", "__syncthreads();", 3, "sample.cu", "tokens are drawn*"),
    ("sample.cu", "__syncthreads();", 4, "sample.cu", "tokens are drawn*"),
    ("sample.cu", "__syncthreads();", 5, "sample.cu", "tokens are drawn*"),
    ("sample.cu", "__syncthreads();", 6, "sample.cu", "tokens are drawn*"),
    ("attention.cu", "__syncthreads();", 1, "attention.cu", "attention is that of doubles - bf16"),
    ("attention.cu", "__syncthreads();", 2, "attention.cu", "attention is that of doubles - bf16"),
    ("attention.cu", "copy_async_wait<1>();", 1, "attention.cu", "attention is that of doubles - bf16"),
    ("attention.cu", "copy_async_wait<0>();", 1, "attention.cu", "attention is that of doubles - bf16"),
    ("attention_f32.cu", "__syncwarp();", 1, "attention_f32.cu", "attention is that of doubles - float"),
    ("attention_f32.cu", "__syncwarp();", 2, "attention_f32.cu", "attention is that of doubles - float"),
    ("attention_f32.cu", "__syncwarp();", 3, "attention_f32.cu", "attention is that of doubles - float"),
]


def without(text, what, which):
    at = -1
    for _ in range(which):
        at = text.index(what, at + 1)
    return text[:at] + text[at + len(what):]


def caught(mutation, arguments, folder):
    file, what, which, source, test = mutation
    kernels, include, tests, main, plain, emulation, engine = arguments[:7]
    compiler = arguments[7:]
    models = pathlib.Path(kernels).resolve().parent.parent
    copy = folder / "cuda" / "kernels"
    shutil.copytree(kernels, copy)
    (folder / "engine").symlink_to(models / "engine")  # which the kernels include from
    (copy / file).write_text(without((copy / file).read_text(), what, which))
    build = subprocess.run(
        [*compiler, "-std=c++20", "-O1", "-g", "-fsanitize=thread", "-fno-strict-aliasing", "-ffp-contract=off", "-w", f"-I{include}",
         "-x", "c++", str(copy / source), "-x", "none", "-Wl,--whole-archive", main, tests, "-Wl,--no-whole-archive", plain, emulation,
         engine, "-lboost_context", "-lopenblas", "-o", str(folder / "test")], capture_output=True, text=True)
    if build.returncode:
        return False, "does not build: " + build.stderr[-500:]
    environment = dict(os.environ, TSAN_OPTIONS="halt_on_error=1:exitcode=66")
    run = subprocess.run([str(folder / "test"), test], capture_output=True, text=True, env=environment, timeout=200)
    return run.returncode != 0, f"exit {run.returncode}"


def main(arguments):
    print(f"1..{len(MUTATIONS)}", flush=True)
    failed = 0
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda i: caught(MUTATIONS[i], arguments, pathlib.Path(scratch) / str(i)), range(len(MUTATIONS)))
        for number, (mutation, (good, note)) in enumerate(zip(MUTATIONS, results), 1):
            failed += not good
            print(f"{'ok' if good else 'not ok'} {number} - {mutation[0]} without {mutation[1]} no. {mutation[2]}: {note}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
