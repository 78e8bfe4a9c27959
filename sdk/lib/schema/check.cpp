// A value against the rules of a schema.
#include "rules.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <unordered_map>
#include <unordered_set>
#include <sextant/regex.hpp>
#include <sextant/utf8_text.hpp>

namespace sextant::schema {
namespace {

// Rules inside rules: an honest schema takes a few for each level that JSON may nest (200).
constexpr unsigned depth_max = 1000;
// The work, about one for 50 ns; an honest check takes thousands. What a match takes cannot be known before.
constexpr size_t work_max = 2'000'000, work_of_match = 200;

bool is_integer(const json::Value& value) { return value.IsInt64() || value.IsUint64(); }

bool is_of_type(const json::Value& value, std::string_view type) {
  if (type == "null") return value.IsNull();
  if (type == "boolean") return value.IsBool();
  if (type == "integer") return is_integer(value);
  if (type == "number") return value.IsNumber();
  if (type == "string") return value.IsString();
  return type == "array" ? value.IsArray() : value.IsObject();
}

/// a < b, exactly for integers
bool is_less(const json::Value& a, const json::Value& b) {
  if (a.IsInt64() && b.IsInt64()) return a.GetInt64() < b.GetInt64();
  if (a.IsUint64() && b.IsUint64()) return a.GetUint64() < b.GetUint64();
  return a.GetDouble() < b.GetDouble();
}

uint64_t magnitude(const json::Value& value) {
  return value.IsUint64() ? value.GetUint64() : 0 - static_cast<uint64_t>(value.GetInt64());
}

bool is_multiple(const json::Value& value, const json::Value& factor) {
  if (is_integer(value) && factor.IsUint64()) return magnitude(value) % factor.GetUint64() == 0;
  // 0.3 is a multiple of 0.1, whatever its last bit says
  const double times = value.GetDouble() / factor.GetDouble();
  return !std::isfinite(times) || std::abs(times - std::round(times)) <= 1e-9 * std::max(1.0, std::abs(times));
}

uint64_t characters(const json::Value& value) {
  return utf8::length(json::text(value));
}

bool is_same(const json::Value& value, const std::string& canonical, const json::Value& other) {
  if (value.IsNumber() && other.IsNumber()) return value == other;  // 1 and 1.0
  // by their text: RapidJSON compares objects in quadratic time
  return value.GetType() == other.GetType() && canonical == json::canonical(other);
}

class Check {
 public:
  using Found = std::optional<Breach>;

  explicit Check(const json::Value& root) : root_(root) {}

  /// The first rule that is broken. What could not be checked is in fault().
  Found value(const json::Value& rules, const json::Value& value) {
    if (!fault_.empty() || !afford(1)) return {};
    const json::Value* schema = follow_references(rules, root_);
    if (!schema) return {};
    const Deeper deeper(*this);
    if (!fault_.empty()) return {};
    Found found = own_type(*schema, value);
    if (!found && value.IsObject()) found = object(*schema, value);
    if (!found && value.IsArray()) found = array(*schema, value);
    if (!found && value.IsString()) found = string(*schema, value);
    if (!found && value.IsNumber()) found = number(*schema, value);
    if (!found) found = combined(*schema, value);
    return found;
  }
  const std::string& fault() const { return fault_; }

 private:
  struct Deeper {
    explicit Deeper(Check& check) : check_(check) {
      if (++check.depth_ > depth_max) check.fault_ = "refers to itself without an end";
    }
    ~Deeper() { --check_.depth_; }
    Check& check_;
  };

  bool afford(size_t work) {
    work_ += work;
    if (work_ > work_max && fault_.empty()) fault_ = "has too many rules to be checked";
    return fault_.empty();
  }
  Found breach(const json::Value& schema, const char* keyword, const json::Value& value) const {
    return Breach{&schema, keyword, path_, &value};
  }

