"""LongBench's counting, retrieval, classification and code lines, GAOKAO-Bench's four kinds of questions, and LawBench's labels, fields, spans,
articles and terms: OpenCompass' evaluators. LawBench's numbers in Chinese need PyPI's cn2an."""
import json
import pathlib

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


CARDS = pathlib.Path(__file__).resolve().parents[3] / "datasets/cards/lawbench"
LAW = ["第", "条", "款", "、", "二百六十四", "133", "第264条", "第二百三十四条第二款", "《刑法》", "三年", "六个月", "有期徒刑", "拘役五个月", "12个月", "2年", "10月", "罚金一千元", "五万元", "无", "未提及", ":", "：", ";", "；", "\n",
       " ", "，", "张三", "手机一部", "2017年6月底", "十", "一百零三", "两年", "盗窃", "退给", "查扣"]


def lawbench(options):
    random = options.random
    functions = "datasets.lawbench.evaluation_functions."
    for name in ("function_utils", "rc_f1", "comprehension_scores"):
        opencompass.load(options.opencompass, "datasets.lawbench.utils." + name)

    def card(name):
        return json.loads((CARDS / ("lawbench_%s_gen.json" % name)).read_text(encoding="utf-8"))["eval"]["metrics"][0]

    def reply(words, longest=9):
        return "".join(random.choice(words) if random.random() < 0.5 else random.choice(LAW) if random.random() < 0.8 else texts.fragments(random, 2) for _ in range(random.randint(0, longest)))

    def rows(name, theirs, cases, golds, why=None):
        metric = dict(card(name))
        id = metric.pop("type")
        ours = options.sextant("metric:" + id, {**metric, "compat": "opencompass"}, overlap.lines([(p, r) for p, r in cases]))
        out = []
        for (prediction, reference), gold, line in zip(cases, golds, ours):
            try:
                other, reason = theirs([{"origin_prompt": "", "prediction": prediction, "refr": gold}])["score"], None
            except Exception as error:  # cn2an raises where it cannot convert a number
                other, reason = None, "their program stops (%s)" % type(error).__name__
            out.append(((prediction, gold), overlap.value(line, id), other, reason or (why and why(prediction))))
        return out
    for name, module, function, head, separator, end in (("marriage", "wbfl", "compute_wbfl", "类别:", "、", "。"), ("events", "sjjc", "compute_sjjc", "", ";", ""),
                                                         ("charges", "ljp_accusation", "compute_ljp_accusation", "罪名:", ";", "")):
        labels = card(name)["labels"]
        golds = [random.sample(labels, random.choice([1, 1, 2, 3])) for _ in range(options.count)]
        cases = [(reply(labels) + (random.choice(gold) if random.random() < 0.5 else ""), gold) for gold in golds]
        loaded = opencompass.load(options.opencompass, functions + module)
        yield "lawbench " + name, rows(name, getattr(loaded, function), cases, [head + separator.join(gold) + end for gold in golds])
    labels = card("dispute")["labels"]
    golds = [random.choice(labels) for _ in range(options.count)]
    cases = [((gold if i % 2 else "") + reply(labels, 1 + i % 4), [gold]) for i, gold in enumerate(golds)]
    yield "lawbench dispute", rows("dispute", opencompass.load(options.opencompass, functions + "jdzy").compute_jdzy, cases, ["争议焦点类别：%s。" % gold for gold in golds])
    fields = card("entities")["fields"]
    golds = [";".join("%s:%s" % (name, random.choice(["张三", "手机一部", "人民币352元", "2017年6月底"])) for name in random.sample(fields, random.randint(0, 3))) for _ in range(options.count)]
    cases = [("\n".join(random.choice(gold.split(";")) if random.random() < 0.5 else random.choice(fields) + random.choice([":", "：", ""]) + reply(LAW, 3) for _ in range(random.randint(0, 4))), gold) for gold in golds]
    yield "lawbench entities", rows("entities", opencompass.load(options.opencompass, functions + "xxcq").compute_xxcq, cases, golds)
    golds = [";".join(random.choice(["查扣", "退给", "争议", "占用", "偷"]) for _ in range(random.randint(1, 4))) for _ in range(options.count)]
    cases = [(random.choice([gold, reply(["查扣", "退给", ";", ";"]), gold + ";偷", ""]), gold) for gold in golds]
    yield "lawbench triggers", rows("triggers", opencompass.load(options.opencompass, functions + "sjjc").compute_cfcy, cases, golds)
    try:
        import cn2an
    except ImportError:
        print("exams: lawbench's articles and terms are not compared: cn2an is not installed")
        return

    def odd(prediction):
        """What cn2an leaves or makes of the numerals in a text is not what they say."""
        import re
        for run in re.findall("[零〇一二两三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟点负]+", prediction):
            try:
                if str(cn2an.cn2an(run, "smart")) != cn2an.transform(run, "cn2an"):
                    return "cn2an.transform reads %s otherwise than cn2an.cn2an" % ("a numeral" if len(run) else run)
            except (ValueError, KeyError):
                return "no numeral (cn2an raises or leaves it)"
        return "percent, dates, fractions, temperatures are rewritten by cn2an" if re.search("[%分之度℃年月日]", prediction) else None
    golds = [random.sample(["264", "234", "133", "103", "347"], random.choice([1, 1, 2])) for _ in range(options.count)]
    said = ["第264条", "二百六十四", "第一百三十三条", "234", "、", "第三百四十七条第二款", "《刑法》第103条"]
    cases = [(reply(said, 6), gold) for gold in golds]
    yield "lawbench articles", rows("articles", opencompass.load(options.opencompass, functions + "ljp_article").compute_ljp_article, cases, ["法条:刑法第%s条" % "、".join(gold) for gold in golds], odd)
    golds = [random.choice([4, 6, 12, 18, 36, 144]) for _ in range(options.count)]
    said = ["有期徒刑三年", "六个月", "12个月", "2年", "拘役五个月", "十年", "刑期", "并处罚金五千元", "10月"]
    cases = [(reply(said, 5), str(gold)) for gold in golds]
    yield "lawbench term", rows("term", opencompass.load(options.opencompass, functions + "ljp_imprison").compute_ljp_imprison, cases, ["刑期:%d个月" % gold for gold in golds], odd)


def compare(options):
    real = [text for text in texts.sentences(options.data) if len(text) > 8] or ["def f(x): return x + 1", "for i in range(3): print(i)"]
    yield from gaokao(options)
    yield from longbench(options, real)
    yield from lawbench(options)
