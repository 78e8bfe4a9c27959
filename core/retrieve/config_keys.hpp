// Reads a retriever's configuration: each key is asked for by name, and finish() reports the keys that nobody asked for.
#pragma once
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::retrieve {

class ConfigKeys {
 public:
  ConfigKeys(const json::Value& config, std::string_view id) : config_(config), id_(id) {}

  /// The value of whichever of `names` is set (the first is the name, the others its aliases), between `least` and `most`.
  uint64_t whole(std::initializer_list<std::string_view> names, uint64_t otherwise, uint64_t least = 0,
                 uint64_t most = std::numeric_limits<int64_t>::max());
  std::optional<uint64_t> whole_if_set(std::initializer_list<std::string_view> names, uint64_t least = 0,
                                       uint64_t most = std::numeric_limits<int64_t>::max());
  double number(std::string_view name, double otherwise, double least, double most);
  std::vector<uint64_t> list(std::initializer_list<std::string_view> names);
  std::string word(std::string_view name, std::initializer_list<std::string_view> words);   // the first is the default

  std::string text(std::string_view name, std::string_view otherwise);   // not empty

  /// How many examples: "ice_num", "k" or "shots"; OpenCompass' default is 1.
  uint64_t shots() { return whole({"ice_num", "k", "shots"}, 1); }

  /// The first thing that was wrong, or a key that none of the calls named.
  Result<void> finish();

 private:
  const json::Value* take(std::initializer_list<std::string_view> names);
  void fail(std::string what);

  const json::Value& config_;
  std::string id_;
  std::vector<std::string> known_;
  std::optional<Error> error_;
};

}  // namespace sextant::retrieve
