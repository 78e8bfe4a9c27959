#include "adapter_tensors.hpp"
#include <algorithm>
#include <optional>
#include <vector>
#include <fmt/format.h>
#include "messages.hpp"
#include "wrapped_names.hpp"

namespace sextant::engine {
namespace {

struct Part {
  std::string_view name;
  const Tensor* AdapterModule::* place;
};
constexpr Part parts[] = {{"lora_A", &AdapterModule::a},
                          {"lora_B", &AdapterModule::b},
                          {"lora_embedding_A", &AdapterModule::embedding_a},
                          {"lora_embedding_B", &AdapterModule::embedding_b},
                          {"lora_magnitude_vector", &AdapterModule::magnitude}};

std::vector<std::string> components_of(std::string_view name) {
  std::vector<std::string> out;
  for (size_t at = 0; at <= name.size();) {
    const size_t dot = std::min(name.find('.', at), name.size());
    out.emplace_back(name.substr(at, dot - at));
    at = dot + 1;
  }
  return out;
}
std::string joined(const std::vector<std::string>& components, size_t first, size_t last) {
  std::string out;
  for (size_t i = first; i < last; ++i) out += (out.empty() ? "" : ".") + components[i];
  return out;
}

class Sorter {
 public:
  explicit Sorter(const std::string& path) : path_(path) {}

  Result<void> add(const Tensor& tensor) {
    const std::vector<std::string> name = components_of(unwrapped(tensor.name));
    for (size_t i = 1; i < name.size(); ++i)
      for (const Part& part : parts)
        if (name[i] == part.name) return add_part(tensor, part, joined(name, 0, i), joined(name, i + 1, name.size()));
    if (std::any_of(name.begin(), name.end(), [](const std::string& c) { return c.starts_with("lora_"); }))
      return unknown(tensor);
    return add_whole(tensor, name);
  }
  AdapterTensors take() { return std::move(sorted_); }

 private:
  // `rest`: what follows lora_A: nothing, "weight", the adapter's own name, or both.
  Result<void> add_part(const Tensor& tensor, const Part& part, const std::string& module, std::string rest) {
    if (rest == "weight") rest.clear();
    if (rest.ends_with(".weight")) rest.resize(rest.size() - 7);
    if (rest == "bias" || rest.find('.') != rest.npos) return unknown(tensor);
    SXT_CHECK(same_adapter(rest));
    const Tensor*& place = sorted_.modules[module].*part.place;
    if (place) return twice(*place, tensor);
    place = &tensor;
    return {};
  }

  // "lm_head.modules_to_save.default.weight", "model.embed_tokens.base_layer.weight", "model.norm.weight"
  Result<void> add_whole(const Tensor& tensor, std::vector<std::string> name) {
    if (const auto saved = std::find(name.begin(), name.end(), "modules_to_save"); saved != name.end()) {
      const auto next = saved + 1;
      const bool named = next != name.end() && (*next == "default" || (adapter_ && !adapter_->empty() && *next == *adapter_));
      name.erase(saved, named ? next + 1 : next);
    }
    name.erase(std::remove(name.begin(), name.end(), "base_layer"), name.end());
    const auto [at, added] = sorted_.whole.emplace(joined(name, 0, name.size()), &tensor);
    if (!added) return twice(*at->second, tensor);
    return {};
  }

  Result<void> same_adapter(const std::string& name) {
    if (!adapter_) adapter_ = name;
    if (*adapter_ == name) return {};
    return refused(path_,
                   fmt::format("holds two adapters, {} and {}; save the one to use by itself", shown(*adapter_), shown(name)));
  }
  Error twice(const Tensor& one, const Tensor& other) const {
    return refused(path_, fmt::format("tensors {} and {} are the same part of the adapter; leave one out", shown(one.name),
                                      shown(other.name)));
  }
  Error unknown(const Tensor& tensor) const {
    return refused(
        path_,
        fmt::format("tensor {} is not part of a LoRA adapter that is computed here; merge the adapter with peft and give the "
                    "merged model",
                    shown(tensor.name)));
  }

  const std::string& path_;
  std::optional<std::string> adapter_;  // its own name, where the tensors' names have it
  AdapterTensors sorted_;
};

}  // namespace

Result<AdapterTensors> sort_adapter_tensors(const SafetensorsFile& file, const std::string& path) {
  Sorter sorter(path);
  for (const Tensor& tensor : file.tensors()) SXT_CHECK(sorter.add(tensor));
  return sorter.take();
}

}  // namespace sextant::engine
