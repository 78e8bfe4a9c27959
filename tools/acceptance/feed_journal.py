"""A run of Sextant's, taken up again with answers of lm-eval's model: feed() puts them into the journals, and `sextant run -r` scores them."""

import json
import shutil


def feed(run, samples_of, predictions_of):
    """run: its folder. samples_of: lm-eval's samples by task; predictions_of: the run's own, by task."""
    for task, samples in samples_of.items():
        path = next(run.glob(f"journal/*/{task}.jsonl"))
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        free = [i for i, line in enumerate(lines) if line.get("scores") or "finish" in line]
        if not free:  # another task asked the same, and has the lines
            continue
        alone = {}  # options without their question, for acc_mutual_info: asked once each
        for sample in {s["doc_id"]: s for s in samples}.values():
            said = [response[0] for response in sample["resps"]]
            ours = predictions_of[task][str(sample["doc_id"])]
            labels = sorted((k for k in ours if k.startswith("label: ")), key=lambda k: int(k[7:]))
            if isinstance(said[0], str) and not labels and "logprob" not in (ours.get("extra") or {}):
                _take(lines, free, lambda line: line.get("text", "") == ours["prediction"])["text"] = said[0]
                continue
            before = [ours[k]["logprob"] for k in labels] or [ours["extra"]["logprob"]]
            _put(_take(lines, free, lambda line: [s["logprob"] for s in line.get("scores", [])] == before), said[:len(before)])
            if len(said) > len(before):
                options = [a["arg_1"] if isinstance(a, dict) else a[1] for a in _listed(sample["arguments"])][len(before):]
                alone[str(options)] = ([ours[k]["tokens"] for k in labels], said[len(before):])
        for tokens, said in alone.values():  # known by their lengths, or by being near
            far = lambda line: sum(abs(s["logprob"] - float(one[0])) for s, one in zip(line["scores"], said))  # noqa: E731
            _put(_take(lines, free, lambda line: [s["tokens"] for s in line.get("scores", [])] == tokens, far), said)
        path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    for kind in ("predictions", "results"):
        shutil.rmtree(run / kind)


def _listed(arguments):
    return list(arguments.values()) if isinstance(arguments, dict) else arguments


def _take(lines, free, fits, far=lambda line: 0):
    found = [i for i in free if fits(lines[i])]
    if not found:
        raise ValueError("no line of the journal has what the predictions have")
    nearest = min(found, key=lambda i: far(lines[i]))
    free.remove(nearest)
    return lines[nearest]


def _put(line, said):
    for score, one in zip(line["scores"], said):
        logprob, greedy = one if isinstance(one, (list, tuple)) else (one, "False")
        score.update(logprob=float(logprob), greedy=str(greedy) == "True")
