#include "findings.hpp"
#include <algorithm>
#include <set>
#include <fmt/format.h>
#include <sextant/numbers.hpp>

namespace sextant::engine {
namespace {

constexpr const char* reply_text = "Yes-yes";  // nothing that a template could write by itself

std::string token_text(const Tokenizer& tokenizer, int32_t id) {
  return fmt::format("{} ({})", token_content(tokenizer, id), id);
}

std::string token_list(const Tokenizer& tokenizer, const std::vector<int32_t>& ids) {
  std::string text;
  for (const int32_t id : ids) text += (text.empty() ? "" : ", ") + token_text(tokenizer, id);
  return text;
}

bool contains(const std::vector<int32_t>& ids, int32_t id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); }

// What looks like a token in a text: <|name|>, DeepSeek's form of it with fullwidth bars, and those of the Llama and Gemma
// families.
std::vector<std::string> tokens_in(std::string_view text) {
  static constexpr std::string_view plain[] = {"<s>", "</s>", "<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"};
  constexpr size_t name_bytes_max = 64;
  std::vector<std::string> found;
  for (size_t at = text.find('<'); at != text.npos; at = text.find('<', at + 1)) {
    const std::string_view rest = text.substr(at);
    for (const std::string_view token : plain)
      if (rest.starts_with(token)) found.emplace_back(token);
    for (const std::string_view bar : {"|", "\xEF\xBD\x9C"}) {
      if (!rest.substr(1).starts_with(bar)) continue;
      const size_t begin = 1 + bar.size(), end = rest.find(std::string(bar) + ">", begin);
      const std::string_view name = rest.substr(begin, end == rest.npos ? 0 : end - begin);
      if (!name.empty() && name.size() <= name_bytes_max && name.find_first_of("<> \n") == name.npos)
        found.emplace_back(rest.substr(0, end + bar.size() + 1));
    }
  }
  return found;
}

class Finder {
 public:
  explicit Finder(const ModelFiles& model) : model_(model), tokenizer_(*model.tokenizer) {}

  Findings all() {
    if (model_.claims) unknown_tokens(), begins(), ends(), padding();
    if (model_.chat) chat();
    else no_chat();
    if (model_.architecture) ropes();
    return std::move(found_);
  }

 private:
  template <class... Of> void add(fmt::format_string<Of...> text, Of&&... of) {
    found_.wrong.push_back(fmt::format(text, std::forward<Of>(of)...));
  }

  void unknown_tokens() {
    for (const auto* claims : {&model_.claims->bos, &model_.claims->eos, &model_.claims->pad})
      for (const TokenClaim& claim : *claims)
        if (claim.ids.empty())
          add("{}: {} is not a token of the vocabulary; is it the tokenizer of another model?", claim.where,
              json::quote(claim.piece));
  }

  void begins() {
    const auto& bos = model_.claims->bos;
    if (!tokenizer_.bos()) return;
    for (const TokenClaim& claim : bos)
      if (!claim.ids.empty() && claim.ids.front() != *tokenizer_.bos())
        add("{} is {}, and the tokenizer begins texts with {}, which counts", claim.where,
            token_text(tokenizer_, claim.ids.front()), token_text(tokenizer_, *tokenizer_.bos()));
  }

  // Of two files that end a text differently one is often left over from the base model. Without a generation_config.json the
  // tokenizer's end is held against config.json's.
  void ends() {
    const auto of = [&](std::string_view file) -> const TokenClaim* {
      for (const TokenClaim& claim : model_.claims->eos)
        if (claim.where.starts_with(file) && !claim.ids.empty()) return &claim;
      return nullptr;
    };
    const TokenClaim *tokenizer = of("tokenizer_config.json"), *special = of("special_tokens_map.json"),
                     *config = of("config.json");
    if (tokenizer && special && tokenizer->ids != special->ids)
      add("{} is {}, and {} is {}; the former counts", tokenizer->where, token_text(tokenizer_, tokenizer->ids.front()),
          special->where, token_text(tokenizer_, special->ids.front()));
    if (tokenizer && config && !of("generation_config.json") && !contains(config->ids, tokenizer->ids.front()))
      add("{} is {}, and {} is {}; each of them ends a generation", tokenizer->where,
          token_text(tokenizer_, tokenizer->ids.front()), config->where, token_list(tokenizer_, config->ids));
    against_generation_config();
  }

  void against_generation_config() {
    const TokenClaim* generation = nullptr;
    for (const TokenClaim& claim : model_.claims->eos)
      if (claim.where.starts_with("generation_config.json")) generation = &claim;
    if (!generation) return;
    for (const TokenClaim& claim : model_.claims->eos)
      for (const int32_t id : claim.ids)
        if (!contains(generation->ids, id))
          add("{} is {}, which is not among those of {}: {}; each of them ends a generation", claim.where,
              token_text(tokenizer_, id), generation->where, token_list(tokenizer_, generation->ids));
  }

