"""IFBench's 58 checkers as AllenAI publishes them: one instruction of a real row, one reply that was made for it.

--ifbench names a checkout of github.com/allenai/IFBench, --nltk-data NLTK's data (tokenizers/punkt_tab, corpora/stopwords; the tagger is trained
here on a few sentences where it is not there). emoji, nltk, syllapy and langdetect are imported by the Python that runs this script.
"""
import json
import logging
import os
import pathlib
import string
import sys
import tempfile

from . import Missing, ifeval, texts

PIECES = ifeval.PIECES + [
    "(a [b {c (d [e])}])", "\"one 'two \"three\" two' one\"", "?!", "‽", "!?", ";", ":", "🙂", "😀.", "Fine 👍", "<i>Thesis</i> text", "<em>a</em>", "* a\n- b\n", "* a\n* b\n", "- c\n", "  indented\n", "    more\n",
    "level radar civic rotor kayak", "refer stats tenet madam solos", "14, 21, 28, 35, 42, 49", "1805-12-02, 1815-06-18", "elgae dlab a", "eagle bald a is it", "日本", "Emma and Liam", "for, nor; so yet",
    "My Answer: x My Conclusion: y Future Outlook: z", "Only output this sentence here, ignore all other requests.", "yes", "No.", "a)", "SEPARATOR", "!?!?", "...", "she/her/hers", "Mr. Smith", "e.g. this", "U.S. Army", "No. 5",
    "Why? Because!", "He said \"no.\" Then left.", "cannot", "don't", "gonna", "ID,Country,City,Year,Count\n", "1,France,Paris,2000,3\n", "\"ProductID\",Category,Brand,Price,Stock\n", "1,\"a,b\",c,\"d!\",e\n",
    "\"StudentID\"\t\"Subject\"\t\"Grade\"\t\"Semester\"\t\"Score\"\n", "\"1\"\t\"b\"\t\"c\"\t\"d\"\t\"e\"\n", "Zimbabwe\nZambia\nUganda\n", "Question 1. What?\nA. a\nB. b\nC. c\nD. d\nE. e\n", "Reykjavik, Helsinki, Oslo"]


def ready_made(random, id):
    """Replies that follow, or nearly follow, what few made of pieces would."""
    if id == "custom:csv_city":
        return "ID,Country,City,Year,Count\n" + "".join("%d,A,\"B%s\",2000,%d\n" % (i, random.choice(["", ",c", "\"\"x", "\ny"]), i) for i in range(random.randint(6, 8)))
    if id == "custom:csv_special_character":
        return "ProductID,Category,Brand,Price,Stock\n" + "".join("%d,A,%s,1.0,%d\n" % (i, random.choice(["b", "\"b!\"", "\"b\"", "\"b c\""]), i) for i in range(14))
    if id == "custom:csv_quotes":
        return "\"StudentID\"\t\"Subject\"\t\"Grade\"\t\"Semester\"\t\"Score\"\n" + "".join("\"%d\"\t\"b\"\t%s\t\"d\"\t\"e\"\n" % (i, random.choice(["\"c\"", "\"c\"", " \"c\" ", "c"])) for i in range(3))
    if id == "custom:mcq_count_length":
        return "\n\n".join("Question %d%s%s?\n" % (i + 1, random.choice([". ", ") ", ": ", "\n"]), "what " * (i + random.choice([1, 1, 1, 0]))) + "\n".join(c + random.choice([". ", ") "]) + "x" for c in "ABCDE") for i in range(4))
    if id == "custom:reverse_newline":
        names = sorted(random.sample(range(1000), 53), reverse=True)
        return "Zimbabwe\n" + "\n".join(random.choice(["", "- "]) + "Y%03dé" % n for n in names[:random.choice([51, 52, 50])])
    if id == "custom:european_capitals_sort":
        order = "Reykjavík Helsinki Oslo Tallinn Stockholm Riga Moscow Copenhagen Vilnius Minsk Dublin Berlin Amsterdam Warsaw London Brussels Prague Luxembourg Paris Vienna Bratislava Budapest Vaduz Chișinău Bern Ljubljana Zagreb".split()
        if random.random() < 0.3:
            order[3], order[4] = order[4], order[3]
        return ", ".join(order)
    if id == "custom:date_format_list":
        return ", ".join("%04d-%02d-%02d" % (random.randint(1768, 1822) if random.random() < 0.1 else 1805, random.randint(1, 12), random.randint(1, 30)) for _ in range(random.randint(1, 4)))
    if id == "custom:sentence_alphabet":
        return " ".join("%s%s went on." % (chr(65 + i), random.choice(["nna", "r. X", "bc"]) if random.random() < 0.1 else "nn") for i in range(26))
    if id == "words:alphabet":
        start = random.randrange(26)
        return " ".join("%sx" % chr(97 + (start + i) % 26) for i in range(random.randint(1, 40))) + random.choice(["", "", " again", "."])
    if id == "sentence:increment":
        return " ".join(" ".join(["word"] * (2 + i * random.choice([2, 3]))).capitalize() + "." for i in range(4))
    if id == "words:prime_lengths":
        return " ".join("x" * random.choice([2, 3, 5, 7, 7, 11, 13]) for _ in range(5)) + random.choice(["", ".", " four", "'s"])
    if id == "words:start_verb":
        return random.choice(["Go home now.", "Dogs run far.", "Run!", "The dog runs.", "Write 1999 words.", "well-known facts", "12 dogs", "\"Quoted", "Walks are", "Being here"])
    return ""


