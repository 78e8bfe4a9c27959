// https://arrow.apache.org/docs/format/CDataInterface.html says what the letters of a format mean and which buffers there are.
#include "arrow_json.hpp"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <ctime>
#include <limits>
#include <fmt/format.h>
#include <string_view>

namespace sextant::tables {
namespace {

template <class T> T at(const void* buffer, int64_t i) {
  T out;
  std::memcpy(&out, static_cast<const char*>(buffer) + static_cast<size_t>(i) * sizeof(T), sizeof(T));
  return out;
}
bool bit(const void* buffer, int64_t i) {
  return (static_cast<const uint8_t*>(buffer)[i / 8] >> (i % 8) & 1) != 0;
}

void number(double value, json::Writer& writer) {
  if (std::isfinite(value)) writer.Double(value);
  else writer.Null();
}
void text(std::string_view value, json::Writer& writer) {
  writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

double half(uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const double size = exponent == 31  ? (fraction ? NAN : INFINITY)
                      : exponent == 0 ? std::ldexp(fraction, -24)
                                      : std::ldexp(1024 + fraction, exponent - 25);
  return bits >> 15 ? -size : size;
}

std::string date_text(int64_t days) {
  const std::time_t seconds = days * 86400;
  std::tm out{};
  gmtime_r(&seconds, &out);
  return fmt::format("{:04}-{:02}-{:02}", out.tm_year + 1900, out.tm_mon + 1, out.tm_mday);
}
std::string clock_text(int64_t micros) {
  const int64_t seconds = micros / 1'000'000, rest = micros % 1'000'000;
  const std::string out = fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  return rest == 0 ? out : fmt::format("{}.{:06}", out, rest);
}
int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
// Of "s", "m", "u" and "n", in microseconds; what is beyond 64 bits is beyond the years of a datetime, too.
int64_t micros(int64_t value, char unit) {
  if (unit == 'n') return floor_div(value, 1000);
  int64_t out = 0;
  const int64_t factor = unit == 's' ? 1'000'000 : unit == 'm' ? 1000 : 1;
  return __builtin_mul_overflow(value, factor, &out) ? std::numeric_limits<int64_t>::max() : out;
}
// What Python's datetime holds: the years 1 to 9999.
bool is_year(int64_t days) { return days >= -719162 && days <= 2932896; }

// "d:10,2": 128 bits, of which Python's Decimal prints all digits.
void decimal(std::string_view format, const void* buffer, int64_t i, json::Writer& writer) {
  const size_t comma = format.find(',');
  const int scale = comma == format.npos ? 0 : std::atoi(std::string(format.substr(comma + 1)).c_str());
  const auto low = at<uint64_t>(buffer, 2 * i);
  const auto high = at<uint64_t>(buffer, 2 * i + 1);
  __extension__ using Wide = unsigned __int128;
  Wide value = static_cast<Wide>(high) << 64 | low;
  const bool negative = high >> 63;
  if (negative) value = ~value + 1;
  std::string digits;
  for (; value > 0; value /= 10) digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
  const auto places = static_cast<size_t>(std::max(scale, 0));
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  if (places > 0) digits.insert(digits.size() - places, ".");
  text((negative ? "-" : "") + digits, writer);
}

bool is_list(std::string_view f) { return f == "+l" || f == "+L" || f.starts_with("+w:"); }
bool is_time(std::string_view f) {
  return f == "tdD" || f == "tdm" || f.starts_with("tts") || f.starts_with("ttm") || f.starts_with("ttu") || f.starts_with("ttn");
}
bool is_stamp(std::string_view f) {   // without a zone, or in that of Greenwich
  if (!(f.starts_with("tss:") || f.starts_with("tsm:") || f.starts_with("tsu:") || f.starts_with("tsn:"))) return false;
  const std::string_view zone = f.substr(4);
  return zone.empty() || zone == "UTC" || zone == "+00:00";
}
bool is_decimal(std::string_view f) { return f.starts_with("d:") && std::count(f.begin(), f.end(), ',') == 1; }

void value(const ArrowSchema& type, const ArrowArray& array, int64_t i, json::Writer& writer);

void list(const ArrowSchema& type, const ArrowArray& array, int64_t i, json::Writer& writer) {
  const std::string_view f = type.format;
  int64_t begin = 0, end = 0;
  if (f == "+l") begin = at<int32_t>(array.buffers[1], i), end = at<int32_t>(array.buffers[1], i + 1);
  else if (f == "+L") begin = at<int64_t>(array.buffers[1], i), end = at<int64_t>(array.buffers[1], i + 1);
  else {
    const int64_t size = std::atoll(f.data() + 3);
    begin = i * size, end = begin + size;
  }
  writer.StartArray();
  for (int64_t k = begin; k < end; ++k) value(*type.children[0], *array.children[0], k, writer);
  writer.EndArray();
}

void object(const ArrowSchema& type, const ArrowArray& array, int64_t i, json::Writer& writer) {
  writer.StartObject();
  for (int64_t k = 0; k < type.n_children; ++k) {
    if (!is_readable(*type.children[k])) continue;
    const char* name = type.children[k]->name ? type.children[k]->name : "";
    writer.Key(name, static_cast<rapidjson::SizeType>(std::strlen(name)));
    value(*type.children[k], *array.children[k], i, writer);
  }
  writer.EndObject();
}

// `i`: as the parent counts; the array's own offset comes on top.
void value(const ArrowSchema& type, const ArrowArray& array, int64_t row, json::Writer& writer) {
  const int64_t i = row + array.offset;
  const std::string_view f = type.format;
  if (f == "n" || (array.n_buffers > 0 && array.buffers[0] && array.null_count != 0 && !bit(array.buffers[0], i)))
    return void(writer.Null());
  if (type.dictionary) {
    const auto place = [&]() -> int64_t {
      switch (f[0]) {
        case 'c': return at<int8_t>(array.buffers[1], i);
        case 'C': return at<uint8_t>(array.buffers[1], i);
        case 's': return at<int16_t>(array.buffers[1], i);
        case 'S': return at<uint16_t>(array.buffers[1], i);
        case 'i': return at<int32_t>(array.buffers[1], i);
        case 'I': return at<uint32_t>(array.buffers[1], i);
        default: return at<int64_t>(array.buffers[1], i);
      }
    };
    return value(*type.dictionary, *array.dictionary, place(), writer);
  }
  if (is_list(f)) return list(type, array, i, writer);
  if (f == "+s") return object(type, array, i, writer);
  const void* data = array.buffers[1];
  if (f == "u" || f == "U") {
    const int64_t begin = f == "u" ? at<int32_t>(data, i) : at<int64_t>(data, i);
    const int64_t end = f == "u" ? at<int32_t>(data, i + 1) : at<int64_t>(data, i + 1);
    const char* bytes = static_cast<const char*>(array.buffers[2]);
    return text(begin == end ? std::string_view() : std::string_view(bytes + begin, static_cast<size_t>(end - begin)), writer);
  }
  if (is_decimal(f)) return decimal(f, data, i, writer);
  if (is_stamp(f)) {
    const int64_t all = micros(at<int64_t>(data, i), f[2]), days = floor_div(all, 86'400'000'000);
    if (!is_year(days)) return void(writer.Null());
    return text(fmt::format("{} {}{}", date_text(days), clock_text(all - days * 86'400'000'000), f.size() > 4 ? "+00:00" : ""),
                writer);
  }
  if (is_time(f)) {
    if (f[1] == 't')
      return text(clock_text(micros(f[2] == 's' || f[2] == 'm' ? at<int32_t>(data, i) : at<int64_t>(data, i), f[2])), writer);
    const int64_t days = f == "tdD" ? at<int32_t>(data, i) : floor_div(at<int64_t>(data, i), 86'400'000);
    return is_year(days) ? text(date_text(days), writer) : void(writer.Null());
  }
  switch (f[0]) {
    case 'b': return void(writer.Bool(bit(data, i)));
    case 'c': return void(writer.Int(at<int8_t>(data, i)));
    case 'C': return void(writer.Uint(at<uint8_t>(data, i)));
    case 's': return void(writer.Int(at<int16_t>(data, i)));
    case 'S': return void(writer.Uint(at<uint16_t>(data, i)));
    case 'i': return void(writer.Int(at<int32_t>(data, i)));
    case 'I': return void(writer.Uint(at<uint32_t>(data, i)));
    case 'l': return void(writer.Int64(at<int64_t>(data, i)));
    case 'L': return void(writer.Uint64(at<uint64_t>(data, i)));
    case 'e': return number(half(at<uint16_t>(data, i)), writer);
    case 'f': return number(static_cast<double>(at<float>(data, i)), writer);
    default: return number(at<double>(data, i), writer);
  }
}

}  // namespace

bool is_readable(const ArrowSchema& type) {
  if (type.dictionary) return is_readable(*type.dictionary);
  const std::string_view f = type.format;
  if (is_list(f)) return type.n_children == 1 && is_readable(*type.children[0]);
  if (f == "+s") {   // one with a part that is readable; the others are left out
    for (int64_t i = 0; i < type.n_children; ++i)
      if (is_readable(*type.children[i])) return true;
    return false;
  }
  if (f.size() == 1) return std::string_view("nbcCsSiIlLefguU").find(f[0]) != std::string_view::npos;
  return is_decimal(f) || is_stamp(f) || is_time(f);
}

void write_row(const ArrowSchema& type, const ArrowArray& batch, int64_t row, json::Writer& writer) {
  object(type, batch, row + batch.offset, writer);
}

}  // namespace sextant::tables
