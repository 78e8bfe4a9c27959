// A checkpoint's metadata, read key by key: each number within limits that no model known comes near to, so that sizes computed
// from them cannot overflow or exhaust the machine, and every error names file and key.
// Ownership: views of a Checkpoint. Threads: [owner]; what is asked for is remembered.
#pragma once
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>
#include "../checkpoint/checkpoint.hpp"

namespace sextant::engine {

/// "FILE: `sentence`; take another copy of the model": what is there cannot be right.
Error malformed(const Checkpoint& checkpoint, std::string_view sentence);

class Keys {
 public:
  /// `object`: the JSON object that is read. Errors say `what` ("metadata key") and `prefix` + the key's name.
  Keys(const Checkpoint& checkpoint, const json::Value& object, std::string what, std::string prefix)
      : checkpoint_(&checkpoint), object_(&object), what_(std::move(what)), prefix_(std::move(prefix)),
        asked_(std::make_shared<std::set<std::string>>()) {}

  /// GGUF's keys of one architecture: "llama." is put before every name.
  static Keys of_gguf(const Checkpoint& checkpoint, const std::string& architecture);
  /// The members of an object inside this one; `name` is its key.
  Keys inside(std::string_view name) const;

  /// Null where there is no such key, or where its value is null.
  const json::Value* find(std::string_view name) const;
  bool is_null(std::string_view name) const;  // there, and null

  Result<uint32_t> count(std::string_view name, uint32_t most) const;  // from 1
  Result<uint32_t> count_or(std::string_view name, uint32_t most, uint32_t otherwise) const;
  Result<uint32_t> whole_or(std::string_view name, uint32_t most, uint32_t otherwise) const;  // from 0
  Result<double> number(std::string_view name, double least, double most) const;
  Result<double> number_or(std::string_view name, double least, double most, double otherwise) const;
  Result<bool> flag_or(std::string_view name, bool otherwise) const;
  Result<std::string> text_or(std::string_view name, std::string_view otherwise) const;
  /// A list of `size` numbers.
  Result<std::vector<double>> numbers(std::string_view name, size_t size, double least, double most) const;
  /// Whole numbers or flags, `size` of them; `size` 0: any number of them.
  Result<std::vector<uint32_t>> counts(std::string_view name, size_t size) const;

  Error wrong(std::string_view sentence) const { return malformed(*checkpoint_, sentence); }
  /// "FILE: WHAT "key" `why`": what is there may be right, and is not computed here.
  Error unsupported(std::string_view name, std::string_view why) const;
  std::string key(std::string_view name) const { return what_ + " \"" + prefix_ + std::string(name) + "\""; }
  const Checkpoint& checkpoint() const { return *checkpoint_; }
  /// The members that are there, hold something and have not been asked for: nothing was done with them.
  std::vector<std::string> unasked() const;

 private:
  const json::Value* raw(std::string_view name) const;
  bool in_file() const { return object_ == &checkpoint_->metadata(); }  // GGUF's names are flat: the prefix is part of them

  const Checkpoint* checkpoint_;
  const json::Value* object_;
  std::string what_, prefix_;
  std::shared_ptr<std::set<std::string>> asked_;  // with their prefixes; shared with the objects inside
};

}  // namespace sextant::engine
