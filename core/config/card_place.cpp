#include "card_place.hpp"
#include <filesystem>
#include "json_source.hpp"

namespace sextant::config {
namespace fs = std::filesystem;
namespace {

constexpr int depth_max = 8;              // of "extends"; deeper ones are not worth a line number

std::string place(const fs::path& file, const std::string& pointer, int depth) {
  std::error_code code;
  if (depth == depth_max || !fs::is_regular_file(file, code)) return "";
  const auto source = JsonSource::load(file);
  if (!source) return "";
  if (const std::string here = source->at(pointer); here != file.string()) return here;
  const json::Value* extends = json::find(source->root(), "extends");
  if (!extends) return "";
  const auto in = [&](const json::Value& parent) {
    return parent.IsString() ? place(file.parent_path() / json::text(parent), pointer, depth + 1) : "";
  };
  if (!extends->IsArray()) return in(*extends);
  for (rapidjson::SizeType i = extends->Size(); i-- > 0;)   // a later one wins
    if (const std::string found = in((*extends)[i]); !found.empty()) return found;
  return "";
}

}  // namespace

std::string place_in_card(const std::string& card_path, const std::string& pointer) {
  const std::string found = fs::path(card_path).extension() == ".json" ? place(card_path, pointer, 0) : "";
  return found.empty() ? card_path : found;
}

}  // namespace sextant::config
