#!/usr/bin/env python3
"""Makes tests/golden/tiny_llama.gguf: a llama of random weights with a byte-level vocabulary, small enough for every test.

    make_tiny_llama.py OUT.gguf        (needs numpy, gguf)

Its widths are no multiples of the kernels' tiles on purpose: 96 hidden, 6 heads of 16 on
2 key heads, 160 feed-forward, 301 ids.
"""
import sys

import gguf
import numpy as np

HIDDEN, HEADS, KV_HEADS, HEAD_DIM, FEED_FORWARD, LAYERS, CONTEXT = 96, 6, 2, 16, 160, 2, 512
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def byte_characters():
    """GPT-2's printable stand-ins for the 256 bytes."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table, extra = {}, 0
    for byte in range(256):
        table[byte] = chr(byte) if byte in kept else chr(256 + extra)
        extra += byte not in kept
    return [table[b] for b in range(256)]


def vocabulary():
    letters = byte_characters()
    space = letters[32]
    merges = [(space, "t"), ("h", "e"), (space + "t", "he"), ("i", "n"), (space, "a"), ("r", "e"), ("o", "n"), (space, "s"),
              ("e", "r"), ("a", "t"), ("in", "g"), (space, "A"), (space, "B"), (space, "C"), (space, "D"), ("e", "n"),
              (space, "w"), ("o", "r"), (space + "a", "n"), (space + "an", "d"), ("o", "u"), (space, "o"), ("e", "d"),
              (space, "c"), (space, "m"), ("e", "s"), (space, "f"), ("i", "s"), (space, "b"), (space + "o", "f"),
              (space, "p"), (space, "in"), ("a", "l"), ("l", "e"), ("i", "t"), (space + "t", "o"), ("a", "r"), (space, "d"),
              ("i", "c"), (":", space), (space, "h"), ("o", "m")]
    return SPECIAL + letters + [a + b for a, b in merges], [a + " " + b for a, b in merges]


def main():
    tokens, merges = vocabulary()
    random = np.random.default_rng(20)
    w = gguf.GGUFWriter(sys.argv[1], "llama")
    w.add_name("tiny random llama")
    w.add_block_count(LAYERS)
    w.add_context_length(CONTEXT)
    w.add_embedding_length(HIDDEN)
    w.add_feed_forward_length(FEED_FORWARD)
    w.add_head_count(HEADS)
    w.add_head_count_kv(KV_HEADS)
    w.add_layer_norm_rms_eps(1e-5)
    w.add_rope_freq_base(10000.0)
    w.add_rope_dimension_count(HEAD_DIM)
    w.add_vocab_size(len(tokens))
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("smollm")
    w.add_token_list(tokens)
    w.add_token_types([gguf.TokenType.CONTROL] * len(SPECIAL) + [gguf.TokenType.NORMAL] * (len(tokens) - len(SPECIAL)))
    w.add_token_merges(merges)
    w.add_bos_token_id(1)
    w.add_eos_token_id(2)
    w.add_add_bos_token(False)
    w.add_chat_template("{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
                        "{{ message['content'] }}<|im_end|>\n{% endfor %}"
                        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}")

    def matrix(name, rows, columns, scale):
        data = (random.standard_normal((rows, columns)) * scale).astype(np.float32)
        w.add_tensor(name, gguf.quants.quantize(data, gguf.GGMLQuantizationType.Q8_0), raw_dtype=gguf.GGMLQuantizationType.Q8_0)

    def norm(name):
        w.add_tensor(name, (1 + 0.1 * random.standard_normal(HIDDEN)).astype(np.float32))

    matrix("token_embd.weight", len(tokens), HIDDEN, 0.25)
    norm("output_norm.weight")
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        norm(block + "attn_norm.weight")
        norm(block + "ffn_norm.weight")
        matrix(block + "attn_q.weight", HEADS * HEAD_DIM, HIDDEN, 0.25)
        matrix(block + "attn_k.weight", KV_HEADS * HEAD_DIM, HIDDEN, 0.25)
        matrix(block + "attn_v.weight", KV_HEADS * HEAD_DIM, HIDDEN, 0.15)
        matrix(block + "attn_output.weight", HIDDEN, HEADS * HEAD_DIM, 0.15)
        matrix(block + "ffn_gate.weight", FEED_FORWARD, HIDDEN, 0.15)
        matrix(block + "ffn_up.weight", FEED_FORWARD, HIDDEN, 0.15)
        matrix(block + "ffn_down.weight", HIDDEN, FEED_FORWARD, 0.15)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


main()
