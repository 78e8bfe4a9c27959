#!/usr/bin/env python3
"""Writes chat.json: what transformers' chat template engine makes of real templates, as sha256 (the templates are others' text).

Needs: pip install transformers jinja2. Usage: make_chat_goldens.py TEMPLATE_FOLDER > chat.json
{"conversations": [inputs for ChatTemplate::render], "templates": {file: [the first 16 digits of the output's sha256, or null where it is refused]}}
With --full the outputs themselves stand in place of the sums, to look into a difference.
"""
import datetime
import hashlib
import json
import pathlib
import sys

import transformers.utils.chat_template_utils as chat

NOW = "2024-05-31T12:34:56"


class FixedClock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromisoformat(NOW)


def turns(*texts, system=None):
    out = [] if system is None else [{"role": "system", "content": system}]
    return out + [{"role": "assistant" if i % 2 else "user", "content": text} for i, text in enumerate(texts)]


def conversations():
    tool = {"type": "function", "function": {"name": "weather", "description": "Says the <weather> & \"more\".", "parameters": {
        "type": "object", "properties": {"city": {"type": "string", "description": "where"}, "days": {"type": "integer", "default": 1}},
        "required": ["city"]}}}
    called = turns("Is it raining in Berlin?") + [
        {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "id": "call00001", "function": {"name": "weather", "arguments": {"city": "Berlin", "days": 2}}}]},
        {"role": "tool", "tool_call_id": "call00001", "name": "weather", "content": "{\"rain\": true, \"mm\": 1.5}"}]
    cases = [
        (turns("What is 2 + 2?"), True, {}),
        (turns("What is 2 + 2?", system="You are terse."), True, {}),
        (turns("  Hello \n", "Hi!\n", "And now?\r\n", system=" Be kind. "), True, {}),
        (turns("One", "Two", "Three", "Four"), False, {}),
        (turns("Question", "Answer", system="S"), False, {}),
        (turns("", "", "", system=""), True, {}),
        (turns("你好，世界！ 👋", "É ß Ω \u00a0\u2028 \u3000", "<|im_end|> {{ x }} {% if %} \\n"), True, {}),
        (turns("A long one: " + "abc 世 " * 200, "<think>\nhm\n</think>\n\nYes.", "Go on"), True, {}),
        ([], True, {}),
        ([{"role": "assistant", "content": "I begin."}, {"role": "user", "content": "No, I do."}], True, {}),
        (turns("Is it raining?"), True, {"tools": [tool]}),
        (called, True, {"tools": [tool]}),
        (turns("Think", "<think>a</think>b", "Again"), True, {"enable_thinking": False}),
        ([{"role": "user", "content": [{"type": "text", "text": "Parts "}, {"type": "text", "text": "of it"}]}], True, {}),
        ([{"role": "user", "content": None}, {"role": "assistant"}, {"role": "odd", "content": 1.0}], False, {}),
    ]
    for messages, generate, more in cases:
        yield {"messages": messages, "add_generation_prompt": generate, "bos_token": "<s>", "eos_token": "</s>", "now": NOW, **more}


def rendered(template, conversation):
    variables = {"tools": None, "documents": None, **conversation}
    del variables["now"]
    try:
        return chat._compile_jinja_template(template).render(**variables)
    except Exception:  # whatever it says: it refuses
        return None


def main():
    full = "--full" in sys.argv
    folder = pathlib.Path([a for a in sys.argv[1:] if a != "--full"][0])
    chat.datetime = FixedClock
    inputs = list(conversations())
    sums = {}
    for path in sorted(folder.glob("*.jinja")):
        template = path.read_bytes().decode()
        outputs = [rendered(template, conversation) for conversation in inputs]
        sums[path.name] = outputs if full else [None if text is None else hashlib.sha256(text.encode()).hexdigest()[:16] for text in outputs]
    lines = [f"{json.dumps(name)}: {json.dumps(outputs)}" for name, outputs in sums.items()]
    print('{"conversations": [\n' + ",\n".join(json.dumps(c) for c in inputs) + '\n],\n"templates": {\n' + ",\n".join(lines) + "\n}}")


main()
