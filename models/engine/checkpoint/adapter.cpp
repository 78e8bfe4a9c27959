#include "adapter.hpp"
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include "adapter_merge.hpp"
#include "messages.hpp"
#include "pickle.hpp"
#include "safetensors.hpp"
#include "text_file.hpp"

namespace sextant::engine {
namespace {

namespace fs = std::filesystem;

constexpr size_t tokenizer_file_bytes_max = size_t{64} << 20;

Error no_adapter(const std::string& folder) {
  std::error_code failed;
  std::vector<std::string> below;
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed))
    if (std::error_code ignored; fs::exists(it->path() / "adapter_config.json", ignored)) below.push_back(it->path().string());
  std::sort(below.begin(), below.end());
  if (failed) return refused(folder, fmt::format("the folder cannot be read ({}); check its permissions", failed.message()));
  if (!below.empty())
    return refused(folder, fmt::format("holds no adapter_config.json, but {} below does; name {}",
                                       below.size() == 1 ? "a folder" : fmt::format("{} folders", below.size()),
                                       fmt::join(below, " or ")));
  return refused(folder, "holds no adapter_config.json, so it is not a PEFT adapter; name the folder of one as --peft-path");
}

}  // namespace

Result<Adapter> read_adapter(const std::string& folder, const Checkpoint& model) {
  std::error_code failed;
  const std::string config_path = folder + "/adapter_config.json", path = folder + "/adapter_model.safetensors";
  if (!fs::is_directory(folder, failed))
    return refused(folder, "is not a folder; name the one that holds adapter_config.json as --peft-path");
  if (!fs::exists(config_path, failed)) return no_adapter(folder);
  SXT_TRY(const AdapterConfig config, AdapterConfig::read(config_path));
  if (!fs::exists(path, failed)) {
    if (fs::exists(folder + "/adapter_model.bin", failed)) return refuse_pickle(folder + "/adapter_model.bin", folder);
    return refused(folder, "holds no adapter_model.safetensors; fetch it");
  }
  SXT_TRY(SafetensorsFile weights, SafetensorsFile::open(path));
  SXT_TRY(const AdapterTensors tensors, sort_adapter_tensors(weights, path));
  if (tensors.modules.empty() && tensors.whole.empty()) return refused(path, "holds no tensor; save the adapter again");
  Adapter adapter;
  SXT_CHECK(merge_adapter(tensors, config, model, path, adapter));
  for (const std::string& warning : config.warnings()) adapter.warnings.push_back(fmt::format("{}: {}", config_path, warning));
  SXT_TRY(MappedFile config_file, MappedFile::open(config_path));
  adapter.files.push_back(std::move(config_file));
  adapter.files.push_back(std::move(weights).take_file());
  return adapter;
}

std::optional<std::string> tokenizer_beside_adapter(const std::string& folder, const std::string& model) {
  std::vector<std::string_view> differ;
  for (const std::string_view name : {"tokenizer.json", "tokenizer.model", "vocab.json", "merges.txt", "vocab.txt",
                                      "added_tokens.json", "chat_template.jinja", "tokenizer_config.json"}) {
    const auto own = read_text_file(fmt::format("{}/{}", folder, name), tokenizer_file_bytes_max),
               base = read_text_file(fmt::format("{}/{}", model, name), tokenizer_file_bytes_max);
    if (own && (!base || *own != *base)) differ.push_back(name);
  }
  if (differ.empty()) return std::nullopt;
  return fmt::format(
      "{}: holds {} besides the adapter, different from the model's, and {} not read; give --tokenizer-path {} for the "
      "adapter's "
      "tokens, and --chat-template for its chats",
      folder, fmt::join(differ, ", "), differ.size() == 1 ? "it is" : "they are", folder);
}

}  // namespace sextant::engine
