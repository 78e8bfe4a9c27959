#include <sextant/thinking.hpp>
#include <algorithm>
#include <array>

namespace sextant {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool begins_with(std::string_view text, std::string_view tag) {
  return text.size() >= tag.size() &&
         std::equal(tag.begin(), tag.end(), text.begin(), [](char a, char b) { return lower(a) == lower(b); });
}

size_t find_blanks_end(std::string_view text, size_t at) {
  return std::min(text.find_first_not_of(" \t\r\n", at), text.size());
}
bool is_blank(std::string_view text) { return find_blanks_end(text, 0) == text.size(); }

std::string trimmed(std::string_view text) {
  const size_t begin = find_blanks_end(text, 0), end = text.find_last_not_of(" \t\r\n");
  return begin >= text.size() ? std::string() : std::string(text.substr(begin, end + 1 - begin));
}

// Harmony (gpt-oss): messages with a channel each; only the last one of the channel "final" is for the reader.
constexpr std::string_view channel = "<|channel|>", message = "<|message|>";

bool split_channels(std::string_view text, Thought& out) {
  if (text.find(channel) == text.npos) return false;
  out.found = true;
  size_t at = text.rfind("<|channel|>final");
  const size_t body = at == text.npos ? text.npos : text.find(message, at);
  if (body == text.npos) {
    out.thinking = text;
    out.closed = false;
    return true;
  }
  const size_t begin = body + message.size();
  out.thinking = text.substr(0, at);
  std::string_view answer = text.substr(begin);
  for (const std::string_view end : {"<|end|>", "<|return|>", "<|start|>", "<|call|>"})
    answer = answer.substr(0, answer.find(end));
  out.answer = trimmed(answer);
  return true;
}

// The same where decoding left the special tokens out: "analysisThe user asks ...assistantfinalB".
bool split_bare_channels(std::string_view text, Thought& out) {
  constexpr std::string_view first = "analysis", last = "assistantfinal";
  if (!text.starts_with(first) || text.size() == first.size()) return false;
  const char next = text[first.size()];
  if (!(next >= 'A' && next <= 'Z') && static_cast<unsigned char>(next) < 0x80) return false;
  out.found = true;
  const size_t at = text.rfind(last);
  out.closed = at != text.npos;
  out.thinking = text.substr(0, at);
  if (out.closed) out.answer = trimmed(text.substr(at + last.size()));
  return true;
}

}  // namespace

std::span<const ThinkingTags> known_thinking_tags() {
  static const std::array<ThinkingTags, 20> tags{{
      {"<think>", "</think>"},                                  // DeepSeek R1, Qwen 3, QwQ, GLM, Hunyuan, MiniMax, ...
      {"<thinking>", "</thinking>"},
      {"<thought>", "</thought>"},                              // EXAONE Deep
      {"<thoughts>", "</thoughts>"},
      {"<reasoning>", "</reasoning>"},
      {"<reflection>", "</reflection>"},
      {"<analysis>", "</analysis>"},
      {"<scratchpad>", "</scratchpad>"},
      {"<seed:think>", "</seed:think>"},                        // Seed-OSS
      {"<seed:cot_budget_reflect>", "</seed:cot_budget_reflect>"},
      {"[THINK]", "[/THINK]"},                                  // Magistral
      {"◁think▷", "◁/think▷"},                                  // Kimi
      {"<|begin_of_thought|>", "<|end_of_thought|>"},           // Sky-T1, OpenThinker
      {"<|START_THINKING|>", "<|END_THINKING|>"},               // Command A Reasoning
      {"<|think|>", "<|/think|>"},
      {"<|thinking|>", "<|/thinking|>"},
      {"<|inner_prefix|>", "<|inner_suffix|>"},                 // Apertus
      {"<|channel>", "<channel|>"},                             // Gemma 4
      {"<unused94>", "<unused95>"},                             // MedGemma
      {"Here is my thought process:", "Here is my response:"},  // Granite 3
  }};
  return tags;
}

Thought split_thinking(std::string_view text, bool opened, std::span<const ThinkingTags> tags) {
  Thought out;
  const bool known = tags.data() == known_thinking_tags().data();
  if (known && (split_channels(text, out) || split_bare_channels(text, out))) return out;
  std::string firsts;  // characters with which a tag can begin
  for (const ThinkingTags& tag : tags)
    for (const std::string& side : {tag.open, tag.close})
      if (!side.empty()) (firsts += side.front()) += lower(side.front());
  const ThinkingTags* family = nullptr;  // of the block at hand; null inside one that the prompt opened: any tag closes it
  size_t depth = opened ? 1 : 0, from = 0;
  bool closed_one = false;
  out.found = opened;
  const auto take = [&](size_t end) { (depth > 0 ? out.thinking : out.answer) += text.substr(from, end - from); };
  for (size_t at = text.find_first_of(firsts); at != text.npos; at = text.find_first_of(firsts, at)) {
    const std::string_view rest = text.substr(at);
    size_t step = 1;
    for (const ThinkingTags& tag : tags) {
      if (depth > 0 && family && &tag != family) continue;
      if (begins_with(rest, tag.open)) {
        take(at);
        step = tag.open.size();
        from = at + step;
        // one that the prompt opened is often opened by the reply once more
        if (!(depth == 1 && !family)) ++depth;
        family = &tag;
        out.found = true;
        break;
      }
      if (!begins_with(rest, tag.close)) continue;
      take(at);
      step = tag.close.size();
      from = at + step;
      out.found = true;
      if (depth > 0) {
        if (--depth == 0) family = nullptr, closed_one = true;
      } else if (!closed_one || !is_blank(text.substr(from))) {  // what stood before was thought
        out.thinking += out.answer;
        out.answer.clear();
        closed_one = true;
      }
      break;
    }
    at += step;
  }
  take(text.size());
  out.closed = depth == 0;
  if (!out.closed) {
    out.thinking = out.answer + out.thinking;
    out.answer.clear();
  } else if (out.found) {
    out.answer = trimmed(out.answer);
  }
  return out;
}

bool opens_thinking(std::string_view prompt) {
  const size_t end = prompt.find_last_not_of(" \t\r\n");
  if (end == prompt.npos) return false;
  prompt = prompt.substr(0, end + 1);
  const auto tags = known_thinking_tags();
  return std::any_of(tags.begin(), tags.end(), [&](const ThinkingTags& tag) {
    return prompt.size() >= tag.open.size() && begins_with(prompt.substr(prompt.size() - tag.open.size()), tag.open);
  });
}

bool names_thinking_tag(std::string_view text) {
  if (text.find("think>") != text.npos || text.find("|channel|") != text.npos || text.find("assistantfinal") != text.npos)
    return true;
  const auto tags = known_thinking_tags();
  return std::any_of(tags.begin(), tags.end(), [&](const ThinkingTags& tag) { return text.find(tag.close) != text.npos; });
}

}  // namespace sextant