  Found at(std::string step, const json::Value& rules, const json::Value& item) {
    path_.push_back(std::move(step));
    Found found = value(rules, item);
    path_.pop_back();
    return found;
  }

  bool matches(const json::Value& pattern, const json::Value& text) {
    if (!afford(work_of_match)) return false;
    auto it = patterns_.find(&pattern);
    if (it == patterns_.end()) it = patterns_.emplace(&pattern, schema_regex(json::text(pattern))).first;
    const Result<bool> found = it->second ? it->second->found_in(json::text(text)) : Result<bool>(false);
    if (!found && fault_.empty())
      fault_ = fmt::format("has the pattern {}, which takes too long to match", json::write(pattern));
    return found && *found;
  }

  Found own_type(const json::Value& schema, const json::Value& value) {
    const json::Value* type = json::find(schema, "type");
    if (!type) return {};
    const auto fits = [&](const json::Value& name) { return is_of_type(value, json::text(name)); };
    const bool fit = type->IsArray() ? std::any_of(type->Begin(), type->End(), fits) : fits(*type);
    return fit ? Found() : breach(schema, "type", value);
  }

  Found member(const json::Value& schema, const json::Value::Member& member) {
    const std::string_view name = json::text(member.name);
    bool known = false;
    if (const json::Value* properties = json::find(schema, "properties")) {
      if (!afford(properties->MemberCount() / 16)) return {};
      if (const json::Value* rules = json::find(*properties, name)) {
        known = true;
        if (Found found = at(std::string(name), *rules, member.value)) return found;
      }
    }
    if (const json::Value* patterns = json::find(schema, "patternProperties"))
      for (const auto& pattern : patterns->GetObject()) {
        if (!matches(pattern.name, member.name)) continue;
        known = true;
        if (Found found = at(std::string(name), pattern.value, member.value)) return found;
      }
    const json::Value* others = json::find(schema, "additionalProperties");
    if (known || !others) return {};
    if (others->IsObject()) return at(std::string(name), *others, member.value);
    if (others->GetBool()) return {};
    Found found = breach(schema, "additionalProperties", member.value);
    found->path.emplace_back(name);
    return found;
  }

  Found object(const json::Value& schema, const json::Value& value) {
    for (const auto& item : value.GetObject())
      if (Found found = member(schema, item)) return found;
    if (const json::Value* required = json::find(schema, "required"))
      for (const auto& name : required->GetArray())
        if (afford(1 + value.MemberCount() / 16) && !value.HasMember(name)) return breach(schema, "required", value);
    if (const Found found = size(schema, value, "minProperties", "maxProperties", value.MemberCount())) return found;
    const json::Value* dependencies = json::find(schema, "dependencies");
    if (!dependencies) return {};
    for (const auto& [name, needed] : dependencies->GetObject()) {
      if (!afford(1 + value.MemberCount() / 16) || !value.HasMember(name)) continue;
      if (needed.IsObject()) {
        if (Found found = this->value(needed, value)) return found;
      } else {
        for (const auto& other : needed.GetArray())
          if (afford(1 + value.MemberCount() / 16) && !value.HasMember(other)) return breach(schema, "dependencies", value);
      }
    }
    return {};
  }

  Found array(const json::Value& schema, const json::Value& value) {
    const json::Value* items = json::find(schema, "items");
    const json::Value* others = json::find(schema, "additionalItems");
    for (rapidjson::SizeType i = 0; items && i < value.Size(); ++i) {
      const bool own = items->IsObject() || i < items->Size();
      if (!own && others && others->IsBool() && !others->GetBool()) return breach(schema, "additionalItems", value);
      const json::Value* rules = items->IsObject()              ? items
                                 : own                          ? &(*items)[i]
                                 : others && others->IsObject() ? others
                                                                : nullptr;
      if (!rules) break;
      if (Found found = at(std::to_string(i), *rules, value[i])) return found;
    }
    if (const Found found = size(schema, value, "minItems", "maxItems", value.Size())) return found;
    const json::Value* unique = json::find(schema, "uniqueItems");
    return unique && unique->GetBool() && has_item_twice(value) ? breach(schema, "uniqueItems", value) : Found();
  }

