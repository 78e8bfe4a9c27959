#include "conversation.hpp"
#include <algorithm>

namespace sextant::infer {

Conversation::Conversation(const data::Prompt& prompt, const Settings& settings, Joints joints, size_t messages)
    : settings_(settings), joints_(std::move(joints)), chat_(prompt.chat) {
  const size_t count = std::min(messages, prompt.messages.size());
  if (chat_) messages_.assign(prompt.messages.begin(), prompt.messages.begin() + static_cast<std::ptrdiff_t>(count));
  else text_ = prompt.text.str();
  if (!chat_ || count == prompt.messages.size()) rendered_ = prompt.text;
  keep_bytes_ = std::max<uint64_t>(1, prompt.question_bytes);
}

void Conversation::say(data::Message message) {
  if (chat_) messages_.push_back(message);
  else append(joints_.turn + message.text());
  rendered_.reset();
  added_.push_back(std::move(message));
}

void Conversation::instruct(const std::string& text) {
  if (text.empty()) return;
  rendered_.reset();
  keep_bytes_ = 0;
  if (!chat_) {
    text_ = text + "\n\n" + text_;
  } else if (messages_.empty()) {
    messages_.emplace_back("user", text);
  } else if (messages_.front().role == "system") {
    messages_.front().append("\n\n" + text);
  } else {
    auto& parts = messages_.front().parts;  // one text stays one: most chat templates take no list of parts
    if (!parts.empty() && parts.front().kind == data::Part::Kind::text) parts.front().text.insert(0, text + "\n\n");
    else parts.insert(parts.begin(), data::Part{data::Part::Kind::text, text + "\n\n", {}, {}});
  }
}

void Conversation::append(std::string_view text) {
  text_ += text;
  if (keep_bytes_ > 0) keep_bytes_ += text.size();
  rendered_.reset();
}

void Conversation::reply(std::string_view text, std::vector<data::ToolCall> calls) {
  rendered_.reset();
  if (chat_) {
    messages_.emplace_back("assistant", std::string(text));
    messages_.back().calls = std::move(calls);
  } else {
    append((added_.empty() ? "" : joints_.reply) + std::string(text));
  }
  turns_.push_back({std::move(added_), std::string(text)});
  added_.clear();
}

data::Request Conversation::next(bool keep) const {
  data::Request request;
  request.ask = data::Ask::generate;
  request.sampling = settings_.sampling;
  request.add_special = !chat_;
  request.keep = keep;
  if (chat_) request.messages = messages_;
  const std::string joint = added_.empty() ? "" : joints_.reply;
  if (rendered_) request.text = *rendered_;
  else if (!chat_) request.text = text_ + joint;
  if (settings_.cut_anywhere) request.keep_bytes = 1;
  else if (rendered_) request.keep_bytes = keep_bytes_;
  else if (!chat_ && keep_bytes_ > 0) request.keep_bytes = keep_bytes_ + joint.size();
  // else 0: where the question begins in turns that are still to be rendered is not known, so they are sent whole or not at all
  return request;
}

}  // namespace sextant::infer
