// Every chat template of tests/golden/chat.json, on every conversation there: the text that transformers makes, or a refusal
// where it refuses. The templates are read from SEXTANT_TEST_DATA/chat_templates.
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <catch2/catch.hpp>
#include "../../../../models/engine/chat/chat_template.hpp"
#include "../sha256.hpp"

using namespace sextant;

namespace {

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("real chat templates give what transformers gives", "[chat][data]") {
  const char* data = std::getenv("SEXTANT_TEST_DATA");
  if (!data) {
    WARN("SKIP: SEXTANT_TEST_DATA is not set");
    return;
  }
  const std::string here = __FILE__, golden = here.substr(0, here.rfind("models/engine/chat/")) + "golden/chat.json";
  const auto goldens = json::parse(read(golden), golden);
  REQUIRE(goldens);
  const json::Value& conversations = (*goldens)["conversations"];
  for (const auto& entry : (*goldens)["templates"].GetObject()) {
    const std::string path = std::string(data) + "/chat_templates/" + entry.name.GetString(), source = read(path);
    CAPTURE(path);
    REQUIRE_FALSE(source.empty());
    const json::Value& outputs = entry.value["outputs"];
    // another text under that name has other outputs: make the goldens anew
    REQUIRE(test::sha256(source.data(), source.size()) == entry.value["sha256"].GetString());
    REQUIRE(outputs.Size() == conversations.Size());
    const auto chat = engine::ChatTemplate::parse(source, path);
    for (unsigned i = 0; i < conversations.Size(); ++i) {
      CAPTURE(i);
      const auto text = chat ? chat->render(conversations[i]) : Result<std::string>(chat.error());
      const json::Value& wanted = outputs[i];
      CAPTURE(text ? *text : text.error().message);
      CHECK((text ? test::sha256(text->data(), text->size()).substr(0, 16) : "refused") ==
            (wanted.IsNull() ? "refused" : wanted.GetString()));
    }
  }
}
