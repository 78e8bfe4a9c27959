#include "backend.hpp"
#include <algorithm>
#include <cstring>
#include <sched.h>
#include <fmt/format.h>
#include <checkpoint/reachable.hpp>
#include <checkpoint/weights_hash.hpp>
#include <sextant/numbers.hpp>
#include <sextant/sha256.hpp>
#include <sextant/utf8_text.hpp>

namespace sextant::llamacpp {
namespace {

constexpr uint32_t context_most = 8192;  // unless more is asked for: a KV cache is allocated whole
constexpr uint32_t batch_tokens = 512;

int processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(1, CPU_COUNT(&set)) : 1;
}

}  // namespace

Backend::Backend(Context given)
    : Model(std::move(given)), path_(context.text("path")), weights_(!json::find(context.config(), "weights")) {
  if (path_.empty()) throw ConfigError("no model is named; give --model-path FILE.gguf");
  or_throw(engine::check_reachable(path_));
  load_model();
  if (weights_) load_context();
}

uint64_t Backend::number(const char* key) const {
  return static_cast<uint64_t>(json::find_int(context.config(), key).value_or(0));
}

void Backend::load_model() {
  open_library();
  std::vector<engine::MappedFile> files;
  for (const std::string& path : files_of(path_)) files.push_back(or_throw(engine::MappedFile::open(path)));
  llama_model_params params = llama_model_default_params();
  params.vocab_only = !weights_;
  params.n_gpu_layers = static_cast<int32_t>(json::find_int(context.config(), "gpu_layers").value_or(-1));
  last_complaint();
  model_.reset(llama_model_load_from_file(path_.c_str(), params));
  if (!model_) {
    const std::string why = last_complaint();
    throw DataError(fmt::format("{}: libllama cannot load it ({})", path_, why.empty() ? "it does not say why" : utf8::repair(why)));
  }
  if (weights_ && (!llama_model_has_decoder(model_.get()) || llama_model_has_encoder(model_.get())))
    throw PluginError(SXT_UNSUPPORTED, fmt::format("{}: a model of the family '{}' has an encoder; this backend runs decoders only",
                                                   path_, metadata(*model_, "general.architecture")));
  tokenizer_.emplace(*model_);
  engine::ChatTemplateSources own;
  if (const char* text = llama_model_chat_template(model_.get(), nullptr))
    own.push_back({"default", text, fmt::format("tokenizer.chat_template of {}", path_), {}});
  chat_ = or_throw(engine::choose_template(context.text("chat_template", "auto"), own, path_));
  if (!chat_.problem.empty()) warnings_.push_back(chat_.problem);
  if (!weights_) return;
  std::vector<const engine::MappedFile*> pointers;
  for (const engine::MappedFile& file : files) pointers.push_back(&file);
  sha256_ = or_throw(engine::weights_sha256(pointers));
}

void Backend::load_context() {
  const auto trained = static_cast<uint32_t>(std::max(1, llama_model_n_ctx_train(model_.get())));
  const auto wanted = static_cast<uint32_t>(number("max_seq_len"));
  room_.context = wanted ? wanted : std::min(trained, context_most);
  if (wanted > trained)
    warnings_.push_back(fmt::format("max_seq_len: {} tokens are more than the {} that {} was trained for", with_commas(wanted),
                                    with_commas(trained), path_));
  else if (!wanted && trained > context_most)
    context.log(SXT_LOG_INFO, fmt::format("{}: sequences have up to {} tokens of the {} that the model was trained for; "
                                          "--max-seq-len gives more",
                                          path_, with_commas(context_most), with_commas(trained)));
  room_.cells = std::max({room_.context, static_cast<uint32_t>(number("kv_tokens")), number("kv_tokens") ? 0 : context_most});
  room_.forks = !llama_model_is_recurrent(model_.get()) && !llama_model_is_hybrid(model_.get());
  room_.sequences = static_cast<uint32_t>(std::max<uint64_t>(1, number("batch_size")));
  llama_context_params params = llama_context_default_params();
  params.n_ctx = room_.cells;
  params.n_batch = params.n_ubatch = batch_tokens;
  params.n_seq_max = std::min<uint32_t>(room_.sequences + 1, static_cast<uint32_t>(llama_max_parallel_sequences()));
  room_.sequences = params.n_seq_max - 1;
  params.n_threads = params.n_threads_batch = number("threads") ? static_cast<int32_t>(number("threads")) : processors();
  params.type_k = params.type_v = context.text("kv_type", "f32") == "f32" ? GGML_TYPE_F32 : GGML_TYPE_F16;
  params.kv_unified = true;  // sequences share the cells of what they begin with
  params.swa_full = true;    // a trunk is cut and gone on from, wherever it is
  params.no_perf = true;
  params.flash_attn_type = context.text("flash_attention", "off") == "auto" ? LLAMA_FLASH_ATTN_TYPE_AUTO : LLAMA_FLASH_ATTN_TYPE_DISABLED;
  last_complaint();
  context_.reset(llama_init_from_model(model_.get(), params));
  if (!context_) {
    const std::string why = last_complaint();
    throw PluginError(SXT_NO_MEMORY,
                      fmt::format("{}: libllama cannot make a context of {} tokens ({}); give a smaller --max-seq-len or kv_tokens",
                                  path_, with_commas(room_.cells), why.empty() ? "it does not say why" : utf8::repair(why)));
  }
  decoder_.emplace(*context_);
}

