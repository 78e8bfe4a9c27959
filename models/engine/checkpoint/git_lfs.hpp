// What lies where weights should lie when a repository was cloned without Git LFS: a few lines of text.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <fmt/format.h>
#include <sextant/result.hpp>

namespace sextant::engine {

inline Result<void> refuse_git_lfs_pointer(std::string_view path, std::span<const std::byte> bytes) {
  constexpr std::string_view mark = "version https://git-lfs";
  if (!std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()).starts_with(mark)) return {};
  return Error{Error::Kind::data,
               fmt::format("{}: is a Git LFS pointer, not the file itself; run `git lfs pull` in the folder, or "
                           "fetch the file another way",
                           path)};
}

}  // namespace sextant::engine
