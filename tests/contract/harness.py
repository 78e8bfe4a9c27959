"""What every test of the contract shares: the installed program, started as a user would start it, away from this machine's
own settings, and the files that it leaves, read and checked.

    SEXTANT_PROGRAM           the installed program (without it nothing here can run)
    SEXTANT_TEST_THIRD_PARTY  a folder with the plugins that are built outside the core: sample, ceval_xyj
    SEXTANT_TEST_DATA         real benchmark data; tests that need it skip without it
"""

import csv
import functools
import hashlib
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

try:
    import jsonschema
except ImportError:  # the schemas are then skipped, visibly; everything else still runs
    jsonschema = None

HERE = pathlib.Path(__file__).resolve().parent
TINY_MODEL = HERE.parent / "golden" / "tiny_llama.gguf"
PROGRAM = os.environ.get("SEXTANT_PROGRAM", "")
THIRD_PARTY = os.environ.get("SEXTANT_TEST_THIRD_PARTY", "")
REAL_DATA = os.environ.get("SEXTANT_TEST_DATA", "")
TIMEOUT_S = 60  # of one command; the slowest here takes about a second

OK, USAGE, DATA, UNAVAILABLE, CRASH, INCOMPLETE, INTERRUPTED = 0, 64, 65, 69, 70, 75, 130


