// What a variant of a data set changes in its rows (config/perturb.hpp). It stands first among the derived columns, and changes
// what was read before they are derived, so that they follow; what only they make is changed behind them. Pure. Threads: const
// members are [any].
#pragma once
#include <string>
#include "../config/perturb.hpp"
#include "derive.hpp"

namespace sextant::load {

class Perturb : public DeriveStep {
 public:
  explicit Perturb(config::Perturbation how) : how_(std::move(how)) {}
  Result<void> before_derived(json::Value& record, json::Document::AllocatorType& a) const;
  /// `read`: the record as it was read; `plain`: with its derived columns and nothing changed. The answer is that of `plain` in
  /// its new place, whether it was read or derived.
  Result<void> after_derived(json::Value& record, const json::Value& read, const json::Value& plain,
                             json::Document::AllocatorType& a) const;
  /// Not a column by itself.
  Result<json::Value> make(const json::Value&, const json::Value*, json::Document::AllocatorType&) const override {
    return json::Value();
  }

 private:
  Result<void> turn(json::Value& record, json::Document::AllocatorType& a) const;
  Result<json::Value> answer_of(const json::Value& read, const json::Value& plain, json::Document::AllocatorType& a) const;
  void change_text(json::Value& record, const std::string& column, json::Document::AllocatorType& a) const;
  const config::Perturbation how_;
};

}  // namespace sextant::load
