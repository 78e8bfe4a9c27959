#!/usr/bin/env python3
"""OpenCompass 0.5.4's tables of four judged sets, of synthetic judgements: make_summaries.py >summaries.json

Needs an environment with opencompass 0.5.4. The judgements are drawn with a fixed seed: what judges write, and what they should not."""
import contextlib
import io
import json
import random

from opencompass.datasets.subjective.alignbench import alignbench_postprocess
from opencompass.datasets.subjective.alpacaeval import alpacaeval_postprocess
from opencompass.datasets.subjective.arena_hard import arenahard_postprocess
from opencompass.datasets.subjective.mtbench import mtbench_postprocess

draw = random.Random(19)
N = 320
ALIGN = ["数学计算", "逻辑推理", "基本任务", "中文理解", "综合问答", "文本写作", "角色扮演", "专业能力"]


def mtbench():
    n = draw.choice([1, 3, 5, 7, 8, 9, 10, 6.5])
    return draw.choice(["Good. Rating: [[%s]]", "Rating:[[%s]]\nor Rating: [[2]]", "Rating:\n [[%s]]", "[[%s]]", "rating: [[%s]]",
                        "I rate it %s.", "Rating: [[%s]] because"]) % n


def alignbench():
    a, b, c = (draw.randint(1, 10) for _ in range(3))
    return draw.choice(["好 {'事实正确性': %d, '满足用户需求': %d, '综合得分': %d}", "{'事实正确性': %d, '别的': %d, '综合得分': %d}",
                        "先 {'清晰度': %d} 后 {'创造性': %d, '综合得分': %d} 完", "事实正确性 %d\n清晰度与完备性 %d\n综合得分 %d\n",
                        "事实正确性: %d\n满足用户需求: %d\n清晰度: 3\n完备性: 4\n总 %d\n", "{'事实正确性': %d, '创造性': %d, '总分': %d}",
                        "没有分数 %d %d %d", "{'事实正确性': 1%d, '创造性': %d, '综合得分': %d}",
                        "创造性 %d\n丰富度 %d\n事实正确性 3\n满足用户需求 4\n逻辑连贯性 5\n得 %d"]) % (a, b, c)


def alpaca():
    return draw.choice(["m", "M", "m", "M ", "m.", "", "both", " m", "Model M"])


def arena():
    return draw.choice(["My final verdict is: [[%s]]", "[[%s]] and [[A=B]]", "[[%s]]", "it is %s"]) % draw.choice(
        ["A>>B", "A>B", "A=B", "B>A", "B>>A", "A>B", "A<B", "AB"])


def output(kind, make, capabilities, pairs):
    out, kept = {}, []
    for i in range(N):
        swapped = pairs and i >= N // 2
        capability = draw.choice(capabilities) if not swapped else kept[i - N // 2][1]
        reply = make()
        gold = {"capability": capability}
        if pairs:
            gold.update({"answer1": "gpt4-0314" if swapped else "mine", "answer2": "mine" if swapped else "gpt4-0314",
                         "base_models": ["gpt4-0314"]})
        out[str(i)] = {"prediction": reply, "gold": gold}
        kept.append((reply, capability, swapped))
    return out, kept


made = {}
for name, make, capabilities, pairs, process in [
        ("mtbench", mtbench, ["writing", "math", "stem"], False, mtbench_postprocess),
        ("alignbench", alignbench, ALIGN, False, alignbench_postprocess),
        ("alpaca_eval", alpaca, ["koala", "vicuna", "oasst"], True, alpacaeval_postprocess),
        ("arena_hard", arena, ["one", "two"], True, arenahard_postprocess)]:
    judged, kept = output(name, make, capabilities, pairs)
    with contextlib.redirect_stdout(io.StringIO()):
        table = process(judged, "summaries")
    table = {key: float(value) for key, value in table.items() if key != "details"}
    made[name] = {"judgements": kept, "table": table}
print(json.dumps(made, ensure_ascii=False))
