#!/usr/bin/env python3
"""Keeps the layering true: check.py SOURCE_ROOT [PLUGIN_FOLDER...]

Reads every #include of the tree: who may know whom stands in `allowed` below. Then looks with `nm -D` at every .so of the
plugin folders: each must export sextant_plugin_entry and nothing else. Further folders come from $SEXTANT_TEST_PREFIX (the
plugins installed below it) and $SEXTANT_TEST_THIRD_PARTY. Writes TAP, two tests, with one sentence for each breach; exits 1 if
there is one.
"""
import os
import pathlib
import re
import subprocess
import sys

SUFFIXES = {".c", ".cc", ".cpp", ".cu", ".cuh", ".h", ".hpp"}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(<[^>]+>|"[^"]+")', re.MULTILINE)
ENTRY = "sextant_plugin_entry"
FLOORS = ["sdk", "sdk/lib"]  # each stands on those before it, and all others on these
PUBLIC = {"sdk/lib": "sdk/lib/include/"}  # what others may include of a house that has more
GENERATED = {"core/version.hpp", "core/sandbox/scripts.hpp", "core/report/page_parts.hpp"}  # made by meson
# The floors inside core, the lowest first: a folder may include those of its row, which all stand above it. What computes (infer, render,
# stats) knows nothing of what reads, writes or asks; only graph/ and cli/ know both how to ask a model and how to score.
CORE = {
    "base": "",
    "data": "base",
    "config": "base data",
    "store": "base data",
    "stats": "base data",
    "plugin": "base data",
    "sandbox": "base data",
    "conformance": "base data plugin",
    "isolate": "base data plugin sandbox",
    "infer": "base data plugin",
    "render": "base config data",
    "retrieve": "base data plugin",
    "tasks": "base data",
    "load": "base config data plugin stats",
    "serve": "base config data infer load plugin render retrieve sandbox store",
    "score": "base config data plugin sandbox stats store",
    "graph": "base config data plugin score serve store",
    "preflight": "base config data infer load plugin sandbox score serve",
    "report": "base config data stats store",
    "exchange": "base config data store",
    "compare": "base config data report score stats store",
    "check": "base config data infer load plugin preflight render score serve",
    "explain": "base config data plugin score store",
    "cli": "base check compare config conformance data exchange explain graph infer isolate load plugin preflight report sandbox score serve stats store tasks",
}
# houses whose C header another one calls
BESIDE = {"datasets/table": ("datasets/arrow",)}
# headers of one processor or accelerator: what is device-independent has no business with them
DEVICE_HEADER = re.compile(r"^(\w*mmintrin|immintrin|arm_neon|arm_sve|cpuid|cuda|cublas|hip|nv|cl|omp)")


def area(root, path):
    """The folder that counts as one house: sdk, sdk/lib, core, models/engine, models/cpu, datasets/ceval, plugins/metrics/accuracy, ...
    Below plugins/, a folder with a meson.build is one plugin; what lies outside of them ("plugins") all of them share."""
    parts = path.split("/")
    if parts[:2] == ["sdk", "lib"]:
        return "sdk/lib"
    if parts[0] in ("sdk", "core"):
        return parts[0]
    if parts[0] != "plugins":
        return "/".join(parts[:2])
    folder = pathlib.PurePosixPath(path).parent
    while len(folder.parts) > 1 and not (root / folder / "meson.build").is_file():
        folder = folder.parent
    return folder.as_posix()


def allowed(where):
    """The areas that a file of this one may include."""
    if where in FLOORS:
        return set(FLOORS[:FLOORS.index(where) + 1])
    if where.startswith("plugins"):
        return {where, "plugins", *FLOORS}
    if where.startswith("models/") and where != "models/engine":
        return {where, "models/engine", *FLOORS}
    return {where, *BESIDE.get(where, ()), *FLOORS}


def resolve(root, path, name, quoted):
    """The file of the tree that an include names, relative to the root, or None for a system header."""
    folders = [root / "sdk/include", root / "sdk/lib/include"]
    if quoted:
        house = area(root, path)
        folders = [(root / path).parent, root / house, root / "models/engine", root / "models", root] + folders
    for folder in folders:
        found = pathlib.Path(os.path.normpath(folder / name))
        inside = found.is_relative_to(root)
        if inside and (found.is_file() or found.relative_to(root).as_posix() in GENERATED):
            return found.relative_to(root).as_posix()
    return None


