#include "normalizer.hpp"
#include <sextant/utf8_text.hpp>
#include "../text/base64.hpp"
#include "../text/charsmap.hpp"
#include "../text/unicode.hpp"
#include "byte_alphabet.hpp"
#include "json_step.hpp"

namespace sextant::engine {
namespace {

constexpr unsigned nesting_max = 16;

// Rewrites a text character by character: `map(c, out)` appends what `c` becomes.
template <class Map> Normalizer::Step each_character(Map map) {
  return [map](AlignedText& text) {
    Rewriter out(text);
    std::string mapped;
    bool changed = false;
    for (size_t i = 0; i < text.bytes.size();) {
      const utf8::Character character = utf8::at(text.bytes, i);
      mapped.clear();
      map(character.code, mapped);
      if (mapped == std::string_view(text.bytes).substr(i, character.size)) {
        out.keep(i, i + character.size);
      } else {
        out.put(mapped, i);
        changed = true;
      }
      i += character.size;
    }
    if (changed) text = out.finish();
  };
}

Normalizer::Step form_step(unicode::Form form) {
  return [form](AlignedText& text) { unicode::normalize(text, form); };
}

template <class Drop> Normalizer::Step drop_step(Drop drop) {
  return each_character([drop](char32_t c, std::string& out) {
    if (!drop(c)) utf8::append(out, c);
  });
}

Normalizer::Step lowercase_step() {
  return each_character([](char32_t c, std::string& out) { unicode::append_lowercase(out, c); });
}

// sentencepiece's nmt_nfkc without the nfkc
Normalizer::Step nmt_step() {
  return each_character([](char32_t c, std::string& out) {
    const bool dropped = (c >= 1 && c <= 8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F;
    const bool blank = c == 9 || c == 0xA || c == 0xC || c == 0xD || c == 0x1680 || (c >= 0x200B && c <= 0x200F) ||
                       c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
    if (!dropped) utf8::append(out, blank ? U' ' : c);
  });
}

Normalizer::Step strip_step(bool left, bool right) {
  return [left, right](AlignedText& text) {
    size_t begin = 0, end = 0, at = 0;  // of what stays
    bool any = false;
    while (at < text.bytes.size()) {
      const utf8::Character character = utf8::at(text.bytes, at);
      const bool blank = unicode::is_whitespace(character.code);
      if (!blank && !any) begin = at, any = true;
      at += character.size;
      if (!blank) end = at;
    }
    if (!any) begin = end = at;
    if (!left) begin = 0;
    if (!right) end = std::max(begin, at);
    if (begin == 0 && end == at) return;
    Rewriter out(text);
    out.keep(begin, end);
    text = out.finish();
  };
}

bool is_chinese(char32_t c) {  // BERT's "CJK characters"
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0x2F800 && c <= 0x2FA1F);
}

void add_bert(Normalizer& normalizer, const JsonStep& step) {
  const bool lowercase = step.flag("lowercase", true);
  if (step.flag("clean_text", true)) {
    normalizer.add(each_character([](char32_t c, std::string& out) {
      const bool kept = c == '\t' || c == '\n' || c == '\r';
      if (c == 0 || c == 0xFFFD || (!kept && unicode::is_other(c))) return;
      utf8::append(out, unicode::is_whitespace(c) ? U' ' : c);
    }));
  }
  if (step.flag("handle_chinese_chars", true)) {
    normalizer.add(each_character([](char32_t c, std::string& out) {
      const bool apart = is_chinese(c);
      if (apart) out += ' ';
      utf8::append(out, c);
      if (apart) out += ' ';
    }));
  }
  if (step.flag("strip_accents", lowercase)) {
    normalizer.add(form_step(unicode::Form::nfd));
    normalizer.add(drop_step(unicode::is_nonspacing_mark));
  }
  if (lowercase) normalizer.add(lowercase_step());
}

Result<void> add_precompiled(Normalizer& normalizer, const JsonStep& step) {
  SXT_TRY(const std::string encoded, step.text("precompiled_charsmap"));
  const auto bytes = decode_base64(encoded);
  if (!bytes) return step.error("\"precompiled_charsmap\" is not base64");
  auto charsmap = Charsmap::read(*bytes);
  if (!charsmap) return step.error(charsmap.error().message);
  normalizer.add([map = *std::move(charsmap)](AlignedText& text) { map.apply_to_graphemes(text); });
  return {};
}

Result<void> add(Normalizer& normalizer, const JsonStep& step, unsigned depth) {
  if (depth > nesting_max) return step.error("sequences nest too deep");
  const std::string type = step.type();
  if (type == "Sequence") return step.each("normalizers", [&](const JsonStep& s) { return add(normalizer, s, depth + 1); });
  if (type == "NFC") normalizer.add(nfc_step());
  else if (type == "NFD") normalizer.add(form_step(unicode::Form::nfd));
  else if (type == "NFKC") normalizer.add(form_step(unicode::Form::nfkc));
  else if (type == "NFKD") normalizer.add(form_step(unicode::Form::nfkd));
  else if (type == "Lowercase") normalizer.add(lowercase_step());
  else if (type == "StripAccents") normalizer.add(drop_step(unicode::is_mark));
  else if (type == "Strip") normalizer.add(strip_step(step.flag("strip_left", true), step.flag("strip_right", true)));
  else if (type == "Nmt") normalizer.add(nmt_step());
  else if (type == "BertNormalizer") add_bert(normalizer, step);
  else if (type == "Precompiled") return add_precompiled(normalizer, step);
  else if (type == "ByteLevel") normalizer.add(byte_alphabet_step());
  else if (type == "Prepend") {
    SXT_TRY(std::string text, step.text("prepend"));
    normalizer.add(prepend_step(std::move(text)));
  } else if (type == "Replace") {
    SXT_TRY(JsonStep::Pattern pattern, step.pattern());
    SXT_TRY(std::string content, step.text("content"));
    normalizer.add([pattern, content](AlignedText& text) {
      Rewriter out(text);
      size_t kept = 0;
      bool any = false;
      pattern.for_each(text.bytes, [&](size_t begin, size_t end) {
        out.keep(kept, begin);
        out.put(content, begin);
        kept = end;
        any = true;
      });
      if (!any) return;
      out.keep(kept, text.bytes.size());
      text = out.finish();
    });
  } else {
    return step.unsupported();
  }
  return {};
}

}  // namespace

Normalizer::Step nfc_step() { return form_step(unicode::Form::nfc); }

Normalizer::Step replace_step(std::string from, std::string to) {
  return [from = std::move(from), to = std::move(to)](AlignedText& text) {
    size_t at = text.bytes.find(from);
    if (at == text.bytes.npos) return;
    Rewriter out(text);
    size_t kept = 0;
    for (; at != text.bytes.npos; at = text.bytes.find(from, kept)) {
      out.keep(kept, at);
      out.put(to, at);
      kept = at + from.size();
    }
    out.keep(kept, text.bytes.size());
    text = out.finish();
  };
}

Normalizer::Step prepend_step(std::string prefix) {
  return [prefix = std::move(prefix)](AlignedText& text) {
    if (text.bytes.empty()) return;
    Rewriter out(text);
    out.put(prefix, 0);
    out.keep(0, text.bytes.size());
    text = out.finish();
  };
}

Result<Normalizer> read_normalizer(const json::Value& value, const std::string& origin) {
  Normalizer normalizer;
  if (!value.IsNull()) SXT_CHECK(add(normalizer, JsonStep{value, "normalizer", origin}, 0));
  return normalizer;
}

}  // namespace sextant::engine
