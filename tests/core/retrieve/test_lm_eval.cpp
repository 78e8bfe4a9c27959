// Draws of lm-eval 0.4.13, recorded from its own sampler (seed 1234): position of each example for the documents 0, 1, 2, ...
#include <catch2/catch.hpp>
#include <sstream>
#include <sextant/python_random.hpp>
#include "../../../core/retrieve/registry.hpp"

using namespace sextant;
using namespace sextant::retrieve;

namespace {

std::shared_ptr<Corpus> corpus_of(uint64_t n, const char* split) {
  auto corpus = std::make_shared<Corpus>();
  corpus->name = "set";
  corpus->split = split;
  for (uint64_t i = 0; i < n; ++i) {
    corpus->rows.push_back(i);
    corpus->records.push_back("{\"n\":" + std::to_string(i) + "}");
  }
  return corpus;
}

// "7,0; 0,7": the lists of the first documents of a split of its own, or of the corpus' split.
std::string drawn(const std::string& config, uint64_t pool, bool same_split, uint64_t documents) {
  const auto parsed = json::parse(config, "config");
  auto retriever = make_retriever("lm_eval", *parsed, {});
  REQUIRE(retriever);
  const auto corpus = corpus_of(pool, same_split ? "test" : "train");
  if (const auto prepared = (*retriever)->prepare(corpus); !prepared) return prepared.error().message;
  std::ostringstream out;
  for (uint64_t i = 0; i < documents; ++i) {
    const std::string record = same_split ? corpus->records[i] : "{\"n\":-1}";
    const auto choice = (*retriever)->retrieve({"test", i, i, record, {}, {}});
    if (!choice) return choice.error().message;
    for (size_t k = 0; k < choice->positions.size(); ++k) out << (k ? "," : i ? "; " : "") << choice->positions[k];
  }
  return out.str();
}

}  // namespace

TEST_CASE("lm_eval: examples are drawn from one stream that goes from document to document", "[retrieve]") {
  struct Case { const char* config; uint64_t pool; bool same_split; const char* expected; };
  for (const Case& c :
       {Case{R"({"ice_num": 1})", 5, false, "3; 0; 0; 0; 4; 0"},
        Case{R"({"ice_num": 2})", 5, false, "3,0; 0,4; 4,0; 0,4; 2,1; 0,4"},
        Case{R"({"ice_num": 3})", 8, false, "7,0,6; 1,6,4; 0,5,6; 1,0,2; 3,0,6; 0,2,5"},
        Case{R"({"ice_num": 5})", 8, false, "7,0,6,5,4; 1,0,2,7,6; 0,6,7,2,3; 7,1,0,6,5; 0,4,3,1,7; 7,0,4,6,5"},
        Case{R"({"ice_num": 3})", 30, false, "24,14,3; 0,2,29; 25,18,1; 21,22,2; 3,24,11; 7,0,25"},
        Case{R"({"ice_num": 5})", 100, false,
             "99,56,14,0,11; 74,4,85,88,10; 12,98,45,30,2; 3,2,44,82,79; 61,78,59,19,11; 23,91,14,1,64"},
        Case{R"({"ice_num": 5})", 285, false, "225,59,3,46,17; 42,50,181,121,8; 15,8,177,247,237; 76,46,93,58,7"},
        Case{R"({"ice_num": 3, "seed": 42})", 30, false, "20,3,0; 23,8,7; 7,4,23"},
        Case{R"({"ice_num": 1, "own_split": "yes"})", 6, true, "3; 0; 4; 5; 0; 1"},
        Case{R"({"ice_num": 2, "own_split": "yes"})", 6, true, "3,4; 0,4; 5,0; 2,1; 0,5; 4,3"},
        Case{R"({"ice_num": 3, "own_split": "yes"})", 30, true, "24,14,3; 2,29,25; 1,21,22; 24,11,7; 0,25,11; 19,15,14"},
        Case{R"({"ice_num": 5, "own_split": "yes"})", 30, true,
             "24,14,3,2,18; 21,22,2,3,24; 11,7,0,27,25; 11,20,19,15,27; 2,5,22,3,0; 16,15,7,2,21"},
        Case{R"({"ice_num": 2, "own_split": "yes"})", 8, false, "7,0; 1,6; 0,5; 1,0; 3,0; 0,2"},
        Case{R"({"ice_num": 2})", 6, true, "3,0; 0,5; 4,0; 5,0; 0,2; 1,0"},
        Case{R"({"ice_num": 2, "sampler": "first_n", "own_split": "yes"})", 6, true, "1,2; 0,2; 0,1; 0,1"}}) {
    CAPTURE(c.config, c.pool, c.same_split);
    const uint64_t documents =
        1 + static_cast<uint64_t>(std::count(c.expected, c.expected + std::string_view(c.expected).size(), ';'));
    CHECK(drawn(c.config, c.pool, c.same_split, documents) == c.expected);
  }
}

TEST_CASE("lm_eval: a document's examples do not depend on which documents were asked for before", "[retrieve]") {
  const auto config = json::parse(R"({"ice_num": 3, "own_split": "yes"})", "config");
  const auto corpus = corpus_of(30, "test");
  auto in_order = *make_retriever("lm_eval", *config, {}), jumping = *make_retriever("lm_eval", *config, {});
  REQUIRE(in_order->prepare(corpus));
  REQUIRE(jumping->prepare(corpus));
  std::vector<Positions> lists;
  for (uint64_t i = 0; i < 10; ++i)
    lists.push_back((*in_order->retrieve({"test", i, i, corpus->records[i], {}, {}})).positions);
  for (const uint64_t i : {7u, 2u, 9u, 7u})
    CHECK((*jumping->retrieve({"test", i, i, corpus->records[i], {}, {}})).positions == lists[i]);
}

TEST_CASE("lm_eval: too few rows are an error", "[retrieve]") {
  CHECK_THAT(drawn(R"({"ice_num": 6, "own_split": "yes"})", 6, true, 1),
             Catch::Contains("6 examples are wanted, and split 'test' has 6 rows"));
  CHECK_THAT(drawn(R"({"ice_num": 7})", 6, false, 1), Catch::Contains("ask for fewer"));
}

TEST_CASE("PythonRandom: the first numbers of CPython's stream", "[retrieve]") {
  PythonRandom random(1234);
  for (const uint32_t expected : {4150886329u, 3342196574u, 1892932127u, 501869158u}) CHECK(random.next32() == expected);
}
