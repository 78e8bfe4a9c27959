#!/usr/bin/env python3
"""Makes tests/golden/tokenizers/: small tokenizers of every kind, trained here on this project's own data, and what the reference
libraries make of texts that are trying.

    make_tokenizer_json_goldens.py        (Python 3.11, tokenizers 0.23.3, sentencepiece 0.2.3; the output is the same every time)

NAME.json is a tokenizer.json, NAME.model a sentencepiece model. NAME.golden has a line for each text of texts.json: a hash of the
ids plainly, with special tokens as text, with special tokens added, and of the decoded text (the first 8 hex digits of sha256).
"""

import collections
import csv
import hashlib
import io
import json
import os
import pathlib
import random
import struct
import sys
import tempfile

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "tests/golden/tokenizers"
sys.path.insert(0, str(ROOT / "tools/tokenizers"))
import texts as trying  # noqa: E402

BLANK = "\u2581"
VOCAB = 420


def corpus():
    """Lines of the data sets that are the project's own."""
    lines = [json.loads(line) for line in open(ROOT / "datasets/everyday_en/data/test.jsonl", encoding="utf-8")]
    lines = [value for line in lines for value in line.values() if isinstance(value, str)]
    with open(ROOT / "datasets/ceval_xyj/data/val/xyj_val.csv", encoding="utf-8") as file:
        lines += [row[1] for row in csv.reader(file)][1:60]
    lines += [part for part in trying.PARTS if "\0" not in part]
    usual = {c for c, _ in sorted(collections.Counter("".join(lines)).items(), key=lambda item: (-item[1], item[0]))[:150]}
    return [line for line in ("".join(c for c in line if c in usual) for line in lines) if line.strip()]


def finished(tokenizer, normalizer=None, pre=None, decoder=None, post=None, added=()):
    for name, part in (("normalizer", normalizer), ("pre_tokenizer", pre), ("decoder", decoder)):
        if part:
            setattr(tokenizer, name, part)
    tokenizer.add_tokens(list(added))
    if post:
        tokenizer.post_processor = post(tokenizer)
    return tokenizer


def trained(model, trainer, normalizer=None, pre=None, **parts):
    tokenizer = finished(Tokenizer(model), normalizer, pre)
    tokenizer.train_from_iterator(LINES, trainer)
    return finished(tokenizer, **parts)


def bpe(special=("<unk>", "<s>", "</s>"), size=VOCAB, alphabet=()):
    return trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(special), initial_alphabet=sorted(alphabet), show_progress=False
    )


def learned(special, prefix="", suffix="", merges_max=150):
    """Vocabulary and merges of words whose characters carry a prefix or a suffix; the library's trainer depends on chance there."""
    words = collections.Counter(word for line in LINES for word in line.split())
    spelled = {word: [prefix * (i > 0) + c + suffix * (i == len(word) - 1) for i, c in enumerate(word)] for word in words}
    vocabulary = [*special, *sorted({symbol for symbols in spelled.values() for symbol in symbols})]
    merges = []
    while len(merges) < merges_max:
        pairs = collections.Counter()
        for word, symbols in spelled.items():
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += words[word]
        left, right = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append((left, right))
        both = left + right.removeprefix(prefix)
        vocabulary += [both] if both not in vocabulary else []
        for symbols in spelled.values():
            for i in range(len(symbols) - 1, 0, -1):
                if symbols[i - 1 : i + 1] == [left, right]:
                    symbols[i - 1 : i + 1] = [both]
    return {token: i for i, token in enumerate(vocabulary)}, merges


def template(single, *names):
    return lambda t: processors.TemplateProcessing(single=single, special_tokens=[(n, t.token_to_id(n)) for n in names])


BYTES = pre_tokenizers.ByteLevel.alphabet()
FALLBACK = [f"<0x{b:02X}>" for b in range(256)]
USER = [
    AddedToken("<user>", normalized=False),
    AddedToken("  ", normalized=False),
    AddedToken("<left>", lstrip=True, normalized=False),
    AddedToken("<right>", rstrip=True, normalized=False),
    AddedToken("alone", single_word=True, normalized=False),
    AddedToken("Große Tür", normalized=True),
    AddedToken("<|both|>", lstrip=True, rstrip=True, special=True, normalized=False),
]


