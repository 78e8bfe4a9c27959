// An answer that repeats an option's words instead of its letter. Pure; [any] thread.
#pragma once
#include <string>
#include <vector>
#include <sextant/json.hpp>
#include "canonical.hpp"
#include "phrases.hpp"

namespace sextant::postprocess {

/// The options' texts as a reply would repeat them, by letter: columns A, B, ... of the row, else a list "choices" or
/// "options".
class OptionTexts {
 public:
  OptionTexts(std::string_view record_json, std::string_view options) {
    const auto record = json::parse(record_json, "record");
    if (!record || !record->IsObject()) return;
    for (const char letter : options)
      if (const auto text = json::find_string(*record, std::string_view(&letter, 1))) add(letter, *text);
    for (const char* name : {"choices", "options"}) {
      const json::Value* list = json::find(*record, name);
      if (!texts_.empty() || !list || !list->IsArray()) continue;
      for (rapidjson::SizeType i = 0; i < list->Size() && i < options.size(); ++i)
        if ((*list)[i].IsString()) add(options[i], json::text((*list)[i]));
    }
  }

  /// The option that the whole reply, its last line, or the words behind "the answer is" repeat; nothing where that is not
  /// exactly one. `reply` is canonical.
  Result<std::string> repeated_in(std::string_view reply, const Phrases& phrases) const {
    if (texts_.empty()) return std::string();
    if (std::string found = equal_to(reply); !found.empty()) return found;
    std::string found;
    bool several = false;
    SXT_CHECK(phrases.states_a_text.for_each(reply, [&](size_t, size_t end) {
      const std::string one = beginning(plain_of(reply.substr(end, longest_ + 8)));
      if (one.empty()) return;
      several = several || (!found.empty() && one != found);
      found = one;
    }));
    if (several) return std::string();
    if (!found.empty()) return found;
    const size_t line = reply.rfind('\n');
    return line == reply.npos ? std::string() : equal_to(reply.substr(line + 1));
  }

 private:
  struct Option {
    char letter;
    std::string text;
  };

  void add(char letter, std::string_view text) {
    std::string plain = plain_of(canonical(text));
    longest_ = std::max(longest_, plain.size());
    if (!plain.empty()) texts_.push_back({letter, std::move(plain)});
  }
  /// Lower case, without brackets and what ends a sentence.
  static std::string plain_of(std::string_view text) {
    std::string out;
    for (const char c : text)
      if (c != '(' && c != ')' && c != box) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    for (bool ended = true; ended && !out.empty();) {
      ended = false;
      for (const std::string_view end : {".", "。", "!", " ", "\n", ";", ","})
        if (out.ends_with(end)) out.resize(out.size() - end.size()), ended = true;
    }
    return out;
  }
  std::string equal_to(std::string_view reply) const {
    if (reply.size() > 2 * longest_ + 16) return {};
    const std::string plain = plain_of(reply);
    std::string found;
    for (const Option& option : texts_) {
      if (option.text != plain) continue;
      if (!found.empty()) return {};
      found = option.letter;
    }
    return found;
  }
  /// The longest option that the words begin with, up to the end of a word.
  std::string beginning(std::string_view words) const {
    const Option* best = nullptr;
    bool twice = false;
    for (const Option& option : texts_) {
      if (!words.starts_with(option.text)) continue;
      const size_t end = option.text.size();
      if (end < words.size() && is_ascii_word(words[end]) && is_ascii_word(words[end - 1])) continue;
      if (best && best->text.size() > option.text.size()) continue;
      twice = best && best->text.size() == option.text.size();
      best = &option;
    }
    return best && !twice ? std::string(1, best->letter) : std::string();
  }

  std::vector<Option> texts_;
  size_t longest_ = 0;
};

}  // namespace sextant::postprocess
