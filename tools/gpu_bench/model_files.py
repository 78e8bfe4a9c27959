"""Models as files, with nothing but the standard library: safetensors written, and copied into GGUF files, as they are or quantised."""

import json
import random
import struct

COPY_BYTES = 64 << 20


def write_safetensors(path, shapes, parts_of):
    """shapes: {name: [sizes]}, all bf16; parts_of(name) yields the tensor's bytes piece by piece."""
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, sizes in shapes.items():
        size = 2 * product(sizes)
        header[name] = {"dtype": "BF16", "shape": sizes, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in shapes:
            for part in parts_of(name):
                file.write(part)


def read_header(file):
    """({name: {dtype, shape, data_offsets}}, where the tensors begin)"""
    [size] = struct.unpack("<Q", file.read(8))
    header = json.loads(file.read(size))
    header.pop("__metadata__", None)
    return header, 8 + size


def product(sizes):
    out = 1
    for size in sizes:
        out *= size
    return out


# ---- GGUF ----

UINT32, FLOAT32, STRING = 4, 6, 8
F32, Q4_0, BF16 = 0, 2, 30  # tensor types
Q4_0_NUMBERS, Q4_0_BYTES = 32, 18  # of a block
ALIGNMENT = 32
NAMES = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output", "input_layernorm": "attn_norm",
         "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
         "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}


def gguf_name(name):
    name = name.removesuffix(".weight")
    if name.startswith("model.layers."):
        layer, part = name.removeprefix("model.layers.").split(".", 1)
        return "blk.%s.%s.weight" % (layer, NAMES[part])
    return NAMES[name] + ".weight"


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def field(key, kind, value):
    body = text(value) if kind == STRING else struct.pack("<I" if kind == UINT32 else "<f", value)
    return text(key) + struct.pack("<I", kind) + body


def fields_of(config):
    at = "llama."
    return [
        ("general.architecture", STRING, "llama"), ("general.name", STRING, "random"),
        (at + "block_count", UINT32, config["num_hidden_layers"]), (at + "context_length", UINT32, config["max_position_embeddings"]),
        (at + "embedding_length", UINT32, config["hidden_size"]), (at + "feed_forward_length", UINT32, config["intermediate_size"]),
        (at + "attention.head_count", UINT32, config["num_attention_heads"]),
        (at + "attention.head_count_kv", UINT32, config["num_key_value_heads"]), (at + "attention.key_length", UINT32, config["head_dim"]),
        (at + "attention.value_length", UINT32, config["head_dim"]), (at + "rope.dimension_count", UINT32, config["head_dim"]),
        (at + "attention.layer_norm_rms_epsilon", FLOAT32, config["rms_norm_eps"]), (at + "rope.freq_base", FLOAT32, config["rope_theta"]),
        (at + "vocab_size", UINT32, config["vocab_size"]), ("tokenizer.ggml.model", STRING, "none"),
    ]


def widened(data):
    """bf16 as float32."""
    return b"".join(b"\0\0" + data[i : i + 2] for i in range(0, len(data), 2))


def random_blocks(rows, columns):
    """Q4_0: a scale, then 32 nibbles less 8, whose deviation is 4.6; outputs are of unit size for inputs of unit size."""
    scale = struct.pack("<e", columns**-0.5 / 4.6)
    some = b"".join(scale + random.randbytes(Q4_0_BYTES - 2) for _ in range(1 << 16))  # what weights say does not matter: over and over
    left = rows * columns // Q4_0_NUMBERS * Q4_0_BYTES
    while left:
        yield some[:left]
        left -= min(left, len(some))


def parts_of_file(source, at, size):
    source.seek(at)
    while size:
        part = source.read(min(size, COPY_BYTES))
        yield part
        size -= len(part)


def write_gguf(folder, path, quantised=False):
    """The weights of a folder that shapes.make() wrote, for measuring speed: rows stay in the order they have, no tokenizer is there.
    quantised: matrices are of random Q4_0 blocks instead."""
    config = json.loads((folder / "config.json").read_text())
    fields = fields_of(config)
    scratch = path.with_suffix(".part")
    with open(folder / "model.safetensors", "rb") as source, open(scratch, "wb") as out:
        tensors, begin = read_header(source)
        out.write(b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(fields)))
        for one in fields:
            out.write(field(*one))
        at, layout = 0, []
        for name, entry in tensors.items():
            shape = entry["shape"]
            kind = F32 if len(shape) == 1 else Q4_0 if quantised else BF16  # llama.cpp wants norms in float32
            size = product(shape) // Q4_0_NUMBERS * Q4_0_BYTES if kind == Q4_0 else product(shape) * (4 if kind == F32 else 2)
            out.write(text(gguf_name(name)) + struct.pack("<I", len(shape)))
            out.write(struct.pack("<%dQ" % len(shape), *reversed(shape)))
            out.write(struct.pack("<IQ", kind, at))
            layout.append((at, entry, kind))
            at += size + -size % ALIGNMENT
        data = out.tell() + -out.tell() % ALIGNMENT
        for at, entry, kind in layout:
            out.write(b"\0" * (data + at - out.tell()))
            first, end = entry["data_offsets"]
            for part in random_blocks(*entry["shape"]) if kind == Q4_0 else parts_of_file(source, begin + first, end - first):
                out.write(widened(part) if kind == F32 else part)
    scratch.rename(path)
