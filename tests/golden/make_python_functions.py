#!/usr/bin/env python3
"""python_functions.json: what CPython gives for functions over rows, and which modules are refused: make_python_functions.py > python_functions.json

A case: a module, a function in it, its use, its arguments, and what Python returns ("rows" of a data set: filter and map one by one, as the
library datasets does). A refused one has a part of the message instead. Needs numpy and scikit-learn.
"""
import json
import re  # noqa: F401: modules use it

MODULES = {
    "filters": '''
from functools import partial
CATEGORIES = ["STEM", "Social Sciences"]
def process_docs(dataset, category):
    return dataset.filter(lambda x: x["category"] == category)
process_functions = {f"process_{c.lower().replace(' ', '_')}": partial(process_docs, category=c) for c in CATEGORIES}
globals().update(process_functions)
def prefixed(dataset, subtask) -> "Dataset":
    return dataset.filter(lambda example: example["category"] == f"So{subtask}")
process_social = partial(prefixed, subtask="cial Sciences")
def make(value):
    """A factory."""
    def keep(dataset):
        return dataset.filter(lambda doc, want=value: doc["category"] == want)
    return keep
by_factory = make(CATEGORIES[0])
def _register():
    for n in (1, 2):
        globals()[f"at_least_{n}"] = partial(longer, n=n)
def longer(dataset, n):
    def enough(row):
        if row["options"] is None or len(row["options"]) < n:
            return False
        return row["category"] not in ["x", None]
    return dataset.filter(enough)
_register()
''',
    "maps": '''
import re
def preprocess(text):
    text = text.strip()
    text = text.replace(" [title]", ". ")
    text = re.sub("\\[.*?\\]", "", text)
    return text.replace("  ", " ")
def process_docs(dataset):
    def _process_doc(doc):
        options = [doc["a"], doc["b"], doc.get("c")]
        choices = [preprocess(o) for o in options if o]
        letters = ["A", "B", "C"]
        if doc.get("e", None):
            letters.append("E")
            choices.append(doc["e"])
        query = "Q: " + preprocess(doc["q"]) + "\\n"
        for i, (letter, choice) in enumerate(zip(letters, choices)):
            query += f"{i + 1}. {letter!r:>5} {choice}\\n"
        return {"query": query, "choices": choices, "gold": letters.index(doc["answer"].upper()), "q": doc["q"].capitalize()}
    return dataset.map(_process_doc)
def kept(dataset):
    def change(doc):
        doc["n"] = int(doc["answer"] == "b") + len(doc["q"])
        return doc
    return dataset.filter(lambda d: d["c"] is not None).map(change, remove_columns=["a"]).rename_column("b", "second").remove_columns("e")
''',
    "texts": '''
from functools import partial
import string
LETTERS = string.ascii_uppercase
WORDS = {"cause": "because", "effect": "therefore"}
def doc_to_text(doc, connector, dot="."):
    conn = connector[doc["question"]]
    return doc["premise"].strip().rstrip(dot) + f" {conn}"
as_partial = partial(doc_to_text, connector=WORDS)
def index(doc):
    return {"1": 0, "2": 1}[doc["n"]]
def parts(doc):
    at = doc["premise"].index("_")
    return [doc["premise"][:at] + option for option in [doc["x"], doc["y"]]]
def lines(doc, limit=3):
    out = ""
    i = 0
    while i < limit:
        i += 1
        if i == 2:
            continue
        out += "{}) {:.2f} {:>4}|".format(LETTERS[i - 1], i / 3, doc["x"])
        if i > 5:
            break
    return out + "%s %d" % (doc["y"], -7 // 2) + str([1, 2.5, None, True, "it's"]) + repr((1,)) + str({"k": "v"})
def found(doc):
    match = re.search(r"(\\d+)\\s*(?P<u>kg)?", doc["y"])
    return [match.group(1) if match else None, re.findall(r"[a-z]+", doc["x"]), re.split(r"\\W+", doc["premise"]), sorted(set("banana")), max(3, 7), sum([1, 2]), any([0, 1])]
import re
def unpack(doc):
    first, *rest = [1, 2, 3]
    return first
def nested(doc):
    return {k: [v, *[1, 2]] for k, v in sorted(doc.items()) if isinstance(v, str) and k != "n" or k in {"zz"}}
def literal(doc):
    """Texts
    over lines, and 'quotes'."""
    return "a\\tb\\u00e9" r"\\d" + \'\'\'x
y\'\'\'
def samples():
    return [{"q": "1", "a": ["b"]}, {"q": LETTERS[2], "a": []}]
''',
    "scores": '''
import numpy as np
import sklearn.metrics
from sklearn.metrics import f1_score, precision_score, recall_score
def pairs(doc):
    return doc["pairs"]
def weighted(doc):
    golds, preds = list(zip(*pairs(doc), strict=True))
    return f1_score(golds, preds, average="weighted")
def others(doc):
    preds, golds = zip(*pairs(doc))
    macro = sklearn.metrics.f1_score(np.array(golds), np.array(preds), average="macro")
    return [macro, precision_score(golds, preds, average="micro"), recall_score(y_true=golds, y_pred=preds, average="macro"),
            float(sklearn.metrics.matthews_corrcoef(golds, preds)), sklearn.metrics.accuracy_score(golds, preds), float(np.mean(golds))]
def classes(doc):
    golds, preds = zip(*pairs(doc))
    a, b = precision_score(golds, preds, labels=[0, 2], average=None)
    each = f1_score(golds, preds, average=None)
    binary = f1_score([g == 1 for g in golds], [p == 1 for p in preds])
    return [float(a), float(b), float(each[0]), len(each), binary]
def each_alone(doc):
    golds, preds = zip(*pairs(doc))
    golds, preds = np.array(golds), np.asarray(preds)
    of = [f1_score(y_true=golds == k, y_pred=preds == k) for k in (0, 1, 2)]
    return [float(np.mean(of)), [bool(b) for b in golds != preds], [bool(b) for b in 1 <= golds]]
''',
    "bad": '''
import numpy as np
import random
def method(doc):
    return doc["x"].encode("utf-8")
def unknown(doc):
    return np.zeros(1)
def shared(doc):
    options = doc["options"]
    options.append("none of these")
    return options
def own(doc):
    doc["x"] = 1
    return doc
def nothing(doc):
    try:
        return doc["x"]
    except KeyError:
        return None
def name(doc):
    return where_is_it
def shuffled(dataset):
    return dataset.shuffle(seed=1)
def listed(dataset):
    return [doc for doc in dataset]
class Thing:
    pass
def opened(doc):
    return open("/etc/passwd").read()
def spins(doc):
    while True:
        pass
def deep(doc):
    return deep(doc)
''',
    "types": '''
plain = str.strip
def lowered(doc):
    return [*map(str.lower, ["Ab", doc["premise"]]), plain(doc["premise"]), str.replace(doc["y"], "kg", "g")]
def keys(doc):
    return dict.fromkeys(doc)
''',
}
ROWS = [{"q": " how [x] to [title] go", "a": "one [b] ", "b": "two", "c": None, "e": "", "answer": "b", "category": "STEM", "options": ["x"]},
        {"q": "Ärger  über", "a": "[a]", "b": "z", "c": " y ", "e": "five", "answer": "C", "category": "Social Sciences", "options": None}]
