#include "adapter_merge.hpp"
#include <algorithm>
#include <set>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include "dequantize.hpp"
#include "messages.hpp"
#include "name_prefixes.hpp"
#include "numbers_check.hpp"

namespace sextant::engine {
namespace {

std::vector<float> numbers_of(const Tensor& tensor) {
  std::vector<float> numbers(tensor.bytes.size() / block_format(tensor.type).bytes);
  dequantize(tensor.type, tensor.bytes.data(), numbers.data(), numbers.size());
  return numbers;
}

// [rows, columns] -> [columns, rows]
std::vector<float> transposed(const std::vector<float>& in, uint64_t rows, uint64_t columns) {
  std::vector<float> out(in.size());
  for (uint64_t r = 0; r < rows; ++r)
    for (uint64_t c = 0; c < columns; ++c) out[c * rows + r] = in[r * columns + c];
  return out;
}

bool is_zero(const std::vector<float>& numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [](float x) { return x == 0; });
}

class Merger {
 public:
  Merger(const Checkpoint& model, const AdapterConfig& config, const std::string& path)
      : model_(model), config_(config), path_(path) {
    find_ends();
  }

  Result<void> merge(const AdapterTensors& tensors);
  Adapter take() { return std::move(out_); }

 private:
  void find_ends();
  const Tensor* in_model(const std::string& name) const;
  bool is_head(std::string_view name) const;
  Result<void> check_finite(const Tensor& tensor) const;
  Result<void> check_shape(const Tensor& tensor, const std::vector<uint64_t>& shape, uint64_t rank, const Tensor& weight) const;
  Result<void> replace(const std::string& name, const Tensor& tensor);
  Result<void> check_saved(const AdapterTensors& tensors);
  Result<void> split_head(const AdapterTensors& tensors);
  Result<void> change(const std::string& module, const AdapterModule& parts);
  Result<LowRank> low_rank(const std::string& module, const AdapterModule& parts, const Tensor& weight) const;
  void warn_of_targets();

