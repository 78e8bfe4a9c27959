"""Numbers and standard errors of lm-eval's tasks and groups: from what lm-eval's model said, lm-eval's own numbers. And keys of each wrong type."""

import json
import sys

from .harness import HERE, OK, ContractTest, write

GOLDEN = HERE.parent / "golden" / "tasks"
MODEL = HERE.parent / "golden" / "tiny_llama.gguf"
AS_THEY_ARE = ("perplexity", "word_perplexity", "byte_perplexity", "bits_per_byte", "brier_score", "bleu", "chrf", "chrf++", "ter")


class TaskNumbers(ContractTest):
    def test_what_lm_evals_model_said_comes_to_lm_evals_numbers(self):
        """A model of Sextant's is asked once; then lm-eval's answers stand in the journal. Made by make_task_goldens.py."""
        sys.path.insert(0, str(HERE.parent.parent / "tools" / "acceptance"))
        from feed_journal import feed

        golden = json.loads((GOLDEN / "numbers.json").read_text(encoding="utf-8"))
        for split, rows in json.loads((GOLDEN / "rows.json").read_text(encoding="utf-8")).items():
            write(self.dir / f"hub/datasets--own--set/snapshots/abc/{split}.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        write(self.dir / "hub/datasets--own--set/refs/main", "abc")
        flags = ("run", "--tasks", "all,whole,words,pairs", "--include-path", GOLDEN, "--model-path", MODEL, "--backend", "cpu", "--compute", "f32", "-w", self.dir / "out", "--quiet")
        self.assertEqual(self.sextant(*flags, env={"HF_HUB_CACHE": str(self.dir / "hub")}).rc, OK)
        run = next((self.dir / "out").iterdir())
        read = lambda kind, task: json.loads(next(run.glob(f"{kind}/*/{task}.json")).read_text(encoding="utf-8"))  # noqa: E731
        predictions = {task: read("predictions", task) for task in golden["said"]}
        for task, samples in golden["said"].items():   # and the prompts are lm-eval's
            for sample in samples:
                ours, first = predictions[task][str(sample["doc_id"])], sample["arguments"][0]
                self.assertEqual(ours["origin_prompt"], first[0])
                if "label: 0" in ours:
                    self.assertEqual(ours["label: 0"]["testing input"], first[0] + first[1])
        feed(run, golden["said"], predictions)
        self.assertEqual(self.sextant(*flags, "-r", env={"HF_HUB_CACHE": str(self.dir / "hub")}).rc, OK)
        table = json.loads(self.sextant("report", run, "--json").stdout)["rows"]
        rows = {(row["dataset"], row["metric"]): row for row in table}
        compared = 0
        for name, numbers in golden["numbers"].items():
            for key, value in numbers.items():
                metric, _, which = key.partition(",")
                if metric.endswith("_stderr"):
                    continue
                row = rows.get((name, f"{metric},{which}")) or rows[(name, metric)]
                unit = 1 if metric in AS_THEY_ARE else 100
                for mine, theirs in ((row["value"], value), (row.get("standard_error"), numbers.get(f"{metric}_stderr,{which}"))):
                    if not isinstance(theirs, str) and theirs is not None:   # "N/A"
                        compared += 1
                        self.assertAlmostEqual(mine / unit / max(1, abs(theirs)), theirs / max(1, abs(theirs)), delta=1e-6, msg=f"{name}: {key}")
        self.assertGreater(compared, 40)
        self.exported_groups(run, golden["numbers"])

    def exported_groups(self, run, numbers):
        """lm-eval's file of the run has every number of its groups, each over the members that have it; and they come back."""
        self.assertEqual(self.sextant("export", run, self.dir / "theirs", "--format", "lm-eval").rc, OK)
        theirs = json.loads(next((self.dir / "theirs").rglob("results_*.json")).read_text(encoding="utf-8"))
        self.assertEqual({name: sorted(members) for name, members in theirs["group_subtasks"].items()},
                         {"all": ["binary", "choices", "filtered", "last"], "all::inner": ["binary", "filtered"]})
        for name in ("all", "all::inner"):
            self.assertEqual({k for k in theirs["groups"][name] if "," in k}, set(numbers[name]))
            for key, value in numbers[name].items():
                self.assertAlmostEqual(theirs["groups"][name][key], value, delta=1e-6, msg=f"{name}: {key}")
            self.assertNotIn(name, theirs["n-shot"])   # its members have none, one and two examples
        self.assertEqual(self.sextant("import", "results", self.dir / "theirs", "-w", self.dir / "back").rc, OK)
        table = json.loads(self.sextant("report", next((self.dir / "back").iterdir()), "--json").stdout)["rows"]
        back = {(row["dataset"], row["metric"]): row["value"] for row in table}
        for name in ("all", "all::inner"):
            for key, value in numbers[name].items():
                if "_stderr" not in key:
                    self.assertAlmostEqual(back[name, key.removesuffix(",none")] / 100, value, delta=1e-6, msg=f"{name}: {key}")

    def test_keys_of_wrong_types_are_said(self):
        base = {"dataset_path": "org/set", "test_split": "test", "doc_to_text": "q", "doc_to_target": "l", "doc_to_choice": "[x, yy]", "output_type": "multiple_choice"}
        values = {"number": "5", "below": "-1", "flag": "true", "list": "[[x]]", "map": "{a: [1]}", "null": "null", "function": "!function u.f", "tag": "!!set {a}", "alias": "*nowhere"}
        right = {"null": set(base) - {"output_type"}, "number": {"num_fewshot", "repeats", "doc_to_text", "doc_to_target"}, "below": {"doc_to_text", "doc_to_target"}, "list": {"doc_to_target"},
                 "map": {"dataset_kwargs", "generation_kwargs"}}  # the null is refused for these, the others are right
        keys = ["task_alias", "dataset_name", "dataset_kwargs", "training_split", "fewshot_split", "process_docs", "process_results", "use_prompt", "description", "target_delimiter",
                "fewshot_delimiter", "fewshot_config", "num_fewshot", "metric_list", "generation_kwargs", "repeats", "filter_list", "gen_prefix", *base]
        for key in keys:
            for name, value in values.items():
                write(self.dir / f"wrong/{key}.{name}.yaml", f"task: {key}.{name}\n" + "".join(f"{k}: {v}\n" for k, v in {**base, key: value}.items()))
        listed = self.json_lines("list", "tasks", self.dir / "wrong", "--json")
        self.assertEqual(len(listed), len(keys) * len(values))
        verdict = {line["task"]: line["verdict"] for line in listed if "task" in line}
        for key in keys:
            for name in values:
                runs = (key not in right["null"]) if name == "null" else key in right.get(name, ())
                with self.subTest(key=key, name=name):
                    self.assertEqual(verdict.get(f"{key}.{name}", "broken") == "runs", runs)
