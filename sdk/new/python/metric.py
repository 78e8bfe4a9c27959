"""A metric: how many of the reference's words stand in the prediction."""
from sextant_plugin import metric, run


@metric
def @NAME@(prediction: str, reference: str, *, lower: bool = True) -> float:
    if lower:
        prediction, reference = prediction.lower(), str(reference).lower()
    wanted = reference.split()
    return sum(word in prediction.split() for word in wanted) / len(wanted) if wanted else 0.0


run()
