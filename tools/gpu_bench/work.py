"""What is measured, the same for Sextant and the peers: prompts as lists of token ids below 128, which are ASCII letters."""

import dataclasses
import random

OPTIONS = "ABCD"


@dataclasses.dataclass(frozen=True)
class Work:
    summary: str
    groups: int  # of prompts that share a beginning
    members: int  # prompts of a group
    shared: int  # tokens
    own: int
    new: int = 0  # tokens to generate; 0: four answers of one token are scored
    batch: int = 256
    reuse: bool = True
    whole: bool = False  # the rate of generation counts the prompts' time, too, as published throughputs do

    @property
    def prompts(self):
        return self.groups * self.members


WORKS = {
    "choice": Work("multiple choice, 5-shot MMLU's shape: 600 tokens shared by 16 questions of 90, four answers", 16, 16, 600, 90),
    "prefill": Work("prompts of 512 tokens that share nothing", 1, 96, 0, 512),
    "decode_1": Work("one sequence of 128 tokens, 256 more", 1, 1, 0, 128, 256),
    "decode_256": Work("256 sequences that share 600 tokens, 64 more each", 1, 256, 600, 16, 64),
    "decode_256_apart": Work("the same, nothing shared", 1, 256, 600, 16, 64, reuse=False),
    "generic": Work("1024 prompts of 128 tokens, 128 more each", 1, 1024, 0, 128, 128, 512, whole=True),
}

QUANTISED = ("prefill", "decode_1", "decode_256")  # what is measured with weights that stay quantised, too
START = Work("one prompt of 16 tokens: until the first token is there", 1, 1, 0, 16, 1, 1)
CHOICES = Work("1024 short questions: whether bf16 changes a choice", 16, 64, 60, 30)


def scaled(work, scale):
    """A smaller one of the same form, to try the scripts on."""
    if scale >= 1:
        return work
    down = lambda n, least: max(min(n, least), int(n * scale)) if n else 0
    return dataclasses.replace(work, groups=down(work.groups, 1), members=down(work.members, 2), shared=down(work.shared, 4),
                               own=down(work.own, 4), new=down(work.new, 3))


def prompts(work):
    """[prompt][token]; the members of a group one after the other."""
    letters = random.Random(1)
    text = lambda n: [letters.randrange(ord("a"), ord("z") + 1) for _ in range(n)]
    return [shared + text(work.own) for shared in (text(work.shared) for _ in range(work.groups)) for _ in range(work.members)]


def rate(work, seconds, seconds_of_one, computed_tokens):
    """What the work is about, per second: questions, prompt tokens, or generated tokens (those beyond the first, by their steps' time)."""
    if work.new and work.whole:
        return work.prompts * work.new / seconds, "tokens/s"
    if work.new:
        if seconds <= seconds_of_one:
            raise ValueError("%d tokens took no longer than one: %.3f s, %.3f s" % (work.new, seconds, seconds_of_one))
        return work.prompts * (work.new - 1) / (seconds - seconds_of_one), "tokens/s"
    return (work.prompts / seconds, "questions/s") if work.shared else (computed_tokens / seconds, "tokens/s")
