// open(2) and errno, as all of the core uses them. Threads: [any].
#pragma once
#include <filesystem>
#include <string>

namespace sextant {

/// What errno says, and what to do about it: "No space left on device; free some space there or choose another folder".
std::string io_reason(int code);

/// open(2) for good: closed on exec, and never one of the standard descriptors, even where one of these has been closed
/// meanwhile. -1 and errno where it fails.
int open_file(const std::filesystem::path& path, int flags);
/// Such a descriptor in place of one that was opened otherwise; -1 stays -1.
int beyond_standard(int fd);

}  // namespace sextant
