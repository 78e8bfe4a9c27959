#!/usr/bin/env python3
"""Makes sampling.json: what transformers' logits processors do to logits, and what a tiny llama (families/llama.safetensors) then says.

Needs torch, transformers and safetensors (made with transformers 5.24.0). Presence and frequency penalties are not in transformers: theirs
is OpenAI's formula, in numpy. Run it in this folder.
"""

import json
import pathlib
import random

import numpy
import torch
import transformers
from transformers import GenerationConfig, LogitsProcessorList
from transformers.generation import logits_process as lp

HERE = pathlib.Path(__file__).resolve().parent
VOCAB = 40


def processors(settings, prompt_length):
    out = []
    if "repetition_penalty" in settings:
        out.append(lp.RepetitionPenaltyLogitsProcessor(settings["repetition_penalty"]))
    if "no_repeat_ngram_size" in settings:
        out.append(lp.NoRepeatNGramLogitsProcessor(settings["no_repeat_ngram_size"]))
    if "suppress_tokens" in settings:
        out.append(lp.SuppressTokensLogitsProcessor(settings["suppress_tokens"]))
    if "begin_suppress_tokens" in settings:
        out.append(lp.SuppressTokensAtBeginLogitsProcessor(settings["begin_suppress_tokens"], prompt_length))
    return LogitsProcessorList(out)


def processed(settings, prompt, reply, logits):
    scores = processors(settings, len(prompt))(torch.tensor([prompt + reply]), torch.tensor([logits], dtype=torch.float32))
    scores = scores[0].numpy()
    counts = numpy.bincount(numpy.array(reply, dtype=numpy.int64), minlength=len(logits)) if reply else numpy.zeros(len(logits))
    scores = scores - settings.get("frequency_penalty", 0) * counts - settings.get("presence_penalty", 0) * (counts > 0)
    return [None if numpy.isneginf(x) else float(numpy.float32(x)) for x in scores]


def logits_cases(source):
    settings = [
        {"repetition_penalty": 1.3},
        {"repetition_penalty": 0.8},
        {"presence_penalty": 0.7},
        {"frequency_penalty": 0.4, "presence_penalty": -0.3},
        {"repetition_penalty": 1.1, "frequency_penalty": 0.5},
        {"no_repeat_ngram_size": 1},
        {"no_repeat_ngram_size": 2},
        {"no_repeat_ngram_size": 3, "repetition_penalty": 1.2},
        {"suppress_tokens": [3, 9, 39]},
        {"suppress_tokens": [3], "begin_suppress_tokens": [1, 5]},
    ]
    cases = []
    for one in settings:
        for reply_length in (0, 1, 7):
            draw = lambda n: [source.randrange(8) if source.random() < 0.7 else source.randrange(VOCAB) for _ in range(n)]
            prompt, reply = draw(9), draw(reply_length)
            logits = [round(source.gauss(0, 3), 3) for _ in range(VOCAB)]
            cases.append({"settings": one, "prompt": prompt, "reply": reply, "logits": logits, "expected": processed(one, prompt, reply, logits)})
    return cases


def warper_cases(source):
    """Which ids temperature, top_k, top_p and min_p leave."""
    cases = []
    for temperature, top_k, top_p, min_p in ((1, 0, 1, 0.1), (0.6, 0, 1, 0.05), (1.5, 6, 1, 0.3), (1, 0, 0.7, 0.2), (1, 0, 1, 1), (2, 12, 0.9, 0.02)):
        logits = [round(source.gauss(0, 2), 3) for _ in range(VOCAB)]
        scores = torch.tensor([logits])
        ids = torch.tensor([[0]])
        scores = lp.TemperatureLogitsWarper(float(temperature))(ids, scores)
        if top_k:
            scores = lp.TopKLogitsWarper(top_k)(ids, scores)
        if top_p < 1:
            scores = lp.TopPLogitsWarper(top_p)(ids, scores)
        scores = lp.MinPLogitsWarper(min_p)(ids, scores)
        left = [i for i, x in enumerate(scores[0].tolist()) if x != float("-inf")]
        cases.append({"temperature": temperature, "top_k": top_k, "top_p": top_p, "min_p": min_p, "logits": logits, "left": left})
    return cases


def generations():
    goldens = json.loads((HERE / "families" / "goldens.json").read_text())
    [entry] = [entry for entry in goldens["entries"] if entry["name"] == "llama"]
    config = transformers.AutoConfig.for_model(**entry["config"])
    config.bos_token_id = config.eos_token_id = config.pad_token_id = None
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    from safetensors.torch import load_file

    missing = model.load_state_dict({k: v.float() for k, v in load_file(HERE / "families" / entry["weights"]).items()}, strict=False)
    assert not missing.unexpected_keys and set(missing.missing_keys) <= {"lm_head.weight"}, missing
    model.tie_weights()
    out = []
    for settings in (
        {},
        {"repetition_penalty": 1.3},
        {"no_repeat_ngram_size": 2},
        {"repetition_penalty": 1.15, "no_repeat_ngram_size": 3, "suppress_tokens": [7, 12]},
        {"begin_suppress_tokens": []},
    ):
        for prompt in (goldens["prompts"][0][:20], [5, 6, 5, 6, 5, 6, 5]):
            settings = dict(settings)
            if "begin_suppress_tokens" in settings:  # what comes first without it
                plain = [one for one in out if not one["settings"] and one["prompt"] == prompt][0]
                settings["begin_suppress_tokens"] = plain["ids"][:1]
            generation = GenerationConfig(do_sample=False, max_new_tokens=24, **settings)
            with torch.no_grad():
                ids = model.generate(torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long), generation_config=generation)
            out.append({"settings": settings, "prompt": prompt, "ids": ids[0].tolist()[len(prompt):]})
    return out


def main():
    source = random.Random(1)
    data = {"logits": logits_cases(source), "left": warper_cases(source), "generate": generations()}
    lines = ["{"]
    for i, (name, cases) in enumerate(data.items()):
        lines.append(f' "{name}": [')
        lines.append(",\n".join("  " + json.dumps(case) for case in cases))
        lines.append(" ]" + ("," if i + 1 < len(data) else ""))
    (HERE / "sampling.json").write_text("\n".join(lines + ["}"]) + "\n")


main()
