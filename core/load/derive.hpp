// Columns that a card makes of others: "reader": {"derive": {"letter": {"index_to_letter": "label"}}}. docs/cards.md lists the
// steps. Pure: a record comes in, the same record with further members goes out. Threads: const members are [any].
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::load {

/// One step of a column: what it is made of comes from a column, or from the step before it.
class DeriveStep {
 public:
  virtual ~DeriveStep() = default;
  /// `before`: the value of the step before, null for the first. The result is made with `allocator`.
  virtual Result<json::Value> make(const json::Value& record, const json::Value* before,
                                   json::Document::AllocatorType& allocator) const = 0;
};

class Derive {
 public:
  /// `derive`: the card's object, or null where it has none; `origin` names the card in errors.
  static Result<Derive> read(const json::Value* derive, const std::string& origin);
  bool empty() const { return columns_.empty(); }
  /// Sets the derived columns of `record`, in the card's order: a later one sees the earlier ones.
  Result<void> apply(json::Document& record) const;
  /// The same for a record's text; without derived columns the text itself.
  Result<std::string> apply(std::string record_json) const;

 private:
  struct Column {
    std::string name;
    std::vector<std::shared_ptr<const DeriveStep>> steps;
  };
  std::vector<Column> columns_;
};

}  // namespace sextant::load
