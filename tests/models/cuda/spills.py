#!/usr/bin/env python3
"""What ptxas made of each kernel: spills.py REPORT... prints a table and fails where a register was spilled. Writes TAP."""
import pathlib
import re
import sys

ENTRY = re.compile(r"Compiling entry function '(\S+)' for '(\S+)'")
SPILLS = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
USED = re.compile(r"Used (\d+) registers")


def short(mangled):
    """attention_kernel<256> out of _ZN7sextant4cuda...16attention_kernelILi256EEEv..."""
    for match in re.finditer(r"(?=(\d+))", mangled):  # a length may follow on a hash's digits
        name = mangled[match.end(1):match.end(1) + int(match[1])]
        if re.fullmatch(r"[a-z]\w*_kernel", name) and len(name) == int(match[1]):
            rest = mangled[match.end(1) + len(name):]
            arguments = re.match(r"I(f|13__nv_bfloat16|6__half)?((?:Li\d+E)*)E", rest)
            names = {"f": "float", "13__nv_bfloat16": "bf16", "6__half": "fp16"}
            spelled = [names[a] for a in arguments.groups()[:1] if a] + re.findall(r"\d+", arguments[2]) if arguments else []
            return name + ("<%s>" % ", ".join(spelled) if spelled else "")
    return mangled


def main(paths):
    rows, spilled, entry = [], [], None
    for path in paths:
        for line in pathlib.Path(path).read_text().splitlines():
            if match := ENTRY.search(line):
                entry = [short(match[1]), match[2], 0, 0, 0]
                rows.append(entry)
            elif match := SPILLS.search(line):
                entry[3:5] = [int(match[1]), int(match[2]) + int(match[3])]
            elif match := USED.search(line):
                entry[2] = int(match[1])
    print("1..1")
    print(f"# {'kernel':36} {'for':6} registers  stack  spilled")
    for name, architecture, registers, stack, bytes_spilled in sorted(rows):
        print(f"# {name:36} {architecture:6} {registers:9}  {stack:5}  {bytes_spilled:7}")
        if bytes_spilled:
            spilled.append(f"{name} for {architecture}")
    good = rows and not spilled
    print(f"{'ok' if good else 'not ok'} 1 - {len(rows)} kernels without spills" + (": not " + ", ".join(spilled) if spilled else ""))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
