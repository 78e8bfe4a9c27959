"""Whether lower precision changes what is chosen: goal G7's second half."""


def margin(scores):
    best, second = sorted(scores, reverse=True)[:2]
    return best - second


def pick(scores):
    return max(range(len(scores)), key=lambda i: scores[i])  # the first of equals


def noise_of(reference, other):
    """The most that another precision moved the difference of two of an item's scores."""
    moved = ([b - a for a, b in zip(x, y, strict=True)] for x, y in zip(reference, other, strict=True))
    return max((max(m) - min(m) for m in moved), default=0)


def compare(reference, other, noise):
    """reference, other: [item][option] log-probabilities. The share of items with the same choice, and the flips: those whose margin
    in the reference is above `noise` are not explained by it."""
    flips = [margin(a) for a, b in zip(reference, other, strict=True) if pick(a) != pick(b)]
    return {"items": len(reference), "same_share": 1 - len(flips) / len(reference), "flips": sorted(flips, reverse=True),
            "largest_flip": max(flips, default=0), "noise": noise, "flips_above_noise": sum(m > noise for m in flips)}
