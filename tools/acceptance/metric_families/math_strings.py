"""OpenCompass' MATHEvaluator under --compat opencompass, both versions."""
from . import opencompass, texts


def compare(options):
    math = opencompass.load(options.opencompass, "datasets.math")
    random = options.random
    answers = [math.extract_boxed_answer(text) for text in texts.solutions(options.data)]
    answers = sorted({a for a in answers if a}) or ["\\frac{1}{2}"]
    cases = []
    for i in range(options.count):
        a = random.choice(answers) if i % 3 else texts.fragments(random, 5)
        b = random.choice([a, a.replace("dfrac", "frac"), a.replace("frac", "dfrac"), a.replace("{", "").replace("}", ""), a + "\\text{ cm}", a + ".", a + ".0",
                           a.replace(" ", ""), "x=" + a, "$" + a + "$", a + "\\%", texts.changed(random, a), a.replace("\\frac{1}{2}", "0.5"), a + " inches", "{" + a + "}"])
        cases.append((a, b))
    for version in ("v1", "v2"):
        theirs = math.MATHEvaluator(version=version)
        ours = options.sextant("metric:math_equal", {"compat": "opencompass", "version": version}, [{"prediction": a, "reference": b} for a, b in cases])
        yield version, [(case, line["score"], float(theirs.is_equiv(*case)), None) for case, line in zip(cases, ours)]
