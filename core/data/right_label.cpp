#include "right_label.hpp"
#include <algorithm>
#include <sextant/json.hpp>

namespace sextant::data {

size_t right_label(const Attempt& attempt) {
  const auto target = json::parse(attempt.target_json, "the target");
  const auto is_right = [&](const LabelScore& label) {
    if (!target) return false;
    if (target->IsString()) return label.label == json::text(*target);
    return target->IsArray() && std::any_of(target->Begin(), target->End(), [&](const json::Value& each) {
             return each.IsString() && label.label == json::text(each);
           });
  };
  return static_cast<size_t>(std::find_if(attempt.labels.begin(), attempt.labels.end(), is_right) - attempt.labels.begin());
}

}  // namespace sextant::data