class Outcome:
    """What a command left: its exit status and all that it wrote."""

    def __init__(self, args, rc, stdout, stderr):
        self.args, self.rc, self.stdout, self.stderr = args, rc, stdout, stderr

    def lines(self):
        """stdout as JSON lines."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    def __str__(self):
        return "$ sextant %s\nexit %s\nstdout: %s\nstderr: %s" % (
            " ".join(map(str, self.args)),
            self.rc,
            self.stdout[-1500:],
            self.stderr[-1500:],
        )


@functools.lru_cache(maxsize=None)
def validator(name):
    return jsonschema.Draft7Validator(read_json(HERE / "schemas" / (name + ".json")))


class RunFolder:
    """The files of one run."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.record = read_json(self.path / "run.json")

    def task(self, dataset):
        return next(task for task in self.record["tasks"] if task["dataset"] == dataset)

    def file(self, kind, dataset, model="sample"):
        return self.path / kind / model / (dataset + (".json" if kind in ("predictions", "results") else ".jsonl"))

    def journal(self, dataset):
        with open(self.file("journal", dataset), encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def samples(self, dataset):
        with open(self.file("samples", dataset), encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def predictions(self, dataset):
        return list(read_json(self.file("predictions", dataset)).values())

    def results(self, dataset):
        return read_json(self.file("results", dataset))

    def hashes(self):
        return {task["dataset"]: task.get("results_sha256") for task in self.record["tasks"]}

    def summary(self, suffix):
        return self.path / "summary" / ("summary_%s.%s" % (self.path.name, suffix))

    def csv(self):
        with open(self.summary("csv"), encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


def read_json(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def samples_as_scored(run):
    """The run's results name its samples files as they are now, as if scoring had written them so."""
    for samples in run.glob("samples/*/*.jsonl"):
        results = run / "results" / samples.parent.name / (samples.stem + ".json")
        write(results, {**json.loads(results.read_text()), "samples_sha256": hashlib.sha256(samples.read_bytes()).hexdigest()})


def write(path, text):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if isinstance(text, str) else json.dumps(text, ensure_ascii=False), encoding="utf-8")
    return path


def canonical_text(text):
    """A JSON string as docs/files.md writes it into the canonical lines."""
    named = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"%s"' % "".join(named.get(c) or ("\\u%04X" % ord(c) if c < " " else c) for c in text)


def canonical_line(prediction, detail):
    """One sample's line of results_sha256, from its prediction and its line of the results' details."""
    labels = ",".join(
        '{"label":%s,"value":%.17g}'
        % (canonical_text(name[len("label: ") :]), value["PPL"] if "PPL" in value else value["logprob"])
        for name, value in prediction.items()
        if name.startswith("label: ")
    )
    score = float(detail["correct"]) if "correct" in detail else detail["score"]
    return '{"index":%d,"labels":[%s],"prediction":%s,"score":%s}\n' % (
        prediction["index"],
        labels,
        canonical_text(prediction["prediction"]),
        "null" if score is None else "%.17g" % score,
    )


def results_sha256(run, dataset):
    details = run.results(dataset)["details"]
    lines = "".join(canonical_line(p, d) for p, d in zip(run.predictions(dataset), details))
    return hashlib.sha256(lines.encode("utf-8")).hexdigest()


class ContractTest(unittest.TestCase):
    """A test in an empty folder of its own, with the program at hand."""

    maxDiff = 2000

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="sextant-contract-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.home = self.dir / "home"
        self.home.mkdir()

    def environment(self, **more):
        """Nothing of the machine leaks in: no plugins, cards, caches or data of the person who runs the tests."""
        env = {"PATH": os.environ.get("PATH", ""), "HOME": str(self.home), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
        for name in ("DATA", "CACHE", "CONFIG", "STATE", "RUNTIME"):
            env["XDG_%s_%s" % (name, "DIR" if name == "RUNTIME" else "HOME")] = str(self.home / name.lower())
        # what sanitizers, library paths and the machine's locale settings need passes through
        env.update({k: v for k, v in os.environ.items() if k.startswith(("LD_", "ASAN_", "UBSAN_", "TZ"))})
        env.update({k: v for k, v in more.items() if v is not None})
        return env

    def start(self, *args, env=None, cwd=None, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, limits=None):
        """limits: what the program may have at most, {"AS": bytes, ...} as setrlimit(2) names it."""

        def limit():
            for name, most in (limits or {}).items():
                kind = getattr(resource, "RLIMIT_" + name)
                resource.setrlimit(kind, (most, resource.getrlimit(kind)[1]))

        return subprocess.Popen(
            [PROGRAM, *map(str, args)],
            cwd=cwd or self.dir,
            env=self.environment(**(env or {})),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            preexec_fn=limit,
        )

    def sextant(self, *args, stdin="", env=None, cwd=None, timeout=TIMEOUT_S, limits=None):
        process = self.start(*args, env=env, cwd=cwd, stdin=subprocess.PIPE, limits=limits)
        data = stdin if isinstance(stdin, bytes) else stdin.encode("utf-8")
        try:
            out, err = process.communicate(data, timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.fail("%s\nwas not done after %d s" % (Outcome(args, None, out.decode(), err.decode()), timeout))
        return Outcome(args, process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))

    def run_sample(self, *args, expect=OK, **options):
        """`sextant run` with the sample backend; the run folder that it wrote is outcome.run (None where it wrote none)."""
        before = set(self.run_folders())
        outcome = self.sextant("run", *args, "--backend", "sample", "--plugin-path", THIRD_PARTY, **options)
        self.assert_rc(outcome, expect)
        new = sorted(set(self.run_folders()) - before)
        outcome.run = RunFolder(new[-1]) if new and (new[-1] / "run.json").exists() else None
        return outcome

    def run_folders(self):
        return sorted(self.dir.glob("**/outputs/*/*_*"))

    def json_lines(self, *args, lines=(), expect=OK, **options):
        """A command that turns JSON lines into JSON lines."""
        outcome = self.sextant(*args, stdin="".join(json.dumps(line) + "\n" for line in lines), **options)
        self.assert_rc(outcome, expect)
        return outcome.lines()

    def assert_rc(self, outcome, rc):
        self.assertEqual(outcome.rc, rc, "\n%s" % outcome)

    def assert_refused(self, outcome, rc, *words):
        """The command ended with `rc`, printed no result, and one sentence of its stderr holds all the words."""
        self.assert_rc(outcome, rc)
        self.assertEqual(outcome.stdout, "", "\n%s" % outcome)
        self.assertTrue(
            any(all(word in line for word in words) for line in outcome.stderr.splitlines()),
            "no line of stderr names all of %s\n%s" % (list(words), outcome),
        )

    def assert_schema(self, document, name):
        if jsonschema is None:
            self.skipTest("python3-jsonschema is not installed")
        errors = list(validator(name).iter_errors(document))
        self.assertFalse(
            bool(errors),
            "%s: %s" % (name, "; ".join("/%s: %s" % ("/".join(map(str, e.path)), e.message[:300]) for e in errors[:3])),
        )

    def wait_for(self, condition, timeout=TIMEOUT_S):
        end = time.monotonic() + timeout
        while not condition():
            self.assertLess(time.monotonic(), end, "waited in vain")
            time.sleep(0.01)

    def interrupt(self, process, sig=signal.SIGINT):
        process.send_signal(sig)
        out, err = process.communicate(timeout=TIMEOUT_S)
        return Outcome(["(interrupted)"], process.returncode, out.decode(), err.decode())


def needs_real_data(*path):
    found = REAL_DATA and pathlib.Path(REAL_DATA, *path).exists()
    return unittest.skipUnless(found, "no real data: SEXTANT_TEST_DATA/%s" % "/".join(path))
