// C-Eval and CMMLU through the loader `table`, with the configuration that their cards give it. Linked with test_table.cpp,
// which has the loader.
#include <algorithm>
#include <sextant/csv.hpp>
#include <sextant/json.hpp>
#include "../plugins/golden.hpp"
#include "loader.hpp"

using namespace sextant;
using test::Folder;
using test::Loader;

extern "C" const sxt_entry sextant_plugin_entry;

namespace {

const sxt_component& component(std::string_view id) {
  const auto* const* end = sextant_plugin_entry.components + sextant_plugin_entry.component_count;
  const auto* const* found = std::find_if(sextant_plugin_entry.components, end,
                                          [&](const sxt_component* one) { return std::string_view(one->id) == id; });
  REQUIRE(found != end);
  return **found;
}

/// What the core makes of the card's "loader" for one subject.
std::string config_of(const std::string& set, const std::string& subject, const std::filesystem::path& path) {
  const auto file = std::filesystem::path(__FILE__).parent_path() / "../../datasets" / set / "cards" / (set + "_subjects.json");
  auto card = json::parse(or_throw(csv::read_text(file)), file.string());
  REQUIRE(card);
  json::Value& loader = (*card)["loader"];
  CHECK(loader["type"] == "table");
  loader.RemoveMember("type");
  json::set(loader, "name", subject, card->GetAllocator());
  json::set(loader, "path", path.string(), card->GetAllocator());
  return json::write(loader);
}

struct Case {
  const char *set, *subject, *file, *text, *split, *expected;  // the records, or a part of the error
};
const Case cases[] = {
    // every cell is a text, in the header's order; columns that are missing are empty
    {"ceval", "logic", "val/logic_val.csv", "id,question,A,B,C,D,answer\r\n007,\"q\r\n2\",1,2,,4,B\r\n", "val",
     R"({"id":"007","question":"q\n2","A":"1","B":"2","C":"","D":"4","answer":"B","explanation":""})"},
    {"ceval", "logic", "test/logic_test.csv", "id,question,A,B,C,D\n0,q,1,2,3,4\n", "test",
     R"({"id":"0","question":"q","A":"1","B":"2","C":"3","D":"4","answer":"","explanation":""})"},
    {"ceval", "logic", "test/logic_test.csv", "id,question,A,B,C,D,answer\n0,q,1,2,3,4,\n", "test",
     R"({"id":"0","question":"q","A":"1","B":"2","C":"3","D":"4","answer":"","explanation":""})"},
    {"ceval", "logic", "val/logic_val.csv", "id,question,A,B,C,D\n0,q,1,2,3,4\n", "val",
     "logic_val.csv:2: there is no column 'answer'; the row has: id, question, A, B, C, D, explanation"},
    {"ceval", "logic", "val/logic_val.csv", "id,question,A,B,C,D,answer\n0,q,1,2,3,4,A\n17,q,1,2,3,4,E\n", "val",
     "logic_val.csv:3: id 17: the answer 'E' is not one of the options A, B, C, D"},
    {"ceval", "logic", "dev/logic_dev.csv", "id,question,A,B,C,D,answer\n0,q,1,2\n", "dev",
     "the row has 4 cells, the header 7"},
    // seven columns by position, the row number left out, with a header or without
    {"cmmlu", "arts", "dev/arts.csv", ",Question,A,B,C,D,Answer\n0,题,1,2,3,4,C\n", "dev",
     R"({"question":"题","A":"1","B":"2","C":"3","D":"4","answer":"C"})"},
    {"cmmlu", "arts", "test/arts.csv", "0,题,1,2,3,4,C\n", "test",
     R"({"question":"题","A":"1","B":"2","C":"3","D":"4","answer":"C"})"},
    {"cmmlu", "arts", "dev/arts.csv", "Question,A,B,C,D,Answer\n题,1,2,3,4,C\n", "dev",
     "arts.csv has 6 columns, and \"columns\" names 7"},
    {"cmmlu", "arts", "dev/arts.csv", "0,题,1,2,3,4,C\n1,题,1,2,3,4\n", "dev",
     "arts.csv:2: the row has 6 cells, and \"columns\" names 7"},
    {"cmmlu", "arts", "dev/arts.csv", ",Question,A,B,C,D,Answer\n0,题,1,2,3,4,F\n", "dev",
     "arts.csv:2: the answer 'F' is not one of"},
};

std::string first_of(Loader& loader, const char* split) {
  const auto records = loader.read(split);
  return loader.status == SXT_OK ? records.at(0) : loader.error.message;
}

}  // namespace

