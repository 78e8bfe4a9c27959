"""python3 -m sextant_plugin check FILE: starts a file as Sextant does, and tries it; python3 -m sextant_plugin FILE: serves it."""

import json
import runpy
import subprocess
import sys
import time

import sextant_plugin

SAMPLES = {
    "metric": {"prediction": "A", "reference": "A", "record": {"question": "?"}},
    "postprocessor": {"text": "The answer is A.", "record": {"question": "?"}, "attempts": ["The answer is A."], "attempt": 0},
    "template": {"record": {"question": "?"}, "shots": [], "form": "open", "output_column": "answer"},
    "inferencer": {
        "sample": {"id": {"task": "t", "row": 0, "repeat": 0}, "record": {}, "target": "A", "shots": []},
        "prompts": {"prompts": [{"text": "?"}]},
        "settings": {"sampling": {"max_new_tokens": 8}},
        "rounds": [],
    },
    "retriever": {"row": 0, "own_row": None, "seed": 1, "record": {"question": "?"}, "text": "?"},
    "model": {"messages": [{"role": "user", "content": "?"}], "max_new_tokens": 8, "temperature": 0, "top_p": 1, "top_k": 0, "seed": 0, "stop": []},
}
ODD = ["", "é\u0301 中文 🙂", "\u0000\u2028\ufffd", "x" * 100000]


class Trial:
    def __init__(self, file):
        self.process = subprocess.Popen([sys.executable, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.id = 0

    def ask(self, call, **more):
        self.id += 1
        self.process.stdin.write((json.dumps(dict({"id": self.id, "call": call}, **more)) + "\n").encode())
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit("%s: the program ended (exit code %s); does it call run()?" % (call, self.process.wait()))
        answer = json.loads(line)
        assert answer.get("id") == self.id, "the answer has another id"
        return answer


def kind_of(trial):
    for kind in sextant_plugin.KINDS:
        answer = trial.ask("hello", protocol=sextant_plugin.PROTOCOL, kind=kind, config={})
        if "result" in answer or " is wanted" not in answer["error"]:
            return kind, answer
    sys.exit("it is a component of no kind")


def check(file):
    trial = Trial(file)
    kind, answer = kind_of(trial)
    if "error" in answer:
        sys.exit("%s: %s" % (kind, answer["error"]))
    print("%s %s; its settings: %s" % (kind, answer["result"]["name"], json.dumps(answer["result"]["schema"]["properties"])))
    if kind == "dataset":
        about = trial.ask("describe")
        print("describe: %s" % json.dumps(about.get("result", about)))
        return
    call = sextant_plugin.KINDS[kind][0]
    shared = {"k": 2} if kind == "retriever" else {}
    if kind == "retriever":
        trial.ask("prepare", corpus=[{"row": i, "record": {}, "text": "row %d" % i} for i in range(4)])
    assert trial.ask(call, items=[], **shared)["results"] == [], "no items must give no results"
    one = trial.ask(call, items=[SAMPLES[kind]], **shared)
    print("one item: %s" % json.dumps(one.get("results", one), ensure_ascii=False))
    failed = "error" in one or (isinstance(one["results"][0], dict) and "error" in one["results"][0])
    text = {"metric": "prediction", "postprocessor": "text"}.get(kind)
    if text:
        for odd in ODD:
            result = trial.ask(call, items=[dict(SAMPLES[kind], **{text: odd})])["results"][0]
            if isinstance(result, dict) and "error" in result:
                print("a text of %d odd characters: %s" % (len(odd), result["error"]))
                failed = True
    count, begin = 1000, time.perf_counter()
    results = trial.ask(call, items=[SAMPLES[kind]] * count, **shared)["results"]
    print("%d items: %.1f microseconds each" % (count, (time.perf_counter() - begin) / count * 1e6))
    assert len(results) == count, "%d items gave %d results" % (count, len(results))
    trial.process.stdin.close()
    if trial.process.wait(5) != 0:
        sys.exit("it did not end well when its input did")
    if failed:
        sys.exit("some items failed")
    print("it works")


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "check":
        return check(sys.argv[2])
    if len(sys.argv) == 2 and not sys.argv[1].startswith("-"):
        runpy.run_path(sys.argv[1], run_name="__sextant__")
        return sextant_plugin.run()
    sys.exit(__doc__)


if __name__ == "__main__":
    main()
