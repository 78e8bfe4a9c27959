"""Tokenizers as the reference libraries have them, for the vocabularies that can be had. Each is a Reference: a path that Sextant
opens, and a function from a text to ids.

What a GGUF leaves out (its pre-tokenizer is only a name there) stands here as the models' own tokenizer.json files say it.
"""

import base64
import dataclasses
import glob
import os
import re
import unicodedata
from typing import Callable

import gguf
import sentencepiece
import tiktoken
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

BLANK = "\u2581"
GPT2 = pre_tokenizers.ByteLevel(add_prefix_space=False)
BYTES = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
DIGITS = pre_tokenizers.Digits(individual_digits=True)


def split(pattern, behavior="isolated"):
    return pre_tokenizers.Split(Regex(pattern), behavior)


def cl100k_pattern(digits, letters=r"\p{L}"):
    words = rf"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{{L}}\p{{N}}]?[{letters}]+|\p{{N}}{digits}"
    return words + rf"| ?[^\s{letters}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def cl100k(*args):
    return pre_tokenizers.Sequence([split(cl100k_pattern(*args)), BYTES])


# the cased letters that DeepSeek LLM's authors listed: those of the Basic Latin to Adlam blocks, without mathematical ones
DEEPSEEK_LETTERS = (
    r"A-Za-z\x{b5}\x{c0}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{1ba}\x{1bc}-\x{1bf}\x{1c4}-\x{293}\x{295}-\x{2af}\x{370}-\x{373}"
    r"\x{376}\x{377}\x{37b}-\x{37d}\x{37f}\x{386}\x{388}-\x{38a}\x{38c}\x{38e}-\x{3a1}\x{3a3}-\x{3f5}\x{3f7}-\x{481}"
    r"\x{48a}-\x{52f}\x{531}-\x{556}\x{10a0}-\x{10c5}\x{13a0}-\x{13f5}\x{13f8}-\x{13fd}\x{1c90}-\x{1cba}\x{1cbd}-\x{1cbf}"
    r"\x{1d00}-\x{1d2b}\x{1d6b}-\x{1d77}\x{1d79}-\x{1d9a}\x{1e00}-\x{1f15}\x{1f18}-\x{1f1d}\x{1f20}-\x{1f45}\x{1f48}-"
    r"\x{1f4d}\x{1f50}-\x{1f57}\x{1f59}\x{1f5b}\x{1f5d}\x{1f5f}-\x{1f7d}\x{1f80}-\x{1fb4}\x{1fb6}-\x{1fbc}\x{1fbe}"
    r"\x{1fc2}-\x{1fc4}\x{1fc6}-\x{1fcc}\x{1fd0}-\x{1fd3}\x{1fd6}-\x{1fdb}\x{1fe0}-\x{1fec}\x{1ff2}-\x{1ff4}\x{1ff6}-"
    r"\x{1ffc}\x{2102}\x{2107}\x{210a}-\x{2113}\x{2115}\x{2119}-\x{211d}\x{2124}\x{2126}\x{2128}\x{212a}-\x{212d}\x{212f}-"
    r"\x{2134}\x{2139}\x{213c}-\x{213f}\x{2145}-\x{2149}\x{214e}\x{2183}\x{2184}\x{2c00}-\x{2c7b}\x{2c7e}-\x{2ce4}"
    r"\x{2ceb}-\x{2cee}\x{2cf2}\x{2cf3}\x{a640}-\x{a66d}\x{a680}-\x{a69b}\x{a722}-\x{a76f}\x{a771}-\x{a787}\x{a78b}-"
    r"\x{a78e}\x{ab70}-\x{abbf}\x{fb00}-\x{fb06}\x{fb13}-\x{fb17}\x{ff21}-\x{ff3a}\x{ff41}-\x{ff5a}\x{10400}-\x{1044f}"
    r"\x{104b0}-\x{104d3}\x{104d8}-\x{104fb}\x{10c80}-\x{10cb2}\x{10cc0}-\x{10cf2}\x{118a0}-\x{118df}\x{1e900}-\x{1e943}"
)
CHINESE = "[一-龥ࠀ-一가-퟿]+"

