"""What a person writes: CONFIG.json, cards, variants, summarizers; and what is said of a mistake in them."""

import json

from .data import ceval_card, inline_set, make_ceval, make_mcq, mcq_rows
from .harness import DATA, OK, THIRD_PARTY, USAGE, ContractTest, RunFolder, read_json, write


class ConfigTest(ContractTest):
    def setUp(self):
        super().setUp()
        self.set = make_mcq(self.dir / "set.jsonl")

    def refused(self, text, *words, rc=DATA):
        write(self.dir / "bad.json", text)
        self.assert_refused(self.run_sample("bad.json", expect=rc), rc, *words)
        self.assertEqual(self.run_folders(), [])


class ConfigFile(ConfigTest):
    def test_comments_and_trailing_commas(self):
        write(
            self.dir / "run.json",
            """{
  // a set by its name
  "datasets": ["ceval_xyj_gen",],
  /* all of a run's settings
     may stand here */
  "limit": 2, "work_dir": "outputs/elsewhere", "seed": 3,
}
""",
        )
        run = self.run_sample("run.json").run
        self.assertEqual(run.path.parent, self.dir / "outputs/elsewhere")
        self.assertEqual(run.task("ceval-xyj")["samples"], 2)
        self.assertEqual(read_json(run.path / "configs/run.json")["seed"], 3)

    def test_extends_another_file(self):
        write(self.dir / "base/first.json", {"limit": 4, "seed": 1})
        write(self.dir / "base/second.json", '{"extends": "first.json", "seed": 2 /* wins */}')
        write(self.dir / "run.json", {"extends": ["base/second.json"], "datasets": ["ceval_xyj_gen"], "limit": 3})
        run = self.run_sample("run.json").run
        config = read_json(run.path / "configs/run.json")
        self.assertEqual((config["limit"], config["seed"]), (3, 2))
        self.assertNotIn("extends", config)

    def test_extends_what_is_not_there(self):
        self.refused('{\n  "extends": "nowhere.json"}', "bad.json:2", "nowhere.json")

    def test_extends_in_a_circle(self):
        self.refused('{"extends": "bad.json"}', "bad.json", "circular")

    def test_flags_win_over_the_file(self):
        write(self.dir / "run.json", {"datasets": ["ceval_xyj_gen"], "limit": 4})
        run = self.run_sample("run.json", "--limit", "2", "--max-out-len", "3").run
        self.assertEqual(run.task("ceval-xyj")["samples"], 2)
        self.assertEqual(read_json(run.path / "configs/run.json")["models"][0]["max_out_len"], 3)

    def test_models_and_sets_by_name_and_written_out(self):
        write(
            self.dir / "cards/toy.json",
            {"card": "model", "summary": "a toy", "abbr": "toy", "backend": "sample", "max_out_len": 4},
        )
        write(
            self.dir / "run.json",
            {
                "models": ["toy", {"abbr": "other", "backend": "sample", "config": {"context_length": 2000}}],
                "datasets": ["ceval_xyj_gen", inline_set(self.set)],
                "limit": 2,
            },
        )
        outcome = self.sextant("run", "run.json", "--config-dir", "cards", "--plugin-path", THIRD_PARTY)
        self.assert_rc(outcome, OK)
        run = RunFolder(self.run_folders()[0])
        self.assert_schema(run.record, "run_json")
        self.assertEqual(
            [(t["model"], t["dataset"]) for t in run.record["tasks"]],
            [("toy", "ceval-xyj"), ("toy", "tiny"), ("other", "ceval-xyj"), ("other", "tiny")],
        )
        self.assertEqual(run.summary("csv").read_text().splitlines()[0], "dataset,version,metric,mode,toy,other")
        self.assertTrue(run.file("predictions", "tiny", "other").exists())

    def test_an_inline_set_holds_what_the_file_holds(self):
        write(self.dir / "run.json", {"datasets": [inline_set(self.set, shots=True)]})
        run = self.run_sample("run.json").run
        self.assertEqual([p["gold"] for p in run.predictions("tiny")], [row["answer"] for row in mcq_rows(10)])
        prompt = run.predictions("tiny")[5]["origin_prompt"]
        self.assertEqual([t["prompt"] for t in prompt if t["role"] == "BOT"], ["A", "B"])

    def test_variants(self):
        card = inline_set(self.set)
        card.update(card="dataset", summary="tiny", variants={"brief": {"infer": {"inferencer": {"max_out_len": 1}}}})
        write(self.dir / "cards/tiny_gen.json", card)
        plain = self.run_sample("--datasets", "tiny_gen", "--config-dir", "cards").run
        brief = self.run_sample("--datasets", "tiny_gen/brief", "--config-dir", "cards").run
        self.assertTrue(all(len(p["prediction"]) <= 1 for p in brief.predictions("tiny")))
        self.assertTrue(
            any(len(p["prediction"]) > 1 for p in plain.predictions("tiny"))
            or plain.csv()[0]["version"] != brief.csv()[0]["version"]
        )
        self.assertNotEqual(plain.csv()[0]["version"], brief.csv()[0]["version"])
        self.assert_refused(
            self.run_sample("--datasets", "tiny_gen/breif", "--config-dir", "cards", expect=DATA), DATA, "breif", "'brief'"
        )

    def test_a_component_of_another_type_keeps_no_key_of_the_one_before(self):
        write(self.dir / "cards/shots_gen.json", dict(inline_set(self.set, shots=True), card="dataset"))
        for name, retriever in (("none_gen", {"type": "zero"}), ("near_gen", {"type": "bm25", "ice_num": 1})):
            write(self.dir / ("cards/%s.json" % name), {"card": "dataset", "extends": "shots_gen.json", "infer": {"retriever": retriever}})
            run = self.run_sample("--datasets", name, "--config-dir", "cards").run
            asked = read_json(run.path / "configs/run.json")["datasets"][0]["infer"]
            self.assertEqual(asked["retriever"], retriever)
            self.assertEqual(asked["inferencer"]["type"], "gen")  # what is not written again stays

    def test_a_file_is_a_card_by_what_it_extends(self):
        write(self.dir / "cards/tiny_gen.json", dict(inline_set(self.set), card="dataset", summary="tiny"))
        write(self.dir / "cards/short_gen.json", {"extends": "tiny_gen", "infer": {"inferencer": {"max_out_len": 1}}})
        write(self.dir / "cards/shorter_gen.json", {"extends": "short_gen.json", "abbr": "shorter"})
        run = self.run_sample("--datasets", "short_gen", "shorter_gen", "--config-dir", "cards").run
        self.assertEqual({row["dataset"] for row in run.csv()}, {"tiny", "shorter"})
        listed = self.sextant("list", "datasets", "--config-dir", "cards", "--json")
        self.assertIn("shorter_gen", [line["name"] for line in listed.lines()])

    def test_groups_have_names_of_their_own(self):
        for name, abbr in (("one_gen", "one"), ("two_gen", "two")):
            group = {"name": "mean", "members": [abbr]}
            write(self.dir / ("cards/%s.json" % name), dict(inline_set(self.set, abbr=abbr), card="dataset", groups=[group, {"name": "all of " + abbr, "members": ["mean"]}]))
        run = self.run_sample("--datasets", "one_gen", "two_gen", "--config-dir", "cards").run
        self.assertEqual([row["dataset"] for row in run.csv()], ["one", "two", "mean", "all of one", "mean_two_gen", "all of two"])
        for groups, said in (([{"name": "mean", "members": ["one"]}] * 2, "two groups are called 'mean'"),
                             ([{"name": "mean", "members": ["one"], "metrics": ["acc", of]} for of in ("f1", "acc")], "two groups are called 'mean'"),
                             ([{"name": "mean", "members": ["one", "mean"]}], "the group 'mean' is a member of itself"),
                             ([{"name": "one", "members": ["one"]}], "a group and a data set are called 'one'")):
            write(self.dir / "cards/mine.json", {"card": "summarizer", "summary": "x", "groups": groups})
            self.assert_refused(self.run_sample("--datasets", "one_gen", "--summarizer", "mine", "--config-dir", "cards", expect=DATA), DATA, said)

    def test_a_summarizer_card(self):
        write(
            self.dir / "cards/mine.json",
            {
                "card": "summarizer",
                "summary": "one group",
                "groups": [{"name": "both", "members": ["ceval-xyj", "ceval-xyj_ppl"]}],
            },
        )
        run = self.run_sample(
            "--datasets", "ceval_xyj_gen", "ceval_xyj_ppl", "--limit", "5", "--summarizer", "mine", "--config-dir", "cards"
        ).run
        rows = {row["dataset"]: row for row in run.csv()}
        self.assertEqual((rows["both"]["metric"], rows["both"]["mode"]), ("naive_average", "mixed"))
        mean = sum(run.results(task)["accuracy"] for task in ("ceval-xyj", "ceval-xyj_ppl")) / 2
        self.assertAlmostEqual(float(rows["both"]["sample"]), mean, delta=0.0051)
        self.assert_refused(
            self.run_sample("--datasets", "ceval_xyj_gen", "--summarizer", "mien", "--config-dir", "cards", expect=DATA),
            DATA,
            "mien",
            "'mine'",
        )

    def test_two_cards_of_one_set_have_names_of_their_own(self):
        for name in ("one_gen", "two_gen"):
            write(self.dir / ("cards/%s.json" % name), dict(inline_set(self.set), card="dataset"))
        run = self.run_sample("--datasets", "one_gen", "two_gen", "--config-dir", "cards").run
        names = [task["dataset"] for task in run.record["tasks"]]
        self.assertEqual(len(set(names)), 2)
        self.assertIn("tiny", names)
        self.assertEqual(run.record["status"], "complete")


