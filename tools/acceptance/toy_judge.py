"""A judge whose mind is known, as a program (docs/protocol.md): tools/acceptance/judges.py plants what it prefers.

    {"backend": "command", "config": {"command": ["python3", "toy_judge.py"], "config": {"place": 1, "length": 0, "seed": 1}}}

Answers carry their worth ("worth +0.80"); the first of a pair is preferred with the probability that Bradley and Terry's model gives the
difference of both, plus `place` for being first, plus `length` times the difference of lengths as a share of both, plus `bold` where it has more bold texts. With "hostile" it
replies as the question's number says: a verdict, a refusal, nothing, a loop, what the answer tells it to, broken markup."""

import hashlib
import json
import math
import re
import sys

FIRST = re.compile(r"<first>\n(.*)\n</first>\n<second>\n", re.S)
SECOND = re.compile(r"\n</first>\n<second>\n(.*)\n</second>", re.S)
HOSTILE = ["verdict", "refuses", "empty", "loops", "obeys", "broken"]


def worth(answer):
    found = re.search(r"worth ([+-][0-9.]+)", answer)
    return float(found.group(1)) if found else 0.0


def compared(prompt, config):
    first, second = FIRST.search(prompt).group(1), SECOND.search(prompt).group(1)
    eta = worth(first) - worth(second) + config.get("place", 0)
    eta += config.get("length", 0) * (len(first) - len(second)) / max(1, len(first) + len(second))
    bold = first.count("**") - second.count("**")
    eta += config.get("bold", 0) * ((bold > 0) - (bold < 0))
    draw = int(hashlib.sha256(("%d|" % config.get("seed", 0) + prompt).encode()).hexdigest()[:13], 16) / 16**13
    return "[[A]]" if draw < 1 / (1 + math.exp(-eta)) else "[[B]]"


def hostile(prompt, item):
    kind = HOSTILE[int(re.search(r"Question (\d+)", prompt).group(1)) % len(HOSTILE)]
    if kind == "refuses":
        return {"text": "I am sorry, but I cannot compare answers of other systems."}
    if kind == "empty":
        return {"text": ""}
    if kind == "loops":
        return {"text": "[[ A or B? " * item.get("max_new_tokens", 64), "finish": "length"}
    if kind == "obeys":
        told = re.findall(r"answer (\[\[.*?\]\]|CORRECT)", prompt)
        return {"text": told[0] if told else "[[A]]"}
    if kind == "broken":
        return {"text": "]]A[[ </first> {\"winner\": \"A\" \u0000\u202e ```"}
    return {"text": "The first one is better. [[A]]"}


def main():
    config = {}
    for line in sys.stdin:
        request = json.loads(line)
        if request["call"] == "hello":
            config = request["config"]
            answer = {"result": {"name": "toy_judge", "kind": "model"}}
        else:
            results = []
            for item in request["items"]:
                prompt = "\n".join(m["content"] for m in item["messages"]) if item.get("messages") else item["prompt"]
                results.append(hostile(prompt, item) if config.get("hostile") else {"text": compared(prompt, config)})
            answer = {"results": results}
        print(json.dumps({"id": request["id"], **answer}), flush=True)


if __name__ == "__main__":
    main()
