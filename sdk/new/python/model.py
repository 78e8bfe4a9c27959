"""A model: repeats the last word that it is told. Put yours where the function returns."""
from sextant_plugin import model, run


@model
def @NAME@(messages, prompt, max_new_tokens) -> str:
    text = messages[-1]["content"] if messages else prompt
    words = text.split()
    return words[-1] if words else ""


run()