class Mistakes(ConfigTest):
    def test_an_unknown_key_names_file_line_and_the_nearest(self):
        self.refused('{\n  // here\n  "datasets": ["ceval_xyj_gen"],\n  "limits": 3\n}', "bad.json:4", "limits", "'limit'")

    def test_an_unknown_key_of_an_inline_set(self):
        bad = inline_set(self.set)
        bad["reader"]["output_colum"] = "answer"
        self.refused({"datasets": [bad]}, "bad.json", "datasets[0]", "output_colum", "'output_column'")

    def test_an_unknown_key_below_extends(self):
        write(self.dir / "base.json", '{\n\n  "sede": 4}')
        self.refused('{"extends": "base.json", "datasets": ["ceval_xyj_gen"]}', "base.json:3", "sede", "'seed'")

    def test_a_value_of_another_type(self):
        self.refused('{"datasets": ["ceval_xyj_gen"],\n "limit": "3"}', "bad.json:2", "limit", "number")

    def test_no_json(self):
        self.refused('{"datasets": [', "bad.json")

    def test_no_file(self):
        self.assert_refused(self.run_sample("nowhere.json", expect=DATA), DATA, "nowhere.json")

    def test_a_plugin_that_is_not_there(self):
        bad = inline_set(self.set)
        bad["eval"]["metrics"] = [{"type": "acuracy"}]
        write(self.dir / "bad.json", {"datasets": [bad]})
        outcome = self.run_sample("bad.json", expect=DATA)
        self.assertRegex(outcome.stderr, "acuracy.*'accuracy'")

    def test_a_plugins_own_unknown_key(self):
        bad = inline_set(self.set)
        bad["eval"]["postprocessors"] = [{"type": "first_capital", "option": "ABCD"}]
        write(self.dir / "bad.json", {"datasets": [bad]})
        outcome = self.run_sample("bad.json", expect=DATA)
        self.assertRegex(outcome.stderr, "option.*'options'|option.*first_capital|first_capital.*option")

    def test_the_file_and_a_flag_both_name_the_sets(self):
        write(self.dir / "run.json", {"datasets": ["ceval_xyj_gen"]})
        self.assert_refused(
            self.run_sample("run.json", "--datasets", "ceval_xyj_ppl", expect=USAGE), USAGE, "run.json", "--datasets"
        )

    def test_a_broken_card_costs_only_itself(self):
        write(self.dir / "cards/broken.json", '{"card": "dataset", ')
        outcome = self.run_sample("--datasets", "ceval_xyj_gen", "--limit", "1", "--config-dir", "cards")
        self.assertRegex(outcome.stderr, "warning: .*broken.json")


