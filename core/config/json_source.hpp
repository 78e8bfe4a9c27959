// A JSON file that a person wrote: its tree, and where each key stands, so that an error can name file, line and nearest key.
#pragma once
#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>
#include <sextant/json_schema.hpp>
#include "card_store.hpp"

namespace sextant::config {

/// What a value must look like: a JSON Schema (sextant/json_schema.hpp).
using Shape = json::Value;

class JsonSource {
 public:
  static Result<JsonSource> load(const std::filesystem::path& path);
  static Result<JsonSource> from_text(std::string text, std::string origin);
  /// Part of a greater file: `origin` says where it stands, lines are not known.
  static JsonSource from_value(const json::Value& value, std::string origin);
  const json::Document& root() const { return root_; }
  /// "cards/x.json:12", the line of the key at this JSON pointer ("/infer/retriever").
  std::string at(const std::string& pointer) const;
  Result<void> check(const Shape& shape) const;

 private:
  Error unlike(const schema::Breach& breach) const;
  std::string origin_;
  json::Document root_;
  std::unordered_map<std::string, size_t> line_of_;
};

/// An object inside a configuration, checked as a file of its own would be.
Result<void> check_inline(const json::Value& value, const Shape& shape, const std::string& origin);

/// Loads a file and everything its "extends" names, merged: objects member by member, anything else replaced; each file is
/// checked against `shape` by itself. "extends" names files relative to the one it stands in, or cards by their names. A cycle
/// or a missing file is an error that names the chain.
Result<json::Document> load_merged(const std::filesystem::path& path, const Shape& shape, const CardFinder& find_card = {});

/// Merges `over` into `base`, as "extends" does.
void merge_into(json::Value& base, const json::Value& over, json::Document::AllocatorType& allocator);

}  // namespace sextant::config