def core_breach(path, target):
    """What is wrong where one file of core includes another; nothing where it may."""
    if target in GENERATED or not target.startswith("core/"):
        return None
    where, what = path.split("/")[1], target.split("/")[1]
    if where not in CORE:
        return f"core/{where} has no floor; give it a row in {pathlib.Path(__file__).name}"
    if what == where or what in CORE[where].split():
        return None
    return f"core/{where} may include {CORE[where] or 'nothing else of core'}, not {target}"


def include_breaches(root):
    breaches, count = [], 0
    for top in ("sdk", "core", "plugins", "datasets", "models"):
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in SUFFIXES:
                continue
            count += 1
            path = file.relative_to(root).as_posix()
            text = file.read_text(encoding="utf-8")
            for match in INCLUDE.finditer(text):
                name, quoted = match[1][1:-1], match[1][0] == '"'
                place = f"{path}:{text.count(chr(10), 0, match.start()) + 1}"
                target, house = resolve(root, path, name, quoted), area(root, path)
                if target is None and (quoted or name.startswith("sextant/")):
                    breaches.append(f"{place}: includes {name}, which is not in the tree")
                elif target is not None and area(root, target) not in allowed(house):
                    breaches.append(f"{place}: {house} may include {', '.join(sorted(allowed(house)))}, not {target}")
                elif target is not None and area(root, target) != house and not target.startswith(PUBLIC.get(area(root, target), "")):
                    breaches.append(f"{place}: {target} is sdk/lib's own; include what lies in {PUBLIC[area(root, target)]}")
                elif target is not None and house == "core" and (breach := core_breach(path, target)):
                    breaches.append(f"{place}: {breach}")
                elif target is None and house == "models/engine" and DEVICE_HEADER.match(name):
                    breaches.append(f"{place}: models/engine is device-independent and must not include <{name}>")
    if not count:
        breaches.append(f"{root}: there are no sources; name the root of the source tree")
    return breaches, count


def export_breaches(folders):
    breaches, count = [], 0
    for folder in folders:
        libraries = sorted(folder.glob("*.so"))
        if not libraries:
            breaches.append(f"{folder}: there is no plugin; build and install first")
        for library in libraries:
            count += 1
            listing = subprocess.run(["nm", "-D", "--defined-only", str(library)], capture_output=True, text=True)
            if listing.returncode:
                breaches.append(f"{library}: {listing.stderr.strip()}")
                continue
            exported = sorted(line.split()[-1].split("@")[0] for line in listing.stdout.splitlines() if line.strip())
            if exported != [ENTRY]:
                shown = ", ".join(exported[:8]) or "nothing"
                breaches.append(f"{library}: exports {shown}; it must export {ENTRY} alone (link with plugin.map)")
    return breaches, count


def plugin_folders(arguments):
    folders = [pathlib.Path(argument) for argument in arguments]
    if prefix := os.environ.get("SEXTANT_TEST_PREFIX"):
        folders += sorted(pathlib.Path(prefix).rglob("sextant/plugins")) or [pathlib.Path(prefix) / "lib/sextant/plugins"]
    if third_party := os.environ.get("SEXTANT_TEST_THIRD_PARTY"):
        folders.append(pathlib.Path(third_party))
    return folders


def report(number, name, breaches, skip=""):
    print(f"{'not ok' if breaches else 'ok'} {number} - {name}{' # SKIP ' + skip if skip else ''}")
    for breach in breaches:
        print(f"# {breach}")


def main(arguments):
    if not arguments:
        print(__doc__.strip())
        return 1
    print("1..2")
    breaches, files = include_breaches(pathlib.Path(arguments[0]).resolve())
    report(1, f"the includes of {files} sources", breaches)
    folders = plugin_folders(arguments[1:])
    more, plugins = export_breaches(folders)
    skip = "" if folders else "neither SEXTANT_TEST_PREFIX nor SEXTANT_TEST_THIRD_PARTY is set"
    report(2, f"the exports of {plugins} plugins", more, skip)
    return 1 if breaches or more else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
