"""A post-processor: what stands behind the last marker of a reply."""
from sextant_plugin import postprocessor, run


@postprocessor
def @NAME@(text: str, *, marker: str = "Answer:") -> str:
    return text.rpartition(marker)[2].strip() if marker else text


run()
