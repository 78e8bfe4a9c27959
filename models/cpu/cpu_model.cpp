#include "cpu_model.hpp"
#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <fmt/format.h>
#include <openssl/evp.h>
#include "../engine/checkpoint/dequantize.hpp"
#include "../engine/schedule/items.hpp"
#include "../engine/tokenizer/gguf_tokenizer.hpp"
#include "isa.hpp"

namespace sextant::cpu {
namespace {

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw PluginError(SXT_IO, "chat_template: cannot read " + path + "; give auto, none or a .jinja file");
  return {std::istreambuf_iterator<char>(in), {}};
}

// What this backend cannot compute yet, in one sentence.
void check_supported(const engine::Architecture& a, const std::string& path) {
  const char* missing = a.activation != engine::Activation::silu ? "an activation other than SiLU"
                        : a.qkv_bias                             ? "biases of queries, keys and values"
                        : a.head_dim % 16 != 0                   ? "heads whose width is no multiple of 16"
                                                                 : nullptr;
  if (missing)
    throw PluginError(SXT_UNSUPPORTED, path + ": the model has " + missing + ", which the cpu backend does not support");
}

// Floating-point operations of all matrix products; the scores of attention are left out, they are few.
double operations(const engine::Architecture& a, const engine::Cost& cost) {
  const double q = double(a.heads) * a.head_dim, kv = double(a.kv_heads) * a.head_dim;
  const double row = 2.0 * a.layers * a.hidden * (2 * q + 2 * kv + 3.0 * a.feed_forward), head_row = 2.0 * a.hidden * a.vocab;
  return static_cast<double>(cost.rows) * row + static_cast<double>(cost.head_rows) * head_row;
}

std::string sha256_hex(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (!EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr))
    throw std::runtime_error("sha256 is not available in libcrypto");
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

}  // namespace

CpuModel::CpuModel(Context c) : Model(std::move(c)), config_(read_config(context)) {
  if (!config_.path.empty()) file_ = or_throw(engine::GgufFile::open(config_.path));
  load_vocabulary();
  if (config_.weights) load_weights();
}

void CpuModel::warn(std::string text) {
  context.log(SXT_LOG_WARNING, text);
  warnings_.push_back(std::move(text));
}

void CpuModel::load_vocabulary() {
  std::unique_ptr<engine::GgufFile> other;
  if (!config_.tokenizer_path.empty()) other = or_throw(engine::GgufFile::open(config_.tokenizer_path));
  if (other || file_) tokenizer_ = or_throw(engine::make_tokenizer(other ? *other : *file_));
  if (config_.chat_template == "none") return;
  const bool own = config_.chat_template == "auto";
  const engine::GgufFile* const holder = file_ ? file_.get() : other.get();  // there is one if the template is its own
  const auto source = own ? holder->text("tokenizer.chat_template") : std::optional(read_text(config_.chat_template));
  if (!source) return;
  const std::string& name = file_ ? config_.path : config_.tokenizer_path;
  auto parsed = engine::ChatTemplate::parse(*source, own ? "tokenizer.chat_template of " + name : config_.chat_template);
  if (parsed) chat_ = *std::move(parsed);
  else if (own) warn("the model's chat template cannot be used: " + parsed.error().message);  // scoring does not need it
  else throw PluginError(parsed.error());
}

const engine::Tokenizer& CpuModel::tokenizer() const {
  if (!tokenizer_) throw PluginError(SXT_UNSUPPORTED, "only a chat template was configured; set path or tokenizer_path to a .gguf file for its tokens");
  return *tokenizer_;
}

void CpuModel::load_weights() {
  const auto begin = std::chrono::steady_clock::now();
  architecture_ = or_throw(engine::read_architecture(*file_));
  check_supported(*architecture_, config_.path);
  if (tokenizer_->vocab_size() > architecture_->vocab)
    throw DataError(fmt::format("{}: the tokenizer has {} ids, the embedding {} rows; they do not belong together",
                                config_.path, engine::with_commas(tokenizer_->vocab_size()),
                                engine::with_commas(architecture_->vocab)));
  const uint32_t context_length = config_.max_seq_len ? config_.max_seq_len : architecture_->context;
  if (context_length > architecture_->context)
    warn(fmt::format("max_seq_len: {} tokens are more than the {} that {} was trained for", engine::with_commas(context_length),
                     engine::with_commas(architecture_->context), config_.path));
  kernels_ = or_throw(choose_kernels(config_.isa));
  const size_t memory = config_.memory ? config_.memory : available_memory() / 5 * 4;
  const auto planned = plan_memory(*architecture_, config_.threads, config_.batch_size, context_length, memory);
  if (!planned) throw PluginError(SXT_NO_MEMORY, config_.path + ": " + planned.error().message);
  plan_ = *planned;
  pool_ = std::make_unique<ThreadPool>(config_.threads);
  device_ = std::make_unique<CpuDevice>(*file_, *architecture_, plan_, *kernels_, *pool_, tokenizer_->end_of_generation());
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  context.log(
      SXT_LOG_INFO,
      fmt::format(
          "{}: weights {} MiB, buffers {} MiB, up to {} MiB of keys and values ({} tokens); {}, {} threads; loaded in {:.1f} s",
          config_.path, plan_.weights >> 20, plan_.buffers >> 20, (plan_.page * plan_.pages) >> 20,
          engine::with_commas(uint64_t{plan_.pages} * engine::page_tokens), kernels_->label, config_.threads, took));
}

