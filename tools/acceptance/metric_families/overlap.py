"""BLEU, chrF (sacrebleu), ROUGE (rouge-score), token F1 (SQuAD's rules in OpenCompass and lm-eval), exact match, contains, edit distance."""
import json

from . import Missing, opencompass, texts


def pairs(options, real, count):
    """(prediction, references): copies that were changed, other sentences, fragments; every fourth has two references."""
    random, out = options.random, []
    for i in range(count):
        reference = random.choice(real) if real and i % 3 else texts.fragments(random)
        prediction = reference if i % 11 == 0 else texts.changed(random, reference) if i % 5 else texts.fragments(random)
        if i % 13 == 0:
            words = reference.split()
            random.shuffle(words)
            prediction = " ".join(words)
        references = [reference]
        if i % 4 == 3:
            references.append(texts.changed(random, reference))
        out.append((prediction, references))
    return out


def lines(cases, lists=True):
    return [{"prediction": p, "reference": r if lists else r[0]} for p, r in cases]


def value(line, name):
    return line["values"][name] if "values" in line else line["score"]


def paired(cases, ours, name, theirs):
    return [(case, value(line, name), theirs(*case), None) for case, line in zip(cases, ours)]


def flores_model(options):
    """A SentencePiece model under the name that sacreBLEU looks for; any will do, since the same is given to both."""
    import os
    import pathlib
    import shutil
    import tempfile
    model = next(options.data.glob("tokenizers/llama2*"), None) if options.data else None
    if not model:
        return None
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / "models").mkdir()
    os.environ["SACREBLEU"] = str(folder)
    return shutil.copyfile(model, folder / "models/flores200_sacrebleu_tokenizer_spm.model")


def sacrebleu_parts(options, cases):
    flores = flores_model(options)  # before sacrebleu is imported
    from sacrebleu.metrics import BLEU, CHRF, TER
    width = max(len(r) for _, r in cases)
    streams = [[r[i] if i < len(r) else None for _, r in cases] for i in range(width)]
    for config, theirs in (({}, {}), ({"tokenize": "zh"}, {"tokenize": "zh"}), ({"tokenize": "none", "lowercase": True}, {"tokenize": "none", "lowercase": True}),
                           ({"tokenize": "char", "smooth": "add-k"}, {"tokenize": "char", "smooth_method": "add-k"}),
                           ({"smooth": "floor"}, {"smooth_method": "floor"}), ({"smooth": "none"}, {"smooth_method": "none"}),
                           *([({"tokenize": "flores200", "model": str(flores)}, {"tokenize": "flores200"})] if flores else [])):
        ours = options.sextant("metric:bleu", config, lines(cases))
        one = BLEU(effective_order=True, **theirs)
        yield "bleu %s" % json.dumps(config), paired(cases, ours, "bleu", lambda p, r: one.sentence_score(p, r).score / 100)
        corpus = BLEU(**theirs).corpus_score([p for p, _ in cases], streams).score
        yield "bleu of the corpus", [("all", ours[-1]["aggregate"]["bleu"], corpus, None)]
        ngrams = [(case, line["explanation"].split("; ")[0].replace("nrefs:2", "nrefs:1"), signature(one, case, theirs), None) for case, line in zip(cases[:50], ours)]
        yield "bleu's signature", ngrams
    for config, theirs in (({}, {}), ({"words": 2}, {"word_order": 2}), ({"lowercase": True, "words": 2}, {"lowercase": True, "word_order": 2})):
        ours = options.sextant("metric:chrf", config, lines(cases))
        one = CHRF(**theirs)
        yield "chrf %s" % json.dumps(config), paired(cases, ours, "chrf", lambda p, r: one.sentence_score(p, r).score / 100)
        yield "chrf of the corpus", [("all", ours[-1]["aggregate"]["chrf"], CHRF(**theirs).corpus_score([p for p, _ in cases], streams).score, None)]
    for config, theirs in (({}, {}), ({"ignore_case": False}, {"case_sensitive": True})):
        ours = options.sextant("metric:ter", config, lines(cases))
        one = TER(**theirs)
        yield "ter %s" % json.dumps(config), paired(cases, ours, "ter", lambda p, r: one.sentence_score(p, r).score / 100)
        yield "ter of the corpus", [("all", ours[-1]["aggregate"]["ter"], TER(**theirs).corpus_score([p for p, _ in cases], streams).score, None)]


def signature(one, case, theirs):
    from sacrebleu.metrics import BLEU
    plain = BLEU(**theirs)
    plain.corpus_score([case[0]], [[case[1][0]]])
    return str(plain.get_signature())


def rouge_part(options, cases):
    from rouge_score import rouge_scorer
    names = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
    scorer = rouge_scorer.RougeScorer(names, use_stemmer=False)
    cases = [(p.replace(". ", ".\n"), [r.replace(". ", ".\n") for r in refs]) for p, refs in cases]
    ours = options.sextant("metric:rouge", {}, lines(cases))
    rows = []
    for case, line in zip(cases, ours):
        theirs = scorer.score_multi(case[1], case[0])
        rows.append((case, line["values"], {name: theirs[name].fmeasure for name in names}, None))
    yield "rouge", rows


