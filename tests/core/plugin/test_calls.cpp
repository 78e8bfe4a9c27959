// What the core makes of components that break the rules: an error that names them, never more.
#include <cmath>
#include <map>
#include "core/plugin/facts.hpp"
#include "plugin_folder.hpp"

using namespace sextant;
using namespace sextant::plugin;
using namespace sextant::plugin::test;
using Catch::Matchers::Contains;

namespace {

struct Fixture {
  Folder folder;
  Host host;
  explicit Fixture(const std::string& plugin = "calls")
      : host((folder.add_with_manifest(plugin), folder.discover()), nullptr) {}
};

const std::vector<Judged> two_samples = {{"A", "\"A\"", "{}"}, {"B", "\"A\"", "{}"}};

}  // namespace

TEST_CASE("a metric that misbehaves becomes an error that names it") {
  if (!ready()) return;
  Fixture fixture;
  const auto [id, kind, expected] = GENERATE(table<std::string, Error::Kind, std::string>({
      {"throws", Error::Kind::internal, "metric:throws threw a C++ exception out of score: boom"},
      {"throws_int", Error::Kind::internal, "metric:throws_int threw a C++ exception out of score"},
      {"fails", Error::Kind::data, "metric:fails: sample 0 has no \xEF\xBF\xBD reference"},
      {"fails_silently", Error::Kind::device, "gave no reason"},
      {"endless_message", Error::Kind::internal, "metric:endless_message: xxxx"},
      {"never_fills", Error::Kind::internal, "metric:never_fills gave no result for item 0 of 2 in score"},
      {"no_values", Error::Kind::internal, "metric:no_values gave neither \"value\" nor \"values\" for sample 0"},
      {"text_value", Error::Kind::internal, "metric:text_value gave no number as the value 'f1' for sample 0"},
      {"null_function", Error::Kind::device, "metric:null_function cannot do 'score'"},
  }));
  auto metric = fixture.host.metric(id, "{}", "test");
  REQUIRE(metric);
  const auto scores = metric->score(two_samples);
  REQUIRE_FALSE(scores);
  CHECK(scores.error().kind == kind);
  CHECK_THAT(scores.error().message, Contains(expected));
  CHECK(scores.error().message.find('\n') == std::string::npos);
  CHECK(scores.error().message.size() < 700);
  auto good = fixture.host.metric("good", "{}", "test");
  REQUIRE(good);
  const auto sound = good->score(two_samples);
  REQUIRE(sound);
  REQUIRE(sound->size() == 2);
  CHECK(sound->at(1).values == std::vector<std::pair<std::string, double>>{{"good", 1}});
}

TEST_CASE("a metric gives several values, an answer and an explanation") {
  if (!ready()) return;
  Fixture fixture;
  auto metric = fixture.host.metric("several", "{}", "test");
  REQUIRE(metric);
  const auto scores = metric->score(two_samples);
  REQUIRE(scores);
  const Scored& scored = scores->at(1);
  REQUIRE(scored.values.size() == 2);
  CHECK(scored.values[0] == std::pair<std::string, double>("f1", 0.25));
  CHECK(scored.values[1].first == "em");
  CHECK(std::isnan(scored.values[1].second));
  CHECK(scored.answer == "A");
  CHECK(scored.explanation == "half");
  const auto values = metric_values(*fixture.host.registry().find(Kind::metric, "several")->component);
  REQUIRE(values);
  CHECK(values->at(0).high == 1);
  CHECK(values->at(1).higher_is_better);
}

TEST_CASE("a component that cannot be created becomes an error that names it") {
  if (!ready()) return;
  Fixture fixture;
  const auto [id, kind, expected] = GENERATE(table<std::string, Error::Kind, std::string>({
      {"null_object", Error::Kind::internal, "metric:null_object was created as NULL"},
      {"create_throws", Error::Kind::internal, "metric:create_throws threw a C++ exception out of create: no such table"},
      {"create_fails", Error::Kind::config, "cards/x.json: metric:create_fails: beam must be odd"},
      {"bare_object", Error::Kind::internal, "without destroy or get_interface"},
      {"no_interface", Error::Kind::internal, "metric:no_interface has no interface \"sextant.metric/1\""},
  }));
  const auto metric = fixture.host.metric(id, "{}", "cards/x.json");
  REQUIRE_FALSE(metric);
  CHECK(metric.error().kind == kind);
  CHECK_THAT(metric.error().message, Contains(expected));
}

