"""report.html without a browser: what runs in it is the program's own, and its blocks hold the samples as they are in samples/."""

import base64
import hashlib
import html.parser
import json
import re
import shutil
import zlib

from .data import inline_set, make_mcq
from .harness import DATA, OK, THIRD_PARTY, USAGE, ContractTest, read_json, samples_as_scored, write

HOSTILE = [
    "A</script><script>alert(1)</script>", "B <!--<script> ]]> &lt;", "C \u202eabc\u2028 \x1b[31m \x00", "D __proto__",
    "A \U0001f600 \u00e4\u0301 \u4e2d\u6587", "B " + "x" * 300000,
]


class Parts(html.parser.HTMLParser):
    """The scripts and styles of a page, as a parser sees them: [(attributes, text)]."""

    def __init__(self, text):
        super().__init__(convert_charrefs=False)
        self.scripts, self.styles, self.tags, self.metas, self.into = [], [], [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.into = {"script": self.scripts, "style": self.styles}.get(tag)
        if self.into is not None:
            self.into.append([dict(attributes), ""])
        if tag == "meta":
            self.metas.append(dict(attributes))

    def handle_endtag(self, tag):
        self.into = None

    def handle_data(self, data):
        if self.into is not None:
            self.into[-1][1] += data


def unpacked(text):
    return json.loads(zlib.decompress(base64.b64decode(text, validate=True)))


class ReportPage(ContractTest):
    def go(self, replies, models=("a",), rows=None):
        """A run of models whose replies to `rows` questions are given; its folder."""
        rows = rows or len(next(iter(replies.values())))
        listed = []
        for model in models:
            path = self.dir / ("%d.jsonl" % len(listed))
            path.write_text("".join(json.dumps({"dataset": "tiny", "index": i, "reply": text}) + "\n" for i, text in enumerate(replies[model])))
            listed.append({"abbr": model, "backend": "answers", "model_path": str(path)})
        config = write(self.dir / "config.json", {"models": listed, "datasets": [inline_set(make_mcq(self.dir / "mcq.jsonl", rows))]})
        self.assert_rc(self.sextant("run", config), OK)
        return self.run_folders()[-1]

    def page(self, folder, *args, env=None):
        self.assert_rc(self.sextant("report", folder, *args, env=env), OK)
        text = (folder / "report.html").read_text(encoding="utf-8")
        self.text, parts = text, Parts(text)
        self.about = json.loads(next(t for a, t in parts.scripts if a.get("id") == "about"))
        self.columns = unpacked(next(t for a, t in parts.scripts if a.get("id") == "index"))
        self.blocks = [unpacked(t) for a, t in parts.scripts if (a.get("id") or "").startswith("block-")]
        return parts

    def test_variants_and_what_check_finds_are_on_it(self):
        config = write(self.dir / "config.json", {"datasets": [inline_set(make_mcq(self.dir / "mcq.jsonl", 6))]})
        run = self.run_sample(config, "--perturb", "option_order:1", "--chat-template", "none").run
        self.page(run.path, "--check", env={"SEXTANT_PLUGIN_PATH": str(THIRD_PARTY)})
        [about] = self.about["runs"]
        self.assertEqual([(one["kind"], one["n"]) for one in about["robustness"]], [("option_order", 6)])
        self.assertTrue(all(one["severity"] in ("note", "warning", "error") for one in about["checked"]))
        self.page(run.path)
        self.assertNotIn("checked", self.about["runs"][0])

    def test_what_runs_is_named_by_its_hash(self):
        parts = self.page(self.go({"</title><script>x": HOSTILE}, ["</title><script>x"]))
        run = [t for a, t in parts.scripts if not a.get("type")]
        self.assertEqual((len(run), len(parts.styles)), (1, 1))
        policy = next(m["content"] for m in parts.metas if m.get("http-equiv") == "Content-Security-Policy")
        self.assertTrue(policy.startswith("default-src 'none'; "))
        for kind, text in (("script", run[0]), ("style", parts.styles[0][1])):
            digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode()
            self.assertIn("%s-src 'sha256-%s'" % (kind, digest), policy)
        self.assertNotIn("unsafe", policy)
        self.assertEqual(self.text.count("<script"), len(parts.scripts) + run[0].count("<script"))
        for tag, attributes in parts.tags:
            for name, value in attributes.items():
                self.assertFalse(name.startswith("on") or name == "style", (tag, name))
                self.assertFalse(name in ("src", "href") and not value.startswith("#"), (tag, name, value))
        for text in ("innerHTML", "insertAdjacentHTML", "document.write", "eval(", "http://", "https://"):
            self.assertNotIn(text, run[0].replace("http://www.w3.org/2000/svg", ""))

    def test_blocks_hold_the_samples(self):
        folder = self.go({"a": HOSTILE * 3})
        self.page(folder)
        lines = [json.loads(line) for line in (folder / "samples/a/tiny.jsonl").read_text(encoding="utf-8").strip("\n").split("\n")]
        held = [one for block in self.blocks for one in block]
        self.assertEqual([one["line"] for one in held], lines)
        self.assertGreater(len(self.blocks), 1)
        firsts = [sum(len(block) for block in self.blocks[:i]) for i in range(len(self.blocks))]
        self.assertEqual((self.about["blocks"], self.about["attempts"]), (firsts, len(lines)))
        self.assertEqual(self.columns["score"], [line["scores"]["accuracy"] for line in lines])
        self.assertEqual(self.columns["answer"], [line["answers"]["none"] for line in lines])
        self.assertTrue(all(len(column) == len(lines) for column in self.columns.values()))
        self.assertEqual(held[1]["more"]["record"]["question"], "Question number 1?")
        self.assertGreater(self.columns["ratio"][5], 100)
        self.assertEqual(self.about["runs"][0]["table"]["rows"][0]["dataset"], "tiny")

    def test_comparisons_have_their_flips(self):
        right = ["ABCD"[i % 4] for i in range(24)]
        wrong = ["ABCD"[(i + 1) % 4] for i in range(24)]
        first = self.go({"good": right, "bad": wrong[:20] + right[20:]}, ["good", "bad"])
        self.page(first)
        [pair] = self.about["comparisons"][0]["pairs"]
        self.assertEqual(pair["flips"], [[i, i, -1] for i in range(20)])
        self.assertEqual([cell["best"] for cell in self.about["runs"][0]["table"]["rows"][0]["cells"]], [True, False])
        outcome = self.sextant("report", first)
        self.assertRegex(outcome.stdout, r"(?m)^tiny .*100\.00 \[[^]]*\] \*")
        self.assertNotIn("*", (first / "summary" / ("summary_%s.txt" % first.name)).read_text().split("csv format")[0])
        self.assertIn("\x1b[1;32m", self.sextant("report", first, "--color", "always").stdout)
        second = self.go({"good": wrong}, ["good"], 24)
        self.page(second, "--compare", first)
        self.assertEqual([run["name"] for run in self.about["runs"]], [second.name, first.name])
        self.assertEqual(len(self.about["comparisons"][0]["pairs"][0]["flips"]), 24)
        self.assertEqual(self.about["attempts"], 72)

    def test_two_precisions_of_one_model_have_their_table(self):
        first = self.go({"a": ["A"] * 8})
        second = first.parent.parent / "bf16" / first.name
        shutil.copytree(first, second)
        for folder, compute in ((first, "f32"), (second, "bf16")):
            record = json.loads((folder / "run.json").read_text())
            record["models"][0].update(weights_sha256="1" * 64, compute=compute)
            (folder / "run.json").write_text(json.dumps(record))
        self.page(second, "--compare", first)
        precision = self.about["comparisons"][0]["precision"]
        self.assertIn("bf16 (A) and f32 (B)", precision["why"])
        self.assertEqual([one["same_reply"]["share"] for one in precision["datasets"]], [1])

    def test_where_it_cannot_be_written(self):
        folder = self.go({"a": ["A"] * 4})
        self.assert_rc(self.sextant("report", folder, "--html", self.dir / "x" / "page.html"), OK)
        self.assertTrue((self.dir / "x" / "page.html").exists())
        self.assert_refused(self.sextant("report", folder, "--color", "blue"), USAGE, "--color", "blue")
        outcome = self.sextant("report", folder, "--html", "/proc/none/page.html")
        self.assert_rc(outcome, DATA)
        self.assertIn("/proc/none", outcome.stderr)
        self.assertIn("accuracy", outcome.stdout)  # the table is there all the same
        (folder / "samples/a/tiny.jsonl").write_text("{not json\n")
        samples_as_scored(folder)
        self.assertIn("tiny.jsonl, line 1", self.sextant("report", folder).stderr)

    def test_a_pass_that_changes_the_run_removes_the_page(self):
        folder = self.go({"a": ["A"] * 4})
        self.page(folder)
        self.assert_rc(self.sextant("run", self.dir / "config.json", "-m", "eval", "-r"), OK)
        self.assertFalse((folder / "report.html").exists())
        self.assertEqual(read_json(folder / "run.json")["status"], "complete")
