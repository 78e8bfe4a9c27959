// What a model or data set is called on disk, and whether two would be one file there.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace sextant {

/// Of read_file(): a file that Sextant wrote itself may be read back, however large it is.
constexpr uint64_t own_bytes_max = UINT64_MAX;

/// Not '/', '\' or a control character.
bool is_file_name_byte(char c);

/// A name as the name of a file: '/' and whatever else is unfit become '_'; it never leaves its folder. A name that is too long
/// for a file system is cut and gets a hash.
std::string safe_file_name(std::string_view name);

/// Equal for two names whose files a file system may take for one: made safe, composed (NFC) and case-folded, as macOS and
/// Windows compare; and for two that look the same: without blanks at the ends and characters of no width.
std::string file_name_key(std::string_view name);

}  // namespace sextant