TEST_CASE("a function that an older plugin lacks is not called") {
  if (!ready()) return;
  Fixture fixture;
  auto metric = fixture.host.metric("old_table", "{}", "test");
  REQUIRE(metric);
  const std::vector<double> scores{1, 1};
  const auto aggregate = metric->aggregate(two_samples, scores);
  REQUIRE(aggregate);
  CHECK_FALSE(aggregate->has_value());
}

TEST_CASE("a post-processor puts each text once, or not at all for an empty one") {
  if (!ready()) return;
  Fixture fixture;
  const std::vector<std::string> words{"x", "y"};
  const std::vector<ExtractItem> texts{{words[0], "{}", words, 0}, {words[1], "{}", words, 1}};
  const auto apply = [&](const char* id) { return fixture.host.postprocessor(id, "{}", "test")->apply(texts); };
  CHECK_THAT(apply("twice").error().message, Contains("postprocessor:twice gave two results for item 0"));
  CHECK_THAT(apply("out_of_range").error().message, Contains("postprocessor:out_of_range gave a result for item 2 of 2"));
  CHECK(*apply("never") == std::vector<std::string>{"", ""});
  CHECK(*apply("broken_text") == std::vector<std::string>{"a\xEF\xBF\xBD" "b", "a\xEF\xBF\xBD" "b"});
}

TEST_CASE("a template gives one JSON object per item") {
  if (!ready()) return;
  Fixture fixture;
  const RenderItem item{"{}", {}, "", data::Form::open};
  CHECK_THAT(fixture.host.template_("silent", "{}", "test")->render(item).error().message,
             Contains("template:silent gave no result for item 0 of 1"));
  CHECK_THAT(fixture.host.template_("rubbish", "{}", "test")->render(item).error().message,
             Contains("template:rubbish gave broken JSON"));
}

TEST_CASE("a data set gives as many records as it was asked for") {
  if (!ready()) return;
  Fixture fixture;
  auto dataset = fixture.host.dataset("short_read", "{}", "test");
  REQUIRE(dataset);
  CHECK(*dataset->count("dev") == 3);
  CHECK(dataset->read("dev", 0, 1)->size() == 1);
  CHECK_THAT(dataset->read("dev", 0, 3).error().message, Contains("dataset:short_read gave no result for item 1 of 3"));
  CHECK_THAT(dataset->count("vast").error().message, Contains("counts 9223372036854775807 records"));
  CHECK(dataset->count("absent").error().kind == Error::Kind::missing);
  CHECK_THAT(dataset->describe().error().message, Contains("gave no JSON object in describe"));
}

TEST_CASE("a model's requests are answered once each, and the forgotten ones get an error of their own") {
  if (!ready()) return;
  Fixture fixture;
  std::vector<data::Request> owned(4);
  std::vector<const data::Request*> requests;
  for (data::Request& request : owned) {
    request.key = std::to_string(requests.size());
    request.sampling = data::Sampling{};
    requests.push_back(&request);
  }
  auto model = fixture.host.model("forgetful", "{}", "test");
  REQUIRE(model);
  std::map<size_t, data::Response> results;
  const auto keep = [&](size_t index, data::Response result) { CHECK(results.emplace(index, std::move(result)).second); };
  REQUIRE(model->run(1, requests, keep));
  REQUIRE(results.size() == 4);
  for (const auto& [index, response] : results) CHECK(response.key == std::to_string(index));
  CHECK_FALSE(results[0].error);
  CHECK(results[0].text == "hello");
  REQUIRE(results[1].error);
  CHECK(results[1].too_long);
  CHECK(results[1].error->kind == Error::Kind::data);
  CHECK_THAT(results[1].error->message, Contains("model:forgetful: 5000 tokens do not fit 4096"));
  for (const size_t i : {size_t{2}, size_t{3}}) {
    REQUIRE(results[i].error);
    CHECK_THAT(results[i].error->message, Contains("never answered request"));
  }
  auto twice = fixture.host.model("answers_twice", "{}", "test");
  REQUIRE(twice);
  size_t answers = 0;
  const auto ran = twice->run(2, std::span(requests).first(1), [&](size_t, data::Response) { ++answers; });
  REQUIRE_FALSE(ran);
  CHECK(answers == 1);
  CHECK_THAT(ran.error().message, Contains("model:answers_twice answered request 0 twice"));
  CHECK_THAT(twice->tokenize(std::vector<std::string_view>{"a"}, 0).error().message, Contains("cannot do 'tokenize'"));
}

