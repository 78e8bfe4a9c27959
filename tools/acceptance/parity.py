#!/usr/bin/env python3
"""Scores beside OpenCompass' own runs: parity.py --sextant PROGRAM --opencompass PYTHON --model DIR --data DIR [--keep DIR] [SET...]

Runs OpenCompass 0.5.4 (its command line; the Hugging Face backend in float32, batch 1) and `sextant run --compat opencompass --compute f32`
on the same rows of ten sets, and compares sample by sample: what the model was asked, what it replied (for ppl each label's perplexity,
and the label chosen), the answer that was taken out of the reply, and the score; then the scores of the table. --model is a Hugging Face
folder that both read; --data is a folder in OpenCompass' layout (tests/golden/prompts/make_data.py OUT --real DIR makes one); PYTHON is that
of an environment with opencompass 0.5.4. A set that lies finished in --keep is not run again.

What may differ, and is counted as explained: a reply that parts where two tokens were nearly equally likely (the sums of float32 come
in another order: the margin of Sextant's own reply at that token, its best log-probability less the second one, is below 0.01), and what
follows from it. Exit code 1 where anything else differs.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests/golden/prompts"
# the card, the data set in it, tokens of a reply at most; the first half as a base model, the others as a chat model
BASE = [("piqa_ppl", "piqa", 0), ("ARC_e_ppl", "ARC-e", 0), ("obqa_ppl", "openbookqa", 0), ("winogrande_5shot_ll", "winogrande", 0),
        ("hellaswag_ppl", "hellaswag", 0), ("lambada_gen", "lambada", 5)]
CHAT = [("SuperGLUE_BoolQ_gen", "BoolQ", 16), ("ARC_c_gen", "ARC-c", 24), ("mmlu_gen", "lukaemon_mmlu_astronomy", 24), ("gsm8k_gen", "gsm8k", 32)]

CLOSE = 1e-2  # of ln p, between the two likeliest: float32's sums come in another order

CONFIG = """\
from mmengine.config import read_base
from opencompass.models import HuggingFaceBaseModel, HuggingFacewithChatTemplate

with read_base():
    from opencompass.configs.datasets.{module} import {name} as read

datasets = [one for one in read if one['abbr'] == {abbr!r}]
for one in datasets:
    one['reader_cfg']['test_range'] = '[0:{rows}]'
    if {tokens}:
        one['infer_cfg']['inferencer']['max_out_len'] = {tokens}
models = [dict(type={type}, abbr='model', path={path!r}, model_kwargs=dict(torch_dtype='torch.float32', device_map='cpu'), max_seq_len=8192,
               max_out_len=256, batch_size=1, run_cfg=dict(num_gpus=0))]
