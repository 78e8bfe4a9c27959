#include "model_session.hpp"
#include <algorithm>
#include <chrono>
#include <iterator>
#include <fmt/format.h>
#include <sextant/json_schema.hpp>
#include <sextant/json_text.hpp>
#include "../base/fingerprint.hpp"
#include "../base/local_time.hpp"
#include "../base/log.hpp"
#include "../base/text.hpp"
#include "../config/card_parts.hpp"
#include "../config/defaults.hpp"
#include "../config/generation.hpp"
#include "../config/card_store.hpp"
#include "../plugin/isolation.hpp"
#include "generation.hpp"

namespace sextant::serve {

namespace {

// What a description says of the context, where the model itself is not loaded.
uint32_t described_context(const json::Value& about, const config::ModelConfig& config) {
  if (config.max_seq_len > 0) return config.max_seq_len;
  for (const char* part : {"architecture", "encoder"})
    if (const json::Value* shape = json::find(about, part))
      return static_cast<uint32_t>(std::clamp<int64_t>(json::find_int(*shape, "context").value_or(0), 0, UINT32_MAX));
  return 0;
}

}  // namespace

std::optional<Load> lightest_load(const plugin::Host& host, const std::string& backend) {
  const auto found = host.registry().find(plugin::Kind::model, backend);
  const auto rules = found ? json::parse(found->component->schema, backend) : Result<json::Document>(Error{});
  const json::Value* properties = rules ? json::find(*rules, "properties") : nullptr;
  const json::Value* weights = properties ? json::find(*properties, "weights") : nullptr;
  if (!weights) return std::nullopt;
  if (const json::Value* values = json::find(*weights, "enum"); values && values->IsArray())
    for (const auto& value : values->GetArray())
      if (value.IsString() && json::text(value) == "description") return Load::description;
  return Load::vocabulary;
}

namespace {

// Whether the chat template raises an error for a system turn, as Gemma's does, and not for the same conversation without it.
bool refuses_system(plugin::Model& model, const std::string& now) {
  const auto refused = [&](const char* messages) {
    const auto rendered = model.render_chat(
        fmt::format(R"({{"messages":[{}],"add_generation_prompt":true,"now":{}}})", messages, json::quote(now)));
    return !rendered && rendered.error().message.find("refuses this conversation") != std::string::npos;
  };
  return refused(R"({"role":"system","content":"x"},{"role":"user","content":"x"})") &&
         !refused(R"({"role":"user","content":"x"})");
}

// Replies that are there already ("replies_are_given") are what they are, whatever is asked of them.
void warn_of_given(const config::ModelConfig& model, const config::ModelConfig& plain, std::vector<std::string>& ret_warnings) {
  std::vector<std::string> idle;
  if (model.max_out_len != plain.max_out_len) idle.emplace_back("max_out_len");
  if (model.min_out_len != plain.min_out_len) idle.emplace_back("min_out_len");
  if (!model.stop_words.empty()) idle.emplace_back("stop_words");
  if (!model.chat_template_kwargs.empty()) idle.emplace_back("chat_template_kwargs");
  if (!model.system_prompt.empty()) idle.emplace_back("system_prompt");
  json::Document owner;
  const json::Value generation = config::generation_to_json(model.generation, owner.GetAllocator());
  for (const auto& member : generation.GetObject()) idle.emplace_back(json::text(member.name));
  if (idle.empty()) return;
  ret_warnings.push_back(fmt::format("{} change{} no reply: the backend '{}' gives those that its file holds, as they stand", join(idle, ", "),
                                     idle.size() == 1 ? "s" : "", model.backend));
}

}  // namespace

Result<ModelSession> ModelSession::open(plugin::Host& host, const config::ModelConfig& config, Load load) {
  const auto start = std::chrono::steady_clock::now();
  SXT_TRY(json::Document keys, json::parse(config.config, config.abbr));
  if (load == Load::description) json::set(keys, "weights", "description", keys.GetAllocator());
  else if (load == Load::vocabulary && host.accepts(plugin::Kind::model, config.backend, "weights"))
    json::set(keys, "weights", json::Value(rapidjson::kNullType), keys.GetAllocator());
  SXT_TRY(plugin::Model model, host.model(config.backend, json::write(keys), fmt::format("model '{}'", config.abbr)));
  ModelSession session(std::move(model));
  session.config_ = config;
  if (const auto found = host.registry().find(plugin::Kind::model, config.backend)) {
    // an isolated one is asked over lines, one call at a time
    session.concurrent_ = (found->component->capabilities & SXT_CAP_CONCURRENT) != 0 && !plugin::isolation().applies(*found);
    session.schema_ = found->component->schema;
  }
  session.now_ = local_time("%Y-%m-%dT%H:%M:%S");
  SXT_TRY(const sxt_model_info info, session.model_.info());
  session.weights_sha256_ = info.weights_sha256;
  session.context_length_ = info.context_length;
  session.takes_messages_ = (info.abilities & SXT_MODEL_MESSAGES) != 0;
  session.has_chat_template_ = (info.abilities & SXT_MODEL_CHAT) != 0 || session.takes_messages_;
  session.requests_in_flight_ = info.requests_in_flight;
  session.gives_margins_ = (info.abilities & SXT_MODEL_MARGINS) != 0;
  session.gives_moments_ = (info.abilities & SXT_MODEL_MOMENTS) != 0;
  SXT_TRY(const json::Document about, session.model_.describe());
  if (session.context_length_ == 0) session.context_length_ = described_context(about, config);
  SXT_CHECK(session.open_counter(host, keys, (info.abilities & SXT_MODEL_TOKENIZE) != 0));
  session.device_ = json::find_string(about, "device").value_or(config.backend);
  session.compute_ = json::find_string(about, "compute").value_or("f32");
  if (const auto chat = json::find_bool(about, "has_chat_template")) session.has_chat_template_ = *chat;
  session.chat_problem_ = json::find_string(about, "chat_template_problem").value_or("");
  session.depends_on_sample_ = json::find_bool(about, "depends_on_sample").value_or(false);
  session.cannot_score_ = json::find_string(about, "cannot_score").value_or("");
  if (session.has_chat_template_ && !session.takes_messages_)
    session.refuses_system_ = refuses_system(session.model_, session.now_);
  Generating made =
      generating(config, json::find(about, "generation"), session.context_length_, (info.abilities & SXT_MODEL_ADJUSTS) != 0);
  session.sampling_ = std::move(made.sampling);
  session.collect_warnings(about);
  if (load != Load::vocabulary) std::move(made.warnings.begin(), made.warnings.end(), std::back_inserter(session.warnings_));
  for (const std::string& warning : session.warnings_) log_warning_once(fmt::format("{}: {}", config.abbr, warning));
  for (const std::string& finding : config::texts_of(json::find(about, "looks_wrong")))
    log_warning_once(fmt::format("{}: {}", config.abbr, finding));
  if (!made.follows.empty()) log_info(fmt::format("{}: replies follow its files: {}", config.abbr, join(made.follows, ", ")));
  if (load != Load::vocabulary) session.key_config_ = session.make_key_config();
  session.load_s_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return session;
}

// A prompt is fitted to the context by counting its tokens. A backend that has none counts with the tokenizer that
// "tokenizer_path" names, read by a backend that can; without one nothing is cut here.
Result<void> ModelSession::open_counter(plugin::Host& host, const json::Value& keys, bool counts_itself) {
  if (counts_itself) return {};
  const std::string path = json::find_string(keys, "tokenizer_path").value_or("");
  if (path.empty()) {
    if (config_.max_seq_len > 0)
      log_warning_once(fmt::format(
          "{}: prompts are not fitted to {} tokens: the backend '{}' cannot count tokens here; give --tokenizer-path",
          config_.abbr, config_.max_seq_len, config_.backend));
    context_length_ = 0;
    return {};
  }
  SXT_TRY(const config::Defaults defaults, config::read_defaults(config::share_folder() / "defaults.json"));
  json::Document own(rapidjson::kObjectType);
  json::set(own, "tokenizer_path", path, own.GetAllocator());
  json::set(own, "weights", json::Value(rapidjson::kNullType), own.GetAllocator());
  for (const std::string& id : defaults.backends)
    if (id != config_.backend && host.registry().find(plugin::Kind::model, id)) {
      SXT_TRY(counter_, host.model(id, json::write(own), fmt::format("the tokenizer of '{}'", config_.abbr)));
      return {};
    }
  return Error{Error::Kind::device,
               fmt::format("{}: no backend is installed that could read the tokenizer {}", config_.abbr, path)};
}

void ModelSession::collect_warnings(const json::Value& about) {
  warnings_ = config::texts_of(json::find(about, "warnings"));
  if (json::find_bool(about, "replies_are_given").value_or(false)) return warn_of_given(config_, {}, warnings_);
  const auto kwargs = json::parse(config_.chat_template_kwargs.empty() ? "{}" : config_.chat_template_kwargs, config_.abbr);
  const json::Value* known = json::find(about, "chat_template_variables");
  if (!kwargs || !kwargs->IsObject() || kwargs->ObjectEmpty()) return;
  const std::vector<std::string> names = config::texts_of(known);
  for (const auto& member : kwargs->GetObject()) {
    const std::string key(json::text(member.name));
    if (!has_chat_template_)
      warnings_.push_back(fmt::format("the chat template's variable {} changes nothing: there is no chat template", key));
    else if (known && std::find(names.begin(), names.end(), key) == names.end())
      warnings_.push_back(
          fmt::format("the chat template's variable {} changes nothing: the template does not look at it{}; it looks at {}",
                      key, did_you_mean(key, names), names.empty() ? "none" : join(names, ", ")));
  }
}

Result<void> ModelSession::check(const data::Request& request) const {
  if (!request.token_moments || gives_moments_) return {};
  return Error{Error::Kind::device,
               fmt::format("{}: the backend '{}' does not say how ln p is spread over the vocabulary, which min_k needs; take "
                           "one that does (SXT_MODEL_MOMENTS), or leave such data sets out",
                           config_.abbr, config_.backend)};
}

bool ModelSession::uses_template(data::Form form) const {
  return config_.chat == config::Chat::file ||
         (config_.chat == config::Chat::automatic && form == data::Form::open && !config_.base);
}

Result<void> ModelSession::check_chat(data::Form form) const {
  if (chat_problem_.empty() || !uses_template(form)) return {};
  return Error{Error::Kind::config, fmt::format("{}: {}", config_.abbr, chat_problem_)};
}

render::Format ModelSession::format(data::Form form, config::Compat compat) const {
  render::Format format;
  format.compat = compat;
  format.system_prompt = config_.system_prompt;
  format.meta_template = config_.meta_template;
  format.no_system = refuses_system_;
  format.chat = uses_template(form) && (config_.chat == config::Chat::file || has_chat_template_);
  return format;
}

namespace {

// {..., "now": "..."}; nothing where it takes the parser.
std::optional<std::string> with_time(std::string_view conversation_json, std::string_view now) {
  std::string out;
  if (find_plain_member(conversation_json, "now", out) != Member::absent || !append_plain(out, conversation_json) || out == "{}")
    return std::nullopt;
  out.back() = ',';
  out += "\"now\":";
  append_quoted(out, now);
  return out += '}';
}

}  // namespace

Result<std::string> ModelSession::render_chat(std::string_view conversation_json) {
  if (config_.chat_template_kwargs.empty())
    if (const auto conversation = with_time(conversation_json, now_))
      if (auto rendered = model_.render_chat(*conversation); rendered) return rendered;  // else it is said below
  SXT_TRY(json::Document conversation, json::parse(conversation_json, "conversation"));
  if (conversation.IsObject() && !json::find(conversation, "now"))
    json::set(conversation, "now", now_, conversation.GetAllocator());
  if (!config_.chat_template_kwargs.empty() && conversation.IsObject() && !json::find(conversation, "kwargs"))
    if (const auto kwargs = json::parse(config_.chat_template_kwargs, config_.abbr))
      json::set(conversation, "kwargs", json::Value(*kwargs, conversation.GetAllocator()), conversation.GetAllocator());
  auto rendered = model_.render_chat(json::write(conversation));
  if (rendered || rendered.error().message.find("refuses this conversation") == std::string::npos) return rendered;
  const json::Value* messages = json::find(conversation, "messages");
  const bool system =
      messages && messages->IsArray() && !messages->Empty() && json::find_string((*messages)[0], "role") == "system";
  if (!system) return rendered;
  Error error = rendered.error();
  error.message += config_.system_prompt.empty() ? "; the conversation begins with a system turn: give it a \"fallback_role\": "
                                                   "\"HUMAN\" in the card, or give --chat-template none"
                                                 : "; leave out --system-prompt, or give --chat-template none";
  return error;
}

Result<void> ModelSession::write_out(data::Request& request) {
  if (takes_messages_ && !request.messages.empty()) {
    request.text = data::Text();
    request.keep_bytes = 0;
    request.add_special = false;
    return {};
  }
  if (!request.text.empty() || request.messages.empty()) return {};
  SXT_TRY(render::Prompt prompt,
          render::conversation_prompt(request.messages, request.tools_json,
                                      [this](std::string_view conversation) { return render_chat(conversation); }));
  request.text = prompt.text;
  request.add_special = false;
  request.keep_bytes = std::max<uint64_t>(1, prompt.question_bytes);
  return {};
}

std::string ModelSession::spent() {
  const auto about = model_.describe();
  const json::Value* spent = about ? json::find(*about, "spent") : nullptr;
  return spent && spent->IsObject() ? json::write(*spent) : "";
}

Result<std::vector<int32_t>> ModelSession::tokenize(const std::string& text, bool add_special) {
  const std::string_view view = text;
  SXT_TRY(auto ids, counter().tokenize({&view, 1}, add_special ? SXT_REQUEST_ADD_SPECIAL : 0));
  return std::move(ids.front());
}

Result<std::vector<uint32_t>> ModelSession::count_tokens(const std::vector<std::string>& texts, bool chat) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  SXT_TRY(const auto ids, counter().tokenize(views, chat ? 0 : SXT_REQUEST_ADD_SPECIAL));
  std::vector<uint32_t> counts;
  for (const auto& list : ids) counts.push_back(static_cast<uint32_t>(list.size()));
  return counts;
}

