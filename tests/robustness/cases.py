"""What robustness adds to the harness of the contract: the two backends that run everywhere, small data sets of all three
methods, and runs that are killed.

    SEXTANT_KILLS   how often the killed runs are killed in all (default 8; before a release 50)
"""
import json
import os
import pathlib
import re

from contract.data import make_mcq
from contract.harness import OK, THIRD_PARTY, TINY_MODEL, ContractTest, RunFolder, read_json, write

TESTS = pathlib.Path(__file__).resolve().parent.parent
KILLS = int(os.environ.get("SEXTANT_KILLS", "8"))

QUESTION = "{question}\nA. {A}\nB. {B}\nC. {C}\nD. {D}\nAnswer:"


def card(path, method, **inferencer):
    """A data set card over a file of make_mcq; gen and ppl draw two examples, so that there are prefixes to share."""
    if method == "gen":
        template = {"type": "dialogue", "round": [{"role": "HUMAN", "prompt": QUESTION}, {"role": "BOT", "prompt": "{answer}"}]}
    elif method == "ppl":
        template = {"type": "text", "labels": [{"label": x, "prompt": QUESTION + " " + x} for x in "ABCD"]}
    else:
        template = {"type": "text", "prompt": QUESTION, "continuations": [{"label": x, "text": " {%s}" % x} for x in "ABCD"]}
    return {"card": "dataset", "abbr": "small_" + method, "loader": {"type": "custom"}, "path": str(path),
            "reader": {"input_columns": ["question", "A", "B", "C", "D"], "output_column": "answer", "train_split": "test",
                       "test_split": "test"},
            "infer": {"retriever": {"type": "zero"} if method == "loglikelihood" else {"type": "fix_k", "ids": [0, 1]},
                      "template": template,
                      "inferencer": {"type": method, **inferencer}},
            "eval": {"postprocessors": [{"type": "first_capital", "options": "ABCD"}] if method == "gen" else [],
                     "metrics": [{"type": "accuracy"}]}}


class RobustnessTest(ContractTest):
    METHODS = ("gen", "ppl", "loglikelihood")
    BACKENDS = {"sample": ["--backend", "sample", "--plugin-path", THIRD_PARTY],
                "cpu": ["--backend", "cpu", "--model-path", TINY_MODEL]}

    def make_cards(self, rows=12, suffix=".csv", **inferencer):
        """Cards small_gen, small_ppl and small_loglikelihood in self.dir/cards, over `rows` questions in self.questions."""
        self.questions = make_mcq(self.dir / ("questions" + suffix), rows)
        for method in self.METHODS:
            more = {"max_out_len": 6, **inferencer} if method == "gen" else inferencer
            write(self.dir / "cards" / ("small_%s.json" % method), card(self.questions, method, **more))

    def cards_args(self, *methods):
        return ["--config-dir", self.dir / "cards", "--datasets", *("small_" + m for m in methods or self.METHODS)]

    def evaluate(self, backend, *args, work_dir="work", expect=OK, methods=(), **options):
        """`sextant run` of the small cards; outcome.run is the run's folder, None where there is none."""
        outcome = self.sextant("run", *self.cards_args(*methods), *self.BACKENDS[backend], "-w", self.dir / work_dir, *args,
                               **options)
        self.assert_rc(outcome, expect)
        outcome.run = self.last_run(work_dir)
        return outcome

    def last_run(self, work_dir="work"):
        folders = sorted(path for path in (self.dir / work_dir).glob("*_*") if (path / "run.json").exists())
        return RunFolder(folders[-1]) if folders else None

    def journal_keys(self, folder):
        """The keys in all journals of a run, a half line at the end left out."""
        keys = []
        for path in sorted(pathlib.Path(folder).glob("journal/*/*.jsonl")):
            with open(path, "rb") as file:
                keys += [json.loads(line)["key"] for line in file if line.endswith(b"\n")]
        return keys

    def assert_says(self, outcome, *words):
        """One line of stderr holds all the words."""
        self.assertTrue(any(all(str(word) in line for word in words) for line in outcome.stderr.splitlines()),
                        "no line of stderr names all of %s\n%s" % ([str(w) for w in words], outcome))

    def assert_refused(self, outcome, rc, *words):
        """The command ended with `rc`, and one line of stderr holds all the words; a table may have been printed."""
        self.assert_rc(outcome, rc)
        self.assert_says(outcome, *words)
        self.assertNotRegex(outcome.stderr, re.compile("Sanitizer|terminate called|Assertion"))
