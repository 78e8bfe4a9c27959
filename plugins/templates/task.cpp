#include "task.hpp"
#include <sextant/columns.hpp>
#include <sextant/utf8.hpp>

namespace sextant::templates {
namespace {

bool is_blank(uint32_t c) {
  return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}
bool begins_blank(std::string_view text) { return !text.empty() && is_blank(utf8::at(text, 0).code); }
bool ends_blank(std::string_view text) {
  size_t at = text.size();
  while (at > 0 && (static_cast<unsigned char>(text[--at]) & 0xC0) == 0x80) {}
  return !text.empty() && is_blank(utf8::at(text, at).code);
}

// One behind the other, with the delimiter in between where neither has a blank there.
std::string joined(const std::string& before, const std::string& behind, const std::string& delimiter) {
  if (before.empty() || behind.empty()) return before + behind;
  return before + (ends_blank(before) || begins_blank(behind) ? "" : delimiter) + behind;
}

struct Turn {
  const char* role;
  std::string text, delimiter;   // delimiter: behind it, where turns are one text
};

// A question with its answer (an example) or without.
void add_turns(std::vector<Turn>& turns, const json::Value& of, const std::string& question,
               const std::string& target_delimiter, const std::string& fewshot_delimiter) {
  const std::string prefix = json::find_string(of, "prefix").value_or("");
  const auto answer = json::find_string(of, "answer");
  const bool separate =
      prefix.empty() ? answer.has_value() : !question.empty() && !ends_blank(question) && !begins_blank(prefix);
  turns.push_back({"HUMAN", question, separate ? target_delimiter : ""});
  if (answer) turns.push_back({"BOT", joined(prefix, *answer, " "), fewshot_delimiter});
  else if (!prefix.empty()) turns.push_back({"BOT", prefix, ""});
}

// Without a turn for each example: system, one of the user's, and how the reply begins.
std::vector<Turn> single(std::vector<Turn> turns) {
  std::vector<Turn> out;
  size_t begin = 0, end = turns.size();
  if (std::string_view(turns.front().role) == "SYSTEM") out.push_back(turns[begin++]);
  if (std::string_view(turns.back().role) == "BOT") --end;
  Turn user{"HUMAN", "", ""};
  for (size_t i = begin; i < end; ++i) user.text += turns[i].text + (i + 1 < end ? turns[i].delimiter : "");
  out.push_back(std::move(user));
  if (end < turns.size()) out.push_back(turns.back());
  return out;
}

class Writer {
 public:
  Writer() : writer_(buffer_) { writer_.StartObject(); }
  void key(std::string_view name) { writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size())); }
  void member(std::string_view name, std::string_view text) {
    key(name);
    writer_.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  }
  void flag(std::string_view name) {
    key(name);
    writer_.Bool(true);
  }
  void pieces(const std::vector<Turn>& turns, bool chat) {
    key("pieces");
    writer_.StartArray();
    for (const Turn& turn : turns) {
      writer_.StartObject();
      member("section", "round");
      if (chat) member("role", turn.role);
      member("text", chat ? turn.text : turn.text + turn.delimiter);
      writer_.EndObject();
    }
    writer_.EndArray();
  }
  template <class Item> void list(std::string_view name, size_t n, Item item) {
    key(name);
    writer_.StartArray();
    for (size_t i = 0; i < n; ++i) {
      writer_.StartObject();
      member("label", std::to_string(i));
      item(i);
      writer_.EndObject();
    }
    writer_.EndArray();
  }
  std::string done() {
    writer_.EndObject();
    return {buffer_.GetString(), buffer_.GetSize()};
  }

 private:
  rapidjson::StringBuffer buffer_;
  json::Writer writer_;
};

}  // namespace

