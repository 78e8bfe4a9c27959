#!/usr/bin/env python3
"""Writes dequantize.json: random blocks of each GGML type and the float32 numbers that gguf-py makes of them.

Needs: pip install gguf numpy. Usage: make_dequantize_goldens.py [blocks per type] > dequantize.json
Each entry: {"type", "blocks": hex of the bytes, "sha256": of the little-endian float32 results, "first": their bits}.
"""
import hashlib
import json
import sys

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType as Type
from gguf.quants import dequantize

TYPES = ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K",
         "Q2_K", "Q3_K", "IQ4_NL", "IQ4_XS", "MXFP4"]
# where the halves (scales) stand in a block: mostly finite ones are wanted, as in a model
HALVES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
          "Q2_K": [80, 82], "Q3_K": [108], "IQ4_NL": [0], "IQ4_XS": [0]}


def blocks_of(name, count, rng):
    elements, size = GGML_QUANT_SIZES[Type[name]]
    if elements == 1:
        count *= 64
    data = rng.integers(0, 256, (count, size), dtype=np.uint8)
    for offset in HALVES.get(name, []):
        data[:, offset:offset + 2] = rng.normal(0, 0.05, (count, 1)).astype("<f2").view(np.uint8)
    if name in HALVES:
        data[0, HALVES[name][0]:HALVES[name][0] + 2] = [0x01, 0x80]  # a subnormal scale
    if name == "F16":
        data[:5] = np.array([[0x0001], [0x83ff], [0x0400], [0x7bff], [0x8000]], dtype="<u2").view(np.uint8)
    # a NaN's payload is nobody's promise: keep to numbers
    values = dequantize(data.reshape(-1), Type[name]) if name != "F32" else data.reshape(-1).view("<f4")
    keep = np.isfinite(values.reshape(count, -1)).all(axis=1)
    return data[keep]


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    rng = np.random.default_rng(20240521)
    entries = []
    for name in TYPES:
        data = blocks_of(name, count, rng).reshape(-1)
        values = (data.view("<f4") if name == "F32" else dequantize(data, Type[name])).astype("<f4").reshape(-1)
        entries.append({
            "type": name,
            "blocks": data.tobytes().hex(),
            "sha256": hashlib.sha256(values.tobytes()).hexdigest(),
            "first": values[:8].view("<u4").tolist(),
        })
    json.dump(entries, sys.stdout, indent=1)
    print()


main()
