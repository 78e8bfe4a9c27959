#include "../../datasets/ceval/ceval.cpp"
#include "../plugins/golden.hpp"
#include "loader.hpp"

using test::Folder;
using test::Loader;

namespace {
const sxt_component& ceval() { return *sextant_plugin_entry.components[0]; }
constexpr const char* subject = R"("name": "logic")";
}  // namespace

TEST_CASE("ceval: records keep the header's order, every cell a string, absent columns empty") {
  const Folder folder;
  folder.write("val/logic_val.csv", "id,question,A,B,C,D,answer\r\n007,\"q\r\n2\",1,2,,4,B\r\n");
  Loader loader(ceval(), folder.config(subject));
  CHECK(loader.read("val") ==
        std::vector<std::string>{
            R"({"id":"007","question":"q\n2","A":"1","B":"2","C":"","D":"4","answer":"B","explanation":""})"});
}

TEST_CASE("ceval: the test split needs no answers, val does") {
  const Folder folder;
  const char* text = "id,question,A,B,C,D\n0,q,1,2,3,4\n";
  folder.write("test/logic_test.csv", text);
  folder.write("val/logic_val.csv", text);
  Loader loader(ceval(), folder.config(subject));
  CHECK(loader.read("test").at(0).find(R"("answer":"","explanation":"")") != std::string::npos);
  loader.read("val");
  CHECK(loader.status == SXT_BAD_DATA);
  CHECK_THAT(loader.error.message,
             Catch::Contains("logic_val.csv has no column 'answer'; its columns are: id, question, A, B, C, D"));
}

TEST_CASE("ceval: a wrong answer is named with file, line, id and value") {
  const Folder folder;
  folder.write("val/logic_val.csv", "id,question,A,B,C,D,answer\n0,q,1,2,3,4,A\n17,q,1,2,3,4,E\n");
  Loader loader(ceval(), folder.config(subject));
  loader.read("val");
  CHECK(loader.status == SXT_BAD_DATA);
  CHECK_THAT(loader.error.message, Catch::Contains("logic_val.csv:3: id 17: the answer 'E' is none of the options A, B, C, D"));
}

TEST_CASE("ceval: a subject without files is missing, and the path is named") {
  const Folder folder;
  Loader loader(ceval(), folder.config(subject));
  for (const char* step : {"describe", "val"}) {
    if (std::string(step) == "describe") loader.describe();
    else loader.read(step);
    CHECK(loader.status == SXT_MISSING);
    CHECK_THAT(loader.error.message, Catch::Contains((folder.path() / "val/logic_val.csv").string()));
  }
}

TEST_CASE("ceval: describe counts the splits that are there and does not stumble over a broken one") {
  const Folder folder;
  folder.write("val/logic_val.csv", "id,question,A,B,C,D,answer\n0,q,1,2,3,4,A\n1,q,1,2,3,4,A\n");
  folder.write("dev/logic_dev.csv", "id,question,A,B,C,D,answer\n0,q,1,2\n");
  Loader loader(ceval(), folder.config(subject));
  const auto json = json::parse(loader.describe(), "describe");
  REQUIRE(json);
  CHECK(json::write(*json::find(*json, "splits")) == R"({"val":2})");
  CHECK_THAT(json::write(*json::find(*json, "problems")), Catch::Contains("the row has 4 cells, the header 7"));
}

TEST_CASE("ceval: all subjects at hand are read whole") {
  const auto data = test::test_data();
  if (!data) return;
  size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(*data / "ceval" / "formal_ceval")) {
    if (entry.path().extension() != ".csv") continue;
    const std::string split = entry.path().parent_path().filename(), stem = entry.path().stem();
    Loader loader(ceval(), R"({"path": ")" + (*data / "ceval" / "formal_ceval").string() + R"(", "name": ")" +
                               stem.substr(0, stem.size() - split.size() - 1) + "\"}");
    const auto records = loader.read(split);
    INFO(entry.path() << " " << loader.error.message);
    CHECK(loader.status == SXT_OK);
    if (split == "dev") CHECK(records.size() == 5);
    else CHECK(records.size() > 10);
    ++files;
  }
  CHECK(files > 70);
}
