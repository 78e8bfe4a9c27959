#include "generation_settings.hpp"
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sextant/message_text.hpp>
#include "../checkpoint/gguf.hpp"
#include "../checkpoint/known_keys.hpp"
#include "../checkpoint/text_file.hpp"

namespace sextant::engine {
namespace {

namespace fs = std::filesystem;

constexpr size_t file_bytes_max = 16 << 20;

enum class Kind : uint8_t { flag, number, whole, ids, texts };
struct Followed { std::string_view key; Kind kind; };
constexpr Followed followed[] = {
    {"do_sample", Kind::flag}, {"temperature", Kind::number}, {"top_p", Kind::number}, {"top_k", Kind::whole},
    {"min_p", Kind::number}, {"repetition_penalty", Kind::number}, {"presence_penalty", Kind::number},
    {"frequency_penalty", Kind::number}, {"no_repeat_ngram_size", Kind::whole}, {"suppress_tokens", Kind::ids},
    {"begin_suppress_tokens", Kind::ids}, {"stop_strings", Kind::texts}, {"min_new_tokens", Kind::whole},
    {"max_new_tokens", Kind::whole}, {"max_length", Kind::whole},
};

// What is not done, and the value with which it would change nothing; NAN: null and false only.
struct NotFollowed { std::string_view key; double neutral; };
constexpr NotFollowed not_followed[] = {
    {"num_beams", 1},
    {"num_beam_groups", 1},
    {"diversity_penalty", 0},
    {"typical_p", 1},
    {"top_h", NAN},
    {"epsilon_cutoff", 0},
    {"eta_cutoff", 0},
    {"encoder_repetition_penalty", 1},
    {"encoder_no_repeat_ngram_size", 0},
    {"min_length", 0},
    {"forced_bos_token_id", NAN},
    {"forced_eos_token_id", NAN},
    {"guidance_scale", 1},
    {"penalty_alpha", 0},
    {"sequence_bias", NAN},
    {"exponential_decay_length_penalty", NAN},
    {"watermarking_config", NAN},
    {"constraints", NAN},
    {"force_words_ids", NAN},
    {"token_healing", NAN},
    {"num_return_sequences", 1},
    {"max_time", NAN},
    {"dola_layers", NAN},
};

// How something is computed or handed back, special tokens (special_tokens.cpp reads those that count), and what matters to
// beams only.
constexpr std::string_view without_effect[] = {
    "_commit_hash",
    "_from_model_config",
    "assistant_confidence_threshold",
    "assistant_early_exit",
    "assistant_ensemble_weight",
    "assistant_lookbehind",
    "bos_token_id",
    "cache_config",
    "cache_implementation",
    "chat_format",
    "compile_config",
    "continuous_batching_config",
    "decoder_start_token_id",
    "disable_compile",
    "early_stopping",
    "eos_token_id",
    "is_assistant",
    "length_penalty",
    "low_memory",
    "max_matching_ngram_size",
    "max_window_size",
    "num_assistant_tokens",
    "num_assistant_tokens_schedule",
    "output_attentions",
    "output_hidden_states",
    "output_logits",
    "output_scores",
    "pad_token_id",
    "prefill_chunk_size",
    "prompt_lookup_num_tokens",
    "remove_invalid_values",
    "renormalize_logits",
    "return_dict_in_generate",
    "speculation_type",
    "target_lookbehind",
    "transformers_version",
    "trust_remote_code",
    "use_cache",
    "user_token_id",
    "assistant_token_id",
};

bool is_neutral(const json::Value& value, double neutral) {
  return value.IsNull() || value.IsFalse() || (value.IsArray() && value.Empty()) ||
         (value.IsNumber() && value.GetDouble() == neutral);
}

bool is_right(const json::Value& value, Kind kind) {
  const auto all = [&](auto&& right) { return std::all_of(value.Begin(), value.End(), right); };
  switch (kind) {
    case Kind::flag: return value.IsBool();
    case Kind::number: return value.IsNumber() && std::isfinite(value.GetDouble());
    case Kind::whole:
      return value.IsNumber() && value.GetDouble() >= 0 && value.GetDouble() <= UINT32_MAX &&
             value.GetDouble() == std::floor(value.GetDouble());
    case Kind::ids: return value.IsArray() && all([](const json::Value& id) { return id.IsInt(); });
    case Kind::texts:
      return value.IsString() || (value.IsArray() && all([](const json::Value& text) { return text.IsString(); }));
  }
  return false;
}

std::string shown(std::string_view key, const json::Value& value) {
  return fmt::format("{} {}", key, shorten(json::write(value), 60));
}

class Reader {
 public:
  Reader(std::string from, const std::vector<int32_t>& end, uint32_t vocab) : from_(std::move(from)), end_(end), vocab_(vocab) {
    out_.settings.SetObject();
  }

