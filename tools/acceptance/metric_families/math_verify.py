"""math_equal beside math-verify 0.9: answers of MATH and their rewritings, right and wrong ones."""
import logging
import re

from . import Missing, texts

# what the two mean differently, with the reason; the first that matches the pair explains it
EXPLAINED = [
    (r"\.$", "a final dot does not count in ours"),
    (r"\\text|\\mbox|\\mathrm", "words: math-verify reads \\text{} as symbols or leaves it out; ours compares words as words and drops units"),
    (r"(?<!\\)%|\\%", "percent: ours takes 50% for 50 and 0.5"),
    (r"_", "subscripts: a base that one side alone names does not count in ours"),
    (r"[a-zA-Z]{4,}", "words in plain text"),
    (r"=", "equations: ours compares both sides, or the right side alone where the left is a name"),
    (r"[\[\(].*,.*[\]\)]|\\cup|\\in|infty", "intervals and points: ours keeps their brackets and order apart"),
    (r",", "lists: ours compares lists in any order, and 1,000 as a number or a list"),
    (r"\d\.\d", "decimals: ours compares to six places"),
    (r"\\pm", "plus or minus: ours has both values"),
    (r"\\\{", "sets"),
    (r"matrix", "matrices"),
    (r"\^\\circ|\\circ", "degrees do not count in ours"),
]

GIVEN = ["5", "-5", "0.5", ".5", "1/2", "-1/2", "\\frac{1}{2}", "\\frac12", "\\dfrac{1}{2}", "-\\frac{1}{2}", "\\frac{-1}{2}", "2^{-1}", "\\sqrt{4}", "2", "2.0", "\\sqrt{8}", "2\\sqrt{2}", "2\\sqrt2",
         "\\frac{4}{\\sqrt{2}}", "\\frac{\\sqrt{2}}{2}", "\\frac{1}{\\sqrt{2}}", "x^2+2x+1", "(x+1)^2", "(1+x)(x+1)", "x(x+2)+1", "x^2 + 1", "\\pi", "3.14159", "2\\pi", "\\pi \\cdot 2", "\\frac{\\pi}{6}", "10^3",
         "1000", "1,000", "1{,}000", "1e3", "\\{1,2\\}", "\\{2,1\\}", "1,2", "2,1", "(1,2)", "(2,1)", "[1,2]", "[1,2)", "(1,2]", "(-\\infty,2)", "(-\\infty, 2)", "(-\\infty,2]", "x<2", "x\\le 2", "x=5", "5=x", "y=2x+1",
         "2x-y+1=0", "y-2x=1", "50\\%", "50", "50%", "\\sin(\\pi/6)", "\\sin\\frac{\\pi}{6}", "\\ln e", "1", "\\log_2 8", "3", "5!", "120", "\\binom{5}{2}", "10", "i^2", "-1", "3+4i", "4i+3", "3-4i", "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}",
         "\\begin{bmatrix}1&2\\\\3&4\\end{bmatrix}", "\\begin{pmatrix}1&2\\\\3&5\\end{pmatrix}", "90^\\circ", "90", "90^{\\circ}", "1\\frac{1}{2}", "\\frac{3}{2}", "1.5", "\\sqrt[3]{27}", "\\sqrt[3]{-8}", "-2", "e^{2x}", "e^x\\cdot e^x", "2^{x+1}", "2\\cdot 2^x",
         "|{-3}|", "\\frac{a}{b}+\\frac{c}{d}", "\\frac{ad+bc}{bd}", "a^2-b^2", "(a-b)(a+b)", "\\frac{a^2-b^2}{a-b}", "a+b", "\\infty", "-\\infty", "0", "-0", "0.333333", "\\frac{1}{3}", "0.33", "12\\text{ cm}", "12", "\\$12", "12 cm", "\\text{Monday}", "Monday", "tuesday",
         "\\text{(A)}", "A", "3:4", "\\frac{3}{4}", "5 \\pm \\sqrt{3}", "5+\\sqrt{3}, 5-\\sqrt{3}", "\\text{no solution}", "\\emptyset", "2 \\cdot 3^4", "162", "-3x^3", "-3 x^3", "x_1", "\\cos x", "\\cos(x)", "\\tan 45", "\\frac{x}{2}", "x/2", "0.5x", "\\frac{1}{2}x"]


def rewritten(random, answer):
    """Another spelling of the same answer, or a wrong answer."""
    return random.choice([answer, answer.replace("\\frac", "\\dfrac"), "$%s$" % answer, "\\boxed{%s}" % answer, answer.replace(" ", ""), answer.replace("\\left", "").replace("\\right", ""), answer + ".",
                          re.sub(r"\\frac\{(-?\w+)\}\{(-?\w+)\}", r"\1/\2", answer), re.sub(r"\d", lambda m: str((int(m[0]) + 1) % 10), answer, count=1), "-" + answer, answer.replace("+", "-", 1), answer + "+0", "1\\cdot(%s)" % answer])


def compare(options):
    import math_verify
    logging.disable(logging.CRITICAL)
    random = options.random
    real = sorted({m for text in texts.solutions(options.data) for m in re.findall(r"\\boxed\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}", text)})
    if not real:
        raise Missing("--data is not given")
    pairs = [(a, b) for a in GIVEN for b in GIVEN if random.random() < 0.12 or a == b]
    while len(pairs) < options.count:
        wanted = random.choice(real)
        pairs.append((rewritten(random, wanted) if random.random() < 0.8 else random.choice(real), wanted))
    pairs = pairs[:max(options.count, 1)] if options.count < len(pairs) else pairs
    ours = options.sextant("metric:math_equal", {}, [{"prediction": a, "reference": b} for a, b in pairs])
    read = {}

    def parsed(text):
        if text not in read:
            plain = text if text.startswith("$") else "$%s$" % text
            try:
                read[text] = math_verify.parse(plain, raise_on_error=False, parsing_timeout=3)
            except Exception:
                read[text] = []
        return read[text]

    rows = []
    for (given, wanted), line in zip(pairs, ours):
        gold, answer = parsed(wanted), parsed(given)
        if not gold or not answer:
            rows.append(((given, wanted), line["score"], None, "math-verify reads nothing in one of them"))
            continue
        try:
            theirs = float(math_verify.verify(gold, answer, timeout_seconds=3, raise_on_error=False))
        except Exception:
            rows.append(((given, wanted), line["score"], None, "math-verify fails"))
            continue
        reason = next((why for pattern, why in EXPLAINED if re.search(pattern, given) or re.search(pattern, wanted)), None)
        rows.append(((given, wanted), line["score"], theirs, reason))
    yield "math-verify", rows
