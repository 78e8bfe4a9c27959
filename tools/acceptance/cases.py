#!/usr/bin/env python3
"""Inputs that users' reports describe, each with what is right: cases.py [--program SEXTANT] [--plugins DIR] [--cases DIR] [--only NN...]

The inputs are in DIR (default: `cases` beside $SEXTANT_TEST_DATA); without them it exits with 77. --plugins: the folder with the sample
backend. Models are tiny and made here. Cases 11, 15 and 17 make theirs with numpy and safetensors: without these they are skipped, visibly.
Exit code 1 where anything is not as it should be. CI has the same behaviour in tests/contract, with inputs of the project's own.
"""

import argparse
import json
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time

OK, USAGE, DATA, INCOMPLETE = 0, 64, 65, 75
CONFIG = {"architectures": ["LlamaForCausalLM"], "attention_bias": False, "attention_dropout": 0.0, "bos_token_id": 0, "eos_token_id": 1,
          "head_dim": 16, "hidden_act": "silu", "hidden_size": 64, "intermediate_size": 96, "max_position_embeddings": 512, "mlp_bias": False,
          "model_type": "llama", "num_attention_heads": 4, "num_hidden_layers": 3, "num_key_value_heads": 2, "rms_norm_eps": 1e-05,
          "rope_parameters": {"rope_theta": 10000.0, "rope_type": "default"}, "tie_word_embeddings": True, "vocab_size": 512}


def make_tiny(folder):
    """A Llama of random weights whose tokens are bytes."""
    folder.mkdir(parents=True)
    shapes = {"model.embed_tokens.weight": (512, 64), "model.norm.weight": (64,)}
    for layer in range(3):
        for name, shape in (("self_attn.q_proj", (64, 64)), ("self_attn.k_proj", (32, 64)), ("self_attn.v_proj", (32, 64)),
                            ("self_attn.o_proj", (64, 64)), ("mlp.gate_proj", (96, 64)), ("mlp.up_proj", (96, 64)),
                            ("mlp.down_proj", (64, 96)), ("input_layernorm", (64,)), ("post_attention_layernorm", (64,))):
            shapes["model.layers.%d.%s.weight" % (layer, name)] = shape
    source, head, body = random.Random(1), {"__metadata__": {"format": "pt"}}, b""
    for name, shape in shapes.items():
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        data = struct.pack("<%df" % count, *([1.0] * count if len(shape) == 1 else [source.gauss(0, 0.2) for _ in range(count)]))
        head[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(head).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + body)
    write(folder / "config.json", CONFIG)
    write(folder / "generation_config.json", {"bos_token_id": 0, "eos_token_id": 1})
    write(folder / "tokenizer_config.json", {"bos_token": "<s>", "eos_token": "</s>", "tokenizer_class": "PreTrainedTokenizerFast"})
    plain = [b for b in range(256) if 33 <= b < 127 or 161 <= b < 173 or b >= 174]
    letters = plain + [256 + i for i in range(256 - len(plain))]
    vocabulary = {token: i for i, token in enumerate(["<s>", "</s>", "<unk>"] + sorted(map(chr, letters)))}
    vocabulary.update({"<%d>" % i: i for i in range(len(vocabulary), 512)})
    flags = {"special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    bytes_only = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    write(folder / "tokenizer.json",
          {"version": "1.0", "added_tokens": [{"id": i, "content": t, **flags} for i, t in enumerate(["<s>", "</s>", "<unk>"])],
           "normalizer": None, "pre_tokenizer": bytes_only, "post_processor": None, "decoder": bytes_only,
           "model": {"type": "BPE", "vocab": vocabulary, "merges": []}})


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")


