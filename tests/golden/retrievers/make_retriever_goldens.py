#!/usr/bin/env python3
"""Writes texts.json, tokens.json, argsort.json and opencompass.json: the rows that OpenCompass' own retrievers choose.

Needs: pip install 'numpy==1.26.4' rank_bm25==0.2.2 nltk faiss-cpu==1.8.0.post1 scikit-learn==1.5.2 tqdm
       pip download --no-deps opencompass==0.5.4, unpacked. Usage: make_retriever_goldens.py FOLDER_OF_THE_PACKAGE

What is not as published, because it cannot be had or does not run:
- embeddings and the losses of MDL's language model are hashes of row numbers (vector(), loss()); the C++ test has it too;
- word_tokenize gets preserve_line=True: cutting a text into sentences first needs Punkt's trained data;
- DPPRetriever indexes a Python list with an array, which is a TypeError; its fast_map_dpp is made to return an array;
- VotekRetriever fills a list with random.sample without a seed; only how many rows came before the filling is kept ("chosen");
- numpy may sort with AVX-512, which leaves ties in an order of its own; here it sorts as numpy < 1.25 and other processors do.
"""
import json
import os
import pathlib
import random
import sys

os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL")
import numpy  # noqa: E402

import opencompass_stubs  # noqa: E402

HERE = pathlib.Path(__file__).parent
CORPUS_ROWS, QUERY_ROWS = 240, 220
WIDTH = 16
U64 = (1 << 64) - 1


# ---- numbers that C++ computes alike: splitmix64

def mixed(x):
    x = (x + 0x9E3779B97F4A7C15) & U64
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & U64
    x = (x ^ x >> 27) * 0x94D049BB133111EB & U64
    return x ^ x >> 31


def vector(kind, which, row):
    """kind 0: 24 random bits an element. 1: whole numbers from -2 to 2, whose inner products are exact and often equal."""
    bits = [mixed(((kind * 2 + which) * 100_000 + row) * 1000 + i) >> 40 for i in range(WIDTH)]
    return numpy.array([b / 2**23 - 1 if kind == 0 else b % 5 - 2 for b in bits], dtype=numpy.float32)


def loss(query, rows, label):
    h = mixed(query)
    for row in rows + [label]:
        h = mixed(h ^ row)
    return (h >> 44) / 2**18


# ---- texts: a small grammar of our own

ENGLISH = [
    "Why does the {animal} {verb} near the {place}?", "How many {thing}s can a {animal} carry to the {place} in {n} days?",
    "The {animal} didn't {verb}; it can't find its {thing}.", "\"{name}\", said the {animal}, \"where's my {thing}?\"",
    "{name}'s {thing} costs ${n}.50 -- who'll pay for it?", "Which {thing} (of {n}) is heavier than a {animal}?",
    "I'm gonna {verb} at the {place}, {name}...", "What would {name} do with {n},000 {thing}s & a {animal}?",
    "Is it true that {animal}s {verb}: yes or no?", "It's {n}% sure: the {animal}s' {thing} is in the {place}.",
]
CHINESE = [
    "{name_zh}在{place_zh}看见了几只{animal_zh}？", "为什么{animal_zh}喜欢{place_zh}， 而不是{thing_zh}？", "{n}个{thing_zh}一共多少钱? 请回答。",
    "下列关于“{animal_zh}”的说法, 正确的是( )", "{place_zh} 的 {animal_zh} 有 {n} 种",
]
WORDS = {
    "animal": "heron badger ox tortoise swallow goat mole crab".split(), "verb": "sleep sing dig wait hide jump".split(),
    "place": "river mill harbour bridge orchard station".split(), "thing": "lantern rope barrel ladder kettle".split(),
    "name": "Mira Tomas Anouk Jebe".split(), "n": "2 3 7 12 40 85".split(),
    "animal_zh": "白鹭 乌龟 山羊 螃蟹 燕子".split(), "place_zh": "河边 磨坊 港口 果园".split(), "thing_zh": "灯笼 绳子 水壶 梯子".split(),
    "name_zh": "小林 阿米 老周".split(),
}
TOPICS = ["nature", "trade", "地理", "everyday life", ""]


