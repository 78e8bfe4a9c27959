"""llama.cpp on the same work, by its own benchmarks: random tokens, the same lengths. Built by tools/gpu-check.sh."""

import json
import subprocess

from . import model_files

ATTEMPTS = 5


class Llama:
    def __init__(self, folder, model, device):
        """folder: its programs; model: a folder as shapes.make() writes it."""
        self.folder, self.source, self.model = folder, model, model.parent / (model.name + ".gguf")
        self.layers = "0" if device == "cpu" else "99"

    def rows(self, program, *arguments):
        if not self.model.exists():
            model_files.write_gguf(self.source, self.model)
        command = [str(self.folder / program), "-m", str(self.model), "-ngl", self.layers, "-fa", "1", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=580)
        if done.returncode:
            raise RuntimeError("%s: exit %d: %s" % (program, done.returncode, done.stderr.strip()[-400:]))
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def bench(self, prompt, generate, **options):
        extra = [word for name, value in options.items() for word in ("-" + name, value)]
        [row] = self.rows("llama-bench", "-p", prompt, "-n", generate, "-r", 2, "-o", "jsonl", *extra)
        return row["avg_ts"]

    def batched(self, prompts, prompt, generate, shared=False):
        tokens = (prompt if shared else prompts * prompt) + prompts * (generate + 1) + 256
        flags = ["-pps"] if shared else []
        for _ in range(ATTEMPTS):
            # the row of one prompt comes last: the program may end before its log has written its last lines
            rows = self.rows("llama-batched-bench", "-npp", prompt, "-ntg", generate, "-npl", "%d,1" % prompts, "-c", tokens, "-b", 2048,
                             "-ub", 2048, "--output-format", "jsonl", *flags)
            for row in rows:
                if row["pl"] == prompts:
                    return row
        raise RuntimeError("llama-batched-bench printed no row for %d prompts" % prompts)


PROMPTS_MOST = 256  # sequences that llama.cpp computes at once


def prefill(llama, work):
    alone, together = llama.bench(work.own, 0, ub=2048), llama.batched(min(work.prompts, 16), work.own, 1)["speed_pp"]
    return {"rate": max(alone, together), "unit": "tokens/s", "one_prompt": alone, "16_prompts": together}


def decode_1(llama, work):
    return {"rate": llama.bench(0, work.new, d=work.own), "unit": "tokens/s"}


def decode_256(llama, work):
    """All of a prompt is shared here, Sextant's prompts differ in their last tokens."""
    row = llama.batched(min(work.prompts, PROMPTS_MOST), work.shared + work.own, work.new, shared=True)
    return {"rate": row["speed_tg"], "unit": "tokens/s"}


def generic(llama, work):
    row = llama.batched(min(work.prompts, PROMPTS_MOST), work.own, work.new)
    return {"rate": row["pl"] * row["tg"] / (row["t_pp"] + row["t_tg"]), "unit": "tokens/s"}


# name: (the work, how)
PEERS = {"llama_prefill": ("prefill", prefill), "llama_decode_1": ("decode_1", decode_1), "llama_decode_256": ("decode_256", decode_256),
         "llama_generic": ("generic", generic)}
