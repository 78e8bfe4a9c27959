#!/usr/bin/env python3
"""Rows of our own for the judged data sets, in their publishers' layouts, and two models' answers to them: judge_data.py OUT

Writes OUT/data (for `--data-dir OUT/data` and for OpenCompass) and gives make_judge_prompts.py and tools/acceptance/judge_prompts.py the same
answers. As in tests/golden/prompts/make_data.py the texts hold what breaks prompts, but for names of columns in braces: OpenCompass
fills those in answers, too (docs/compat.md)."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "prompts"))
from make_data import N, Folder, text  # noqa: E402

MODELS = ["compared", "base"]
FOLLOW = "level {level}: does this keep its {level} constraints?\n\n#Response#\n{prediction}\n\nAnswer YES or NO, one for each."


def plain(i, word):
    return text(i, word).replace("{question}", "{nothing}").replace("</E>", "<E>")


def answer(model, i, turn=0):
    return plain(i * 3 + turn + len(model), "%s answers turn %d of row %d" % (model, turn, i))


def write(root):
    out = Folder(root)
    rows = range(N)
    dialogue = lambda i: [{"role": "user", "content": plain(i, "first")}, {"role": "assistant", "content": ""},
                          {"role": "user", "content": plain(i, "second")}, {"role": "assistant", "content": ""}]
    kinds = ["math", "writing", "coding", "stem", "reasoning", "roleplay"]
    for name in ("mtbench_0.0", "mtbench_0.1", "mtbench_0.7"):
        out.json("subjective/mtbench/%s.json" % name, [
            {"dialogue": dialogue(i), "capability": kinds[i % 6], "others": {"reference": [plain(i, "gold one"), plain(i, "gold two")], "temperature": 0.1}} for i in rows])
    out.json("subjective/alignment_bench/alignment_bench.json", [
        {"question": plain(i, "question"), "capability": ["数学计算", "文本写作"][i % 2], "others": {"subcategory": ["几何", "诗歌"][i % 2], "reference": plain(i, "reference"), "evidences": []}} for i in rows])
    config = "subjective/alignment_bench/config/"
    out.json(config + "multi-dimension.json", {"Paths": {"dimension_set_filepath": "category2dimension.json", "dimension_def_filepath": "dimension2def.json",
                                                         "subcategory_mapping": "subcategory2type.json"}})
    out.json(config + "category2dimension.json", {"推理": ["事实正确性", "满足用户需求", "清晰度"], "创作": ["创造性", "丰富度"]})
    out.json(config + "dimension2def.json", {name: name + "是什么" for name in ("事实正确性", "满足用户需求", "清晰度", "创造性", "丰富度")})
    out.json(config + "subcategory2type.json", {"几何": "推理", "诗歌": "创作"})
    out.json("subjective/alpaca_eval/alpaca_eval.json", [
        {"question": plain(i, "instruction"), "capability": ["koala", "vicuna"][i % 2], "others": {"id": i}} for i in rows])
    out.jsonl("subjective/arena_hard/arenahard.jsonl", [
        {"question_id": "q%d" % i, "category": "arena", "cluster": "c%d" % (i % 3), "turns": [{"content": plain(i, "prompt")}]} for i in rows])
    for name in ("language", "knowledge", "reason_v2", "math_v2", "creationv2_zh"):
        others = lambda i: [{"reference": plain(i, "reference")}, {"reference": None}, {}][i % 3]
        out.json("subjective/compass_arena/%s.json" % name, [
            {"question": plain(i, name), "capability": name, "others": {"lan": "zh", **others(i)}} for i in rows])
    for name in ("fofo_test_prompts", "fofo_test_prompts_cn"):
        out.json("subjective/fofo/%s.json" % name, [
            {"id": i, "instruction": plain(i, name), "domain": "d%d" % (i % 2), "sub_domain": "s", "format": "JSON", "format_type": "general"} for i in rows])
    for name in ("followbench_llmeval_cn", "followbench_llmeval_en"):
        out.json("subjective/followbench/converted_data/%s.json" % name, [
            {"instruction": plain(i, name), "judge_prompt": FOLLOW.replace("{level}", str(i % 5 + 1)), "level": i % 5 + 1, "category": "content", "example_id": i // 5} for i in rows])
    tasks = ["FR", "MR", "CM", "SI", "GR", "AR", "CC", "TS", "SA", "SC", "CR", "IC", "PI"]
    out.jsonl("subjective/mtbench101.jsonl", [
        {"id": i, "task": tasks[i % len(tasks)], "history": [{"user": plain(i, "user %d" % k), "bot": plain(i, "bot %d" % k)} for k in range(2 + i % 2)]} for i in rows])
    turns = lambda i: [{"role": ["user", "assistant"][k % 2], "content": plain(i, "turn %d" % k)} for k in range(1 + 2 * (i % 3))]
    out.jsonl("subjective/WildBench/wildbench.jsonl", [
        {"session_id": "s%d" % i, "turn": turns(i), "checklist": [plain(i, "check %d" % k) for k in range(1 + i % 4)], "primary_tag": "Coding", "secondary_tag": "Math"} for i in rows])
    out.csv("simpleqa/simple_qa_test_set.csv", [["metadata", "problem", "answer"], *([str({"topic": "t"}), plain(i, "problem"), plain(i, "answer")] for i in rows)])
    out.jsonl("chinese_simpleqa/chinese_simpleqa.jsonl", [
        {"id": str(i), "primary_category": "中华文化", "question": plain(i, "问题"), "answer": plain(i, "答案")} for i in rows])


if __name__ == "__main__":
    write(sys.argv[1])
