"""IFEval's 25 checkers as OpenCompass carries them: one instruction of a real row, one reply that was made for it.

Treebank's tokens are NLTK's; sentences need its punkt model, which is not on PyPI: without it that instruction is left out and said so.
"""
import logging
import os

from . import Missing, opencompass, texts

PIECES = ["* point\n", "*\n", "- dash\n", "** bold **", "*high*", "**HIGH**", "***", "******", "\n\n", "\n", "<<title>>", "<< >>", "[name]", "[a\nb]", "P.S. see", "p.p.s x", "P. S.", "My answer is yes.", "```json\n{\"a\": 1}\n```",
          "{\"a\": [1, 2.5, null]}", "Section 1", "SECTION 2 ", "Section3", "PARAGRAPH 1", "HELLO WORLD", "DON'T", "IT'S", "AND/OR", "WELL-KNOWN", "U.S.", "NASA", "I", "A", "\"", "'", ",", ".", "!", "e", "E", "#",
          "Any other questions?", "Is there anything else I can help with?", "the of and to in is that it", "THE OF AND TO IN IS THAT IT", "hello there my dear friend", "5", "x"]


def verdicts_of(langdetect, text):
    """What langdetect says with other seeds: a text that it is not sure of gets several names."""
    said = set()
    for seed in range(5):
        langdetect.DetectorFactory.seed = seed
        try:
            said.add(langdetect.detect(text))
        except langdetect.LangDetectException:
            said.add("")
    langdetect.DetectorFactory.seed = 0
    return said


def reply_for(random, real, row):
    parts = [random.choice(PIECES) if random.random() < 0.6 else random.choice(real) for _ in range(random.randint(1, 8))]
    for value in row.values():
        for word in value if isinstance(value, list) else [value]:
            if isinstance(word, str) and random.random() < 0.6:
                parts.insert(random.randrange(len(parts) + 1), random.choice([word, word.upper(), word + "s", " " + word + " "]))
    text = random.choice(["", " ", "\n", "\n\n"]).join(parts)
    return random.choice([text, text, text.lower(), text.upper(), "\"%s\"" % text, "Sure!\n" + text])


def compare(options):
    if not options.data:
        raise Missing("--data is not given")
    import langdetect
    import nltk
    logging.disable(logging.CRITICAL)
    langdetect.DetectorFactory.seed = 0
    folder = "datasets.IFEval."
    util, _, _, evaluation = [opencompass.load(options.opencompass, folder + name) for name in ("instructions_util", "instructions", "instructions_registry", "evaluation_main")]
    try:
        util._get_sentence_tokenizer()
        sentences = True
    except LookupError:
        sentences = False
    tokenizer = nltk.tokenize.NLTKWordTokenizer()
    util.nltk.word_tokenize = tokenizer.tokenize  # without the split into sentences, which needs the model, too
    random = options.random
    real = texts.sentences(options.data)
    asked = [(id, row["kwargs"][i]) for row in texts.lines_of(next(options.data.glob("ifeval/*.jsonl"))) for i, id in enumerate(row["instruction_id_list"])]
    asked = [one for one in asked if sentences or one[0] != "length_constraints:number_sentences"]
    by_id = {}
    for one in asked:
        by_id.setdefault(one[0], []).append(one[1])
    cases = []
    for i in range(options.count):
        id = sorted(by_id)[i % len(by_id)]
        kwargs = random.choice(by_id[id])
        if id in ("language:response_language", "change_case:english_capital", "change_case:english_lowercase"):
            text = " ".join(random.choice(real) for _ in range(3)) if random.random() < 0.5 else reply_for(random, real, kwargs)
            cases.append((id, kwargs, text.upper() if "capital" in id else text.lower() if "lower" in id else text))
        else:
            cases.append((id, kwargs, reply_for(random, real, kwargs)))
    profiles = {"langdetect": os.path.dirname(langdetect.__file__)}
    ours = options.sextant("metric:ifeval", profiles, [{"prediction": text, "reference": "", "record": {"instruction_id_list": [id], "kwargs": [kwargs]}} for id, kwargs, text in cases])
    rows = {}
    for case, line in zip(cases, ours):
        id, kwargs, text = case
        example = evaluation.InputExample(key=0, instruction_id_list=[id], prompt="", kwargs=[{k: v for k, v in kwargs.items() if v is not None}])
        theirs = {"prompt_level_strict_acc": float(evaluation.test_instruction_following_strict(example, text).follow_all_instructions),
                  "prompt_level_loose_acc": float(evaluation.test_instruction_following_loose(example, text).follow_all_instructions)}
        reason = None
        if (id.startswith("language:") or "english" in id) and len(verdicts_of(langdetect, text)) > 1:
            reason = "langdetect itself says one or another language, by its seed"
        elif id == "keywords:letter_frequency" and not ("a" <= str(kwargs.get("letter", "")).lower() <= "z"):
            reason = "a letter that is none: theirs draws one at random, ours counts it"
        rows.setdefault(id, []).append((case, line["values"], theirs, reason))
    if not sentences:
        print("ifeval: length_constraints:number_sentences is not compared: nltk's punkt model is not at hand")
    yield from sorted(rows.items())