def squad_part(options, cases):
    long = opencompass.load(options.opencompass, "datasets.longbench.evaluators")
    f1 = long.LongBenchF1Evaluator()
    cases = [(p.replace("\n", " "), r) for p, r in cases]
    ours = options.sextant("metric:token_f1", {"compat": "opencompass"}, lines(cases))
    yield "token_f1 (LongBench's F1)", paired(cases, ours, "f1", lambda p, r: f1.score([p], [r])["score"] / 100)


def match_parts(options, cases):
    real = ("utils.text_postprocessors",)
    em = opencompass.load(options.opencompass, "openicl.icl_evaluator.icl_em_evaluator", real).EMEvaluator()
    ours = options.sextant("metric:exact_match", {"compat": "opencompass"}, lines(cases))
    yield "exact_match", paired(cases, ours, "exact_match", lambda p, r: em.score([p], [r])["score"] / 100)
    for name in ("triviaqa", "natural_question"):
        module = opencompass.load(options.opencompass, "datasets." + name, real)
        theirs = (module.TriviaQAEvaluator if name == "triviaqa" else module.NQEvaluator)()
        read = options.sextant("postprocessor:" + ("triviaqa" if name == "triviaqa" else "nq"), {"compat": "opencompass"}, [{"text": p} for p, _ in cases])
        ours = options.sextant("metric:contains", {"compat": "opencompass"}, [{"prediction": t["text"], "reference": r} for t, (_, r) in zip(read, cases)])
        yield "contains, " + name, paired(cases, ours, "contains", lambda p, r: theirs.score([p], [r])["score"] / 100)
    gsm = opencompass.load(options.opencompass, "datasets.gsm8k").Gsm8kEvaluator()
    random = options.random
    numbers = ["1", "12", "12.0", "12.0000001", "-3", "1,234", "1e3", "1_000", "٣", " 7 ", "NULL", "", "nan", "inf", "0x1", "7.", ".5", "+5", "--5", "1e400", "five", "007", "1__0", "_1", "²"]
    cases = [(random.choice(numbers), [random.choice(numbers)]) for _ in range(len(cases))]
    ours = options.sextant("metric:numeric", {"compat": "opencompass"}, lines(cases, False))
    yield "numeric", paired(cases, ours, "numeric", lambda p, r: float(gsm.score([p], [r[0]])["accuracy"]) / 100)


def edit_part(options, cases):
    from rapidfuzz.distance import Levenshtein
    ours = options.sextant("metric:edit_distance", {}, lines(cases))
    yield "edit_distance", [(case, {k: line["values"][k] for k in ("edit_distance", "edit_similarity")},
                             {"edit_distance": min(Levenshtein.distance(case[0], r) for r in case[1]),
                              "edit_similarity": max(Levenshtein.normalized_similarity(case[0], r) for r in case[1])}, None)
                            for case, line in zip(cases, ours)]


def class_parts(options):
    import warnings
    from sklearn.metrics import f1_score, matthews_corrcoef, precision_score, recall_score
    warnings.simplefilter("ignore")
    random, rows = options.random, {"mcc": [], "macro_f1": [], "binary_f1": []}
    for _ in range(40):
        labels = "ABCDE"[:random.randint(2, 5)]
        meant = [random.choice(labels) for _ in range(random.randint(3, 60))] + ["A"]
        given = [m if random.random() < 0.6 else random.choice(labels + "F") for m in meant]
        asked = [{"prediction": g, "reference": m} for g, m in zip(given, meant)]
        classes = sorted(set(meant))
        expected = {
            "mcc": {"mcc": 100 * matthews_corrcoef(meant, given)},
            "macro_f1": {k + "_f1": 100 * f1_score(meant, given, labels=classes, average=k) for k in ("macro", "micro", "weighted")},
            "binary_f1": {"binary_f1": 100 * f1_score(meant, given, labels=["A"], average="macro"),
                          "precision": 100 * precision_score(meant, given, labels=["A"], average="macro"),
                          "recall": 100 * recall_score(meant, given, labels=["A"], average="macro")}}
        for name, theirs in expected.items():
            ours = options.sextant("metric:" + name, {"positive": "A"} if name == "binary_f1" else {}, asked)
            rows[name].append((asked, ours[-1]["aggregate"], theirs, None))
    yield from rows.items()


def compare(options):
    real = texts.sentences(options.data) + [text for text in texts.solutions(options.data) if len(text) < 600]
    if not real:
        raise Missing("--data is not given")
    cases = pairs(options, real, options.count)
    for part in (sacrebleu_parts, rouge_part, squad_part, match_parts, edit_part):
        yield from part(options, cases)
    yield from class_parts(options)