def tokenizers():
    sequence = pre_tokenizers.Sequence
    split = lambda pattern, behavior, invert=False: pre_tokenizers.Split(Regex(pattern), behavior, invert)
    byte_decoder = decoders.ByteLevel()
    special = ["<unk>", "<s>", "</s>"]
    yield "byte_level", trained(
        models.BPE(),
        bpe(alphabet=BYTES),
        pre=pre_tokenizers.ByteLevel(add_prefix_space=True),
        decoder=byte_decoder,
        post=template("<s> $A </s>", "<s>", "</s>"),
        added=USER,
    )
    yield "split_nfc", trained(
        models.BPE(ignore_merges=True),
        bpe(["<|endoftext|>"], alphabet=BYTES),
        normalizer=normalizers.NFC(),
        pre=sequence(
            [
                split(
                    r"(?i:'s|'t)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
                    "isolated",
                ),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        ),
        decoder=byte_decoder,
        post=lambda t: processors.ByteLevel(trim_offsets=False),
        added=USER,
    )
    yield "falcon_like", trained(
        models.BPE(),
        bpe(["<|endoftext|>"], alphabet=BYTES),
        pre=sequence(
            [
                pre_tokenizers.Punctuation("contiguous"),
                pre_tokenizers.ByteLevel(add_prefix_space=False),
                pre_tokenizers.Digits(individual_digits=False),
                split("[0-9][0-9][0-9]", "isolated"),
            ]
        ),
        decoder=byte_decoder,
    )
    llama = decoders.Sequence(
        [decoders.Replace(BLANK, " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    yield "byte_fallback", trained(
        models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"),
        bpe(["<unk>", "<s>", "</s>", *FALLBACK], 520),
        normalizer=normalizers.Sequence([normalizers.Prepend(BLANK), normalizers.Replace(" ", BLANK)]),
        decoder=llama,
        post=template("<s> $A", "<s>"),
        added=USER,
    )
    for scheme, cut in (("first", True), ("always", False), ("never", True)):
        yield f"metaspace_{scheme}", trained(
            models.BPE(unk_token="<unk>", fuse_unk=scheme == "first"),
            bpe(),
            pre=pre_tokenizers.Metaspace(prepend_scheme=scheme, split=cut),
            decoder=decoders.Metaspace(prepend_scheme=scheme),
            post=template("<s> $A", "<s>"),
            added=USER,
        )
    pieces = [(piece.piece, piece.score) for piece in sentencepiece_model("unigram", vocab_size=900).pieces]
    yield "unigram", finished(
        Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=False)),
        normalizer=normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]),
        pre=pre_tokenizers.Metaspace(),
        decoder=decoders.Metaspace(),
        post=template("$A </s>", "</s>"),
        added=USER,
    )
    yield "wordpiece", finished(
        Tokenizer(models.WordPiece(learned(["[UNK]", "[CLS]", "[SEP]"], prefix="##")[0], unk_token="[UNK]")),
        normalizer=normalizers.BertNormalizer(),
        pre=pre_tokenizers.BertPreTokenizer(),
        decoder=decoders.WordPiece(),
        post=lambda t: processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1)),
        added=USER,
    )
    yield "word_level", trained(
        models.WordLevel(unk_token="<unk>"),
        trainers.WordLevelTrainer(vocab_size=VOCAB, special_tokens=["<unk>"], show_progress=False),
        normalizer=normalizers.Sequence(
            [normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase(), normalizers.Strip()]
        ),
        pre=sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=True)]),
        added=USER,
    )
    yield "word_suffix", finished(
        Tokenizer(models.BPE(*learned(special, suffix="</w>"), unk_token="<unk>", end_of_word_suffix="</w>")),
        normalizer=normalizers.NFKD(),
        pre=sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.CharDelimiterSplit("-")]),
        decoder=decoders.BPEDecoder(),
    )
    yield "word_prefix", finished(
        Tokenizer(models.BPE(*learned(special, prefix="@@"), unk_token="<unk>", continuing_subword_prefix="@@")),
        pre=pre_tokenizers.BertPreTokenizer(),
        decoder=decoders.WordPiece("@@", False),
        post=lambda t: processors.RobertaProcessing(("</s>", 2), ("<s>", 1)),
    )
    behaviors = sequence(
        [
            split(",", "removed"),
            split(r"\d+", "merged_with_previous"),
            split(r"[A-Z]", "merged_with_next"),
            split(r"[aeiou]+", "contiguous"),
            split(r"\w+\b", "isolated", True),
            pre_tokenizers.Punctuation("merged_with_next"),
            pre_tokenizers.FixedLength(length=6),
        ]
    )
    yield "behaviors", trained(models.BPE(unk_token="<unk>"), bpe(), pre=behaviors, added=USER)