TEST_CASE("a plugin built against shorter structs answers every request") {
  if (!ready()) return;
  Fixture fixture("older");
  CHECK(fixture.host.registry().find(Kind::model, "older")->component->facts.empty());
  auto model = fixture.host.model("older", "{}", "test");
  REQUIRE(model);
  const auto info = model->info();
  REQUIRE(info);
  CHECK(info->context_length == 77);
  CHECK(info->requests_in_flight == 0);
  data::Request one, two, scored;
  one.text = data::Text("first"), one.sampling = data::Sampling{};
  two.text = data::Text("second"), two.sampling = data::Sampling{}, two.messages = {data::Message("user", "second")};
  scored.ask = data::Ask::score, scored.continuations = {data::Text("a"), data::Text("bcd")}, scored.token_logprobs = true;
  scored.token_moments = one.least_margin = true;
  const data::Request* const requests[] = {&one, &two, &scored};
  std::map<size_t, data::Response> got;
  REQUIRE(model->run(3, requests, [&](size_t index, data::Response response) { got[index] = std::move(response); }));
  REQUIRE(got.size() == 3);
  CHECK_FALSE(got[0].error);
  CHECK(got[0].text == "first");
  CHECK(got[1].text == "second");
  CHECK(got[1].usage.generated_tokens == 0);
  CHECK(got[1].finish == data::Finish::length);
  CHECK(got[1].thinking.empty());
  REQUIRE(got[2].scores.size() == 2);
  CHECK(got[2].scores[0].logprob == -1);
  CHECK(got[2].scores[1].logprob == -3);
  CHECK(got[2].scores[1].total_tokens == 3);
  CHECK(got[2].scores[1].token_logprobs.empty());
  CHECK(got[2].scores[1].token_means.empty());
  CHECK_FALSE(got[0].margin);
}

TEST_CASE("a scoring request without scores is an error of its own") {
  if (!ready()) return;
  Fixture fixture;
  data::Request request;
  request.ask = data::Ask::score;
  request.continuations = {data::Text(" A"), data::Text(" B")};
  const data::Request* const requests[] = {&request};
  auto model = fixture.host.model("forgetful", "{}", "test");
  REQUIRE(model);
  REQUIRE(model->run(1, requests, [&](size_t, data::Response result) {
    REQUIRE(result.error);
    CHECK_THAT(result.error->message, Contains("model:forgetful: gave no scores for 2 continuations"));
  }));
}

TEST_CASE("a retriever gives rows of the corpus, each once, and never the sample itself") {
  if (!ready()) return;
  Fixture fixture;
  const std::vector<CorpusRow> corpus = {{0, "{}", "a", {}}, {1, "{}", "b", {}}};
  const Query query{7, 1, 0, "{}", "b", {}};
  const auto [id, expected] = GENERATE(table<std::string, std::string>({
      {"itself", "gave the sample itself as its example for row 7 of the test split"},
      {"doubles", "gave the row 1 twice"},
      {"strangers", "gave 1000, which is not a row of the train split"},
  }));
  auto retriever = fixture.host.retriever(id, "{}", "test");
  REQUIRE(retriever);
  REQUIRE(retriever->prepare(corpus));
  const Query other{7, id == "itself" ? query.own_row : std::nullopt, 0, "{}", "b", {}};
  const auto retrieved = retriever->retrieve({&other, 1}, 5);
  REQUIRE_FALSE(retrieved);
  CHECK_THAT(retrieved.error().message, Contains("retriever:" + id) && Contains(expected));
}

