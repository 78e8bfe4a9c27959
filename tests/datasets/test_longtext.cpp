#include "../../datasets/longtext/longtext.cpp"
#include "loader.hpp"

using test::Folder;
using test::Loader;

namespace {

const sxt_component& longtext_component() { return *sextant_plugin_entry.components[0]; }

struct Text {
  std::string context, question;
  std::vector<std::string> answers;
  double depth = 0;
};

std::vector<Text> texts_of(const std::string& config) {
  Loader loader(longtext_component(), config);
  std::vector<Text> out;
  for (const std::string& record : loader.read("test")) {
    const auto row = json::parse(record, "row");
    REQUIRE(row);
    Text text{std::string(*json::find_string(*row, "context")), std::string(*json::find_string(*row, "question")), {}, 0};
    for (const auto& answer : json::find(*row, "answers")->GetArray()) text.answers.emplace_back(json::text(answer));
    text.depth = json::find_number(*row, "depth").value_or(-1);
    out.push_back(std::move(text));
  }
  INFO(std::string(loader.error.message));
  REQUIRE(loader.status == SXT_OK);
  return out;
}

size_t times(std::string_view text, std::string_view part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++n;
  return n;
}

std::string config_of(const std::string& task, size_t words, size_t rows, const std::string& more = "") {
  return fmt::format(R"({{"task": "{}", "words": {}, "rows": {}{}}})", task, words, rows, more);
}

constexpr const char* squad = R"({"data": [{"title": "t", "paragraphs": [
  {"context": "Ada wrote the first program in 1843 .", "qas": [
    {"question": "Who wrote it?", "id": "1", "is_impossible": false, "answers": [{"text": "Ada"}, {"text": "Ada"}]},
    {"question": "Who sold it?", "id": "2", "is_impossible": true, "answers": [], "plausible_answers": [{"text": "x"}]}]},
  {"context": "A hill stands there .", "qas": [{"question": "What stands?", "id": "3", "answers": [{"text": "A hill"}, {"text": "hill"}]}]},
  {"context": "The third one is about bread .", "qas": []}]}]})";

}  // namespace

TEST_CASE("longtext: every answer of a needle task stands in its text once, as often as the task says, in as many words as are asked for") {
  for (const auto& [task, answers] : {std::pair{"niah_single_1", 1}, {"niah_single_2", 1}, {"niah_single_3", 1}, {"niah_multikey_1", 1},
                                      {"niah_multikey_2", 1}, {"niah_multikey_3", 1}, {"niah_multivalue", 4}, {"niah_multiquery", 4}})
    for (const size_t words : {60u, 1500u}) {
      INFO(task << " " << words);
      for (const Text& text : texts_of(config_of(task, words, 5))) {
        CHECK(text.answers.size() == static_cast<size_t>(answers));
        for (const std::string& answer : text.answers) CHECK(times(text.context, " is: " + answer + ".") == 1);
        const size_t n = longtext::words_in(text.context);
        CHECK(n >= words);
        CHECK(n <= words + 150);   // a sentence of noise more, and what stands before the text
      }
    }
}

TEST_CASE("longtext: needles go from the beginning to the end of the text") {
  const auto texts = texts_of(config_of("niah_single_2", 1000, 11));
  REQUIRE(texts.size() == 11);
  for (size_t i = 0; i < texts.size(); ++i) {
    const double place = static_cast<double>(texts[i].context.find("One of the special")) / static_cast<double>(texts[i].context.size());
    CHECK(texts[i].depth == Approx(static_cast<double>(i) / 10));
    CHECK(place == Approx(texts[i].depth).margin(0.05));
  }
}

