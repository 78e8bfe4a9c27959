#include "width.hpp"
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <sextant/utf8.hpp>

namespace sextant::report {
namespace {

struct Range {
  uint32_t first, last;
};
constexpr Range zero_width[] = {{0x0300, 0x036F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};
constexpr Range wide[] = {{0x1100, 0x115F}, {0x2E80, 0x303E},   {0x3041, 0xA4CF},   {0xA960, 0xA97F},
                          {0xAC00, 0xD7A3}, {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
                          {0xFFE0, 0xFFE6}, {0x1F300, 0x1F64F}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};

template <size_t N> bool in(uint32_t point, const Range (&ranges)[N]) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [&](const Range& range) { return point >= range.first && point <= range.last; });
}

}  // namespace

size_t display_width(std::string_view text) {
  size_t columns = 0;
  for (size_t i = 0; i < text.size();) {
    const utf8::Character c = utf8::at(text, i);
    i += c.size;
    columns += in(c.code, zero_width) ? 0 : in(c.code, wide) ? 2 : 1;
  }
  return columns;
}

}  // namespace sextant::report
