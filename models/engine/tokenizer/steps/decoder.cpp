#include "decoder.hpp"
#include <sextant/utf8.hpp>
#include "../words/word_model.hpp"
#include "byte_alphabet.hpp"
#include "json_step.hpp"

namespace sextant::engine {
namespace {

constexpr unsigned nesting_max = 16;

void replace(std::string& text, std::string_view from, std::string_view to) {
  if (from.empty()) return;
  for (size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
}

// The blanks that English text does not have (transformers' clean_up_tokenization).
void clean_up(std::string& text) {
  constexpr std::string_view rules[][2] = {{" .", "."},   {" ?", "?"},     {" !", "!"},    {" ,", ","},
                                           {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},  {" do not", " don't"},
                                           {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& rule : rules) replace(text, rule[0], rule[1]);
}

Result<void> add_strip(Decoder& decoder, const JsonStep& step, bool fused) {
  SXT_TRY(const std::string content, step.text("content"));
  const auto start = json::find_int(step.value, "start").value_or(0), stop = json::find_int(step.value, "stop").value_or(0);
  if (content.empty() || start < 0 || start > 1'000'000) return step.error("\"content\" or \"start\" is wrong");
  if (stop != 0) return step.error("a \"stop\" other than 0 is not supported");
  decoder.add([content, start, fused](std::string& token, bool first) {
    if (fused && !first) return;  // only the whole text's beginning is stripped
    size_t cut = 0;
    for (int64_t i = 0; i < start && token.compare(cut, content.size(), content) == 0; ++i) cut += content.size();
    token.erase(0, cut);
  });
  return {};
}

Result<void> add_metaspace(Decoder& decoder, const JsonStep& step) {
  SXT_TRY(const std::string replacement, step.text("replacement"));
  if (replacement.empty()) return step.error("\"replacement\" is empty");
  const bool prefixed =
      step.flag("add_prefix_space", true) && json::find_string(step.value, "prepend_scheme").value_or("always") != "never";
  decoder.add(
      [replacement, prefixed](std::string& token, bool first) { replace(token, replacement, first && prefixed ? "" : " "); });
  return {};
}

Result<void> add(Decoder& decoder, const JsonStep& step, bool& fused, unsigned depth) {
  if (depth > nesting_max) return step.error("sequences nest too deep");
  const std::string type = step.type();
  if (type == "Sequence") return step.each("decoders", [&](const JsonStep& s) { return add(decoder, s, fused, depth + 1); });
  if (type == "ByteLevel") decoder.add(decode_byte_alphabet);
  else if (type == "ByteFallback") decoder.add(decode_byte_token);
  else if (type == "Fuse") fused = true;
  else if (type == "Strip") return add_strip(decoder, step, fused);
  else if (type == "Metaspace") return add_metaspace(decoder, step);
  else if (type == "Replace") {
    SXT_TRY(JsonStep::Pattern pattern, step.pattern());
    SXT_TRY(std::string content, step.text("content"));
    decoder.add([pattern, content](std::string& token, bool) {
      std::string out;
      size_t kept = 0;
      pattern.for_each(token, [&](size_t begin, size_t end) {
        out.append(token, kept, begin - kept).append(content);
        kept = end;
      });
      token = out.append(token, kept);
    });
  } else if (type == "WordPiece") {
    const std::string prefix = json::find_string(step.value, "prefix").value_or("##");
    const bool cleanup = step.flag("cleanup", true);
    decoder.add([prefix, cleanup](std::string& token, bool first) {
      if (!first && !prefix.empty() && token.compare(0, prefix.size(), prefix) == 0) token.erase(0, prefix.size());
      else if (!first) token.insert(0, " ");
      if (cleanup) clean_up(token);
    });
  } else if (type == "BPEDecoder") {
    decoder.add(replace_all(json::find_string(step.value, "suffix").value_or("</w>"), " "));
    decoder.trims_last_blank = true;
  } else {
    return step.unsupported();
  }
  return {};
}

}  // namespace

void decode_byte_alphabet(std::string& token, bool) {
  if (auto bytes = unspell(token)) token = *std::move(bytes);
}

void decode_byte_token(std::string& token, bool) {
  if (const int byte = byte_of_token(token); byte >= 0) token.assign(1, static_cast<char>(byte));
}

Decoder::Step replace_all(std::string from, std::string to) {
  return [from = std::move(from), to = std::move(to)](std::string& token, bool) { replace(token, from, to); };
}

Result<Decoder> read_decoder(const json::Value* value, const std::string& origin) {
  Decoder decoder;
  bool fused = false;
  if (value && !value->IsNull()) {
    SXT_CHECK(add(decoder, JsonStep{*value, "decoder", origin}, fused, 0));
  } else {
    decoder.add([](std::string& token, bool first) {
      if (!first) token.insert(0, " ");
    });
  }
  return decoder;
}

}  // namespace sextant::engine
