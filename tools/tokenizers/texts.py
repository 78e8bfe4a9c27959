"""Texts that tokenizers trip over: lines of real benchmark data, and texts made here. The same for every run."""

import os
import random
import unicodedata

FILES = (".csv", ".json", ".jsonl", ".txt", ".jinja", ".md", ".dev", ".devtest")
RANGES = [
    range(0x20, 0x7F),
    range(0xA0, 0x250),
    range(0x300, 0x370),
    range(0x4E00, 0x9FFF),
    range(0x1F300, 0x1F650),
    range(0x600, 0x700),
    range(0x590, 0x600),
    range(0xAC00, 0xD7A4),
    range(0x1100, 0x1200),
    range(0x2000, 0x2070),
    range(0x900, 0x980),
    range(0xE00, 0xE80),
    range(0x660, 0x66A),
    range(0x2150, 0x2190),
    range(0x20000, 0x20100),
    range(0x370, 0x500),
    range(0x3040, 0x3100),
    range(0xFF00, 0xFFF0),
    range(0x2460, 0x2500),
    range(0xFB00, 0xFB10),
    [9, 10, 13, 32, 32, 32, 0x3000, 0x85, 0x180E, 0x200B, 0xFEFF, 0, 4, 0x7F, 0x2028, 0x2581, 0x130, 0x1E9E],
]
PARTS = [
    "don't I'LL we've they'Re",
    "123 4567 8.9",
    "0xDEADBEEF 1,234,567.89",
    " \n\n  x",
    "\t\tif (a != b) {\r\n",
    "   ",
    "\n\n\n",
    "def f(x):\n    return x ** 2\n",
    "for (int i = 0; i < n; ++i) a[i] += 1;\n",
    "👩‍👩‍👧‍👦",
    "🇨🇳🇺🇸",
    "👍🏽",
    "e\u0301",
    "é",
    "A\u030a\u0323",
    "第12题",
    "①②",
    "…——",
    "\u05e9\u05dc\u05d5\u05dd",
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0643",
    "한국어",
    "ﬁﬂ",
    "ｆｕｌｌ　ｗｉｄｔｈ",
    "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35",
    "नमस्ते",
    "½ ² ³",
    "\u0000",
    "a\u0000b",
    "http://x.y/z?q=1&r=%20",
    "C:\\dir\\file.txt",
    "\u2581",
    "\u2581a",
    "<0x0A>",
    "<unk>",
    "Straße İstanbul",
    "ǅ ǈ",
    "\ufffd",
    "a\ufffd\ufffdb",
    "\u061d",
    "Hello, world!",
    "答案：",
    "（A）",
]


def lines_of_data(folder, count, rng):
    """Lines of every file, so that every data set and language has its share; whole ones, of up to 4,000 characters."""
    found = []
    for path, folders, files in sorted(os.walk(folder)):
        folders.sort()
        if "goldens" in path:
            continue
        for name in sorted(files):
            if not name.endswith(FILES):
                continue
            try:
                with open(os.path.join(path, name), encoding="utf-8", newline="") as file:
                    lines = [line for line in file.read().split("\n") if line.strip() and len(line) < 4000]
            except UnicodeDecodeError:
                continue
            found += rng.sample(lines, min(60, len(lines)))
    return rng.sample(found, min(count, len(found)))


def made(count, rng, specials):
    """Random mixtures of scripts, blanks, code and special tokens, none of it later than Unicode 14."""
    parts = PARTS + [left + token + right for token in specials for left, right in (("", ""), (" ", ""), ("", " "), ("x", "y"))]
    texts = ["", " ", "  ", "\n", "a", "a" * 300, "中" * 150, " " * 300, "=-" * 150, "ab " * 100, *parts]
    while len(texts) < count:
        text = ""
        for _ in range(rng.choice([1, 3, 8, 20])):
            text += "".join(chr(rng.choice(rng.choice(RANGES))) for _ in range(rng.randint(0, 5)))
            text += rng.choice(parts) if rng.random() < 0.4 else ""
            text += " " * rng.choice([0, 0, 1, 1, 2, 5])
        texts.append("".join(c for c in text if unicodedata.category(c) not in ("Cn", "Cs")))
    return texts


def texts(data, specials, count=10_500, seed=20240521):
    rng = random.Random(seed)
    lines = lines_of_data(data, count - 3_000, rng)
    return lines + made(count - len(lines), rng, specials)
