#!/usr/bin/env python3
"""docs/components.md, made from the manifests of the installed program: components_doc.py [--check]. --check says whether the file in the tree lists what is
installed, no more and no less (`cuda`, which not every machine builds, aside). SEXTANT_PROGRAM names the program."""

import json
import os
import pathlib
import re
import subprocess
import sys

TARGET = pathlib.Path(__file__).resolve().parents[1] / "docs/components.md"
HEAD = """# Components

Everything that is installed with Sextant as a plugin, made from the manifests by `tools/components_doc.py`; do not edit. `sextant plugins info KIND:ID` says more of
one: what each key means and its default. Keys in **bold** must be given. Inferencers and retrievers of the core are in [inferencers.md](inferencers.md) and
[retrievers.md](retrievers.md), the metric `code_tests` in [code_tasks.md](code_tasks.md), those of judges
(`rating`, `preference`, `correct`, `constraints`) in [judges.md](judges.md); writing one of your own in [plugins.md](plugins.md).
"""
KINDS = {
    "model": "Models (backends)", "dataset": "Data sets (loaders)", "template": "Templates", "retriever": "Retrievers", "inferencer": "Inferencers",
    "postprocessor": "Post-processors", "metric": "Metrics",
}


def lines_of(program, *words):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("SEXTANT_", "XDG_"))}
    environment["HOME"] = "/nonexistent"
    done = subprocess.run([program, "plugins", *words, "--json"], capture_output=True, text=True, env=environment, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def keys_of(schema):
    required = schema.get("required", [])
    return ", ".join("**%s**" % key if key in required else key for key in schema.get("properties", {}) if key not in ("compat", "isolated"))


def page(program):
    found = {}
    for row in lines_of(program, "list"):
        if "summary" in row:
            info = lines_of(program, "info", "%s:%s" % (row["kind"], row["id"]))[0]
            found.setdefault(row["kind"], []).append((row["id"], row["summary"].replace("|", "\\|"), keys_of(info["schema"])))
    out = HEAD
    for kind, title in KINDS.items():
        if kind in found:
            out += "\n## %s\n\n| id | | keys |\n|---|---|---|\n" % title
            out += "".join("| `%s` | %s | %s |\n" % row for row in sorted(found[kind]))
    return out


def components(text):
    """What a page lists: (heading, id)."""
    out, heading = set(), ""
    for line in text.splitlines():
        if line.startswith("## "):
            heading = line[3:]
        elif found := re.match(r"\| `(\w+)` \|", line):
            out.add((heading, found.group(1)))
    return out


def main():
    program = os.environ.get("SEXTANT_PROGRAM")
    if not program:
        print("SKIP: SEXTANT_PROGRAM names no program")
        return 77
    text = page(program)
    if "--check" not in sys.argv:
        TARGET.write_text(text, encoding="utf-8")
    else:
        there = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
        differ = (components(text) ^ components(there)) - {("Models (backends)", "cuda")}
        if differ:
            print("docs/components.md is not what is installed (%s); run tools/components_doc.py" % ", ".join("%s: %s" % pair for pair in sorted(differ)))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
