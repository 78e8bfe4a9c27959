// What a reasoning model wrote before it answered, taken off its reply. The tags of the known model families; whoever has
// others names them. Linear in the text. Pure; [any] thread.
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace sextant {

struct ThinkingTags {
  std::string open, close;
};

/// The tags that are known without being named: <think>, <thinking>, <thought>, <reasoning>, [THINK], <|channel|>analysis, ...
std::span<const ThinkingTags> known_thinking_tags();

struct Thought {
  std::string thinking, answer;   // what stands inside and outside of the blocks
  bool found = false;             // there was a tag, or the prompt had opened a block
  bool closed = true;             // false: the text ends inside a block, so no answer was given, and `answer` is empty
};

/// `opened`: the prompt ended with an opening tag. A closing tag without an opening one ends a block that the prompt opened.
/// Tags may nest within their family; what looks like another family's tag inside a block is text. Tags are compared without
/// case.
Thought split_thinking(std::string_view text, bool opened = false, std::span<const ThinkingTags> tags = known_thinking_tags());

/// Whether a prompt ends with an opening tag, so that the reply begins inside a block.
bool opens_thinking(std::string_view prompt);

/// Whether a text (a pattern, a configuration) names one of the known tags: its author takes thinking off without help.
bool names_thinking_tag(std::string_view text);

}  // namespace sextant
