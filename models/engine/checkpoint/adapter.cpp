#include "adapter.hpp"
#include <filesystem>
#include <map>
#include <fmt/format.h>
#include "adapter_config.hpp"
#include "dequantize.hpp"
#include "messages.hpp"
#include "pickle.hpp"
#include "safetensors.hpp"

namespace sextant::engine {
namespace {

namespace fs = std::filesystem;

struct Pair {
  const Tensor* a = nullptr;  // [rank, columns of the weight]
  const Tensor* b = nullptr;  // [rows of the weight, rank]
};

// "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight" is half of what is added to
// "model.layers.0.self_attn.q_proj.weight".
Result<std::map<std::string, Pair>> pairs_of(const SafetensorsFile& weights, const std::string& path) {
  constexpr std::string_view prefix = "base_model.model.", a_suffix = ".lora_A.weight", b_suffix = ".lora_B.weight";
  std::map<std::string, Pair> pairs;
  for (const Tensor& tensor : weights.tensors()) {
    const std::string_view name = tensor.name;
    const bool a = name.ends_with(a_suffix), b = name.ends_with(b_suffix);
    if (!name.starts_with(prefix) || (!a && !b))
      return refused(
          path,
          fmt::format("tensor {} is no lora_A or lora_B of a module; merge the adapter with peft and give the merged model",
                      shown(name)));
    const std::string_view module = name.substr(prefix.size(), name.size() - prefix.size() - (a ? a_suffix : b_suffix).size());
    Pair& pair = pairs[std::string(module)];
    (a ? pair.a : pair.b) = &tensor;
  }
  return pairs;
}

std::vector<float> numbers_of(const Tensor& tensor) {
  std::vector<float> numbers(tensor.bytes.size() / block_format(tensor.type).bytes);
  dequantize(tensor.type, tensor.bytes.data(), numbers.data(), numbers.size());
  return numbers;
}

Result<LowRank> change_of(const std::string& module, const Pair& pair, const AdapterConfig& config, const Checkpoint& model,
                          const std::string& path) {
  const Tensor& half = pair.a ? *pair.a : *pair.b;
  if (!pair.a || !pair.b)
    return refused(
        path, fmt::format("tensor {} has no lora_{} beside it; fetch the adapter again", shown(half.name), pair.a ? 'B' : 'A'));
  const Tensor* weight = model.find(module + ".weight");
  if (!weight || weight->shape.size() != 2)
    return refused(
        path, fmt::format("tensor {} belongs to {}, and {} has no such matrix; give the model that the adapter was made for",
                          shown(half.name), shown(module + ".weight"), model.path()));
  SXT_TRY(const bool targeted, config.targets(module));
  if (!targeted)
    return refused(
        path,
        fmt::format(
            "tensor {} belongs to a module that \"target_modules\" of adapter_config.json does not name; fetch both again",
            shown(half.name)));
  SXT_TRY(const uint64_t rank, config.rank(module));
  const auto check = [&](const Tensor& tensor, uint64_t rows, uint64_t columns) -> Result<void> {
    if (tensor.shape == std::vector<uint64_t>{rows, columns}) return {};
    return refused(
        path,
        fmt::format("tensor {} must have shape [{}, {}] (the rank is {}, the weight [{}, {}]); give the model that the adapter "
                    "was made for",
                    shown(tensor.name), rows, columns, rank, weight->rows(), weight->columns()));
  };
  if (rank == 0)
    return refused(path,
                   fmt::format("adapter_config.json gives module {} no rank of 1 or more; fetch both again", shown(module)));
  SXT_CHECK(check(*pair.a, rank, weight->columns()));
  SXT_CHECK(check(*pair.b, weight->rows(), rank));
  SXT_TRY(const double scale, config.scale(module, rank));
  LowRank change{rank, static_cast<float>(scale), numbers_of(*pair.a), numbers_of(*pair.b)};
  return change;
}

}  // namespace

Result<Adapter> read_adapter(const std::string& folder, const Checkpoint& model) {
  std::error_code failed;
  const std::string config_path = folder + "/adapter_config.json", path = folder + "/adapter_model.safetensors";
  if (!fs::is_directory(folder, failed))
    return refused(folder, "is no folder; name the one that holds adapter_config.json as --peft-path");
  if (!fs::exists(config_path, failed))
    return refused(folder, "holds no adapter_config.json, so it is no PEFT adapter; name the folder of one as --peft-path");
  SXT_TRY(const AdapterConfig config, AdapterConfig::read(config_path));
  if (!fs::exists(path, failed)) {
    if (fs::exists(folder + "/adapter_model.bin", failed)) return refuse_pickle(folder + "/adapter_model.bin", folder);
    return refused(folder, "holds no adapter_model.safetensors; fetch it");
  }
  SXT_TRY(SafetensorsFile weights, SafetensorsFile::open(path));
  SXT_TRY(const auto pairs, pairs_of(weights, path));
  if (pairs.empty()) return refused(path, "holds no tensor; fetch the adapter again");
  Adapter adapter;
  for (const auto& [module, pair] : pairs) {
    SXT_TRY(LowRank change, change_of(module, pair, config, model, path));
    adapter.changes.emplace_back(module + ".weight", std::make_shared<const LowRank>(std::move(change)));
  }
  SXT_TRY(MappedFile config_file, MappedFile::open(config_path));
  adapter.files.push_back(std::move(config_file));
  adapter.files.push_back(std::move(weights).take_file());
  return adapter;
}

}  // namespace sextant::engine
