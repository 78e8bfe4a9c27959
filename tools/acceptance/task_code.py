#!/usr/bin/env python3
"""Task files whose Python runs in the sandbox, beside lm-eval: PYTHON task_code.py --sextant PROGRAM --model FILE.gguf [--only NAME...]

PYTHON has lm_eval 0.4.13 and datasets. Rows of our own in the columns of each set are written as a snapshot of the hub's cache. `sextant run --tasks
... --allow-task-code` runs stock task files of the installed lm-eval on them; then lm-eval runs the same tasks with a model that answers from our
predictions by the whole prompt: a prompt that differs has no answer there. All numbers of lm-eval's results must be ours to 1e-9. Exit code 1 where
anything differs; a task whose modules cannot be imported is skipped, with the message.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

ANSWERS = {"text": ["a red kite", "kite"], "answer_start": [4, 6]}


def qa(n):
    return [{"id": str(i), "context": "Ann flew %d kites, and one was a red kite." % (i + 2), "title": "kites", "question": "What did Ann fly on day %d?" % i, "answers": ANSWERS} for i in range(n)]


def drop(n):
    date = {"day": "3", "month": "May", "year": "1871"}
    answer = lambda number, spans: {"number": number, "date": date, "spans": spans, "hit_id": "", "worker_id": ""}  # noqa: E731
    return [{"query_id": "q%d" % i, "section_id": "s", "passage": "The fleet had %d ships, of which 3 sank on 3 May 1871." % (i + 8), "question": "How many ships were left?",
             "answer": answer(str(i + 5) if i % 2 else "", ["%d ships" % (i + 5)] if i % 2 == 0 else []),
             "validated_answers": {"number": ["", str(i + 5)], "date": [date, date], "spans": [[], ["ships"]], "hit_id": ["", ""], "worker_id": ["", ""]}} for i in range(n)]


def coqa(n):
    turns = lambda texts: {"input_text": texts, "turn_id": list(range(1, len(texts) + 1))}  # noqa: E731
    return [{"id": str(i), "source": "own", "story": "Tom has %d cats. The youngest is grey." % (i + 2), "questions": turns(["Who has cats?", "What colour is the youngest?"]),
             "answers": turns(["Tom", "grey"]), "additional_answers": {"0": turns(["Tom", "It is grey"]), "1": turns(["He", "GREY"]), "2": turns(["Tom", "dark grey"])}} for i in range(n)]


def record(n):
    return [{"passage": "The Severn and the Wye meet near Chepstow.\n@highlight\nTwo rivers meet\n@highlight\nSpring tide %d" % i, "query": "@placeholder is the longer of the two",
             "entities": ["Wye", "Severn", "Chepstow", "Wye"], "answers": ["Severn"], "entity_spans": {"text": [], "start": [], "end": []}, "idx": {"passage": i, "query": i}} for i in range(n)]


def wsc(n):
    rows = [("The trophy does not fit into the case because it is too large.", "it", ["The trophy", "The case"], 0), ("Ann thanked Sue for the help. She had given it gladly.", "She", ["Ann", "Sue"], 1),
            ("Bob lent Jim his coat because it rained.", "his", ["Bob", "Jim"], 0)]
    return [{"text": text, "pronoun": pronoun, "pronoun_loc": text.rindex(" " + pronoun + " ") + 1, "options": options, "label": label, "quote": "", "quote_loc": 0, "source": "own"}
            for text, pronoun, options, label in rows][:n]


def agieval(n):
    return [{"query": "Q: What is %d plus 3? Answer Choices: (A)%d (B)%d\nA: Among A through B, the answer is" % (i, i + 3, i + 4), "choices": ["(A)%d" % (i + 3), "(B)%d" % (i + 4)], "gold": [i % 2]} for i in range(n)]


def bbh(n):
    return [{"input": "Which statement is sarcastic?\nOptions:\n(A) Rain on the picnic, number %d, just what we wanted\n(B) Rain on the field, just what we wanted" % i, "target": "(A)"} for i in range(n)]


def wikitext(n):
    return [{"page": " = Kite = \n The kite , a bird of prey , has %d @,@ 000 pairs . \" It soars \" . \n" % (i + 1)} for i in range(n)]


def based(n):
    return [{"doc_id": str(i), "text": " The file of Acme %d says: applicant: " % i, "key": "applicant", "value": " Acme %d " % i} for i in range(n)]


def scrolls(name, n):
    context = "Ann flew %d kites over the bay.\n\nThe wind was strong."
    if name == "quality":
        return [{"id": "q%d" % i, "pid": "p%d" % i, "input": "What did Ann fly?\n\n (A) kites (B) planes (C) flags (D) drones\n\n" + context % i, "output": "kites"} for i in range(n)]
    rows = [{"id": "s%d" % i, "pid": "p%d" % i, "input": ("How many kites?" if i % 2 else "Was it windy?") + "\n\n" + context % i, "output": str(i) if i % 2 else "Yes"} for i in range(n)]
    return rows + [dict(rows[1], pid="p1b", output="one")]  # of one id: a second answer


# metrics that the hub has, as far as the tasks call them: to fetch them takes a network
SQUAD = """
import datasets
import evaluate
class Squad(evaluate.Metric):
    def _info(self):
        answers = datasets.features.Sequence({"text": datasets.Value("string"), "answer_start": datasets.Value("int32")})
        return evaluate.MetricInfo(description="", citation="", inputs_description="", features=datasets.Features({
            "predictions": {"id": datasets.Value("string"), "prediction_text": datasets.Value("string"), "no_answer_probability": datasets.Value("float32")},
            "references": {"id": datasets.Value("string"), "answers": answers}}))
    def _compute(self, predictions, references):
        same = [float(p["prediction_text"].strip() in list(r["answers"]["text"])) for p, r in zip(predictions, references)]
        return {"exact": 100 * sum(same) / len(same), "f1": sum(p["no_answer_probability"] for p in predictions) / len(same)}
