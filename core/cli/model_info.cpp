#include "model_info.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <sextant/printable.hpp>
#include <sextant/numbers.hpp>

namespace sextant::cli {
namespace {

constexpr size_t name_width = 26;

bool is_plain(const json::Value& value) { return !value.IsObject() && !value.IsArray(); }

bool is_id(std::string_view name) { return name == "id" || name.ends_with("_id"); }

// A number or a word; `name` is the member's or that of the object around it.
std::string plain(std::string_view name, const json::Value& value) {
  if (value.IsString()) return value.GetStringLength() ? printable(json::text(value)) : "-";
  if (value.IsNull()) return "-";
  if (value.IsBool()) return value.GetBool() ? "yes" : "no";
  if (!value.IsUint64() || is_id(name)) return json::write(value);
  const std::string digits = with_commas(value.GetUint64());
  const bool bytes = name.find("bytes") != name.npos && value.GetUint64() >= 1 << 20;
  if (!bytes) return digits;
  const double mebibytes = static_cast<double>(value.GetUint64()) / (1 << 20);
  return mebibytes < 1024 ? fmt::format("{} ({:.1f} MiB)", digits, mebibytes)
                          : fmt::format("{} ({:.1f} GiB)", digits, mebibytes / 1024);
}

std::string on_a_line(std::string_view name, const json::Value& value) {
  if (is_plain(value)) return plain(name, value);
  std::string line;
  const auto add = [&](const std::string& part) { line += (line.empty() ? "" : ", ") + part; };
  if (value.IsArray())
    for (const auto& item : value.GetArray()) add(on_a_line(name, item));
  else
    for (const auto& member : value.GetObject()) {
      const std::string_view key = json::text(member.name);
      add(fmt::format("{} {}", key, on_a_line(name.find("bytes") != name.npos ? name : key, member.value)));
    }
  return line.empty() ? "-" : line;
}

void write(const json::Value& object, const std::string& indent, std::string& out) {
  for (const auto& member : object.GetObject()) {
    const std::string name = printable(json::text(member.name));
    const json::Value& value = member.value;
    const std::string head = fmt::format("{}{:<{}} ", indent, name, name_width - indent.size());
    const bool list = value.IsArray() && !value.Empty() &&
                      std::none_of(value.Begin(), value.End(), [](const auto& item) { return item.IsNumber(); });
    if (value.IsObject() && indent.empty() &&
        std::any_of(value.MemberBegin(), value.MemberEnd(), [](const auto& m) { return !is_plain(m.value); })) {
      out += fmt::format("{}\n", name);
      write(value, "  ", out);
    } else if (list) {
      for (const auto& item : value.GetArray())
        out += (&item == value.Begin() ? head : std::string(head.size(), ' ')) + on_a_line(name, item) + "\n";
    } else {
      out += head + on_a_line(name, value) + "\n";
    }
  }
}

}  // namespace

std::string model_info_text(const json::Value& about) {
  std::string out;
  write(about, "", out);
  return out;
}

}  // namespace sextant::cli
