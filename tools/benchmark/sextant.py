"""Sextant's side of the work: data sets made for it, runs of the installed program, figures from their run.json."""

import hashlib
import json
import pathlib
import random
import shutil

from . import process

WORDS = ("the of and a in that it was for on are as with they at be this have from or one had by word but not what all were we when "
         "your can said there use an each which she do how their if will up other about out many then them these so some her would "
         "make like him into time has look two more write go see number no way could people my than first water been call who oil its "
         "now find long down day did get come made may part").split()


class Sextant:
    def __init__(self, program, model, scratch, threads, data, items, subjects, isa="auto", prompts=50):
        self.isa, self.prompts, self.said = isa, prompts, {}
        self.program, self.model, self.scratch, self.threads = program, model, scratch, threads
        self.data, self.items, self.subjects = data, items, self.SUBJECTS[:subjects]
        scratch.mkdir(parents=True, exist_ok=True)

    def version(self):
        return process.run([self.program, "--version"]).stdout.strip()

    def run(self, name, datasets, *flags):
        """One `sextant run`; (its run.json, wall seconds, peak bytes)."""
        folder = self.scratch / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        config = folder / "config.json"
        config.write_text(json.dumps({"datasets": datasets}), encoding="utf-8")
        done = process.run([self.program, "run", config, "-w", folder / "runs", "--model-path", self.model, "--threads", self.threads,
                            "--hf-type", "base", *(["--data-dir", self.data] if self.data else []),
                            *(["--model-kwargs", "isa=" + self.isa] if self.isa != "auto" else []), *flags])
        [record] = folder.glob("runs/*/run.json")
        return json.loads(record.read_text(encoding="utf-8")), done.wall_s, done.peak_bytes

    def texts(self, count, tokens, seed):
        """`count` texts of random words, `tokens` tokens each."""
        cache = self.scratch / ("texts_%d_%d_%d.json" % (count, tokens, seed))
        if cache.exists():
            return json.loads(cache.read_text())
        dice = random.Random(seed)
        raw = [" ".join(dice.choice(WORDS) for _ in range(tokens)) for _ in range(count)]
        ids = self.look("tokenize", [{"text": text} for text in raw], "ids")
        texts = self.look("detokenize", [{"ids": i[:tokens]} for i in ids], "text")
        cache.write_text(json.dumps(texts))
        return texts

    def look(self, verb, lines, member):
        path = self.scratch / "lines.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        out = process.run([self.program, "model", verb, "--tokenizer-path", self.model, "--input", path]).stdout
        return [json.loads(line)[member] for line in out.splitlines()]

    def set_of(self, name, texts, template, inferencer):
        """A data set of these texts, to be written into a configuration."""
        path = self.scratch / (name + ".jsonl")
        path.write_text("".join(json.dumps({"text": t, "answer": "A"}) + "\n" for t in texts), encoding="utf-8")
        return {"abbr": name, "loader": {"type": "table", "file": path.name}, "path": str(path.parent),
                "reader": {"input_columns": ["text"], "output_column": "answer", "train_split": "test", "test_split": "test"},
                "infer": {"retriever": {"type": "zero"}, "template": template, "inferencer": inferencer},
                "eval": {"postprocessors": [], "metrics": [{"type": "accuracy"}]}}

    def prefill(self, tokens, compute):
        """Tokens per second through the model: prompts that share nothing, the head for their last token alone."""
        texts = self.texts(8 if compute == "f32" else 24, tokens, 1)
        template = {"type": "text", "prompt": "{text}",
                    "continuations": [{"label": "A", "text": " a"}, {"label": "B", "text": " b"}]}
        dataset = self.set_of("prefill", texts, template, {"type": "loglikelihood"})
        record, _, _ = self.run("prefill", [dataset], "--compute", compute)
        [task] = record["tasks"]
        return task["computed_tokens"] / task["infer_s"]

    def decode(self, prompts, compute):
        """Generated tokens per second, `prompts` at once and without drafts: what 64 more tokens each cost."""
        texts = self.texts(prompts, 128, 2)
        taken = []
        for tokens in (4, 68):
            dataset = self.set_of("decode", texts, {"type": "text", "prompt": "{text}"}, {"type": "gen", "max_out_len": tokens})
            record, _, _ = self.run("decode", [dataset], "--compute", compute, "--min-out-len", tokens, "--batch-size", prompts,
                                    "--no-speculation")
            [task] = record["tasks"]
            taken.append((task["generated_tokens"], task["infer_s"]))
        return (taken[1][0] - taken[0][0]) / (taken[1][1] - taken[0][1])

    def replies(self, card, compute, *flags):
        """Tokens of replies per second, one prompt at a time: what the tokens behind the first cost. The replies are the same whatever the flags."""
        taken = []
        for tokens in (1, 256):
            record, _, _ = self.run(card, [card], "--compute", compute, "--batch-size", 1, "--limit", self.prompts, "--max-out-len", tokens,
                                    "-m", "infer", *flags)
            taken.append([sum(task[of] for task in record["tasks"]) for of in ("generated_tokens", "infer_s")])
        replies = hashlib.sha256()
        for path in sorted((self.scratch / card).glob("runs/*/predictions/**/*.json*")):
            replies.update(path.read_bytes())
        if self.said.setdefault(card, replies.hexdigest()) != replies.hexdigest():
            raise process.Failed("%s: replies with other flags (%s) are other ones" % (card, " ".join(flags) or "none"))
        spent = record["models"][0].get("spent", {})
        if spent.get("drafted_tokens"):
            print("         %s: %d prompts, %d tokens, %d drafted, %d accepted" % (card, self.prompts, taken[1][0], spent["drafted_tokens"],
                                                                                   spent["accepted_tokens"]))
        return (taken[1][0] - taken[0][0]) / (taken[1][1] - taken[0][1])

    # ---- CMMLU: a few subjects, five-shot ----

    SUBJECTS = ("agronomy", "ancient_chinese", "astronomy")

    def cmmlu(self, card):
        """The card, some of its subjects, `items` questions each."""
        [path] = pathlib.Path(self.program).resolve().parent.parent.rglob("cards/%s.json" % card)
        subjects = json.loads((path.parent / "cmmlu_subjects.json").read_text(encoding="utf-8"))["each"]
        folder = self.scratch / "cards"
        folder.mkdir(exist_ok=True)
        own = folder / ("bench_%s.json" % card)
        few = {"card": "dataset", "extends": str(path), "each": [s for s in subjects if s["name"] in self.subjects], "groups": []}
        own.write_text(json.dumps(few, ensure_ascii=False), encoding="utf-8")
        return ["bench_" + card], ["--config-dir", folder, "--limit", self.items, "--compat", "opencompass", "--max-out-len", 16]

    def wall(self, card, compute):
        datasets, flags = self.cmmlu(card)
        _, wall, _ = self.run(card, datasets, "--compute", compute, *flags)
        return wall

    def peak_mib(self, card, compute):
        datasets, flags = self.cmmlu(card)
        _, _, peak = self.run(card, datasets, "--compute", compute, *flags)
        return peak / 2**20

    def first_sample(self, card, compute):
        datasets, flags = self.cmmlu(card)
        record, _, _ = self.run(card, datasets, "--compute", compute, *flags)
        return record["first_sample_s"]

    def questions(self):
        """The prompts of the cmmlu_ppl items without the answer's letter, for the peers."""
        datasets, flags = self.cmmlu("cmmlu_ppl")
        out = process.run([self.program, "prompt", "--datasets", *datasets, "--model-path", self.model, "--hf-type", "base", "--data-dir",
                           self.data, "--json", *flags]).stdout
        lines = map(json.loads, out.splitlines())
        return [line["prompt"].removesuffix("A").removesuffix(" ") for line in lines if line["label"] == "A"]
