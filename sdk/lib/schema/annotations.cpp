// "x-affects-results" and "x-secret": where a schema says so, and taking what they mark out of a configuration.
#include <algorithm>
#include <functional>
#include "rules.hpp"

namespace sextant::schema {
namespace {

enum class Mark { without_effect, secret };

using Schemas = std::vector<const json::Value*>;
constexpr size_t schemas_max = 256;  // of one value; an honest schema has a few
constexpr size_t depth_max = 64;     // of keys in keys, where a schema refers to itself

bool has_mark(const Schemas& schemas, Mark mark) {
  return std::any_of(schemas.begin(), schemas.end(), [&](const json::Value* schema) {
    return mark == Mark::secret ? json::find_bool(*schema, "x-secret").value_or(false)
                                : !json::find_bool(*schema, "x-affects-results").value_or(true);
  });
}

class Walk {
 public:
  explicit Walk(const json::Value& root) : root_(root) {}

  Schemas at_root() const { return with_parts({&root_}); }

  /// The schemas that a member of that name has.
  Schemas of_member(const Schemas& schemas, std::string_view name) const {
    Schemas out;
    for (const json::Value* schema : schemas) {
      bool known = false;
      if (const json::Value* properties = json::find(*schema, "properties"))
        if (const json::Value* own = json::find(*properties, name)) out.push_back(own), known = true;
      if (const json::Value* patterns = json::find(*schema, "patternProperties"); patterns && patterns->IsObject())
        for (const auto& pattern : patterns->GetObject())
          if (matches(pattern.name, name)) out.push_back(&pattern.value), known = true;
      if (const json::Value* others = json::find(*schema, "additionalProperties"); others && !known) out.push_back(others);
    }
    return with_parts(out);
  }

  Schemas of_item(const Schemas& schemas, size_t index) const {
    Schemas out;
    for (const json::Value* schema : schemas) {
      const json::Value* items = json::find(*schema, "items");
      if (items && items->IsArray())
        items =
            index < items->Size() ? &(*items)[static_cast<rapidjson::SizeType>(index)] : json::find(*schema, "additionalItems");
      if (items) out.push_back(items);
    }
    return with_parts(out);
  }

  /// Calls `use` with what is marked in `value`, which is not, and its dotted key; where it says true, that is taken out.
  using Use = std::function<bool(json::Value& part, const std::string& key)>;
  void for_each(const Schemas& schemas, json::Value& value, Mark mark, const Use& use, const std::string& prefix = "") const {
    if (schemas.empty()) return;
    const auto taken = [&](const Schemas& own, json::Value& part, const std::string& name) {
      if (has_mark(own, mark)) return use(part, prefix + name);
      for_each(own, part, mark, use, prefix + name + ".");
      return false;
    };
    if (value.IsObject()) {
      for (auto it = value.MemberBegin(); it != value.MemberEnd();) {
        const std::string name(json::text(it->name));
        it = taken(of_member(schemas, name), it->value, name) ? value.EraseMember(it) : it + 1;
      }
    } else if (value.IsArray()) {
      size_t index = 0;
      for (auto it = value.Begin(); it != value.End(); ++index)
        it = taken(of_item(schemas, index), *it, std::to_string(index)) ? value.Erase(it) : it + 1;
    }
  }

  /// Takes what is marked out of `value`.
  std::vector<std::string> take(json::Value& value, Mark mark) const {
    std::vector<std::string> out;
    for_each(at_root(), value, mark, [&](const json::Value& part, const std::string&) {
      out.push_back(part.IsString() ? std::string(json::text(part)) : json::write(part));
      return true;
    });
    return out;
  }