TaskTemplate::TaskTemplate(Context from) : Template(std::move(from)) {
  const json::Value& config = context.config();
  column_ = context.text("column");
  target_delimiter_ = context.text("target_delimiter");
  fewshot_delimiter_ = context.text("fewshot_delimiter");
  const json::Value* shot = json::find(config, "shot");
  shot_target_delimiter_ = shot ? json::find_string(*shot, "target_delimiter").value_or(target_delimiter_) : target_delimiter_;
  shot_fewshot_delimiter_ =
      shot ? json::find_string(*shot, "fewshot_delimiter").value_or(fewshot_delimiter_) : fewshot_delimiter_;
  system_prompt_ = context.text("system_prompt");
  raw_prefix_ = context.text("gen_prefix");
  chat_ = context.text("chat") == "auto";
  multiturn_ = json::find_bool(config, "multiturn").value_or(true);
  const std::string output = context.text("output");
  rolling_ = output == "loglikelihood_rolling";
  choice_ = output == "multiple_choice";
}

std::string TaskTemplate::render(const sxt_render_item& item) {
  const json::Document record = or_throw(json::parse(view(item.record_json), "the row"));
  const json::Value* doc = json::find(record, column_);
  if (!doc || !doc->IsObject())
    throw DataError("task: the row has no column '" + column_ + "', which the derive step lm_eval makes");
  Writer out;
  out.flag("verbatim");
  if (rolling_) {
    out.pieces({{"HUMAN", json::find_string(*doc, "question").value_or(""), ""}}, false);
    return out.done();
  }
  std::vector<Turn> turns;
  const std::string system = joined(system_prompt_, json::find_string(*doc, "description").value_or(""), fewshot_delimiter_);
  if (!system.empty()) turns.push_back({"SYSTEM", system, ""});
  for (uint64_t k = 0; k < item.shot_count; ++k) {
    const json::Document example = or_throw(json::parse(view(item.shot_json[k]), "example " + std::to_string(k + 1)));
    const json::Value* shot = columns::find(example, column_ + ".shot");
    if (!shot) throw DataError("task: example " + std::to_string(k + 1) + " has no '" + column_ + ".shot'");
    if (const auto error = json::find_string(*shot, "error"))
      throw DataError("example " + std::to_string(k + 1) + ": " + *error);
    add_turns(turns, *shot, json::find_string(*shot, "question").value_or(""), shot_target_delimiter_, shot_fewshot_delimiter_);
  }
  const auto write = [&](const std::string& question) {
    std::vector<Turn> all = turns;
    // of several questions none is delimited, as in lm-eval
    const json::Value* questions = json::find(*doc, "question");
    add_turns(all, *doc, question, questions->IsArray() ? "" : target_delimiter_, "");
    out.pieces(chat_ && !multiturn_ ? single(std::move(all)) : all, chat_);
  };
  const json::Value* question = json::find(*doc, "question");
  const json::Value* options = json::find(*doc, "options");
  const auto continuation = json::find_string(*doc, "continuation");
  if (!question) throw DataError("task: the row's column '" + column_ + "' has no question");
  std::string delimiter = choice_ ? target_delimiter_ : "";
  if (choice_ && chat_ && (raw_prefix_.empty() || ends_blank(raw_prefix_))) delimiter.clear();
  if (question->IsArray()) {
    out.list("labels", question->Size(),
             [&](size_t i) { write(std::string(json::text((*question)[static_cast<rapidjson::SizeType>(i)]))); });
    out.list("continuations", question->Size(), [&](size_t) { out.member("text", delimiter + continuation.value_or("")); });
    return out.done();
  }
  write(std::string(json::text(*question)));
  if (item.form == SXT_FORM_OPEN) return out.done();
  if (choice_ && options)
    out.list("continuations", options->Size(), [&](size_t i) {
      out.member("text", delimiter + std::string(json::text((*options)[static_cast<rapidjson::SizeType>(i)])));
    });
  else if (continuation)
    out.list("continuations", 1, [&](size_t) { out.member("text", *continuation); });
  return out.done();
}

}  // namespace sextant::templates
