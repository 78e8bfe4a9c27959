// A plugin's retriever among the core's: rows of a split become positions in the corpus and back, copies of the sample are left
// out.
#include <catch2/catch.hpp>
#include "../../../core/retrieve/plugin_retriever.hpp"

using namespace sextant;
using namespace sextant::retrieve;
using Catch::Matchers::Contains;

namespace {

/// A plugin that answers with `answer` and writes down what it was given.
struct Scripted {
  sxt_object object{};
  std::string answer = R"({"rows": []})";
  uint64_t taken = 0;                       // of choose
  std::vector<uint64_t> corpus_rows;
  std::vector<std::string> corpus_texts;
  sxt_query asked{};
  uint64_t k = 0;
  std::vector<double> scores;
};
Scripted& of(sxt_object* object) { return *reinterpret_cast<Scripted*>(object); }

sxt_status prepare(sxt_object* object, const sxt_corpus_row* const* rows, uint64_t n, sxt_error*) {
  for (uint64_t i = 0; i < n; ++i) {
    of(object).corpus_rows.push_back(rows[i]->row);
    of(object).corpus_texts.emplace_back(rows[i]->text.data, rows[i]->text.size);
  }
  return SXT_OK;
}
sxt_status retrieve_rows(sxt_object* object, const sxt_query* const* queries, uint64_t n, uint64_t k, sxt_sink sink,
                         sxt_error*) {
  of(object).asked = *queries[0];
  of(object).k = k;
  const std::string& answer = of(object).answer;
  for (uint64_t i = 0; i < n; ++i) sink.put(sink.ctx, i, {answer.data(), answer.size()});
  return SXT_OK;
}
sxt_status choose(sxt_object* object, const sxt_query*, const double* score, uint64_t n, uint64_t* ret, sxt_error*) {
  of(object).scores.assign(score, score + n);
  *ret = of(object).taken;
  return SXT_OK;
}
constexpr sxt_retriever_v1 scripted_table = {sizeof(sxt_retriever_v1), 0, prepare, retrieve_rows, choose};

/// Four rows of a split of which row 1 is left out; the last is a copy of the first.
std::shared_ptr<Corpus> corpus() {
  return std::make_shared<Corpus>(Corpus{
      "set", "train", {0, 2, 3, 5}, {"{\"q\":0}", "{\"q\":2}", "{\"q\":3}", "{\"q\":0}"}, {"t0", "t2", "t3", "t5"}, {}, 0});
}

std::unique_ptr<Retriever> retriever_of(Scripted& plugin, plugin::RetrieverWants wants, uint64_t shots,
                                        const Options& options = {.seed = 3}) {
  plugin.object.struct_size = sizeof(sxt_object);
  plugin.object.destroy = [](sxt_object*) {};
  auto made = make_plugin_retriever("scripted", {plugin::Object(&plugin.object, "retriever:scripted"), &scripted_table, wants},
                                    shots, options);
  REQUIRE(made->prepare(corpus()));
  return made;
}

Query query(std::string_view split, uint64_t row, std::string_view record) {
  Query out;
  out.split = split;
  out.row = row;
  out.record = record;
  out.text = "asked";
  return out;
}

}  // namespace

TEST_CASE("a plugin is given the split's row numbers, and its rows become positions in its order", "[retrieve]") {
  Scripted plugin;
  plugin.answer = R"({"rows": [5, 2]})";
  const auto retriever = retriever_of(plugin, {.texts = true}, 2);
  CHECK(plugin.corpus_rows == std::vector<uint64_t>{0, 2, 3, 5});
  CHECK(plugin.corpus_texts == std::vector<std::string>{"t0", "t2", "t3", "t5"});
  const auto choice = retriever->retrieve(query("test", 9, "{\"q\":9}"));
  REQUIRE(choice);
  CHECK(choice->positions == Positions{3, 1});
  CHECK(plugin.asked.row == 9);
  CHECK(plugin.asked.own_row == SXT_NO_ROW);
  CHECK(plugin.k == 2);
}

