// A whole file that a plugin is given beside its configuration: a dictionary, profiles.
#pragma once
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <sextant/result.hpp>
#include <string>
#include <string_view>

namespace sextant::text {

/// `remedy`: what the file is for and what to do where it cannot be read.
inline Result<std::string> contents_of(const std::filesystem::path& file, std::string_view remedy) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{Error::Kind::config, fmt::format("{} cannot be read{}", file.string(), remedy)};
  return std::string(std::istreambuf_iterator<char>(in), {});
}

}  // namespace sextant::text