"""


def run_opencompass(args, card, abbr, tokens, chat):
    """The folder that OpenCompass wrote for the set."""
    out = args.keep / "opencompass" / card
    if not list(out.glob("*/results/model/*.json")):
        out.mkdir(parents=True, exist_ok=True)
        entry = json.loads((GOLDEN / "sets.json").read_text())[card]
        entry = entry if isinstance(entry, str) else entry["config"]
        code = ("import sys, importlib; m = importlib.import_module(sys.argv[1]); "
                "print(max((n for n in vars(m) if n.endswith('datasets') and isinstance(getattr(m, n), list)), key=lambda n: len(getattr(m, n))))")
        module = entry.replace("/", ".")
        named = subprocess.run([args.opencompass, "-c", code, "opencompass.configs.datasets." + module], capture_output=True, text=True, check=True)
        config = out / "config.py"
        config.write_text(CONFIG.format(module=module, name=named.stdout.split()[-1], abbr=abbr, rows=args.rows, tokens=tokens,
                                        type="HuggingFacewithChatTemplate" if chat else "HuggingFaceBaseModel", path=str(args.model.resolve())))
        environment = {**os.environ, "COMPASS_DATA_CACHE": str(args.data.resolve()), "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1",
                       "HF_DATASETS_CACHE": str(args.data.resolve() / "cache"), "TOKENIZERS_PARALLELISM": "false"}
        with (out / "log").open("w") as log:
            subprocess.run([args.opencompass, "-m", "opencompass.cli.main", str(config.resolve()), "-w", str(out.resolve()), "--debug"], env=environment, cwd=args.data,
                           stdout=log, stderr=subprocess.STDOUT)
    runs = [path.parents[2] for path in out.glob("*/results/model/*.json")]
    if not runs:
        sys.exit("%s: OpenCompass has written no score; see %s" % (card, out / "log"))
    return runs[-1]


def read_opencompass(run, abbr):
    """(predictions by row, their answers and verdicts by row, the score)"""
    predictions = json.loads((run / "predictions/model" / (abbr + ".json")).read_text(encoding="utf-8"))
    results = json.loads((run / "results/model" / (abbr + ".json")).read_text(encoding="utf-8"))
    details = results.get("details")
    if isinstance(details, dict):
        details = [details[str(i)] for i in range(len(predictions))]
    read = {}
    for i, detail in enumerate(details or []):
        answer = detail.get("pred", detail.get("predictions"))
        answer = answer[0] if isinstance(answer, list) else answer
        correct = detail.get("correct")
        read[str(i)] = (answer, correct[0] if isinstance(correct, list) else correct)
    score = next(value for key, value in results.items() if isinstance(value, (int, float)))
    return predictions, read, score


def run_sextant(args, card, abbr, tokens, chat):
    """(predictions by row, lines of samples by row, the score)"""
    out = args.keep / "sextant" / card
    command = [args.sextant, "run", "--datasets", "%s:%s" % (card, abbr), "--compat", "opencompass", "--compute", "f32", "--hf-path", args.model, "--hf-type",
               "chat" if chat else "base", "--data-dir", args.data, "--rows", "0-%d" % (args.rows - 1), "-w", out, "--quiet", "--threads", str(args.threads)]
    if tokens:
        command += ["--set", "infer.inferencer.max_out_len=%d" % tokens]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode not in (0, 75):
        sys.exit("%s: sextant ends with %d" % (card, done.returncode))
    run = max(path for path in out.iterdir() if path.is_dir())
    predictions = json.loads(next(run.glob("predictions/*/%s.json" % abbr)).read_text(encoding="utf-8"))
    lines = [json.loads(line) for line in next(run.glob("samples/*/%s.jsonl" % abbr)).open(encoding="utf-8") if line.strip()]
    results = json.loads(next(run.glob("results/*/%s.json" % abbr)).read_text(encoding="utf-8"))
    return predictions, {str(line["index"]): line for line in lines}, next(v for v in results.values() if isinstance(v, (int, float)))


def margin(args, prediction, ours, theirs):
    """How much likelier, by Sextant's own numbers, the first token is that its reply has and theirs has not."""
    at = len(os.path.commonprefix([ours, theirs]))
    prompt = prediction["origin_prompt"]
    if not isinstance(prompt, str):
        messages = [{"role": {"HUMAN": "user", "BOT": "assistant"}.get(turn["role"], "system"), "content": turn["prompt"]} for turn in prompt]
        prompt = model(args, "chat", {"messages": messages, "add_generation_prompt": True})["text"]
    scores = []
    for reply in (ours, theirs):  # the whole reply: its tokens are those that were said
        line = model(args, "score", {"prefix": prompt, "continuations": [reply or "<|im_end|>"]})
        scores.append(line["scores"][0]["token_logprobs"])
    pieces = model(args, "tokenize", {"text": ours})["ids"], model(args, "tokenize", {"text": theirs})["ids"]
    k = len(os.path.commonprefix(pieces))
    if k >= len(scores[0]) or k >= len(scores[1]):
        return float("inf"), at
    return scores[0][k] - scores[1][k], at


def whole_texts(args, texts):
    """What OpenCompass' HuggingFaceBaseModel takes for the log-likelihood of a continuation, from Sextant's own numbers, for [(text, continuation)]:
    it passes the continuation's length where its get_ppl() wants the prompt's, so that it is the mean ln p of the text behind its first tokens."""
    ids, skipped = ([line["ids"] for line in models(args, "tokenize", [{"text": pair[k]} for pair in texts])] for k in (0, 1))
    firsts = [text[:next(k for k in range(1, len(text)) if not text[k].isalpha())] for text, _ in texts]
    assert all(len(line["ids"]) == 1 for line in models(args, "tokenize", [{"text": first} for first in firsts])), "a first word of several tokens"
    scores = models(args, "score", [{"prefix": first, "continuations": [text[len(first):]]} for first, (text, _) in zip(firsts, texts)])
    return [sum(line["scores"][0]["token_logprobs"][len(left) - 1:]) / (len(one) - len(left)) for line, one, left in zip(scores, ids, skipped)]


def model(args, what, line):
    return models(args, what, [line])[0]


