#include "defaults.hpp"
#include <fmt/format.h>
#include <sextant/json.hpp>
#include "../base/files.hpp"

namespace sextant::config {

Result<Defaults> read_defaults(const std::filesystem::path& file) {
  auto text = read_file(file);
  if (!text) return Error{Error::Kind::config, text.error().message + "; it is installed with the program: reinstall that"};
  SXT_TRY(const json::Document in, json::parse(*text, file.string()));
  Defaults out;
  std::string missing;
  const auto name = [&](const json::Value& object, const char* key) {
    const auto found = json::find_string(object, key);
    if (!found && missing.empty()) missing = key;
    return found.value_or("");
  };
  const json::Value* backends = json::find(in, "backends");
  const json::Value* custom = json::find(in, "custom_dataset");
  if (!backends || !backends->IsArray()) missing = "backends";
  else
    for (const auto& backend : backends->GetArray()) out.backends.emplace_back(backend.IsString() ? json::text(backend) : "");
  if (!custom) missing = "custom_dataset";
  else
    out.custom_dataset = {name(*custom, "loader"), name(*custom, "template"), name(*custom, "metric"),
                          name(*custom, "option_postprocessor"), name(*custom, "label_postprocessor")};
  const json::Value* tasks = json::find(in, "tasks");
  if (tasks)
    out.tasks = {name(*tasks, "loader"), name(*tasks, "template"), name(*tasks, "filter"), name(*tasks, "exact_match")};
  else if (missing.empty()) missing = "tasks";
  if (!missing.empty())
    return Error{Error::Kind::config, fmt::format("{} lacks \"{}\"; reinstall the program", file.string(), missing)};
  return out;
}

}  // namespace sextant::config
