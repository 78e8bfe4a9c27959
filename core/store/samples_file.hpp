// Whether a samples file is the one that scoring wrote: its results file holds the SHA-256 of it.
#pragma once
#include <filesystem>
#include <string_view>
#include <sextant/result.hpp>

namespace sextant::store {

/// The member of results files that holds it.
inline constexpr std::string_view samples_member = "samples_sha256";

/// An Error where the samples were changed since, or cut short. Of a file whose results do not say (a judge's, an older run's)
/// nothing is known, and nothing said.
Result<void> check_samples(const std::filesystem::path& samples, const std::filesystem::path& results);

}  // namespace sextant::store
