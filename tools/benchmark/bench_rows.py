"""The rows of the benchmark: what is measured, on whom, and what it should reach."""

from .onednn import Products


class Row:
    def __init__(self, name, work, unit, goal, peers, ours, theirs, needs_data=False, prototype=None):
        self.name, self.work, self.unit, self.goal, self.peers = name, work, unit, goal, peers
        self.more_is_better = unit in ("tok/s", "GFLOP/s")
        self.needs_data = needs_data
        self.prototype = prototype  # what a prototype is asked for this work: the compute type and its arguments
        self._ours, self._theirs = ours, theirs

    def contestants(self, sextant, peers):
        """[(name, function that measures once)], Sextant first; peers that are not installed are left out."""
        out = [("sextant", lambda: self._ours(sextant))]
        if all(peers.has(peer) for peer in self.peers):
            out += [peer for peer in self._theirs(sextant, peers) if not peer[0].startswith("llama.cpp ") or peer[0].split()[1] in peers.formats]
        if self.prototype and peers.prototype:
            out.append(("prototype", lambda: peers.prototype_rate(*self.prototype)))
        return out


FORMATS = ("Q4_1", "Q8_0", "BF16", "F16", "F32")


def llama_prefill(tokens, formats):
    return lambda _, peers: [("llama.cpp " + f, lambda f=f: peers.llama_bench(f, tokens, 0)) for f in formats]


def llama_decode(prompts, formats):
    return lambda _, peers: [("llama.cpp " + f, lambda f=f: peers.llama_batched(f, prompts)) for f in formats]


def onednn(compute, goal):
    products = Products(compute)
    return Row("onednn_" + compute, "prefill's products of 512 rows, %s" % compute, "GFLOP/s", goal, ["oneDNN"],
               lambda s: products.rate("ours", s), lambda s, _: [("oneDNN", lambda: products.rate("oneDNN", s))])


ROWS = [
    Row("prefill512_bf16", "prefill 512 tokens, no reuse, no head, bf16", "tok/s", ">= 2.2", ["llama.cpp"],
        lambda s: s.prefill(512, "bf16"), llama_prefill(512, FORMATS), prototype=("bf16", "prefill", 512, 2)),
    Row("prefill1000_bf16", "prefill 1000 tokens, no reuse, no head, bf16", "tok/s", ">= 2.8", ["llama.cpp"],
        lambda s: s.prefill(1000, "bf16"), llama_prefill(1000, FORMATS), prototype=("bf16", "prefill", 1000, 1)),
    Row("prefill512_f32", "prefill 512 tokens, no reuse, no head, f32", "tok/s", ">= 1.7 (F32)", ["llama.cpp"],
        lambda s: s.prefill(512, "f32"), llama_prefill(512, ("F32",)), prototype=("f32", "prefill", 512, 2)),
    onednn("bf16", ">= 0.85"),
    onednn("f32", ">= 0.9"),
    Row("decode1", "decode, one prompt, int8 on Q4_1", "tok/s", ">= 1.5", ["llama.cpp"],
        lambda s: s.decode(1, "int8"), lambda _, p: [("llama.cpp " + f, lambda f=f: p.llama_bench(f, 0, 64)) for f in FORMATS]),
    Row("decode16", "decode, 16 prompts at once, bf16", "tok/s", ">= 2", ["llama.cpp"],
        lambda s: s.decode(16, "bf16"), llama_decode(16, FORMATS), prototype=("bf16", "decode", 16, 128, 64)),
    Row("decode64", "decode, 64 prompts at once, bf16", "tok/s", ">= 2.2", ["llama.cpp"],
        lambda s: s.decode(64, "bf16"), llama_decode(64, FORMATS), prototype=("bf16", "decode", 64, 128, 64)),
    # ours, with and without drafts, and with the prompts; theirs: 64 tokens alone
    *[Row("drafts_" + name, "replies of %s, one at a time, with drafts, int8" % name, "tok/s", ">= 1.8", ["llama.cpp"],
          lambda s, card=card: s.replies(card, "int8"),
          lambda s, p, card=card: [("without drafts", lambda: s.replies(card, "int8", "--no-speculation"))] +
          [("llama.cpp " + f, lambda f=f: p.llama_bench(f, 0, 64)) for f in FORMATS], True)
      for name, card in (("gsm8k", "gsm8k_gen"), ("humaneval", "humaneval_gen"))],
    Row("choice_llama", "cmmlu_ppl, five-shot, whole process, bf16", "s", ">= 7", ["llama.cpp"],
        lambda s: s.wall("cmmlu_ppl", "bf16"),
        lambda s, p: [("llama-perplexity " + f, lambda f=f: p.llama_choice(f, s.questions())) for f in ("BF16", "Q8_0", "F32")], True),
    Row("choice_lm_eval", "cmmlu_ppl, five-shot, whole process, bf16", "s", ">= 15", ["lm-eval"],
        lambda s: s.wall("cmmlu_ppl", "bf16"), lambda s, p: [("lm-eval bf16", lambda: p.lm_eval(s.questions()))], True),
    Row("ppl_opencompass", "cmmlu_ppl, five-shot, whole process, bf16", "s", ">= 120", ["opencompass"],
        lambda s: s.wall("cmmlu_ppl", "bf16"),
        lambda s, p: [("OpenCompass bf16", lambda: p.opencompass("cmmlu_ppl", s))], True),
    Row("gen_opencompass", "cmmlu_gen_c13365, five-shot, whole process, bf16", "s", ">= 28", ["opencompass"],
        lambda s: s.wall("cmmlu_gen_c13365", "bf16"),
        lambda s, p: [("OpenCompass bf16", lambda: p.opencompass("cmmlu_gen_c13365", s))], True),
    # ours: run.json's first_sample_s; theirs: until the progress bar of the first label has counted a batch
    Row("first_sample", "start of the process to the first scored sample, cmmlu_ppl, bf16", "s", ">= 25", ["opencompass"],
        lambda s: s.first_sample("cmmlu_ppl", "bf16"),
        lambda s, p: [("OpenCompass bf16", lambda: p.opencompass_first_sample("cmmlu_ppl", s))], True),
    Row("memory_bf16", "peak memory, cmmlu_ppl, bf16", "MiB", ">= 4", ["opencompass"],
        lambda s: s.peak_mib("cmmlu_ppl", "bf16"),
        lambda s, p: [("OpenCompass bf16", lambda: p.opencompass_peak_mib("cmmlu_ppl", s))], True),
    Row("memory_int8", "peak memory, cmmlu_ppl, weights kept quantised", "MiB", ">= 6", ["opencompass"],
        lambda s: s.peak_mib("cmmlu_ppl", "int8"),
        lambda s, p: [("OpenCompass bf16", lambda: p.opencompass_peak_mib("cmmlu_ppl", s))], True),
]
