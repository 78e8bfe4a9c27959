// What holds for every retriever outside the compat modes.
#include <algorithm>
#include <set>
#include <fmt/format.h>
#include "../../../core/retrieve/mdl_loss.hpp"
#include "golden_data.hpp"

using namespace retrieve_tests;

namespace {

struct Kind {
  const char* id;
  const char* config;
  size_t shots;
};
const std::vector<Kind> choosing = {
    {"random", R"({"k": 4})", 4},
    {"bm25", R"({"k": 4})", 4},
    {"topk", R"({"k": 4})", 4},
    {"topk", R"({"k": 4, "similarity": "cosine"})", 4},
    {"mdl", R"({"k": 4, "candidate_num": 10})", 4},
    {"votek", R"({"k": 4})", 4},
    {"dpp", R"({"k": 4, "candidate_num": 10, "scale_factor": 0.5})", 4},
    {"sliding_window", R"({"k": 4})", 4},
};

Positions examples(retrieve::Retriever& retriever, const Query& query) {
  auto choice = retriever.retrieve(query);
  REQUIRE(choice);
  if (retriever.traits().wants_scores) choice = retriever.choose(query, *choice, losses(query.row, choice->candidates, 2));
  REQUIRE(choice);
  CHECK_FALSE(choice->own_example);
  return choice->positions;
}

/// 60 rows; row 7 is written three times: at 7, 20 and 59.
std::shared_ptr<Corpus> corpus_with_copies(uint64_t kind = 0) {
  const json::Document texts = golden("texts.json");
  auto corpus = std::make_shared<Corpus>(corpus_of(texts["corpus"], "dev", kind, 0));
  corpus->rows.resize(60);
  corpus->embeddings.resize(60 * width);
  corpus->records.resize(60);
  corpus->texts.resize(60);
  for (const uint64_t copy : {20u, 59u}) {
    corpus->records[copy] = corpus->records[7];
    corpus->texts[copy] = corpus->texts[7];
    std::copy_n(corpus->embeddings.begin() + 7 * width, width,
                corpus->embeddings.begin() + static_cast<ptrdiff_t>(copy * width));
  }
  return corpus;
}

}  // namespace

TEST_CASE("a sample is never its own example, by number or by record", "[retrieve]") {
  const Kind kind = GENERATE(from_range(choosing));
  INFO(kind.id << " " << kind.config);
  const auto corpus = corpus_with_copies();
  const auto retriever = make(kind.id, kind.config, {.seed = 3}, corpus);
  REQUIRE(retriever);
  for (uint64_t row = 0; row < 60; ++row) {
    Query query = query_of(*corpus, row);
    const Positions here = examples(**retriever, query);
    query.split = "test";   // another split that has the same record
    const Positions elsewhere = examples(**retriever, query);
    for (const Positions& shown : {here, elsewhere}) {
      INFO("row " << row);
      CHECK(shown.size() == kind.shots);
      CHECK(std::set<uint64_t>(shown.begin(), shown.end()).size() == kind.shots);
      for (const uint64_t position : shown) CHECK(corpus->records[position] != corpus->records[row]);
    }
  }
}

TEST_CASE("a sample whose record has changed is still known by its number in the split", "[retrieve]") {
  const Kind kind = GENERATE(from_range(choosing));
  INFO(kind.id << " " << kind.config);
  auto corpus = corpus_with_copies();
  for (uint64_t& row : corpus->rows) row += 100;   // the corpus begins with row 100 of its split
  const auto retriever = make(kind.id, kind.config, {}, corpus);
  for (uint64_t position : {0u, 5u, 33u}) {
    Query query = query_of(*corpus, position);
    query.row = position + 100;
    query.record = "{}";
    const Positions shown = examples(**retriever, query);
    CHECK(std::count(shown.begin(), shown.end(), position) == 0);
  }
}

TEST_CASE("a sample's examples do not depend on the order of the queries", "[retrieve]") {
  const Kind kind = GENERATE(from_range(choosing));
  INFO(kind.id << " " << kind.config);
  const auto corpus = corpus_with_copies();
  const auto first = make(kind.id, kind.config, {.seed = 5}, corpus), second = make(kind.id, kind.config, {.seed = 5}, corpus);
  std::vector<Positions> forward(60);
  for (uint64_t row = 0; row < 60; ++row) forward[row] = examples(**first, query_of(*corpus, row));
  for (uint64_t row = 60; row-- > 0;) {
    Query query = query_of(*corpus, row);
    if (std::string_view(kind.id) != "sliding_window") query.position = 1000 + row;   // a limit or a test_range moves it
    CHECK(examples(**second, query) == forward[row]);
  }
}

