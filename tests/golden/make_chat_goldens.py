#!/usr/bin/env python3
"""Writes chat.json: what transformers' chat template engine makes of real templates, as sha256 (the templates are others' text).

Needs: pip install transformers jinja2. Usage: make_chat_goldens.py TEMPLATE_FOLDER > chat.json
{"conversations": [inputs for ChatTemplate::render],
 "templates": {file: {"sha256": of the template, "outputs": [the first 16 digits of each output's sha256, or null where it is refused]}}}
With --full the outputs themselves stand in place of the sums, to look into a difference.
"""
import copy
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
        (called + turns("It rains.", "Thank you.")[::-1], True, {"tools": [tool, tool], "enable_thinking": True, "date_string": "1 Jan 2025"}),
        (turns("And then?") + [
            {"role": "assistant", "content": None, "reasoning_content": "I must ask.", "tool_calls": [
                {"type": "function", "id": "call00002", "function": {"name": "weather", "arguments": "{\"city\": \"M\u00fcnchen\"}"}},
                {"type": "function", "id": "call00003", "function": {"name": "weather", "arguments": {}}}]},
            {"role": "tool", "tool_call_id": "call00002", "name": "weather", "content": "7 \u00b0C"},
            {"role": "tool", "tool_call_id": "call00003", "name": "weather", "content": [{"type": "text", "text": "no city"}]},
            {"role": "assistant", "content": "7 \u00b0C", "reasoning_content": "Easy."}, {"role": "user", "content": "Thanks"}], True, {"tools": [tool]}),
        (turns("Look", system="See") + [{"role": "assistant", "content": [{"type": "text", "text": "I look."}]},
            {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is it?"}]}], True, {}),
        ([{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "2 * 3?"}], True, {"reasoning_effort": "high", "thinking": True}),
        ([{"role": "system", "content": "A"}, {"role": "system", "content": "B"}, {"role": "user", "content": "C"}, {"role": "user", "content": "D"}], True, {}),
        (turns("One", "Two", "Three"), True, {"documents": [{"title": "T", "text": "Some <text>"}], "tools": [], "custom_instructions": "X"}),
        (turns("{{ 7 * 7 }}", "{% raw %}", "a\tb\x00c", system="\\u0041 \"q\" 'p'"), False, {"enable_thinking": False}),
    ]
    for messages, generate, more in cases:
        yield {"messages": messages, "add_generation_prompt": generate, "bos_token": "<s>", "eos_token": "</s>", "now": NOW, **more}


def rendered(template, conversation):
    variables = {"tools": None, "documents": None, **copy.deepcopy(conversation)}  # a template may change its lists
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
        if not full:
            outputs = [None if text is None else hashlib.sha256(text.encode()).hexdigest()[:16] for text in outputs]
        sums[path.name] = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "outputs": outputs}
    lines = [f"{json.dumps(name)}: {json.dumps(outputs)}" for name, outputs in sums.items()]
    print('{"conversations": [\n' + ",\n".join(json.dumps(c) for c in inputs) + '\n],\n"templates": {\n' + ",\n".join(lines) + "\n}}")


if __name__ == "__main__":
    main()