TEST_CASE("subjects: the cards' loader and the older loaders' names read the same, and say the same of what is wrong") {
  for (const Case& c : cases) {
    INFO(c.set << " " << c.split << "\n" << c.text);
    const Folder folder;
    folder.write(c.file, c.text);
    Loader table(component("table"), config_of(c.set, c.subject, folder.path()));
    Loader older(component(c.set), folder.config("\"name\": \"" + std::string(c.subject) + "\""));
    const std::string read = first_of(table, c.split);
    CHECK(read == first_of(older, c.split));
    if (*c.expected == '{') CHECK(read == c.expected);
    else CHECK_THAT(read, Catch::Contains(c.expected));
  }
}

TEST_CASE("subjects: a copy without a header loses no row") {
  const Folder folder;
  folder.write("test/arts.csv", "0,题,1,2,3,4,C\n1,问,1,2,3,4,A\n");
  Loader loader(component("table"), config_of("cmmlu", "arts", folder.path()));
  CHECK(loader.read("test").size() == 2);
}

TEST_CASE("subjects: one without files is missing, and the path is named") {
  const Folder folder;
  Loader loader(component("table"), config_of("ceval", "logic", folder.path()));
  loader.describe();
  CHECK(loader.status == SXT_MISSING);
  loader.read("val");
  CHECK(loader.status == SXT_MISSING);
  CHECK_THAT(loader.error.message, Catch::Contains((folder.path() / "val/logic_val.csv").string()));
}

TEST_CASE("subjects: describe counts the splits that are there and does not stumble over a broken one") {
  const Folder folder;
  folder.write("val/logic_val.csv", "id,question,A,B,C,D,answer\n0,q,1,2,3,4,A\n1,q,1,2,3,4,A\n");
  folder.write("dev/logic_dev.csv", "id,question,A,B,C,D,answer\n0,q,1,2\n");
  Loader loader(component("table"), config_of("ceval", "logic", folder.path()));
  const auto json = json::parse(loader.describe(), "describe");
  REQUIRE(json);
  CHECK(json::write(*json::find(*json, "splits")) == R"({"val":2})");
  CHECK_THAT(json::write(*json::find(*json, "problems")), Catch::Contains("the row has 4 cells, the header 7"));
}

TEST_CASE("subjects: all at hand are read whole") {
  const auto data = test::test_data();
  if (!data) return;
  struct Set { const char *name, *folder; size_t files; };
  for (const Set& set : {Set{"ceval", "ceval/formal_ceval", 70}, Set{"cmmlu", "cmmlu", 60}}) {
    size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(*data / set.folder)) {
      if (entry.path().extension() != ".csv") continue;
      const std::string split = entry.path().parent_path().filename(), stem = entry.path().stem();
      const bool named_by_split = std::string_view(set.name) == "ceval";
      Loader loader(
          component("table"),
          config_of(set.name, named_by_split ? stem.substr(0, stem.size() - split.size() - 1) : stem, *data / set.folder));
      const auto records = loader.read(split);
      INFO(entry.path() << " " << loader.error.message);
      CHECK(loader.status == SXT_OK);
      if (split == "dev") CHECK(records.size() == 5);
      else CHECK(records.size() > 10);
      ++files;
    }
    CHECK(files > set.files);
  }
}
