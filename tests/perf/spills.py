#!/usr/bin/env python3
"""Looks at the kernels that valgrind cannot run. In their innermost loops that multiply and add, it counts the stores of whole vectors to
an address that stays the same in the loop: sums that the compiler did not keep in registers. More than spills.json has fail. Writes TAP.

    spills.py LIBRARY...            static libraries of kernels
    spills.py --list LIBRARY...     prints each such store
    spills.py --renew LIBRARY...    writes spills.json anew
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys

BASELINES = pathlib.Path(__file__).with_name("spills.json")

FUNCTION = re.compile(r"^[0-9a-f]+ <(.+)>:$")
INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\t(\S+)\s*(.*?)\s*(?:#.*)?$")
MULTIPLIES = re.compile(r"^v?(fn?madd|dpbf16ps|dpbusd|dpwssd|pmaddubsw)|^tdp")
STORE = re.compile(r"^%[yz]mm\d+,\s*(?:[-0-9a-fx]*)\(([^)]*)\)(?:\{.*\})?$")
PARTS = {"a": "rax", "b": "rbx", "c": "rcx", "d": "rdx", "si": "rsi", "di": "rdi", "bp": "rbp", "sp": "rsp"}


def whole(register):
    """%eax, %ax, %al -> rax; %r8d -> r8"""
    name = register.lstrip("%")
    if re.fullmatch(r"r\d+[dwb]?", name):
        return re.match(r"r\d+", name)[0]
    core = re.sub(r"^[re](?=..$)", "", name)
    for part, full in PARTS.items():
        if core in (part, part + "x", part + "l", part + "h"):
            return full
    return name


def operands(text):
    return re.findall(r"(?:[^,(]|\([^)]*\))+", text)


class Instruction:
    def __init__(self, address, name, rest):
        self.address, self.name, self.rest = address, name, rest

    def target(self):
        """Where a jump inside the function goes, or None."""
        match = re.match(r"^([0-9a-f]+)\b", self.rest) if self.name.startswith("j") else None
        return int(match[1], 16) if match else None

    def written(self):
        """The general register that this changes, or None."""
        if self.name.startswith(("cmp", "test", "j", "v", "prefetch", "push", "call")):
            return None
        parts = operands(self.rest)
        return whole(parts[-1]) if parts and parts[-1].startswith("%") else None

    def stored_to(self):
        """The registers of the address that a vector register is stored to, or None where this is no such store."""
        match = STORE.match(self.rest) if self.name.startswith(("vmov", "mov")) else None
        return [whole(part) for part in match[1].split(",") if part.startswith("%")] if match else None


def functions(library):
    text = subprocess.run(["objdump", "-d", "-C", "--no-show-raw-insn", library], check=True, capture_output=True, text=True).stdout
    name, body = None, []
    for row in text.splitlines():
        if match := FUNCTION.match(row):
            if body:
                yield name, body
            name, body = match[1], []
        elif match := INSTRUCTION.match(row):
            body.append(Instruction(int(match[1], 16), match[2], match[3]))
    if body:
        yield name, body


def only_fetches(loop):
    return any(i.name.startswith("prefetch") for i in loop) and not any(i.name.startswith(("v", "t")) and i.name != "test" for i in loop)


def comes_round(body, place, first, last):
    """Whether the jump at `last` can be reached from `first`, where it goes. What the compiler put behind a function's end jumps back,
    too, and is no loop."""
    seen, ahead = set(), [first]
    while ahead:
        at = ahead.pop()
        if at == last:
            return True
        if at in seen or at >= len(body):
            continue
        seen.add(at)
        if body[at].name not in ("jmp", "ret"):
            ahead.append(at + 1)
        if body[at].target() in place:
            ahead.append(place[body[at].target()])
    return False


def innermost_loops(body):
    """Stretches from the target of a jump back to the jump that hold no other such stretch, but for those that only fetch what comes
    next."""
    place = {instruction.address: i for i, instruction in enumerate(body)}
    loops = [(place[i.target()], at) for at, i in enumerate(body) if i.target() in place and place[i.target()] <= at]
    loops = [(first, last) for first, last in loops if comes_round(body, place, first, last)]
    loops = [(first, last) for first, last in loops if not only_fetches(body[first:last + 1])]
    for first, last in loops:
        if not any((a, b) != (first, last) and first <= a and b <= last for a, b in loops):
            yield body[first:last + 1]


def spills(loop):
    changed = {i.written() for i in loop}
    return [i for i in loop if i.stored_to() is not None and not changed.intersection(i.stored_to())]


def examine(library):
    """(loops that multiply, their spills as text)"""
    count, bad = 0, []
    for name, body in functions(library):
        short = re.sub(r"^void |sextant::cpu::|\(anonymous namespace\)::|\(.*\)$", "", name)
        for loop in innermost_loops(body):
            if any(MULTIPLIES.match(i.name) for i in loop):
                count += 1
                bad += ["%s: %x: %s %s" % (short, i.address, i.name, i.rest) for i in spills(loop)]
    return count, bad


def compiler_of(library):
    text = subprocess.run(["readelf", "-p", ".comment", library], check=True, capture_output=True, text=True).stdout
    return ", ".join(sorted(set(re.findall(r"^\s*\[\s*[0-9a-f]+\]\s+(\S.*)$", text, re.M))))


def name_of(library):
    return pathlib.Path(library).stem.removeprefix("lib")


def verdict(loops, now, then):
    """What is wrong with a library, or None."""
    if loops == 0:
        return "no loop that multiplies was found: this check cannot read its code any more"
    if then is None:
        return "it has no baseline: renew (README.md)"
    if now > then:
        return "sums are kept in memory: help the compiler, or renew and say why"
    if now < then:
        return "fewer than the baseline has: lower it, so that the guard stays tight (README.md)"
    return None


def renew(libraries):
    found = {name_of(library): len(examine(library)[1]) for library in libraries}
    BASELINES.write_text(json.dumps({"compiler": compiler_of(libraries[0]), "spills": found}, indent=1, sort_keys=True) + "\n")
    return 0


def compare(libraries):
    baselines = json.loads(BASELINES.read_text())
    compiler = compiler_of(libraries[0])
    if compiler != baselines["compiler"]:
        print("1..0 # SKIP spills.json is of another compiler: %s, this is %s" % (baselines["compiler"], compiler))
        return 0
    print("1..%d" % len(libraries))
    status = 0
    for number, library in enumerate(libraries, 1):
        loops, bad = examine(library)
        then = baselines["spills"].get(name_of(library))
        problem = verdict(loops, len(bad), then)
        print("%s %d - %s: %d loops with %d spills, baseline %s" % ("not ok" if problem else "ok", number, name_of(library), loops, len(bad), then))
        if problem:
            status = 1
            print("\n".join("#   " + text for text in [problem, *bad]))
    return status


def main(words):
    if not shutil.which("objdump"):
        print("1..0 # SKIP there is no objdump (Debian: binutils)")
        return 0
    if not words:
        print("1..0 # SKIP no kernels that valgrind cannot run on this architecture")
        return 0
    if words[0] == "--renew":
        return renew(words[1:])
    if words[0] == "--list":
        print("\n".join(text for library in words[1:] for text in examine(library)[1]))
        return 0
    return compare(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