TEST_CASE("our own stream depends on seed, data set and row, and gives every row the same chance", "[retrieve]") {
  const auto corpus = corpus_with_copies();
  auto renamed = std::make_shared<Corpus>(*corpus);
  renamed->name = "other";
  const auto one = make("random", R"({"k": 6})", {.seed = 1}, corpus), two = make("random", R"({"k": 6})", {.seed = 2}, corpus),
             own = make("random", R"({"k": 6, "seed": 1})", {.seed = 2}, corpus),
             other = make("random", R"({"k": 6})", {.seed = 1}, renamed);
  std::vector<int> times(60);
  int by_seed = 0, by_name = 0;
  for (uint64_t row = 0; row < 3000; ++row) {
    const Query query{"test", row, row, "{}", "", {}};
    const Positions shown = examples(**one, query);
    CHECK(examples(**own, query) == shown);
    by_seed += examples(**two, query) == shown;
    by_name += examples(**other, query) == shown;
    for (const uint64_t position : shown) ++times[position];
  }
  CHECK(by_seed == 0);
  CHECK(by_name == 0);
  // 3000 * 6 / 60 = 300 each, with a standard deviation of 16.4: 5 of them
  for (const int n : times) CHECK(std::abs(n - 300) < 82);
}

TEST_CASE("a draw of all rows is a permutation", "[retrieve]") {
  const auto corpus = corpus_with_copies();
  const auto retriever = make("random", R"({"k": 60})", {}, corpus);
  Positions shown = examples(**retriever, {"test", 1, 1, "{}", "", {}});
  CHECK_FALSE(std::is_sorted(shown.begin(), shown.end()));
  std::sort(shown.begin(), shown.end());
  for (uint64_t i = 0; i < 60; ++i) CHECK(shown[i] == i);
}

TEST_CASE("more examples than rows that may be shown is an error that says how many there are", "[retrieve]") {
  const Kind kind = GENERATE(values<Kind>({
      {"random", R"({"k": 58})", 58}, {"bm25", R"({"k": 58})", 58}, {"topk", R"({"k": 58})", 58}, {"votek", R"({"k": 58})", 58},
      {"mdl", R"({"k": 58, "candidate_num": 99})", 58}, {"dpp", R"({"k": 58, "candidate_num": 99})", 58},
      {"sliding_window", R"({"k": 58})", 58},
  }));
  INFO(kind.id);
  const auto corpus = corpus_with_copies();
  const auto retriever = make(kind.id, kind.config, {}, corpus);
  const auto choice = (*retriever)->retrieve(query_of(*corpus, 7));   // its three copies leave 57
  REQUIRE_FALSE(choice);
  CHECK_THAT(choice.error().message,
             Catch::Contains("retriever " + std::string(kind.id) + ": 58 examples") && Catch::Contains("has 57 that row 7"));
}

TEST_CASE("fix_k shows its list, or its beginning, without the sample itself", "[retrieve]") {
  struct Case { const char* config; uint64_t row; Positions expect; };
  const Case c = GENERATE(values<Case>({
      {R"({"fix_id_list": [9, 2, 30]})", 1, {9, 2, 30}},
      {R"({"ids": [9, 2, 30]})", 2, {9, 30}},
      {R"({"ids": [9, 20, 30]})", 7, {9, 30}},       // row 20 is row 7's copy
      {R"({"ids": [9, 2, 30], "shots": 2})", 1, {9, 2}},
  }));
  INFO(c.config);
  const auto corpus = corpus_with_copies();
  CHECK(examples(**make("fix_k", c.config, {}, corpus), query_of(*corpus, c.row)) == c.expect);
}

