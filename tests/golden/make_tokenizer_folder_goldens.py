#!/usr/bin/env python3
"""Makes tests/golden/tokenizer_folders.json: Hugging Face folders as people have them, and what transformers makes of each.

    make_tokenizer_folder_goldens.py      (transformers 4.57.6, sentencepiece 0.2.3; after make_tokenizer_json_goldens.py)

A folder is its files: JSON or text as it stands here, or "@NAME", a copy of tests/golden/tokenizers/NAME. Of each: BOS, EOS, the
chat template, and for each text the ids plainly, with special tokens as text (null where transformers' slow classes split other
added tokens as well), and with BOS and EOS. InternLM2's class is not in transformers; LlamaTokenizer has the same rules and reads
the same files.
"""

import json
import pathlib
import tempfile

from transformers import AutoTokenizer

HERE = pathlib.Path(__file__).resolve().parent
TEXTS = [
    "",
    "Hello, world!",
    " a  b ",
    "<|im_start|>user\nHi<|im_end|>\n",
    "x <|im_end|> y",
    "<s>a</s>",
    "<user>Gro\u00dfe T\u00fcr",
    "<added>  z",
    "\u4e2d\u6587\u3002",
    "\n\n<s>\n",
    "<unk>",
    "alone <|endoftext|>",
]
CHAT = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}


def token(content, special=True, **flags):
    return {
        "content": content,
        "special": special,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "single_word": False,
        **flags,
    }


def byte_level_files(name):
    model = json.loads((HERE / "tokenizers" / name).read_text(encoding="utf-8"))["model"]
    merges = [" ".join(m) if isinstance(m, list) else m for m in model["merges"]]
    return {"vocab.json": model["vocab"], "merges.txt": "#version: 0.2\n" + "\n".join(merges) + "\n"}


def folders():
    pieces = {
        "0": token("<unk>"),
        "1": token("<s>"),
        "2": token("</s>"),
        "898": token("<|im_end|>"),
        "899": token("<|im_start|>"),
    }
    llama = {"tokenizer_class": "LlamaTokenizer", **CHAT}
    sp = {"tokenizer.model": "@sp_bpe.model"}
    turns = ["<|im_start|>", "<|im_end|>"]  # unless they are named, the slow class (not the fast one) has a blank before them
    named = [{"name": "tool_use", "template": "TOOLS"}, {"name": "default", "template": "DEFAULT"}]
    yield "internlm2", {
        **sp,
        "tokenizer_config.json": {
            **llama,
            "add_bos_token": True,
            "add_eos_token": False,
            "added_tokens_decoder": pieces,
            "chat_template": "{{ bos_token }}X",
            "additional_special_tokens": turns,
        },
    }
    yield "legacy_false", {
        **sp,
        "tokenizer_config.json": {**llama, "legacy": False, "added_tokens_decoder": pieces, "additional_special_tokens": turns},
    }
    yield "legacy_true", {
        **sp,
        "tokenizer_config.json": {**llama, "legacy": True, "added_tokens_decoder": pieces, "chat_template": named},
    }
    yield "eos_only", {**sp, "tokenizer_config.json": {**llama, "legacy": True, "add_bos_token": False, "add_eos_token": True}}
    yield "added_tokens", {
        **sp,
        "added_tokens.json": {"<added>": 901, "<|im_end|>": 900},
        "tokenizer_config.json": {**llama, "legacy": True},
        "special_tokens_map.json": {**CHAT, "additional_special_tokens": ["<|im_end|>"]},
    }
    yield "stripping", {
        **sp,
        "tokenizer_config.json": {
            **llama,
            "legacy": True,
            "added_tokens_decoder": {
                **pieces,
                "899": token("<|im_start|>", rstrip=True),
                "898": token("<|im_end|>", lstrip=True),
            },
        },
    }
    yield "json", {
        "tokenizer.json": "@byte_level.json",
        "chat_template.jinja": "FILE",
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            **CHAT,
            "add_prefix_space": True,
            "chat_template": "CONFIG",
        },
    }
    yield "json_pad", {
        "tokenizer.json": "@metaspace_first.json",
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "eos_token": {"__type": "AddedToken", **token("</s>")},
            "pad_token": "</s>",
        },
    }
    yield "gpt2_files", {
        **byte_level_files("byte_level.json"),
        "tokenizer_config.json": {"tokenizer_class": "GPT2Tokenizer", **CHAT},
    }
    yield "gpt2_bos", {
        **byte_level_files("byte_level.json"),
        "tokenizer_config.json": {"tokenizer_class": "GPT2Tokenizer", **CHAT, "add_bos_token": True},
    }
    yield "qwen2_files", {
        **byte_level_files("split_nfc.json"),
        "tokenizer_config.json": {
            "tokenizer_class": "Qwen2Tokenizer",
            "eos_token": "<|endoftext|>",
            "unk_token": "<|endoftext|>",
            "pad_token": "<|endoftext|>",
            "added_tokens_decoder": {"0": token("<|endoftext|>"), "420": token("<|im_start|>"), "421": token("<|im_end|>")},
        },
    }


def write_folder(folder, files):
    for name, content in files.items():
        if isinstance(content, str) and content.startswith("@"):
            (folder / name).write_bytes((HERE / "tokenizers" / content[1:]).read_bytes())
        else:
            text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
            (folder / name).write_text(text, encoding="utf-8")


def expected(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=(folder / "tokenizer.json").exists())
    rows = []
    for text in TEXTS:
        plain = tokenizer.encode(text, add_special_tokens=False)
        as_text = tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True) if tokenizer.is_fast else None
        rows.append([plain, as_text, tokenizer.encode(text)])
    template = tokenizer.get_chat_template() if tokenizer.chat_template else None
    return {"bos": tokenizer.bos_token_id, "eos": tokenizer.eos_token_id, "chat_template": template, "rows": rows}


def main():
    out = []
    for name, files in folders():
        with tempfile.TemporaryDirectory() as folder:
            write_folder(pathlib.Path(folder), files)
            out.append({"name": name, "files": files, **expected(pathlib.Path(folder))})
    text = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in out)
    (HERE / "tokenizer_folders.json").write_text(
        '{"texts":' + json.dumps(TEXTS) + ',\n"folders":[\n' + text + "\n]}\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
