#!/usr/bin/env python3
"""Makes lora/: a model of two layers with random weights, LoRA adapters to it as peft saves them, and what peft merges them to.

    pip install peft==0.21.2 torch safetensors && python3 tests/golden/make_lora_goldens.py

model/ is a Hugging Face folder as far as a checkpoint's reader looks; <adapter>/ is what PeftModel.save_pretrained wrote;
<adapter>.merged.safetensors has the float32 weights after merge_and_unload."""
import copy
import json
import os
import shutil

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lora")
ADAPTERS = {
    "plain": dict(r=2, lora_alpha=3, target_modules=["q_proj", "up_proj"]),
    "patterns": dict(r=4, lora_alpha=8, use_rslora=True, target_modules=r".*\.(q_proj|up_proj|down_proj)",
                     rank_pattern={r"layers\.1\.up_proj": 1, "q_proj": 3}, alpha_pattern={"layers.0.q_proj": 5, r".*down.*": 2}),
    "dora": dict(r=2, lora_alpha=3, target_modules=["q_proj", "up_proj"], use_dora=True, use_rslora=True),
    "whole": dict(r=2, lora_alpha=4, target_modules=["q_proj", "up_proj"], modules_to_save=["down_proj"], bias="all",
                  exclude_modules=["layers.1.q_proj"]),
}


class Layer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.q_proj = torch.nn.Linear(6, 8, bias=False)
        self.up_proj = torch.nn.Linear(6, 10, bias=True)
        self.down_proj = torch.nn.Linear(10, 6, bias=False)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.ModuleList([Layer(), Layer()])


def main():
    torch.manual_seed(1)
    shutil.rmtree(HERE, ignore_errors=True)
    os.makedirs(os.path.join(HERE, "model"))
    base = Model()
    with torch.no_grad():
        for parameter in base.parameters():  # stored as bf16, computed with in float32
            parameter.copy_(torch.randn_like(parameter).bfloat16().float())
    save_file({n: p.detach().bfloat16() for n, p in base.named_parameters()}, os.path.join(HERE, "model", "model.safetensors"))
    with open(os.path.join(HERE, "model", "config.json"), "w", encoding="utf-8") as file:
        json.dump({"model_type": "two_layers"}, file)
    for name, settings in ADAPTERS.items():
        model = get_peft_model(copy.deepcopy(base), LoraConfig(**settings))
        with torch.no_grad():
            for parameter_name, parameter in model.named_parameters():
                if "lora_" in parameter_name or "modules_to_save" in parameter_name or (
                        settings.get("bias") == "all" and parameter_name.endswith("bias")):
                    parameter.copy_(torch.randn_like(parameter))
        folder = os.path.join(HERE, name)
        model.save_pretrained(folder)
        os.remove(os.path.join(folder, "README.md"))
        merged = model.merge_and_unload()
        save_file({n: p.detach().contiguous() for n, p in merged.named_parameters()}, os.path.join(HERE, name + ".merged.safetensors"))


if __name__ == "__main__":
    main()
