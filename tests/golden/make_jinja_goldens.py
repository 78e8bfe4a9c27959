#!/usr/bin/env python3
"""Writes jinja_constructs.json: what transformers' chat template engine makes of the templates in jinja_cases.py.

Needs: pip install transformers jinja2. Usage: make_jinja_goldens.py > jinja_constructs.json
{"input": for ChatTemplate::render, "cases": {template: its text, or null where it is refused or in jinja_cases.NOT_SUPPORTED}}
"""
import json
import re

import jinja_cases
import make_chat_goldens as goldens


def main():
    goldens.chat.datetime = goldens.FixedClock
    conversation = jinja_cases.conversation()
    lines = []
    for source in jinja_cases.cases():
        text = None if source in jinja_cases.NOT_SUPPORTED else goldens.rendered(source, conversation)
        if text is None or not re.search(" at 0x[0-9a-f]+|<class ", text):  # what differs from run to run, or names the host's classes
            lines.append(json.dumps(source) + ": " + json.dumps(text))
    print('{"input": ' + json.dumps(conversation) + ',\n"cases": {\n' + ",\n".join(lines) + "\n}}")


main()