CpuDevice& CpuModel::device() {
  if (!device_)
    throw PluginError(
        SXT_UNSUPPORTED,
        config_.path + ": the weights were not loaded (\"weights\": null); only tokens and chat prompts can be asked for");
  return *device_;
}

sxt_model_info CpuModel::info() {
  sxt_model_info info{};
  info.struct_size = sizeof info;
  if (tokenizer_) info.abilities |= SXT_MODEL_TOKENIZE;
  if (chat_) info.abilities |= SXT_MODEL_CHAT;
  if (device_) info.abilities |= SXT_MODEL_SCORE | SXT_MODEL_GENERATE;
  if (tokenizer_) info.vocab_size = tokenizer_->vocab_size();
  if (!device_) return info;
  info.context_length = plan_.context;
  const std::string sha256 = or_throw(file_->sha256());
  std::memcpy(info.weights_sha256, sha256.data(), std::min(sha256.size(), sizeof info.weights_sha256 - 1));
  return info;
}

std::vector<int32_t> CpuModel::tokenize(std::string_view text, uint32_t flags) {
  return tokenizer().encode(text, {(flags & SXT_REQUEST_ADD_SPECIAL) != 0, (flags & SXT_REQUEST_SPLIT_SPECIAL) != 0}).ids;
}

std::string CpuModel::detokenize(std::span<const int32_t> ids, uint32_t) {
  for (const int32_t id : ids)
    if (!tokenizer().piece(id))
      throw DataError(fmt::format("id {} is not in the vocabulary of {} ids", id, engine::with_commas(tokenizer_->vocab_size())));
  return engine::repair_utf8(tokenizer().decode(ids, false));
}

std::string CpuModel::render_chat(std::string_view conversation_json) {
  json::Document conversation = or_throw(json::parse(conversation_json, "conversation"));
  if (!conversation.IsObject()) throw DataError("a conversation is a JSON object with \"messages\"");
  const auto fill_in = [&](const char* key, std::optional<int32_t> id) {
    if (!json::find(conversation, key))
      json::set(conversation, key, id ? tokenizer_->piece(*id).value_or("") : "", conversation.GetAllocator());
  };
  if (tokenizer_) {
    fill_in("bos_token", tokenizer_->bos());
    fill_in("eos_token", tokenizer_->eos());
  }
  if (!chat_) {
    const std::string& name = file_ ? config_.path : config_.tokenizer_path;
    return R"({"error":)" + json::quote(name + " has no chat template that can be used; give one as chat_template") + "}";
  }
  const Result<std::string> text = chat_->render(conversation);
  return text ? R"({"text":)" + json::quote(*text) + "}" : R"({"error":)" + json::quote(text.error().message) + "}";
}

engine::Job CpuModel::make_job(std::span<const sxt_request> requests) {
  const auto for_each = [this](uint64_t n, const std::function<void(uint64_t)>& body) {
    pool_->run(static_cast<uint32_t>(n), [&](uint32_t i, uint32_t) { body(i); });
  };
  engine::Job job = engine::make_job(requests, *tokenizer_, plan_.context, config_.prefix_reuse, for_each,
                                     [this] { return context.cancelled(); });
  if (context.cancelled()) throw PluginError(SXT_CANCELLED, "cancelled");
  return job;
}

std::string CpuModel::plan(std::span<const sxt_request> requests) {
  const engine::DeviceLimits limits = device().limits();
  const engine::Job job = make_job(requests);
  const engine::Cost cost = engine::plan(job, limits, schedule());
  const size_t kv = plan_.page * cost.pages_peak;
  // the speed of an earlier run, else what such processors reach (measured on Zen 4 at 3.6 GHz, per thread)
  const std::string_view isa = kernels_->name;
  const double nominal = (isa == "avx512" ? 95e9 : isa == "avx2" ? 75e9 : 18e9) * config_.threads;
  const double seconds = operations(*architecture_, cost) / (operations_per_s_ > 0 ? operations_per_s_ : nominal);
  return fmt::format(R"({{"prompt_tokens":{},"computed_tokens":{},"kv_bytes":{},"peak_bytes":{},"seconds":{:.3f}}})",
                     job.prompt_tokens, job.computed_tokens, kv, plan_.weights + plan_.buffers + kv, seconds);
}

