// Who could have put a plugin where it lies: what is loaded runs as the user, so only root, the user and who owns the program
// may have. Private to core/plugin.
#pragma once
#include <filesystem>
#include <sextant/result.hpp>

namespace sextant::plugin {

/// An error: somebody else may write the folder, or one above it, so that what is found in it need not be what its owner put
/// there.
Result<void> check_folder_owner(const std::filesystem::path& folder);
/// The same of a file, whose folder has been checked.
Result<void> check_file_owner(const std::filesystem::path& file);

}  // namespace sextant::plugin