TEST_CASE("fix_k and zero do not read rows that they do not show", "[retrieve]") {
  auto corpus = corpus_with_copies();
  const auto zero = make("zero", "{}", {}, corpus), random = make("random", "{}", {}, corpus);
  CHECK((*zero)->reads() == Positions());
  CHECK((*random)->reads() == std::nullopt);
  for (uint64_t row = 0; row < 60; ++row)
    if (row != 9 && row != 20) corpus->records[row].clear();
  const auto fixed = make("fix_k", R"({"ids": [9, 20]})", {}, corpus);
  CHECK((*fixed)->reads() == Positions{9, 20});
  CHECK(examples(**fixed, {"test", 1, 1, "", "", {}}) == Positions{9, 20});
  CHECK(examples(**fixed, {"test", 1, 1, corpus->records[9], "", {}}) == Positions{20});
}

TEST_CASE("the sliding window ends before the sample and goes round", "[retrieve]") {
  const auto corpus = corpus_with_copies();
  const auto retriever = make("sliding_window", R"({"k": 3})", {}, corpus);
  struct Case { const char* split; uint64_t row, position; Positions expect; };
  const Case c = GENERATE(values<Case>({
      {"dev", 10, 10, {7, 8, 9}},
      {"dev", 1, 1, {58, 59, 0}},
      {"test", 400, 125, {2, 3, 4}},    // 125 = 2 * 60 + 5
      {"dev", 500, 500, {57, 58, 59}},  // behind the corpus' last row
  }));
  CAPTURE(c.split, c.row);
  CHECK(examples(**retriever, {c.split, c.row, c.position, "{}", "", {}}) == c.expect);
}

TEST_CASE("equal similarities and equal scores put the lower row first", "[retrieve]") {
  const auto corpus = corpus_with_copies(1);
  const Kind kind = GENERATE(values<Kind>({{"topk", R"({"k": 60})", 60}, {"bm25", R"({"k": 60})", 60}}));
  INFO(kind.id);
  const auto retriever = make(kind.id, kind.config, {}, corpus);
  Query query = query_of(*corpus, 7);
  query.record = "{}";
  query.split = "test";
  const Positions shown = examples(**retriever, query);
  const auto at = [&](uint64_t row) { return std::find(shown.begin(), shown.end(), row) - shown.begin(); };
  CHECK(at(7) < at(20));
  CHECK(at(20) < at(59));
  CHECK(at(59) - at(7) == 2);
}

TEST_CASE("the longest row does not win by cosine", "[retrieve]") {
  auto corpus = std::make_shared<Corpus>();
  corpus->width = 2;
  corpus->rows = {0, 1, 2};
  corpus->records = {"a", "b", "c"};
  corpus->embeddings = {9, 9, 1, 0, 0, 0};
  const float east[] = {1, 0};
  const Query query{"test", 0, 0, "x", "", east};
  CHECK(examples(**make("topk", R"({"k": 3})", {}, corpus), query) == Positions{0, 1, 2});
  CHECK(examples(**make("topk", R"({"k": 3, "similarity": "cosine"})", {}, corpus), query) == Positions{1, 0, 2});
}

TEST_CASE("mdl gives the nearest rows and draws, and takes the list that makes the model surest", "[retrieve]") {
  const auto corpus = corpus_with_copies();
  const auto retriever = make("mdl", R"({"k": 3, "candidate_num": 8, "select_time": 4})", {}, corpus);
  const Query query = query_of(*corpus, 11);
  const auto choice = (*retriever)->retrieve(query);
  REQUIRE(choice->candidates.size() == 4);
  CHECK(choice->candidates[0] == examples(**make("topk", R"({"k": 3})", {}, corpus), query));
  const Positions near = examples(**make("topk", R"({"k": 8})", {}, corpus), query);
  for (const Positions& list : choice->candidates)
    for (const uint64_t position : list) CHECK(std::count(near.begin(), near.end(), position) == 1);
  // even: 0.69 nats; sure: nearly 0
  const std::vector<retrieve::Losses> losses = {{1, 1}, {2, 3}, {0.5, 9}, {9, 0.5}};
  const auto best = (*retriever)->choose(query, *choice, losses);
  REQUIRE(best);
  CHECK(best->positions == choice->candidates[2]);   // as sure as the next one, and before it
  CHECK_FALSE((*retriever)->choose(query, *choice, std::span(losses).first(3)));
  CHECK_FALSE((*retriever)->choose(query, *choice, std::vector<retrieve::Losses>{{1, 1}, {2, 3}, {0.5}, {9, 0.5}}));
}

