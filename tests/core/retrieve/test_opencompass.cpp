// The compat modes against OpenCompass' own retriever classes (tests/golden/retrievers/make_retriever_goldens.py).
#include <algorithm>
#include "golden_data.hpp"

using namespace retrieve_tests;

namespace {

struct Data {
  std::shared_ptr<const Corpus> corpus;
  Corpus queries;
};

/// plain: two splits. ties: the same with embeddings whose inner products are often equal. itself: the corpus' own rows are
/// the queries.
Data data_of(std::string_view name, const json::Value& texts) {
  const uint64_t kind = name == "ties" ? 1 : 0;
  Data data;
  data.corpus = std::make_shared<Corpus>(corpus_of(texts["corpus"], "train", kind, 0));
  data.queries = name == "itself" ? *data.corpus : corpus_of(texts["queries"], "test", kind, 1);
  return data;
}

Positions rows_of(const json::Value& rows) {
  Positions out;
  for (const auto& row : rows.GetArray()) out.push_back(row.GetUint64());
  return out;
}

}  // namespace

TEST_CASE("the compat modes choose the rows that OpenCompass chooses, in its order", "[retrieve]") {
  const json::Document texts = golden("texts.json"), goldens = golden("opencompass.json");
  size_t compared = 0;
  for (const auto& item : goldens["cases"].GetArray()) {
    const std::string id = item["id"].GetString(), name = item["data"].GetString(), config = json::write(item["config"]);
    INFO(id << " " << name << " " << config);
    const Data data = data_of(name, texts);
    const auto retriever = make(id, config, {.seed = 99, .compat = true}, data.corpus);
    REQUIRE(retriever);
    const auto& rows = item["rows"];
    const bool one_list = id == "votek";
    for (uint64_t i = 0; i < 220; ++i) {
      const Query query = query_of(data.queries, i);
      auto choice = (*retriever)->retrieve(query);
      REQUIRE(choice);
      if ((*retriever)->traits().wants_scores) {
        choice = (*retriever)->choose(query, *choice, losses(i, choice->candidates, name == "ties" ? 2 : 3));
        REQUIRE(choice);
      }
      if (one_list) {  // what comes after is drawn without a seed there
        REQUIRE(choice->positions.size() == item["config"]["ice_num"].GetUint64());
        choice->positions.resize(item["chosen"].GetUint64());
      }
      INFO("query " << i);
      REQUIRE(choice->positions == rows_of(rows[one_list ? 0 : static_cast<rapidjson::SizeType>(i)]));
      const bool shows_itself = name == "itself" && std::count(choice->positions.begin(), choice->positions.end(), i) > 0;
      REQUIRE(choice->own_example == shows_itself);
      ++compared;
    }
  }
  CHECK(compared == 220 * goldens["cases"].Size());
}

TEST_CASE("every retriever that OpenCompass has a golden for is compared", "[retrieve]") {
  const json::Document goldens = golden("opencompass.json");
  for (const std::string id : {"random", "bm25", "topk", "mdl", "votek", "dpp", "sliding_window"}) {
    INFO(id);
    const auto cases = goldens["cases"].GetArray();
    CHECK(std::any_of(cases.begin(), cases.end(), [&](const auto& item) { return item["id"].GetString() == id; }));
  }
}

TEST_CASE("numpy's stream does not depend on the order of the queries", "[retrieve]") {
  const json::Document texts = golden("texts.json");
  const Data data = data_of("plain", texts);
  struct Case { const char* id; const char* config; };
  const Case c =
      GENERATE(values<Case>({{"random", R"({"k": 4})"}, {"mdl", R"({"k": 3, "candidate_num": 9, "select_time": 4})"}}));
  INFO(c.id);
  const auto forward = make(c.id, c.config, {.compat = true}, data.corpus),
             backward = make(c.id, c.config, {.compat = true}, data.corpus);
  std::vector<retrieve::Choice> there(50), back(50);
  for (uint64_t i = 0; i < 50; ++i) there[i] = *(*forward)->retrieve(query_of(data.queries, i));
  for (uint64_t i = 50; i-- > 0;) back[i] = *(*backward)->retrieve(query_of(data.queries, i));
  for (uint64_t i = 0; i < 50; ++i) {
    CHECK(there[i].positions == back[i].positions);
    CHECK(there[i].candidates == back[i].candidates);
  }
}

TEST_CASE("more examples than rows: the compat modes do what OpenCompass does", "[retrieve]") {
  // bm25: all rows. topk: faiss says -1, and Python takes the last row. The others fail.
  struct Case { const char* id; const char* config; Positions expect; const char* error; };
  const Case c = GENERATE(values<Case>({
      {"bm25", R"({"ice_num": 9})", {0, 2, 1}, ""},
      {"topk", R"({"ice_num": 5})", {2, 1, 0, 2, 2}, ""},
      {"sliding_window", R"({"k": 5})", {1, 2, 0, 1, 2}, ""},
      {"random", R"({"ice_num": 4})", {}, "4 examples are wanted, but split 'train' has 3 rows"},
      {"mdl", R"({"ice_num": 4, "candidate_num": 9})", {}, "4 examples are to be drawn from 3 candidates"},
      {"dpp", R"({"ice_num": 4, "candidate_num": 9})", {}, "4 examples are wanted"},
      {"votek", R"({"ice_num": 4})", {}, "4 examples are wanted"},
      {"fix_k", R"({"fix_id_list": [0, 3]})", {}, "names row 3"},
  }));
  INFO(c.id);
  auto corpus = std::make_shared<Corpus>();
  corpus->split = "train";
  corpus->width = 1;
  for (uint64_t i = 0; i < 3; ++i) {
    corpus->rows.push_back(i);
    corpus->records.push_back(std::to_string(i));
    corpus->texts.push_back(i == 0 ? "red green red" : i == 1 ? "blue" : "green");
    corpus->embeddings.push_back(static_cast<float>(i));
  }
  const float one[] = {1};
  const auto retriever = make(c.id, c.config, {.compat = true}, corpus);
  const auto choice =
      retriever ? (*retriever)->retrieve({"test", 0, 0, "x", "red", one}) : Result<retrieve::Choice>(retriever.error());
  if (*c.error) {
    REQUIRE_FALSE(choice);
    CHECK_THAT(choice.error().message, Catch::Contains(c.error));
  } else {
    REQUIRE(choice);
    CHECK(choice->positions == c.expect);
  }
}
