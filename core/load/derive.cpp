#include "derive.hpp"
#include <algorithm>
#include <fmt/format.h>
#include "../base/text.hpp"
#include "derive_steps.hpp"
#include "perturb.hpp"

namespace sextant::load {
namespace {

Error bad(const std::string& where, const std::string& what) { return {Error::Kind::config, where + ": " + what}; }

Result<std::shared_ptr<const DeriveStep>> read_step(const json::Value& value, const std::string& where) {
  json::Document short_form;  // a text alone is filled in
  const json::Value* step = &value;
  if (value.IsString()) {
    short_form.SetObject();
    json::set(short_form, "text", json::text(value), short_form.GetAllocator());
    step = &short_form;
  }
  if (!step->IsObject())
    return bad(where, "a step is an object, such as {\"index_to_letter\": \"label\"}, or a text with {columns}");
  const DeriveStepType* type = nullptr;
  std::vector<std::string> keys;
  for (const DeriveStepType& known : derive_step_types()) {
    keys.emplace_back(known.key);
    if (!json::find(*step, known.key)) continue;
    if (type) return bad(where, fmt::format("'{}' and '{}' are two steps; write a list of steps", type->key, known.key));
    type = &known;
  }
  for (const auto& member : step->GetObject()) {
    const std::string key(json::text(member.name));
    if (type && (key == type->key || std::find(type->further.begin(), type->further.end(), key) != type->further.end()))
      continue;
    if (!type)
      return bad(where, fmt::format("there is no step '{}'{}; there are: {}", key, did_you_mean(key, keys), join(keys, ", ")));
    return bad(where, fmt::format("the step '{}' has no member '{}'{}", type->key, key, did_you_mean(key, type->further)));
  }
  if (!type) return bad(where, fmt::format("the step is empty; name one of {}", join(keys, ", ")));
  return type->read(*step, where);
}

}  // namespace

Result<Derive> Derive::read(const json::Value* derive, const std::string& origin) {
  Derive out;
  if (!derive) return out;
  for (const auto& member : derive->GetObject()) {
    Column column{std::string(json::text(member.name)), {}};
    if (column.name == config::variant_member) {
      SXT_TRY(config::Perturbation how, config::perturbation_from_json(member.value, origin));
      column.steps.push_back(std::make_shared<const Perturb>(std::move(how)));
      out.columns_.insert(out.columns_.begin(), std::move(column));
      continue;
    }
    const std::string where = fmt::format("{}: reader.derive.{}", origin, column.name);
    if (member.value.IsArray()) {
      for (rapidjson::SizeType i = 0; i < member.value.Size(); ++i) {
        SXT_TRY(auto step, read_step(member.value[i], fmt::format("{}[{}]", where, i)));
        column.steps.push_back(std::move(step));
      }
    } else {
      SXT_TRY(auto step, read_step(member.value, where));
      column.steps.push_back(std::move(step));
    }
    if (column.steps.empty()) return bad(where, "the list of steps is empty");
    out.columns_.push_back(std::move(column));
  }
  return out;
}

Result<void> Derive::apply(json::Document& record) const {
  auto& allocator = record.GetAllocator();
  if (!columns_.empty() && columns_.front().name == config::variant_member) {
    const auto& perturb = static_cast<const Perturb&>(*columns_.front().steps.front());
    Derive columns;
    columns.columns_.assign(columns_.begin() + 1, columns_.end());
    const json::Document read = json::copy(record);
    json::Document plain = json::copy(record);
    SXT_CHECK(columns.apply(plain));
    SXT_CHECK(perturb.before_derived(record, allocator));
    SXT_CHECK(columns.apply(record));
    return perturb.after_derived(record, read, plain, allocator);
  }
  for (const Column& column : columns_) {
    json::Value value;
    const json::Value* before = nullptr;
    for (const auto& step : column.steps) {
      auto made = step->make(record, before, allocator);
      if (!made) return Error{made.error().kind, fmt::format("derived column '{}': {}", column.name, made.error().message)};
      value = std::move(*made);
      before = &value;
    }
    json::set(record, column.name, std::move(value), allocator);
  }
  return {};
}

Result<std::string> Derive::apply(std::string record_json) const {
  if (columns_.empty()) return record_json;
  SXT_TRY(json::Document record, json::parse(record_json, "record"));
  if (!record.IsObject()) return Error{Error::Kind::data, "the record is not a JSON object, so it has no columns"};
  SXT_CHECK(apply(record));
  return json::write(record);
}

}  // namespace sextant::load
