#!/usr/bin/env python3
"""Every planted fault must be caught by the build that is there to catch it: planted.py PLAIN ASAN TSAN, the three builds of
planted.cu. Writes TAP."""
import os
import re
import subprocess
import sys

EMULATION, NAN, ADDRESS, RACE = 86, 3, 1, 66
CAUGHT = {
    "emulation": (EMULATION, r"cuda_emulation: "), "nan": (NAN, ""), "address": (ADDRESS, r"AddressSanitizer"),
    "undefined": (ADDRESS, r"runtime error"), "race": (RACE, r"ThreadSanitizer: data race"), "nothing": (0, ""),
}
ORDERS = {"plain": ("forward", "reverse", "greedy", "random:1"), "asan": ("forward", "greedy"), "tsan": ("forward", "greedy")}
# name, build, what must be seen in every order of that build, what the message must say
CASES = [
    ("barrier_in_branch", "plain", "emulation", r"barrier|__syncthreads"),
    ("two_barriers", "plain", "emulation", r"barrier divergence: thread \d+ .*planted\.cu:\d+, thread \d+ .*planted\.cu:\d+"),
    ("early_return", "plain", "emulation", r"some threads of the block have returned.*planted\.cu:\d+"),
    ("half_a_warp_shuffles", "plain", "emulation", r"planted\.cu:\d+"),
    ("two_shuffles", "plain", "emulation", r"warp divergence.*planted\.cu:\d+"),
    ("past_dynamic_shared", "asan", "address", r"planted\.cu:\d+"),
    ("past_static_shared", "asan", "address", r"planted\.cu:\d+"),
    ("past_global", "asan", "address", r"planted\.cu:\d+"),
    ("misaligned", "asan", "undefined", r"planted\.cu:\d+"),
    ("unset_shared", "plain", "nan", ""),
    ("no_barrier", "plain", "nan", ""),
    ("no_barrier", "tsan", "race", r"planted\.cu:\d+"),
    ("no_second_barrier", "tsan", "race", r"planted\.cu:\d+"),
    ("shuffle_for_a_barrier", "plain", "nothing", ""),
    ("shuffle_for_a_barrier", "tsan", "race", r"planted\.cu:\d+"),
    ("warp_barrier_for_a_block", "tsan", "race", r"planted\.cu:\d+"),
    ("blocks_race", "tsan", "race", r"planted\.cu:\d+"),
    ("blocks_take_turns", "tsan", "nothing", ""),
    ("copy_not_waited_for", "plain", "nan", ""),
    ("copy_of_another_not_waited_for", "tsan", "race", r"planted\.cu:\d+"),
    ("copy_into_what_is_read", "tsan", "race", r"planted\.cu:\d+"),
    ("copy_never_waited_for", "plain", "emulation", r"cp\.async"),
    ("copy_misaligned", "plain", "emulation", r"not aligned.*planted\.cu:\d+"),
    ("host_reads_too_early", "plain", "nan", ""),
    ("kernel_on_another_device", "plain", "emulation", r"work of device 1 touches memory of device 0"),
    ("copy_on_another_device", "plain", "emulation", r"work of device 1 touches memory of device 0"),
    ("gather_well", "plain", "nothing", ""),
    ("gather_before_the_work", "plain", "nan", ""),
    ("gather_without_the_other", "plain", "emulation", r"rank 1 of 2 takes no part"),
]


def run(program, name, order):
    environment = dict(os.environ, CUDA_EMULATION_ORDER=order, TSAN_OPTIONS="halt_on_error=1:exitcode=66",
                       ASAN_OPTIONS="exitcode=1:detect_leaks=0", UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=0")
    return subprocess.run([program, name], env=environment, capture_output=True, text=True, timeout=60)


def main(arguments):
    programs = dict(zip(("plain", "asan", "tsan"), arguments))
    failed = 0
    print(f"1..{len(CASES)}")
    for number, (name, build, caught, message) in enumerate(CASES, 1):
        code, pattern = CAUGHT[caught]
        breaches = []
        for order in ORDERS[build]:
            result = run(programs[build], name, order)
            text = result.stdout + result.stderr
            if result.returncode != code or not re.search(pattern, text) or not re.search(message, text, re.DOTALL):
                breaches.append(f"order {order}: exit {result.returncode}, wanted {code} and /{message}/: {text.strip()[-300:]}")
        failed += bool(breaches)
        print(f"{'not ok' if breaches else 'ok'} {number} - {name} in the {build} build: {caught}")
        for breach in breaches:
            print("# " + breach.replace("\n", "\n# "))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
