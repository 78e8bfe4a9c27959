#!/usr/bin/env python3
"""tools/completion against the program's own help texts: test_completion.py TOOLS, with SEXTANT_PROGRAM. Writes TAP."""
import os
import pathlib
import re
import shlex
import subprocess
import sys

import tap

FOLDER = pathlib.Path(sys.argv[1]) / "completion"
PROGRAM = os.environ.get("SEXTANT_PROGRAM", "")
COMMANDS = ("run", "list", "prompt", "report", "show", "compare", "gate", "plugins", "model")


def help_of(command):
    return subprocess.run([PROGRAM, "help", command], capture_output=True, text=True, check=True, timeout=60).stdout


def offered(*words):
    """What bash offers for the last word."""
    script = "source %s; COMP_WORDS=(%s); COMP_CWORD=%d; _sextant; printf '%%s\\n' \"${COMPREPLY[@]}\"" % (
        shlex.quote(str(FOLDER / "sextant.bash")), " ".join(map(shlex.quote, (PROGRAM, *words))), len(words))
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def options(text):
    """{option: the words of its description} of a help text's list."""
    found, name = {}, None
    for line in text.split("Options:\n", 1)[-1].splitlines():
        start = re.match(r"  (?:-\w \[ )?(--[a-z-]+)(?: \])?(.*)", line)
        if start:
            name = start[1]
            found[name] = start[2]
        elif name and line.startswith("   "):
            found[name] += " " + line.strip()
    return found


def enumerations(text):
    """{option: its values} where the description lists them: "none, opencompass or lm-eval (docs)"."""
    found = {}
    for name, description in options(text).items():
        words = re.split(r" {2,}| (?=[a-z])", re.sub(r"\(.*?\)", "", description).strip(), maxsplit=1)
        values = re.split(r",\s*|\s+or\s+", words[-1].split(":")[0].strip())
        values = [v.strip() for v in values]
        if "K=V" not in description and len(values) > 1 and any(re.fullmatch(r"[a-z0-9.-]+", v) for v in values):
            found[name] = {v for v in values if re.fullmatch(r"[a-z0-9.-]+", v)}
    return found


def every_flag_is_offered(folder):
    for command in COMMANDS:
        flags = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", help_of(command)))
        missing = flags - offered(command, "--")
        assert not missing, "%s: %s" % (command, missing)


def values_are_those_of_the_help_text(folder):
    known = enumerations(help_of("run"))
    for flag in ("--compute", "--compat", "--hf-type", "--limit-mode", "--mode", "--chat-template", "--custom-dataset-data-type",
                 "--custom-dataset-infer-method"):
        values = offered("run", flag, "")
        assert values == known[flag], "%s: %s is offered, the help text has %s" % (flag, values, known[flag])
    missing = {flag for flag in known if not offered("run", flag, "")}
    assert not missing, "no values are offered for %s: %s" % (missing, {m: known[m] for m in missing})


def commands_are_those_of_the_program(folder):
    text = subprocess.run([PROGRAM, "help"], capture_output=True, text=True, check=True, timeout=60).stdout
    assert set(re.findall(r"^  ([a-z]+)  ", text, re.M)) == offered("") - {"--help", "--version"}
    verbs = re.search(r"^  plugins  (.*)", text, re.M)[1]
    assert {v.split()[0] for v in verbs.split("|")} == offered("plugins", "")
    assert {v.split()[0] for v in re.search(r"^  model  (.*)", text, re.M)[1].split("|")} == offered("model", "")


def zsh_offers_the_same(folder):
    def values(name, form):
        return dict(re.findall(r"^\s*([\w| -]+)\) choices=" + form, (FOLDER / name).read_text().replace(" | ", "|"), re.M))
    bash, zsh = values("sextant.bash", r"'([^']*)'"), values("_sextant", r"\(([^)$]*)\)")
    assert len(bash) > 8 and bash == zsh, (bash, zsh)


CASES = (every_flag_is_offered, values_are_those_of_the_help_text, commands_are_those_of_the_program, zsh_offers_the_same)

if __name__ == "__main__":
    if not PROGRAM:
        print("1..0 # SKIP SEXTANT_PROGRAM names no installed program")
        sys.exit(0)
    sys.exit(tap.run(CASES))
