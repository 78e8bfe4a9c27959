#include <sextant/hub_cache.hpp>
#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>

namespace sextant {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string below_home(const char* folder) {
  if (const std::string home = variable("HF_HOME"); !home.empty()) return home + folder;
  if (const std::string cache = variable("XDG_CACHE_HOME"); !cache.empty()) return cache + "/huggingface" + folder;
  if (const std::string home = variable("HOME"); !home.empty()) return home + "/.cache/huggingface" + folder;
  return "";
}

}  // namespace

std::string hub_cache_folder() {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"})
    if (const std::string hub = variable(name); !hub.empty()) return hub;
  return below_home("/hub");
}
std::string datasets_cache_folder() {
  if (const std::string cache = variable("HF_DATASETS_CACHE"); !cache.empty()) return cache;
  return below_home("/datasets");
}

std::string modules_cache_folder() {
  if (const std::string cache = variable("HF_MODULES_CACHE"); !cache.empty()) return cache;
  return below_home("/modules");
}

// As `datasets` spells names: in small letters, _ before a capital that begins a word.
std::string datasets_folder_name(std::string_view id) {
  const size_t slash = id.find('/');
  const std::string_view name = slash == id.npos ? id : id.substr(slash + 1);
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  std::string out = slash == id.npos ? "" : std::string(id.substr(0, slash)) + "___";
  for (size_t i = 0; i < name.size(); ++i) {
    if (i > 0 && upper(name[i])) {
      const bool after_small = lower(name[i - 1]) || (name[i - 1] >= '0' && name[i - 1] <= '9');
      const bool last_of_capitals = upper(name[i - 1]) && i + 1 < name.size() && lower(name[i + 1]);
      if (after_small || last_of_capitals) out += '_';
    }
    out += upper(name[i]) ? static_cast<char>(name[i] | 0x20) : name[i];
  }
  return out;
}

bool is_hub_id(std::string_view id) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  const size_t slash = id.find('/');
  const std::string_view organisation = slash == id.npos ? "x" : id.substr(0, slash),
                         name = slash == id.npos ? id : id.substr(slash + 1);
  for (const std::string_view part : {organisation, name})
    if (part.empty() || part.front() == '.' || !std::all_of(part.begin(), part.end(), plain)) return false;
  return true;
}

std::string hub_folder_name(std::string_view id) {
  std::string name = "models--" + std::string(id);
  if (const size_t slash = name.find('/'); slash != name.npos) name.replace(slash, 1, "--");
  return name;
}

std::string nor_in_hub_cache(std::string_view id) {
  const std::string cache = hub_cache_folder();
  if (!is_hub_id(id) || cache.empty()) return "";
  return fmt::format(", and the cache of the Hugging Face Hub, {} (HF_HUB_CACHE or HF_HOME name another), holds no {}", cache,
                     hub_folder_name(id));
}

}  // namespace sextant
