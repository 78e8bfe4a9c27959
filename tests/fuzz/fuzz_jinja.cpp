// A fuzz target: any text as a chat template, and after a NUL any JSON as its conversation. What is rendered must be UTF-8,
// within the limits, and the same text when it is rendered again.
#include <cstdlib>
#include <chat/chat_template.hpp>

using namespace sextant;

namespace {

// Small, so that an endless template costs milliseconds.
constexpr engine::ChatLimits limits{50'000, 200, 1u << 18};

json::Document conversation(std::string_view text) {
  auto given = json::parse(text, "conversation");
  if (given && given->IsObject() && json::find(*given, "messages")) return *std::move(given);
  return *json::parse(R"({"messages":[{"role":"system","content":"S"},{"role":"user","content":[{"type":"text","text":"hi"}]},
    {"role":"assistant","content":"yo","tool_calls":[{"function":{"name":"f","arguments":{"a":1.5}}}]},{"role":"user","content":"né\n"}],
    "add_generation_prompt":true,"bos_token":"<s>","eos_token":"</s>","now":"2024-05-31T12:34:56","tools":[{"function":{"name":"f"}}],
    "s":"Hello, World","n":7,"f":2.5,"l":[3,1,2],"d":{"b":1,"A":[null]},"users":[{"name":"Zoe","age":30},{"name":"adam"}]})",
                      "own");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(all.find('\0'), all.size());
  const auto chat = engine::ChatTemplate::parse(std::string(all.substr(0, end)), "fuzz.jinja");
  if (!chat) {
    if (!chat.error().message.starts_with("fuzz.jinja")) std::abort();
    return 0;
  }
  const json::Document input = conversation(all.substr(std::min(end + 1, all.size())));
  const auto text = chat->render(input, limits), again = chat->render(input, limits);
  if (text.has_value() != again.has_value()) std::abort();
  if (!text) {
    if (!text.error().message.starts_with("fuzz.jinja") || text.error().message != again.error().message) std::abort();
    return 0;
  }
  if (*text != *again || text->size() > limits.output_bytes || utf8::valid_prefix(*text) != text->size()) std::abort();
  return 0;
}