namespace {

// What a member of a backend's configuration names is an input: its content stands for it, so that a file that is edited gives
// other keys, and one that is moved the same. Members are told by their names, since any text might happen to be a file's name.
bool names_a_file(std::string_view member) {
  for (const char* word : {"path", "file", "template", "folder", "dir"})
    if (member.find(word) != member.npos) return true;
  return false;
}

void put_contents(json::Value& config, json::Document::AllocatorType& a) {
  for (auto& member : config.GetObject()) {
    if (member.value.IsArray() && json::text(member.name) == "command")  // the program's files among its arguments
      for (auto& part : member.value.GetArray())
        if (const std::string content = part.IsString() ? fingerprint(json::text(part)) : ""; !content.empty())
          part.SetString(("sha256:" + content).c_str(), a);
    if (!member.value.IsString() || !names_a_file(json::text(member.name))) continue;
    if (const std::string content = fingerprint(json::text(member.value)); !content.empty())
      member.value.SetString(("sha256:" + content).c_str(), a);
  }
}

}  // namespace

// Made once: a file that is edited while the model is loaded is not what the model was loaded from.
std::string ModelSession::make_key_config() const {
  json::Document keys;
  if (auto parsed = json::parse(config_.config, config_.abbr)) keys = *std::move(parsed);
  auto& a = keys.GetAllocator();
  if (const auto rules = json::parse(schema_, config_.backend)) {
    schema::remove_without_effect(*rules, keys);
    schema::hide_secrets(*rules, keys, a);
  }
  if (keys.IsObject()) put_contents(keys, a);
  json::set(keys, "backend", config_.backend, a);
  json::set(keys, "compute", compute_, a);
  json::set(keys, "context_length", json::Value(context_length_), a);
  return json::canonical(keys);
}

}  // namespace sextant::serve