# by tokenizer.ggml.pre: normalizer, pre-tokenizer, ignore_merges
BYTE_LEVEL = {
    "gpt-2": (None, GPT2, False),
    "mpt": (normalizers.NFC(), GPT2, False),
    "smollm": (None, pre_tokenizers.Sequence([DIGITS, GPT2]), False),
    "starcoder": (None, pre_tokenizers.Sequence([DIGITS, GPT2]), False),
    "refact": (None, pre_tokenizers.Sequence([DIGITS, GPT2]), False),
    "command-r": (normalizers.NFC(), pre_tokenizers.Sequence([DIGITS, GPT2]), False),
    "llama-bpe": (None, cl100k("{1,3}"), True),
    "qwen2": (normalizers.NFC(), cl100k(""), False),
    "qwen35": (normalizers.NFC(), cl100k("", r"\p{L}\p{M}"), False),
    "deepseek-llm": (
        None,
        pre_tokenizers.Sequence(
            [
                split("[\r\n]"),
                split(rf"\s?[{DEEPSEEK_LETTERS}]+"),
                split(r"\s?[!-/:-~！-／：-～‘-‟　-。]+"),
                split(r"\s+$"),
                split(CHINESE),
                DIGITS,
                BYTES,
            ]
        ),
        False,
    ),
    "deepseek-coder": (
        None,
        pre_tokenizers.Sequence([split("[\r\n]"), split(r"\s?\p{L}+"), split(r"\s?\p{P}+"), split(CHINESE), DIGITS, BYTES]),
        False,
    ),
    "falcon": (
        None,
        pre_tokenizers.Sequence(
            [
                pre_tokenizers.Punctuation("contiguous"),
                GPT2,
                pre_tokenizers.Digits(individual_digits=False),
                split("[0-9][0-9][0-9]"),
            ]
        ),
        False,
    ),
}


@dataclasses.dataclass
class Reference:
    name: str
    path: str
    encode: Callable[[str], list]
    specials: list
    round_trip: Callable[[str], tuple]  # ids, and what they decode to
    split_special: Callable[[str], list] | None = None  # with special tokens as plain text
    add_special: Callable[[str], list] | None = None
    # two cuts of one probability: which of them counts, sentencepiece changed between 0.1.99 and 0.2
    is_tie: Callable[[list, list], bool] = lambda theirs, ours: False


def of_tokenizer(name, path, tokenizer, before=()):
    plain = lambda text: tokenizer.encode(text, add_special_tokens=False).ids
    added = lambda text: [*before, *tokenizer.encode(text, add_special_tokens=True).ids]

    def as_text(text):
        tokenizer.encode_special_tokens = True
        try:
            return plain(text)
        finally:
            tokenizer.encode_special_tokens = False

    specials = [str(t) for t in tokenizer.get_added_tokens_decoder().values() if t.special]
    back = lambda text: (ids := plain(text), tokenizer.decode(ids, skip_special_tokens=False))
    return Reference(name, path, plain, specials[:8], back, as_text, added)


def fields(path):
    return gguf.GGUFReader(path).fields


def strings(f, key):
    return [bytes(f[key].parts[i]).decode() for i in f[key].data]


def numbers(f, key):
    return [f[key].parts[i][0].item() for i in f[key].data]


def scalar(f, key, otherwise=None):
    if key not in f:
        return otherwise
    value = f[key].parts[f[key].data[0]]
    return bytes(value).decode() if f[key].types[0] == gguf.GGUFValueType.STRING else value[0].item()


