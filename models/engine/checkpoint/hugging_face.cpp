#include "hugging_face.hpp"
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include "messages.hpp"
#include "pickle.hpp"
#include "text_file.hpp"
#include "weights_hash.hpp"
#include "wrapped_names.hpp"

namespace sextant::engine {
namespace {

namespace fs = std::filesystem;

constexpr size_t max_config_bytes = size_t{16} << 20;
constexpr size_t max_folder_entries = 100'000;
constexpr std::string_view weights_name = "model.safetensors", index_name = shard_index_name;

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

std::vector<std::string> folders_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code failed, ignored;
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end && names.size() < max_folder_entries;
       it.increment(failed))
    if (it->is_directory(ignored)) names.push_back(it->path().filename().string());
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
  for (Tensor& tensor : folder->tensors_) tensor.name = unwrapped(tensor.name);
  SXT_CHECK(folder->make_index());
  folder->warn_of_others();
  return folder;
}

Result<void> HuggingFaceFolder::read_config() {
  const std::string path = file("config.json");
  if (!has("config.json")) {
    if (const std::string gone = absence("config.json"); !gone.empty())
      return refused(path_, "config.json is missing" + gone + "; fetch the model again");
    const std::vector<std::string> names = files_in(path_);
    if (has("adapter_config.json"))
      return refused(path_,
                     "is a PEFT adapter, not a model; give it as --peft-path, and the model that it was made for as --hf-path");
    if (const auto gguf = first_with(names, ".gguf"))
      return refused(path_, fmt::format("has no config.json but holds a GGUF file; give --model-path {}", file(*gguf)));
    const std::vector<std::string> folders = folders_in(path_);
    if (const auto below =
            std::find_if(folders.begin(), folders.end(), [&](const std::string& name) { return has(name + "/config.json"); });
        names.empty() && below != folders.end())
      return refused(path_, fmt::format("holds no model but folders, and {} is one; name it", file(*below)));
    if (!names.empty()) return refused(path_, "there is no config.json in the folder; give one that transformers could load");
    return refused(path_, folders.empty()
                              ? "the folder is empty; give one that transformers could load"
                              : "there are folders and no files in the folder; give one that transformers could load");
  }
  SXT_TRY(config_, read_json_file(path, max_config_bytes));
  if (!config_.IsObject()) return refused(path, "is not a JSON object; fetch the model again");
  const json::Value* quantised = json::find(config_, "quantization_config");
  if (!quantised || quantised->IsNull()) return {};
  return refused(
      path,
      fmt::format("the weights are quantised by {}, and of Hugging Face folders only F32, F16 and BF16 can be read; take the "
                  "model before it was quantised, or a GGUF file of it",
                  shown(json::find_string(*quantised, "quant_method").value_or("an unnamed method"))));
}

Result<void> HuggingFaceFolder::read_weights() {
  for (const std::string_view name : {weights_name, index_name})
    if (const std::string gone = absence(name); !gone.empty())
      return refused(path_, fmt::format("{} is missing{}; fetch the model again", name, gone));
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

// A file that is missing, or a link to nothing: in a cache that is what a download leaves that was broken off.
std::string HuggingFaceFolder::absence(std::string_view name) const {
  std::error_code failed;
  if (has(name) || !fs::is_symlink(file(name), failed)) return "";
  return fmt::format(" (a link to {}, which is missing)", fs::read_symlink(file(name), failed).string());
}

// Further weights, which are not read.
void HuggingFaceFolder::warn_of_others() {
  if (files_.size() == 1 && has(weights_name) && has(index_name)) {
    warnings_.push_back(
        fmt::format("{}: holds {} and {}; the first is read, and the shards are not", path_, weights_name, index_name));
    return;
  }
  std::vector<std::string> others;
  for (const std::string& name : files_in(path_)) {
    const auto is_read = [&](const SafetensorsFile& read) { return read.file().path() == file(name); };
    if (name.starts_with("model-") && name.ends_with(".safetensors") && std::none_of(files_.begin(), files_.end(), is_read))
      others.push_back(shown(name));
  }
  if (!others.empty())
    warnings_.push_back(fmt::format("{}: holds {}{}, {} and nothing is read of", path_, others[0],
                                    others.size() > 1 ? fmt::format(" and {} more", others.size() - 1) : "",
                                    has(weights_name) ? fmt::format("which stand beside {}", weights_name)
                                                      : fmt::format("which {} does not name", index_name)));
}

std::vector<std::string> HuggingFaceFolder::warnings() const {
  std::vector<std::string> all = warnings_;
  if (adapter_.files.empty() && has("adapter_config.json"))
    all.push_back(fmt::format(
        "{}: holds an adapter (adapter_config.json) besides the model, and it is not merged; give --peft-path {} for that",
        path_, path_));
  all.insert(all.end(), adapter_.warnings.begin(), adapter_.warnings.end());
  return all;
}

Result<void> HuggingFaceFolder::merge_adapter(const std::string& folder) {
  SXT_TRY(adapter_, read_adapter(folder, *this));
  for (const Tensor& whole : adapter_.whole) {
    if (const auto old = index_.find(whole.name); old != index_.end()) tensors_[old->second] = whole;
    else tensors_.push_back(whole);
    SXT_CHECK(make_index());
  }
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
    if (opened) small.push_back(*std::move(opened));  // an empty one says nothing, and is not a file that can be mapped
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
