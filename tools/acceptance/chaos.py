#!/usr/bin/env python3
"""Components that crash, hang, leak, fork, lie, write and phone, of every kind, in ELF and in Python, with --isolate: the run must end
with a number for every healthy sample and a reason for every other, and nothing outside may have changed. What is asked of a model has
no number where a sample of its set failed (docs/adr/0003): every healthy sample's reply is kept then, and the log names the others.

    tools/acceptance/chaos.py [--program PATH] [--bad-plugins DIR] [--kinds metric,model] [--languages elf,python] [--do crash,loop]

SEXTANT_PROGRAM and SEXTANT_BAD_PLUGINS name the program and the folder that holds chaos.so otherwise.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
# what is done, and whether the sample may have a number all the same
ACTS = {
    "crash": False, "abort": False, "exit": False, "throw": False, "loop": False, "leak": False, "fork": True, "write": False,
    "socket": False, "late": True, "heap": True, "close": False, "kill": True, "chdir": True, "locale": True, "signals": True, "print": True,
}
# what only some kinds can do on the bare ABI
MORE = {"metric": {"lie": False, "nan": False, "twice": False, "beyond": False, "nothing": False}, "model": {"lie": False, "nothing": False, "twice": True}}
KINDS = ["metric", "postprocessor", "template", "inferencer", "retriever", "model", "dataset"]

PYTHON = '''
import os, signal, socket, sys, time, locale, re, ctypes
from sextant_plugin import %(kind)s, run%(more)s

def act(text):
    found = re.search("do:([a-z_]+)", str(text))
    what = found.group(1) if found else ""
    if what == "crash": ctypes.string_at(8)
    if what == "abort": os.abort()
    if what == "exit": os._exit(0)
    if what == "throw": raise KeyError("thrown")
    if what == "loop":
        while True: pass
    if what == "leak":
        kept = []
        while True: kept.append(bytearray(16 << 20))
    if what == "fork":
        for _ in range(64):
            try:
                if os.fork() == 0: time.sleep(60)
            except OSError: pass
    if what == "write": open(os.environ.get("SEXTANT_CHAOS_FILE", "/tmp/sextant-chaos"), "w").write("x")
    if what == "socket": socket.create_connection(("127.0.0.1", 9))
    if what == "late": time.sleep(0.3)
    if what == "heap": ctypes.memset(id(what) - 64, 120, 4096)
    if what == "close": os.closerange(0, 512)
    if what == "kill":
        try: os.kill(os.getppid(), signal.SIGKILL)
        except OSError: pass
    if what == "chdir": os.chdir("/")
    if what == "locale": locale.setlocale(locale.LC_ALL, "")
    if what == "signals":
        for number in range(1, 32):
            try: signal.signal(number, signal.SIG_IGN)
            except OSError: pass
    if what == "print": print('{"id":1,"results":[7]}', flush=True)

%(function)s

run()
'''
FUNCTIONS = {
    "metric": "@metric\ndef chaos(prediction):\n    act(prediction)\n    return 1.0",
    "postprocessor": "@postprocessor\ndef chaos(text):\n    act(text)\n    return text",
    "template": "@template\ndef chaos(record):\n    act(record)\n    return record['question']",
    "inferencer": "@inferencer\ndef chaos(sample, prompts, rounds):\n    act(sample)\n    return done(rounds[0]['answers'][0]['text']) if rounds else ask(prompts['prompts'][0]['text'])",
    "retriever": "@retriever\ndef chaos(record):\n    act(record)\n    return []",
    "model": "@model\ndef chaos(prompt, messages):\n    act(messages or prompt)\n    return 'A'",
    "dataset": "@dataset\ndef chaos(path, *, do: str = ''):\n    act('do:' + do)\n    return [{'question': 'q', 'answer': 'A'} for _ in range(4)]",
}


class Trial:
    def __init__(self, args, folder, kind, language):
        self.args, self.folder, self.kind, self.language = args, folder, kind, language
        folder.mkdir(parents=True)
        self.outside = folder / "outside"
        if language == "python":
            more = ", ask, done" if kind == "inferencer" else ""
            (folder / "chaos.py").write_text(PYTHON % {"kind": kind, "more": more, "function": FUNCTIONS[kind]})

    def component(self, **config):
        if self.language == "elf":
            return dict({"type": "chaos"}, **config)
        return dict({"command": [sys.executable, str(self.folder / "chaos.py")]}, **({"config": config} if config else {}))

    def card(self, abbr, rows):
        """A set of these questions; what is on trial stands where its kind belongs."""
        file = self.folder / (abbr + ".jsonl")
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        card = {
            "abbr": abbr,
            "loader": {"type": "table"},
            "path": str(file),
            "reader": {"input_columns": ["question"], "output_column": "answer", "train_split": "test", "test_split": "test"},
            "infer": {
                "retriever": {"type": "zero"},
                "template": {"type": "dialogue", "round": [{"role": "HUMAN", "prompt": "{question}"}]},
                "inferencer": {"type": "gen"},
            },
            "eval": {"metrics": [{"type": "accuracy"}]},
        }
        here = self.component()
        if self.kind == "metric":
            card["eval"]["metrics"] = [here]
        elif self.kind == "postprocessor":
            card["eval"]["postprocessors"] = [here]
        elif self.kind in ("template", "inferencer", "retriever"):
            card["infer"][self.kind] = dict(here, ice_num=1) if self.kind == "retriever" else here
        return card

    def run(self, sets, rows):
        model = {"abbr": "toy", "backend": "answers", "model_path": str(self.folder / "replies.jsonl")}
        (self.folder / "replies.jsonl").write_text(
            "".join(json.dumps({"dataset": sets[0]["abbr"], "index": i, "reply": row["question"] if self.kind in ("metric", "postprocessor") else "A"}) + "\n"
                    for i, row in enumerate(rows))
            + "".join(json.dumps({"dataset": one["abbr"], "index": i, "reply": "A"}) + "\n" for one in sets[1:] for i in range(4)))
        if self.kind == "model":
            model = {"abbr": "toy", "backend": "chaos"} if self.language == "elf" else {"abbr": "toy", "backend": "command", "config": self.component()}
        config = self.folder / "config.json"
        config.write_text(json.dumps({"models": [model], "datasets": sets}))
        which = ("%s:chaos" if self.language == "elf" else "%s:command") % self.kind
        command = [self.args.program, "run", str(config), "-w", str(self.folder / "work"), "--plugin-path", str(self.plugins()),
                   "--isolate", which, "deadline=%g" % self.args.deadline, "memory=600M"]
        environment = dict(os.environ, SEXTANT_CHAOS_FILE=str(self.outside), HOME=str(self.folder), XDG_CACHE_HOME=str(self.folder / "cache"))
        environment.setdefault("LANG", "C.UTF-8")
        begin = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=600, env=environment, cwd=self.folder)
        return done, time.monotonic() - begin

    def plugins(self):
        """chaos.so alone: its folder is full of others that are broken."""
        to = self.folder / "plugins"
        to.mkdir(exist_ok=True)
        if self.language == "elf" and not (to / "chaos.so").exists():
            os.symlink(pathlib.Path(self.args.bad_plugins, "chaos.so").resolve(), to / "chaos.so")
        return to

    def samples(self, abbr):
        files = list((self.folder / "work").glob("*/samples/toy/%s.jsonl" % abbr))
        return {row["index"]: row for row in map(json.loads, files[0].read_text().splitlines())} if files else {}


def number_of(sample):
    values = [v for v in sample.get("scores", {}).values() if v is not None]
    return values[0] if values else None


def try_samples(trial, acts):
    """Healthy samples and others in one set."""
    words = []
    for act in acts:
        words += [act, None]
    rows = [{"question": "question %d%s" % (i, " do:" + act if act else ""), "answer": "A"} for i, act in enumerate(words)]
    done, took = trial.run([trial.card("chaos", rows)], rows)
    faults, samples = [], trial.samples("chaos")
    if done.returncode not in (0, 75, 65, 70):
        faults.append("exit status %d: %s" % (done.returncode, done.stderr[-600:]))
    record = next(iter(sorted((trial.folder / "work").glob("*/run.json"))), None)
    if record is None or json.loads(record.read_text())["status"] == "incomplete" and done.returncode != 75:
        faults.append("the run did not end: %s" % done.stderr[-600:])
    if trial.kind in ("template", "inferencer", "retriever", "model"):
        return faults + asked(trial, words, acts), took, done
    for i, act in enumerate(words):
        sample = samples.get(i, {})
        number = number_of(sample)
        reason = sample.get("error") or next(iter(sample.get("explanations", {}).values()), "") if sample else ""
        if act is None and number is None:
            faults.append("sample %d behind '%s' is healthy and has no number: %s" % (i, words[i - 1], json.dumps(sample)[:300]))
        if act is not None and number is None and not reason:
            faults.append("sample %d ('%s') has neither number nor reason: %s" % (i, act, json.dumps(sample)[:300]))
        if act is not None and number is not None and not acts[act]:
            faults.append("sample %d ('%s') has a number" % (i, act))
    return faults, took, done


def asked(trial, words, acts):
    """Of what is asked of a model: replies in the journal, reasons in the log."""
    work = next(iter(sorted((trial.folder / "work").glob("*_*"))), pathlib.Path("/nonexistent"))
    text = "".join(file.read_text(errors="replace") for file in work.glob("logs/infer/*/chaos.out"))
    named = {int(number): why for number, why in re.findall(r"^\S+ \S+ sample (\d+): (.*)", text, re.M)}
    kept = sum(1 for file in work.glob("journal/toy/chaos.jsonl") for _ in file.open())
    faults = ["sample %d behind '%s' is healthy and failed: %s" % (i, words[i - 1], why) for i, why in named.items() if words[i] is None]
    faults += ["sample %d ('%s') did not fail" % (i, act) for i, act in enumerate(words) if act is not None and not acts[act] and i not in named]
    if kept != len(words) - len(named):
        faults.append("%d replies are kept, of %d samples that did not fail" % (kept, len(words) - len(named)))
    return faults


def try_loader(trial, acts):
    """A loader cannot lose a row: its set fails with a reason, and the sets beside it do not."""
    sound = Trial(trial.args, trial.folder / "sound", "none", "elf")
    beside = sound.card("beside", [{"question": "q", "answer": "A"}] * 4)
    sets = []
    for act in acts:
        card = sound.card(act, [])
        card["loader"] = trial.component(do=act)
        sets.append(card)
    done, took = trial.run([beside] + sets, [{"question": "q"}] * 4)
    faults = []
    if len([s for s in trial.samples("beside").values() if number_of(s) is not None]) != 4:
        faults.append("the set beside it has no numbers: exit %d, %s" % (done.returncode, done.stderr[-1500:]))
    for act, may in acts.items():
        if not may and not any(act in line for line in (done.stderr + done.stdout).splitlines()):
            faults.append("the set '%s' has no reason" % act)
    return faults, took, done


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.environ.get("SEXTANT_PROGRAM"))
    parser.add_argument("--bad-plugins", default=os.environ.get("SEXTANT_BAD_PLUGINS"))
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--languages", default="elf,python")
    parser.add_argument("--do")
    parser.add_argument("--deadline", type=float, default=2)
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    if not args.program or not args.bad_plugins:
        print("SKIP: give --program and --bad-plugins (or SEXTANT_PROGRAM and SEXTANT_BAD_PLUGINS)")
        sys.exit(77)
    args.program = os.path.abspath(args.program)
    bad = 0
    with tempfile.TemporaryDirectory(prefix="sextant-chaos-") as folder:
        if args.keep:
            folder = tempfile.mkdtemp(prefix="sextant-chaos-")
            print(folder)
        for language in args.languages.split(","):
            for kind in args.kinds.split(","):
                acts = dict(ACTS, **(MORE.get(kind, {}) if language == "elf" else {}))
                if args.do:
                    acts = {act: may for act, may in acts.items() if act in args.do.split(",")}
                trial = Trial(args, pathlib.Path(folder) / (language + "_" + kind), kind, language)
                faults, took, done = (try_loader if kind == "dataset" else try_samples)(trial, acts)
                if trial.outside.exists():
                    faults.append("a file was written outside")
                print("%-6s %-14s %2d acts, %5.1f s: %s" % (language, kind, len(acts), took, "ok" if not faults else "%d FAULTS" % len(faults)))
                for fault in faults:
                    print("    " + fault)
                bad += len(faults)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
