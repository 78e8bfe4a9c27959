#include "python_folders.hpp"
#include <cstdlib>
#include <fstream>
#include <sextant/json.hpp>

namespace sextant::plugin {
namespace fs = std::filesystem;
namespace {

constexpr std::uintmax_t pth_bytes_max = 1 << 20;

std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code code;
  for (fs::directory_iterator at(folder, code), end; !code && at != end; at.increment(code)) out.push_back(at->path());
  return out;
}

/// Python takes a line that begins with "import" for code, every other for a folder, relative to the file's own.
void add_pth(const fs::path& file, std::vector<fs::path>& to) {
  std::error_code code;
  if (fs::file_size(file, code) > pth_bytes_max || code) return;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.pop_back();
    if (line.empty() || line.front() == '#' || line.starts_with("import ") || line.starts_with("import\t")) continue;
    if (line.find('\0') == line.npos) to.push_back(file.parent_path() / line);
  }
}

/// PEP 610: {"url": "file:///home/me/lm-evaluation-harness", "dir_info": {"editable": true}}
void add_editable(const fs::path& dist_info, std::vector<fs::path>& to) {
  const fs::path file = dist_info / "direct_url.json";
  std::error_code code;
  if (fs::file_size(file, code) > pth_bytes_max || code) return;
  std::ifstream in(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  const auto origin = json::parse(text, file.string());
  if (!origin || !origin->IsObject()) return;
  const json::Value* info = json::find(*origin, "dir_info");
  const std::string url = json::find_string(*origin, "url").value_or("");
  if (!info || !info->IsObject() || !json::find_bool(*info, "editable").value_or(false) || !url.starts_with("file:///")) return;
  std::string path;
  for (size_t at = 7; at < url.size(); ++at) {
    if (url[at] == '%' && at + 2 < url.size()) {
      path += static_cast<char>(std::strtol(url.substr(at + 1, 2).c_str(), nullptr, 16));
      at += 2;
    } else {
      path += url[at];
    }
  }
  if (path.find('\0') == path.npos) to.emplace_back(path);
}

}  // namespace

std::vector<std::string> folders_of_packages(const fs::path& prefix) {
  std::vector<fs::path> found;
  std::error_code code;
  const auto look = [&](const fs::path& lib, bool itself) {
    for (const fs::path& version : entries(lib)) {
      if (!version.filename().string().starts_with("python3")) continue;
      for (const char* name : {"site-packages", "dist-packages"}) {
        if (itself) found.push_back(version / name);
        for (const fs::path& entry : entries(version / name)) {
          if (entry.extension() == ".pth") add_pth(entry, found);
          if (entry.extension() == ".dist-info") add_editable(entry, found);
        }
      }
    }
  };
  look(prefix / "lib", false);
  const char* home = std::getenv("HOME");
  if (home && *home && !fs::exists(prefix / "pyvenv.cfg", code)) look(fs::path(home) / ".local/lib", true);  // pip install --user
  const fs::path home_folder = home ? fs::weakly_canonical(home, code) : fs::path();
  std::vector<std::string> out;
  for (const fs::path& folder : found) {
    const fs::path real = fs::canonical(folder, code);
    if (code || !fs::is_directory(real, code) || real == "/" || real == home_folder) continue;
    out.push_back(real.string());
  }
  return out;
}

}  // namespace sextant::plugin
