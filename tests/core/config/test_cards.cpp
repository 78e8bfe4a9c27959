#include <catch2/catch.hpp>
#include "../../../core/config/card_store.hpp"
#include "../../../core/config/groups.hpp"
#include "../../../core/config/read_card.hpp"
#include "../temporary_folder.hpp"

using namespace sextant;
using namespace sextant::config;

namespace {

constexpr const char* card_text = R"({
  "card": "dataset", "summary": "two subjects",
  "loader": {"type": "ceval", "name": "${name}"},
  "folder": "ceval", "abbr": "set-${name}",
  "each": [{"name": "logic", "title": "逻辑"}, {"name": "law", "title": "法学"}],
  "reader": {"input_columns": ["question"], "output_column": "answer", "train_split": "dev", "test_split": "val"},
  "infer": {"retriever": {"type": "fix_k", "ids": [0, 2]},
            "template": {"type": "dialogue", "round": [{"role": "HUMAN", "prompt": "${title}: {question}"}]},
            "inferencer": {"type": "gen", "max_out_len": 5, "stop": ["\n"]}},
  "eval": {"postprocessors": [{"type": "first_capital", "options": "AB"}], "metrics": [{"type": "accuracy"}]},
  "groups": [{"name": "all", "members": ["set-logic", "set-law"]}],
  "variants": {"zero": {"infer": {"retriever": {"type": "zero"}}}}
})";

struct Cards {
  test::TemporaryFolder folder;
  CardStore store;
  explicit Cards(std::string_view text = card_text) {
    test::spit(folder / "set_gen.json", text);
    store = CardStore::open({folder.path()});
  }
  Result<std::vector<DatasetConfig>> read(std::string_view variant = "") {
    CardOptions options;
    options.variant = variant;
    return read_dataset_card(*store.find(CardKind::dataset, "set_gen").value(), options, groups);
  }
  std::vector<SummaryGroup> groups;
};

}  // namespace

TEST_CASE("a card gives one data set per entry, its ${} filled in", "[config]") {
  Cards cards;
  const auto sets = cards.read();
  REQUIRE(sets);
  REQUIRE(sets->size() == 2);
  const DatasetConfig& law = (*sets)[1];
  CHECK(law.abbr == "set-law");
  CHECK(law.loader.id == "ceval");
  CHECK(law.loader.config == R"({"name":"law"})");
  CHECK(law.template_.config.find("法学: {question}") != std::string::npos);
  CHECK(law.retriever.config == R"({"ids":[0,2]})");
  CHECK(law.inferencer.max_out_len == 5);
  CHECK(law.version.size() == 6);
  CHECK(law.version != (*sets)[0].version);   // the title is part of the prompt
  CHECK(cards.groups.size() == 1);
}

TEST_CASE("a data set written to configs/run.json reads back the same", "[config]") {
  Cards cards;
  const auto sets = cards.read();
  REQUIRE(sets);
  std::vector<SummaryGroup> groups;
  const auto again = dataset_from_json(dataset_to_json((*sets)[0]), "x", "run.json", groups);
  REQUIRE(again);
  CHECK(json::canonical(dataset_to_json((*again)[0])) == json::canonical(dataset_to_json((*sets)[0])));
  CHECK((*again)[0].version == (*sets)[0].version);
}

TEST_CASE("a variant is merged over its card, an unknown one suggests the nearest", "[config]") {
  Cards cards;
  const auto zero = cards.read("zero");
  REQUIRE(zero);
  CHECK((*zero)[0].retriever.id == "zero");
  const auto wrong = cards.read("zeor");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().message.find("did you mean 'zero'?") != std::string::npos);
}

TEST_CASE("a mistyped card suggests the nearest", "[config]") {
  const Cards cards;
  const auto found = cards.store.find(CardKind::dataset, "set_gne");
  REQUIRE_FALSE(found);
  CHECK(found.error().message.find("did you mean 'set_gen'?") != std::string::npos);
}

TEST_CASE("what a card lacks is named", "[config]") {
  struct Case { const char *remove, *expect; };
  const Case c = GENERATE(values<Case>({{"eval", "\"eval\" is missing"},
                                        {"infer", "\"infer\" is missing"},
                                        {"reader", "\"reader\" is missing"},
                                        {"loader", "loader.type is missing"}}));
  auto document = json::parse(card_text, "card");
  REQUIRE(document);
  document->RemoveMember(c.remove);
  Cards cards(json::write(*document));
  const auto sets = cards.read();
  REQUIRE_FALSE(sets);
  CHECK(sets.error().message.find(c.expect) != std::string::npos);
  CHECK(sets.error().message.find("set_gen.json") != std::string::npos);
}

TEST_CASE("a broken card is a problem, not the end of the list", "[config]") {
  const test::TemporaryFolder folder;
  test::spit(folder / "good.json", card_text);
  test::spit(folder / "bad.json", "{\"card\": ");
  test::spit(folder / "other.json", "{\"no\": \"card\"}");
  const CardStore store = CardStore::open({folder.path()});
  CHECK(store.entries().size() == 1);
  REQUIRE(store.problems().size() == 1);
  CHECK(store.problems()[0].find("bad.json:1") != std::string::npos);
}

TEST_CASE("a model card written to configs/run.json reads back the same", "[config]") {
  const auto card = json::parse(
      R"({"backend": "cpu", "model_path": "/m/x.gguf", "hf_type": "base", "max_seq_len": 1024, "max_out_len": 16, "stop_words": ["\n"],
      "generation": {"temperature": 0.5, "top_k": 3}, "chat_template": "none", "meta_template": {"round": []}, "batch_size": 4, "config": {"threads": 2}})",
      "card");
  REQUIRE(card);
  const auto model = model_from_json(*card, "x", "card");
  REQUIRE(model);
  CHECK(model->path == "/m/x.gguf");
  CHECK(model->base);
  CHECK(model->chat == Chat::none);
  const auto again = model_from_json(model_to_json(*model), "x", "card");
  REQUIRE(again);
  CHECK(json::canonical(model_to_json(*again)) == json::canonical(model_to_json(*model)));
  CHECK(json::canonical(*json::parse(again->config, "")) == json::canonical(*json::parse(model->config, "")));
}
