"""An inferencer: asks, shows the model its own answer, and takes the second one. The same arguments give the same step."""
from sextant_plugin import ask, done, inferencer, run


@inferencer
def @NAME@(prompts, rounds, *, again: str = "Check that, and answer again."):
    question = prompts["prompts"][0]
    turns = question.get("messages") or [{"role": "user", "content": question["text"]}]
    if not rounds:
        return ask(turns)
    first = rounds[0]["answers"][0]["text"]
    if len(rounds) == 1:
        return ask(turns + [{"role": "assistant", "content": first}, {"role": "user", "content": again}])
    return done(rounds[1]["answers"][0]["text"])


run()
