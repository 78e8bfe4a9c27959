// Embeddings: of a decoder, and of an encoder, which can do nothing else.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <fmt/format.h>
#include <sextant/numbers.hpp>
#include "backend_model.hpp"

namespace sextant::engine {

AskedFor::AskedFor(std::span<const sxt_request* const> requests) {
  for (uint64_t i = 0; i < requests.size(); ++i) {
    const bool embedding = requests[i]->ask == SXT_ASK_EMBED;
    (embedding ? embeddings : others).push_back(requests[i]);
    (embedding ? embedding_numbers : other_numbers).push_back(i);
  }
}

EmbeddingRequest embedding_request(const sxt_request& request) {
  EmbeddingRequest out{.text = view(request.prefix)};
  if (request.prefix_ids.count > 0) out.ids = std::span(request.prefix_ids.data, request.prefix_ids.count);
  out.add_special = (request.flags & SXT_REQUEST_ADD_SPECIAL) != 0;
  out.split_special = (request.flags & SXT_REQUEST_SPLIT_SPECIAL) != 0;
  return out;
}

void BackendModel::load_sentence_settings() {
  const bool own = config_.pooling != "auto";
  if (checkpoint_->format() == CheckpointFormat::hugging_face) {
    const Result<SentenceSettings> read = read_sentence_settings(std::string(checkpoint_->path()), !own);
    if (!read && encoder_) throw PluginError(read.error());
    if (read) sentence_ = *read;
    else no_embeddings_ = read.error().message;  // a decoder can be evaluated all the same
  }
  if (own) sentence_.pooling = *pooling_named(config_.pooling), sentence_.from = "pooling";
  if (config_.normalise) sentence_.normalise = *config_.normalise;
  if (!tokenizer_) return;
  // what stands around nothing stands around a letter
  const std::vector<int32_t> nothing = tokenizer_->encode("", {true, false}).ids,
                             letter = tokenizer_->encode("a", {true, false}).ids;
  const auto before = std::mismatch(nothing.begin(), nothing.end(), letter.begin(), letter.end()).first - nothing.begin();
  surround_ = {static_cast<uint32_t>(before), static_cast<uint32_t>(nothing.size() - static_cast<size_t>(before))};
  if (sentence_.lower_case && tokenizer_->encode("Aa", {}).ids != tokenizer_->encode("aa", {}).ids)
    no_embeddings_ = fmt::format(
        "{}: sentence_bert_config.json asks for lower-cased texts, which the tokenizer does not make; lower-case them "
        "and set do_lower_case to false there",
        checkpoint_->path());
}

void BackendModel::load_encoder() {
  const auto begin = std::chrono::steady_clock::now();
  if (!no_embeddings_.empty()) throw PluginError(SXT_UNSUPPORTED, no_embeddings_);
  uint32_t tokens_max = std::min(encoder_->context, sentence_.tokens.value_or(encoder_->context));
  if (config_.max_seq_len) tokens_max = std::min(encoder_->context, config_.max_seq_len);  // rows of positions end there
  if (tokens_max <= surround_.before + surround_.after)
    throw PluginError(SXT_BAD_CONFIG, fmt::format("{}: texts of {} tokens, special ones included, have no room for a text",
                                                  config_.path, tokens_max));
  devices_.push_back(hardware_->make_encoder({*checkpoint_, *encoder_, config_, tokens_max}, report_));
  checkpoint_->let_go();
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  context.log(SXT_LOG_INFO, fmt::format("{}: an encoder; weights {} MiB, buffers {} MiB; {}; loaded in {:.1f} s", config_.path,
                                        report_.weights >> 20, report_.buffers >> 20, report_.label, took));
}

void BackendModel::refuse_encoder() const {
  if (!encoder_) return;
  throw PluginError(SXT_UNSUPPORTED,
                    fmt::format("{}: is an encoder ({}): it turns texts into embeddings and can neither score nor generate; "
                                "take a model that predicts tokens",
                                config_.path, encoder_->family));
}

EmbeddingText BackendModel::embedding_text(const EmbeddingRequest& request, uint64_t index) const {
  const DeviceLimits limits = devices_.front()->limits();
  EmbeddingText text;
  if (request.ids) text.tokens.assign(request.ids->begin(), request.ids->end());
  else text.tokens = tokenizer().encode(request.text, {request.add_special, request.split_special}).ids;
  const size_t most = std::min(limits.context, encoder_ ? limits.context : sentence_.tokens.value_or(limits.context));
  if (const size_t n = text.tokens.size(); n > most) {
    const size_t after = request.ids || !request.add_special ? 0 : surround_.after;
    text.tokens.erase(text.tokens.end() - static_cast<ptrdiff_t>(n - most + after),
                      text.tokens.end() - static_cast<ptrdiff_t>(after));
    text.truncated = static_cast<uint32_t>(n - most);
  }
  if (text.tokens.empty())
    text.wrong =
        fmt::format("request {} has no tokens, so that there is no state to make an embedding of; give it some text", index);
  for (const int32_t id : text.tokens)
    if (id < 0 || static_cast<uint32_t>(id) >= limits.vocab)
      text.wrong = fmt::format("request {}: id {} is not in the vocabulary of {} ids", index, id, with_commas(limits.vocab));
  return text;
}

std::vector<EmbeddingText> BackendModel::embedding_texts(uint64_t call, std::span<const EmbeddingRequest> requests,
                                                         bool on_device_threads) {
  if (devices().front()->limits().hidden == 0)
    throw PluginError(SXT_UNSUPPORTED, fmt::format("{}: the {} backend gives no embeddings; use --backend cpu", config_.path,
                                                   hardware_->name()));
  if (!no_embeddings_.empty()) throw PluginError(SXT_UNSUPPORTED, no_embeddings_);
  std::vector<EmbeddingText> texts(requests.size());
  const auto tokenise = [&](uint64_t i) {
    if (!context.cancelled(call)) texts[i] = embedding_text(requests[i], i);
  };
  if (on_device_threads) hardware_->for_each(requests.size(), tokenise);
  else
    for (uint64_t i = 0; i < requests.size(); ++i) tokenise(i);
  if (context.cancelled(call)) throw PluginError(SXT_CANCELLED, "cancelled");
  return texts;
}

uint64_t BackendModel::embedding_tokens(uint64_t call, std::span<const sxt_request* const> requests) {
  if (requests.empty()) return 0;
  std::vector<EmbeddingRequest> asked;
  for (const sxt_request* request : requests) asked.push_back(embedding_request(*request));
  uint64_t tokens = 0;
  for (const EmbeddingText& text : embedding_texts(call, asked, true)) tokens += text.tokens.size();
  return tokens;
}

void BackendModel::run_embeddings(uint64_t call, const AskedFor& asked, const sxt_result_sink& sink) {
  std::vector<EmbeddingRequest> requests;
  for (const sxt_request* request : asked.embeddings) requests.push_back(embedding_request(*request));
  embed(call, requests, [&](uint64_t i, const EmbeddingResult& from) {
    sxt_result result{};
    result.struct_size = sizeof result;
    result.status = from.status;
    result.message = borrow(from.message);
    result.prompt_tokens = from.prompt_tokens;
    result.computed_tokens = from.status == SXT_OK ? from.prompt_tokens : 0;
    result.truncated_tokens = from.truncated_tokens;
    if (from.status == SXT_OK) result.embedding = from.vector.data(), result.embedding_size = from.vector.size();
    sink.put(sink.ctx, asked.embedding_numbers[i], &result);
  });
}

void BackendModel::embed(uint64_t call, std::span<const EmbeddingRequest> requests, const EmbeddingResultSink& sink) {
  devices();  // throws where there is none
  std::unique_lock lock(device_mutex_, std::try_to_lock);
  const std::vector<EmbeddingText> texts = embedding_texts(call, requests, lock.owns_lock());
  std::vector<EmbeddingItem> items;
  std::vector<uint64_t> request_of;  // [items]
  const auto result_of = [&](uint64_t i) {
    EmbeddingResult result;
    result.prompt_tokens = static_cast<uint32_t>(texts[i].tokens.size());
    result.truncated_tokens = texts[i].truncated;
    return result;
  };
  const auto fail = [&](uint64_t i, std::string message) {
    EmbeddingResult result = result_of(i);
    result.status = SXT_BAD_DATA;
    result.message = std::move(message);
    sink(i, result);
  };
  for (uint64_t i = 0; i < texts.size(); ++i) {
    if (!texts[i].wrong.empty()) {
      fail(i, texts[i].wrong);
      continue;
    }
    const auto tokens = static_cast<uint32_t>(texts[i].tokens.size());
    items.push_back({texts[i].tokens, architecture_ ? rope_length(*architecture_, tokens) : 0});
    request_of.push_back(i);
  }
  if (!lock) lock.lock();
  std::vector<Device*> on;
  for (const auto& device : devices_) on.push_back(device.get());
  const Hooks hooks{[this, call] { return context.cancelled(call); },
                    [this, call](uint64_t done, uint64_t total) { context.progress(call, done, total); }};
  const auto deliver = [&](uint32_t item, std::span<const float> vector) {
    const uint64_t i = request_of[item];
    if (!std::all_of(vector.begin(), vector.end(), [](float x) { return std::isfinite(x); }))
      return fail(
          i, fmt::format(
                 "request {}: the model's numbers are not finite; its file is damaged, or it needs another compute type", i));
    EmbeddingResult result = result_of(i);
    result.vector = vector;
    sink(i, result);
  };
  if (!engine::embed(items, sentence_.pooling, sentence_.normalise, on, schedule(), hooks, deliver))
    throw PluginError(SXT_CANCELLED, "cancelled");
}

}  // namespace sextant::engine
