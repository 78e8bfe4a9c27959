// SHA-256 by the standard's examples.
#include <catch2/catch.hpp>
#include <fstream>
#include <sextant/sha256.hpp>
#include "../../core/temporary_folder.hpp"

using namespace sextant;
using sextant::test::TemporaryFolder;

TEST_CASE("SHA-256 gives FIPS 180-4's examples, for texts and files alike") {
  struct Row {
    std::string text, hex;
  };
  for (const Row& row :
       std::vector<Row>{{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
                        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
                        {std::string(1000000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"}}) {
    CHECK(sha256_hex(row.text) == row.hex);
    const TemporaryFolder folder;
    std::ofstream(folder / "file") << row.text;
    REQUIRE(sha256_file(folder / "file"));
    CHECK(*sha256_file(folder / "file") == row.hex);
  }
  CHECK_FALSE(sha256_file("/dev/null"));
}