DOC = {"pairs": [[0, 0], [1, 2], [2, 2], [1, 1], [0, 2], [3, 0], [1, 1], [2, 1], [0, 0]], "question": "effect", "premise": " The _ fell down. ", "x": "vase", "y": "weighs 12 kg", "n": "2", "options": ["a"]}


class Rows(list):
    def filter(self, function):
        return Rows(r for r in self if function(dict(r)))

    def map(self, function, remove_columns=()):
        out = Rows()
        for r in self:
            made = function(dict(r))
            out.append({**{k: v for k, v in r.items() if k not in remove_columns}, **made})
        return out

    def remove_columns(self, name):
        return Rows({k: v for k, v in r.items() if k != name} for r in self)

    def rename_column(self, old, new):
        return Rows({new if k == old else k: v for k, v in r.items()} for r in self)


USES = [("filters", "data_set", ["process_stem", "process_social_sciences", "process_social", "by_factory", "at_least_1", "at_least_2"]),
        ("maps", "data_set", ["process_docs", "kept"]),
        ("texts", "row", ["as_partial", "index", "parts", "lines", "found", "nested", "literal"]), ("texts", "rows", ["samples"]), ("types", "row", ["lowered"]), ("scores", "row", ["weighted", "others", "classes", "each_alone"])]
REFUSED = [("bad", "row", "method", "bad.py:5: the method or member 'encode' is not read"), ("bad", "row", "unknown", "bad.py:7: 'numpy.zeros' is not read"),
           ("bad", "row", "shared", "bad.py:10: 'options' is changed where something else may hold it"), ("bad", "row", "own", "bad.py:13: it changes what it is given, 'doc'"),
           ("bad", "row", "nothing", "bad.py:16: 'try' is not read"), ("bad", "row", "name", "bad.py:21: 'where_is_it': the name 'where_is_it' is not known"),
           ("bad", "data_set", "shuffled", "the method or member 'shuffle' is not read"), ("bad", "data_set", "listed", "a function or data set is iterated over"),
           ("bad", "row", "Thing", "bad.py:26: 'class' is not read"), ("bad", "row", "opened", "the method or member 'read' is not read"),
           ("types", "row", "keys", "types.py:6: 'dict.fromkeys' is not read"), ("bad", "row", "gone", "there is no 'gone'"), ("texts", "row", "unpack", "texts.py:31: a value is assigned to what is neither a name nor an item")]
CALLS = [("bad", "spins", "steps"), ("bad", "deep", "too deeply")]

cases = []
for module, use, names in USES:
    space = {}
    exec(MODULES[module], space)
    for name in names:
        made = space[name](Rows(ROWS)) if use == "data_set" else space[name](dict(DOC)) if use == "row" else space[name]()
        cases.append({"module": module, "name": name, "use": use, "result": made})
print(json.dumps({"modules": MODULES, "rows": ROWS, "doc": DOC, "cases": cases, "refused": [dict(zip(("module", "use", "name", "message"), r)) for r in REFUSED],
                  "calls": [dict(zip(("module", "name", "message"), c)) for c in CALLS]}, ensure_ascii=False, indent=1))
