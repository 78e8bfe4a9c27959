#include "sent.hpp"
#include <algorithm>
#include "../data/fields.hpp"

namespace sextant::serve {
namespace {

// One of the two is how the other begins.
template <class List> bool one_begins_the_other(const List& a, const List& b) {
  const auto n = static_cast<std::ptrdiff_t>(std::min(a.size(), b.size()));
  return n > 0 && std::equal(a.begin(), a.begin() + n, b.begin());
}

}  // namespace

data::Prompt sent_prompt(const data::Prompt& prompt, const data::Request& first) {
  if (first.ask != data::Ask::generate || !first.ids.empty()) return prompt;
  const bool same = first.messages.empty() ? one_begins_the_other(first.text.view(), prompt.text.view())
                                           : one_begins_the_other(first.messages, prompt.messages);
  if (same) return prompt;
  data::Prompt out;
  out.label = prompt.label;
  out.text = first.text;
  out.messages = first.messages;
  out.chat = !first.messages.empty();
  return out;
}

void note_tools(std::string& extra_json, const std::string& tools_json) {
  if (tools_json.empty()) return;
  json::Document extra;
  if (auto parsed = json::parse(extra_json, "extra"); parsed && parsed->IsObject()) extra = *std::move(parsed);
  else extra.SetObject();
  json::set(extra, "tools", data::embed(tools_json, extra.GetAllocator()), extra.GetAllocator());
  extra_json = json::write(extra);
}

}  // namespace sextant::serve