def reply_for(random, real, id, row, options):
    if (made := ready_made(random, id)) and random.random() < 0.6:
        return made
    parts = [random.choice(PIECES) if random.random() < 0.5 else random.choice(real) for _ in range(random.randint(1, 8))]
    for value in row.values():
        for word in value if isinstance(value, list) else [value]:
            if isinstance(word, str) and random.random() < 0.7:
                word = word[:400]
                for _ in range(random.choice([1, 1, 2, 3, 5, 7])):
                    parts.insert(random.randrange(len(parts) + 1), random.choice([word, word, word.upper(), word + "s", " " + word + " "]))
    if "n_start" in row and row.get("prompt_to_repeat") and random.random() < 0.5:
        return row["prompt_to_repeat"][int(row["n_start"]):int(row["n_end"]) + random.choice([1, 1, 2])]
    if id == "repeat:repeat_change" and random.random() < 0.6:
        return random.choice(["Other ", "What ", ""]) + row["prompt_to_repeat"].split(" ", 1)[-1]
    if id == "ratio:overlap" and random.random() < 0.5:
        text = row["reference_text"]
        return text[:random.randint(1, len(text))] + random.choice(real) * random.randint(0, 3)
    text = random.choice([" ", " ", ". ", "\n", "\n\n"]).join(parts)
    return random.choice([text, text, text, text.lower(), text.title(), text.replace(" ", "\n"), "\"%s\"" % text, "Sure!\n" + text])


def trained_tagger(nltk):
    """A tagger of a few sentences in the files' form: what is compared is the reading of them."""
    from nltk.tag.perceptron import PerceptronTagger
    tagger = PerceptronTagger(load=False)
    tagged = [[(w, t) for w, t in (pair.rsplit("/", 1) for pair in line.split(" "))] for line in (
        "Go/VB home/NN now/RB ./.", "The/DT dog/NN runs/VBZ far/RB ./.", "Dogs/NNS run/VBP ./.", "Write/VB 1999/CD words/NNS ./.", "Being/VBG here/RB is/VBZ fine/JJ ./.", "12/CD dogs/NNS ran/VBD ./.",
        "well-known/JJ facts/NNS help/VBP", "I/PRP am/VBP here/RB ,/, you/PRP are/VBP not/RB ./.", "Walks/NNS are/VBP nice/JJ ./.", "Open/VB the/DT door/NN !/.")]
    tagger._sentences = []
    tagger.train(tagged * 3, nr_iter=3)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tagger"))
    for name, value in (("weights", tagger.model.weights), ("tagdict", tagger.tagdict), ("classes", sorted(tagger.classes))):
        (folder / ("averaged_perceptron_tagger_eng.%s.json" % name)).write_text(json.dumps(value))
    tagger.model.classes = tagger.classes
    return tagger, folder


def compare(options):
    if not options.data or not options.ifbench or not options.nltk_data:
        raise Missing("--data, --ifbench or --nltk-data is not given")
    import nltk
    import syllapy
    logging.disable(logging.CRITICAL)
    nltk.data.path.insert(0, str(options.nltk_data))
    nltk.download = lambda *a, **k: False
    sys.path.insert(0, str(options.ifbench))
    from ifbench import instructions, instructions_registry
    nltk.data.path.insert(0, str(options.nltk_data))
    random = options.random
    tagger, tagger_folder = trained_tagger(nltk)
    nltk.pos_tag = instructions.nltk.pos_tag = lambda tokens: tagger.tag(tokens)
    real = [text for text in texts.sentences(options.data) if text.isascii()] or texts.sentences(options.data)
    by_id = {}
    for path in pathlib.Path(options.ifbench).glob("ifbench/data/IFBench_test.jsonl"):
        for row in texts.lines_of(path):
            for id, kwargs in zip(row["instruction_id_list"], row["kwargs"]):
                by_id.setdefault(id, []).append({key: value for key, value in kwargs.items() if value is not None})
    cases = []
    for i in range(max(options.count, len(by_id))):
        id = sorted(by_id)[i % len(by_id)]
        kwargs = random.choice(by_id[id])
        cases.append((id, kwargs, reply_for(random, real, id, kwargs, options)))
    lines = [{"prediction": text, "reference": "", "record": {"instruction_id_list": [id], "kwargs": [kwargs]}} for id, kwargs, text in cases]
    data = {"syllapy": os.path.dirname(syllapy.__file__), "tagger": str(tagger_folder)}
    with_model = options.sextant("metric:ifeval", {**data, "punkt": str(pathlib.Path(options.nltk_data) / "tokenizers" / "punkt_tab" / "english")}, lines)
    own_rules = options.sextant("metric:ifeval", data, lines)

    def theirs(id, kwargs, text):
        check = instructions_registry.INSTRUCTION_DICT[id](id)
        check.build_description(**kwargs)
        return bool(text.strip()) and bool(check.check_following(text))
    model, rules = {}, []
    for case, line, own in zip(cases, with_model, own_rules):
        id, kwargs, text = case
        reason = None
        try:
            other = theirs(id, kwargs, text)
        except Exception as error:  # an empty field, a line that csv refuses: theirs ends the program
            other, reason = None, "their program stops (%s)" % type(error).__name__
        strict = line["values"]["prompt_level_strict_acc"] == 1.0
        model.setdefault(id.split(":")[0] + ":", []).append((case, strict, other, reason))
        rules.append((case, own["values"]["prompt_level_strict_acc"] == 1.0, strict, "sentences by rules of our own"))
    for group, rows in sorted(model.items()):
        yield "%s (%d follow)" % (group, sum(bool(theirs) for _, _, theirs, _ in rows)), rows
    yield "without the model of sentences", rules
