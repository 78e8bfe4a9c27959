"""Chinese words as jieba cuts them: token F1 and its kin in LongBench's evaluators, and ROUGE over the same words."""
import os
import pathlib
import unicodedata

from . import Missing, opencompass, overlap, texts


def cases_of(options, folder):
    """Real sentences, changed ones, words of the dictionary in a row, characters at random with other signs between."""
    random = options.random
    real = [text for text in texts.sentences(options.data) if any("\u4e00" <= c <= "\u9fff" for c in text)]
    if not real:
        raise Missing("--data is not given")
    words = [line.split(" ")[0] for line in (folder / "dict.txt").read_text(encoding="utf-8").splitlines() if line]

    def text(i):
        if i % 4 == 0:
            return random.choice(real)
        if i % 4 == 1:
            return texts.changed(random, random.choice(real))
        if i % 4 == 2:
            return "".join(random.choice(words)[:random.randint(1, 4)] if random.random() < 0.7 else texts.fragments(random, 2) for _ in range(random.randint(1, 12)))
        return "".join(chr(random.randint(0x4E00, 0x9FD5)) if random.random() < 0.6 else random.choice("的了一是不在有人我 abc12.3%，。\r\n\t_-+#&鿖") for _ in range(random.randint(1, 30)))
    out = []
    for i in range(options.count):
        reference = text(i)
        out.append((texts.changed(random, reference) if i % 3 else text(i // 3), [reference]))
    return out


def compare(options):
    import jieba
    folder = pathlib.Path(os.path.dirname(jieba.__file__))
    jieba.setLogLevel(60)
    cases = cases_of(options, folder)
    # a text against one of its words alone: recall says whether the word is there
    ours = options.sextant("metric:rouge", {"tokens": "chinese_words", "dictionary": str(folder)}, overlap.lines(cases))

    def rouge1(prediction, references):
        import collections
        given, wanted = ([w for w in jieba.cut(t) if w.strip(" \t\r\n")] for t in (prediction, references[0]))
        common = sum((collections.Counter(given) & collections.Counter(wanted)).values())
        return 2 * common / (len(given) + len(wanted)) if given and wanted else 0.0
    yield "rouge1 over jieba's words", overlap.paired(cases, ours, "rouge1", rouge1)
    long = opencompass.load(options.opencompass, "datasets.longbench.evaluators")
    f1 = long.LongBenchF1Evaluator(language="zh")
    # theirs reads the whole reply
    ours = options.sextant("metric:token_f1", {"tokens": "chinese_words", "dictionary": str(folder)}, overlap.lines(cases))
    rows = []
    for case, line in zip(cases, ours):
        theirs = f1.score([case[0]], [case[1]])["score"] / 100
        reason = None
        if theirs == 0 and line["values"]["f1"] == 1:
            reason = "nothing but signs on both sides: 1 here, 0 there"
        elif any(unicodedata.category(c)[0] in "PS" and long.normalize_zh_answer(c) for text in (case[0], *case[1]) for c in text):
            reason = "signs that its list lacks are words there"
        rows.append((case, line["values"]["f1"], theirs, reason))
    yield "token_f1 (LongBench's F1 for Chinese)", rows
