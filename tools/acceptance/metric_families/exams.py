"""LongBench's counting, retrieval, classification and code lines, and GAOKAO-Bench's four kinds of questions: OpenCompass' evaluators."""
from . import opencompass, overlap, texts

PAPER = ["【答案】", "【答案】 A", "【答案】:B", "【答案】：C<eoa>", "<eoa>", "A", "B", "C", "D", "E", "G", "AB", "ACD", "BD", "a", "正确答案是", "所以选", "A。 B 错", "\n", " ", "，", "Paragraph 3", "段落12", "1", "12", "3", "007", "十"]


def paper(random):
    return "".join(random.choice(PAPER) if random.random() < 0.8 else texts.fragments(random, 2) for _ in range(random.randint(0, 9)))


def gaokao(options):
    module = opencompass.load(options.opencompass, "datasets.GaokaoBench")
    random = options.random
    for kind, letters in (("single_choice", 1), ("multi_choice", 1), ("multi_question_choice", 3), ("five_out_of_seven", 5)):
        theirs = module.GaokaoBenchEvaluator(kind)
        cases = []
        for _ in range(options.count):
            answer = [random.choice(["A", "BC", "ABD", "CD"]) if kind == "multi_choice" else random.choice("ABCD" if kind != "five_out_of_seven" else "ABCDEFG") for _ in range(letters)]
            said = "".join("【答案】%s" % a for a in answer) if random.random() < 0.3 else ""
            cases.append((paper(random) + said + paper(random), answer))
        ours = options.sextant("metric:gaokao", {"questions": kind, "compat": "opencompass"}, overlap.lines(cases))
        yield "gaokao " + kind, overlap.paired(cases, ours, "gaokao", lambda p, r: theirs.score([p], [r])["score"] / 100)


def longbench(options, real):
    module = opencompass.load(options.opencompass, "datasets.longbench.evaluators")
    random = options.random
    numbers = [(paper(random) if i % 2 else texts.fragments(random), [random.choice(["1", "12", "3", "007"])]) for i in range(options.count)]
    count = module.LongBenchCountEvaluator()
    ours = options.sextant("metric:numbers_right", {}, overlap.lines(numbers))
    yield "numbers_right", [(*row[:3], "digits of other scripts are numbers there" if any(c.isdigit() and not c.isascii() for c in row[0][0]) else None)
                            for row in overlap.paired(numbers, ours, "numbers_right", lambda p, r: count.score([p], [r])["score"] / 100)]

    classes = ["sports", "sport", "world news", "news", "art", "martial art", "music", "中国", "中国经济"]
    cases = [("".join(random.choice([*classes, " ", ", ", "the ", "\n"]) for _ in range(random.randint(0, 7))), random.choice(classes)) for _ in range(options.count)]
    named = module.LongBenchClassificationEvaluator()
    ours = options.sextant("metric:classes_right", {"compat": "opencompass"},
                           [{"prediction": p, "reference": {"answers": [r], "all_classes": classes}} for p, r in cases])
    yield "classes_right", [(case, overlap.value(line, "classes_right"),
                             named.score([case[0]], [{"answers": [case[1]], "all_classes": classes}])["score"] / 100, None)
                            for case, line in zip(cases, ours)]
    try:
        from rapidfuzz import fuzz
    except ImportError:
        print("exams: code_line is not compared: rapidfuzz is not installed")
        return
    similar = module.LongBenchCodeSimEvaluator()
    # fuzzywuzzy rounds the same ratio to whole percents
    module.fuzz = type("fuzz", (), {"ratio": staticmethod(lambda a, b: int(round(fuzz.ratio(a, b))) if a and b else 0)})
    lines = [(random.choice(["", "\n", "# note\n", "```python\n", "// x\n"]) + texts.changed(random, random.choice(real)[:80]), [random.choice(real)[:80]])
             for _ in range(options.count)]
    lines = [(p if random.random() < 0.5 else p + r[0], r) for p, r in lines]
    ours = options.sextant("metric:code_line", {"compat": "opencompass"}, overlap.lines(lines))
    yield "code_line", [(*row[:3], "half a percent, rounded up or down by the last bit" if abs(row[1] - row[2]) < 0.0101 else None)
                        for row in overlap.paired(lines, ours, "code_line", lambda p, r: similar.score([p], [r])["score"] / 100)]


def compare(options):
    real = [text for text in texts.sentences(options.data) if len(text) > 8] or ["def f(x): return x + 1", "for i in range(3): print(i)"]
    yield from gaokao(options)
    yield from longbench(options, real)
