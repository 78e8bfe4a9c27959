"""Models with random weights in the shape of real ones, made on the machine: speed does not depend on what weights say.

Their vocabulary is bytes: a text of n ASCII letters is n tokens whose ids are its bytes, here and in any peer.
"""

import dataclasses
import json
import pathlib
import random
import struct

from . import model_files


@dataclasses.dataclass(frozen=True)
class Shape:
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    feed_forward: int
    vocab: int
    tied: bool = False

    @property
    def block_parameters(self):
        attention = self.hidden * self.head_dim * (2 * self.heads + 2 * self.kv_heads)
        return self.layers * (attention + 3 * self.hidden * self.feed_forward)

    @property
    def head_parameters(self):
        return self.hidden * self.vocab

    def prefill_flop(self, tokens):
        """Operations a token of a prompt of that many, without the head; attention is causal."""
        return 2 * self.block_parameters + 2 * self.layers * self.heads * self.head_dim * tokens

    def decode_bytes(self, context):
        """What one step at batch 1 must read, in bf16."""
        return 2 * (self.block_parameters + self.head_parameters) + 4 * self.layers * self.kv_heads * self.head_dim * context


SHAPES = {
    "tiny": Shape(64, 2, 4, 2, 16, 128, 320),  # to try the scripts on
    "135m": Shape(576, 30, 9, 3, 64, 1536, 49152, True),  # SmolLM2
    "1.8b": Shape(2048, 24, 16, 8, 128, 8192, 92544),  # InternLM2
    "8b": Shape(4096, 32, 32, 8, 128, 14336, 128256),  # Llama 3
}


def byte_alphabet():
    """The printable character that stands for each byte in a byte-level vocabulary (GPT-2)."""
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(b if b in keep else next(others)) for b in range(256)]


def tokenizer_json(vocab):
    ids = {c: i for i, c in enumerate(byte_alphabet())} | {"<%d>" % i: i for i in range(256, vocab)}
    return {
        "version": "1.0", "truncation": None, "padding": None, "normalizer": None, "post_processor": None,
        "added_tokens": [{"id": 256, "content": "<256>", "single_word": False, "lstrip": False, "rstrip": False,
                          "normalized": False, "special": True}],
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "vocab": ids, "merges": []},
    }


def config_json(s):
    return {
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": s.hidden, "num_hidden_layers": s.layers,
        "num_attention_heads": s.heads, "num_key_value_heads": s.kv_heads, "head_dim": s.head_dim,
        "intermediate_size": s.feed_forward, "vocab_size": s.vocab, "tie_word_embeddings": s.tied,
        "max_position_embeddings": 4096, "rms_norm_eps": 1e-5, "rope_theta": 500000.0, "hidden_act": "silu",
        "bos_token_id": 256, "eos_token_id": 256, "torch_dtype": "bfloat16",
    }


def tensor_shapes(s):
    shapes = {"model.embed_tokens.weight": [s.vocab, s.hidden], "model.norm.weight": [s.hidden]}
    if not s.tied:
        shapes["lm_head.weight"] = [s.vocab, s.hidden]
    for i in range(s.layers):
        at = "model.layers.%d." % i
        for part, sizes in (
            ("input_layernorm", [s.hidden]), ("post_attention_layernorm", [s.hidden]),
            ("self_attn.q_proj", [s.heads * s.head_dim, s.hidden]), ("self_attn.k_proj", [s.kv_heads * s.head_dim, s.hidden]),
            ("self_attn.v_proj", [s.kv_heads * s.head_dim, s.hidden]), ("self_attn.o_proj", [s.hidden, s.heads * s.head_dim]),
            ("mlp.gate_proj", [s.feed_forward, s.hidden]), ("mlp.up_proj", [s.feed_forward, s.hidden]),
            ("mlp.down_proj", [s.hidden, s.feed_forward]),
        ):
            shapes[at + part + ".weight"] = sizes
    return shapes


def random_parts(rows, columns, device):
    """bf16 bytes of a matrix whose outputs are of unit size for inputs of unit size. Without torch: slow, for the tiny shape."""
    try:
        import torch
    except ImportError:
        for _ in range(rows):
            yield b"".join(struct.pack("<f", random.gauss(0, columns**-0.5))[2:] for _ in range(columns))
        return
    step = max(1, (64 << 20) // columns)
    for first in range(0, rows, step):
        numbers = torch.randn(min(step, rows - first), columns, device=device, dtype=torch.float32) * columns**-0.5
        yield numbers.to(torch.bfloat16).cpu().view(torch.uint8).numpy().tobytes()


def make(name, folder, device):
    """Writes a Hugging Face folder, once."""
    s, folder = SHAPES[name], pathlib.Path(folder)
    if (folder / "config.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    random.seed(1)
    shapes = tensor_shapes(s)
    one = struct.pack("<f", 1)[2:]
    parts_of = lambda tensor: [one * s.hidden] if len(shapes[tensor]) == 1 else random_parts(*shapes[tensor], device)
    model_files.write_safetensors(folder / "model.safetensors", shapes, parts_of)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer_json(s.vocab)))
    (folder / "config.json").write_text(json.dumps(config_json(s), indent=1))  # last: it says that the rest is there
