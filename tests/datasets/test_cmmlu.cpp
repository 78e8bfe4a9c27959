#include "../../datasets/cmmlu/cmmlu.cpp"
#include "../plugins/golden.hpp"
#include "loader.hpp"

using test::Folder;
using test::Loader;

namespace {
const sxt_component& cmmlu() { return *sextant_plugin_entry.components[0]; }
}  // namespace

TEST_CASE("cmmlu: seven columns by position, the row number left out") {
  const Folder folder;
  folder.write("dev/arts.csv", ",Question,A,B,C,D,Answer\n0,题,1,2,3,4,C\n");
  Loader loader(cmmlu(), folder.config(R"("name": "arts")"));
  CHECK(loader.read("dev") == std::vector<std::string>{R"({"question":"题","A":"1","B":"2","C":"3","D":"4","answer":"C"})"});
}

TEST_CASE("cmmlu: a copy without a header loses no row") {
  const Folder folder;
  folder.write("test/arts.csv", "0,题,1,2,3,4,C\n1,问,1,2,3,4,A\n");
  Loader loader(cmmlu(), folder.config(R"("name": "arts")"));
  CHECK(loader.read("test") == std::vector<std::string>{R"({"question":"题","A":"1","B":"2","C":"3","D":"4","answer":"C"})",
                                                        R"({"question":"问","A":"1","B":"2","C":"3","D":"4","answer":"A"})"});
}

TEST_CASE("cmmlu: another number of columns is an error that names the file") {
  const Folder folder;
  folder.write("dev/arts.csv", "Question,A,B,C,D,Answer\n题,1,2,3,4,C\n");
  Loader loader(cmmlu(), folder.config(R"("name": "arts")"));
  loader.read("dev");
  CHECK(loader.status == SXT_BAD_DATA);
  CHECK_THAT(loader.error.message, Catch::Contains("arts.csv has 6 columns"));
}

TEST_CASE("cmmlu: all subjects at hand are read whole") {
  const auto data = test::test_data();
  if (!data) return;
  size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(*data / "cmmlu")) {
    if (entry.path().extension() != ".csv") continue;
    Loader loader(cmmlu(),
                  R"({"path": ")" + (*data / "cmmlu").string() + R"(", "name": ")" + entry.path().stem().string() + "\"}");
    const auto records = loader.read(entry.path().parent_path().filename().string());
    INFO(entry.path() << " " << loader.error.message);
    CHECK(loader.status == SXT_OK);
    CHECK(records.size() >= 5);
    ++files;
  }
  CHECK(files > 60);
}
