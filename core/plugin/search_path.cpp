// Where plugins are looked for, in the order of precedence.
#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <sys/utsname.h>
#include <vector>  // Boost 1.74's headers use it without including it
#include <boost/dll/runtime_symbol_info.hpp>
#include "../base/files.hpp"
#include "registry.hpp"

namespace sextant::plugin {
namespace fs = std::filesystem;
namespace {

/// Where `meson install` puts plugins, as seen from the program's folder: the build knows it exactly (SXT_PLUGIN_DIR_REL), the
/// others are where a moved or repackaged tree has them.
std::vector<fs::path> install_folders(const fs::path& program_folder) {
  std::vector<fs::path> out;
#ifdef SXT_PLUGIN_DIR_REL
  out.push_back(program_folder / SXT_PLUGIN_DIR_REL);
#endif
  out.push_back(program_folder / "../lib/sextant/plugins");
  out.push_back(program_folder / "../lib64/sextant/plugins");
  if (struct utsname system{}; ::uname(&system) == 0)
    out.push_back(program_folder / "../lib" / (std::string(system.machine) + "-linux-gnu") / "sextant/plugins");
  return out;
}

}  // namespace

SearchPath SearchPath::standard(const std::vector<std::string>& plugin_path_flags) {
  SearchPath out;
  for (const std::string& folder : plugin_path_flags) out.folders.emplace_back(folder);
  if (const char* variable = std::getenv("SEXTANT_PLUGIN_PATH")) {
    for (std::string_view rest = variable; !rest.empty();) {
      const size_t colon = rest.find(':');
      if (colon != 0) out.folders.emplace_back(rest.substr(0, colon));
      rest = colon == rest.npos ? std::string_view{} : rest.substr(colon + 1);
    }
  }
  // what nobody named may be absent
  std::error_code code;
  if (const fs::path folder = data_folder() / "plugins"; fs::is_directory(folder, code)) out.folders.push_back(folder);
  boost::dll::fs::error_code location_code;
  const fs::path program = boost::dll::program_location(location_code);
  for (const fs::path& folder : install_folders(program.parent_path()))
    if (fs::is_directory(folder, code) &&
        std::find(out.folders.begin(), out.folders.end(), folder.lexically_normal()) == out.folders.end())
      out.folders.push_back(folder.lexically_normal());
  return out;
}

}  // namespace sextant::plugin