class Selection(ConfigTest):
    def indices(self, *args):
        write(self.dir / "run.json", {"datasets": [inline_set(self.set)]})
        return [p["index"] for p in self.run_sample("run.json", *args).run.predictions("tiny")]

    def test_limit(self):
        for limit, expected in (("3", 3), ("0.25", 2), ("0.01", 1), ("100", 10), ("1", 1)):
            self.assertEqual(self.indices("--limit", limit), list(range(expected)), limit)

    def test_random_rows_are_stable_and_chosen_by_the_seed(self):
        one = self.indices("--limit", "4", "--limit-mode", "random", "--seed", "1")
        self.assertEqual(one, self.indices("--limit", "4", "--limit-mode", "random", "--seed", "1"))
        self.assertEqual(one, sorted(one))
        self.assertEqual(len(set(one)), 4)
        others = [self.indices("--limit", "4", "--limit-mode", "random", "--seed", str(seed)) for seed in (2, 3, 4)]
        self.assertTrue(any(other != one for other in others))

    def test_limit_that_is_no_limit(self):
        write(self.dir / "run.json", {"datasets": [inline_set(self.set)]})
        for limit in ("-1", "2.5", "many", "0"):
            self.assert_refused(self.run_sample("run.json", "--limit", limit, expect=USAGE), USAGE, "limit")

    def test_limit_counts_per_set(self):
        write(self.dir / "run.json", {"datasets": [inline_set(self.set), inline_set(self.set, abbr="other"), "ceval_xyj_gen"]})
        run = self.run_sample("run.json", "--limit", "2").run
        self.assertEqual([task["samples"] for task in run.record["tasks"]], [2, 2, 2])


