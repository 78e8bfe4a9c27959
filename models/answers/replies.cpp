#include "replies.hpp"
#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <fmt/format.h>
#include <sextant/sha256.hpp>

namespace sextant::answers {
namespace {

constexpr size_t beginning_bytes = 12;    // by which a question is looked up in a prompt
constexpr uint64_t file_max = 8ull << 30;

Error wrong(const std::string& path, size_t number, const std::string& what) {
  return {Error::Kind::data, fmt::format("{}:{}: {}", path, number, what)};
}

Result<uint64_t> count_of(const json::Value& line, const char* key, const std::string& path, size_t number) {
  const json::Value* value = json::find(line, key);
  if (!value) return uint64_t{0};
  if (!value->IsUint64())
    return wrong(path, number, fmt::format("\"{}\" is {}; it must be a number, 0 or more", key, json::write(*value)));
  return value->GetUint64();
}

}  // namespace

uint64_t stream_of(std::string_view dataset, uint64_t row, uint64_t repeat, uint64_t turn) {
  const std::string hex = sha256_hex(fmt::format("{}\n{}\n{}\n{}", dataset, row, repeat, turn));
  uint64_t stream = 0;
  std::from_chars(hex.data(), hex.data() + 16, stream, 16);
  return stream;
}

Result<Replies> Replies::read(const std::string& path, const std::string& dataset) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in)
    return Error{Error::Kind::config,
                 fmt::format("{}: cannot be read ({}); name a file of JSON lines", path, std::strerror(errno))};
  const auto size = static_cast<uint64_t>(std::max<std::streamoff>(0, in.tellg()));
  if (size > file_max)
    return Error{Error::Kind::config, fmt::format("{}: has {} bytes; more than {} are not read", path, size, file_max)};
  std::string all(size, '\0');
  in.seekg(0);
  if (!in.read(all.data(), static_cast<std::streamsize>(size)))
    return Error{Error::Kind::io,
                 fmt::format("{}: cannot be read ({}); name a file of JSON lines", path, std::strerror(errno))};
  Replies out;
  out.sha256_ = sha256_hex(all);
  size_t number = 0;
  for (size_t at = 0; at < all.size();) {
    const size_t end = std::min(all.find('\n', at), all.size());
    std::string_view text = std::string_view(all).substr(at, end - at);
    at = end + 1;
    ++number;
    if (text.find_first_not_of(" \t\r") == text.npos) continue;
    SXT_TRY(const json::Document line, json::parse(text, fmt::format("{}:{}", path, number)));
    SXT_CHECK(out.add(line, number, path, dataset));
  }
  if (out.lines_.empty())
    return Error{Error::Kind::data,
                 fmt::format("{}: holds no replies; each line is {{\"question\": ..., \"reply\": ...}}", path)};
  out.used_ = std::make_unique<std::atomic<bool>[]>(out.lines_.size());
  for (size_t i = 0; i < out.questions_.size(); ++i) {
    const std::string_view question = out.questions_[i].text;
    if (question.size() < beginning_bytes) out.short_.push_back(i);
    else out.by_beginning_[question.substr(0, beginning_bytes)].push_back(i);
  }
  return out;
}

// The same twice is no harm; two replies to one question are, for nobody says which counts.
Result<void> Replies::check_new(const std::string& what, size_t earlier, size_t number, const std::string& path) const {
  if (lines_[earlier].reply == lines_.back().reply) return {};
  return wrong(
      path, number,
      fmt::format("has another reply to {} than line {}; keep one of them, or give \"dataset\", \"index\" and \"repeat\"", what,
                  lines_[earlier].number));
}