def rows_of(rng, count, seen):
    rows = []
    while len(rows) < count:
        text = rng.choice(ENGLISH if rng.random() < 0.7 else CHINESE)
        for slot, words in WORDS.items():
            text = text.replace("{" + slot + "}", rng.choice(words))
        row = {"topic": rng.choice(TOPICS), "question": text}
        key = row["topic"] + " " + text
        if key not in seen:
            seen.add(key)
            rows.append(row)
    return rows


def nasty_texts(rng):
    """Strings that meet every rule of the tokenizer, and each other."""
    parts = ["'", "''", '"', "`", "``", "...", "..", ".", ":", ",", ";", "$", "&", "(", ")", "[", "]", "{", "}", "<", ">", "--",
             "-", "—", "?", "!", "*", "%", " ", "  ", "\n", "\t", "“", "”", "‘", "’", "«", "»", "„", "cannot", "Can", "not",
             "d'ye", "gimme", "gonna", "gotta", "lemme", "more'n", "wanna", "'tis", "'Twas", "n't", "'ll", "'RE", "'ve", "'s",
             "'S", "'d", "'em", "'n", "a", "word", "U.S.", "3", "3.5", "1,000", "中", "问题", "。", "，", "é", "ß", "_", "\u3000",
             "\u00a0", "x'", "'90s", "don't", "٣", "½", "e\u0301", "ſ", "Ⅷ", "''s"]
    out = ["".join(rng.choice(parts) + rng.choice(["", "", " "]) for _ in range(rng.randint(1, 14))) for _ in range(400)]
    return out + ["", " ", "a.", "a. \n", "end.) \"", "The ferry left at 6.30.\nNobody was on it, I'm told.  \n"]


# ---- OpenCompass' classes

class Template:
    """MDL only passes through what this makes: the row numbers, readable for loss()."""
    prompt_type, ice_token = "plain", "</E>"

    def generate_ice_item(self, entry, label):
        return f"#{entry['number']} "

    def generate_label_prompt_item(self, entry, ice, label, remain_sep=False):
        return f"{ice}|{entry['number']}|{label}"


def losses_of(prompts, mask_length=None):
    found = []
    for prompt in prompts:
        ice, query, label = prompt.split("|")
        found.append(loss(int(query), [int(n) for n in ice.replace("#", " ").split()], int(label)))
    return numpy.array(found)


class Rows(list):
    """Lists of rows with Dataset's way of giving a column."""


