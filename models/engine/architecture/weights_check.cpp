#include "weights_check.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <sextant/numbers.hpp>
#include "../checkpoint/dequantize.hpp"
#include "../checkpoint/messages.hpp"
#include "../checkpoint/numbers_check.hpp"
#include "keys.hpp"
#include "names.hpp"

namespace sextant::engine {
namespace {

using Texts = std::vector<std::string>;

// `alone`: a tensor of which a request uses few rows, or null.
Result<Texts> check_all_numbers(const Checkpoint& checkpoint, const Tensor* alone,
                                const std::function<bool(const Tensor&)>& is_used, const ForEachTensor& for_each) {
  const std::vector<Tensor>& tensors = checkpoint.tensors();
  std::vector<NumbersCheck> checks(tensors.size());
  for_each(tensors.size(), [&](uint64_t i) {
    if (is_used(tensors[i])) checks[i] = check_numbers(tensors[i]);
    else checks[i].all_zero = false;
  });
  Texts warnings;
  std::vector<std::string> zero;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& tensor = tensors[i];
    if (checks[i].all_zero && tensor.shape.size() > 1) zero.push_back(shown(tensor.name));
    if (checks[i].rows_not_finite == 0) continue;
    const std::string what = fmt::format("{}: {}", checkpoint.path(), not_finite(tensor, checks[i]));
    if (&tensor != alone)
      return Error{
          Error::Kind::data,
          what +
              ": no request could be answered; so it was written, by a training that diverged or a conversion to numbers of "
              "too small a range (F16); take an earlier state, or convert to BF16 or F32"};
    warnings.push_back(what + ": a request that uses such a token fails");
  }
  if (!zero.empty())
    warnings.push_back(fmt::format("{}: tensor {}{} 0 everywhere; was it trained, and the file written to its end?",
                                   checkpoint.path(), zero[0],
                                   zero.size() > 1 ? fmt::format(" and {} more are", zero.size() - 1) : " is"));
  return warnings;
}

bool same_numbers(const Tensor& one, const Tensor& other) {
  if (one.added != other.added) return false;
  if (one.type == other.type) return same_bytes(one, other);
  std::vector<float> a(one.columns()), b(one.columns());
  for (uint64_t row = 0; row < one.rows(); ++row) {
    read_row(one, row, a.data());
    read_row(other, row, b.data());
    if (a != b) return false;
  }
  return true;
}

// config.json says that the head is the embedding, and it is not.
void head(const Checkpoint& checkpoint, const Architecture& a, Texts& ret) {
  if (checkpoint.format() == CheckpointFormat::gguf || a.tied_embeddings) return;
  const Keys keys(checkpoint, checkpoint.metadata(), "config.json key", "");
  const Keys inner = keys.find("text_config") ? keys.inside("text_config") : keys;
  const json::Value* tie = inner.find("tie_word_embeddings");
  if (!tie || !tie->IsTrue() || !has_other_head(checkpoint, a)) return;
  const TensorNames names = tensor_names(checkpoint, a);
  if (checkpoint.find(names.head)->added || checkpoint.find(names.embedding)->added) return;  // an adapter makes the difference
  ret.push_back(
      fmt::format("{}: {} is true, and tensor {} has other numbers than the embedding: it is used, as by transformers 5; older "
                  "versions put the "
                  "embedding in its place",
                  checkpoint.path(), inner.key("tie_word_embeddings"), shown(names.head)));
}

// Frequencies that old checkpoints carry are not read; where they are others than what is computed, the configuration is
// another model's.
void frequencies(const Checkpoint& checkpoint, const Architecture& a, Texts& ret) {
  constexpr double tolerance = 0.02;  // they may be stored in bf16
  if (a.ropes.size() != 1 || a.ropes[0].scaling != Rope::Scaling::none || !a.ropes[0].divisors.empty()) return;
  for (const Tensor& tensor : checkpoint.tensors()) {
    if (!std::string_view(tensor.name).ends_with(".rotary_emb.inv_freq") || block_format(tensor.type).elements != 1) continue;
    std::vector<float> stored(tensor.columns());
    if (tensor.shape.size() != 1 || stored.size() < 2) continue;
    read_row(tensor, 0, stored.data());
    const double step = std::pow(a.ropes[0].theta, -2.0 / a.ropes[0].dims);
    bool same = stored.size() == a.ropes[0].dims / 2;
    for (size_t i = 0; same && i < stored.size(); ++i) {
      const double computed = std::pow(step, static_cast<double>(i));
      same = std::abs(static_cast<double>(stored[i]) - computed) <= tolerance * computed;
    }
    if (same) continue;
    const double theta = std::pow(static_cast<double>(stored.back()), -1 / (1 - 1.0 / static_cast<double>(stored.size())));
    ret.push_back(
        fmt::format("{}: tensor {} holds RoPE's frequencies of {} dimensions with a base of about {:.0f}; computed are {} with "
                    "{:.0f}, as config.json "
                    "says; is it the weights' own?",
                    checkpoint.path(), shown(tensor.name), 2 * stored.size(), theta, a.ropes[0].dims, a.ropes[0].theta));
    return;
  }
}

void pictures(const Checkpoint& checkpoint, const Architecture& a, Texts& ret) {
  const auto count = std::count_if(checkpoint.tensors().begin(), checkpoint.tensors().end(),
                                   [&](const Tensor& t) { return is_of_pictures(a, t.name); });
  if (count > 0)
    ret.push_back(fmt::format("{}: {} tensors are of the half that sees pictures, and are not used: requests are text",
                              checkpoint.path(), count));
}

}  // namespace

bool has_other_head(const Checkpoint& checkpoint, const Architecture& a) {
  const TensorNames names = tensor_names(checkpoint, a);
  const Tensor *head = checkpoint.find(names.head), *embedding = checkpoint.find(names.embedding);
  return head && embedding && head->shape == embedding->shape && head->shape.size() == 2 && !same_numbers(*head, *embedding);
}

Result<std::vector<std::string>> check_weights(const Checkpoint& checkpoint, const Architecture& a,
                                               const ForEachTensor& for_each) {
  const Tensor* embedding = a.tied_embeddings ? nullptr : checkpoint.find(tensor_names(checkpoint, a).embedding);
  SXT_TRY(Texts warnings,
          check_all_numbers(
              checkpoint, embedding, [&](const Tensor& t) { return !is_tolerated(checkpoint, a, t.name); }, for_each));
  head(checkpoint, a, warnings);
  frequencies(checkpoint, a, warnings);
  pictures(checkpoint, a, warnings);
  return warnings;
}

Result<std::vector<std::string>> check_encoder_weights(const Checkpoint& checkpoint, const ForEachTensor& for_each) {
  return check_all_numbers(checkpoint, nullptr, [](const Tensor&) { return true; }, for_each);
}

}  // namespace sextant::engine
