#include "set_member.hpp"
#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace sextant::config {
namespace {

Error usage(std::string message) { return {Error::Kind::usage, std::move(message)}; }

struct Step {
  std::string name;      // of a member; or
  bool item = false;     // an item of a list
  size_t index = 0;
};

Result<std::vector<Step>> steps_of(const std::string& path) {
  std::vector<Step> steps;
  const Error bad =
      usage(fmt::format("--set {}: write members with dots and places in lists in brackets, as in eval.metrics[0].type", path));
  for (size_t i = 0; i < path.size();) {
    if (path[i] == '[') {
      Step step{"", true, 0};
      const auto [end, code] = std::from_chars(path.data() + i + 1, path.data() + path.size(), step.index);
      if (code != std::errc() || end == path.data() + path.size() || *end != ']' || steps.empty()) return bad;
      i = static_cast<size_t>(end - path.data()) + 1;
      steps.push_back(std::move(step));
      continue;
    }
    if (path[i] == '.' && !steps.empty()) ++i;
    const size_t end = std::min(path.find_first_of(".[", i), path.size());
    if (end == i) return bad;
    steps.push_back({path.substr(i, end - i), false, 0});
    i = end;
  }
  if (steps.empty()) return bad;
  return steps;
}

}  // namespace

json::Document parse_kwarg(const std::string& value) {
  json::Document out;
  if (value.size() >= 2 && (value.front() == '\'' || value.front() == '"') && value.back() == value.front()) {
    out.SetString(value.substr(1, value.size() - 2), out.GetAllocator());
    return out;
  }
  if (value == "True" || value == "False") {
    out.SetBool(value == "True");
    return out;
  }
  if (value == "None") return out;
  if (auto parsed = json::parse(value, "")) return *std::move(parsed);
  out.SetString(value, out.GetAllocator());
  return out;
}

Result<void> set_member(json::Document& card, const std::string& path, const std::string& value) {
  SXT_TRY(const std::vector<Step> steps, steps_of(path));
  auto& a = card.GetAllocator();
  json::Value* at = &card;
  for (const Step& step : steps) {
    if (step.item) {
      if (!at->IsArray() || step.index >= at->Size())
        return usage(
            fmt::format("--set {}: there is no item [{}]; {}", path, step.index,
                        at->IsArray() ? fmt::format("the list has {}", at->Size()) : "the value before it is not a list"));
      at = &(*at)[static_cast<rapidjson::SizeType>(step.index)];
      continue;
    }
    if (at->IsNull()) at->SetObject();
    if (!at->IsObject()) return usage(fmt::format("--set {}: the value before '{}' is not an object", path, step.name));
    if (!json::find(*at, step.name)) json::set(*at, step.name, json::Value(rapidjson::kNullType), a);
    at = &at->FindMember(step.name)->value;
  }
  const json::Document parsed = parse_kwarg(value);
  at->CopyFrom(parsed, a);
  return {};
}

}  // namespace sextant::config