  // `whole`: the file holds nothing else, so that a key that is not known is told.
  GenerationSettings read(const json::Value& file, bool whole) {
    for (const auto& member : file.GetObject()) {
      const std::string_view key = json::text(member.name);
      if (const auto* one =
              std::find_if(std::begin(followed), std::end(followed), [&](const Followed& f) { return f.key == key; });
          one != std::end(followed)) {
        follow(*one, member.value);
      } else if (key == "bad_words_ids") {
        bad_words(member.value);
      } else if (const auto* other = std::find_if(std::begin(not_followed), std::end(not_followed),
                                                  [&](const NotFollowed& n) { return n.key == key; });
                 other != std::end(not_followed)) {
        if (!is_neutral(member.value, other->neutral)) ignored_.push_back(shown(key, member.value));
      } else if (whole && !member.value.IsNull() && !is_one_of(without_effect, key)) {
        unknown_.push_back(shown(key, member.value));
      }
    }
    suppress();
    if (!ignored_.empty())
      out_.warnings.push_back(fmt::format("{} asks for {}, which is not followed", from_, fmt::join(ignored_, ", ")));
    if (!unknown_.empty())
      out_.warnings.push_back(
          fmt::format("{} has {}, which nothing is known of and nothing is done with", from_, fmt::join(unknown_, ", ")));
    if (!out_.settings.ObjectEmpty()) json::set(out_.settings, "from", from_, allocator());
    return std::move(out_);
  }

 private:
  json::Document::AllocatorType& allocator() { return out_.settings.GetAllocator(); }

  void follow(const Followed& one, const json::Value& value) {
    if (value.IsNull()) return;
    if (!is_right(value, one.kind)) {
      out_.warnings.push_back(
          fmt::format("{}: {} is not what such a setting can be; it is not followed", from_, shown(one.key, value)));
    } else if (one.key == "suppress_tokens") {
      for (const auto& id : value.GetArray()) never_.push_back(id.GetInt());
    } else if (one.key == "begin_suppress_tokens") {
      std::vector<int32_t> ids;
      for (const auto& id : value.GetArray()) ids.push_back(id.GetInt());
      set_ids("begin_suppress_tokens", ids);
    } else if (one.key == "stop_strings") {
      json::Value list(rapidjson::kArrayType);
      if (value.IsString()) list.PushBack(json::Value(value, allocator()), allocator());
      else list.CopyFrom(value, allocator());
      if (!list.Empty()) json::set(out_.settings, one.key, std::move(list), allocator());
    } else {
      json::set(out_.settings, one.key, json::Value(value, allocator()), allocator());
    }
  }

  // A word of one token is never said; what ends a generation is left out, as transformers does.
  void bad_words(const json::Value& value) {
    if (is_neutral(value, NAN)) return;
    bool longer = false;
    for (rapidjson::SizeType i = 0; value.IsArray() && i < value.Size(); ++i) {
      const json::Value& word = value[i];
      if (!word.IsArray() || word.Size() != 1 || !word[0].IsInt()) longer = true;
      else if (std::find(end_.begin(), end_.end(), word[0].GetInt()) == end_.end()) never_.push_back(word[0].GetInt());
    }
    if (longer || !value.IsArray()) ignored_.push_back(shown("bad_words_ids", value));
  }

  void suppress() { set_ids("suppress_tokens", never_); }

  void set_ids(std::string_view key, std::vector<int32_t> ids) {
    std::erase_if(ids, [](int32_t id) { return id < 0; });  // -1 stands for none
    const auto beyond = [&](int32_t id) { return static_cast<uint32_t>(id) >= vocab_; };
    if (const auto it = std::find_if(ids.begin(), ids.end(), beyond); it != ids.end())
      out_.warnings.push_back(
          fmt::format("{}: {} names the id {}, and the vocabulary has {}; is it another model's?", from_, key, *it, vocab_));
    std::erase_if(ids, beyond);
    if (ids.empty()) return;
    json::Value list(rapidjson::kArrayType);
    for (const int32_t id : ids) list.PushBack(id, allocator());
    json::set(out_.settings, key, std::move(list), allocator());
  }

  const std::string from_;
  const std::vector<int32_t>& end_;
  const uint32_t vocab_;
  GenerationSettings out_;
  std::vector<int32_t> never_;
  std::vector<std::string> ignored_, unknown_;
};

}  // namespace

// llama.cpp's settings have other meanings (a penalty looks at the last tokens only, an order of samplers), so none is taken
// over.
GenerationSettings read_generation_settings(const GgufFile& file) {
  constexpr std::string_view prefix = "general.sampling.";
  GenerationSettings out;
  out.settings.SetObject();
  std::vector<std::string> asked;
  for (const auto& member : file.metadata().GetObject())
    if (json::text(member.name).starts_with(prefix)) asked.push_back(shown(json::text(member.name), member.value));
  if (!asked.empty())
    out.warnings.push_back(
        fmt::format("{} asks for {}, which is not followed: the likeliest token is taken; give --generation-kwargs to draw",
                    fs::path(file.path()).filename().string(), fmt::join(asked, ", ")));
  return out;
}

Result<GenerationSettings> read_generation_settings(const std::string& path, const std::vector<int32_t>& end, uint32_t vocab) {
  std::error_code ignored;
  GenerationSettings none;
  none.settings.SetObject();
  if (!fs::is_directory(path, ignored)) {
    if (!GgufFile::is_one(path)) return none;
    SXT_TRY(const auto file, GgufFile::open(path));
    return read_generation_settings(*file);
  }
  for (const char* name : {"generation_config.json", "config.json"}) {
    const fs::path file = fs::path(path) / name;
    if (!fs::exists(file, ignored)) continue;
    SXT_TRY(const json::Document document, read_json_file(file.string(), file_bytes_max));
    if (!document.IsObject()) return none;
    return Reader(name, end, vocab).read(document, std::string_view(name) == "generation_config.json");
  }
  return none;
}

}  // namespace sextant::engine
