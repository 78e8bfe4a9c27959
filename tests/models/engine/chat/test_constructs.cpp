// Every construct of the language, one small template each: the text that Jinja2 makes of it with transformers' settings, or a
// refusal. The templates are tests/golden/jinja_cases.py, the texts jinja_constructs.json.
#include <fstream>
#include <iterator>
#include <catch2/catch.hpp>
#include "../../../../models/engine/chat/chat_template.hpp"

using namespace sextant;

TEST_CASE("every construct gives what Jinja2 gives", "[chat]") {
  const std::string path = SEXTANT_GOLDEN_DIR "/jinja_constructs.json";
  std::ifstream in(path, std::ios::binary);
  const auto goldens = json::parse(std::string(std::istreambuf_iterator<char>(in), {}), path);
  REQUIRE(goldens);
  for (const auto& [source, wanted] : (*goldens)["cases"].GetObject()) {
    CAPTURE(source.GetString());
    const auto chat = engine::ChatTemplate::parse(std::string(json::text(source)), "t.jinja");
    const auto text = chat ? chat->render((*goldens)["input"]) : Result<std::string>(chat.error());
    if (wanted.IsNull()) {
      REQUIRE_FALSE(text);
      CHECK(text.error().message.starts_with("t.jinja:"));
    } else {
      CHECK((text ? *text : "refused: " + text.error().message) == std::string(json::text(wanted)));
    }
  }
}