class SearchOrder(ContractTest):
    """Where data lies: the places of the contract, in its order. Each place holds a val split of another size."""

    def samples(self, *args, **options):
        write(self.dir / "cards/one.json", ceval_card("logic"))
        run = self.run_sample("--datasets", "one", "--config-dir", "cards", *args, **options).run
        return run.task("ceval-logic")["samples"]

    def test_data_dir_then_its_data_folder(self):
        make_ceval(self.dir / "d/data", ["logic"], val_rows=2)
        self.assertEqual(self.samples("--data-dir", "d"), 2)
        make_ceval(self.dir / "d", ["logic"], val_rows=1)
        self.assertEqual(self.samples("--data-dir", "d"), 1)

    def test_the_others_in_order(self):
        make_ceval(self.home / ".cache/opencompass/data", ["logic"], val_rows=1)
        self.assertEqual(self.samples(), 1)
        make_ceval(self.dir / "data", ["logic"], val_rows=2)
        self.assertEqual(self.samples(), 2)
        make_ceval(self.dir / "compass/data", ["logic"], val_rows=3)
        env = {"COMPASS_DATA_CACHE": str(self.dir / "compass")}
        self.assertEqual(self.samples(env=env), 3)
        make_ceval(self.dir / "d", ["logic"], val_rows=4)
        self.assertEqual(self.samples("--data-dir", "d", env=env), 4)

    def test_beside_the_loader_last(self):
        self.assertEqual(self.run_sample("--datasets", "ceval_xyj_gen", "--limit", "1").run.record["status"], "complete")