"""
SCROLLS = """
import datasets
import evaluate
class Scrolls(evaluate.Metric):
    def _info(self):
        return evaluate.MetricInfo(description="", citation="", inputs_description="", features=datasets.Features({
            "predictions": datasets.Value("string"), "references": datasets.Sequence(datasets.Value("string"))}))
    def _compute(self, predictions, references):
        return {"f1": sum(len(p) + sum(map(len, r)) for p, r in zip(predictions, references)) / len(predictions)}
"""
# tasks that are classes
CLASSES = ("fda", "swde", "squad_completion", "squadv2", "scrolls_quality", "scrolls_qasper")
# task: (data set, configuration, splits)
SETS = {
    "crows_pairs_english": ("jannalu/crows_pairs_multilingual", "english", {"test": [
        {"id": i, "sent_more": "The old man forgot key %d." % i, "sent_less": "The young man forgot key %d." % i, "stereo_antistereo": "stereo", "bias_type": "age"} for i in range(5)]}),
    "bbh_cot_zeroshot_snarks": ("SaylorTwift/bbh", "snarks", {"test": bbh(4)}),
    "mlqa_en_en": ("facebook/mlqa", "mlqa.en.en", {"test": qa(4), "validation": qa(2)}),
    "xquad_en": ("google/xquad", "xquad.en", {"validation": qa(4)}),
    "wikitext": ("EleutherAI/wikitext_document_level", "wikitext-2-raw-v1", {"test": wikitext(4), "validation": wikitext(1), "train": wikitext(1)}),
    "webqs": ("stanfordnlp/web_questions", None, {"train": [{"url": "u", "question": "who is %d?" % i, "answers": ["Bo", "Al", "Alan"]} for i in range(4)],
                                                    "test": [{"url": "u", "question": "where is %d?" % i, "answers": ["Rome", "Oslo", "Oslo city"]} for i in range(4)]}),
    "wsc273": ("lighteval/winograd_wsc", "wsc273", {"test": wsc(3)}),
    "drop": ("EleutherAI/drop", None, {"train": drop(3), "validation": drop(4)}),
    "coqa": ("EleutherAI/coqa", None, {"train": coqa(2), "validation": coqa(3)}),
    "record": ("aps/super_glue", "record", {"train": record(2), "validation": record(4)}),
    "toxigen": ("skg/toxigen-data", "annotated", {"train": [{"text": "Trees are tall, %d" % i, "toxicity_ai": 1.0 + i, "toxicity_human": 2.0} for i in range(3)],
                                                   "test": [{"text": "Stones are hard, %d" % i, "toxicity_ai": 1.0 + i, "toxicity_human": 2.5} for i in range(4)]}),
    "fda": ("hazyresearch/based-fda", None, {"validation": based(4)}),
    "swde": ("hazyresearch/based-swde-v2", None, {"validation": based(3)}),
    "squad_completion": ("hazyresearch/based-squad", None, {"validation": based(3)}),
    "squadv2": ("lighteval/squad_v2", None, {"train": qa(5), "validation": qa(4) + [dict(qa(5)[4], answers={"text": [], "answer_start": []})]}),
    "scrolls_quality": ("tau/scrolls", "quality", {"train": scrolls("quality", 4), "validation": scrolls("quality", 3)}),
    "scrolls_qasper": ("tau/scrolls", "qasper", {"train": scrolls("qasper", 4), "validation": scrolls("qasper", 4)}),
    "agieval_aqua_rat": ("hails/agieval-aqua-rat", None, {"test": agieval(5)}),
}
GENERATED = ("mlqa_en_en", "xquad_en", "drop", "coqa", "bbh_cot_zeroshot_snarks")
SHOTS = {"drop": 1, "record": 1}  # classes with their own doc_to_text take none: lm-eval stops there


def write_sets(hub, only):
    for task in only:
        name, config, splits = SETS[task]
        folder = hub / ("datasets--" + name.replace("/", "--"))
        snapshot = folder / "snapshots/abc"
        (snapshot / "data").mkdir(parents=True, exist_ok=True)
        (folder / "refs").mkdir(exist_ok=True)
        (folder / "refs/main").write_text("abc")
        for split, rows in splits.items():
            (snapshot / f"data/{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        files = "".join("  - split: %s\n    path: data/%s.jsonl\n" % (split, split) for split in splits)
        if name == "tau/scrolls":
            with zipfile.ZipFile(snapshot / (config + ".zip"), "w") as packed:
                for split, rows in splits.items():
                    packed.writestr(f"{config}/{split}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
            (snapshot / "metrics").mkdir(exist_ok=True)
            (snapshot / "metrics/scrolls.py").write_text(SCROLLS)
            (folder / "refs/refs/pr").mkdir(parents=True, exist_ok=True)
            (folder / "refs/refs/pr/5").write_text("abc")
        (snapshot / "README.md").write_text("---\nconfigs:\n- config_name: %s\n  data_files:\n%s---\n" % (config or "default", files), encoding="utf-8")


def write_metrics(modules):
    """As `evaluate` keeps what it fetched."""
    place = modules / "evaluate_modules/metrics/evaluate-metric--squad_v2" / ("0" * 64)
    place.mkdir(parents=True)
    (place / "squad_v2.py").write_text(SQUAD)
    for folder in (place, place.parent, place.parent.parent, modules / "evaluate_modules"):
        (folder / "__init__.py").write_text("")


def replies_of(predictions):
    """({prompt: reply}, {context + continuation: (ln p, greedy)}) of what Sextant asked and was answered."""
    texts, scores = {}, {}
    for row in predictions.values():
        labels = sorted((key for key in row if key.startswith("label: ")), key=lambda key: int(key[7:]))
        if labels:
            greedy = (row.get("extra") or {}).get("greedy")
            results = None if greedy else json.loads(row["prediction"])
            for number, key in enumerate(labels):
                scores[row[key]["testing input"]] = (row[key]["logprob"], greedy[key[7:]] if greedy else results[number][1])
        elif str(row["prediction"]).lstrip("-").replace(".", "", 1).replace("e", "").isdigit() and "origin_prompt" in row:
            scores[row["origin_prompt"]] = (float(row["prediction"]), False)
            texts[row["origin_prompt"]] = row["prediction"]
        else:
            texts[row["origin_prompt"]] = row["prediction"]
    return texts, scores


def reference(tasks, hub, predictions, shots):
    """lm-eval's results with our replies."""
    import datasets
    import lm_eval
    from lm_eval.api.model import LM
    from lm_eval.tasks import TaskManager

    def load(path, name=None, **_):
        files = {p.stem: str(p) for p in (hub / ("datasets--" + path.replace("/", "--")) / "snapshots/abc/data").glob("*.jsonl")}
        return plain_load("json", data_files=files, cache_dir=str(hub.parent / "cache"))

    from lm_eval.api import task as task_module

    def load_packed(path, name=None, data_files=None, **_):
        files = {split: data_file.replace("https://huggingface.co/datasets/tau/scrolls/resolve/main", str(hub / "datasets--tau--scrolls/snapshots/abc")) for split, data_file in data_files.items()}
        return plain_load("json", data_files=files, cache_dir=str(hub.parent / "cache"))

    plain_load = datasets.load_dataset

    class Both:
        def __getattr__(self, key):
            return load if key == "load_dataset" else getattr(datasets, key)

    task_module.datasets = Both()

    class Replay(LM):
        texts, scores = {}, {}
        asked = 0

        def generate_until(self, requests):
            self.asked += len(requests)
            return [self.texts[r.args[0]] for r in requests]

        def loglikelihood(self, requests):
            self.asked += len(requests)
            return [self.scores[r.args[0] + r.args[1]] for r in requests]

        def loglikelihood_rolling(self, requests):
            self.asked += len(requests)
            return [self.scores[r.args[0]][0] for r in requests]

    class InTurn(LM):
        """Answers of a class' requests, which stand in the prediction in their order."""

        def __init__(self, predictions):
            super().__init__()
            answers = [answer for row in predictions.values() for answer in json.loads(row["prediction"])]
            self.texts, self.scores = [a for a in answers if isinstance(a, str)], [tuple(a) for a in answers if not isinstance(a, str)]
            self.prompts, self.asked = {row["origin_prompt"] for row in predictions.values()}, 0

        def take(self, requests, answers):
            self.asked += len(requests)
            for request in requests:
                if not {request.args[0], request.args[0].rstrip()} & self.prompts:
                    raise KeyError(request.args[0])
            out = [answers.pop(0) for _ in requests]
            return out

        def generate_until(self, requests):
            return self.take(requests, self.texts)

        def loglikelihood(self, requests):
            return self.take(requests, self.scores)

        def loglikelihood_rolling(self, requests):
            raise NotImplementedError

    out, manager = {}, TaskManager()
    for task in tasks:
        lm = InTurn(predictions[task]) if task in CLASSES else Replay()
        if task in CLASSES:
            datasets.load_dataset = load_packed
        else:
            lm.texts, lm.scores = replies_of(predictions[task])
        try:
            made = lm_eval.simple_evaluate(model=lm, tasks=[task], task_manager=manager, num_fewshot=shots, bootstrap_iters=0, log_samples=False)
            out[task] = (made["results"][task], lm.asked)
        except Exception as error:
            out[task] = (error, lm.asked)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sextant", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--only", nargs="*", default=list(SETS))
    args = parser.parse_args()
    folder, bad = pathlib.Path(tempfile.mkdtemp()), 0
    hub = folder / "hub"
    os.environ.update(HF_HUB_CACHE=str(hub), HF_MODULES_CACHE=str(folder / "modules"), HF_HUB_OFFLINE="1", HF_EVALUATE_OFFLINE="1")
    import lm_eval

    tasks_folder = pathlib.Path(lm_eval.__file__).parent / "tasks"
    write_sets(hub, args.only)
    write_metrics(folder / "modules")
    for task in args.only:  # alone, since a module that cannot be imported refuses the whole run
        shots = SHOTS.get(task, 0)
        command = [args.sextant, "run", "--tasks", task, "--include-path", tasks_folder, "--allow-task-code", "--task-python", sys.executable, "--model-path", args.model,
                   "--compute", "f32", "--shots", shots, "-w", folder / task, "--quiet"]
        command += ["--set", "infer.inferencer.max_out_len=8"] if task in GENERATED else []
        done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "HF_HUB_CACHE": str(hub)})
        if done.returncode:
            lacking = "cannot be imported" in done.stderr
            print("SKIP" if lacking else "FAIL", task, done.stderr.strip().splitlines()[-1][:500] if lacking else done.stderr[-6000:])
            bad += not lacking
            continue
        run = next((folder / task).glob("2*"))
        read = lambda kind, task: json.loads(next(run.glob(f"{kind}/*/{task}.json")).read_text(encoding="utf-8"))  # noqa: E731
        theirs = reference([task], hub, {task: read("predictions", task)}, shots)
        for task in [task]:
            results, (wanted, asked) = read("results", task), theirs[task]
            problems, shown = [], []
            if isinstance(wanted, Exception):
                problems.append("lm-eval stops, at a prompt of its own where that is a KeyError: %s %r" % (type(wanted).__name__, str(wanted)[-300:]))
                wanted = {}
            for key, value in wanted.items():
                name, _, which = key.partition(",")
                if not which or name.endswith("_stderr") or not isinstance(value, (int, float)):
                    continue
                row = f"{name},{which}" if f"{name},{which}" in results else name
                unit = 1 if results.get("metrics", {}).get(row, {}).get("percent") is False else 100
                if row not in results or results[row] is None or abs(results[row] / unit - value) > 1e-9 * max(1, abs(value)):
                    problems.append("%s is %s, lm-eval has %s" % (key, results.get(row), value))
                shown.append("%s %.4f" % (key, value))
            bad += bool(problems) or not shown
            print("%-4s %s, %d requests: %s" % ("FAIL" if problems or not shown else "ok", task, asked, ", ".join(shown)))
            for problem in problems:
                print("     " + problem)
            sys.stdout.flush()
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
