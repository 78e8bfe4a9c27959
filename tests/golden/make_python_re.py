#!/usr/bin/env python3
"""Writes python_re.json: what Python's re finds and replaces, for the regex of sdk/lib. Made with Python 3.11, whose tables are
Unicode 14 as PCRE2 10.42's are.

    tests/golden/make_python_re.py >tests/golden/python_re.json
"""
import json
import re
import sys

FIND = [  # pattern, flags, text
    (r"a+", "", "caaandaa b"), (r"(\d+)-(\w+)", "", "1-a 22-bb 3-"), (r"x*", "", "axbxx"), (r"", "", "ab"), (r"\b", "", "ab cd"),
    (r"^\w", "m", "ab\ncd\n"), (r"^\w", "", "ab\ncd"), (r"\w$", "m", "ab\ncd\n"), (r"\w$", "", "ab\n"), (r"d\Z", "", "d\nd"), (r"d\Z", "", "d\n"),
    (r"a.c", "", "a\nc abc"), (r"a.c", "s", "a\nc abc"), (r"ABC", "i", "abc aBc"), (r"É", "i", "é É"), (r"a # b\n b", "x", "ab a b"),
    (r"[[]", "", "a[b"), (r"[[:alpha:]]", "", "a]:]"), (r"[]a]", "", "]a["), (r"[^]]", "", "]a["), (r"[\]\[]", "", "[]"),
    (r"a{,2}b", "", "aaab b"), (r"a{2,}", "", "aaab"), (r"a{2", "", "a{2"), (r"x{}", "", "x{}"), (r"(?P<n>a)(?P=n)", "", "aab"), (r"(a)|(b)", "", "ab"),
    (r"\u4e2d|\U0001f642|\x41", "", "\u4e2dA\U0001f642"), (r"\w+", "", "\u4e2d\u6587 \u00e9t\u00e9 _1"), (r"\d", "", "1\u0663\u0967"),
    (r"\s", "", " \t\x1c\x85\u3000\u200b"), (r"[\s,]+", "", "a \x1f,b"), (r"\S+", "", "a\x1cb c"), (r"(?<=a)b", "", "ab cb"), (r"(?<!a)b", "", "ab cb"),
    (r"(?i:a)b", "", "Ab AB"), (r"(?:a|ab)(?:c|bcd)(?:d*)", "", "abcd"), (r"\.", "", "a.b"), (r"(\$?)(\d+)", "", "$5 6"), (r"(\-?[0-9\.\,]+)", "", "-1,000.5 x 3."),
    (r"#### (\-?[0-9\.\,]+)", "", "so\n#### 1,234"), (r"(?i)the answer is \(?([A-D])\)?", "", "The Answer is (B)"), (r"(-?[$0-9.,]{2,})|(-?[0-9]+)", "", "costs $18.00 or 7"),
    (r"\v", "", "\x0b\n\r"), (r"\t\n", "", "\t\n"), (r"\0", "", "\0"), (r"(a*)*", "", "aab"), (r"(?:)*", "", "ab"), (r"(?s:.)", "", "\n"), (r"a++b", "", "aab"),
    (r"(?>a+)b", "", "aab"), (r"\Aa", "", "aa"), (r".", "", "\r\n\x85\u2028"), (r"(a)?b", "", "b ab"), (r"(a)?(?(1)b|c)", "", "ab c"),
]
SUB = [  # pattern, template, text, count
    (r"x*", "-", "abxd", 0), (r"", "-", "ab", 0), (r"(\w+) (\w+)", r"\2 \1", "a b c d", 0), (r"(?P<y>\d+)", r"<\g<y>>", "a1b22", 0),
    (r"(\d)", r"\g<1>0", "a1b2", 0), (r"a", r"\\", "aba", 0), (r"a", r"\n\t", "aba", 1), (r"a", "$1 $$ ${x}", "a", 0), (r"(a)|(b)", r"[\1\2]", "ab", 0),
    (r"\s+", " ", " a  b\n\tc ", 0), (r"\[.*?\]", "", "a [title] b [x]", 0), (r"a", r"\g<0>\g<0>", "bab", 0), (r"(a)", r"\101", "a", 0), (r"(a)", r"\0", "a", 0),
    (r"a", "b", "aaaa", 2), (r"é", "e", "été", 0), (r"(?i)THE ", "", "the cat The dog", 0), (r"b*", "x", "abbc", 2), (r"\Z", "!", "a\n", 0), (r"$", "!", "a\n", 0),
    (r"a", r"\.", "a", 0), (r"(a)", r"\1\1", "a", 0), (r"a|b|", "x", "abc", 0), (r"", "x", "", 0),
]
BAD = [r"(", r"[a", r"a\\"[:-1], r"\q", r"\u12", r"(?P<1>a)", r"a**", r"(?<=a+)b", r"\h", r"[z-a]", r"(*F)", r"(?P>x)", r"\K", r"\Qa\E"]
BAD_SUB = [(r"a", r"\1"), (r"a", r"\g<x>"), (r"a", r"\q"), (r"a", "b\\"), (r"(a)", r"\2"), (r"a", r"\g<"), (r"a", r"\g")]


def matches(pattern, flags, text):
    bits = sum({"i": re.I, "m": re.M, "s": re.S, "x": re.X}[f] for f in flags)
    return [[[len(text[:m.start()].encode()), m.group()], [g for g in m.groups()]] for m in re.finditer(pattern, text, bits)]


def refused(call):
    try:
        call()
    except (re.error, IndexError):
        return True
    return False


assert all(refused(lambda: re.compile(p)) for p in BAD), [p for p in BAD if not refused(lambda: re.compile(p))]
assert all(refused(lambda: re.sub(p, t, "a")) for p, t in BAD_SUB)
json.dump({
    "python": sys.version.split()[0],
    "find": [{"pattern": p, "flags": f, "text": t, "matches": matches(p, f, t)} for p, f, t in FIND],
    "sub": [{"pattern": p, "by": b, "text": t, "count": n, "result": re.sub(p, b, t, count=n)} for p, b, t, n in SUB],
    "bad": BAD, "bad_sub": BAD_SUB}, sys.stdout, ensure_ascii=False)
print()