class Combinations(ConfigTest):
    """Which models run on which sets, and a model card's own post-processors."""

    TOY = {"backend": "sample", "max_out_len": 4}

    def config(self, **more):
        write(
            self.dir / "run.json",
            {
                "models": [{"abbr": "toy", **self.TOY}, {"abbr": "other", **self.TOY}],
                "datasets": [inline_set(self.set, "one"), inline_set(self.set, "two")],
                "limit": 2,
                "summarizer": {"name": "both", "groups": [{"name": "mean", "members": ["one", "two"]}]},
                **more,
            },
        )

    def run_config(self, *args, expect=OK, file="run.json"):
        before = set(self.run_folders())
        outcome = self.sextant("run", file, *args, "--plugin-path", THIRD_PARTY)
        self.assert_rc(outcome, expect)
        outcome.run = RunFolder(sorted(set(self.run_folders()) - before)[-1]) if expect == OK else None
        return outcome

    def versions(self, run):
        return {row["dataset"]: row["version"] for row in run.csv()}

    def test_what_no_combination_names_is_not_asked_and_no_failure(self):
        self.config()
        whole = self.versions(self.run_config().run)
        self.config(model_dataset_combinations=[{"models": ["toy"], "datasets": ["*"]}, {"models": ["other"], "datasets": ["two"]}])
        outcome = self.run_config()
        run = outcome.run
        self.assertEqual([(t["model"], t["dataset"]) for t in run.record["tasks"]], [("toy", "one"), ("toy", "two"), ("other", "two")])
        self.assertEqual(run.record["status"], "complete")
        rows = {row["dataset"]: row for row in run.csv()}
        self.assertEqual(rows["one"]["other"], "-")
        self.assertNotEqual(rows["one"]["toy"], "-")
        self.assertIn("one is not in this run", outcome.stderr)
        self.assertEqual(self.versions(run)["two"], whole["two"])
        written = read_json(run.path / "configs/run.json")["model_dataset_combinations"]
        self.assertEqual(written, [{"models": ["toy"], "datasets": ["one", "two"]}, {"models": ["other"], "datasets": ["two"]}])
        again = self.run_config(file=run.path / "configs/run.json").run
        self.assertEqual([t["dataset"] for t in again.record["tasks"]], [t["dataset"] for t in run.record["tasks"]])
        self.assertEqual(self.versions(again), self.versions(run))

    def test_what_is_in_no_combination_leaves_the_run_with_a_warning(self):
        self.config(model_dataset_combinations=[{"models": ["toy"], "datasets": ["one"]}])
        outcome = self.run_config()
        self.assertEqual([(t["model"], t["dataset"]) for t in outcome.run.record["tasks"]], [("toy", "one")])
        self.assertRegex(outcome.stderr, "the model other, which is left out")
        self.assertRegex(outcome.stderr, "the data set two, which is left out")

    def test_names_that_the_run_does_not_have(self):
        for combination, words in (
            ({"models": ["tyo"], "datasets": ["one"]}, ("model_dataset_combinations[0]", "'tyo'", "did you mean 'toy'")),
            ({"models": ["toy"], "datasets": ["oen"]}, ("model_dataset_combinations[0]", "'oen'", "it has: one, two")),
            ({"models": [], "datasets": ["one"]}, ("names no model",)),
            ({"models": ["toy"]}, ("datasets",)),
        ):
            self.config(model_dataset_combinations=[combination])
            self.assert_refused(self.run_config(expect=DATA), DATA, *words)
        self.assertEqual(self.run_folders(), [])

    def test_a_models_own_postprocessors(self):
        self.config()
        plain = self.run_config().run
        self.config(models=[{"abbr": "toy", **self.TOY, "postprocessors": {"on?": [{"type": "regex", "pattern": "(never)"}]}}, {"abbr": "other", **self.TOY}])
        run = self.run_config().run
        answers = lambda run, model, dataset: [line["answers"]["none"] for line in map(json.loads, run.file("samples", dataset, model).open())]
        self.assertEqual(answers(run, "toy", "one"), ["", ""])
        self.assertEqual(answers(run, "toy", "two"), answers(plain, "toy", "two"))
        self.assertEqual(answers(run, "other", "one"), answers(plain, "other", "one"))
        self.assertEqual(read_json(run.path / "configs/run.json")["models"][0]["postprocessors"], {"on?": [{"type": "regex", "pattern": "(never)"}]})
        self.assertEqual(self.versions(run)["two"], self.versions(plain)["two"])
        self.assertNotEqual(self.versions(run)["one"], self.versions(plain)["one"])
        # they are a part of scoring: -m eval may change them
        self.config()
        outcome = self.sextant("run", "run.json", "-m", "eval", "-r", run.path.name, "--plugin-path", THIRD_PARTY)
        self.assert_rc(outcome, OK)
        self.assertEqual(answers(run, "toy", "one"), answers(plain, "toy", "one"))
        self.config(models=[{"abbr": "toy", **self.TOY, "postprocessors": [{"type": "regxe"}]}])
        self.assert_refused(self.run_config(expect=DATA), DATA, "regxe", "toy")
