#include "samples_file.hpp"
#include <fmt/format.h>
#include <sextant/sha256.hpp>
#include "../base/json_members.hpp"

namespace sextant::store {

Result<void> check_samples(const std::filesystem::path& samples, const std::filesystem::path& results) {
  std::error_code code;
  if (!std::filesystem::exists(samples, code) || !std::filesystem::exists(results, code)) return {};
  SXT_TRY(const InputFile file, InputFile::open(results));
  const auto member = member_of(file, samples_member);
  if (!member || member->size() <= 2) return {};  // what is wrong with the file, its readers say
  const std::string written = member->substr(1, member->size() - 2);
  SXT_TRY(const std::string now, sha256_file(samples));
  if (now == written) return {};
  return Error{Error::Kind::data, fmt::format("{} is not what scoring wrote ({} has the SHA-256 {}..., and it is {}...); score the run "
                                              "again (-m eval -r)",
                                              samples.string(), results.filename().string(), written.substr(0, 12),
                                              now.substr(0, 12))};
}

}  // namespace sextant::store
