#include "keys.hpp"
#include <cmath>
#include <fmt/format.h>

namespace sextant::engine {

Error malformed(const Checkpoint& checkpoint, std::string_view sentence) {
  const bool gguf = checkpoint.format() == CheckpointFormat::gguf;
  return {Error::Kind::data, fmt::format("{}: {}; {}", checkpoint.path(), sentence,
                                         gguf ? "convert the model anew, or take another file of it"
                                              : "fetch the model again, config.json and weights of one and the same")};
}

Keys Keys::of_gguf(const Checkpoint& checkpoint, const std::string& architecture) {
  return {checkpoint, checkpoint.metadata(), "metadata key", architecture + "."};
}

Keys Keys::inside(std::string_view name) const {
  static const json::Value nothing(rapidjson::kObjectType);
  const json::Value* object = find(name);
  Keys inner{*checkpoint_, object && object->IsObject() ? *object : nothing, what_, prefix_ + std::string(name) + "."};
  inner.asked_ = asked_;
  return inner;
}

const json::Value* Keys::raw(std::string_view name) const {
  const std::string whole = prefix_ + std::string(name);
  asked_->insert(whole);
  return json::find(*object_, in_file() ? whole : std::string(name));
}
std::vector<std::string> Keys::unasked() const {
  std::vector<std::string> names;
  for (const auto& member : object_->GetObject()) {
    const std::string name(json::text(member.name));
    const bool ours = !in_file() || name.starts_with(prefix_);
    if (ours && !member.value.IsNull() && !asked_->contains(in_file() ? name : prefix_ + name)) names.push_back(name);
  }
  return names;
}
const json::Value* Keys::find(std::string_view name) const {
  const json::Value* value = raw(name);
  return value && !value->IsNull() ? value : nullptr;
}
bool Keys::is_null(std::string_view name) const {
  const json::Value* value = raw(name);
  return value && value->IsNull();
}

Result<uint32_t> Keys::count(std::string_view name, uint32_t most) const {
  const json::Value* value = find(name);
  if (!value) return wrong(fmt::format("{} is missing", key(name)));
  if (!value->IsUint64() || value->GetUint64() < 1 || value->GetUint64() > most)
    return wrong(fmt::format("{} must be a whole number from 1 to {}", key(name), most));
  return static_cast<uint32_t>(value->GetUint64());
}
Result<uint32_t> Keys::count_or(std::string_view name, uint32_t most, uint32_t otherwise) const {
  if (!find(name)) return otherwise;
  return count(name, most);
}

Result<uint32_t> Keys::whole_or(std::string_view name, uint32_t most, uint32_t otherwise) const {
  const json::Value* value = find(name);
  if (value && value->IsUint64() && value->GetUint64() == 0) return 0u;
  return count_or(name, most, otherwise);
}

Result<double> Keys::number(std::string_view name, double least, double most) const {
  const json::Value* value = find(name);
  if (!value) return wrong(fmt::format("{} is missing", key(name)));
  const double x = value->IsNumber() ? value->GetDouble() : NAN;
  if (!(x >= least && x <= most)) return wrong(fmt::format("{} must be a number from {} to {}", key(name), least, most));
  return x;
}
Result<double> Keys::number_or(std::string_view name, double least, double most, double otherwise) const {
  if (!find(name)) return otherwise;
  return number(name, least, most);
}

Result<bool> Keys::flag_or(std::string_view name, bool otherwise) const {
  const json::Value* value = find(name);
  if (!value) return otherwise;
  if (!value->IsBool()) return wrong(fmt::format("{} must be true or false", key(name)));
  return value->GetBool();
}

Result<std::string> Keys::text_or(std::string_view name, std::string_view otherwise) const {
  const json::Value* value = find(name);
  if (!value) return std::string(otherwise);
  if (!value->IsString()) return wrong(fmt::format("{} must be a text", key(name)));
  return std::string(json::text(*value));
}

Result<std::vector<double>> Keys::numbers(std::string_view name, size_t size, double least, double most) const {
  const json::Value* value = find(name);
  if (!value) return wrong(fmt::format("{} is missing", key(name)));
  const auto error = [&] {
    return wrong(fmt::format("{} must be a list of {} numbers from {} to {}", key(name), size, least, most));
  };
  if (!value->IsArray() || value->Size() != size) return error();
  std::vector<double> numbers;
  for (const auto& item : value->GetArray()) {
    const double x = item.IsNumber() ? item.GetDouble() : NAN;
    if (!(x >= least && x <= most)) return error();
    numbers.push_back(x);
  }
  return numbers;
}

Result<std::vector<uint32_t>> Keys::counts(std::string_view name, size_t size) const {
  const json::Value* value = find(name);
  if (!value) return wrong(fmt::format("{} is missing", key(name)));
  const auto error = [&] {
    return wrong(fmt::format("{} must be a list of {}whole numbers", key(name), size ? fmt::format("{} ", size) : ""));
  };
  if (!value->IsArray() || (size != 0 && value->Size() != size)) return error();
  std::vector<uint32_t> counts;
  for (const auto& item : value->GetArray()) {
    if (!item.IsUint() && !item.IsBool()) return error();
    counts.push_back(item.IsBool() ? item.GetBool() : item.GetUint());
  }
  return counts;
}

Error Keys::unsupported(std::string_view name, std::string_view why) const {
  return {Error::Kind::data, fmt::format("{}: {} {}; take a model that does without", checkpoint_->path(), key(name), why)};
}

}  // namespace sextant::engine
