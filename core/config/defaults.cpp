#include "defaults.hpp"
#include <fmt/format.h>
#include <sextant/json.hpp>
#include "../base/files.hpp"
#include "extractor_panels.hpp"

namespace sextant::config {
namespace {

Result<json::Document> installed(const std::filesystem::path& file) {
  auto text = read_file(file);
  if (!text) return Error{Error::Kind::config, text.error().message + "; it is installed with the program: reinstall that"};
  return json::parse(*text, file.string());
}

std::vector<std::string> texts(const json::Value& object, const char* key) {
  std::vector<std::string> out;
  if (const json::Value* list = json::find(object, key); list && list->IsArray())
    for (const auto& one : list->GetArray()) out.emplace_back(one.IsString() ? json::text(one) : "");
  return out;
}

}  // namespace

Result<std::vector<ExtractorPanel>> read_extractor_panels(const std::filesystem::path& file) {
  SXT_TRY(const json::Document in, installed(file));
  std::vector<ExtractorPanel> out;
  if (const json::Value* panels = json::find(in, "extractor_panels"); panels && panels->IsArray())
    for (const auto& panel : panels->GetArray()) out.push_back({texts(panel, "for"), texts(panel, "extractors")});
  return out;
}

Result<Defaults> read_defaults(const std::filesystem::path& file) {
  SXT_TRY(const json::Document in, installed(file));
  Defaults out;
  std::string missing;
  const auto name = [&](const json::Value& object, const char* key) {
    const auto found = json::find_string(object, key);
    if (!found && missing.empty()) missing = key;
    return found.value_or("");
  };
  if (const json::Value* backends = json::find(in, "backends"); backends && backends->IsArray())
    out.backends = texts(in, "backends");
  else missing = "backends";
  const json::Value* custom = json::find(in, "custom_dataset");
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
