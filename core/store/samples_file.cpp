#include "samples_file.hpp"
#include <fmt/format.h>
#include <sextant/sha256.hpp>
#include "../base/json_members.hpp"

namespace sextant::store {

Result<void> check_samples(const std::filesystem::path& samples, const std::filesystem::path& results) {
  std::error_code code;
  if (!std::filesystem::exists(samples, code) || !std::filesystem::exists(results, code)) return {};
  SXT_TRY(const InputFile file, InputFile::open(results));
  std::string written;
  // what is wrong with the file, its readers say
  (void)scan_members(file, [&](std::string_view name, uint64_t begin, uint64_t end) {
    if (name != samples_member) return true;
    if (const auto value = file.read(begin, end - begin); value && value->size() > 2) written = value->substr(1, value->size() - 2);
    return false;
  });
  if (written.empty()) return {};
  SXT_TRY(const std::string now, sha256_file(samples));
  if (now == written) return {};
  return Error{Error::Kind::data, fmt::format("{} is not what scoring wrote ({} has the SHA-256 {}..., and it is {}...); score the run "
                                              "again (-m eval -r)",
                                              samples.string(), results.filename().string(), written.substr(0, 12),
                                              now.substr(0, 12))};
}

}  // namespace sextant::store
