#!/usr/bin/env python3
"""Converts PyTorch weights (pytorch_model*.bin, .pt, .pth) to safetensors, which Sextant reads: it reads no pickle itself, because
a pickle can run code. Here torch reads them with weights_only=True, which refuses whatever is more than tensors.

    python3 tools/convert_bin.py FOLDER [--output FOLDER]

Writes model.safetensors, or one file for each shard and model.safetensors.index.json (adapter_model.bin becomes
adapter_model.safetensors), beside the input or into --output; overwrites nothing and leaves the input as it is.
Needs torch and safetensors: pip install torch safetensors"""
import argparse
import json
import os
import re
import sys


def fail(text):
    sys.exit(f"convert_bin.py: {text}")


def safe_name(name):
    return re.sub(r"^pytorch_", "", os.path.splitext(name)[0]) + ".safetensors"


def inputs_of(folder):
    """[(name of the input, name of the output)], and whether an index belongs to them."""
    names = sorted(os.listdir(folder))
    index = "pytorch_model.bin.index.json"
    if index in names:
        with open(os.path.join(folder, index), encoding="utf-8") as file:
            shards = sorted(set(json.load(file)["weight_map"].values()))
        for shard in shards:
            if shard not in names:
                fail(f"{folder}: {index} names {shard!r}, which is missing; fetch it")
        return [(shard, safe_name(shard)) for shard in shards], True
    for whole in ("pytorch_model.bin", "adapter_model.bin"):
        if whole in names:
            return [(whole, safe_name(whole))], False
    others = [n for n in names if n.endswith((".bin", ".pt", ".pth")) and n not in ("training_args.bin", "optimizer.pt", "scheduler.pt")]
    if len(others) == 1:
        return [(others[0], "model.safetensors")], False
    fail(f"{folder}: " + (f"several files could be the weights ({', '.join(others)}); leave one, or an index" if others else
                          "there is no pytorch_model.bin, index of one, .pt or .pth file"))


def tensors_of(path):
    """The float tensors of a file by name, each with memory of its own."""
    import torch
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds, and advises to run what the file holds
        fail(f"{path}: holds more than tensors, or is broken; nothing in it was run (torch says: {str(error).split('. ')[0]})")
    if isinstance(loaded, dict) and isinstance(loaded.get("state_dict"), dict):
        loaded = loaded["state_dict"]
    if not isinstance(loaded, dict) or not any(isinstance(value, torch.Tensor) for value in loaded.values()):
        fail(f"{path}: holds no table of tensors")
    tensors, storages = {}, set()
    for name, value in loaded.items():
        if not isinstance(value, torch.Tensor) or not value.dtype.is_floating_point:
            print(f"  left out: {name} ({value.dtype if isinstance(value, torch.Tensor) else type(value).__name__}): no weight", file=sys.stderr)
            continue
        if value.dtype not in (torch.float32, torch.float16, torch.bfloat16):
            print(f"  to float32: {name} ({value.dtype})", file=sys.stderr)
            value = value.float()
        storage = value.untyped_storage()
        if storage.data_ptr() in storages or storage.nbytes() != value.numel() * value.element_size():
            value = value.clone()  # tied or a slice: safetensors stores no tensor twice
        else:
            storages.add(storage.data_ptr())
        tensors[name] = value.contiguous()
    return tensors


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--output")
    arguments = parser.parse_args()
    if not os.path.isdir(arguments.folder):
        fail(f"{arguments.folder}: is not a folder; name the one that holds the .bin files")
    output = arguments.output or arguments.folder
    try:
        from safetensors.torch import save_file
        import torch  # noqa: F401
    except ImportError as error:
        fail(f"{error}; pip install torch safetensors")
    files, sharded = inputs_of(arguments.folder)
    index_path = os.path.join(output, "model.safetensors.index.json")
    for path in [os.path.join(output, name) for _, name in files] + ([index_path] if sharded else []):
        if os.path.exists(path):
            fail(f"{path}: is there already, and nothing is overwritten; move it away or give --output")
    os.makedirs(output, exist_ok=True)
    weight_map, total = {}, 0
    for source, name in files:
        print(f"{source} -> {name}", file=sys.stderr)
        tensors = tensors_of(os.path.join(arguments.folder, source))
        path = os.path.join(output, name)
        save_file(tensors, path + ".part", metadata={"format": "pt"})
        os.rename(path + ".part", path)
        for tensor, value in tensors.items():
            if weight_map.setdefault(tensor, name) != name:
                fail(f"{source}: {tensor} is in {weight_map[tensor]} already")
            total += value.numel() * value.element_size()
    if sharded:
        with open(index_path, "x", encoding="utf-8") as file:
            json.dump({"metadata": {"total_size": total}, "weight_map": weight_map}, file, indent=2, sort_keys=True)
            file.write("\n")


if __name__ == "__main__":
    main()