  bool has_item_twice(const json::Value& list) {
    std::unordered_set<std::string> seen;
    return std::any_of(list.Begin(), list.End(), [&](const json::Value& item) {
      std::string text = json::canonical(item);
      return afford(1 + text.size() / 16) && !seen.insert(std::move(text)).second;
    });
  }

  bool is_among(const json::Value& value, const json::Value& list) {
    const std::string text = json::canonical(value);
    return std::any_of(list.Begin(), list.End(), [&](const json::Value& item) { return is_same(value, text, item); }) ||
           !afford(list.Size() + text.size() / 16);
  }

  Found string(const json::Value& schema, const json::Value& value) {
    if (const Found found = size(schema, value, "minLength", "maxLength", characters(value))) return found;
    const json::Value* pattern = json::find(schema, "pattern");
    return pattern && !matches(*pattern, value) ? breach(schema, "pattern", value) : Found();
  }

  Found size(const json::Value& schema, const json::Value& value, const char* least, const char* most, uint64_t size) const {
    const json::Value* lower = json::find(schema, least);
    if (lower && size < lower->GetUint64()) return breach(schema, least, value);
    const json::Value* upper = json::find(schema, most);
    return upper && size > upper->GetUint64() ? breach(schema, most, value) : Found();
  }

  Found number(const json::Value& schema, const json::Value& value) const {
    const auto is_open = [&](const char* keyword) { return json::find_bool(schema, keyword).value_or(false); };
    if (const json::Value* limit = json::find(schema, "minimum"))
      if (is_open("exclusiveMinimum") ? !is_less(*limit, value) : is_less(value, *limit))
        return breach(schema, "minimum", value);
    if (const json::Value* limit = json::find(schema, "maximum"))
      if (is_open("exclusiveMaximum") ? !is_less(value, *limit) : is_less(*limit, value))
        return breach(schema, "maximum", value);
    const json::Value* factor = json::find(schema, "multipleOf");
    return factor && !is_multiple(value, *factor) ? breach(schema, "multipleOf", value) : Found();
  }

  Found combined(const json::Value& schema, const json::Value& value) {
    const json::Value* list = json::find(schema, "enum");
    if (list && !is_among(value, *list)) return breach(schema, "enum", value);
    if (const json::Value* all = json::find(schema, "allOf"))
      for (const auto& rules : all->GetArray())
        if (Found found = this->value(rules, value)) return found;
    const json::Value* any = json::find(schema, "anyOf");
    if (any && kept(*any, value, 1) < 1) return breach(schema, "anyOf", value);
    const json::Value* one = json::find(schema, "oneOf");
    if (one && kept(*one, value, 2) != 1) return breach(schema, "oneOf", value);
    const json::Value* rules = json::find(schema, "not");
    return rules && !this->value(*rules, value) ? breach(schema, "not", value) : Found();
  }

  /// How many of the schemas the value keeps to, counted up to `enough`.
  int kept(const json::Value& schemas, const json::Value& value, int enough) {
    int count = 0;
    for (auto it = schemas.Begin(); it != schemas.End() && count < enough; ++it) count += !this->value(*it, value);
    return count;
  }

  const json::Value& root_;
  std::vector<std::string> path_;
  std::unordered_map<const json::Value*, Result<Regex>> patterns_;
  std::string fault_;
  unsigned depth_ = 0;
  size_t work_ = 0;
};

}  // namespace

Result<std::optional<Breach>> find_breach(const json::Value& root, const json::Value& value) {
  Check check(root);
  std::optional<Breach> found = check.value(root, value);
  if (!check.fault().empty()) return Error{Error::Kind::data, check.fault()};
  return found;
}

}  // namespace sextant::schema