  void list(const Schemas& schemas, Mark mark, const std::string& prefix, size_t depth, std::vector<std::string>& out) const {
    if (depth == depth_max || out.size() >= schemas_max) return;
    const auto one = [&](const std::string& name, const Schemas& own) {
      if (!has_mark(own, mark)) return list(own, mark, prefix + name + ".", depth + 1, out);
      if (std::find(out.begin(), out.end(), prefix + name) == out.end()) out.push_back(prefix + name);
    };
    for (const json::Value* schema : schemas) {
      // what leads back to a schema that lies around it has no new keys
      if (std::find(around_.begin(), around_.end(), schema) != around_.end()) continue;
      around_.push_back(schema);
      if (const json::Value* properties = json::find(*schema, "properties"); properties && properties->IsObject())
        for (const auto& member : properties->GetObject())
          one(std::string(json::text(member.name)), with_parts({&member.value}));
      Schemas any;
      if (const json::Value* patterns = json::find(*schema, "patternProperties"); patterns && patterns->IsObject())
        for (const auto& pattern : patterns->GetObject()) any.push_back(&pattern.value);
      for (const char* keyword : {"additionalProperties", "additionalItems", "items"})
        if (const json::Value* rest = json::find(*schema, keyword)) {
          if (rest->IsArray())
            for (const auto& item : rest->GetArray()) any.push_back(&item);
          else any.push_back(rest);
        }
      for (const json::Value* own : any) one("*", with_parts({own}));
      around_.pop_back();
    }
  }

 private:
  /// These, what they refer to, and the parts that they are combined of.
  Schemas with_parts(const Schemas& schemas) const {
    Schemas out, open(schemas.rbegin(), schemas.rend());
    while (!open.empty() && out.size() < schemas_max) {
      const json::Value* schema = open.back();
      open.pop_back();
      if (!schema->IsObject()) continue;
      schema = follow_references(*schema, root_);
      if (!schema || std::find(out.begin(), out.end(), schema) != out.end()) continue;
      out.push_back(schema);
      for (const char* keyword : {"allOf", "anyOf", "oneOf"})
        if (const json::Value* parts = json::find(*schema, keyword); parts && parts->IsArray())
          for (const auto& part : parts->GetArray()) open.push_back(&part);
    }
    return out;
  }

  /// Where it cannot be told, the member has the pattern's marks: a secret too many is better than one that is shown.
  static bool matches(const json::Value& pattern, std::string_view name) {
    const auto regex = schema_regex(json::text(pattern));
    const auto found = regex ? regex->found_in(name) : Result<bool>(true);
    return !found || *found;
  }

  const json::Value& root_;
  mutable Schemas around_;
};

}  // namespace

bool affects_results(const json::Value& schema, std::string_view key) {
  const Walk walk(schema);
  Schemas schemas = walk.at_root();
  for (bool more = true; more && !has_mark(schemas, Mark::without_effect);) {
    const size_t dot = key.find('.');
    schemas = walk.of_member(schemas, key.substr(0, dot));
    more = dot != key.npos;
    if (more) key.remove_prefix(dot + 1);
  }
  return !has_mark(schemas, Mark::without_effect);
}

void remove_without_effect(const json::Value& schema, json::Value& config) {
  Walk(schema).take(config, Mark::without_effect);
}

std::vector<std::string> secret_keys(const json::Value& schema) {
  std::vector<std::string> out;
  const Walk walk(schema);
  walk.list(walk.at_root(), Mark::secret, "", 0, out);
  return out;
}

std::vector<std::string> remove_secrets(const json::Value& schema, json::Value& config) {
  return Walk(schema).take(config, Mark::secret);
}

void hide_secrets(const json::Value& schema, json::Value& config, json::Document::AllocatorType& allocator) {
  const Walk walk(schema);
  walk.for_each(walk.at_root(), config, Mark::secret, [&](json::Value& part, const std::string&) {
    const bool unset = part.IsNull() || (part.IsString() && part.GetStringLength() == 0);
    if (!unset) part.SetString(hidden.data(), static_cast<rapidjson::SizeType>(hidden.size()), allocator);
    return false;
  });
}

std::vector<std::string> hidden_secrets(const json::Value& schema, const json::Value& config) {
  std::vector<std::string> out;
  json::Document copy = json::copy(config);
  const Walk walk(schema);
  walk.for_each(walk.at_root(), copy, Mark::secret, [&](const json::Value& part, const std::string& key) {
    if (part.IsString() && json::text(part) == hidden) out.push_back(key);
    return false;
  });
  return out;
}

}  // namespace sextant::schema
