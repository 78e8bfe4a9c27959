// Which prompt an attempt records: the template's, or what the inferencer made of it.
#include <catch2/catch.hpp>
#include "../../../core/serve/sent.hpp"

namespace sextant::test {
namespace {

using Messages = std::vector<data::Message>;

data::Prompt chat(Messages messages) {
  data::Prompt prompt;
  prompt.text = "rendered";
  prompt.messages = std::move(messages);
  prompt.chat = true;
  return prompt;
}
data::Request asked(Messages messages, const char* text = "") {
  data::Request request;
  request.messages = std::move(messages);
  request.text = text;
  return request;
}

TEST_CASE("what an inferencer adds to a prompt is a part of it; what a conversation goes on with is not") {
  const data::Message system("system", "Be brief."), told("system", "Use tools."), user("user", "Q"), reply("assistant", "A"),
      more("user", "R");
  struct Case { const char* name; data::Prompt prompt; data::Request request; Messages messages; const char* text; };
  data::Prompt turns_as_text = chat({user});
  turns_as_text.chat = false;
  for (const Case& c : {
           Case{"the prompt itself", chat({system, user}), asked({system, user}, "rendered"), {system, user}, "rendered"},
           Case{"the beginning of a dialogue", chat({user, reply, more}), asked({user}), {user, reply, more}, "rendered"},
           Case{"a dialogue of the data", chat({user}), asked({user, reply, more}), {user}, "rendered"},
           Case{"instructions in the system's turn", chat({system, user}), asked({told, user}), {told, user}, ""},
           Case{"instructions before it", chat({user}), asked({told, user}), {told, user}, ""},
           Case{"instructions before a text", turns_as_text, asked({}, "Use tools.\n\nrendered"), {}, "Use tools.\n\nrendered"},
           Case{"a text that goes on", turns_as_text, asked({}, "rendered\nmore"), {user}, "rendered"},
       }) {
    INFO(c.name);
    const data::Prompt sent = serve::sent_prompt(c.prompt, c.request);
    CHECK(sent.messages == c.messages);
    CHECK(sent.text == c.text);
  }
  data::Request scored = asked({told, user});
  scored.ask = data::Ask::score;
  CHECK(serve::sent_prompt(chat({user}), scored).messages == Messages{user});
}

TEST_CASE("tools that were offered stand among an attempt's further values") {
  std::string extra = R"({"rounds":2})";
  serve::note_tools(extra, R"([{"type":"function"}])");
  CHECK(extra == R"({"rounds":2,"tools":[{"type":"function"}]})");
  serve::note_tools(extra = "", "[]");
  CHECK(extra == R"({"tools":[]})");
  serve::note_tools(extra = "", "");
  CHECK(extra.empty());
}

}  // namespace
}  // namespace sextant::test
