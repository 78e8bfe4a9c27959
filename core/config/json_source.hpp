// A JSON file that a person wrote: its tree, and where each key stands, so that an error can name file, line and nearest key.
#pragma once
#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::config {

/// What a value must look like. Objects list their members; a member not listed is an error.
struct Shape {
  enum class Type { any, string, integer, number, boolean, object, array } type = Type::any;
  std::vector<std::pair<std::string, Shape>> members;   // object
  std::vector<Shape> item;                              // array, or an object's other members: one shape for all, or empty: any
  bool open = false;                                    // object: other members are allowed (a plugin's own configuration)

  static Shape text() { return {Type::string, {}, {}, false}; }
  static Shape integer() { return {Type::integer, {}, {}, false}; }
  static Shape number() { return {Type::number, {}, {}, false}; }
  static Shape boolean() { return {Type::boolean, {}, {}, false}; }
  static Shape any() { return {}; }
  static Shape object(std::vector<std::pair<std::string, Shape>> members) { return {Type::object, std::move(members), {}, false}; }
  static Shape open_object(std::vector<std::pair<std::string, Shape>> members = {}) { return {Type::object, std::move(members), {}, true}; }
  static Shape map_of(Shape item) { return {Type::object, {}, {std::move(item)}, true}; }
  static Shape list(Shape item) { return {Type::array, {}, {std::move(item)}, false}; }
};

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
  Result<void> check(const json::Value& value, const Shape& shape, const std::string& pointer) const;
  std::string origin_;
  json::Document root_;
  std::unordered_map<std::string, size_t> line_of_;
};

/// Loads a file and everything its "extends" names (relative to it), merged: objects member by member, anything else replaced;
/// each file is checked against `shape` by itself. A cycle or a missing file is an error that names the chain.
Result<json::Document> load_merged(const std::filesystem::path& path, const Shape& shape);

/// Merges `over` into `base`, as "extends" does.
void merge_into(json::Value& base, const json::Value& over, json::Document::AllocatorType& allocator);

}  // namespace sextant::config
