"""The peers on the same work: Hugging Face's transformers in the ways that evaluations and users call it."""

import time

from . import work as works


class Peer:
    def __init__(self, folder, device, dtype="bfloat16"):
        import torch
        from transformers import AutoModelForCausalLM

        self.torch, self.device = torch, device
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype), attn_implementation="sdpa").to(device).eval()
        self.model.generation_config.eos_token_id = None
        self.model.generation_config.pad_token_id = 0

    def seconds(self, body):
        self.wait()
        begin = time.perf_counter()
        with self.torch.inference_mode():
            body()
        self.wait()
        return time.perf_counter() - begin

    def wait(self):
        if self.device != "cpu":
            self.torch.cuda.synchronize()

    def ids(self, rows):
        return self.torch.tensor(rows, device=self.device)


def batches(rows, size):
    return [rows[i : i + size] for i in range(0, len(rows), size)]


def choice_opencompass(peer, work):
    """OpenCompass' ppl: each answer's whole prompt, two at a time, the logits of every token. A part is measured."""
    some = works.prompts(work)[:16]
    rows = [p + [ord(c)] for p in some for c in works.OPTIONS]

    def body():
        for batch in batches(rows, 2):
            ids = peer.ids(batch)
            logits = peer.model(ids).logits[:, :-1].float()
            peer.torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none").cpu()

    return {"rate": len(some) / peer.seconds(body), "unit": "questions/s"}


def best_batch(peer, rows, sizes, amount, unit, body):
    """`amount` of work by the seconds of the best batch size; body(ids) is one batch."""
    def all_batches(size):
        for batch in batches(rows, size):
            body(peer.ids(batch))

    rates = {size: amount / peer.seconds(lambda: all_batches(size)) for size in sizes}
    return {"rate": max(rates.values()), "unit": unit, "by_batch": rates}


def choice_best_batch(peer, work):
    """One prompt a question, the last token's logits, the best batch size."""
    rows = works.prompts(work)
    last = lambda ids: peer.model(ids, logits_to_keep=1).logits[:, -1].float().log_softmax(-1).cpu()
    return best_batch(peer, rows, (8, 32, 128), len(rows), "questions/s", last)


def choice_shared_prefix(peer, work):
    """Each group's beginning once, its keys and values repeated for the questions."""
    rows = works.prompts(work)

    def body():
        for group in batches(rows, work.members):
            past = peer.model(peer.ids([group[0][: work.shared]]), use_cache=True, logits_to_keep=1).past_key_values
            past.batch_repeat_interleave(len(group))
            own = peer.ids([row[work.shared :] for row in group])
            peer.model(own, past_key_values=past, logits_to_keep=1).logits[:, -1].float().log_softmax(-1).cpu()

    return {"rate": len(rows) / peer.seconds(body), "unit": "questions/s"}


def prefill(peer, work):
    rows = works.prompts(work)
    last = lambda ids: peer.model(ids, logits_to_keep=1, use_cache=False).logits.cpu()
    return best_batch(peer, rows, (4, 16, 32), len(rows) * (work.shared + work.own), "tokens/s", last)


def generate(peer, work, **options):
    """Left padding is not needed: all prompts are of one length."""
    rows = peer.ids(works.prompts(work))
    run = lambda new: peer.seconds(lambda: peer.model.generate(rows, max_new_tokens=new, min_new_tokens=new, do_sample=False, **options))
    run(work.new)  # compiles where that is asked for
    first, all_of_them = run(1), run(work.new)
    value, unit = works.rate(work, all_of_them, first, 0)
    return {"rate": value, "unit": unit, "seconds": all_of_them, "first_s": first}


def generate_static(peer, work):
    """A static cache, compiled into one graph a step."""
    return generate(peer, work, cache_implementation="static")


def generate_continuous(peer, work):
    """transformers' own continuous batching over paged keys and values."""
    from transformers import GenerationConfig

    config = GenerationConfig(max_new_tokens=work.new, do_sample=False, eos_token_id=-1, pad_token_id=0)
    rows = works.prompts(work)
    seconds = peer.seconds(lambda: peer.model.generate_batch(inputs=rows, generation_config=config))
    value, unit = works.rate(work, seconds, 0, 0)
    return {"rate": value, "unit": unit, "seconds": seconds}


# name: (the work, how)
PEERS = {
    "choice_opencompass": ("choice", choice_opencompass),
    "choice_best_batch": ("choice", choice_best_batch),
    "choice_shared_prefix": ("choice", choice_shared_prefix),
    "prefill": ("prefill", prefill),
    "decode_1": ("decode_1", generate),
    "decode_1_static": ("decode_1", generate_static),
    "decode_256": ("decode_256_apart", generate),
    "generic_continuous": ("generic", generate_continuous),
}


def token_logprobs(peer, texts):
    """Of tokens 2..N of each text."""
    out = []
    with peer.torch.inference_mode():
        for text in texts:
            ids = peer.ids([list(text.encode())])
            logprobs = peer.model(ids).logits[0, :-1].float().log_softmax(-1)
            out.append(logprobs.gather(-1, ids[0, 1:, None])[:, 0].tolist())
    return out


def option_logprobs(peer, rows, batch=32):
    """[row][option]: what each answer's letter has as the next token."""
    letters, out = [ord(c) for c in works.OPTIONS], []
    with peer.torch.inference_mode():
        for some in batches(rows, batch):
            logprobs = peer.model(peer.ids(some), logits_to_keep=1).logits[:, -1].float().log_softmax(-1)
            out += logprobs[:, letters].tolist()
    return out


def free(device):
    """Gives back what torch keeps of memory that nobody uses; other programs want it."""
    import gc

    import torch

    gc.collect()
    if device != "cpu":
        torch.cuda.empty_cache()


def ceilings(device):
    """What the machine reaches at best: a copy between two places of its memory, read and written counted, and a matrix product."""
    import torch

    large = device != "cpu"
    wait = torch.cuda.synchronize if large else (lambda: None)

    def best(body, rounds):
        times = []
        for _ in range(rounds):
            wait()
            begin = time.perf_counter()
            body()
            wait()
            times.append(time.perf_counter() - begin)
        return min(times)

    n, side = (1 << 30, 8192) if large else (1 << 24, 512)
    a, b = (torch.empty(n, dtype=torch.float32, device=device).normal_() for _ in range(2))
    copy = best(lambda: b.copy_(a), 10)
    x, y = (torch.randn(side, side, device=device).to(torch.bfloat16) for _ in range(2))
    product = best(lambda: x @ y, 20)
    name = torch.cuda.get_device_name() if large else "cpu"
    return {"device": name, "copy_bytes_per_s": 8 * n / copy, "matmul_flop_per_s": 2 * side**3 / product, "torch": torch.__version__}
