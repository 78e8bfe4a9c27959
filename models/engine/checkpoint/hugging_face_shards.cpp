// A Hugging Face folder's weights in several files, and the index that says which tensor lies in which.
#include <algorithm>
#include <set>
#include <utility>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include "hugging_face.hpp"
#include "messages.hpp"
#include "text_file.hpp"

namespace sextant::engine {
namespace {

constexpr size_t index_bytes_max = size_t{64} << 20;  // the largest known, of 91,991 tensors, has 9 MiB

}  // namespace

// {"weight_map": {"<tensor>": "<shard>", ..}}: both ways round, what the index says must be so.
Result<void> HuggingFaceFolder::read_shards(const std::string& index) {
  SXT_TRY(const json::Document parsed, read_json_file(index, index_bytes_max));
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
      return refused(
          index, fmt::format("names the shard {}, which is not a name of a file in the folder; fetch it again", shown(shard)));
    if (!shard_of.emplace(tensor, shard).second)
      return refused(index, fmt::format("names tensor {} twice; fetch it again", shown(tensor)));
    shards.insert(shard);
  }
  std::vector<std::string> missing;
  for (const std::string_view name : shards)
    if (!has(name)) missing.push_back(shown(name) + absence(name));
  if (missing.size() == 1)
    return refused(path_, fmt::format("the shard {} is missing; fetch it ({} names {} shards)", missing[0], shard_index_name,
                                      shards.size()));
  if (!missing.empty()) {
    constexpr size_t most = 8;
    const size_t listed = std::min(missing.size(), most);
    return refused(path_, fmt::format("{} of the {} shards that {} names are missing: {}{}; fetch them", missing.size(),
                                      shards.size(), shard_index_name,
                                      fmt::join(missing.begin(), missing.begin() + static_cast<std::ptrdiff_t>(listed), ", "),
                                      missing.size() > listed ? ", .." : ""));
  }
  files_.reserve(shards.size());
  std::vector<std::pair<Tensor, std::string>> strays;  // tensors that lie where the index does not say, and where
  for (const std::string_view name : shards) {
    SXT_TRY(SafetensorsFile shard, SafetensorsFile::open(file(name)));
    for (const Tensor& tensor : files_.emplace_back(std::move(shard)).tensors()) {
      const auto named = shard_of.find(tensor.name);
      if (named == shard_of.end())
        return refused(file(name), fmt::format("holds tensor {}, which {} does not name; take both from one place",
                                               shown(tensor.name), shard_index_name));
      if (named->second == name) tensors_.push_back(tensor);
      else strays.emplace_back(tensor, name);
    }
  }
  SXT_CHECK(make_index());
  for (const auto& [tensor, name] : strays) {
    const std::string where(shard_of.at(tensor.name));
    const Tensor* right = find(tensor.name);
    if (!right)
      return refused(file(name), fmt::format("holds tensor {}, and {} says that it is in {}; take all files from one place",
                                             shown(tensor.name), shard_index_name, shown(where)));
    if (right->shape != tensor.shape || !same_bytes(tensor, *right))
      return refused(path_,
                     fmt::format("tensor {} is in two shards with other numbers, {} and {}; take all files from one place",
                                 shown(tensor.name), shown(where), shown(name)));
    warnings_.push_back(fmt::format("{}: tensor {} is in two shards, {} and {}, with the same numbers", path_,
                                    shown(tensor.name), shown(where), shown(name)));
  }
  for (const Tensor& tensor : tensors_) shard_of.erase(tensor.name);
  if (shard_of.empty()) return {};
  const auto& [tensor, shard] = *std::min_element(shard_of.begin(), shard_of.end());
  return refused(
      index, fmt::format("says that tensor {} is in {}, and it is not; take both from one place", shown(tensor), shown(shard)));
}

Result<void> HuggingFaceFolder::make_index() {
  index_.clear();
  for (size_t i = 0; i < tensors_.size(); ++i)
    if (!index_.emplace(tensors_[i].name, i).second)
      return refused(
          path_,
          fmt::format("two tensors are called {} without what a training framework puts before names; leave one of them out",
                      shown(tensors_[i].name)));
  return {};
}

}  // namespace sextant::engine
