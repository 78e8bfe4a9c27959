"""A template: the examples and the question as "Q: ... A: ..."."""
from sextant_plugin import run, template


@template
def @NAME@(record, shots, output_column, *, column: str = "question") -> str:
    lines = ["Q: %s\nA: %s" % (shot.get(column, ""), shot.get(output_column, "")) for shot in shots]
    return "\n\n".join(lines + ["Q: %s\nA:" % record.get(column, "")])


run()
