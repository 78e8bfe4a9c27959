// One file over HTTP, kept only if its SHA-256 is the one that was known before. The only code of the core that asks a network, and
// only `sextant fetch` calls it.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <sextant/result.hpp>

namespace sextant::load {

struct Download {
  std::string url;               // http or https
  std::string sha256;            // 64 hex digits
  std::filesystem::path path;    // where the file shall be
};

/// `done` and `total` bytes (0: the server does not say); false ends the download.
using OnProgress = std::function<bool(uint64_t done, uint64_t total)>;

/// Writes beside `path` and renames what has the right sum: before that, and after any error, `path` is as it was. Returns the
/// number of bytes. A server that cannot be reached or refuses is an Error of kind device, another sum one of kind data.
Result<uint64_t> download(const Download& what, const OnProgress& progress);

}  // namespace sextant::load
