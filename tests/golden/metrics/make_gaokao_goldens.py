"""GAOKAO-Bench's points as OpenCompass 0.5.4's evaluators give them: gaokao.json, [questions, reply, reference, percent].

    python make_gaokao_goldens.py      (an environment that has opencompass 0.5.4)"""

import json
import pathlib
import random
import sys

from opencompass.datasets.GaokaoBench import GaokaoBenchEvaluator

EACH = int(sys.argv[1]) if len(sys.argv) > 1 else 40
PARTS = ["【答案】", "【答案】 ", "【答案】：A", "【答案】: B <eoa>", "<eoa>", "A", "BD", "ABC", "C。", "The answer is D", " ", "\n", "\u3000", "选", "Because",
         "【解析】 ... <eoe>\n", "答案是E", "G F", "【答案】\u3000Ａ", "【答案】\nC"]
SLOTS = {"single_choice": 1, "multi_choice": 1, "multi_question_choice": 3, "five_out_of_seven": 5}

random.seed(5)
out = []
for questions, slots in SLOTS.items():
    evaluator = GaokaoBenchEvaluator(questions)
    answers = ["A", "B", "C", "D"] + (["BD", "ABC"] if questions == "multi_choice" else [])
    for _ in range(EACH):
        reply = "".join(random.choice(PARTS) for _ in range(random.randint(0, 7)))
        reference = [random.choice(answers) for _ in range(slots)]
        out.append([questions, reply, reference, round(evaluator.score([reply], [reference])["score"], 9)])
rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in out)
pathlib.Path(__file__).with_name("gaokao.json").write_text(f"[\n{rows}\n]\n", encoding="utf-8")