TEST_CASE("a library is not the one that its manifest describes") {
  if (!ready()) return;
  Folder folder;
  const fs::path library = folder.add_with_manifest("echo", "changed");
  fs::remove(library);  // a new file: the old one is mapped into this process
  folder.add("calls", "other");
  fs::rename(folder.path() / "other.so", library);
  SECTION("its sha256 differs") {
    Folder fresh;
    const fs::path copy = fresh.path() / "fresh.so";
    fs::copy_file(library, copy);
    fs::copy_file(folder.path() / "changed.json", fresh.path() / "fresh.json");
    Host host(fresh.discover(), nullptr);
    const auto made = host.metric("length", "{}", "test");
    REQUIRE_FALSE(made);
    CHECK_THAT(made.error().message, Contains(copy.string()) && Contains("is not the file that its manifest describes"));
    CHECK(host.loaded().empty());
  }
}

TEST_CASE("an id that only the manifest knows is an error when it is created") {
  if (!ready()) return;
  Folder folder;
  const fs::path library = folder.add_with_manifest("echo");
  std::string manifest = *read_file(folder.path() / "echo.json");
  const size_t at = manifest.find("\"length\"");
  REQUIRE(at != manifest.npos);
  folder.write("echo.json", manifest.replace(at, 8, "\"breadth\""));
  Host host(folder.discover(), nullptr);
  const auto made = host.metric("breadth", "{}", "test");
  REQUIRE_FALSE(made);
  CHECK_THAT(made.error().message, Contains(library.string()) && Contains("holds no metric:breadth"));
}

TEST_CASE("an init that fails is an error whenever one of the plugin's components is wanted") {
  if (!ready()) return;
  const auto [name, expected] = GENERATE(table<std::string, std::string>({
      {"init_fail", "the licence file is missing"},
      {"init_throw", "threw a C++ exception out of init: thrown by init"},
  }));
  Fixture fixture(name);
  for (int round = 0; round < 2; ++round) {
    const auto made = fixture.host.metric("loading", "{}", "test");
    REQUIRE_FALSE(made);
    CHECK_THAT(made.error().message, Contains(expected) && Contains(name + ".so"));
  }
}

TEST_CASE("a component gets its configuration checked and filled in") {
  if (!ready()) return;
  Fixture fixture("echo");
  auto echo = fixture.host.postprocessor("echo", R"({"name": "n", "nested": {"label": null}})", "test");
  REQUIRE(echo);
  const std::vector<std::string> text{"T"};
  const std::vector<ExtractItem> texts{{text[0], "{}", text, 0}};
  CHECK(echo->apply(texts)->at(0) == R"(T{"name":"n","nested":{"label":null,"depth":2},"mode":"fast","width":4})");
  CHECK_THAT(fixture.host.postprocessor("echo", R"({"nam": 1})", "cards/x.json").error().message,
             Contains("cards/x.json: postprocessor:echo does not know the key 'nam' (did you mean 'name'?)"));
  CHECK(fixture.host.accepts(Kind::postprocessor, "echo", "width"));
  CHECK_FALSE(fixture.host.accepts(Kind::postprocessor, "echo", "path"));
  REQUIRE(fixture.host.loaded().size() == 1);
  CHECK(fixture.host.loaded()[0]->path == fixture.folder.path() / "echo.so");
}

TEST_CASE("a metric may have no score for a sample and an aggregate of its own") {
  if (!ready()) return;
  Fixture fixture("echo");
  auto metric = fixture.host.metric("length", "", "test");
  REQUIRE(metric);
  const std::vector<Judged> samples = {{"four", "\"on\"", "{}"}, {"", "\"x\"", "{}"}};
  const auto scores = metric->score(samples);
  REQUIRE(scores);
  CHECK(scores->at(0).values.at(0).second == 2);
  CHECK(std::isnan(scores->at(1).values.at(0).second));
  const auto aggregate = metric->aggregate(samples, std::vector<double>{2, std::nan("")});
  REQUIRE(aggregate);
  REQUIRE(aggregate->has_value());
  CHECK(json::write(**aggregate) == R"({"samples":2})");
}