def bytes_of(token):
    """A token in GPT-2's alphabet: printable Latin-1 stands for itself, the other bytes follow from U+0100 on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    return bytes(others[ord(c) - 256] if ord(c) >= 256 else ord(c) for c in token)


def of_gguf(path):
    f = fields(path)
    name = os.path.basename(path).removesuffix(".gguf").removeprefix("ggml-vocab-")
    kind = scalar(f, "tokenizer.ggml.model")
    bos_is_usual = kind in ("llama", "gemma4") or scalar(f, "tokenizer.ggml.pre") == "llama-bpe"
    before = [scalar(f, "tokenizer.ggml.bos_token_id")] if scalar(f, "tokenizer.ggml.add_bos_token", bos_is_usual) else []
    tokens, types = strings(f, "tokenizer.ggml.tokens"), numbers(f, "tokenizer.ggml.token_type")
    if kind in ("gpt2", "gemma4"):
        merges = [(m[: m.index(" ", 1)], m[m.index(" ", 1) + 1 :]) for m in strings(f, "tokenizer.ggml.merges")]
        vocab = {t: i for i, t in enumerate(tokens)}
        if kind == "gpt2":
            normalizer, pre, ignore = BYTE_LEVEL[scalar(f, "tokenizer.ggml.pre", "gpt-2")]
            tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges, ignore_merges=ignore))
            tokenizer.pre_tokenizer = pre
            tokenizer.decoder = decoders.ByteLevel()
        else:
            normalizer = normalizers.Replace(" ", BLANK)
            tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges, byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
            tokenizer.decoder = decoders.Sequence([decoders.Replace(BLANK, " "), decoders.ByteFallback(), decoders.Fuse()])
        if normalizer:
            tokenizer.normalizer = normalizer
        tokenizer.add_tokens([AddedToken(t, normalized=False, special=k == 3) for t, k in zip(tokens, types) if k in (3, 4)])
        reference = of_tokenizer(name, path, tokenizer, before)
        if kind == "gpt2":
            # the tokenizers library takes added tokens for spelled bytes as well, which a text never meant
            spelled = [t.encode() if k in (3, 4) else bytes_of(t) for t, k in zip(tokens, types)]
            reference.round_trip = lambda text: (
                ids := reference.encode(text),
                b"".join(spelled[i] for i in ids).decode(errors="replace"),
            )
        return reference
    model = sentencepiece_model_pb2.ModelProto()
    unk = scalar(f, "tokenizer.ggml.unknown_token_id", 0)
    for i, (token, score, type_) in enumerate(zip(tokens, numbers(f, "tokenizer.ggml.scores"), types)):
        if type_ == 2 or i == unk:
            type_ = 2 if i == unk else 3
        model.pieces.add(piece=token, score=score, type=type_)
    model.trainer_spec.model_type = 2
    model.trainer_spec.byte_fallback = True
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = bool(scalar(f, "tokenizer.ggml.add_space_prefix", True))
    model.normalizer_spec.remove_extra_whitespaces = False
    added = {t: i for i, (t, k) in enumerate(zip(tokens, types)) if k in (2, 3, 4)}
    special = {t: i for i, (t, k) in enumerate(zip(tokens, types)) if k in (2, 3)}
    return of_sentencepiece(name, path, model.SerializeToString(), added, special, before)


def of_sentencepiece(name, path, proto, added, special, before=()):
    """As transformers' classes for a tokenizer.model: added tokens are cut out, every part between is a text of its own."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=proto)
    spelling = sentencepiece_model_pb2.ModelProto.FromString(proto)
    spelling.trainer_spec.unk_surface = "<unk>"  # what is unknown decodes to the piece, as in transformers, and not to a sign
    decoder = sentencepiece.SentencePieceProcessor(model_proto=spelling.SerializeToString())

    def encode(text, tokens=added):
        ids = []
        pattern = "|".join(re.escape(t) for t in sorted(tokens, key=len, reverse=True))
        for part in re.split(f"({pattern})", text) if tokens else [text]:
            ids += [tokens[part]] if part in tokens else processor.encode(part) if part else []
        return ids

    ordinary = {t: i for t, i in added.items() if t not in special}
    back = lambda text: (ids := processor.encode(text), decoder.decode(ids))  # control pieces would be left out
    return Reference(
        name, path, encode, list(special)[:8], back, lambda text: encode(text, ordinary), lambda text: [*before, *encode(text)]
    )


def of_model_file(path):
    with open(path, "rb") as file:
        proto = file.read()
    model = sentencepiece_model_pb2.ModelProto.FromString(proto)
    special = {p.piece: i for i, p in enumerate(model.pieces) if p.type in (2, 3)}
    unigram = model.trainer_spec.model_type == 1
    reference = of_sentencepiece(os.path.basename(path), path, proto, special, special, [] if unigram else [1])
    if unigram:
        total = lambda ids: sum(model.pieces[i].score for i in ids)
        spell = lambda ids: "".join(model.pieces[i].piece for i in ids)
        reference.is_tie = lambda a, b: spell(a) == spell(b) and abs(total(a) - total(b)) < 1e-3
    return reference