TEST_CASE("longtext: chains can be followed, and the frequent words are the most frequent") {
  for (const Text& text : texts_of(config_of("vt", 300, 5))) {
    REQUIRE(text.answers.size() == 5);
    const std::string value = text.question.substr(text.question.find("value ") + 6, 5);
    CHECK(times(text.context, "VAR " + text.answers[0] + " = " + value) == 1);
    for (size_t k = 1; k < text.answers.size(); ++k)
      CHECK(times(text.context, "VAR " + text.answers[k] + " = VAR " + text.answers[k - 1]) == 1);
  }
  for (const char* task : {"cwe", "fwe"})
    for (const Text& text : texts_of(config_of(task, 700, 3))) {
      std::map<std::string, size_t> count;
      std::string word;
      for (const char c : text.context.substr(text.context.find('\n') + 1) + " ")
        if (c == ' ') { ++count[word]; word.clear(); } else word += c;
      size_t least = SIZE_MAX, most = 0;
      for (const std::string& answer : text.answers) least = std::min(least, count[answer]);
      for (const auto& [other, n] : count)
        if (other != "..." && std::find(text.answers.begin(), text.answers.end(), other) == text.answers.end()) most = std::max(most, n);
      INFO(task << " " << least << " " << most);
      CHECK(least > most);
    }
}

TEST_CASE("longtext: texts are the seed's and the row's: more rows change none, another seed changes all") {
  for (const char* task : {"niah_single_1", "niah_multikey_3", "vt", "cwe", "fwe"}) {
    const auto few = texts_of(config_of(task, 200, 2)), again = texts_of(config_of(task, 200, 2)),
               other = texts_of(config_of(task, 200, 2, R"(, "seed": 43)"));
    for (size_t i = 0; i < 2; ++i) {
      CHECK(few[i].context == again[i].context);
      CHECK(few[i].answers != other[i].answers);
    }
    CHECK(few[0].answers == texts_of(config_of(task, 200, 30))[0].answers);
  }
  // written down once: texts must not change from version to version
  CHECK(texts_of(config_of("niah_single_1", 30, 1))[0].answers == std::vector<std::string>{"2291537"});
}

TEST_CASE("longtext: questions over documents have theirs among them, whatever the length") {
  const Folder folder;
  folder.write("dev.json", squad);
  const auto at = [&](size_t words, const char* more = "") {
    return texts_of(folder.config(fmt::format(R"("task": "qa", "file": "dev.json", "words": {}{})", words, more)));
  };
  const auto all = at(1000);
  REQUIRE(all.size() == 2);
  CHECK(all[0].question == "Who wrote it?");
  CHECK(all[0].answers == std::vector<std::string>{"Ada"});
  CHECK(all[1].answers == std::vector<std::string>{"A hill", "hill"});
  for (const Text& text : all)
    for (const char* part : {"Document 1:\n", "Document 2:\n", "Document 3:\n", "Ada wrote", "A hill stands", "The third one"})
      CHECK(times(text.context, part) == 1);
  const auto alone = at(20, R"(, "rows": 1)");
  REQUIRE(alone.size() == 1);
  CHECK(times(alone[0].context, "Ada wrote") == 1);
  CHECK(longtext::words_in(alone[0].context) <= 20);
  folder.write("hotpot.json", R"([{"_id": "1", "question": "q", "answer": "yes", "supporting_facts": [], "context": [["T", ["a.", " b."]], ["U", ["c."]]]}])");
  const auto hotpot = texts_of(folder.config(R"("task": "qa", "file": "hotpot.json", "words": "500")"));
  REQUIRE(hotpot.size() == 1);
  CHECK(times(hotpot[0].context, "T\na. b.") == 1);
  CHECK(times(hotpot[0].context, "U\nc.") == 1);
}

TEST_CASE("longtext: what is wrong is named") {
  const Folder folder;
  folder.write("rows.json", R"({"rows": []})");
  folder.write("empty.json", R"({"data": []})");
  folder.write("odd.json", R"([{"question": "q", "answer": "a", "context": [["T", "no list"]]}])");
  for (const auto& [config, expected] :
       {std::pair{R"("task": "qa")", "needs \"file\""}, {R"("task": "qa", "file": "none.json")", "none.json"},
        {R"("task": "qa", "file": "rows.json")", "neither SQuAD's file"}, {R"("task": "qa", "file": "empty.json")", "no question"},
        {R"("task": "qa", "file": "odd.json")", "neither SQuAD's file"}, {R"("task": "vt", "file": "rows.json")", "vt reads none"}}) {
    Loader loader(longtext_component(), folder.config(config));
    loader.read("test");
    INFO(config);
    CHECK(loader.status != SXT_OK);
    CHECK(std::string(loader.error.message).find(expected) != std::string::npos);
  }
}
