#include "fields.hpp"
#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <sextant/utf8_text.hpp>
#include "../base/text.hpp"

namespace sextant::data {
namespace {

std::optional<double> to_double(const json::Value& value) {
  if (value.IsNumber()) return value.GetDouble();
  if (!value.IsString()) return std::nullopt;
  const std::string_view text = json::text(value);
  if (text == "inf") return HUGE_VAL;
  if (text == "-inf") return -HUGE_VAL;
  if (text == "nan") return std::nan("");
  return std::nullopt;
}

template <class T> json::Value list_of(const std::vector<T>& items, json::Document::AllocatorType& allocator) {
  json::Value out(rapidjson::kArrayType);
  out.Reserve(static_cast<rapidjson::SizeType>(items.size()), allocator);
  for (const T& item : items) {
    if constexpr (std::is_same_v<T, std::string>) out.PushBack(json::Value(utf8::repair(item), allocator), allocator);
    else if constexpr (std::is_same_v<T, float>) out.PushBack(number(item), allocator);
    else out.PushBack(json::Value(item), allocator);
  }
  return out;
}

}  // namespace

Fields::Fields(const json::Value& object, std::string_view origin) : object_(object), origin_(origin) {
  if (!object.IsObject()) error_ = Error{Error::Kind::data, origin_ + " is not a JSON object"};
}

const json::Value* Fields::find(const char* name) {
  known_.push_back(name);
  return json::find(object_, name);
}

void Fields::fail(const char* name, std::string_view must_be) {
  if (!error_) error_ = Error{Error::Kind::data, fmt::format("{} must be {}", where(name), must_be)};
}

void Fields::require(const char* name) {
  if (!error_ && !json::find(object_, name)) error_ = Error{Error::Kind::data, fmt::format("{} is missing", where(name))};
}

void Fields::read(const char* name, std::string& out) {
  const json::Value* value = find(name);
  if (!value) return;
  if (!value->IsString()) return fail(name, "a text");
  out = json::text(*value);
}
void Fields::read(const char* name, bool& out) {
  const json::Value* value = find(name);
  if (!value) return;
  if (!value->IsBool()) return fail(name, "true or false");
  out = value->GetBool();
}
template <class T> void Fields::read_integer(const char* name, T& out) {
  const json::Value* value = find(name);
  if (!value) return;
  if (!value->IsUint64() || value->GetUint64() > std::numeric_limits<T>::max())
    return fail(name, fmt::format("a whole number from 0 to {}", std::numeric_limits<T>::max()));
  out = static_cast<T>(value->GetUint64());
}
void Fields::read(const char* name, uint32_t& out) { read_integer(name, out); }
void Fields::read(const char* name, uint64_t& out) { read_integer(name, out); }
void Fields::read(const char* name, double& out) {
  const json::Value* value = find(name);
  if (!value) return;
  const auto number = to_double(*value);
  if (!number) return fail(name, "a number");
  out = *number;
}
void Fields::read(const char* name, float& out) {
  double wide = static_cast<double>(out);
  read(name, wide);
  out = static_cast<float>(wide);
}

template <class T> void Fields::read_list(const char* name, std::vector<T>& out, std::string_view must_be,
                                          std::optional<T> (*convert)(const json::Value&)) {
  const json::Value* value = find(name);
  if (!value) return;
  if (!value->IsArray()) return fail(name, must_be);
  out.clear();
  for (const auto& item : value->GetArray()) {
    std::optional<T> converted = convert(item);
    if (!converted) return fail(name, must_be);
    out.push_back(*std::move(converted));
  }
}
void Fields::read(const char* name, std::vector<std::string>& out) {
  read_list<std::string>(name, out, "a list of texts", [](const json::Value& v) {
    return v.IsString() ? std::optional<std::string>(json::text(v)) : std::nullopt;
  });
}
void Fields::read(const char* name, std::vector<int32_t>& out) {
  read_list<int32_t>(name, out, "a list of token ids",
                     [](const json::Value& v) { return v.IsInt() ? std::optional<int32_t>(v.GetInt()) : std::nullopt; });
}
void Fields::read(const char* name, std::vector<uint64_t>& out) {
  read_list<uint64_t>(name, out, "a list of whole numbers", [](const json::Value& v) {
    return v.IsUint64() ? std::optional<uint64_t>(v.GetUint64()) : std::nullopt;
  });
}
void Fields::read(const char* name, std::vector<float>& out) {
  read_list<float>(name, out, "a list of numbers", [](const json::Value& v) {
    const auto wide = to_double(v);
    return wide ? std::optional<float>(static_cast<float>(*wide)) : std::nullopt;
  });
}

void Fields::read_json(const char* name, std::string& out) {
  if (const json::Value* value = find(name)) out = json::write(*value);
}
void Fields::read_object(const char* name, std::string& out) {
  const json::Value* value = find(name);
  if (value && !value->IsObject()) return fail(name, "an object");
  if (value) out = json::write(*value);
}
void Fields::read_array(const char* name, std::string& out) {
  const json::Value* value = find(name);
  if (value && !value->IsArray()) return fail(name, "a list");
  if (value) out = json::write(*value);
}

void Fields::each(const char* name, const std::function<Result<void>(const json::Value&, const std::string&)>& item) {
  const json::Value* value = find(name);
  if (!value) return;
  if (!value->IsArray()) return fail(name, "a list");
  for (rapidjson::SizeType i = 0; i < value->Size() && !error_; ++i)
    if (const auto taken = item((*value)[i], fmt::format("{}: {}[{}]", origin_, name, i)); !taken) error_ = taken.error();
}

Result<void> Fields::take(bool closed) {
  if (!error_ && closed)
    for (const auto& member : object_.GetObject())
      if (std::find(known_.begin(), known_.end(), json::text(member.name)) == known_.end()) {
        std::vector<std::string> names(known_.begin(), known_.end());
        error_ = Error{Error::Kind::data,
                       fmt::format("{} has the unknown member {}{}", origin_, json::quote(json::text(member.name)),
                                   did_you_mean(json::text(member.name), names))};
        break;
      }
  if (error_) return *error_;
  return {};
}

json::Value number(double value) {
  if (std::isfinite(value)) return json::Value(value);
  return json::Value(std::isnan(value) ? rapidjson::StringRef("nan")
                     : value > 0       ? rapidjson::StringRef("inf")
                                       : rapidjson::StringRef("-inf"));
}
json::Value number(float value) {
  if (!std::isfinite(value)) return number(static_cast<double>(value));
  // 0.1f as "0.1" rather than "0.10000000149011612", where that reads back as the same bits
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  double wide = 0;
  std::from_chars(digits, end, wide);
  return json::Value(static_cast<float>(wide) == value ? wide : static_cast<double>(value));
}
json::Value list(const std::vector<std::string>& texts, json::Document::AllocatorType& a) { return list_of(texts, a); }
json::Value list(const std::vector<int32_t>& numbers, json::Document::AllocatorType& a) { return list_of(numbers, a); }
json::Value list(const std::vector<uint64_t>& numbers, json::Document::AllocatorType& a) { return list_of(numbers, a); }
json::Value list(const std::vector<float>& numbers, json::Document::AllocatorType& a) { return list_of(numbers, a); }

json::Value embed(std::string_view json_text, json::Document::AllocatorType& allocator) {
  const auto parsed = json::parse(json_text, "");
  json::Value out;
  if (parsed) out.CopyFrom(*parsed, allocator);
  else out.SetString(utf8::repair(json_text), allocator);
  return out;
}

}  // namespace sextant::data
