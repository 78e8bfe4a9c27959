#include "trust.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace sextant::plugin {
namespace fs = std::filesystem;
namespace {

// Root may be somebody else inside a container's user namespace: then "/" shows who.
bool is_trusted(uid_t owner) {
  struct stat program{}, root{};
  if (owner == 0 || owner == ::geteuid()) return true;
  if (::stat("/proc/self/exe", &program) == 0 && owner == program.st_uid) return true;
  return ::stat("/", &root) == 0 && owner == root.st_uid;
}

Error refused(const fs::path& what, const fs::path& culprit, const std::string& why, const std::string& remedy) {
  const std::string where = what == culprit ? "it" : culprit.string();
  return {Error::Kind::io, fmt::format("{} is not used: {} {}, and a plugin there would run with your rights; {}",
                                       what.string(), where, why, remedy)};
}

// Who may write there could as well replace the program itself: a checkout on somebody's mount, a container's workspace.
bool holds_the_program(const fs::path& place) {
  std::error_code code;
  const fs::path program = fs::canonical("/proc/self/exe", code);
  return !code && std::mismatch(place.begin(), place.end(), program.begin(), program.end()).first == place.end();
}

// With the sticky bit (/tmp) only a file's owner may replace it, and the owners below are looked at.
Result<void> check(const fs::path& what, const fs::path& place) {
  struct stat status{};
  if (::stat(place.c_str(), &status) != 0) return {};  // whoever opens it says what is wrong
  const bool shared = (status.st_mode & S_IWOTH) && !(S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) && what != place);
  if ((!shared && is_trusted(status.st_uid)) || holds_the_program(place)) return {};
  if (shared) return refused(what, place, "may be written by everybody", fmt::format("chmod o-w {}", place.string()));
  return refused(what, place, fmt::format("belongs to another user ({})", status.st_uid),
                 "copy it to a folder of your own, or have its owner be root");
}

}  // namespace

Result<void> check_folder_owner(const fs::path& folder) {
  std::error_code code;
  const fs::path real = fs::canonical(folder, code);
  if (code) return {};
  for (fs::path place = real;; place = place.parent_path()) {
    SXT_CHECK(check(real, place));
    if (place == place.parent_path()) return {};
  }
}

Result<void> check_file_owner(const fs::path& file) {
  std::error_code code;
  const fs::path real = fs::canonical(file, code);
  if (code) return {};
  SXT_CHECK(check(file, real));
  // a link may lead out of the folder that was checked
  return real.parent_path() == fs::canonical(file.parent_path(), code) ? Result<void>()
                                                                       : check_folder_owner(real.parent_path());
}

}  // namespace sextant::plugin
