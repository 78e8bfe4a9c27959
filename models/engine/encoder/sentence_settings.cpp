#include "sentence_settings.hpp"
#include <filesystem>
#include <vector>
#include <fmt/format.h>
#include "../checkpoint/messages.hpp"
#include "../checkpoint/text_file.hpp"

namespace sextant::engine {
namespace {

constexpr size_t file_bytes_max = 1 << 20;

bool has(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// The class, without the module that it is in, which differs between versions.
std::string_view last_name(std::string_view type) { return type.substr(type.rfind('.') + 1); }

// "pooling_mode": "mean", or ["mean"]; until version 5 one flag for each mode.
Result<Pooling> read_pooling(const std::string& file) {
  SXT_TRY(const json::Document config, read_json_file(file, file_bytes_max));
  std::vector<std::string> modes;
  if (const json::Value* mode = json::find(config, "pooling_mode")) {
    if (mode->IsString()) modes.emplace_back(json::text(*mode));
    if (mode->IsArray())
      for (const auto& one : mode->GetArray()) modes.emplace_back(one.IsString() ? json::text(one) : "");
  } else {
    constexpr std::pair<const char*, const char*> flags[] = {{"pooling_mode_cls_token", "cls"},
                                                             {"pooling_mode_max_tokens", "max"},
                                                             {"pooling_mode_mean_tokens", "mean"},
                                                             {"pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"},
                                                             {"pooling_mode_weightedmean_tokens", "weightedmean"},
                                                             {"pooling_mode_lasttoken", "lasttoken"}};
    for (const auto& [flag, name] : flags)
      if (json::find_bool(config, flag).value_or(false)) modes.emplace_back(name);
    if (modes.empty()) modes.emplace_back("mean");
  }
  std::string asked;
  for (const std::string& mode : modes) asked += (asked.empty() ? "" : " and ") + mode;
  const auto pooling = asked == "lasttoken" ? Pooling::last : pooling_named(asked);
  if (pooling && asked != "last") return *pooling;
  return refused(
      file, fmt::format(
                "asks for the pooling {}, and mean, cls and lasttoken are computed, one at a time; set pooling to one of them, "
                "if that will do",
                shown(asked)));
}

Result<void> read_modules(const std::string& folder, SentenceSettings& settings) {
  const std::string file = folder + "/modules.json";
  SXT_TRY(const json::Document modules, read_json_file(file, file_bytes_max));
  if (!modules.IsArray()) return refused(file, "is not a list of modules; fetch it again");
  for (const auto& module : modules.GetArray()) {
    const std::string type = json::find_string(module, "type").value_or(""),
                      path = json::find_string(module, "path").value_or("");
    const std::string_view name = last_name(type);
    if (path.find("..") != path.npos || path.starts_with('/'))
      return refused(file, fmt::format("the path {} leaves the folder", shown(path)));
    if (name == "Transformer") {
      if (!path.empty())
        return refused(file, fmt::format("says that the model lies in the folder {}; give {}/{}", shown(path), folder, path));
    } else if (name == "Pooling") {
      settings.from = folder + "/" + path + "/config.json";
      SXT_TRY(settings.pooling, read_pooling(settings.from));
    } else if (name == "Normalize") {
      settings.normalise = true;
    } else if (name != "Dropout") {  // which does nothing but in training
      return refused(
          file,
          fmt::format("has the module {}, which is not computed here; Transformer, Pooling and Normalize are. Set pooling to "
                      "leave modules.json aside, if that will do",
                      shown(type)));
    }
  }
  return {};
}

Result<void> read_length(const std::string& file, SentenceSettings& settings) {
  SXT_TRY(const json::Document config, read_json_file(file, file_bytes_max));
  settings.lower_case = json::find_bool(config, "do_lower_case").value_or(false);
  const json::Value* tokens = json::find(config, "max_seq_length");
  if (!tokens || tokens->IsNull()) return {};
  if (!tokens->IsUint() || tokens->GetUint() == 0)
    return refused(file, "\"max_seq_length\" is not a number of tokens; fetch it again");
  settings.tokens = tokens->GetUint();
  return {};
}

}  // namespace

Result<SentenceSettings> read_sentence_settings(const std::string& folder, bool modules) {
  SentenceSettings settings;
  const bool is_sentence_folder = has(folder + "/modules.json");
  if (modules && is_sentence_folder) SXT_CHECK(read_modules(folder, settings));
  for (const char* name : {"sentence_bert_config.json", "sentence_roberta_config.json", "sentence_xlm-roberta_config.json"})
    if (const std::string file = fmt::format("{}/{}", folder, name); has(file)) {
      SXT_CHECK(read_length(file, settings));
      break;
    }
  const std::string tokenizer = folder + "/tokenizer_config.json";
  if (settings.tokens || !is_sentence_folder || !has(tokenizer)) return settings;
  SXT_TRY(const json::Document config, read_json_file(tokenizer, size_t{64} << 20));
  // tokenizers without a limit have an absurd one
  if (const auto tokens = json::find_number(config, "model_max_length"); tokens && *tokens >= 1 && *tokens < 1e9)
    settings.tokens = static_cast<uint32_t>(*tokens);
  return settings;
}

}  // namespace sextant::engine
