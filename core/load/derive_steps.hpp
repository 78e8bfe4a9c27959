// The steps that a derived column may be made of: one row of the table each, so that messages can list them.
#pragma once
#include <span>
#include "derive.hpp"

namespace sextant::load {

struct DeriveStepType {
  std::string_view key;                     // the member that names the step: "regex"
  std::vector<std::string> further;         // the other members it may have
  /// `step`: the whole object; `where`: "card.json: reader.derive.target[0]", for errors.
  Result<std::shared_ptr<const DeriveStep>> (*read)(const json::Value& step, const std::string& where);
};
std::span<const DeriveStepType> derive_step_types();

}  // namespace sextant::load
