// Reads the members of a JSON object into plain types. A member that is absent leaves its default; the first one of a wrong
// type is kept as the error, so that a reader is one line per member. For JSON that comes from plugins and from files.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::data {

class Fields {
 public:
  /// `origin` names the object in errors: "inferencer:sure: ask[0]".
  Fields(const json::Value& object, std::string_view origin);

  void read(const char* name, std::string& out);
  void read(const char* name, bool& out);
  void read(const char* name, uint32_t& out);
  void read(const char* name, uint64_t& out);
  void read(const char* name, double& out);          // "inf", "-inf" and "nan" as number() writes them, too
  void read(const char* name, float& out);
  void read(const char* name, std::vector<std::string>& out);
  void read(const char* name, std::vector<int32_t>& out);
  void read(const char* name, std::vector<uint64_t>& out);
  void read(const char* name, std::vector<float>& out);
  /// Any value, as its JSON text.
  void read_json(const char* name, std::string& out);
  /// A JSON object (or array, where `array`) as its text.
  void read_object(const char* name, std::string& out);
  void read_array(const char* name, std::string& out);
  /// Calls `item` with each entry of a list and its origin.
  void each(const char* name, const std::function<Result<void>(const json::Value&, const std::string&)>& item);
  /// The member, where it is there.
  const json::Value* find(const char* name);
  void fail(const char* name, std::string_view must_be);
  void require(const char* name);

  /// The first error. `closed`: a member that nothing has read is one.
  Result<void> take(bool closed = false);
  std::string where(const char* name) const { return origin_ + ": \"" + name + '"'; }

 private:
  template <class T> void read_integer(const char* name, T& out);
  template <class T> void read_list(const char* name, std::vector<T>& out, std::string_view must_be,
                                    std::optional<T> (*convert)(const json::Value&));
  const json::Value& object_;
  const std::string origin_;
  std::vector<std::string_view> known_;
  std::optional<Error> error_;
};

/// A double as JSON, lossless: what is not finite becomes "inf", "-inf" or "nan". A float is written with the digits that it
/// has.
json::Value number(double value);
json::Value number(float value);
/// A list of texts, numbers.
json::Value list(const std::vector<std::string>& texts, json::Document::AllocatorType& allocator);
json::Value list(const std::vector<int32_t>& numbers, json::Document::AllocatorType& allocator);
json::Value list(const std::vector<uint64_t>& numbers, json::Document::AllocatorType& allocator);
json::Value list(const std::vector<float>& numbers, json::Document::AllocatorType& allocator);
/// A JSON text as a value; broken text becomes a JSON string, so that nothing is lost.
json::Value embed(std::string_view json_text, json::Document::AllocatorType& allocator);

}  // namespace sextant::data
