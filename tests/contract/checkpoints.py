"""Checkpoints that the tests make for themselves: the files of a Hugging Face folder, laid out as the real ones are, of random
weights and small."""

import json
import pathlib
import random
import shutil
import struct

from .harness import HERE, REAL_DATA, read_json, write

FAMILIES = HERE.parent / "golden" / "families"

INTERNLM2_TOKENIZER = pathlib.Path(REAL_DATA, "tokenizers/internlm2.tokenizer.model")
INTERNLM2_VOCAB = 92544
TURN_END, TURN_START = 92542, 92543

INTERNLM2_CONFIG = {
    "architectures": ["InternLM2ForCausalLM"],
    "auto_map": {"AutoConfig": "configuration_internlm2.InternLM2Config", "AutoModel": "modeling_internlm2.InternLM2ForCausalLM"},
    "bias": False,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "hidden_act": "silu",
    "hidden_size": 32,
    "intermediate_size": 48,
    "max_position_embeddings": 32768,
    "model_type": "internlm2",
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "pad_token_id": 2,
    "rms_norm_eps": 1e-05,
    "rope_scaling": {"type": "dynamic", "factor": 2.0},
    "rope_theta": 1000000,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "use_cache": True,
    "vocab_size": INTERNLM2_VOCAB,
}

CHAT_TEMPLATE = (
    "{%- for turn in messages -%}{{- (bos_token if loop.first else '') + '<|im_start|>' + turn.role + '\\n' + turn.content -}}"
    "{{- '<|im_end|>\\n' -}}{%- endfor -%}{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"
)


def bfloat16(source, count):
    """`count` random weights between 0.008 and 0.03, of either sign: as bytes, since a list of a million numbers takes seconds."""
    data = bytearray(source.randbytes(2 * count))
    data[1::2] = data[1::2].translate(bytes([0x3C]) * 128 + bytes([0xBC]) * 128)
    return bytes(data)


def write_safetensors(path, tensors):
    """{name: (shape, bytes of bfloat16)}"""
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, (shape, data) in tensors.items():
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    head = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + b"".join(data for _, data in tensors.values()))


def internlm2_weights(config):
    """wqkv holds, for each head of keys, the heads of queries that share it, the keys and the values."""
    hidden, inner, vocab = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    shapes = {"model.tok_embeddings.weight": [vocab, hidden], "model.norm.weight": [hidden], "output.weight": [vocab, hidden]}
    for layer in range(config["num_hidden_layers"]):
        for name, shape in (
            ("attention.wqkv", [(heads + 2 * kv_heads) * (hidden // heads), hidden]),
            ("attention.wo", [hidden, hidden]),
            ("attention_norm", [hidden]),
            ("feed_forward.w1", [inner, hidden]),
            ("feed_forward.w2", [hidden, inner]),
            ("feed_forward.w3", [inner, hidden]),
            ("ffn_norm", [hidden]),
        ):
            shapes["model.layers.%d.%s.weight" % (layer, name)] = shape
    source, one = random.Random(5), struct.pack("<H", 0x3F80)
    return {
        name: (shape, one * hidden if len(shape) == 1 else bfloat16(source, shape[0] * shape[1]))
        for name, shape in shapes.items()
    }


def make_internlm2(folder, config=INTERNLM2_CONFIG, tokenizer_config=()):
    """An InternLM2 chat model with its own tokenizer.model, and Python files beside it that nobody may run."""
    folder = pathlib.Path(folder)
    write(folder / "config.json", config)
    write(folder / "generation_config.json", {"bos_token_id": 1, "eos_token_id": [2, TURN_END], "pad_token_id": 2})
    added = {0: "<unk>", 1: "<s>", 2: "</s>", TURN_END: "<|im_end|>", TURN_START: "<|im_start|>"}
    flags = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
    tokenizer = {
        "added_tokens_decoder": {str(token): {"content": content, **flags} for token, content in added.items()},
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
        "auto_map": {"AutoTokenizer": ["tokenization_internlm2.InternLM2Tokenizer", None]},
        "bos_token": "<s>",
        "chat_template": CHAT_TEMPLATE,
        "clean_up_tokenization_spaces": False,
        "eos_token": "</s>",
        "model_max_length": 1e30,
        "pad_token": "</s>",
        "tokenizer_class": "InternLM2Tokenizer",
        "unk_token": "<unk>",
    }
    write(folder / "tokenizer_config.json", {**tokenizer, **dict(tokenizer_config)})
    shutil.copy(INTERNLM2_TOKENIZER, folder / "tokenizer.model")
    for name in ("configuration", "modeling", "tokenization"):
        write(folder / (name + "_internlm2.py"), "open('%s_was_run', 'w').close()\n" % name)
    write_safetensors(folder / "model.safetensors", internlm2_weights(config))
    return folder


def letters_tokenizer(vocabulary):
    """A tokenizer.json whose tokens are the printable letters of ASCII and LF, one each."""
    special = ["<unk>", "<s>", "</s>"]
    letters = special + ["\n"] + [chr(code) for code in range(32, 127)]
    letters += ["<%d>" % i for i in range(len(letters), vocabulary)]
    return {
        "version": "1.0",
        "added_tokens": [
            {"id": i, "content": text, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
            for i, text in enumerate(special)
        ],
        "normalizer": None,
        "pre_tokenizer": None,
        "post_processor": None,
        "decoder": {"type": "Fuse"},
        "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": False, "vocab": {x: i for i, x in enumerate(letters)}, "merges": []},
    }


def make_family(folder, name, context=2048):
    """The tiny checkpoint of an entry of tests/golden/families, for longer texts than it has, with letters for tokens."""
    folder = pathlib.Path(folder)
    [entry] = [entry for entry in read_json(FAMILIES / "goldens.json")["entries"] if entry["name"] == name]
    write(folder / "config.json", {**entry["config"], "max_position_embeddings": context})
    write(folder / "tokenizer.json", letters_tokenizer(entry["config"]["vocab_size"]))
    shutil.copy(FAMILIES / entry["weights"], folder / "model.safetensors")
    return folder
