#include "hugging_face.hpp"
#include <algorithm>
#include <filesystem>
#include <set>
#include <fmt/format.h>
#include "messages.hpp"
#include "pickle.hpp"
#include "text_file.hpp"
#include "weights_hash.hpp"

namespace sextant::engine {
namespace {

namespace fs = std::filesystem;

constexpr size_t max_config_bytes = size_t{16} << 20;
constexpr size_t max_index_bytes = size_t{64} << 20;  // the largest known, of 91,991 tensors, has 9 MiB
constexpr size_t max_folder_entries = 100'000;
constexpr std::string_view weights_name = "model.safetensors", index_name = "model.safetensors.index.json";

// Files that change what a model is sent, when it ends, or what an embedding is made of; the tokenizer's files are named as
// transformers names them.
constexpr std::string_view hashed_names[] = {
    "added_tokens.json", "chat_template.jinja",     "chat_template.json", "config.json",     "generation_config.json",
    "merges.txt",        "modules.json",            "sentence_bert_config.json", "special_tokens_map.json", "tokenizer.json",
    "tokenizer.model",   "tokenizer_config.json",   "vocab.json",         "vocab.txt",
};

constexpr std::string_view pooling_name = "1_Pooling/config.json";

// Names of the regular files directly in the folder, sorted.
std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code failed;
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end && names.size() < max_folder_entries;
       it.increment(failed)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) names.push_back(it->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<std::string> first_with(const std::vector<std::string>& names, std::string_view suffix) {
  for (const std::string& name : names)
    if (name.ends_with(suffix)) return name;
  return std::nullopt;
}

}  // namespace

Result<std::unique_ptr<HuggingFaceFolder>> HuggingFaceFolder::open(const std::string& path) {
  std::unique_ptr<HuggingFaceFolder> folder(new HuggingFaceFolder);
  folder->path_ = path;
  while (folder->path_.size() > 1 && folder->path_.ends_with('/')) folder->path_.pop_back();
  std::error_code failed;
  if (!fs::is_directory(path, failed)) {
    return refused(
        path, fs::exists(path, failed)
                  ? "is a file, not a Hugging Face folder; name the folder it lies in, or give a .gguf file as --model-path"
                  : "there is no such folder; check the path (nothing is fetched)");
  }
  SXT_CHECK(folder->read_config());
  SXT_CHECK(folder->read_weights());
  for (size_t i = 0; i < folder->tensors_.size(); ++i) folder->index_.emplace(folder->tensors_[i].name, i);
  return folder;
}

Result<void> HuggingFaceFolder::read_config() {
  const std::string path = file("config.json");
  if (!has("config.json")) {
    const std::vector<std::string> names = files_in(path_);
    if (has("adapter_config.json"))
      return refused(path_,
                     "is a PEFT adapter, not a model; give it as --peft-path, and the model that it was made for as --hf-path");
    if (const auto gguf = first_with(names, ".gguf"))
      return refused(path_, fmt::format("has no config.json but holds a GGUF file; give --model-path {}", file(*gguf)));
    return refused(path_, names.empty() ? "the folder is empty; give one that transformers could load"
                                        : "there is no config.json in the folder; give one that transformers could load");
  }
  SXT_TRY(config_, read_json_file(path, max_config_bytes));
  if (!config_.IsObject()) return refused(path, "is no JSON object; fetch the model again");
  const json::Value* quantised = json::find(config_, "quantization_config");
  if (!quantised || quantised->IsNull()) return {};
  return refused(
      path,
      fmt::format("the weights are quantised by {}, and of Hugging Face folders only F32, F16 and BF16 can be read; take the "
                  "model before it was quantised, or a GGUF file of it",
                  shown(json::find_string(*quantised, "quant_method").value_or("an unnamed method"))));
}

Result<void> HuggingFaceFolder::read_weights() {
  if (has(weights_name)) {  // before the index, as transformers does
    SXT_TRY(SafetensorsFile weights, SafetensorsFile::open(file(weights_name)));
    tensors_ = weights.tensors();
    files_.push_back(std::move(weights));
  } else if (has(index_name)) {
    SXT_CHECK(read_shards(file(index_name)));
  } else {
    const std::vector<std::string> names = files_in(path_);
    for (const std::string_view suffix : {".bin", ".pt", ".pth"})
      if (const auto pickle = first_with(names, suffix)) return refuse_pickle(file(*pickle), path_);
    if (const auto shard = first_with(names, ".safetensors"))
      return refused(path_, fmt::format("holds {}, but neither {} nor {}; fetch the file that is missing", shown(*shard),
                                        weights_name, index_name));
    return refused(path_,
                   fmt::format("there are no weights in the folder; fetch {}, or {} and its shards", weights_name, index_name));
  }
  if (tensors_.empty()) return refused(path_, "the weights hold no tensor; fetch the model again");
  return {};
}

// {"weight_map": {"<tensor>": "<shard>", ..}}: both ways round, what the index says must be so.
Result<void> HuggingFaceFolder::read_shards(const std::string& index) {
  SXT_TRY(const json::Document parsed, read_json_file(index, max_index_bytes));
  const json::Value* map = json::find(parsed, "weight_map");
  if (!map || !map->IsObject() || map->ObjectEmpty())
    return refused(index, "has no \"weight_map\" of tensors and shards; fetch it again");
  std::unordered_map<std::string_view, std::string_view> shard_of;
  std::set<std::string_view> shards;
  for (const auto& member : map->GetObject()) {
    const std::string_view tensor = json::text(member.name);
    if (!member.value.IsString())
      return refused(index, fmt::format("tensor {} has no shard's name; fetch it again", shown(tensor)));
    const std::string_view shard = json::text(member.value);
    if (shard.empty() || shard.front() == '.' || shard.find_first_of(std::string_view("/\0", 2)) != shard.npos)
      return refused(index,
                     fmt::format("names the shard {}, which is no name of a file in the folder; fetch it again", shown(shard)));
    if (!shard_of.emplace(tensor, shard).second)
      return refused(index, fmt::format("names tensor {} twice; fetch it again", shown(tensor)));
    shards.insert(shard);
  }
  files_.reserve(shards.size());
  for (const std::string_view name : shards) {
    if (!has(name))
      return refused(
          path_, fmt::format("the shard {} is missing; fetch it ({} names {} shards)", shown(name), index_name, shards.size()));
    SXT_TRY(SafetensorsFile shard, SafetensorsFile::open(file(name)));
    for (const Tensor& tensor : files_.emplace_back(std::move(shard)).tensors()) {
      const auto named = shard_of.find(tensor.name);
      if (named == shard_of.end() || named->second != name)
        return refused(file(name), fmt::format("holds tensor {}, and {} does not say so; fetch both again", shown(tensor.name),
                                               index_name));
      shard_of.erase(named);
      tensors_.push_back(tensor);
    }
  }
  if (shard_of.empty()) return {};
  const auto& [tensor, shard] = *std::min_element(shard_of.begin(), shard_of.end());
  return refused(index,
                 fmt::format("says that tensor {} is in {}, and it is not; fetch both again", shown(tensor), shown(shard)));
}

Result<void> HuggingFaceFolder::merge_adapter(const std::string& folder) {
  SXT_TRY(adapter_, read_adapter(folder, *this));
  for (auto& [name, change] : adapter_.changes) tensors_[index_.at(name)].added = change;
  return {};
}

const Tensor* HuggingFaceFolder::find(std::string_view name) const {
  const auto it = index_.find(name);
  return it == index_.end() ? nullptr : &tensors_[it->second];
}

Result<std::string> HuggingFaceFolder::sha256() const {
  std::vector<const MappedFile*> mapped;
  for (const SafetensorsFile& weights : files_) mapped.push_back(&weights.file());
  for (const MappedFile& file : adapter_.files) mapped.push_back(&file);
  std::vector<MappedFile> small;
  for (const std::string& name : files_in(path_)) {
    if (!name.ends_with(".tiktoken") &&
        std::find(std::begin(hashed_names), std::end(hashed_names), name) == std::end(hashed_names))
      continue;
    auto opened = MappedFile::open(file(name));
    if (opened) small.push_back(*std::move(opened));  // an empty one says nothing, and is no file that can be mapped
  }
  if (has(pooling_name))
    if (auto opened = MappedFile::open(file(pooling_name))) small.push_back(*std::move(opened));
  for (const MappedFile& one : small) mapped.push_back(&one);
  return weights_sha256(mapped);
}

bool HuggingFaceFolder::has(std::string_view name) const {
  std::error_code failed;
  return fs::exists(file(name), failed);
}

}  // namespace sextant::engine
