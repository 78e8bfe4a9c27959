// What the readers of tokenizer.json's steps share: looking members up, and errors that name file and construct.
#pragma once
#include <string>
#include <fmt/format.h>
#include <sextant/json.hpp>
#include "../text/oniguruma.hpp"

namespace sextant::engine {

/// One object with a "type" inside a tokenizer.json.
struct JsonStep {
  const json::Value& value;
  std::string role;            // "normalizer", "pre-tokenizer", ...
  const std::string& origin;   // the file

  std::string type() const { return json::find_string(value, "type").value_or(""); }
  std::string name() const { return fmt::format("{} {}", role, json::quote(type().substr(0, 80))); }
  Error error(std::string_view what) const { return {Error::Kind::data, fmt::format("{}: {}: {}", origin, name(), what)}; }
  Error unsupported() const {
    return {Error::Kind::data, fmt::format("{}: the {} is not supported; report it with the model's name", origin, name())};
  }
  bool flag(const char* key, bool otherwise) const { return json::find_bool(value, key).value_or(otherwise); }
  Result<std::string> text(const char* key) const {
    if (auto found = json::find_string(value, key)) return *std::move(found);
    return error(fmt::format("\"{}\" is missing or no text", key));
  }
  JsonStep inner(const json::Value& other) const { return {other, role, origin}; }

  /// Calls `read(step)` for each member of a Sequence's list.
  template <class Read> Result<void> each(const char* key, Read read) const {
    const json::Value* list = json::find(value, key);
    if (!list || !list->IsArray()) return error(fmt::format("\"{}\" is missing or no list", key));
    for (const auto& item : list->GetArray()) SXT_CHECK(read(inner(item)));
    return {};
  }

  /// The member "pattern": {"String": "..."} or {"Regex": "..."}.
  struct Pattern {
    std::optional<std::string> text;  // a string to be found as it is
    std::optional<Regex> regex;
    /// Calls visit(begin, end) for each place in `in`.
    template <class Visit> void for_each(std::string_view in, Visit visit) const {
      if (regex) return for_each_match(*regex, in, visit);
      if (text->empty()) return;
      for (size_t at = in.find(*text); at != in.npos; at = in.find(*text, at + text->size())) visit(at, at + text->size());
    }
  };
  Result<Pattern> pattern() const {
    const json::Value* found = json::find(value, "pattern");
    if (found && found->IsString()) return Pattern{std::string(json::text(*found)), {}};
    if (auto text = found ? json::find_string(*found, "String") : std::nullopt) return Pattern{*std::move(text), {}};
    const auto source = found ? json::find_string(*found, "Regex") : std::nullopt;
    if (!source) return error("\"pattern\" is neither a String nor a Regex");
    SXT_TRY(Regex regex, compile_oniguruma(*source, origin + ": " + name()));
    return Pattern{{}, std::move(regex)};
  }
};

}  // namespace sextant::engine
