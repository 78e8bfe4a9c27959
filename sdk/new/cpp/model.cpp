// model:@NAME@: a backend that repeats the prompt's last word. Put your model where `reply` is.
#include <sextant/sdk.hpp>

namespace {

using namespace sextant;

std::string reply(std::string_view prompt) {
  while (!prompt.empty() && prompt.back() == ' ') prompt.remove_suffix(1);
  return std::string(prompt.substr(prompt.find_last_of(' ') + 1));
}

struct @TYPE@ : Model {
  using Model::Model;
  sxt_model_info info() override {
    sxt_model_info out{};
    out.abilities = SXT_MODEL_GENERATE | SXT_MODEL_CHAT;
    out.context_length = 4096;
    return out;
  }
  std::string describe() override {
    return R"({"family":"@NAME@","device":"cpu","compute":"f64","cannot_score":"it only generates"})";
  }
  std::vector<int32_t> tokenize(std::string_view, uint32_t) override {
    throw PluginError(SXT_UNSUPPORTED, "@NAME@ has no tokens");
  }
  std::string detokenize(std::span<const int32_t>, uint32_t) override {
    throw PluginError(SXT_UNSUPPORTED, "@NAME@ has no tokens");
  }
  std::string render_chat(std::string_view conversation) override {
    const json::Document in = or_throw(json::parse(conversation, "a conversation"));
    std::string text;
    if (const json::Value* messages = json::find(in, "messages"); messages && messages->IsArray())
      for (const auto& message : messages->GetArray()) text += json::find_string(message, "content").value_or("") + "\n";
    return "{\"text\":" + json::quote(text) + "}";
  }
  std::string plan(uint64_t, std::span<const sxt_request* const>) override {
    return R"({"prompt_tokens":0,"computed_tokens":0,"kv_bytes":0,"peak_bytes":0})";
  }
  void run(uint64_t call, std::span<const sxt_request* const> requests, const sxt_result_sink& sink) override {
    for (size_t i = 0; i < requests.size(); ++i) {
      if (context.cancelled(call)) throw PluginError(SXT_CANCELLED, "interrupted");
      sxt_result result{};
      result.struct_size = sizeof result;
      const std::string text = reply(view(requests[i]->prefix)), refusal = "@NAME@ only generates";
      if (requests[i]->ask == SXT_ASK_GENERATE) result.text = borrow(text);
      else result.status = SXT_UNSUPPORTED, result.message = borrow(refusal);
      sink.put(sink.ctx, i, &result);
    }
  }
};

}  // namespace

SEXTANT_PLUGIN(component<@TYPE@>({.id = "@NAME@", .summary = "repeats the last word of its prompt"}))
