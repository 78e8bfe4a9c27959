#!/usr/bin/env python3
"""Writes inferencers.json: what others compute where an inferencer's arithmetic is not trivial.

Needs: pip install lm-eval==0.4.13. Usage: make_inferencer_goldens.py > inferencers.json
  disjoint      lm-eval's get_rolling_token_windows and make_disjoint_window, as positions [context, begin, end]
  strided       the loop of transformers' documentation on fixed-length models: which positions have a label after its shift
  choices       the index that lm-eval's process_results counts as right: acc (sum), acc_norm (char), acc_bytes (byte)
  words         lm-eval's count_words and count_bytes
  votes         lm-eval's majority_vote
  calculations  Python's own arithmetic; floats with 15 significant digits
"""
import json
import random
import types

from lm_eval.api.task import ConfigurableTask, Task
from lm_eval.filters.selection import MajorityVoteFilter
from lm_eval.utils import get_rolling_token_windows, make_disjoint_window

PREFIX = -1


def disjoint(tokens, length):
    out = []
    for pair in get_rolling_token_windows(list(range(tokens)), PREFIX, length, 1):
        context, predicted = make_disjoint_window(pair)
        begin = predicted[0]
        out.append([begin if context == [PREFIX] else context[0], begin, predicted[-1] + 1])
        assert context == [PREFIX] or context == list(range(context[0], begin))
    return out


def strided(tokens, length, stride):
    out, previous_end = [], 0
    for begin in range(0, tokens, stride):
        end = min(begin + length, tokens)
        targets = end - previous_end
        labels = [None] * (end - begin - targets) + list(range(end - targets, end))
        scored = [label for label in labels[1:] if label is not None]  # the model shifts: the first label is never used
        if scored:
            out.append([begin, scored[0], scored[-1] + 1])
        previous_end = end
        if end == tokens:
            break
    return out


def chosen(options, logprobs, metric):
    """The gold index with which process_results gives 1 is the one that was chosen."""
    for gold in range(len(options)):
        task = types.SimpleNamespace(
            config=types.SimpleNamespace(process_results=None), OUTPUT_TYPE="multiple_choice", _metric_fn_list={metric: None},
            doc_to_choice=lambda doc: options, doc_to_target=lambda doc: gold, multiple_input=False, multiple_target=False)
        if ConfigurableTask.process_results(task, {}, [(value, False) for value in logprobs])[metric] == 1.0:
            return gold
    raise AssertionError


def expression(rng, depth):
    if depth == 0 or rng.random() < 0.2:
        return rng.choice(["%d" % rng.randint(0, 99), "%.2f" % rng.uniform(0, 20), "%d" % rng.randint(0, 9)])
    kind = rng.random()
    if kind < 0.15:
        return "(" + expression(rng, depth - 1) + ")"
    if kind < 0.3:
        return rng.choice("-+") + expression(rng, depth - 1)
    if kind < 0.36:
        return "%d ** %d" % (rng.randint(0, 9), rng.randint(0, 5))
    return expression(rng, depth - 1) + rng.choice([" + ", " - ", "*", "/", " // ", " % "]) + expression(rng, depth - 1)


def number_text(value):
    if value == 0:
        return "0"
    if isinstance(value, int):
        return str(value)
    return "%.0f" % value if value == int(value) and abs(value) < 1e15 else "%.15g" % value


def main():
    rng = random.Random(14)
    out = {"disjoint": [], "strided": [], "choices": [], "words": [], "votes": [], "calculations": []}
    for tokens, length in [(0, 4), (1, 1), (1, 4), (4, 4), (5, 4), (10, 4), (12, 4), (13, 1), (100, 7), (33, 32), (1000, 256)]:
        out["disjoint"].append({"tokens": tokens, "length": length, "windows": disjoint(tokens, length)})
    for tokens, length, stride in [(0, 4, 2), (1, 4, 2), (2, 4, 2), (4, 4, 1), (10, 4, 2), (10, 4, 3), (11, 4, 3), (100, 7, 5), (1000, 256, 128), (33, 32, 1)]:
        out["strided"].append({"tokens": tokens, "length": length, "stride": stride, "windows": strided(tokens, length, stride)})
    letters = "abc déà 北京天气 xyz😀."
    for _ in range(60):
        options = ["x" + "".join(rng.choice(letters) for _ in range(rng.randint(0, 12))) for _ in range(rng.randint(2, 5))]
        logprobs = [-rng.choice([2, 4, 8]) * len(option) * rng.uniform(0.5, 1.5) for option in options]
        if rng.random() < 0.2:
            logprobs[-1] = logprobs[0]
        out["choices"].append({"options": options, "logprobs": logprobs, "sum": chosen(options, logprobs, "acc"),
                               "char": chosen(options, logprobs, "acc_norm"), "byte": chosen(options, logprobs, "acc_bytes")})
    for text in ["", "one", "two words", " both ends ", "\n", "a\u3000b\u00a0c", "a\x1cb\x85c", "no\u200bspace", " = Title = \n \n Text . ", "tab\t\t\ttab",
                 "天气 很好"]:
        out["words"].append({"text": text, "words": Task.count_words(text), "bytes": Task.count_bytes(text)})
    while len(out["calculations"]) < 200:
        text = expression(rng, 4)
        try:
            value = eval(text, {"__builtins__": {}})
        except (ZeroDivisionError, OverflowError):
            continue
        if isinstance(value, complex):
            continue
        out["calculations"].append({"expression": text, "value": number_text(value)})
    for text in ["-2 ** 2", "2 ** -1", "2 ** 3 ** 2", "1 // 0.1", "-7 % 3", "7 % -3", "-7 // 2", "0.1 + 0.2", "1e3 * 2.5", ".5 + 5.", "2**60", "1/3", "123456789*987654321", "9999999999999999",
                 "2**200 // 3**40", "-(10**30) % 7", "-(10**30) // 7", "(-1) ** 1001", "0 ** 0", "10**15 + 0.5", "2 ** 0.5"]:
        out["calculations"].append({"expression": text, "value": number_text(eval(text, {"__builtins__": {}}))})
    for _ in range(40):
        answers = [rng.choice(["4", "5", "6", "-1"]) for _ in range(rng.randint(1, 9))]
        winner = list(MajorityVoteFilter().apply([answers], None))[0][0]
        out["votes"].append({"answers": answers, "winner": winner, "count": answers.count(winner)})
    print(json.dumps(out, ensure_ascii=False, separators=(",", ":")).replace('"},{', '"},\n{').replace("]},{", "]},\n{"))


main()
