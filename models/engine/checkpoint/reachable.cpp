#include "reachable.hpp"
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fmt/format.h>
#include <sextant/hub_cache.hpp>

namespace sextant::engine {
namespace {

Error unreachable(const std::string& path, const std::string& why) {
  return {Error::Kind::io, fmt::format("{}: {}", path, why)};
}

std::string forbidden(std::string_view what) {
  return fmt::format("this user may not {}; change its permissions (chmod), or run as a user who may", what);
}

}  // namespace

Result<void> check_reachable(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    const int reason = errno;
    std::error_code failed;
    if (reason == EACCES) return unreachable(path, forbidden("enter a folder on the way there"));
    if (reason != ENOENT && reason != ENOTDIR)
      return unreachable(path, fmt::format("cannot be looked at: {}", std::strerror(reason)));
    if (std::filesystem::is_symlink(path, failed))
      return unreachable(path, fmt::format("is a link to {}, which is missing; fetch it again or name another path",
                                           std::filesystem::read_symlink(path, failed).string()));
    return unreachable(
        path, fmt::format("there is no such file or folder{}; check the path (nothing is fetched)", nor_in_hub_cache(path)));
  }
  if (S_ISDIR(info.st_mode) && ::faccessat(AT_FDCWD, path.c_str(), R_OK | X_OK, AT_EACCESS) != 0 && errno == EACCES)
    return unreachable(path, forbidden("enter and list this folder"));
  return {};
}

}  // namespace sextant::engine
