#!/usr/bin/env python3
"""The ABI's record: check.py [--write] [--headers FOLDER] [--cc COMMAND]

Reads the structs and constants of sdk/include/sextant/abi/*.h, has the compiler say every size, offset and value, and compares them with
abi.json beside this file. What is recorded must never change, but that the newest minor goes up; a struct that begins with struct_size may get members at its
end, and constants may be added: then --write records them. Exits 1 with a sentence for each difference.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
STRUCT = re.compile(r"typedef struct (\w+) \{(.*?)\} \1;", re.DOTALL)
ENUM = re.compile(r"\benum \{(.*?)\};", re.DOTALL)
NEWEST = "SXT_ABI_MINOR_NEWEST"  # goes up with each minor that adds something
DEFINE = re.compile(r"^#define (SXT_\w+) (\w+|\"[^\"]*\")$", re.MULTILINE)


def without_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)


def members_of(body):
    """(name, declaration) of each member; "uint32_t a, b;" are two."""
    out = []
    for declaration in filter(None, (" ".join(part.split()) for part in body.split(";"))):
        function = re.match(r"(.*?)\(\*(\w+)\)\s*\((.*)\)$", declaration)
        if function:
            out.append((function[2], declaration))
            continue
        first, *others = declaration.split(",")
        kind, name = re.match(r"(.*?[\s*])(\w+(?:\[\d+\])?)$", first.strip()).groups()
        base = kind.strip()
        for i, one in enumerate([name] + others):
            star = re.match(r"\s*(\**)\s*(\w+)(\[\d+\])?$", one)
            out.append((star[2], f"{base if i == 0 else base.rstrip('*').strip() + (' ' + star[1] if star[1] else '')} {star[2]}{star[3] or ''}"))
    return out


def read_headers(folder):
    structs, constants = {}, []
    for header in sorted(folder.glob("*.h")):
        text = without_comments(header.read_text(encoding="utf-8"))
        for name, body in STRUCT.findall(text):
            structs[name] = members_of(body)
        for body in ENUM.findall(text):
            constants += [item.split("=")[0].strip() for item in body.split(",") if item.strip()]
        constants += [name for name, value in DEFINE.findall(text) if name not in ("SXT_ABI_MINOR", "SXT_EXPORT")]
    return structs, constants


def measure(folder, compiler):
    structs, constants = read_headers(folder)
    lines = ["#include <stdio.h>", "#include <sextant/abi.h>",
             '#define SHOW(x) _Generic((x), char *: printf("%s", (const char *)(uintptr_t)(x)), '
             'default: printf("%llu", (unsigned long long)(uintptr_t)(x)))', "int main(void) {"]
    for name, members in structs.items():
        lines.append(f'printf("S {name} %zu\\n", sizeof({name}));')
        for member, _ in members:
            lines.append(f'printf("M {name} {member} %zu %zu\\n", offsetof({name}, {member}), sizeof((({name} *)0)->{member}));')
    for name in constants:
        lines.append(f'printf("C {name} "); SHOW({name}); printf("\\n");')
    lines += ["return 0; }"]
    with tempfile.TemporaryDirectory() as scratch:
        source, program = pathlib.Path(scratch) / "abi.c", pathlib.Path(scratch) / "abi"
        source.write_text("\n".join(lines))
        subprocess.run(compiler + ["-std=c11", "-w", "-I", str(folder.parent.parent), str(source), "-o", str(program)], check=True)
        out = subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout
    table = {"structs": {}, "constants": {}}
    declared = {(struct, member): text for struct, members in structs.items() for member, text in members}
    for line in out.splitlines():
        kind, *rest = line.split()
        if kind == "S":
            table["structs"][rest[0]] = {"size": int(rest[1]), "members": {}}
        elif kind == "M":
            table["structs"][rest[0]]["members"][rest[1]] = [int(rest[2]), int(rest[3]), declared[rest[0], rest[1]]]
        else:
            table["constants"][rest[0]] = rest[1]
    return table


def differences(recorded, now):
    """(what breaks the ABI, what was added)"""
    broken, added = [], []
    for name, old in recorded["structs"].items():
        new = now["structs"].get(name)
        if new is None:
            broken.append(f"{name} is gone")
            continue
        for member, place in old["members"].items():
            if member not in new["members"]:
                broken.append(f"{name}.{member} is gone")
            elif new["members"][member] != place:
                broken.append(f"{name}.{member} was {place}, and is {new['members'][member]}")
        grows = next(iter(old["members"])) == "struct_size"
        for member, place in new["members"].items():
            if member in old["members"]:
                continue
            if not grows:
                broken.append(f"{name}.{member} was added, but {name} does not begin with struct_size")
            elif place[0] < old["size"]:
                broken.append(f"{name}.{member} was added at {place[0]}, before the end at {old['size']}")
            else:
                added.append(f"{name}.{member}")
    for name, value in recorded["constants"].items():
        if name == NEWEST and int(now["constants"].get(name, -1)) > int(value):
            added.append(name)
        elif now["constants"].get(name) != value:
            broken.append(f"{name} was {value}, and is {now['constants'].get(name, 'gone')}")
    added += [name for kind in ("structs", "constants") for name in now[kind] if name not in recorded[kind]]
    return broken, added


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--headers", type=pathlib.Path, default=HERE.parent.parent / "sdk/include/sextant/abi")
    parser.add_argument("--record", type=pathlib.Path, default=HERE / "abi.json")
    parser.add_argument("--cc", default="cc")
    given = parser.parse_args(arguments)
    now = measure(given.headers, given.cc.split())
    recorded = json.loads(given.record.read_text()) if given.record.exists() else {"structs": {}, "constants": {}}
    broken, added = differences(recorded, now)
    for sentence in broken:
        print(f"the ABI is broken: {sentence}")
    if broken:
        return 1
    if given.write:
        given.record.write_text(json.dumps(now, indent=1) + "\n")
        return 0
    for name in added:
        print(f"{name} is not recorded; run tests/abi/check.py --write")
    return 1 if added else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