TEST_CASE("a plugin that wants no texts is lent none", "[retrieve]") {
  Scripted plugin;
  retriever_of(plugin, {}, 2);
  CHECK(plugin.corpus_texts == std::vector<std::string>(4));
}

TEST_CASE("copies of the sample are asked for in addition and left out", "[retrieve]") {
  Scripted plugin;
  plugin.answer = R"({"rows": [5, 2, 3]})";
  const auto retriever = retriever_of(plugin, {}, 2);
  const auto choice = retriever->retrieve(query("train", 0, "{\"q\":0}"));
  REQUIRE(choice);
  CHECK(plugin.asked.own_row == 0);
  CHECK(plugin.k == 3);  // row 5 is a second copy
  CHECK(choice->positions == Positions{1, 2});
  CHECK_FALSE(choice->own_example);
}

TEST_CASE("a compat mode names no row as the sample's own, and says where one is shown", "[retrieve]") {
  Scripted plugin;
  plugin.answer = R"({"rows": [0, 2]})";
  const auto choice = retriever_of(plugin, {}, 2, {.seed = 3, .compat = true})->retrieve(query("train", 0, "{\"q\":0}"));
  REQUIRE(choice);
  CHECK(plugin.asked.own_row == SXT_NO_ROW);
  CHECK(choice->positions == Positions{0, 1});
  CHECK(choice->own_example);
}

TEST_CASE("each row has a random stream of its own, which the run's seed changes", "[retrieve]") {
  Scripted plugin, other;
  const auto retriever = retriever_of(plugin, {}, 1);
  REQUIRE(retriever->retrieve(query("test", 1, "{}")));
  const uint64_t first = plugin.asked.seed;
  REQUIRE(retriever->retrieve(query("test", 2, "{}")));
  CHECK(plugin.asked.seed != first);
  REQUIRE(retriever_of(other, {}, 1, {.seed = 4})->retrieve(query("test", 1, "{}")));
  CHECK(other.asked.seed != first);
}

TEST_CASE("a plugin's candidates are chosen by it from mean log-probabilities", "[retrieve]") {
  Scripted plugin;
  plugin.answer = R"({"candidates": [[2, 3], [5, 0]]})";
  plugin.taken = 1;
  const auto retriever = retriever_of(plugin, {.scores = true}, 2);
  CHECK(retriever->traits().wants_scores);
  const Query asked = query("test", 9, "{\"q\":9}");
  auto choice = retriever->retrieve(asked);
  REQUIRE(choice);
  CHECK(choice->candidates == std::vector<Positions>{{1, 2}, {3, 0}});
  const std::vector<Losses> losses = {{1.5}, {0.25}};
  choice = retriever->choose(asked, *choice, losses);
  REQUIRE(choice);
  CHECK(plugin.scores == std::vector<double>{-1.5, -0.25});
  CHECK(choice->positions == Positions{3, 0});
}

TEST_CASE("an answer that the interface does not allow names the plugin and the row", "[retrieve]") {
  const auto [answer, says] = GENERATE(table<const char*, const char*>({
      {"[1]", "no JSON object"},
      {R"({"row": [2]})", "neither \"rows\" nor \"candidates\""},
      {R"({"rows": [1]})", "gave 1"},
      {R"({"rows": [2, 2]})", "twice"},
      {R"({"rows": [0]})", "the sample itself"},
      {R"({"rows": [2, 3, 5, 2]})", "twice"},
      {R"({"candidates": []})", "no candidates"},
      {R"({"candidates": [[2], [3]]})", "do not want \"scores\""},
  }));
  Scripted plugin;
  plugin.answer = answer;
  const auto choice = retriever_of(plugin, {}, 2)->retrieve(query("train", 0, "{\"q\":7}"));
  REQUIRE_FALSE(choice);
  CHECK_THAT(choice.error().message, Contains(says) && Contains("retriever:scripted") && Contains("row 0"));
}
