#!/usr/bin/env python3
"""Compares `sextant model chat` with transformers' chat template engine: real templates, and the constructs of tests/golden/jinja_cases.py.

Needs: pip install transformers jinja2. Usage: check_chat_templates.py SEXTANT TEMPLATE_FOLDER [--constructs]
Every template of the folder renders every conversation of tests/golden/make_chat_goldens.py; the texts must be the same, or both must
refuse. --constructs goes on with all filters, tests, operators, methods and formats of jinja_cases.py over all of its values (about
20,000 templates, an hour); what Sextant refuses there and Jinja2 renders is listed, and is not a failure. Exit code 1: a difference.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden"))
import jinja_cases
import make_chat_goldens as goldens


def run(sextant, template, inputs):
    """What the command says of each input: (text, None) or (None, reason)."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as lines:
        lines.write("".join(json.dumps(i) + "\n" for i in inputs))
        lines.flush()
        done = subprocess.run([sextant, "model", "chat", "--chat-template", template, "--input", lines.name], capture_output=True)
    if done.returncode not in (0, 65):
        sys.exit(f"{template}: sextant ended with {done.returncode}: {done.stderr.decode()}")
    answers = [json.loads(line) for line in done.stdout.splitlines()]  # bytes: U+2028 ends no line
    if not answers:  # the template itself cannot be read
        return [(None, done.stderr.decode().strip())] * len(inputs)
    return [(a.get("text"), a.get("error")) for a in answers]


def check_real(sextant, folder):
    conversations = list(goldens.conversations())
    templates = sorted(folder.glob("*.jinja"))
    texts = refusals = differences = 0
    for path in templates:
        wanted = [goldens.rendered(path.read_bytes().decode(), c) for c in conversations]
        for number, (want, (text, reason)) in enumerate(zip(wanted, run(sextant, str(path), conversations))):
            texts += want is not None
            refusals += want is None
            if want != text:
                differences += 1
                print(f"{path.name}, conversation {number}: wanted {want!r:.300}\n  got {text!r:.300} ({reason})")
    print(f"{len(templates)} templates, {len(conversations)} conversations: {texts} texts, {refusals} refusals, {differences} differences")
    return differences


def check_constructs(sextant):
    conversation = jinja_cases.conversation()
    differences, refused = 0, {}
    cases = jinja_cases.cases() + jinja_cases.combinations()
    with tempfile.TemporaryDirectory() as folder:
        for number, source in enumerate(cases):
            path = pathlib.Path(folder) / "t.jinja"
            path.write_bytes(source.encode())
            want = goldens.rendered(source, conversation)
            text, reason = run(sextant, str(path), [conversation])[0]
            if want == text or (want is not None and re.search(" at 0x[0-9a-f]+", want)):  # addresses differ from run to run
                continue
            if text is None:
                refused.setdefault(re.sub(".*: ", "", reason), []).append(source)
                continue
            differences += 1
            print(f"{source!r}: wanted {want!r:.300}, got {text!r:.300}")
    for reason, sources in sorted(refused.items(), key=lambda item: -len(item[1])):
        print(f"refused, {len(sources)}: {reason}: {sources[0]}")
    print(f"{len(cases)} constructs: {differences} differences, {sum(map(len, refused.values()))} that are not supported")
    return differences


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("sextant")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--constructs", action="store_true")
    given = parser.parse_args()
    goldens.chat.datetime = goldens.FixedClock
    differences = check_real(given.sextant, given.folder)
    if given.constructs:
        differences += check_constructs(given.sextant)
    sys.exit(differences > 0)


main()
