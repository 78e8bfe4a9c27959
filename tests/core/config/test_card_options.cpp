// What a card is read with: parts, other inferencers, overrides, entries from files, groups, judges and helpers.
#include <catch2/catch.hpp>
#include "../../../core/config/card_store.hpp"
#include "../../../core/config/groups.hpp"
#include "../../../core/config/overrides.hpp"
#include "../../../core/config/read_card.hpp"
#include "../../../core/config/rows.hpp"
#include "../../../core/config/set_member.hpp"
#include "../temporary_folder.hpp"

using namespace sextant;
using namespace sextant::config;

namespace {

const std::vector<KnownInferencer> known = {
    {"gen", data::Form::open}, {"ppl", data::Form::labels}, {"clp", data::Form::continuations}};

std::string card_with(
    const std::string& more,
    const std::string& eval = R"({"postprocessors": [{"type": "first_capital"}], "metrics": [{"type": "accuracy"}]})") {
  return R"({"card": "dataset", "loader": {"type": "x", "name": "${name}"}, "folder": "set", "abbr": "set-${name}",
    "reader": {"input_columns": ["q"], "output_column": "a"},
    "infer": {"template": {"type": "text", "prompt": "{q}"}, "inferencer": {"type": "gen", "max_out_len": 5}},
    "eval": )" + eval + (more.empty() ? "" : ", " + more) + "}";
}

struct Cards {
  test::TemporaryFolder folder;
  CardStore store;
  std::vector<SummaryGroup> groups;
  explicit Cards(const std::string& text) {
    test::spit(folder / "set.json", text);
    store = CardStore::open({folder.path()});
  }
  Result<std::vector<DatasetConfig>> read(const std::string& name = "set",
                                          std::vector<std::pair<std::string, std::string>> set = {}) {
    CardOptions options;
    options.inferencers = known;
    options.set = std::move(set);
    options.store = &store;
    options.data_folder = [this](const std::string& sub, const std::string&) {
      return Result<std::filesystem::path>(folder / sub);
    };
    groups.clear();
    const std::string card = read_card_name(name, known, options);
    return read_dataset_card(*store.find(CardKind::dataset, card).value(), options, groups);
  }
  std::string abbrs(const std::string& name = "set") {
    const auto sets = read(name);
    if (!sets) return sets.error().message;
    std::string out;
    for (const DatasetConfig& set : *sets) out += (out.empty() ? "" : " ") + set.abbr;
    return out;
  }
};

template <class T> std::string message(const Result<T>& result) { return result ? "(no error)" : result.error().message; }

}  // namespace

TEST_CASE("entries come from lists, names, files and globs", "[config]") {
  CHECK(Cards(card_with(R"("each": ["law", {"name": "logic"}])")).abbrs() == "set-law set-logic");
  for (const auto& [file, text] :
       std::vector<std::pair<std::string, std::string>>{{"list.txt", "law\n\nlogic\r\n"},
                                                        {"list.json", R"(["law", {"name": "logic"},])"},
                                                        {"list.jsonl", "{\"name\": \"law\"}\n\"logic\"\n"},
                                                        {"list.csv", "name,title\nlaw,x\nlogic,y\n"}}) {
    for (const std::string& place : {file, "set/" + file}) {
      Cards cards(card_with(R"("each": {"file": ")" + file + "\"}"));
      test::spit(cards.folder / place, text);
      CHECK(cards.abbrs() == "set-law set-logic");
    }
  }
  Cards glob(card_with(R"("each": {"glob": "${split}/${name}_${split}.csv"})"));
  for (const char* file : {"set/test/logic_test.csv", "set/test/law_test.csv", "set/test/law_dev.csv", "set/test/other.txt"})
    test::spit(glob.folder / file, "x");
  CHECK(glob.abbrs() == "set-law set-logic");
}

