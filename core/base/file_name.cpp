#include "file_name.hpp"
#include <algorithm>
#include <cstdlib>
#include <utf8proc.h>
#include <sextant/sha256.hpp>
#include <sextant/utf8_text.hpp>

namespace sextant {
namespace {

// A file system's limit is 255 bytes; this leaves room for an ending and for the temporary name of write_file().
constexpr size_t file_name_bytes_max = 200;

// What turns the direction of a text, or controls a terminal: a listing of the folder would show another name.
bool commands_a_terminal(char32_t c) {
  return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || (c >= 0x80 && c <= 0x9F);
}

}  // namespace

bool is_file_name_byte(char c) { return c != '/' && c != '\\' && c != 0x7F && static_cast<unsigned char>(c) >= 0x20; }

std::string safe_file_name(std::string_view name) {
  std::string out;
  for (size_t i = 0; i < name.size();) {
    const utf8::Character c = utf8::at(name, i);
    if (c.valid && commands_a_terminal(c.code)) out += '_';
    else for (const char byte : name.substr(i, c.size)) out += is_file_name_byte(byte) ? byte : '_';
    i += c.size;
  }
  if (out.empty() || out == "." || out == "..") out = "_" + out;
  if (out.size() <= file_name_bytes_max) return out;
  return utf8::repair(std::string_view(out).substr(0, file_name_bytes_max - 17)) + "_" + sha256_hex(name).substr(0, 16);
}

std::string file_name_key(std::string_view name) {
  const std::string safe = utf8::repair(safe_file_name(name));
  utf8proc_uint8_t* folded = nullptr;
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
  const utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(safe.data()),
                                             static_cast<utf8proc_ssize_t>(safe.size()), &folded, options);
  std::string out = size < 0 ? safe : std::string(reinterpret_cast<const char*>(folded), static_cast<size_t>(size));
  std::free(folded);
  // a table shows neither what has no width nor blanks at the ends
  out.erase(out.find_last_not_of(' ') + 1);
  out.erase(0, std::min(out.find_first_not_of(' '), out.size()));
  return out;
}

}  // namespace sextant
