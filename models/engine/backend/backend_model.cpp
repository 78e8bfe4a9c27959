#include "backend_model.hpp"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <iterator>
#include <fmt/format.h>
#include <sextant/numbers.hpp>
#include <sextant/utf8_text.hpp>
#include "../architecture/weights_check.hpp"
#include "../checkpoint/adapter.hpp"
#include "../checkpoint/gguf.hpp"
#include "../checkpoint/reachable.hpp"
#include "../schedule/workers.hpp"
#include "../tokenizer/open_vocabulary.hpp"
#include "generation_settings.hpp"
#include "special_tokens.hpp"

namespace sextant::engine {
namespace {

// Floating-point operations of all matrix products; the scores of attention are left out, they are few.
double operations(const Architecture& a, const Cost& cost) {
  const double q = double(a.heads) * a.head_dim, kv = double(a.kv_heads) * a.head_dim;
  double row = 0;
  for (const LayerShape& layer : a.layers) {
    const double feed_forward = layer.experts ? double(a.experts.used) * a.experts.feed_forward : a.feed_forward;
    row += 2.0 * a.hidden * (2 * q + 2 * kv + 3 * feed_forward + (layer.experts ? a.experts.count : 0));
  }
  const double head_row = 2.0 * a.hidden * a.vocab;
  return static_cast<double>(cost.rows) * row + static_cast<double>(cost.head_rows) * head_row;
}
double operations(const EncoderShape& s, const Cost& cost) {
  return static_cast<double>(cost.rows) * s.layers * 2.0 * s.hidden * (4.0 * s.hidden + 2.0 * s.feed_forward);
}

// What a job and its results take: the trie with its index, and what is learnt of each token.
size_t job_bytes(const Job& job) {
  constexpr size_t of_token = sizeof(int32_t) + sizeof(float) + 1,
                   of_node = sizeof(TokenTrie::Node) + 48;  // 48: an entry of the index
  const size_t of_moments = wants_moments(job) ? 2 * sizeof(float) : 0;
  return job.trie.tokens().size() * (of_token + of_moments) + job.trie.nodes().size() * of_node +
         job.items.size() * (sizeof(JobItem) + sizeof(uint32_t)) + job.outcome.size() * (sizeof(JobRequest) + 32);
}

}  // namespace

BackendModel::BackendModel(Context c) : Model(std::move(c)), config_(read_backend_config(context)) {}

void BackendModel::load(std::unique_ptr<Hardware> hardware) {
  hardware_ = std::move(hardware);
  check_model_is_named(config_);  // not before: that the device is missing comes first
  for (const std::string& path : {config_.path, config_.peft_path, config_.tokenizer_path})
    if (!path.empty()) or_throw(check_reachable(path));
  if (!config_.path.empty() && (config_.weights || config_.description))
    checkpoint_ = or_throw(open_checkpoint(config_.path, config_.peft_path));
  load_vocabulary();
  read_generation();
  if (checkpoint_ && is_encoder(*checkpoint_)) encoder_ = or_throw(read_encoder_shape(*checkpoint_));
  else if (checkpoint_) architecture_ = or_throw(read_architecture(*checkpoint_));
  if (architecture_) warn(architecture_->warnings);
  if (encoder_) warn(encoder_->warnings);
  if (checkpoint_) check_files();
  if (checkpoint_) load_sentence_settings();
  if (config_.weights) encoder_ ? load_encoder() : load_weights();
}

void BackendModel::warn(std::vector<std::string> sentences) {
  std::move(sentences.begin(), sentences.end(), std::back_inserter(warnings_));
}

// What looks wrong in the weights' files; the same for a model that is loaded and one that is described.
void BackendModel::check_files() {
  const auto for_each = [&](uint64_t n, const std::function<void(uint64_t)>& body) { hardware_->for_each(n, body); };
  warn(checkpoint_->warnings());
  warn(or_throw(encoder_ ? check_encoder_weights(*checkpoint_, for_each)
                         : check_weights(*checkpoint_, *architecture_, for_each)));
  if (!config_.weights) checkpoint_->let_go();
  if (!config_.peft_path.empty() && config_.tokenizer_path.empty())
    if (auto beside = tokenizer_beside_adapter(config_.peft_path, config_.path)) warnings_.push_back(*std::move(beside));
  const uint32_t rows = encoder_ ? encoder_->vocab : architecture_->vocab, ids = tokenizer_ ? tokenizer_->vocab_size() : 0;
  if (ids <= rows) return;
  const auto token = [&](uint32_t id) {
    return json::quote(utf8::repair(token_content(*tokenizer_, static_cast<int32_t>(id))));
  };
  warnings_.push_back(fmt::format(
      "{}: the tokenizer has {} ids, the embedding {} rows: a request with one of the tokens from {} on fails ({} .. {})",
      config_.path, with_commas(ids), with_commas(rows), rows, token(rows), token(ids - 1)));
}

void BackendModel::load_vocabulary() {
  const std::string& from = vocabulary_path();
  ChatTemplateSources templates;
  if (!from.empty()) {
    const auto* open = from == config_.path ? dynamic_cast<const GgufFile*>(checkpoint_.get()) : nullptr;
    Vocabulary vocabulary = or_throw(open ? open_vocabulary(*open) : open_vocabulary(from));
    tokenizer_ = std::move(vocabulary.tokenizer);
    adds_bos_ = vocabulary.add_bos, adds_eos_ = vocabulary.add_eos;
    templates = std::move(vocabulary.chat_templates);
    warn(std::move(vocabulary.warnings));
  }
  if (!config_.path.empty() && from != config_.path) templates = or_throw(find_chat_templates(config_.path));
  chat_ =
      or_throw(choose_template(config_.chat_template, templates, config_.path.empty() ? config_.tokenizer_path : config_.path));
  for (const ChatTemplateSource& one : templates) template_names_.push_back(one.name);
  if (!chat_.problem.empty()) warnings_.push_back(chat_.problem);  // scoring does not need it
}

void BackendModel::read_generation() {
  if (!tokenizer_ || config_.path.empty()) return;
  const auto* open = dynamic_cast<const GgufFile*>(checkpoint_.get());
  GenerationSettings read =
      open ? read_generation_settings(*open)
           : or_throw(read_generation_settings(config_.path, tokenizer_->end_of_generation(), tokenizer_->vocab_size()));
  generation_ = std::move(read.settings);
  warn(std::move(read.warnings));
}

const Tokenizer& BackendModel::tokenizer() const {
  if (!tokenizer_)
    throw PluginError(SXT_UNSUPPORTED, "only a chat template was configured; set path or tokenizer_path for its tokens");
  return *tokenizer_;
}

void BackendModel::load_weights() {
  const auto begin = std::chrono::steady_clock::now();
  const uint32_t context_length = config_.max_seq_len ? config_.max_seq_len : architecture_->context;
  if (context_length > architecture_->context)
    warnings_.push_back(fmt::format("max_seq_len: {} tokens are more than the {} that {} was trained for",
                                    with_commas(context_length), with_commas(architecture_->context), config_.path));
  std::vector<int32_t> end = tokenizer_->end_of_generation();  // those that can come out of the head
  std::erase_if(end, [&](int32_t id) { return static_cast<uint32_t>(id) >= architecture_->vocab; });
  const DeviceOrder first{*checkpoint_, *architecture_, config_, context_length, std::move(end)};
  const uint32_t workers = hardware_->workers(first);
  std::vector<std::unique_ptr<Device>> devices(workers);
  std::vector<DeviceReport> reports(workers);
  std::atomic<bool> failed = false;
  on_workers(workers, failed, [&](uint32_t worker) {
    DeviceOrder order = first;
    order.worker = worker;
    devices[worker] = hardware_->make_device(order, reports[worker]);
  });
  devices_ = std::move(devices);
  for (size_t i = 0; config_.prefix_reuse && i < devices_.size(); ++i)
    retained_.push_back(std::make_unique<RetainedPages>(devices_[i]->limits().pages));
  for (size_t i = 0; config_.speculation && i < devices_.size(); ++i) speculation_.push_back(std::make_unique<Speculation>());
  report_ = std::move(reports.front());
  if (workers > 1) report_.label = fmt::format("{} x {}", workers, report_.label);
  checkpoint_->let_go();
  log_loaded(workers, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
}

void BackendModel::log_loaded(uint32_t workers, double took) const {
  const DeviceLimits limits = devices_.front()->limits();
  context.log(SXT_LOG_INFO,
              fmt::format("{}: {}weights {} MiB, buffers {} MiB, up to {} MiB of keys and values ({} tokens); {}; "
                          "loaded in {:.1f} s",
                          config_.path, workers * report_.parts > 1 ? "on each device " : "", report_.weights >> 20,
                          report_.buffers >> 20, (report_.page * limits.pages) >> 20,
                          with_commas(uint64_t{limits.pages} * page_tokens), report_.label, took));
}

const std::vector<std::unique_ptr<Device>>& BackendModel::devices() {
  if (devices_.empty())
    throw PluginError(
        SXT_UNSUPPORTED,
        config_.path + ": the weights were not loaded (\"weights\": null); only tokens and chat prompts can be asked for");
  return devices_;
}

sxt_model_info BackendModel::info() {
  sxt_model_info info{};
  info.struct_size = sizeof info;
  if (tokenizer_) info.abilities |= SXT_MODEL_TOKENIZE;
  if (chat_.chat) info.abilities |= SXT_MODEL_CHAT;
  if (!encoder_) info.abilities |= SXT_MODEL_ADJUSTS;  // also of a model that is only described: warnings depend on it
  if (!encoder_ && hardware_->gives_details()) info.abilities |= SXT_MODEL_MOMENTS | SXT_MODEL_MARGINS;
  if (!devices_.empty() && !encoder_) info.abilities |= SXT_MODEL_SCORE | SXT_MODEL_GENERATE;
  if (!devices_.empty() && devices_.front()->limits().hidden > 0 && no_embeddings_.empty()) {
    info.abilities |= SXT_MODEL_EMBED;
    info.embedding_size = devices_.front()->limits().hidden;
  }
  if (tokenizer_) info.vocab_size = tokenizer_->vocab_size();
  if (devices_.empty()) return info;
  info.context_length = devices_.front()->limits().context;
  const std::string sha256 = or_throw(checkpoint_->sha256());
  std::memcpy(info.weights_sha256, sha256.data(), std::min(sha256.size(), sizeof info.weights_sha256 - 1));
  return info;
}

std::vector<int32_t> BackendModel::tokenize(std::string_view text, uint32_t flags) {
  return tokenizer().encode(text, {(flags & SXT_REQUEST_ADD_SPECIAL) != 0, (flags & SXT_REQUEST_SPLIT_SPECIAL) != 0}).ids;
}

std::string BackendModel::detokenize(std::span<const int32_t> ids, uint32_t) {
  for (const int32_t id : ids)
    if (!tokenizer().piece(id))
      throw DataError(fmt::format("id {} is not in the vocabulary of {} ids", id, with_commas(tokenizer_->vocab_size())));
  return utf8::repair(tokenizer().decode(ids, false));
}

std::string BackendModel::render_chat(std::string_view conversation_json) {
  json::Document conversation = or_throw(json::parse(conversation_json, "conversation"));
  if (!conversation.IsObject()) throw DataError("a conversation is a JSON object with \"messages\"");
  const auto fill_in = [&](const char* key, std::optional<int32_t> id) {
    if (!json::find(conversation, key))
      json::set(conversation, key, id ? token_content(*tokenizer_, *id) : "", conversation.GetAllocator());
  };
  if (tokenizer_) {
    fill_in("bos_token", tokenizer_->bos());
    fill_in("eos_token", tokenizer_->eos());
  }
  if (!chat_.chat) {
    if (!chat_.problem.empty()) return R"({"error":)" + json::quote(chat_.problem) + "}";
    const std::string& name = config_.path.empty() ? config_.tokenizer_path : config_.path;
    return R"({"error":)" + json::quote(name + " has no chat template that can be used; give one as chat_template") + "}";
  }
  const json::Value* tools = json::find(conversation, "tools");
  const bool with_tools = chat_.for_tools && tools && !tools->IsNull();
  const Result<std::string> text = (with_tools ? *chat_.for_tools : *chat_.chat).render(conversation);
  return text ? R"({"text":)" + json::quote(*text) + "}" : R"({"error":)" + json::quote(text.error().message) + "}";
}

Job BackendModel::make_job(uint64_t call, std::span<const sxt_request* const> requests, bool on_device_threads) {
  const auto for_each = [&](uint64_t n, const std::function<void(uint64_t)>& body) {
    if (on_device_threads) hardware_->for_each(n, body);
    else for (uint64_t i = 0; i < n; ++i) body(i);
  };
  Job job = engine::make_job(
      requests, *tokenizer_, {devices().front()->limits().context, architecture_->vocab, hardware_->gives_details()}, config_.prefix_reuse,
      [this](uint32_t tokens) { return rope_length(*architecture_, tokens); }, for_each,
      [this, call] { return context.cancelled(call); });
  if (context.cancelled(call)) throw PluginError(SXT_CANCELLED, "cancelled");
  if (devices_.size() > 1) share_out(job, static_cast<uint32_t>(devices_.size()));
  return job;
}

std::string BackendModel::plan(uint64_t call, std::span<const sxt_request* const> requests) {
  devices();  // throws where there is none
  const AskedFor asked(requests);
  if (!asked.others.empty()) refuse_encoder();
  const std::lock_guard lock(device_mutex_);
  const uint64_t embedded = embedding_tokens(call, asked.embeddings);
  const Cost embedding{.rows = embedded};
  size_t kv = 0, trie = 0;
  uint64_t prompt_tokens = embedded, computed_tokens = embedded;
  const double speed = operations_per_s_ > 0 ? operations_per_s_
                                             : report_.operations_per_s;  // of an earlier run, else what such hardware reaches
  double seconds = (encoder_ ? operations(*encoder_, embedding) : operations(*architecture_, embedding)) /
                   static_cast<double>(devices_.size()) / speed;
  const size_t parts = devices_.size() * report_.parts;
  if (!asked.others.empty()) {
    const Job job = make_job(call, asked.others, true);
    double longest = 0;
    for (const Share& share : job.shares) {
      const Cost cost = engine::plan(job, share, devices_.front()->limits(), schedule());
      kv += report_.parts * report_.page * cost.pages_peak;
      longest = std::max(longest, operations(*architecture_, cost) / speed);
    }
    seconds += longest;
    trie = job_bytes(job);
    prompt_tokens += job.prompt_tokens, computed_tokens += job.computed_tokens;
  }
  return fmt::format(R"({{"prompt_tokens":{},"computed_tokens":{},"devices":{},"kv_bytes":{},"peak_bytes":{},)"
                     R"("resident_bytes":{},"seconds":{:.3f}}})",
                     prompt_tokens, computed_tokens, parts, kv,
                     parts * (report_.weights + report_.buffers) + report_.file + kv + trie, parts * report_.resident, seconds);
}

void BackendModel::run(uint64_t call, std::span<const sxt_request* const> requests, const sxt_result_sink& sink) {
  devices();  // throws where there is none
  const AskedFor asked(requests);
  if (!asked.others.empty()) refuse_encoder();
  if (!asked.embeddings.empty()) run_embeddings(call, asked, sink);
  if (asked.others.empty()) return;
  AskedFor::Renumbered others{asked.other_numbers, sink};
  predict(call, asked.others, asked.embeddings.empty() ? sink : others.sink());
}

// Scores and generates.
void BackendModel::predict(uint64_t call, std::span<const sxt_request* const> requests, const sxt_result_sink& sink) {
  std::unique_lock lock(device_mutex_, std::try_to_lock);
  const Job job = make_job(call, requests, lock.owns_lock());
  if (!lock) lock.lock();
  std::vector<Device*> on;
  for (const auto& device : devices_) on.push_back(device.get());
  const Hooks hooks{[this, call] { return context.cancelled(call); },
                    [this, call](uint64_t done, uint64_t total) { context.progress(call, done, total); }};
  const auto begin = std::chrono::steady_clock::now();
  if (!engine::run(job, on, *tokenizer_, schedule(), hooks, sink, retained_, speculation_))
    throw PluginError(SXT_CANCELLED, "cancelled");
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  // generations that end early compute less than was planned, so only scoring tells the speed
  if (took <= 1 || job.new_tokens > 0) return;
  double most = 0;  // of one device: the others waited for it
  for (const Share& share : job.shares)
    most = std::max(most, operations(*architecture_, engine::plan(job, share, on.front()->limits(), schedule())));
  operations_per_s_ = most / took;
}

}  // namespace sextant::engine
