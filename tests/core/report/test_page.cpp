#include <catch2/catch.hpp>
#include "../../../core/base/packed.hpp"
#include "../../../core/report/page.hpp"

using namespace sextant;

TEST_CASE("JSON in a script element has no character that could end it", "[report]") {
  for (const char* text :
       {R"(["</script><script>alert(1)</script>"])", R"({"<!--": "&amp; <b> --> ]]>", "a": [1, true, "\u2028"]})"}) {
    const std::string safe = report::json_for_html(text);
    CHECK(safe.find_first_of("<>&") == safe.npos);
    CHECK(json::write(*json::parse(safe, "safe")) == json::write(*json::parse(text, "given")));
  }
}

TEST_CASE("base64 is RFC 4648's", "[base]") {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) CHECK(base64(bytes) == text);
  const std::string big = base64(std::string((size_t{3} << 20) + 4, 'f'));  // more than one part
  CHECK(big.substr(big.size() - 8) == "ZmZmZg==");
  CHECK(big.find('=') == big.size() - 2);
}

TEST_CASE("a reply that repeats itself has a high compression ratio", "[report]") {
  std::string loop, prose = "The quick brown fox jumps over the lazy dog while seven wizards mix potions in vain, 1234567890.";
  for (int i = 0; i < 100; ++i) loop += "and so on, ";
  CHECK(report::compression_ratio(loop) > 20);
  CHECK(report::compression_ratio(prose) < 1.5);
  CHECK(report::compression_ratio("short") == 1);
}

TEST_CASE("a sample's address is percent-encoded", "[report]") {
  CHECK(report::page_anchor("a/b c", "天", 12, 0) == "#s/a%2Fb%20c/%E5%A4%A9/12");
  CHECK(report::page_anchor("m", "law", 3, 2) == "#s/m/law/3/2");
  CHECK(report::page_address("/tmp/a b/report.html", "m", "x", 1, 0) == "file:///tmp/a%20b/report.html#s/m/x/1");
  CHECK(report::page_anchor("<b>\"'", "x", 0, 0) == "#s/%3Cb%3E%22%27/x/0");
}