  void padding() {
    for (const TokenClaim& claim : model_.claims->pad)
      if (!claim.ids.empty() && tokenizer_.eos() == claim.ids.front())
        return found_.notes.push_back(fmt::format(
            "{} is the end of a text, {}: no matter here, where nothing is padded; what masks the padding by its id masks the "
            "end, too",
            claim.where, token_text(tokenizer_, claim.ids.front())));
  }

  void chat() {
    const std::string asked = sample_chat(*model_.chat, tokenizer_, nullptr),
                      answered = sample_chat(*model_.chat, tokenizer_, reply_text);
    std::set<std::string> seen;
    for (const std::string& text : {asked, answered})
      for (const std::string& token : tokens_in(text))
        if (!find_token(tokenizer_, token) && seen.insert(token).second)
          add("the chat template writes {}, which is not a token of the vocabulary: the model reads it letter by letter; is "
              "the "
              "template another model's?",
              token);
    const std::vector<int32_t> ids = tokenizer_.encode(asked, {}).ids;
    if (tokenizer_.bos() && ids.size() > 1 && ids[0] == *tokenizer_.bos() && ids[1] == ids[0])
      add("the chat template writes {} twice", token_text(tokenizer_, ids[0]));
    if (tokenizer_.bos() && !asked.empty() && !contains(ids, *tokenizer_.bos()) &&
        contains(tokenizer_.encode("", {true, false}).ids, *tokenizer_.bos()))
      add("plain texts begin with {} and chats do not: the tokenizer adds it, the chat template writes none",
          token_text(tokenizer_, *tokenizer_.bos()));
    end_of_reply(answered);
  }

  void end_of_reply(const std::string& answered) {
    const size_t at = answered.rfind(reply_text);
    if (at == std::string::npos) return;
    for (const int32_t id : tokenizer_.encode(answered.substr(at + std::string_view(reply_text).size()), {}).ids) {
      if (!tokenizer_.is_special(id)) continue;
      if (!contains(tokenizer_.end_of_generation(), id))
        add("the chat template ends a reply with {}, and no file says that it ends a generation: replies go on to "
            "--max-out-len; give --stop-words '{}'",
            token_text(tokenizer_, id), token_content(tokenizer_, id));
      return;
    }
  }

  void no_chat() {
    std::string name = model_.name;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (name.find("chat") != name.npos || name.find("instruct") != name.npos || name.ends_with("-it"))
      add("{} sounds like a chat model and has no chat template: it is asked in plain text; give --chat-template FILE.jinja",
          model_.name);
  }

  void ropes() {
    const uint64_t context = model_.architecture->context;
    for (const Rope& rope : model_.architecture->ropes) {
      if (rope.scaling != Rope::Scaling::yarn || rope.original_context == 0) continue;
      const auto reach = static_cast<uint64_t>(rope.factor * rope.original_context + 0.5);
      if (context > reach)
        add("the context of {} tokens is longer than the {} that RoPE is stretched to ({} times {}); give --max-seq-len {}",
            with_commas(context), with_commas(reach), rope.factor, with_commas(rope.original_context), reach);
      if (context <= rope.original_context && rope.factor > 1)
        add("RoPE is stretched to {} tokens, and the context still ends at {}: all texts are computed as stretched; give "
            "--max-seq-len to use "
            "it, or take the scaling out",
            with_commas(reach), with_commas(context));
    }
  }

  const ModelFiles& model_;
  const Tokenizer& tokenizer_;
  Findings found_;
};

}  // namespace

std::string sample_chat(const ChatTemplate& chat, const Tokenizer& tokenizer, const char* reply) {
  const auto piece = [&](std::optional<int32_t> id) { return json::quote(id ? token_content(tokenizer, *id) : ""); };
  const std::string answer = reply ? fmt::format(R"(,{{"role":"assistant","content":"{}"}})", reply) : "";
  const auto conversation =
      json::parse(fmt::format(R"({{"messages":[{{"role":"user","content":"Well?"}}{}],"add_generation_prompt":{},)"
                              R"("bos_token":{},"eos_token":{}}})",
                              answer, reply ? "false" : "true", piece(tokenizer.bos()), piece(tokenizer.eos())),
                  "a sample conversation");
  const auto text = conversation ? chat.render(*conversation) : Result<std::string>(conversation.error());
  return text ? *text : "";
}

Findings findings(const ModelFiles& model) { return Finder(model).all(); }

}  // namespace sextant::engine
