"""The peers: installed from PyPI at fixed versions, run on the work that Sextant is given.

Where the pins come from: these are the newest versions at which each peer ran on a machine without a GPU; OpenCompass as pip resolves it
alone does not."""

import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import textwrap

from . import onednn, process

LLAMA = "llama-cpp-python==0.3.36"  # its source archive carries all of llama.cpp
LLAMA_PROGRAMS = ("llama-bench", "llama-batched-bench", "llama-perplexity", "llama-quantize")
LM_EVAL = ["lm-eval==0.4.13", "transformers==4.57.6", "huggingface_hub<1", "datasets<5", "accelerate", "gguf"]
OPENCOMPASS = ["opencompass==0.5.4", "pyarrow==20.0.0", "transformers==4.57.6", "huggingface_hub<1", "sentence_transformers<6",
               "gradio-client<2", "gguf"]


# in bf16; of 1, 2 and 8 prompts at once these were the fastest, or equal to it
OPENCOMPASS_BATCH = {"cmmlu_ppl": 2, "cmmlu_gen_c13365": 8}


class Peers:
    def __init__(self, work, model, threads, prototype=None, prototype_model=None, llama=None, formats=()):
        """`formats`: those of llama.cpp's models that are measured; `llama`: a folder of llama.cpp's programs, instead of what `install` builds; Failed where it lacks one."""
        self.prototype, self.prototype_model = prototype, prototype_model
        self.formats = formats
        self.work, self.model, self.threads = work.resolve(), model, threads
        self.work.mkdir(parents=True, exist_ok=True)
        self.llama_version = LLAMA
        self.bin = self.work / "llama.cpp" / "build" / "bin"
        if llama:
            self.use_llama(pathlib.Path(llama).resolve())
        self.peaks = {}  # of OpenCompass, by card

    def use_llama(self, folder):
        missing = [name for name in LLAMA_PROGRAMS if not os.access(folder / name, os.X_OK)]
        if missing:
            raise process.Failed("--llama %s: there is no %s" % (folder, ", no ".join(missing)))
        said = subprocess.run([folder / "llama-bench", "--version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        version = re.search(r"^version: (.*)$", said.stdout, re.M)
        self.bin, self.llama_version = folder, version[1] if version else "llama-bench names no version"

    def python(self, peer):
        return self.work / "venvs" / peer / "bin" / "python"

    def has(self, peer):
        if peer == "oneDNN":
            return onednn.program() is not None
        return (self.bin / "llama-bench").exists() if peer == "llama.cpp" else self.python(peer).exists()

    def versions(self):
        names = {"llama.cpp": self.llama_version, "lm-eval": LM_EVAL[0], "opencompass": OPENCOMPASS[0]}
        return {peer: pin for peer, pin in names.items() if self.has(peer)}

    def install(self, peer):
        if self.has(peer) or peer == "oneDNN":  # a package of the system; onednn.py says what is missing
            return
        if peer == "llama.cpp":
            self.build_llama()
            return
        folder = self.work / "venvs" / peer
        process.run([sys.executable, "-m", "venv", folder])
        process.run([folder / "bin" / "pip", "install", "-q", *(LM_EVAL if peer == "lm-eval" else OPENCOMPASS)])

    def build_llama(self):
        folder = self.work / "llama.cpp"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        process.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", "llama-cpp-python", "-d", folder, LLAMA])
        [archive] = folder.glob("*.tar.gz")
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data") if hasattr(tarfile, "data_filter") else tar.extractall(folder)
        [source] = folder.glob("*/vendor/llama.cpp")
        # GCC's intrinsic tells the compiler of 8 bytes of AMX's shapes; the others are then left out and the program dies
        kernels = source / "ggml" / "src" / "ggml-cpu" / "amx" / "mmq.cpp"
        kernels.write_text(kernels.read_text().replace("    _tile_loadconfig(&tc);",
                                                       '    asm volatile("" : : "m"(tc));\n    _tile_loadconfig(&tc);'))
        process.run(["cmake", "-S", source, "-B", folder / "build", "-DCMAKE_BUILD_TYPE=Release", "-DGGML_NATIVE=ON", "-DLLAMA_CURL=OFF",
                     "-DLLAMA_BUILD_TESTS=OFF"])
        process.run(["cmake", "--build", folder / "build", "-j", os.cpu_count(), "--target", *LLAMA_PROGRAMS])

    # ---- a prototype of the engine, outside of the tree ----

    def prototype_rate(self, compute, *work):
        """Tokens per second, as it prints them: "median N", or "= N tok/s"."""
        out = process.run([self.prototype, self.prototype_model, compute, *work, "--own", "--threads", self.threads]).stdout
        rate = re.search(r"\bmedian ([0-9.]+).* tok/s|= ([0-9.]+) tok/s", out)
        if not rate:
            raise process.Failed("%s prints no rate in tok/s: %s" % (self.prototype, out[-200:]))
        return float(rate[1] or rate[2])

    # ---- llama.cpp ----

    def gguf(self, kind):
        """The model in another precision; it is Q4_1 as it comes."""
        if kind == "Q4_1":
            return self.model
        path = self.work / ("model.%s.gguf" % kind)
        if not path.exists():
            process.run([self.bin / "llama-quantize", "--allow-requantize", self.model, path, kind])
        return path

    def llama_bench(self, kind, prompt, generate):
        out = process.run([self.bin / "llama-bench", "-m", self.gguf(kind), "-t", self.threads, "-p", prompt, "-n", generate, "-r", 3,
                           "-o", "json"]).stdout
        [test] = json.loads(out)
        return test["avg_ts"]

    def llama_batched(self, kind, prompts):
        # a row of one prompt comes last: the program may end before its log has written its last lines
        out = process.run([self.bin / "llama-batched-bench", "-m", self.gguf(kind), "-t", self.threads, "-c", 16384, "-npp", 128, "-ntg",
                           64, "-npl", "%d,1" % prompts, "--output-format", "jsonl"]).stdout
        for line in (json.loads(text) for text in out.splitlines() if text.startswith("{")):
            if line["pl"] == prompts:
                return line["speed_tg"]
        raise process.Failed("llama-batched-bench printed no row for %d prompts" % prompts)

    def llama_choice(self, kind, questions):
        """Wall seconds of llama-perplexity over the questions; the right answer is not known to it and does not matter here."""
        def text(s):
            data = s.encode("utf-8")
            return struct.pack("<I", len(data)) + data
        answers = struct.pack("<I", 4) + b"".join(map(text, "ABCD")) + struct.pack("<4i", 1, 0, 0, 0)
        tasks = [text(q) + answers + answers for q in questions]
        first = 4 + 4 * len(tasks)
        offsets = [first + sum(map(len, tasks[:i])) for i in range(len(tasks))]
        path = self.work / "questions.bin"
        path.write_bytes(struct.pack("<I", len(tasks)) + struct.pack("<%dI" % len(tasks), *offsets) + b"".join(tasks))
        return process.run([self.bin / "llama-perplexity", "-m", self.gguf(kind), "-t", self.threads, "-bf", path, "--multiple-choice",
                            "-c", 4096, "-b", 4096, "-ub", 512]).wall_s

    # ---- Python's ----

    def hf_folder(self, peer):
        """The model as transformers dequantises it."""
        folder = self.work / "hf"
        if not (folder / "config.json").exists():
            script = self.work / "to_hf.py"
            script.write_text(TO_HF, encoding="utf-8")
            half = self.work / "hf.part"
            shutil.rmtree(half, ignore_errors=True)
            process.run([self.python(peer), script, self.model, half])
            half.rename(folder)
        return folder

    def lm_eval(self, questions):
        items = self.work / "questions.json"
        items.write_text(json.dumps([{"q": q, "gold": 0} for q in questions], ensure_ascii=False), encoding="utf-8")
        (self.work / "tasks").mkdir(exist_ok=True)
        (self.work / "tasks" / "bench.yaml").write_text(LM_EVAL_TASK % items, encoding="utf-8")
        return process.run([self.python("lm-eval"), "-m", "lm_eval", "--model", "hf", "--model_args",
                            "pretrained=%s,dtype=bfloat16" % self.hf_folder("lm-eval"), "--device", "cpu", "--batch_size", "1", "--tasks",
                            "bench", "--include_path", self.work / "tasks"], env=self.offline()).wall_s

    def opencompass_command(self, card, sextant):
        """(command, folder, environment) of a run over the card's subjects."""
        folder = self.work / "opencompass"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "data").mkdir(parents=True)
        os.symlink(os.path.join(sextant.data, "cmmlu"), folder / "data" / "cmmlu")
        (folder / "bench.py").write_text(OPENCOMPASS_CONFIG % {
            "card": card, "batch": OPENCOMPASS_BATCH[card], "abbrs": tuple("cmmlu-" + s for s in sextant.subjects), "items": sextant.items,
            "model": self.hf_folder("opencompass")}, encoding="utf-8")
        return ([self.python("opencompass").parent / "opencompass", "bench.py", "-w", "out", "--debug"], folder,
                {**self.offline(), "COMPASS_DATA_CACHE": str(folder)})

    def opencompass(self, card, sextant):
        """Wall seconds of such a run."""
        command, folder, env = self.opencompass_command(card, sextant)
        done = process.run(command, cwd=folder, env=env)
        self.peaks[card] = done.peak_bytes
        return done.wall_s

    def opencompass_first_sample(self, card, sextant):
        """Seconds until the first label of the first batch has been scored: sooner than any whole sample of it."""
        command, folder, env = self.opencompass_command(card, sextant)
        return process.time_until(r"Calculating PPL.*\b1/\d+ \[", command, cwd=folder, env=env)

    def opencompass_peak_mib(self, card, sextant):
        if card not in self.peaks:
            self.opencompass(card, sextant)
        return self.peaks[card] / 2**20

    def offline(self):
        return {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "OMP_NUM_THREADS": str(self.threads)}


# transformers refuses to save a model that was loaded from GGUF, and drops the digits' own pre-tokenizer of SmolLM2.
TO_HF = textwrap.dedent("""
    import json, os, sys, torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    source, folder = sys.argv[1:]
    where = dict(pretrained_model_name_or_path=os.path.dirname(source), gguf_file=os.path.basename(source))
    model = AutoModelForCausalLM.from_pretrained(**where, torch_dtype=torch.float32)
    if hasattr(model.config, "quantization_config"): del model.config.quantization_config
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(**where).save_pretrained(folder)
    copy = os.path.join(folder, "tokenizer.model")
    if os.path.exists(copy): os.remove(copy)  # some versions of transformers leave the GGUF file there
    path = os.path.join(folder, "tokenizer.json")
    tokenizer = json.load(open(path, encoding="utf-8"))
    bytes_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    tokenizer["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, bytes_level]}
    json.dump(tokenizer, open(path, "w", encoding="utf-8"), ensure_ascii=False)
""")

LM_EVAL_TASK = textwrap.dedent("""\
    task: bench
    dataset_path: json
    dataset_kwargs: {data_files: {test: %s}}
    output_type: multiple_choice
    test_split: test
    num_fewshot: 0
    doc_to_text: "{{q}}"
    doc_to_choice: ["A", "B", "C", "D"]
    doc_to_target: gold
    target_delimiter: " "
    metric_list: [{metric: acc}]
""")

OPENCOMPASS_CONFIG = textwrap.dedent("""\
    from mmengine.config import read_base
    from opencompass.models import HuggingFaceBaseModel
    with read_base():
        from opencompass.configs.datasets.cmmlu.%(card)s import cmmlu_datasets
    datasets = [d for d in cmmlu_datasets if d["abbr"] in %(abbrs)r]
    for d in datasets:
        d["reader_cfg"]["test_range"] = "[:%(items)d]"
    models = [dict(type=HuggingFaceBaseModel, abbr="model", path="%(model)s", max_out_len=16, batch_size=%(batch)d, run_cfg=dict(num_gpus=0),
                   model_kwargs=dict(torch_dtype="torch.bfloat16", device_map="cpu"))]
""")