void CpuModel::run(std::span<const sxt_request> requests, const sxt_result_sink& sink) {
  CpuDevice& d = device();
  const engine::Job job = make_job(requests);
  const engine::Hooks hooks{[this] { return context.cancelled(); },
                            [this](uint64_t done, uint64_t total) { context.progress(done, total); }};
  const auto begin = std::chrono::steady_clock::now();
  if (!engine::run(job, d, *tokenizer_, schedule(), hooks, sink)) throw PluginError(SXT_CANCELLED, "cancelled");
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  // generations that end early compute less than was planned, so only scoring tells the speed
  if (took > 1 && job.new_tokens == 0)
    operations_per_s_ = operations(*architecture_, engine::plan(job, d.limits(), schedule())) / took;
}

std::string CpuModel::describe() {
  rapidjson::StringBuffer buffer;
  json::Writer w(buffer);
  const auto text = [&](const char* key, std::string_view value) {
    w.Key(key);
    w.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  const auto number = [&](const char* key, uint64_t value) { w.Key(key); w.Uint64(value); };
  const auto flag = [&](const char* key, bool value) { w.Key(key); w.Bool(value); };
  const auto token = [&](const char* key, std::optional<int32_t> id) {
    w.Key(key);
    if (id) w.String(tokenizer_->piece(*id).value_or(""));
    else w.Null();
    w.Key((std::string(key) + "_id").c_str());
    if (id) w.Int(*id);
    else w.Null();
  };
  w.StartObject();
  text("path", config_.path);
  uint64_t parameters = 0;
  std::map<std::string_view, uint64_t> types;
  for (size_t i = 0; file_ && i < file_->tensors().size(); ++i) {
    const engine::Tensor& t = file_->tensors()[i];
    uint64_t numbers = 1;
    for (const uint64_t n : t.shape) numbers *= n;
    parameters += numbers;
    ++types[engine::block_format(t.type).name];
  }
  text("family", file_ ? file_->text("general.architecture").value_or("") : "");
  number("parameters", parameters);
  w.Key("tensor_types");
  w.StartObject();
  for (const auto& [name, count] : types) number(std::string(name).c_str(), count);
  w.EndObject();
  if (architecture_) {
    const engine::Architecture& a = *architecture_;
    w.Key("architecture");
    w.StartObject();
    number("layers", a.layers), number("hidden", a.hidden), number("heads", a.heads), number("kv_heads", a.kv_heads);
    number("head_dim", a.head_dim), number("feed_forward", a.feed_forward), number("context", a.context);
    flag("tied_embeddings", a.tied_embeddings), flag("rope_interleaved", a.rope_interleaved),
        flag("rope_scaled", !a.rope_factors.empty());
    w.Key("rope_theta"), w.Double(a.rope_theta);
    w.EndObject();
    number("context_length", plan_.context);
    text("device", fmt::format("cpu, {}, {} thread{}", kernels_->label, config_.threads, config_.threads == 1 ? "" : "s"));
    text("compute", "f32");
    number("weights_bytes", plan_.weights), number("buffer_bytes", plan_.buffers),
        number("kv_bytes_max", plan_.page * plan_.pages);
    number("kv_bytes_per_token", plan_.page / engine::page_tokens);
  }
  if (tokenizer_) {
    number("vocab_size", tokenizer_->vocab_size());
    token("bos", tokenizer_->bos());
    token("eos", tokenizer_->eos());
    w.Key("end_of_generation");
    w.StartArray();
    for (const int32_t id : tokenizer_->end_of_generation()) {
      w.StartObject();
      number("id", static_cast<uint64_t>(id));
      text("piece", tokenizer_->piece(id).value_or(""));
      w.EndObject();
    }
    w.EndArray();
  }
  flag("add_bos", file_ && file_->boolean("tokenizer.ggml.add_bos_token").value_or(false));
  flag("has_chat_template", chat_.has_value());
  text("chat_template_sha256", chat_ ? sha256_hex(chat_->source()) : "");
  w.Key("warnings");
  w.StartArray();
  for (const std::string& line : warnings_) w.String(line);
  w.EndArray();
  w.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace sextant::cpu