def main(package):
    opencompass_stubs.install(package)
    import nltk
    import nltk.tokenize
    tokenize = nltk.tokenize.word_tokenize
    nltk.tokenize.word_tokenize = lambda text: tokenize(text, preserve_line=True)
    from opencompass.openicl import icl_retriever as theirs
    from opencompass.openicl.icl_dataset_reader import DatasetReader
    from opencompass.openicl.icl_retriever import icl_dpp_retriever, icl_votek_retriever
    greedy = icl_dpp_retriever.fast_map_dpp
    icl_dpp_retriever.fast_map_dpp = lambda kernel, count: numpy.array(greedy(kernel, count))
    theirs.MDLRetriever.cal_ce = lambda self, texts, mask_length=None: losses_of(texts, mask_length)

    rng = random.Random(14)
    seen = set()
    corpus, queries = rows_of(rng, CORPUS_ROWS, seen), rows_of(rng, QUERY_ROWS, seen)
    write("texts.json", {"corpus": corpus, "queries": queries})
    nasty = nasty_texts(rng)
    numbers = lambda count, kinds, dtype: numpy.array([mixed(i) % kinds for i in range(count)], dtype=dtype)  # noqa: E731
    write("argsort.json", [[count, kinds, numpy.argsort(numbers(count, kinds, dtype)).tolist()]
                           for count in (1, 16, 17, 18, 33, 100, 700) for kinds, dtype in ((1, "f8"), (4, "f8"), (5, "f4"))])
    write("tokens.json", [[text, " ".join(tokenize(text, preserve_line=True))] for text in nasty])

    reader = DatasetReader.__new__(DatasetReader)
    reader.input_columns, reader.output_column = ["topic", "question"], "answer"

    def dataset(train, test, kind=0):
        made = opencompass_stubs.types.SimpleNamespace(reader=reader)
        made.train = Rows(dict(row, number=i, answer="") for i, row in enumerate(train))
        made.test = Rows(dict(row, number=i, answer="") for i, row in enumerate(test))
        vectors = opencompass_stubs.SentenceTransformer.vectors
        vectors.clear()
        for which, rows in ((1, made.test), (0, made.train)):
            for text, i in zip(reader.generate_input_field_corpus(rows), range(len(rows))):
                vectors[text] = vector(kind, which, i)
        return made

    plain, ties, itself = (corpus, queries), (corpus, queries, 1), (corpus, corpus[:QUERY_ROWS])
    cases = []

    def case(name, cls, data, config, **more):
        names = {id(plain): "plain", id(ties): "ties", id(itself): "itself"}
        retriever = getattr(theirs, cls)(dataset(*data), **config, **more)
        rows = retriever.retrieve()
        assert len(rows) == QUERY_ROWS
        cases.append({"id": name, "data": names[id(data)], "config": config, "rows": rows})

    case("random", "RandomRetriever", plain, {"ice_num": 5})
    case("random", "RandomRetriever", plain, {"ice_num": 3, "seed": 7})
    case("random", "RandomRetriever", plain, {"ice_num": 3, "seed": 4294967295})
    case("bm25", "BM25Retriever", plain, {"ice_num": 5})
    case("bm25", "BM25Retriever", itself, {"ice_num": 3})
    case("bm25", "BM25Retriever", plain, {"ice_num": 40})
    case("topk", "TopkRetriever", plain, {"ice_num": 8})
    case("topk", "TopkRetriever", ties, {"ice_num": 8})
    case("topk", "TopkRetriever", itself, {"ice_num": 1})
    case("mdl", "MDLRetriever", plain, {"ice_num": 4, "candidate_num": 12, "select_time": 6, "seed": 5},
         ice_template=Template(), labels=[0, 1, 2])
    case("mdl", "MDLRetriever", ties, {"ice_num": 3, "candidate_num": 30}, ice_template=Template(), labels=[0, 1])
    case("dpp", "DPPRetriever", plain, {"ice_num": 5, "candidate_num": 24})
    case("dpp", "DPPRetriever", itself, {"ice_num": 3, "candidate_num": 40, "scale_factor": 0.3})
    case("sliding_window", "SlidingWindowRetriever", plain, {"k": 5})
    case("sliding_window", "SlidingWindowRetriever", itself, {"k": 9})
    for ice_num, votek_k in ((6, 3), (4, 12), (60, 8)):
        filled = []

        def sample(rows, count):
            filled.append(count)
            return rows[:count]
        icl_votek_retriever.random.sample = sample
        case("votek", "VotekRetriever", plain, {"ice_num": ice_num, "votek_k": votek_k})
        assert all(rows == cases[-1]["rows"][0] for rows in cases[-1]["rows"])
        chosen = ice_num - sum(filled)
        cases[-1].update(rows=[cases[-1]["rows"][0][:chosen]], chosen=chosen)
    versions = {"numpy": numpy.__version__, "nltk": nltk.__version__, "faiss": __import__("faiss").__version__,
                "sklearn": __import__("sklearn").__version__, "opencompass": "0.5.4", "rank_bm25": "0.2.2"}
    write("opencompass.json", {"versions": versions, "cases": cases})


def write(name, value):
    """One line a query: a difference is then seen in a diff."""
    compact = lambda v: json.dumps(v, ensure_ascii=False, separators=(",", ":"))  # noqa: E731
    if name == "opencompass.json":
        parts = []
        for case in value["cases"]:
            head = compact({k: v for k, v in case.items() if k != "rows"})[:-1]
            parts.append(head + ',"rows":[\n' + ",\n".join(compact(rows) for rows in case["rows"]) + "]}")
        text = '{"versions":' + compact(value["versions"]) + ',"cases":[\n' + ",\n".join(parts) + "]}\n"
    elif isinstance(value, list):
        text = "[\n" + ",\n".join(compact(item) for item in value) + "]\n"
    else:
        lists = (compact(key) + ":[\n" + ",\n".join(compact(row) for row in rows) + "]" for key, rows in value.items())
        text = "{" + ",\n".join(lists) + "}\n"
    (HERE / name).write_text(text, encoding="utf-8")


main(sys.argv[1])