TEST_CASE("entries that there are none of are an error that says where", "[config]") {
  CHECK_THAT(Cards(card_with(R"("each": {"glob": "test/${name}.csv"})")).abbrs(),
             Catch::Contains("no file in") && Catch::Contains("--data-dir"));
  CHECK_THAT(Cards(card_with(R"("each": {"glob": "test/*.csv"})")).abbrs(), Catch::Contains("has no placeholder; put ${name}"));
  CHECK_THAT(Cards(card_with(R"("each": {"file": "none.txt"})")).abbrs(),
             Catch::Contains("neither in the card's folder nor in"));
  CHECK_THAT(Cards(card_with(R"("each": 3)")).abbrs(), Catch::Contains("each must be array|object"));
  CHECK_THAT(Cards(card_with(R"("each": ["a", "a"])")).abbrs(), Catch::Contains("gives the abbr 'set-a' twice"));
}

TEST_CASE("NAME:PART keeps what it names, and groups that are whole", "[config]") {
  Cards cards(
      card_with(R"("each": ["law", "logic", "civil_law"], "groups": [{"name": "two", "members": ["set-law", "set-civil_law"]},
    {"name": "all", "members": ["set-*"]}, {"name": "top", "members": ["two"]}])"));
  CHECK(cards.abbrs() == "set-law set-logic set-civil_law");
  CHECK(cards.groups[1].members.size() == 3);
  CHECK(cards.abbrs("set:law") == "set-law");
  CHECK(cards.groups.empty());
  CHECK(cards.abbrs("set:*law") == "set-law set-civil_law");
  REQUIRE(cards.groups.size() == 2);
  CHECK(cards.groups[1].name == "top");
  CHECK(cards.abbrs("set:logic,set-law/ppl") == "set-law set-logic");
  CHECK_THAT(cards.abbrs("set:lgic"),
             Catch::Contains("no part of the card is called 'lgic' (did you mean 'logic'?); there are: law, logic, civil_law"));
}

TEST_CASE("NAME/ID asks with another inferencer; a chosen label needs no post-processor", "[config]") {
  Cards cards(card_with(R"("each": ["law"], "variants": {"long": {"infer": {"inferencer": {"max_out_len": 9}}}})"));
  const DatasetConfig plain = cards.read()->front(), clp = cards.read("set/clp")->front(),
                      both = cards.read("set/long/clp")->front();
  CHECK(clp.inferencer.id == "clp");
  CHECK(clp.inferencer.max_out_len == 5);
  CHECK(clp.card == "set/clp");
  CHECK(clp.version != plain.version);
  CHECK(plain.filters.front().postprocessors.size() == 1);
  CHECK(clp.filters.front().postprocessors.empty());
  CHECK(both.inferencer.max_out_len == 9);
  CHECK_THAT(cards.abbrs("set/cpl"), Catch::Contains("no variant 'cpl'") && Catch::Contains("did you mean") &&
                                         Catch::Contains("inferencers are: gen, ppl, clp"));
}

TEST_CASE("--set sets members by their paths and is checked as the card is", "[config]") {
  Cards cards(card_with(R"("each": ["law"])"));
  const auto set = cards.read("set", {{"infer.inferencer.max_out_len", "32"},
                                      {"eval.metrics[0].type", "exact_match"},
                                      {"reader.test_range", "[:3]"},
                                      {"infer.inferencer.stop", R"(["\n"])"}});
  REQUIRE(set);
  CHECK(set->front().inferencer.max_out_len == 32);
  CHECK(set->front().metrics.front().id == "exact_match");
  CHECK(set->front().inferencer.stop == std::vector<std::string>{"\n"});
  CHECK_THAT(message(cards.read("set", {{"infer.inferencr.type", "ppl"}})),
             Catch::Contains("unknown key") && Catch::Contains("did you mean 'inferencer'?"));
  CHECK_THAT(message(cards.read("set", {{"eval.metrics[4].type", "x"}})),
             Catch::Contains("there is no item [4]; the list has 1"));
  CHECK_THAT(message(cards.read("set", {{"abbr.x", "x"}})), Catch::Contains("is not an object"));
  CHECK_THAT(message(cards.read("set", {{".", "x"}})), Catch::Contains("write members with dots"));
}

TEST_CASE("filters, repeats, clusters, derived columns, retrievers and judges read back the same", "[config]") {
  Cards cards(card_with(R"("each": ["law"])", R"({"filters": {"strict": [{"type": "regex", "pattern": "a"}], "flexible": []},
    "reference_postprocessors": [{"type": "regex", "pattern": "b"}], "metrics": [{"type": "accuracy"}],
    "judge": {"model": {"abbr": "j", "model_path": "j.gguf"}, "template": {"type": "text", "prompt": "{prediction}"}, "metrics": [{"type": "accuracy"}]}})"));
  const auto set = cards.read("set", {{"infer.repeats", "4"},
                                      {"reader.cluster_column", "doc"},
                                      {"reader.derive", R"({"x": "{q}"})"},
                                      {"infer.retriever", R"({"type": "topk", "ice_num": 4, "model": "embedder"})"},
                                      {"infer.inferencer.paths", "5"}});
  REQUIRE(set);
  const DatasetConfig& one = set->front();
  CHECK(one.filters.size() == 2);
  CHECK(one.repeats == 4);
  CHECK(one.retriever.config == R"({"ice_num":4})");
  CHECK(one.retriever.model == "embedder");
  CHECK(one.inferencer.config == R"({"paths":5})");
  REQUIRE(one.judge);
  std::vector<SummaryGroup> none;
  const auto again = dataset_from_json(dataset_to_json(one), "x", "run.json", none);
  REQUIRE(again);
  CHECK(json::write(dataset_to_json(again->front())) == json::write(dataset_to_json(one)));
  CHECK(again->front().version == one.version);
}

TEST_CASE("a card extends another by name, also the installed one of its own name", "[config]") {
  const test::TemporaryFolder own, installed;
  test::spit(installed / "set.json", card_with(R"("each": ["law"])"));
  test::spit(own / "set.json", R"({"extends": "set", "card": "dataset", "infer": {"inferencer": {"max_out_len": 7}}})");
  test::spit(own / "far.json", R"({"extends": "nowhere", "card": "dataset"})");
  const CardStore store = CardStore::open({own.path(), installed.path()});
  CardOptions options;
  options.store = &store;
  std::vector<SummaryGroup> groups;
  const auto set = read_dataset_card(*store.find(CardKind::dataset, "set").value(), options, groups);
  INFO(message(set));
  REQUIRE(set);
  CHECK(set->front().inferencer.max_out_len == 7);
  CHECK_THAT(message(read_dataset_card(*store.find(CardKind::dataset, "far").value(), options, groups)),
             Catch::Contains("neither a file in the same folder nor a card's name"));
}

TEST_CASE("groups weigh their members by number or by size", "[config]") {
  const auto groups = [](const char* text) { return groups_from_json(*json::parse(text, "groups"), "card"); };
  CHECK(groups(R"([{"name": "g", "members": ["a", "b"], "weights": {"b": 2, "a": 1}}])")->front().weights ==
        std::vector<double>{1, 2});
  CHECK(groups(R"([{"name": "g", "members": ["a"], "weights": "size"}])")->front().by_size);
  for (const char* bad :
       {R"({"a": 1})", R"({"a": 1, "b": -1})", R"({"a": 0, "b": 0})", R"({"a": 1, "b": 1, "c": 1})", R"("number")"})
    CHECK_FALSE(groups((std::string(R"([{"name": "g", "members": ["a", "b"], "weights": )") + bad + "}]").c_str()));
}

TEST_CASE("--shots, --rows, --extractor and --exclude are read", "[config]") {
  const auto shots = [](const char* id, const char* config, uint32_t n) {
    Retriever retriever{id, config, ""};
    set_shots(retriever, n);
    return retriever.id + " " + retriever.config;
  };
  CHECK(shots("fix_k", R"({"ids":[7,5,3]})", 2) == R"(fix_k {"ids":[7,5]})");
  CHECK(shots("fix_k", R"({"ids":[7]})", 2) == R"(fix_k {"ids":[0,1]})");
  CHECK(shots("zero", "{}", 3) == R"(fix_k {"ids":[0,1,2]})");
  CHECK(shots("topk", R"({"ice_num":4})", 3) == R"(topk {"ice_num":3})");
  CHECK(shots("topk", R"({"ice_num":4})", 0) == "zero {}");
  CHECK(rows_to_text(*rows_from_text("3,17,40-60", "--rows")) == "3,17,40-60");
  for (const char* bad : {"", "x", "3-", "5-3", "-1", "1 2"}) CHECK_FALSE(rows_from_text(bad, "--rows"));
  CHECK(component_flag(R"(regex:{"pattern": "a:b"})", "--extractor")->config == R"({"pattern":"a:b"})");
  CHECK_FALSE(component_flag("regex:x", "--extractor"));
  const auto excluded =
      exclusions_from_lines("# seen\n12\n{\"dataset\": \"set-law\", \"index\": 3, \"prediction\": \"x\"}\n", "file");
  REQUIRE(excluded);
  REQUIRE(excluded->size() == 2);
  CHECK((*excluded)[0].dataset.empty());
  CHECK((*excluded)[1].row == 3);
  CHECK_THAT(message(exclusions_from_lines("1\n{\"index\": -1}", "file")), Catch::Contains("file:2"));
  const auto reasoned = reasoned_exclusions_from_lines("7\n{\"index\": 3, \"reason\": \"wrong reference\"}\n", "file");
  REQUIRE(reasoned);
  CHECK((reasoned->at(0).reason.empty() && reasoned->at(1).reason == "wrong reference" && reasoned->at(1).row.row == 3));
  CHECK_THAT(message(exclusions_from_lines("{\"index\": 1, \"reason\": 5}", "file")),
             Catch::Contains("\"reason\" must be a text"));
}

TEST_CASE("a model that several cards name is one helper; --judge gives the judge", "[config]") {
  std::vector<DatasetConfig> datasets(3);
  datasets[0].retriever = {"topk", "{}", "m"};
  datasets[1].judge.emplace().model = "m";
  datasets[2].judge.emplace();
  const auto make = [](const std::string& text, const std::string&) {
    ModelConfig model;
    model.abbr = text;
    return Result<ModelConfig>(model);
  };
  std::vector<ModelConfig> helpers;
  CHECK_THAT(message(name_helpers(datasets, {}, {}, {}, make, {}, helpers)), Catch::Contains("names no model; give --judge"));
  helpers.clear();
  REQUIRE(name_helpers(datasets, {}, {}, {"j"}, make, {}, helpers));
  CHECK(helpers.size() == 2);
  CHECK(datasets[0].retriever.model == "m");
  CHECK(datasets[1].judge->model == "j");
  CHECK(datasets[2].judge->model == "j");
  REQUIRE(name_helpers(datasets, {}, {}, {"j", "k"}, make, {}, helpers));
  CHECK(judges_of(*datasets[1].judge) == std::vector<std::string>{"j", "k"});
  CHECK_THAT(message(name_helpers(datasets, {}, {}, {"j", "j"}, make, {}, helpers)),
             Catch::Contains("the judge 'j' is named twice"));
}