class Cases:
    def __init__(self, program, plugins, folder, only):
        self.program, self.only, self.failed, self.done, self.skipped = program, only, 0, 0, 0
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="sextant-cases-"))
        self.cases = self.work / "cases"
        shutil.copytree(folder, self.cases)
        subprocess.run(["chmod", "-R", "u+w", self.cases], check=True)
        make_tiny(self.work / "tiny" / "llama")
        self.tiny = self.work / "tiny" / "llama"
        self.sample = ["--backend", "sample", "--plugin-path", plugins]

    def enter(self, number):
        """The folder of a case, or None where it is not asked for or not there."""
        found = sorted(self.cases.glob(number + "-*"))
        if not found or (self.only and number not in self.only):
            return None
        self.case, self.folder = number, found[0]
        return found[0]

    def weights(self, *names):
        for name in names:
            for file in ("model.safetensors", "tokenizer.json"):
                shutil.copy(self.tiny / file, self.folder / name / file)

    def run(self, *args, rc=OK, out=(), err=(), never=(), env=None):
        """One command in the case's folder: its exit code, patterns that stdout and stderr must hold, and some that neither may."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "XDG_", "SEXTANT_"))}
        environment.update({"HOME": str(self.work / "home"), **(env or {})})
        found = subprocess.run([self.program, *map(str, args)], cwd=self.folder, env=environment, capture_output=True, text=True,
                               errors="replace", check=False)
        wrong = ["exit code %d, not %d" % (found.returncode, rc)] if rc is not None and found.returncode != rc else []
        wrong += ["stdout lacks %s" % p for p in out if not re.search(p, found.stdout, re.S)]
        wrong += ["stderr lacks %s" % p for p in err if not re.search(p, found.stderr, re.S)]
        wrong += ["%s must not be said" % p for p in never if re.search(p, found.stdout + found.stderr, re.S)]
        self.judge(" ".join(map(str, args)), wrong, found.stdout[-700:] + found.stderr[-1200:])
        return found

    def judge(self, what, wrong, shown=""):
        self.done += 1
        if not wrong:
            return
        self.failed += 1
        print("case %s: %s\n  %s\n  %s" % (self.case, what[:200], "; ".join(wrong), shown.replace("\n", "\n  ")))

    def score(self, *args, **expected):
        """Log-probability of the first continuation of in.jsonl, or None."""
        found = self.run("model", "score", "--input", "in.jsonl", *args, **expected)
        return json.loads(found.stdout)["scores"][0]["logprob"] if found.returncode == OK and found.stdout else None

    def same(self, what, one, other, tolerance=2e-5):
        wrong = [] if one is not None and other is not None and abs(one - other) <= tolerance else ["%s, not %s" % (one, other)]
        self.judge(what, wrong)

    def make(self):
        """The case's own make.py, which needs numpy and safetensors."""
        environment = dict(os.environ, TINY_FOLDERS=str(self.tiny.parent))
        found = subprocess.run([sys.executable, "make.py"], cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        if found.returncode == 0:
            return True
        self.skipped += 1
        print("SKIP case %s: its make.py says: %s" % (self.case, found.stderr.strip().splitlines()[-1]))
        return False


def data_files(c):
    if c.enter("01"):
        for name in ("first_row_longest.jsonl", "first_row_shortest.jsonl", "first_row_shortest_answers_fit.jsonl", "missing_as_null.jsonl",
                     "missing_as_empty.csv"):
            found = c.run("prompt", *c.sample, "--hf-type", "base", "--custom-dataset-path", name, never=("None", r"[A-E]\. *\n"))
            asked = sorted(len(re.findall(r"^[A-E]\. ", part, re.M)) for part in found.stdout.split("--- ")[1:])
            c.judge(name + ": options", [] if asked and set(asked) == {3, 5} else ["rows have %s options" % asked])
        c.run("prompt", *c.sample, "--custom-dataset-path", "answer_is_empty_option.csv", rc=DATA, err=("answer_is_empty_option.csv:3", "'E' is empty"))
    if c.enter("03"):
        for name in ("renamed", "human_prompt", "ours"):
            c.run("prompt", *c.sample, "--hf-type", "base", "-n", 0, "--custom-dataset-path", name + ".csv",
                  out=("Question: Which of these floats\\?\nX. iron\nY. cork\nZ. lead\nW. gold\nAnswer:",))
        c.run("prompt", *c.sample, "--custom-dataset-path", "typo.csv", rc=DATA, err=("my_qestion", "my_question"))
        c.run("prompt", *c.sample, "-n", 0, "--custom-dataset-path", "words.csv", out=("yes or no",))
        for suffix in ("csv", "jsonl"):
            c.run("run", *c.sample, "-m", "infer", "-w", "qa_" + suffix, "--custom-dataset-path", "qa_without_answers." + suffix, err=("no answers",))
        for name in ("yesno", "digits"):
            c.run("run", *c.sample, "-w", name, "--custom-dataset-path", name + ".csv", out=(name + " .* accuracy",))
        c.run("run", *c.sample, "--config-dir", "cards", "--datasets", "badcolumn", "--data-dir", ".", "-w", "x", rc=DATA, err=("qestion.*question",),
              never=("loaded in",))


def replies(c):
    for number in ("05", "06"):
        if not c.enter(number):
            continue
        right = [case[1] for case in json.loads((c.folder / "right.json").read_text())] if number == "05" else ["B", "B", "B", "", "B", "B", "B"]
        for name in ("first_option",) if number == "05" else ("first_option", "first_capital", "last_option"):
            found = c.run("plugins", "run", "postprocessor:" + name, "--config", '{"options":"ABCD"}', "--input", "replies.jsonl")
            read = [json.loads(line)["text"] for line in found.stdout.splitlines()]
            c.judge(name, ["reply %d is read as %r, not %r" % (i, one, other) for i, (one, other) in enumerate(zip(read, right)) if one != other]
                    + ([] if len(read) == len(right) else ["%d replies of %d" % (len(read), len(right))]))


def chat_templates(c):
    if c.enter("08"):
        c.weights("model")
        c.run("run", "--hf-path", "model", "--custom-dataset-path", "q.csv", "--system-prompt", "Be brief.", "--max-out-len", 2, "-w", "a", rc=DATA,
              err=("no system turn here; leave out --system-prompt",), never=("loaded in",))
        c.run("prompt", "--hf-path", "model", "--config-dir", "cards", "--datasets", "shots", "--data-dir", ".", "-n", 1,
              out=("You answer with one letter",))
        c.run("run", "--hf-path", "model", "--config-dir", "cards", "--datasets", "shots", "--data-dir", ".", "-w", "b",
              err=("examples of the split 'train' repeat rows 0 of the split 'test'",))
    if c.enter("09"):
        c.weights("with_default", "no_default", "files", "only_additional", "legacy_json_list", "dict_of_names")
        for name in ("with_default", "files", "legacy_json_list", "dict_of_names"):
            c.run("prompt", "--hf-path", name, "--custom-dataset-path", "q.csv", "-n", 0, out=(r"\[d:user\]",))
        for name in ("no_default", "only_additional"):
            c.run("prompt", "--hf-path", name, "--custom-dataset-path", "q.csv", "-n", 0, rc=DATA, err=("named rag.*--chat-template NAME",))
        c.run("prompt", "--hf-path", "with_default", "--chat-template", "rag", "--custom-dataset-path", "q.csv", "-n", 0, out=(r"\[r:user\]",))
    if c.enter("19"):
        c.weights("model")
        ask = ("prompt", "--hf-path", "model", "--custom-dataset-path", "q.csv", "-n", 0)
        c.run(*ask, "--chat-template-kwargs", "enable_thinking=false", out=("<think>\n\n</think>",))
        for flag in ("tokenizer", "generation", "model"):
            c.run(*ask, "--%s-kwargs" % flag, "enable_thinking=False", err=("--chat-template-kwargs enable_thinking=False",), never=("<think>",))


def model_files(c):
    if c.enter("10"):
        c.weights("plain", "with_penalty", "others")
        replies = {}
        for name in ("plain", "with_penalty", "others"):
            found = c.run("model", "generate", "--hf-path", name, "--max-out-len", 64, "--input", "in.jsonl")
            replies[name] = found.stdout
        c.judge("the penalty is followed", [] if replies["plain"] != replies["with_penalty"] else ["the replies are the same"])
        c.run("model", "info", "--hf-path", "with_penalty", out=("temperature 0.7, top_p 0.8, top_k 20.*not followed",))
        c.run("model", "info", "--hf-path", "others", out=("forced_bos_token_id 5, which is not followed",))
    if c.enter("11") and c.make():
        scores = {name: c.score("--hf-path", name) for name in ("own_head_tied_flag", "own_head_untied_flag", "no_head_tied_flag", "copied_head_tied_flag")}
        c.same("a head of its own is used", scores["own_head_tied_flag"], scores["own_head_untied_flag"], 0)
        c.same("a copy is the embedding", scores["copied_head_tied_flag"], scores["no_head_tied_flag"], 0)
        c.run("model", "info", "--hf-path", "own_head_tied_flag", out=("other numbers than the embedding",))
    if c.enter("14"):
        hub_cache(c)
    if c.enter("15") and c.make():
        adapters(c)
    if c.enter("17") and c.make():
        spellings(c)


def hub_cache(c):
    one, two = "0123456789abcdef" * 2 + "01234567", "89abcdef" * 5
    hub = c.folder / "made"
    layouts = {"with-ref": [one], "ref-newline": [one], "no-ref": [one], "two-snapshots": [one, two], "dead-ref": [one], "other-ref": [one],
               "half": [one], "config-only": [one]}
    refs = {"with-ref": ("main", one), "ref-newline": ("main", one + "\r\n"), "dead-ref": ("main", two), "other-ref": ("v1", one), "half": ("main", one),
            "config-only": ("main", one)}
    for name, snapshots in layouts.items():
        for snapshot in snapshots:
            shutil.copytree(c.tiny, hub / ("models--acme--" + name) / "snapshots" / snapshot)
        if name in refs:
            write(hub / ("models--acme--" + name) / "refs" / refs[name][0], refs[name][1])
    for name in ("half", "config-only"):
        (hub / ("models--acme--" + name) / "snapshots" / one / "model.safetensors").unlink()
    env = {"HF_HUB_CACHE": str(hub)}
    expected = c.score("--hf-path", c.tiny)
    for name in ("with-ref", "ref-newline", "no-ref", "dead-ref", "other-ref"):
        says = {"dead-ref": ("refs/main.*is missing.*is taken",)}
        c.same(name, c.score("--hf-path", "acme/" + name, env=env, err=says.get(name, ())), expected, 0)
    c.score("--hf-path", "acme/two-snapshots", env=env, rc=DATA, err=("2 snapshots", one, two))
    for name in ("half", "config-only"):
        c.score("--hf-path", "acme/" + name, env=env, rc=DATA, err=("no weights in the folder",))
    c.score("--hf-path", "acme/never-fetched", env=env, rc=DATA, err=("HF_HUB_CACHE or HF_HOME.*models--acme--never-fetched", "nothing is fetched"))
    c.same("a folder of the cache", c.score("--hf-path", hub / "models--acme--with-ref"), expected, 0)


def adapters(c):
    def score(name, **expected):
        return c.score("--hf-path", "base", "--peft-path", name, **expected)

    for name, merged in (("plain", "ref_plain"), ("regex_targets", "ref_regex"), ("rslora", "ref_rslora"), ("layers_to_transform", "ref_layers"),
                         ("lm_head_target", "ref_lm_head"), ("dotted_targets", "ref_plain"), ("named_default", "ref_plain"),
                         ("prefix_missing", "ref_plain"), ("prefix_module", "ref_plain")):
        c.same(name, score(name), c.score("--hf-path", merged))
    score("zero_b", err=("the adapter changes nothing",))
    score("with_tokenizer", err=("tokenizer_config.json besides? the adapter.*--tokenizer-path",))
    for name, says in (("targets_disjoint", "down_proj.*target_modules"), ("other_width", "must have shape"), ("more_layers", "no such matrix"),
                       ("resized_embedding", r"\[515, 64\]"), ("modules_to_save", "modules_to_save"), ("use_dora", "lora_magnitude_vector"),
                       ("r_missing", 'has no "r"'), ("nested", "nested/default"), ("pickled", "is a pickle")):
        score(name, rc=DATA, err=(says,))


def spellings(c):
    same = ("reference", "rope_theta_top", "rope_scaling_default", "rope_scaling_type_default", "rope_scaling_empty", "rope_scaling_false", "nulls",
            "dtype_bf16_saved_f32", "no_architectures", "two_architectures", "auto_map", "eos_list", "num_labels_etc", "pretraining_tp", "nan_value",
            "infinity_value", "bom", "no_pt_metadata")
    expected = c.score("--hf-path", "m/reference")
    for name in same:
        c.same(name, c.score("--hf-path", "m/" + name), expected, 0)
    linear = c.score("--hf-path", "m/linear_type")
    for name in ("linear_rope_type", "linear_both"):
        c.same(name, c.score("--hf-path", "m/" + name), linear, 0)
    for name in ("reward_model", "embedding_model"):
        c.score("--hf-path", "m/" + name, err=("not a language model",))
    for name in ("type_conflict", "theta_conflict"):
        c.score("--hf-path", "m/" + name, err=("the former counts",))
    for name, says in (("both_styles", "differ"), ("factor_missing", "rope_scaling.factor"), ("ints_as_text", "hidden_size"), ("vocab_missing", "vocab_size"),
                       ("model_type_missing", "model_type"), ("trailing_comma", "comma"), ("f64_weights", "F64")):
        c.score("--hf-path", "m/" + name, rc=DATA, err=(says,))


def runs(c):
    if c.enter("18"):
        unwritable(c)
    if c.enter("21"):
        shutil.rmtree(c.folder / "model")
        shutil.copytree(c.tiny, c.folder / "model")
        run = ("run", "--hf-path", "model", "--custom-dataset-path", "q.csv", "-w", "v")
        c.run(*run, "--max-out-len", 4)
        before = next(c.folder.glob("v/*/predictions/model_hf/q.json")).read_bytes()
        c.run(*run, "--max-out-len", 8, "-r", err=("max_out_len was 4 and is 8", "earlier/1"))
        kept = list(c.folder.glob("v/*/earlier/1/**/q.json"))
        c.judge("what was replaced is kept", [] if any(path.read_bytes() == before for path in kept) else ["the predictions are gone"])
        c.run(*run, "--max-out-len", 8, "-r", err=("3 of 3 samples were answered from the journal",), never=("other settings",))
    if c.enter("25"):
        run = ("run", "--hf-path", c.tiny, "--datasets", "ceval_gen")
        found = c.run(*run, "--data-dir", "nowhere", "-w", "a", rc=DATA, err=("52 data sets .*looked at nowhere/ceval/formal_ceval",), never=("loaded in",))
        c.judge("one line for one cause", [] if found.stderr.count("error:") == 1 else ["%d errors" % found.stderr.count("error:")])
        c.run(*run, "--data-dir", "case", "--allow-missing", "-w", "b", rc=DATA, err=("nothing was evaluated",))
        c.run(*run, "--data-dir", "unzipped", "-w", "c", rc=DATA, err=("unzipped holds such files: move or link",))
    if c.enter("27"):
        for name, says in (("unknownmetric", "'acuracy'.*'accuracy'"), ("unknownpp", "first_optoin"), ("badkey", "'option'.*'options'"),
                           ("badoptions", "abcd"), ("badregex", "cannot be used")):
            for more in ((), ("--dry-run",)):
                found = c.run("run", "--hf-path", c.tiny, "--config-dir", "cards", "--datasets", name, "--data-dir", ".", "-w", "w", *more, rc=DATA,
                              err=(r"cards/%s.json:\d+: .*%s" % (name, says),), never=("loaded in", "warning"))
                c.judge(name, [] if found.stderr.count("error:") == 1 else ["%d errors" % found.stderr.count("error:")])


def broken(c):
    """What once broke it (cases/broken/repro.sh), each with what is right; its plugins' kind is in tests/robustness/test_process.py."""
    folder = c.cases / "broken"
    if not folder.is_dir() or (c.only and "broken" not in c.only):
        return
    c.case, c.folder = "broken", folder
    for path in [*folder.glob("*/cards/*.json"), folder / "two.json"]:
        path.write_text(path.read_text().replace("@HERE@", str(folder)).replace("@SOURCE@", str(pathlib.Path(__file__).resolve().parents[2])))
    small = ("run", "--config-dir", "base/cards", *c.sample, "--quiet")
    again = ("run", *c.sample[2:], "--quiet", "-r")

    def record(work):
        return json.loads(next(folder.glob(work + "/*/run.json")).read_text())

    def states(work, status):
        c.judge("status of " + work, [] if record(work)["status"] == status else ["it is %s, not %s" % (record(work)["status"], status)])

    (folder / "feeds.jsonl").write_text('{"text": "\\u7b54\\u6848%s"}\n' % ("\\n" * 22))
    c.run("plugins", "run", "postprocessor:first_option", "--config", '{"options":"ABCD"}', "--input", "feeds.jsonl", out=('"text":""',))
    c.run("run", "--config-dir", "03/cards", *c.sample, "--datasets", "s1", "s2", "-w", "names")
    found = {path.stem: len(json.loads(path.read_text())) for path in folder.glob("names/*/predictions/sample/*.json")}
    c.judge("a/b and a_b", [] if sorted(found.values()) == [12, 40] else ["predictions: %s" % found])
    process = subprocess.Popen([c.program, *map(str, small), "--datasets", "small_gen", "-w", "killed", "--model-kwargs", "delay_ms=100"], cwd=folder,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        if list(folder.glob("killed/*/journal/*/*.jsonl")):
            break
        time.sleep(0.05)
    process.kill()
    process.wait()
    c.run(*again, "-m", "eval", "-w", "killed", rc=INCOMPLETE, err=("incomplete",))
    states("killed", "incomplete")
    c.run(*small, "--datasets", "small_gen", "-w", "failed", "--limit", 4)
    c.run(*small, "--datasets", "small_gen", "-w", "failed", "-r", "--model-kwargs", "fail_on=number 6?", rc=DATA)
    c.run(*again, "-m", "eval", "-w", "failed", rc=DATA, err=("1 of 12 samples failed",))
    c.run(*again, "-m", "viz", "-w", "failed", rc=DATA, out=("failed",))
    states("failed", "failed")
    tokenizers(c, folder)
    c.run(*small, "--datasets", "small_gen", "-w", "gone")
    for path in folder.glob("gone/*/results/sample/*"):
        path.unlink()
    c.run(*again, "-m", "viz", "-w", "gone", rc=INCOMPLETE, err=("-m eval and -r scores it again",))
    c.run(*small, "--datasets", "small_gen", "-w", "unscored", "-m", "infer")
    c.run(*again, "-m", "viz", "-w", "unscored", rc=INCOMPLETE, out=("not scored",))
    c.run(*small, "--datasets", "small_gen", "-w", "nan", "--limit", "nan", rc=USAGE, err=("--limit must be a count",))
    c.run(*small, "--datasets", "small_gen", "-w", "hot", "--generation-kwargs", "temperature=1e39", rc=USAGE, err=("temperature=1e39",))
    closed = subprocess.run(["sh", "-c", '"$@" >&-', "sh", c.program, *map(str, small), "--datasets", "small_gen", "-w", "closed"], cwd=folder,
                            capture_output=True, text=True, check=False)
    lock = next(folder.glob("closed/*/.lock")).stat().st_size
    c.judge("closed stdout", [] if closed.returncode == DATA and lock < 20 else ["exit code %d, a lock of %d bytes" % (closed.returncode, lock)], closed.stderr)
    c.run(*again, "--config-dir", "base/cards", "--datasets", "small_ppl", "--backend", "sample", "-m", "eval", "-w", "gone", rc=USAGE,
          err=("no data set 'small_ppl'",))
    c.run("list", "datasets", "--config-dir", "28/cards", out=("l30",))
    c.run("run", "--config-dir", "28/cards", *c.sample, "--datasets", "l30", "-w", "deep", "--limit", 1)
    c.run("list", "datasets", "--config-dir", "29/cards", never=("\x1b", "\x07"))
    for name in ("x.csv", "y.csv"):
        c.run("run", *c.sample, "--custom-dataset-path", "29/" + name, "-w", "escapes", rc=None, never=("\x1b", "\x07"))
    c.run("run", "two.json", "--config-dir", "base/cards", "--limit", 1, "-w", "two", rc=USAGE, err=("'org/m' and 'org_m' would have one folder",))


def tokenizers(c, folder):
    """Whatever stands in the folder of --tokenizer-path is part of what an answer depends on."""
    shutil.copytree(c.tiny, folder / "m")
    shutil.copytree(c.tiny, folder / "tok")
    run = ("run", "--config-dir", "base/cards", "--datasets", "small_ppl", "--hf-path", "m", "--tokenizer-path", "tok", "--quiet", "--limit", 3)
    results = []
    for change in (None, "merges", "chat_template"):
        if change == "merges":
            value = json.loads((folder / "tok/tokenizer.json").read_text())
            value["model"]["merges"] = [["t", "h"], ["i", "o"], ["o", "n"]]
            for merged in ("th", "io", "on"):
                value["model"]["vocab"][merged] = value["model"]["vocab"].pop("<%d>" % (300 + len(merged) + ord(merged[0])))
            write(folder / "tok/tokenizer.json", value)
        fresh = "fresh_%s" % change
        c.run(*run, "-w", fresh)
        c.run(*run, "-w", "resumed", *(["-r"] if change else []))
        found = [json.loads(sorted(folder.glob(work + "/*/run.json"))[-1].read_text())["tasks"][0]["results_sha256"] for work in (fresh, "resumed")]
        c.judge("--tokenizer-path, %s" % change, [] if found[0] == found[1] else ["a resumed run is not a fresh one"])
        results.append(found[0])
    c.judge("another tokenizer", [] if results[0] != results[1] else ["its merges change nothing"])


def unwritable(c):
    shutil.copy(c.cases / "21-take-up-with-other-settings" / "q.csv", c.folder / "q.csv")
    run = ("run", "--hf-path", c.tiny, "--custom-dataset-path", "q.csv", "--max-out-len", 3)
    c.run(*run, "-w", "a", env={"HOME": "/nonexistent"})
    c.run(*run, "-w", "b", env={"XDG_CACHE_HOME": "/proc"})
    if os.geteuid() == 0:  # root may read all; contract tests try it as another user
        return
    for name, mode, says in (("model.safetensors", 0, "Permission denied"), ("tokenizer_config.json", 0, "Permission denied"), ("", 0o600, "may not enter")):
        shutil.rmtree(c.folder / "locked", ignore_errors=True)
        shutil.copytree(c.tiny, c.folder / "locked")
        (c.folder / "locked" / name).chmod(mode)
        c.run("run", "--hf-path", "locked", "--custom-dataset-path", "q.csv", "-w", "c", rc=DATA, err=(says,))
        (c.folder / "locked").chmod(0o700)


def main():
    here = pathlib.Path(__file__).resolve().parents[2]
    data = os.environ.get("SEXTANT_TEST_DATA", "")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.environ.get("SEXTANT_PROGRAM", str(here / "build/dev/root/bin/sextant")))
    parser.add_argument("--plugins", default=os.environ.get("SEXTANT_TEST_THIRD_PARTY", ""))
    parser.add_argument("--cases", default=str(pathlib.Path(data).parent / "cases") if data else "")
    parser.add_argument("--only", nargs="*")
    args = parser.parse_args()
    if not args.cases or not pathlib.Path(args.cases).is_dir() or not args.plugins:
        print("SKIP: no cases (--cases, or beside $SEXTANT_TEST_DATA), or no sample backend (--plugins, $SEXTANT_TEST_THIRD_PARTY)")
        return 77
    c = Cases(os.path.abspath(args.program), os.path.abspath(args.plugins), args.cases, args.only)
    try:
        for part in (data_files, replies, chat_templates, model_files, runs, broken):
            part(c)
    finally:
        shutil.rmtree(c.work, ignore_errors=True)
    print("%d checks, %d failed, %d cases skipped" % (c.done, c.failed, c.skipped))
    return 1 if c.failed else 0


if __name__ == "__main__":
    sys.exit(main())