def sentencepiece_model(kind, **settings):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES),
        model_writer=model,
        model_type=kind,
        character_coverage=0.98,
        hard_vocab_limit=False,
        num_threads=1,
        minloglevel=2,
        **settings,
    )
    return sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())


def sentencepieces():
    """BPE and Unigram, with rules of normalization made here."""
    yield "sp_bpe", sentencepiece_model(
        "bpe",
        vocab_size=900,
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        user_defined_symbols="<user>,  ",
    )
    rules = [
        ("\uff21", "A"),
        ("\uff22", "B"),
        ("\u2460", "1"),
        ("e\u0301", "\u00e9"),
        ("\ufb01", "fi"),
        ("\u3000", " "),
        ("\t", " "),
    ]
    codes = lambda text: " ".join(f"{ord(c):X}" for c in text)
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.write("".join(f"{codes(a)}\t{codes(b)}\n" for a, b in [*rules, ("\u200b", "")]))
        file.flush()
        proto = sentencepiece_model("unigram", vocab_size=700, normalization_rule_tsv=file.name)
    proto.normalizer_spec.ClearField("normalization_rule_tsv")
    proto.ClearField("denormalizer_spec")
    yield "sp_unigram", proto


def digest(value):
    data = value.encode() if isinstance(value, str) else struct.pack(f"<{len(value)}i", *value)
    return hashlib.sha256(data).hexdigest()[:8]


def write(name, rows):
    (OUT / f"{name}.golden").write_text("".join(" ".join(row) + "\n" for row in rows), encoding="utf-8")


def precompiled(proto):
    """A tokenizer.json with the rules and the pieces of the Unigram model."""
    tokenizer = Tokenizer(models.Unigram([(p.piece, p.score) for p in proto.pieces], unk_id=0, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap), normalizers.Replace(Regex(" {2,}"), BLANK)]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


def json_rows(tokenizer, lines):
    for text in lines:
        tokenizer.encode_special_tokens = False
        plain = tokenizer.encode(text, add_special_tokens=False).ids
        added = tokenizer.encode(text, add_special_tokens=True).ids
        tokenizer.encode_special_tokens = True
        as_text = tokenizer.encode(text, add_special_tokens=False).ids
        decoded = tokenizer.decode(plain, skip_special_tokens=False) if plain else ""
        yield digest(plain), digest(as_text), digest(added), digest(decoded)


def model_rows(proto, lines):
    """<unk>, <s> and </s> are found in a text, as in transformers' classes; what lies between is a text of its own."""
    spelling = sentencepiece_model_pb2.ModelProto.FromString(proto.SerializeToString())
    spelling.trainer_spec.unk_surface = "<unk>"  # as transformers writes it, where the library has a sign of its own
    processor = sentencepiece.SentencePieceProcessor(model_proto=spelling.SerializeToString())
    names = {p.piece: i for i, p in enumerate(proto.pieces) if p.type in (2, 3)}

    def encode(text):
        ids = []
        while text:
            at, name = min(((text.find(n), n) for n in names if n in text), default=(len(text), ""))
            ids += processor.encode(text[:at]) if at else []
            ids += [names[name]] if name else []
            text = text[at + len(name) :]
        return ids

    for text in lines:
        plain, as_text = encode(text), processor.encode(text) if text else []
        added = [1, *plain] if proto.trainer_spec.model_type == 2 else plain
        yield digest(plain), digest(as_text), digest(added), digest(processor.decode(as_text))


LINES = corpus()
OUT.mkdir(exist_ok=True)
texts = trying.made(
    130,
    random.Random(7),
    ["<s>", "</s>", "<unk>", "<user>", "<left>", "<right>", "alone", "Große Tür", "<|both|>", "<|endoftext|>"],
)
texts += random.Random(8).sample(LINES, 40)
(OUT / "texts.json").write_text(json.dumps(texts, indent=0) + "\n", encoding="utf-8")
models_made = dict(sentencepieces())
for name, proto in models_made.items():
    (OUT / f"{name}.model").write_bytes(proto.SerializeToString())
    write(name, model_rows(proto, texts))
for name, tokenizer in [*tokenizers(), ("precompiled", precompiled(models_made["sp_unigram"]))]:
    document = json.loads(tokenizer.to_str())
    (OUT / f"{name}.json").write_text(json.dumps(document, ensure_ascii=True, separators=(",", ":")) + "\n", encoding="utf-8")
    write(name, json_rows(tokenizer, texts))
