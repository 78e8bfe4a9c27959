// A conversation as it grows: turns for a model with a chat template, one text for any other. It makes the next request, and
// remembers the turns for the outcome. Pure. Threads: [owner].
#pragma once
#include "inferencer.hpp"

namespace sextant::infer {

/// What stands between turns where there is no chat template.
struct Joints {
  std::string turn = "\n";   // before a turn that is not the model's
  std::string reply = "\n";  // before the model's
};

class Conversation {
 public:
  /// Begins with the prompt: the text as it is, or, of a chat, the first `messages` turns.
  Conversation(const data::Prompt& prompt, const Settings& settings, Joints joints = {}, size_t messages = all);
  static constexpr size_t all = static_cast<size_t>(-1);
  bool chat() const { return chat_; }

  /// A turn that is not the model's.
  void say(data::Message message);
  /// What the model is told before anything else: added to the system's turn, else put before the first turn. Nothing is cut
  /// from then on.
  void instruct(const std::string& text);
  /// The model's turn; with `calls` where it asks for tools.
  void reply(std::string_view text, std::vector<data::ToolCall> calls = {});
  /// What the model is to continue. `keep`: the conversation will go on.
  data::Request next(bool keep) const;
  /// The turns since the prompt. The first one has no messages: they are the prompt's.
  std::vector<data::Turn> take_turns() { return std::move(turns_); }

 private:
  void append(std::string_view text);
  const Settings& settings_;
  Joints joints_;
  bool chat_ = false;
  std::vector<data::Message> messages_;     // chat
  std::string text_;                        // plain
  std::optional<data::Text> rendered_;      // the prompt's text, while nothing has been added
  uint64_t keep_bytes_ = 0;
  std::vector<data::Message> added_;        // since the last reply
  std::vector<data::Turn> turns_;
};

}  // namespace sextant::infer