  const Checkpoint& model_;
  const AdapterConfig& config_;
  const std::string& path_;
  const Tensor* embedding_ = nullptr;
  std::string prefix_; // of the model's names: "model."
  std::string head_;   // the name of the head's tensor
  bool tied_ = false;  // there is none: the embedding is the head
  std::set<std::string, std::less<>> touched_;  // tensors of the model
  bool all_zero_ = true;
  Adapter out_;
};

// The embedding and the head by their names; encoders have neither.
void Merger::find_ends() {
  for (const char* prefix : {"model.", ""})  // InternLM2
    if (!embedding_ && (embedding_ = model_.find(prefix + std::string("tok_embeddings.weight"))))
      prefix_ = prefix, head_ = "output.weight";
  if (const NamePrefixes* found = prefixes_of(model_); found && !embedding_) {
    prefix_ = found->model;
    embedding_ = model_.find(prefix_ + "embed_tokens.weight");
    head_ = std::string(found->head) + "lm_head.weight";
  }
  const json::Value* text = json::find(model_.metadata(), "text_config");
  const bool says_apart = json::find_bool(text && text->IsObject() ? *text : model_.metadata(), "tie_word_embeddings") == false;
  tied_ = embedding_ && !model_.find(head_) && !says_apart;
}

// The model's tensor that the adapter means; it may have been trained on another class of the same model, with more or less
// around it.
const Tensor* Merger::in_model(const std::string& name) const {
  if (const Tensor* tensor = model_.find(name)) return tensor;
  if (is_head(name)) {
    for (const Tensor& tensor : out_.whole)  // a head of its own
      if (tensor.name == head_) return &tensor;
    return model_.find(head_);
  }
  for (const NamePrefixes& other : name_prefixes)
    if (name.starts_with(other.model))
      if (const Tensor* tensor = model_.find(prefix_ + name.substr(other.model.size()))) return tensor;
  return nullptr;
}

bool Merger::is_head(std::string_view name) const {
  return name == head_ || std::any_of(std::begin(name_prefixes), std::end(name_prefixes), [&](const NamePrefixes& other) {
           return name.starts_with(other.head) && name.substr(other.head.size()) == "lm_head.weight";
         });
}

Result<void> Merger::check_finite(const Tensor& tensor) const {
  const NumbersCheck check = check_numbers(tensor);
  if (check.rows_not_finite == 0) return {};
  return refused(path_,
                 not_finite(tensor, check) +
                     ": so it was trained or written, and no request could be answered; take an earlier state of the training");
}

Result<void> Merger::check_shape(const Tensor& tensor, const std::vector<uint64_t>& shape, uint64_t rank,
                                 const Tensor& weight) const {
  if (tensor.shape == shape) return check_finite(tensor);
  if (!config_.has_rank())
    return refused(path_, fmt::format("adapter_config.json has no \"r\", so that the rank is 8, as peft takes it, and tensor "
                                      "{} has shape [{}]; write the "
                                      "\"r\" of the training into it",
                                      shown(tensor.name), fmt::join(tensor.shape, ", ")));
  return refused(
      path_,
      fmt::format("tensor {} must have shape [{}] (the rank is {}, the weight [{}, {}]); give the model that the adapter "
                  "was made for",
                  shown(tensor.name), fmt::join(shape, ", "), rank, weight.rows(), weight.columns()));
}

// A tensor that stands for the model's: a module of modules_to_save, a bias, an embedding.
Result<void> Merger::replace(const std::string& name, const Tensor& tensor) {
  const Tensor* old = in_model(name);
  if (!old && tied_ && is_head(name)) old = embedding_;
  if (!old)
    return refused(path_,
                   fmt::format("tensor {} is {} whole, and {} has no such tensor; give the model that the adapter was made for",
                               shown(tensor.name), shown(name), model_.path()));
  if (tensor.shape != old->shape) {
    const bool tokens = (old == embedding_ || is_head(name)) && tensor.shape.size() == 2 && tensor.columns() == old->columns();
    return refused(
        path_, fmt::format("tensor {} has shape [{}], and the model's is [{}]; {}", shown(tensor.name),
                           fmt::join(tensor.shape, ", "), fmt::join(old->shape, ", "),
                           tokens ? "the model was given other tokens before the adapter was trained: merge the two with peft "
                                    "(resize_token_embeddings, merge_and_unload) and give the merged model"
                                  : "give the model that the adapter was made for"));
  }
  SXT_CHECK(check_finite(tensor));
  Tensor whole = tensor;
  whole.name = old == embedding_ && is_head(name) ? head_ : old->name;
  all_zero_ = all_zero_ && same_bytes(whole, *old);
  touched_.insert(whole.name);
  out_.whole.push_back(std::move(whole));
  return {};
}

// What modules_to_save names must be there, where the model has it.
Result<void> Merger::check_saved(const AdapterTensors& tensors) {
  const auto belongs = [](std::string_view tensor, const std::string& module) {
    for (size_t dot = tensor.find('.'); dot != tensor.npos; dot = tensor.find('.', dot + 1))
      if (tensor.substr(0, dot).ends_with(module)) return true;
    return false;
  };
  for (const std::string& module : config_.whole_modules()) {
    const auto of_module = [&](const auto& entry) { return belongs(entry.first, module); };
    if (std::any_of(tensors.whole.begin(), tensors.whole.end(), of_module)) continue;
    const bool in_model =
        (embedding_ && belongs(head_, module)) ||
        std::any_of(model_.tensors().begin(), model_.tensors().end(), [&](const Tensor& t) { return belongs(t.name, module); });
    if (in_model)
      return refused(
          path_,
          fmt::format("\"modules_to_save\" of adapter_config.json names {}, and no tensor of it is in the file; save the "
                      "adapter again, with that module",
                      shown(module)));
    out_.warnings.push_back(
        fmt::format("{}: \"modules_to_save\" names {}, which {} does not have", path_, shown(module), model_.path()));
  }
  return {};
}

// Where the head is the embedding, PEFT changes the one that is named and leaves the other as it was.
Result<void> Merger::split_head(const AdapterTensors& tensors) {
  if (!tied_ || touched_.count(head_)) return {};
  const auto names_head = [&](const auto& entry) { return is_head(entry.first + ".weight"); };
  const bool head = std::any_of(tensors.modules.begin(), tensors.modules.end(), names_head);
  const bool changed = std::any_of(tensors.modules.begin(), tensors.modules.end(),
                                   [](const auto& entry) { return entry.second.embedding_a != nullptr; });
  if (head && !changed && config_.keeps_tied())
    return refused(path_,
                   "\"ensure_weight_tying\" of adapter_config.json asks that the embedding follow the head, which is not "
                   "computed; merge the "
                   "adapter with peft and give the merged model");
  const bool saved = touched_.count(embedding_->name) &&
                     std::any_of(config_.whole_modules().begin(), config_.whole_modules().end(), [&](const std::string& m) {
                       return std::string_view(embedding_->name)
                           .substr(0, embedding_->name.size() - std::string_view(".weight").size())
                           .ends_with(m);
                     });
  if (!head && ((!changed && !saved) || config_.keeps_tied())) return {};
  Tensor own = *embedding_;
  own.name = head_;
  out_.whole.push_back(std::move(own));
  return {};
}

Result<LowRank> Merger::low_rank(const std::string& module, const AdapterModule& parts, const Tensor& weight) const {
  const bool embedding = parts.embedding_a != nullptr;
  const Tensor &a = embedding ? *parts.embedding_a : *parts.a, &b = embedding ? *parts.embedding_b : *parts.b;
  SXT_TRY(const uint64_t rank, config_.rank(module));
  if (rank == 0)
    return refused(path_, fmt::format("adapter_config.json gives module {} no rank of 1 or more; take the two of one training",
                                      shown(module)));
  // an embedding's are the other way round: its output is a row of the weight
  SXT_CHECK(check_shape(a, {rank, embedding ? weight.rows() : weight.columns()}, rank, weight));
  SXT_CHECK(check_shape(b, {embedding ? weight.columns() : weight.rows(), rank}, rank, weight));
  SXT_TRY(const double scale, config_.scale(module, rank));
  LowRank low{rank, static_cast<float>(scale), numbers_of(a), numbers_of(b)};
  if (embedding) {
    std::vector<float> tokens = transposed(low.a, rank, weight.rows());
    low.a = transposed(low.b, weight.columns(), rank);
    low.b = std::move(tokens);
  }
  if (!config_.dora()) return low;
  if (embedding)
    return refused(
        path_,
        fmt::format(
            "\"use_dora\": module {} is an embedding, whose magnitudes are not computed; merge the adapter with peft and "
            "give the merged model",
            shown(module)));
  SXT_CHECK(check_shape(*parts.magnitude, {weight.rows()}, rank, weight));
  low.magnitude = numbers_of(*parts.magnitude);
  return low;
}

Result<void> Merger::change(const std::string& module, const AdapterModule& parts) {
  const Tensor* any = parts.magnitude;  // one of them is there
  for (const Tensor* part : {parts.embedding_b, parts.embedding_a, parts.b, parts.a}) any = part ? part : any;
  const Tensor& some = *any;
  const auto lacks = [&](std::string_view what) {
    return refused(path_, fmt::format("tensor {} has no {}; save the adapter again, whole", shown(some.name), what));
  };
  if (parts.embedding_a || parts.embedding_b) {
    if (!parts.embedding_a) return lacks("lora_embedding_A");
    if (!parts.embedding_b) return lacks("lora_embedding_B");
  } else {
    if (!parts.a) return lacks("lora_A");
    if (!parts.b) return lacks("lora_B");
    if (config_.dora() && !parts.magnitude)
      return lacks("lora_magnitude_vector, which \"use_dora\" of adapter_config.json asks for");
  }
  if (parts.magnitude && !config_.dora())
    return refused(
        path_, fmt::format(
                   "tensor {} is a magnitude of DoRA, and adapter_config.json does not say \"use_dora\": true; take the two of "
                   "one training",
                   shown(parts.magnitude->name)));
  const Tensor* weight = in_model(module + ".weight");
  if (!weight || weight->shape.size() != 2)
    return refused(
        path_, fmt::format("tensor {} belongs to {}, and {} has no such matrix; give the model that the adapter was made for",
                           shown(some.name), shown(module + ".weight"), model_.path()));
  SXT_TRY(const std::string_view key, config_.left_out_by(module));
  if (!key.empty())
    return refused(path_,
                   fmt::format("tensor {} belongs to a module that {} of adapter_config.json {}; take the two of one training",
                               shown(some.name), json::quote(key), key == "exclude_modules" ? "leaves out" : "does not name"));
  SXT_TRY(LowRank low, low_rank(module, parts, *weight));
  all_zero_ = all_zero_ && (low.scale == 0 || is_zero(low.b) || is_zero(low.a));
  touched_.insert(weight->name);
  out_.changes.emplace_back(weight->name, std::make_shared<const LowRank>(std::move(low)));
  return {};
}

void Merger::warn_of_targets() {
  if (!config_.names_targets()) return;
  size_t count = 0;
  std::string first;
  for (const Tensor& tensor : model_.tensors()) {
    constexpr std::string_view end = ".weight";
    if (tensor.shape.size() != 2 || !std::string_view(tensor.name).ends_with(end) || touched_.count(tensor.name)) continue;
    const auto key = config_.left_out_by(std::string_view(tensor.name).substr(0, tensor.name.size() - end.size()));
    if (key && key->empty() && count++ == 0) first = tensor.name;
  }
  if (count > 0)
    out_.warnings.push_back(
        fmt::format("{}: \"target_modules\" of adapter_config.json names the module of {}{}, and nothing of it is in the "
                    "file: it stays as it is in the model",
                    path_, shown(first), count > 1 ? fmt::format(" and {} more", count - 1) : ""));
}

Result<void> Merger::merge(const AdapterTensors& tensors) {
  for (const auto& [name, tensor] : tensors.whole) SXT_CHECK(replace(name, *tensor));
  SXT_CHECK(check_saved(tensors));
  SXT_CHECK(split_head(tensors));
  for (const auto& [module, parts] : tensors.modules) SXT_CHECK(change(module, parts));
  warn_of_targets();
  if (all_zero_)
    out_.warnings.push_back(fmt::format(
        "{}: the adapter {}: what it adds is zero in every module, as before a training; is it the one that was trained?",
        path_, config_.dora() ? "changes nothing but magnitudes" : "changes nothing"));
  return {};
}

}  // namespace

Result<void> merge_adapter(const AdapterTensors& tensors, const AdapterConfig& config, const Checkpoint& model,
                           const std::string& path, Adapter& ret) {
  Merger merger(model, config, path);
  SXT_CHECK(merger.merge(tensors));
  ret = merger.take();
  return {};
}

}  // namespace sextant::engine
