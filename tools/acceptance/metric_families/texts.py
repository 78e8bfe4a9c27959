"""Predictions: real texts of the sets at hand, broken and mixed, and texts made of the signs that extractors look for."""
import csv
import json

FRAGMENTS = [
    " ", "  ", "\n", "\n\n", "\t", ".", ",", ":", ";", "!", "?", "-", "_", "*", "**", "#", "####", "#### 12", "$", "\\$", "%", "\\%", "(", ")", "(A)", "(C", "[", "]", "{", "}", "=", "/", "+",
    "A", "B", "E", "Z", "a", "an", "the", "The", "The answer is", "the answer is ", "So the answer is (B).", "Answer:", "answer is:", "ANSWER IS", "Final Answer: ", "final answer", "the final answer is",
    "答案是", "答案：", "选项", "正确", "yes", "No", "no,", "True", "false", "Yes.", "not", "1", "12", "0.5", "-3", "1,234", "1,234.50", "3.0", "7.00", ".5", "007", "1e5", "1/2", "3/4", "-1/2",
    "\\frac", "\\frac{1}{2}", "\\frac12", "\\frac1{72}", "\\dfrac{3}{4}", "\\tfrac12", "\\sqrt", "\\sqrt3", "\\sqrt{2}", "\\boxed{", "\\boxed{5}", "\\boxed{{x}}", "\\fbox{1}", "\\text{", "\\text{ cm}",
    "\\text{(A)}", "\\textbf{x}", "\\mbox{ inches}", "\\left(", "\\right)", "\\cdot", "\\pi", "\\infty", "inf", "infinity", "x", "y", "k=", "x = ", "j", "i", "^2", "^{\\circ}", "^\\circ", "\\!", "\\\\", "\\ ",
    "and", "dollars", "units", "degrees", "Question:", "\nQuestion: what", "Q:", "A: ", "a:", "\u00a0", "\u3000", "，", "。", "：", "（Ａ）", "Ａ", "É", "ß", "ǅ", "Ⅷ", "²", "٣", "中文", "日本", "🙂",
    "\"", "'", "`", "“", "”", "<answer>", "</answer>", "<think>", "</think>", "\x1c", "\x85", "\u200b", "1. ", "- ", "so ", "is", "are", "$x$", "$\\frac{1}{2}$", "cm", "\\le", "5\\%", "rac", "frac", "sqrt",
    "oxed{", "answer?is", "finalansweris", "Mr. Smith", "U.S.A.", "3:1", "$5", "12 dogs"]


def fragments(random, longest=9):
    return "".join(random.choice(FRAGMENTS) for _ in range(random.randint(0, longest)))


def lines_of(path):
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def solutions(data):
    """Worked solutions of MATH and GSM8K."""
    out = []
    if not data:
        return out
    for path in sorted(data.glob("gsm8k/*.jsonl")) + sorted(data.glob("math500/*.jsonl")):
        for row in lines_of(path):
            out.append(row["answer"] if "####" in row["answer"] else "\\boxed{%s}" % row["answer"])
    for path in sorted(data.glob("MATH/*.jsonl")):
        out += [row["chain_of_thought"] for row in lines_of(path)]
    return [text for text in out if text]


def sentences(data):
    """Ordinary sentences, in English and Chinese."""
    out = []
    if not data:
        return out
    for path in sorted(data.glob("flores200_dataset/**/*")):
        if path.is_file() and path.suffix not in (".md",):
            out += [line for line in path.read_text(encoding="utf-8").splitlines() if line][:400]
    for path in sorted(data.glob("cmmlu/**/*.csv"))[:8]:
        with path.open(encoding="utf-8-sig") as file:
            out += [cell for row in csv.reader(file) for cell in row if len(cell) > 8]
    return out


def changed(random, text):
    """A text with a stretch cut out, doubled, replaced or preceded by a fragment."""
    if not text:
        return fragments(random)
    a, b = sorted(random.randrange(len(text) + 1) for _ in range(2))
    return random.choice([text, text[a:b], text[:a] + text[b:], text[:a] + fragments(random, 3) + text[b:], text + fragments(random, 4),
                          fragments(random, 3) + text])


def mixed(random, real, count):
    """Half of fragments alone, half real ones that were changed."""
    return [changed(random, random.choice(real)) if real and i % 2 else fragments(random) for i in range(count)]
