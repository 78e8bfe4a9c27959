#include "content_key.hpp"
#include <charconv>
#include <fmt/format.h>
#include <sextant/json_text.hpp>
#include <sextant/sha256.hpp>

namespace sextant::serve {
namespace {

// One JSON object, its members in alphabetical order as json::canonical() has them: docs/files.md gives the same form, so that
// anybody can compute a key. Members that say nothing are left out.
class KeyText {
 public:
  KeyText() { text_.begin_object(); }
  void text(std::string_view name, std::string_view value) {
    if (!value.empty()) text_.member(name, value);
  }
  void number(std::string_view name, uint64_t value) {
    if (value != 0) text_.member(name, value);
  }
  void real(std::string_view name, float value) { text_.member(name, static_cast<double>(value)); }
  void flag(std::string_view name, bool value) {
    if (!value) return;
    text_.key(name);
    text_.boolean(true);
  }
  template <class List, class Item> void list(std::string_view name, const List& items, Item&& item) {
    if (items.empty()) return;
    text_.key(name);
    text_.begin_array();
    for (const auto& one : items) item(one);
    text_.end_array();
  }
  void ids(const std::vector<int32_t>& ids) {
    text_.begin_array();
    for (const int32_t id : ids) text_.integer(id);
    text_.end_array();
  }
  JsonText& writer() { return text_; }
  std::string_view str() {
    text_.end_object();
    return text_.str();
  }

 private:
  JsonText text_{JsonText::Layout::compact};
};

}  // namespace

std::string content_key(const KeyBase& base, const data::Request& request) {
  KeyText key;
  const std::optional<data::Sampling>& sampling = request.sampling;
  const bool random = sampling && sampling->temperature > 0;  // the rest of greedy decoding changes nothing
  key.flag("add_special", request.add_special);
  key.text("ask", data::ask_name(request.ask));
  const auto id = [&](int32_t id) { key.writer().integer(id); };
  if (sampling) key.list("begin_suppress_tokens", sampling->begin_suppress_tokens, id);
  key.text("code", base.code_version);
  key.list("continuation_ids", request.continuation_ids, [&](const std::vector<int32_t>& ids) { key.ids(ids); });
  key.list("continuations", request.continuations, [&](const data::Text& text) { key.writer().text(text); });
  if (sampling && sampling->frequency_penalty != 0) key.real("frequency_penalty", sampling->frequency_penalty);
  key.list("ids", request.ids, id);
  key.number("keep_bytes", request.keep_bytes);
  key.number("max_new_tokens", sampling ? sampling->max_new_tokens : 0);
  key.number("max_prompt_tokens", request.max_prompt_tokens);
  key.number("max_thinking_tokens", sampling ? sampling->max_thinking_tokens : 0);
  if (request.text.empty()) {  // a text that was made of messages says all that they do
    json::Document scratch;
    key.list("messages", request.messages, [&](const data::Message& message) {
      key.writer().canonical(data::to_json(message, scratch.GetAllocator()));
    });
  }
  key.number("min_new_tokens", sampling ? sampling->min_new_tokens : 0);
  if (random && sampling->min_p > 0) key.real("min_p", sampling->min_p);
  key.text("model", base.model_config);
  key.number("no_repeat_ngram_size", sampling ? sampling->no_repeat_ngram_size : 0);
  if (sampling && sampling->presence_penalty != 0) key.real("presence_penalty", sampling->presence_penalty);
  if (sampling && sampling->repetition_penalty != 1) key.real("repetition_penalty", sampling->repetition_penalty);
  if (random) {
    key.number("seed", sampling->seed);
  }
  key.flag("split_special", request.split_special);
  if (sampling) key.list("stop", sampling->stop, [&](const std::string& text) { key.writer().text(text); });
  if (random || (base.by_sample && sampling)) {
    key.number("stream", sampling->stream);
  }
  if (sampling) key.list("suppress_tokens", sampling->suppress_tokens, id);
  if (random) {
    key.real("temperature", sampling->temperature);
  }
  key.text("text", request.text);
  key.flag("token_logprobs", request.token_logprobs);
  key.flag("token_moments", request.token_moments);
  key.text("tools", request.tools_json);
  if (random) {
    key.number("top_k", sampling->top_k);
    key.real("top_p", sampling->top_p);
  }
  key.flag("total_logprob", request.total_logprob);
  key.text("weights", base.weights_sha256);
  return sha256_hex(key.str());
}

uint64_t stream_of(const data::SampleId& sample, uint32_t turn) {
  const std::string hex = sha256_hex(fmt::format("{}\n{}\n{}\n{}", sample.task, sample.row, sample.repeat, turn));
  uint64_t stream = 0;
  std::from_chars(hex.data(), hex.data() + 16, stream, 16);
  return stream;
}

}  // namespace sextant::serve
