// The backend "answers": a file of replies in the place of a model, so that anyone's outputs can be scored, and scored again.
#include <cstring>
#include <fmt/format.h>
#include <sextant/sdk.hpp>
#include "replies.hpp"

namespace sextant::answers {
namespace {

std::string text_of(const sxt_message& message) {
  std::string out;
  for (uint64_t i = 0; i < message.part_count; ++i) out += view(message.parts[i]->text);
  return out;
}

class Answers : public Model {
 public:
  explicit Answers(Context given)
      : Model(std::move(given)),
        looked_at_(json::find(context.config(), "weights") != nullptr),
        path_(context.text("path").empty() ? context.text("file") : context.text("path")),
        fails_(context.text("missing") != "empty") {
    if (path_.empty()) throw ConfigError("no file is named; give --model-path REPLIES.jsonl");
    replies_ = or_throw(Replies::read(path_, context.text("dataset")));
  }

  ~Answers() override {
    const Replies::Unused unused = replies_ ? replies_->unused() : Replies::Unused{};
    if (unused.count > 0 && unused.used > 0)
      context.log(SXT_LOG_WARNING,
                  fmt::format("{}: {} of {} lines are replies to nothing that was asked now; the first is line {}", path_,
                              unused.count, replies_->size(), unused.first));
  }

  sxt_model_info info() override {
    sxt_model_info info{};
    info.struct_size = sizeof info;
    info.abilities = SXT_MODEL_GENERATE | SXT_MODEL_MESSAGES;
    std::memcpy(info.weights_sha256, replies_->sha256().data(),
                std::min(replies_->sha256().size(), sizeof info.weights_sha256 - 1));
    return info;
  }
  std::string describe() override {
    return fmt::format(
        R"({{"family":"answers","device":"file","compute":"none","replies":{},"has_chat_template":true,"depends_on_sample":true,"replies_are_given":true,)"
        R"("cannot_score":"a file of replies gives no log-probabilities"}})",
        replies_->size());
  }
  std::vector<int32_t> tokenize(std::string_view, uint32_t) override {
    throw PluginError(SXT_UNSUPPORTED, "a file of replies has no tokens");
  }
  std::string detokenize(std::span<const int32_t>, uint32_t) override {
    throw PluginError(SXT_UNSUPPORTED, "a file of replies has no tokens");
  }
  std::string render_chat(std::string_view conversation_json) override {
    const json::Document conversation = or_throw(json::parse(conversation_json, "conversation"));
    std::string text;
    if (const json::Value* messages = json::find(conversation, "messages"); messages && messages->IsArray())
      for (const auto& message : messages->GetArray())
        text += fmt::format("<|{}|>\n{}\n", json::find_string(message, "role").value_or("user"),
                            json::find_string(message, "content").value_or(""));
    return fmt::format(R"({{"text":{}}})", json::quote(text));
  }
  std::string plan(uint64_t, std::span<const sxt_request* const>) override {
    return R"({"prompt_tokens":0,"computed_tokens":0,"kv_bytes":0,"peak_bytes":0})";
  }

  void run(uint64_t call, std::span<const sxt_request* const> requests, const sxt_result_sink& sink) override {
    if (looked_at_) throw PluginError(SXT_UNSUPPORTED, "with \"weights\": null no reply is given");
    for (size_t i = 0; i < requests.size(); ++i) {
      if (context.cancelled(call)) throw PluginError(SXT_CANCELLED, "interrupted");
      answer(*requests[i], i, sink);
    }
  }

 private:
  void answer(const sxt_request& r, size_t i, const sxt_result_sink& sink) const {
    sxt_result result{};
    result.struct_size = sizeof result;
    std::string why;
    if (r.ask != SXT_ASK_GENERATE) {
      result.status = SXT_UNSUPPORTED;
      why = "a file of replies gives no log-probabilities and no embeddings";
    } else {
      const std::string last = r.message_count ? text_of(*r.messages[r.message_count - 1]) : "";
      std::string prompt(view(r.prefix));
      if (r.message_count)
        for (uint64_t k = 0; k < r.message_count; ++k) prompt.append(k ? "\n" : "").append(text_of(*r.messages[k]));
      const auto found = replies_->find(r.sampling->id, prompt, last);
      const Replies::Line* line = found ? *found : nullptr;
      if (!found) {
        result.status = SXT_BAD_DATA;
        why = fmt::format("{}: {}", path_, found.error().message);
      } else if (line) {
        result.text = borrow(line->reply);
        result.thinking = borrow(line->thinking);
      } else if (fails_) {
        result.status = SXT_BAD_DATA;
        why = fmt::format(
            "{} holds no reply to the prompt that ends in '{}'; add a line for it, or give --model-kwargs missing=empty to "
            "count it as empty",
            path_, ending(last.empty() ? prompt : last));
      }
      result.finish = SXT_FINISH_EOS;
    }
    result.message = borrow(why);
    sink.put(sink.ctx, i, &result);
  }
  static std::string ending(std::string_view text) {
    constexpr size_t shown = 60;
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
    size_t begin = text.size() > shown ? text.size() - shown : 0;
    while (begin < text.size() && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) ++begin;
    return std::string(text.substr(begin));
  }

  const bool looked_at_;  // before a run: nothing will be asked
  const std::string path_;
  const bool fails_;
  std::optional<Replies> replies_;
};

constexpr const char* schema = R"({"type":"object","additionalProperties":false,"properties":{
"path":{"type":"string","description":"the file: JSON lines with \"reply\" and one of \"question\", \"prompt\", or \"dataset\" and \"index\""},
"file":{"type":"string","default":"","description":"the same, where --model-path is not given"},
"dataset":{"type":"string","default":"","description":"the data set of lines that have an \"index\" and name none"},
"chat_template":{"enum":["auto","none"],"default":"auto","description":"none: prompts are plain texts"},
"weights":{"description":"null: the file is read, and no reply is given"},
"missing":{"enum":["fail","empty"],"default":"fail","description":"a sample without a line: it fails, or counts as answered with nothing"}}})";

}  // namespace
}  // namespace sextant::answers

SEXTANT_PLUGIN(sextant::component<sextant::answers::Answers>({.id = "answers",
                                                              .summary = "replies from a file, to be scored",
                                                              .schema = sextant::answers::schema,
                                                              .capabilities = SXT_CAP_DETERMINISTIC | SXT_CAP_CONCURRENT}))