def models(args, what, lines):
    command = [args.sextant, "model", what, "--hf-path", args.model]
    if what == "score":
        command += ["--compute", "f32"]
    done = subprocess.run(command, input="".join(json.dumps(line) + "\n" for line in lines), capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def asked(prediction):
    labels = {key: value.get("prompt") if "Loglikelihood" in value or "logprob" in value else value["testing input"] for key, value in prediction.items() if key.startswith("label: ")}
    return labels or prediction["origin_prompt"]


def compare(args, card, ours, theirs):
    """Prints what differs, and gives the table's row and whether all of it is explained."""
    predictions, lines, score = ours
    their_predictions, read, their_score = theirs
    same = {"prompts": 0, "replies": 0, "answers": 0, "verdicts": 0}
    largest, explained, sound, rows = 0.0, 0, True, sorted(their_predictions, key=int)
    for row in rows:
        mine, other, line = predictions[row], their_predictions[row], lines[row]
        prompt, whole = asked(mine) == asked(other), {}
        same["prompts"] += prompt
        labels = [key for key in other if key.startswith("label: ")]
        if labels and "Loglikelihood" in other[labels[0]]:
            whole = dict(zip(labels, whole_texts(args, [(other[key]["prompt"], mine["record"]["sentence"].split("_", 1)[1]) for key in labels])))
        for key in labels:
            largest = max(largest, abs(whole[key] - other[key]["Loglikelihood"] if whole else mine[key]["PPL"] - other[key]["PPL"]))
        reply = str(mine["prediction"]) == str(other["prediction"])
        by_whole = max(whole, key=whole.get).removeprefix("label: ") if whole else ""
        same["replies"] += reply
        why = ""
        if prompt and not reply:
            labels = sorted(value.get("PPL", value.get("logprob")) for key, value in mine.items() if key.startswith("label: "))
            close, at = (labels[1] - labels[0], 0) if labels else margin(args, mine, mine["prediction"], other["prediction"])
            why = "by the whole text's mean ln p, as OpenCompass takes it, ours would be the same" if by_whole == str(other["prediction"]) else ""
            why = why or ("the choice is %.1e apart%s" % (close, "" if labels else " at character %d" % at) if abs(close) < CLOSE else "")
            explained += bool(why)
            print("  row %s: ours %r, theirs %r: %s" % (row, str(mine["prediction"])[:60], str(other["prediction"])[:60], why or "NOT explained (%.2e)" % close))
        answer, correct = read.get(row, (None, None))
        answers = line.get("answers", {}).get("none")
        agree = str(answer) == str(answers) or str(answer) == str(other["prediction"])  # the file may show the reply as it came
        same["answers"] += agree
        verdict = next(iter(line["scores"].values())) if line.get("scores") else None
        judged = correct is None or verdict is None or bool(correct) == (verdict == 1)
        same["verdicts"] += judged
        if reply and not (agree and judged):
            print("  row %s: of the same reply ours reads %r (%s), theirs %r (%s)" % (row, answers, verdict, answer, correct))
        sound = sound and prompt and (reply or bool(why)) and (not reply or (agree and judged))
    n = len(rows)
    equal = abs(score - their_score) < 0.005
    sound = sound and (equal or same["replies"] < n)
    print("| `%s` | %d | %s | %s | %s | %s | %.2f | %.2f | %s |" % (card, n, *(same[k] if same[k] < n else "all" for k in same), score, their_score,
                                                               ("whole texts' ln p within %.1e, %d choices part by it" % (largest, explained) if whole else "perplexities within %.1e" % largest) if largest else "%d near ties" % explained if explained else ""),
          flush=True)
    return sound


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET")
    parser.add_argument("--sextant", required=True)
    parser.add_argument("--opencompass", required=True)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--keep", type=pathlib.Path, default=pathlib.Path("parity"))
    parser.add_argument("--rows", type=int, default=50)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--only-opencompass", action="store_true", help="stop once OpenCompass' runs are there")
    args = parser.parse_args()
    sound = True
    if not args.only_opencompass:
        print("| card | rows | prompts | replies | answers | verdicts | score | OpenCompass' | |")
    for sets, chat in ((BASE, False), (CHAT, True)):
        for card, abbr, tokens in sets:
            if args.sets and card not in args.sets:
                continue
            run = run_opencompass(args, card, abbr, tokens, chat)
            if not args.only_opencompass:
                sound = compare(args, card, run_sextant(args, card, abbr, tokens, chat), read_opencompass(run, abbr)) and sound
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
