#include "../../datasets/ceval_xyj/ceval_xyj.cpp"
#include "loader.hpp"

using test::Folder;
using test::Loader;

namespace {
const sxt_component& ceval_xyj() { return *sextant_plugin_entry.components[0]; }
}  // namespace

TEST_CASE("ceval_xyj: its own data are whole") {
  const auto data = std::filesystem::path(__FILE__).parent_path() / "../../datasets/ceval_xyj/data";
  Loader loader(ceval_xyj(), R"({"path": ")" + data.string() + "\"}");
  const auto json = json::parse(loader.describe(), "describe");
  REQUIRE(json);
  CHECK_FALSE(json::find(*json, "problems"));
  CHECK(*json::find_int(*json::find(*json, "splits"), "dev") == 5);
  CHECK(*json::find_int(*json::find(*json, "splits"), "val") >= 200);
  CHECK(*json::find_int(*json::find(*json, "splits"), "test") >= 200);
}

TEST_CASE("ceval_xyj: an answer is needed in every split") {
  const Folder folder;
  folder.write("test/xyj_test.csv", "id,question,A,B,C,D,answer\n5,q,1,2,3,4,\n");
  Loader loader(ceval_xyj(), folder.config());
  loader.read("test");
  CHECK(loader.status == SXT_BAD_DATA);
  CHECK_THAT(loader.error.message, Catch::Contains("xyj_test.csv:2: id 5: the answer '' is not one of"));
}
