// Chat templates and tokenizers through the cpu backend, with a model and without one.
#include <cstdio>
#include <fstream>
#include "../../cpu/backend.hpp"

using namespace fakes;

namespace {

std::string template_file() {
  const std::string path = "chat_test.jinja";
  std::ofstream(path) << "{% for m in messages %}{{ bos_token }}{{ m.role }}: {{ m.content }}\n{% endfor %}"
                         "{% if not messages %}{{ raise_exception('no turns') }}{% endif %}";
  return path;
}

const std::string hello = R"({"messages": [{"role": "user", "content": "Hello"}], "add_generation_prompt": true})";
const std::string here = __FILE__, file = here.substr(0, here.rfind("models/engine/")) + "golden/tiny_llama.gguf";

}  // namespace

TEST_CASE("a chat template needs neither weights nor a model", "[chat][cpu]") {
  Backend backend("", "\"weights\":null,\"chat_template\":" + json::quote(template_file()));
  CHECK(json::find_string(backend.render_chat(hello), "text") == "user: Hello\n");
  CHECK(json::find_bool(backend.describe(), "has_chat_template") == true);
}

TEST_CASE("a refusal is an answer that names template, line and message", "[chat][cpu]") {
  Backend backend("", "\"weights\":null,\"chat_template\":" + json::quote(template_file()));
  const auto error = json::find_string(backend.render_chat(R"({"messages": []})"), "error");
  REQUIRE(error);
  CHECK(error->find("chat_test.jinja:2: ") == 0);
  CHECK(error->find("no turns") != error->npos);
}

TEST_CASE("a tokenizer alone gives tokens, and without a template no chat prompts", "[chat][cpu]") {
  Backend backend("", "\"weights\":null,\"chat_template\":\"none\",\"tokenizer_path\":" + json::quote(file));
  CHECK_FALSE(backend.tokenize("ab").empty());
  CHECK(json::find_string(backend.render_chat(hello), "error"));
}

TEST_CASE("the model's tokens are the template's bos_token and eos_token", "[chat][cpu]") {
  Backend backend(file, "\"weights\":null,\"chat_template\":" + json::quote(template_file()));
  const std::string bos = json::find_string(backend.describe(), "bos").value_or("");
  CHECK_FALSE(bos.empty());
  CHECK(json::find_string(backend.render_chat(hello), "text") == bos + "user: Hello\n");
}

TEST_CASE("without a path and something that stands alone there is no backend", "[chat][cpu]") {
  for (const char* settings :
       {"", "\"weights\":null", "\"weights\":null,\"chat_template\":\"none\"", "\"chat_template\":\"x.jinja\""}) {
    CAPTURE(settings);
    Backend backend("", settings);
    CHECK_FALSE(backend.created());
    CHECK(std::string(backend.error.message).find("path") != std::string::npos);
  }
}

TEST_CASE("a template that cannot be read stops a configuration that names it", "[chat][cpu]") {
  std::ofstream("broken_test.jinja") << "a\n{% if x %}";
  Backend backend("", "\"weights\":null,\"chat_template\":\"broken_test.jinja\"");
  CHECK_FALSE(backend.created());
  CHECK(std::string(backend.error.message).find("broken_test.jinja:2") != std::string::npos);
}