sxt_model_info Backend::info() {
  sxt_model_info info{};
  info.struct_size = sizeof info;
  info.abilities = SXT_MODEL_TOKENIZE | SXT_MODEL_ADJUSTS | SXT_MODEL_MOMENTS | SXT_MODEL_MARGINS;
  if (chat_.chat) info.abilities |= SXT_MODEL_CHAT;
  if (context_) info.abilities |= SXT_MODEL_SCORE | SXT_MODEL_GENERATE;
  info.vocab_size = tokenizer_->vocab_size();
  info.context_length = room_.context;
  std::memcpy(info.weights_sha256, sha256_.data(), std::min(sha256_.size(), sizeof info.weights_sha256 - 1));
  return info;
}

std::string Backend::describe() {
  json::Document out(rapidjson::kObjectType);
  auto& a = out.GetAllocator();
  char text[256] = "";
  llama_model_desc(model_.get(), text, sizeof text);
  json::set(out, "family", utf8::repair(metadata(*model_, "general.architecture")), a);
  json::set(out, "description", utf8::repair(text), a);
  json::set(out, "path", path_, a);
  json::set(out, "device", "libllama", a);
  json::set(out, "compute", fmt::format("libllama, KV cache in {}", context.text("kv_type", "f32")), a);
  json::set(out, "library", llama_print_system_info(), a);
  json::set(out, "parameters", json::Value(llama_model_n_params(model_.get())), a);
  json::set(out, "weights_bytes", json::Value(llama_model_size(model_.get())), a);
  json::set(out, "context_length", json::Value(llama_model_n_ctx_train(model_.get())), a);
  json::set(out, "vocab_size", json::Value(tokenizer_->vocab_size()), a);
  const auto token = [&](const char* key, std::optional<int32_t> id) {
    if (id) json::set(out, key, utf8::repair(tokenizer_->piece(*id).value_or("")), a);
    else json::set(out, key, json::Value(), a);
  };
  token("bos", tokenizer_->bos());
  token("eos", tokenizer_->eos());
  json::set(out, "adds_bos", json::Value(llama_vocab_get_add_bos(llama_model_get_vocab(model_.get()))), a);
  json::set(out, "has_chat_template", json::Value(chat_.chat.has_value()), a);
  if (!chat_.problem.empty()) json::set(out, "chat_template_problem", chat_.problem, a);
  if (chat_.chat) {
    json::set(out, "chat_template_sha256", sha256_hex(chat_.chat->source()), a);
    json::set(out, "chat_template_from", chat_.origin, a);
  }
  json::Value warnings(rapidjson::kArrayType);
  for (const std::string& warning : warnings_) warnings.PushBack(json::Value(warning, a), a);
  json::set(out, "warnings", std::move(warnings), a);
  return json::write(out);
}

std::vector<int32_t> Backend::tokenize(std::string_view text, uint32_t flags) {
  return tokenizer_->encode(text, {(flags & SXT_REQUEST_ADD_SPECIAL) != 0, (flags & SXT_REQUEST_SPLIT_SPECIAL) != 0}).ids;
}

std::string Backend::detokenize(std::span<const int32_t> ids, uint32_t) {
  for (const int32_t id : ids)
    if (!tokenizer_->piece(id))
      throw DataError(fmt::format("id {} is not in the vocabulary of {} ids", id, with_commas(tokenizer_->vocab_size())));
  return utf8::repair(tokenizer_->decode(ids, false));
}

std::string Backend::render_chat(std::string_view conversation_json) {
  json::Document conversation = or_throw(json::parse(conversation_json, "conversation"));
  if (!conversation.IsObject()) throw DataError("a conversation is a JSON object with \"messages\"");
  const auto fill_in = [&](const char* key, std::optional<int32_t> id) {
    if (!json::find(conversation, key))
      json::set(conversation, key, id ? utf8::repair(tokenizer_->piece(*id).value_or("")) : "", conversation.GetAllocator());
  };
  fill_in("bos_token", tokenizer_->bos());
  fill_in("eos_token", tokenizer_->eos());
  if (!chat_.chat)
    return R"({"error":)" +
           json::quote(chat_.problem.empty() ? path_ + " has no chat template that can be used; give one as chat_template"
                                             : chat_.problem) +
           "}";
  const auto text = chat_.chat->render(conversation);
  return text ? R"({"text":)" + json::quote(*text) + "}" : R"({"error":)" + json::quote(text.error().message) + "}";
}

std::string Backend::plan(uint64_t call, std::span<const sxt_request* const> requests) {
  uint64_t tokens = 0;
  const engine::ItemLimits limits{room_.context ? room_.context : UINT32_MAX, tokenizer_->vocab_size()};
  for (size_t i = 0; i < requests.size(); ++i) {
    if (i % 64 == 0 && context.cancelled(call)) throw PluginError(SXT_CANCELLED, "interrupted");
    for (const engine::Item& item : engine::make_items(*requests[i], i, *tokenizer_, limits).items) tokens += item.tokens.size();
  }
  return fmt::format(R"({{"prompt_tokens":{},"computed_tokens":{},"kv_bytes":0,"peak_bytes":{}}})", tokens, tokens,
                     llama_model_size(model_.get()));
}

void Backend::run(uint64_t call, std::span<const sxt_request* const> requests, const sxt_result_sink& sink) {
  if (!context_)
    throw PluginError(SXT_UNSUPPORTED, path_ + ": the weights were not loaded; only tokens and chat prompts can be asked for");
  const std::lock_guard lock(busy_);
  Run(*decoder_, trunk_, room_, *tokenizer_, requests, sink).all([&](uint64_t computed) {
    if (context.cancelled(call)) throw PluginError(SXT_CANCELLED, "interrupted");
    context.progress(call, computed, 0);
  });
}

}  // namespace sextant::llamacpp
