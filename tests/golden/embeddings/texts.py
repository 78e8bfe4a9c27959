"""The 200 texts whose embeddings are compared: sentences in several languages and scripts, code, emoji, white space, nothing at
all, tokens' names, and texts longer than a model takes. Made by rules, so that they are the same wherever this runs.

    python3 tests/golden/embeddings/texts.py > tests/golden/embeddings/texts.json
"""
import json
import random

SENTENCES = [
    "The ferry to the island leaves at six in the morning.", "A judge may not rule in her own case.",
    "Water boils at a lower temperature on a mountain.", "Who painted the ceiling, and how long did it take?",
    "Prices rose by 3.7% in 2023, after 8.1% the year before.", "She said: \"I won't; I can't!\" and left.",
    "Der Zug nach Köln fährt heute von Gleis 7 ab.", "Übermäßiger Lärm stört die Brutvögel im Röhricht.",
    "Le café ferme à dix-huit heures, même en été.", "L'été dernier, nous avons traversé les Pyrénées à vélo.",
    "El niño comió piñas y mañana volverá al río.", "¿Dónde está la biblioteca más antigua de la ciudad?",
    "Il treno è in ritardo perché c'è sciopero.", "O avião já pousou; não há mais voos hoje à noite.",
    "Żółta łódź płynie wzdłuż brzegu rzeki.", "Příliš žluťoučký kůň úpěl ďábelské ódy.",
    "Tänään sataa, mutta huomenna paistaa aurinko.", "Bugün hava İstanbul'da çok güzel.",
    "Завтра библиотека будет закрыта до полудня.", "Київ — столиця України.",
    "Η θάλασσα ήταν ήρεμη το πρωί.", "המים במעיין צלולים וקרים.", "القطار الأخير يغادر عند منتصف الليل.",
    "दुकान शाम को सात बजे बंद होती है।", "বৃষ্টি থামার পর রোদ উঠল।", "ร้านอาหารนี้ปิดวันจันทร์", "Trời hôm nay rất đẹp và mát mẻ.",
    "今天的会议改到下午三点。", "昨日は電車が一時間も遅れました。", "カタカナとひらがなと漢字が混ざった文。", "오늘은 날씨가 맑고 바람이 붑니다.",
    "ქართული ანბანი ლამაზია.", "Հայերենը հին լեզու է։",
]
ODD = [
    "", " ", "\n", "\t\t \n", "a", "A", "é", "e\u0301", "!", "...", "?!?!", "0", "007", "1,234,567.89", "-40 °C = -40 °F", "½ + ¼ = ¾", "x² + y² = z²",
    "🙂", "👩‍👩‍👧‍👦", "🇩🇪🇫🇷", "I ❤️ NY 🗽", "👍🏽👍🏿", "\u200b", "zero\u200bwidth\u200djoiner", "\ufeffa mark at the start", "soft\u00adhyphen",
    "no\u00a0break\u2003space", "line one\nline two\r\nline three", "trailing blanks   ", "   leading blanks", "tab\tseparated\tcells",
    "[CLS]", "[SEP]", "two [SEP] in [SEP] one", "[MASK] is a token, [mask] is none", "[UNK][PAD]", "<s> and </s>", "<|endoftext|>",
    "ALL CAPITALS ARE LOUD", "MiXeD cAsE", "İI ıi ẞß ſ", "ﬁ ligature, Å and Å", "ＦＵＬＬ　ＷＩＤＴＨ　１２３", "𝒮𝒸𝓇𝒾𝓅𝓉 𝟙𝟚𝟛", "ab" * 60, "a" * 250,
    "hyphen-ated, under_scored, and/or slashed", "user@example.org", "https://example.org/a?b=c&d=%20#e", "C:\\Temp\\new.txt", "\u0001\u0002\u0007 control",
    "combining: Z\u0351\u036b\u0343\u036a\u0302a\u036b\u033d\u034fl\u034eg\u0335o", "\U0001f600\ufe0e", "\u2028line separator\u2029", "\ufffd", "𠜎𠜱𠝹", "ꙮ", "ﷺ",
]
CODE = [
    "def mean(xs):\n    return sum(xs) / len(xs)\n", "for (int i = 0; i < n; ++i) total += weights[i] * x[i];",
    "SELECT name, COUNT(*) FROM visits WHERE day >= '2024-01-01' GROUP BY name;", "{\"key\": [1, 2.5e-3, null, true]}",
    "<p class=\"note\">Hello &amp; goodbye</p>", "$ grep -rn 'TODO' src | sort | uniq -c", "\\frac{\\partial L}{\\partial w} = \\sum_i x_i",
    "let f = |x: &str| -> usize { x.len() };", "#include <vector>\nint main() { return 0; }", "λx. x x",
]
WORDS = ("river stone window garden engine bridge winter paper signal music market forest number letter harbour silver teacher "
         "question machine weather history pattern measure kitchen travel science").split()


def texts():
    random.seed(14)
    result = SENTENCES + ODD + CODE
    while len(result) < 192:  # sentences of words, ever longer
        count = 3 + len(result) % 40
        words = [random.choice(WORDS) for _ in range(count)]
        result.append(" ".join(words).capitalize() + random.choice([".", "!", "?", ""]))
    for count in (120, 250, 254, 255, 400, 900):  # around and beyond the tokens that a model takes
        result.append(" ".join(random.choice(WORDS) for _ in range(count)))
    result.append("".join(SENTENCES) * 3)
    result.append("日本語の長い文章。" * 200)
    assert len(result) == 200
    return result


if __name__ == "__main__":
    print(json.dumps(texts(), ensure_ascii=True, indent=0))