TEST_CASE("a single candidate list needs no scores", "[retrieve]") {
  const auto corpus = corpus_with_copies();
  const auto retriever = make("mdl", R"({"k": 3, "candidate_num": 8, "select_time": 1})", {}, corpus);
  const Query query = query_of(*corpus, 11);
  const auto choice = (*retriever)->retrieve(query);
  REQUIRE(choice);
  CHECK(choice->candidates.empty());
  CHECK(choice->positions == examples(**make("topk", R"({"k": 3})", {}, corpus), query));
  CHECK((*retriever)->choose(query, *choice, {})->positions == choice->positions);
}

TEST_CASE("OpenCompass' loss leaves out one token more than it divides by", "[retrieve]") {
  // numbers of its cal_ce on a stand-in model: tokens 2..N of [1 2 3 4 5 6 7] and [1 2 3 9 8], mask_length 3
  const float seven[] = {-4.087045f, -3.829263f, -4.476232f, -3.665858f, -4.629582f, -2.894642f};
  const float five[] = {-3.644337f, -4.178403f, -4.088243f, -5.245486f};
  CHECK(retrieve::opencompass_loss(seven, 3) == Approx(2.7975204));
  CHECK(retrieve::opencompass_loss(five, 3) == Approx(2.62274313));
  CHECK(std::isnan(retrieve::opencompass_loss(five, 5)));
}

TEST_CASE("dpp shows a copy of a row last", "[retrieve]") {
  auto corpus = std::make_shared<Corpus>();
  corpus->width = 2;
  corpus->rows = {0, 1, 2, 3};
  corpus->records = {"a", "b", "c", "d"};
  corpus->embeddings = {1, 0.1f, 1, 0.1f, 0.9f, -0.4f, 0.5f, 0.9f};
  const float east[] = {1, 0};
  const Query query{"test", 0, 0, "x", "", east};
  const auto retriever = make("dpp", R"({"k": 2, "candidate_num": 4, "scale_factor": 10})", {}, corpus);
  CHECK(examples(**retriever, query) == Positions{0, 3});   // topk shows 0 and 1, which are the same
  const auto all = (*make("dpp", R"({"k": 4, "candidate_num": 4, "scale_factor": 10})", {}, corpus))->retrieve(query);
  REQUIRE_FALSE(all);
  CHECK_THAT(all.error().message, Catch::Contains("do not differ enough"));
}

TEST_CASE("same_label: rows of the longest label first, each once, and never the sample; OpenCompass repeats them", "[retrieve]") {
  Corpus corpus{"tiny", "train", {0, 1, 2, 3}, {}, {}, {}, 0};
  for (const char* labels : {R"(["law"])", R"(["law", "tax law"])", R"(["税法", "law"])", R"(["law"])"})
    corpus.records.push_back(fmt::format(R"({{"labels": {}, "n": {}}})", labels, corpus.records.size()));
  const auto shared = std::make_shared<Corpus>(corpus);
  const auto found = [&](const char* labels, bool compat, const char* config = R"({"k": 3})") {
    const auto retriever = make("same_label", config, {.compat = compat}, shared);
    REQUIRE(retriever);
    const std::string record = fmt::format(R"({{"labels": {}, "n": 9}})", labels);
    return (*retriever)->retrieve(Query{"test", 9, 9, record, {}, {}});
  };
  CHECK(found(R"(["law", "tax law"])", false)->positions == Positions{1, 0, 2});   // the finest label first
  CHECK(found(R"(["law", "tax law"])", true)->positions == Positions{1, 0, 1});
  CHECK(found(R"(["税法", "art"])", false)->positions == Positions{2});            // fewer than wanted; 税法 is shorter than art
  CHECK(found(R"([])", false)->positions.empty());
  CHECK_THAT(found(R"(["art"])", true).error().message, Catch::Contains("'art'") && Catch::Contains("OpenCompass fails"));
  CHECK_THAT(found(R"("law")", false).error().message, Catch::Contains("must be a list of texts"));
  const auto retriever = make("same_label", R"({"k": 3})", {}, shared);
  CHECK((*retriever)->retrieve(Query{"train", 1, 1, corpus.records[1], {}, {}})->positions == Positions{0, 2, 3});
  CHECK_THAT(make("same_label", R"({"column": "kinds"})", {}, shared).error().message, Catch::Contains("\"kinds\" of row 0"));
}
