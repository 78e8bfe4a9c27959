// Configurations of retrievers, and input that no retriever can use.
#include "golden_data.hpp"

using namespace retrieve_tests;

namespace {

Result<std::unique_ptr<retrieve::Retriever>> made(std::string_view id, const char* config, bool compat = false) {
  const auto parsed = json::parse(config, "config");
  REQUIRE(parsed);
  return retrieve::make_retriever(id, *parsed, {.seed = 1, .compat = compat});
}

}  // namespace

TEST_CASE("every retriever of the table can be made and says what it needs", "[retrieve]") {
  struct Case { const char* id; const char* config; bool texts, embeddings, scores; };
  const std::vector<Case> cases = {
      {"zero", "{}", false, false, false},
      {"fix_k", R"({"fix_id_list": [0, 1]})", false, false, false},
      {"random", R"({"ice_num": 5, "seed": 43})", false, false, false},
      {"bm25", R"({"shots": 5, "k1": 1.2, "b": 0.5, "epsilon": 0})", true, false, false},
      {"topk", R"({"k": 5})", false, true, false},
      {"mdl", R"({"ice_num": 5, "candidate_num": 30, "select_time": 10, "seed": 1})", false, true, true},
      {"votek", R"({"ice_num": 5, "votek_k": 3})", false, true, false},
      {"dpp", R"({"ice_num": 5, "candidate_num": 100, "scale_factor": 0.1})", false, true, false},
      {"sliding_window", R"({"k": 5})", false, false, false},
      {"same_label", R"({"ice_num": 3, "column": "labels"})", false, false, false},
      {"lm_eval", R"({"ice_num": 5, "sampler": "first_n", "own_split": "yes"})", false, false, false},
  };
  REQUIRE(cases.size() == retrieve::retrievers().size());
  for (size_t i = 0; i < cases.size(); ++i) {
    INFO(cases[i].id);
    CHECK(retrieve::retrievers()[i].id == cases[i].id);
    const auto retriever = made(cases[i].id, cases[i].config);
    REQUIRE(retriever);
    const retrieve::Traits traits = (*retriever)->traits();
    CHECK(traits.wants_texts == cases[i].texts);
    CHECK(traits.wants_embeddings == cases[i].embeddings);
    CHECK(traits.wants_scores == cases[i].scores);
  }
}

TEST_CASE("a configuration that is wrong says which key and what it must be", "[retrieve]") {
  struct Case { const char* id; const char* config; const char* expect; };
  const Case c = GENERATE(values<Case>({
      {"nearest", "{}", "retriever 'nearest' does not exist; use one of zero, fix_k, random"},
      {"zero", R"({"k": 1})", "there is no setting \"k\"; known are none"},
      {"random", R"({"ice_nmu": 1})", "\"ice_nmu\" (did you mean 'ice_num'?)"},
      {"random", R"({"k": 1, "shots": 2})", "\"k\" and \"shots\" are the same setting"},
      {"random", R"({"k": -1})", "\"ice_num\" is -1; it must be a whole number from 0"},
      {"random", R"({"k": "5"})", "\"ice_num\" is \"5\"; it must be a whole number"},
      {"random", R"([])", "must be a JSON object"},
      {"bm25", R"({"b": 1.5})", "\"b\" is 1.5; it must be a number from 0 to 1"},
      {"topk", R"({"similarity": "l2"})", "\"similarity\" is \"l2\"; it must be 'inner_product' or 'cosine'"},
      {"fix_k", "{}", "\"fix_id_list\" is missing or empty"},
      {"fix_k", R"({"ids": [1, -2]})", "must be a list of row numbers"},
      {"fix_k", R"({"ids": [1], "shots": 2})", "2 examples are wanted, but \"fix_id_list\" names 1"},
      {"mdl", R"({"k": 3})", "\"candidate_num\" is 0; say among how many"},
      {"mdl", R"({"k": 3, "candidate_num": 5, "select_time": 0})", "\"select_time\" is 0"},
      {"same_label", R"({"column": ""})", "\"column\" is \"\"; it must be a text that is not empty"},
      {"dpp", R"({"k": 3, "candidate_num": 2})", "\"candidate_num\" is 2; say among how many"},
  }));
  INFO(c.id << " " << c.config);
  const auto retriever = made(c.id, c.config);
  REQUIRE_FALSE(retriever);
  CHECK(retriever.error().kind == Error::Kind::config);
  CHECK_THAT(retriever.error().message, Catch::Contains(c.expect));
}

TEST_CASE("numpy takes no seed beyond 32 bits, our own stream does", "[retrieve]") {
  CHECK_FALSE(made("random", R"({"seed": 4294967296})", true));
  CHECK(made("random", R"({"seed": 4294967296})"));
}

TEST_CASE("embeddings that are not finite or of another width are refused", "[retrieve]") {
  auto corpus = std::make_shared<Corpus>();
  corpus->split = "dev";
  corpus->width = 2;
  corpus->rows = {0, 1};
  corpus->records = {"a", "b"};
  corpus->embeddings = {0, 1, 2, 3};
  const auto retriever = make("topk", R"({"k": 1})", {}, corpus);
  REQUIRE(retriever);
  const float wide[] = {1, 2, 3}, broken[] = {1, std::numeric_limits<float>::quiet_NaN()};
  CHECK_FALSE((*retriever)->retrieve({"test", 0, 0, "x", "", wide}));
  CHECK_FALSE((*retriever)->retrieve({"test", 0, 0, "x", "", broken}));
  auto infinite = std::make_shared<Corpus>(*corpus);
  infinite->embeddings[3] = std::numeric_limits<float>::infinity();
  const auto refused = make("topk", R"({"k": 1})", {}, infinite);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Catch::Contains("not finite"));
}

TEST_CASE("a corpus without a word, or without a row, is an error where examples are wanted", "[retrieve]") {
  auto corpus = std::make_shared<Corpus>();
  const bool with_rows = GENERATE(true, false);
  if (with_rows) {
    corpus->rows = {0, 1};
    corpus->records = {"a", "b"};
    corpus->texts = {"", " \n"};
  }
  CHECK_FALSE(make("bm25", R"({"k": 1})", {}, corpus));
  CHECK(make("zero", "{}", {}, corpus));
  if (with_rows) return;
  for (const char* id : {"random", "topk", "votek", "sliding_window"}) {
    INFO(id);
    const auto retriever = make(id, R"({"k": 1})", {}, corpus);
    REQUIRE(retriever);
    CHECK_FALSE((*retriever)->retrieve({"test", 0, 0, "x", "", {}}));
  }
}