def of_tiktoken(name, path, pattern, specials, nfc=False, bos=()):
    with open(path, "rb") as file:
        ranks = {
            base64.b64decode(token): int(rank) for token, rank in (line.split() for line in file.read().splitlines() if line)
        }
    encoding = tiktoken.Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens=specials(len(ranks)))
    norm = (lambda text: unicodedata.normalize("NFC", text)) if nfc else (lambda text: text)
    back = lambda text: (ids := encoding.encode(norm(text), allowed_special="all"), encoding.decode(ids))
    return Reference(
        name,
        path,
        lambda text: encoding.encode(norm(text), allowed_special="all", disallowed_special=()),
        list(specials(len(ranks)))[:8],
        back,
        lambda text: encoding.encode(norm(text), allowed_special=set(), disallowed_special=()),
        lambda text: [*map(specials(len(ranks)).get, bos), *encoding.encode(norm(text), allowed_special="all")],
    )


def qwen_specials(n):
    names = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *(f"<|extra_{i}|>" for i in range(205))]
    return {name: n + i for i, name in enumerate(names)}


def llama3_specials(n):
    names = [
        "<|begin_of_text|>",
        "<|end_of_text|>",
        "<|reserved_special_token_0|>",
        "<|reserved_special_token_1|>",
        "<|finetune_right_pad_id|>",
        "<|reserved_special_token_2|>",
        "<|start_header_id|>",
        "<|end_header_id|>",
        "<|eom_id|>",
        "<|eot_id|>",
        "<|python_tag|>",
    ]
    names += [f"<|reserved_special_token_{i}|>" for i in range(3, 248)]
    return {name: n + i for i, name in enumerate(names)}


def of_openai(name, path):
    """cl100k and o200k, patterns and special tokens as tiktoken's own plugin has them; their vocabularies it would fetch."""
    from tiktoken_ext import openai_public

    for encoding in ("cl100k_base", "o200k_base"):
        if encoding.removesuffix("_base") in name:
            openai_public.load_tiktoken_bpe = lambda *_, **__: {}
            parts = getattr(openai_public, encoding)()
            return of_tiktoken(name, path, parts["pat_str"], lambda _: parts["special_tokens"])
    return None


def of_json(path, name=None):
    return of_tokenizer(name or os.path.basename(os.path.dirname(path)), path, Tokenizer.from_file(path))


def of_folder(path):
    """A Hugging Face folder, as transformers opens it."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(path)
    encode = lambda text, **how: tokenizer.encode(text, add_special_tokens=False, **how)
    return Reference(
        os.path.basename(path.rstrip("/")),
        path,
        encode,
        tokenizer.all_special_tokens[:8],
        lambda text: (ids := encode(text), tokenizer.decode(ids, clean_up_tokenization_spaces=False)),
        lambda text: encode(text, split_special_tokens=True),
        tokenizer.encode,
    )


def find(paths):
    """References for all files and folders named; a folder that holds several is searched."""
    for path in paths:
        if os.path.isdir(path) and os.path.exists(os.path.join(path, "tokenizer_config.json")):
            yield of_folder(path)
            continue
        files = sorted(glob.glob(os.path.join(glob.escape(path), "**"), recursive=True)) if os.path.isdir(path) else [path]
        for file in filter(os.path.isfile, files):
            base = os.path.basename(file)
            if base.endswith(".gguf"):
                kind = scalar(fields(file), "tokenizer.ggml.model")
                if kind in ("gpt2", "llama", "gemma4"):
                    yield of_gguf(file)
            elif base.endswith("tokenizer.json"):
                yield of_json(file, base.removesuffix(".json") if base != "tokenizer.json" else None)
            elif base.endswith(".tiktoken"):
                yield of_openai(base, file) or of_tiktoken(base, file, cl100k_pattern(""), qwen_specials, nfc=True)
            elif ".model" in base:
                with open(file, "rb") as head:
                    first = head.read(64)
                if first[:1] == b"\x0a":
                    yield of_model_file(file)
                elif re.match(rb"[A-Za-z0-9+/=]+ \d+\n", first):
                    yield of_tiktoken(base, file, cl100k_pattern("{1,3}"), llama3_specials, bos=["<|begin_of_text|>"])