Result<void> Replies::add(const json::Value& line, size_t number, const std::string& path, const std::string& dataset) {
  if (!line.IsObject()) return wrong(path, number, "is not a JSON object; write {\"question\": ..., \"reply\": ...}");
  Line made;
  made.number = number;
  const json::Value* reply = nullptr;
  for (const char* key : {"reply", "prediction", "response", "output", "completion", "text"})
    if (!reply) reply = json::find(line, key);
  if (!reply || !reply->IsString())
    return wrong(
        path, number,
        "holds no \"reply\" that is a text (\"prediction\", \"response\", \"output\", \"completion\" and \"text\" are taken, too)");
  made.reply = std::string(json::text(*reply));
  made.thinking = json::find_string(line, "thinking").value_or("");
  const size_t id = lines_.size();
  const bool by_index = json::find(line, "index") != nullptr;
  for (const char* key : {"prompt", "question"})
    if (by_index && made.asked.empty()) made.asked = json::find_string(line, key).value_or("");
  lines_.push_back(std::move(made));
  if (by_index) {
    const std::string set = json::find_string(line, "dataset").value_or(dataset);
    if (set.empty())
      return wrong(path, number,
                   "has an \"index\" and names no \"dataset\"; add it as the table has it, or give --model-kwargs dataset=NAME "
                   "for all lines");
    SXT_TRY(const uint64_t index, count_of(line, "index", path, number));
    SXT_TRY(const uint64_t repeat, count_of(line, "repeat", path, number));
    SXT_TRY(const uint64_t turn, count_of(line, "turn", path, number));
    const auto [it, fresh] = by_stream_.emplace(stream_of(set, index, repeat, turn), id);
    if (!fresh) SXT_CHECK(check_new(fmt::format("sample {} of {}", index, set), it->second, number, path));
    return {};
  }
  if (const auto prompt = json::find_string(line, "prompt")) {
    const auto [it, fresh] = by_prompt_.emplace(*prompt, id);
    if (!fresh) SXT_CHECK(check_new("this prompt", it->second, number, path));
    return {};
  }
  const auto question = json::find_string(line, "question");
  if (!question || question->empty())
    return wrong(path, number,
                 "says of nothing that it is the reply to; give \"question\", \"prompt\", or \"dataset\" and \"index\"");
  const auto [it, fresh] = by_text_.emplace(*question, id);
  if (fresh) questions_.push_back({*question, id});
  else SXT_CHECK(check_new("this question", it->second, number, path));
  return {};
}

Result<const Replies::Line*> Replies::by_question(std::string_view prompt) const {
  struct Match {
    size_t begin, end;
    const Question* question;
  };
  std::vector<Match> matches;
  const auto consider = [&](const Question& question, size_t at) {
    if (prompt.substr(at).starts_with(question.text)) matches.push_back({at, at + question.text.size(), &question});
  };
  for (size_t at = 0; at + beginning_bytes <= prompt.size(); ++at)
    if (const auto it = by_beginning_.find(prompt.substr(at, beginning_bytes)); it != by_beginning_.end())
      for (const size_t i : it->second) consider(questions_[i], at);
  for (const size_t i : short_)
    if (matches.empty() || questions_[i].text.find(' ') != std::string::npos)  // one word may stand anywhere
      if (const size_t at = prompt.find(questions_[i].text); at != prompt.npos) consider(questions_[i], at);
  if (matches.empty()) return nullptr;
  const auto size_less = [](const Match& a, const Match& b) { return a.end - a.begin < b.end - b.begin; };
  const Match longest = *std::max_element(matches.begin(), matches.end(), size_less);
  const Line& line = lines_[longest.question->line];
  for (const Match& other : matches) {
    const Line& its = lines_[other.question->line];
    if ((other.begin >= longest.begin && other.end <= longest.end) || its.reply == line.reply) continue;
    return Error{Error::Kind::data,
                 fmt::format("the questions of lines {} and {} both stand in one prompt, which may ask either (an example, an option "
                             "that quotes another question): give \"dataset\" and \"index\", or the whole \"prompt\"",
                             std::min(line.number, its.number), std::max(line.number, its.number))};
  }
  return &line;
}

Replies::Unused Replies::unused() const {
  Unused out;
  for (size_t i = 0; i < lines_.size(); ++i) {
    if (used_[i]) ++out.used;
    else if (out.count++ == 0) out.first = lines_[i].number;
  }
  return out;
}

Result<const Replies::Line*> Replies::find(uint64_t stream, std::string_view prompt, std::string_view last_turn) const {
  SXT_TRY(const Line* found, look_up(stream, prompt, last_turn));
  if (found) used_[static_cast<size_t>(found - lines_.data())] = true;
  return found;
}

Result<const Replies::Line*> Replies::look_up(uint64_t stream, std::string_view prompt, std::string_view last_turn) const {
  if (const auto it = by_stream_.find(stream); it != by_stream_.end()) {
    const Line& line = lines_[it->second];
    const auto holds = [](std::string_view a, std::string_view b) { return !b.empty() && a.find(b) != a.npos; };
    if (!line.asked.empty() && !holds(prompt, line.asked) && !holds(line.asked, prompt) && !holds(line.asked, last_turn))
      return Error{Error::Kind::data,
                   fmt::format("line {} is of this \"index\", and its \"prompt\" or \"question\" is another than is asked: the file was "
                               "made for other rows, or another order of them; leave the member out if only \"index\" counts",
                               line.number)};
    return &line;
  }
  for (const std::string_view text : {prompt, last_turn}) {
    if (text.empty()) continue;
    if (const auto it = by_prompt_.find(std::string(text)); it != by_prompt_.end()) return &lines_[it->second];
  }
  // the last turn first: an example may hold another question
  SXT_TRY(const Line* found, by_question(last_turn));
  return found ? Result<const Line*>(found) : by_question(prompt);
}

}  // namespace sextant::answers
