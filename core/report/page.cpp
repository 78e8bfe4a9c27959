#include "page.hpp"
#include <fmt/format.h>
#include <sextant/printable.hpp>
#include <sextant/sha256.hpp>
#include "../base/packed.hpp"
#include "page_parts.hpp"

namespace sextant::report {
namespace {

std::string hash_source(std::string_view text) {
  const std::string hex = sha256_hex(text);
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return "'sha256-" + base64(bytes) + "'";
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '&') out += "&amp;";
    else out += c;
  }
  return out;
}

// What a browser does not run: its type is none that it knows. `content` holds no '<'.
std::string data_script(const char* type, const std::string& id, std::string_view content) {
  return fmt::format("<script type=\"{}\" id=\"{}\">{}</script>\n", type, id, content);
}

// `allowed`: what the page may do beyond running its own script with its own style.
std::string document(const std::string& title, const char* allowed, const char* body, const std::string& data, const char* js) {
  const std::string policy =
      fmt::format("default-src 'none'; script-src {}; style-src {}; {}base-uri 'none'; form-action 'none'", hash_source(js),
                  hash_source(page_css), allowed);
  std::string out = fmt::format(
      R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{}</title>
<style>{}</style>
</head>
)",
      policy, escaped(title), page_css);
  out += body;
  out += data;
  return out + fmt::format("<script>{}</script>\n</body>\n</html>\n", js);
}

// As JavaScript's encodeURIComponent does, and the signs that a terminal may not take for a part of an address. `also`: further
// characters that stay.
std::string percent_encoded(std::string_view text, std::string_view also = "") {
  constexpr std::string_view kept = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
  std::string out;
  for (const char c : text) {
    if (kept.find(c) != kept.npos || also.find(c) != also.npos) out += c;
    else out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace

std::string page_address(const std::filesystem::path& page, std::string_view model, std::string_view dataset, uint64_t row,
                         uint64_t repeat) {
  return "file://" + percent_encoded(page.string(), "/") + page_anchor(model, dataset, row, repeat);
}

std::string page_anchor(std::string_view model, std::string_view dataset, uint64_t row, uint64_t repeat) {
  return fmt::format("#s/{}/{}/{}{}", percent_encoded(model), percent_encoded(dataset), row,
                     repeat > 0 ? fmt::format("/{}", repeat) : std::string());
}

// These characters stand in JSON only inside texts.
std::string json_for_html(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (const char c : json) {
    if (c == '<') out += "\\u003c";
    else if (c == '>') out += "\\u003e";
    else if (c == '&') out += "\\u0026";
    else out += c;
  }
  return out;
}

std::string page_html(const std::string& title, const std::string& about_json, PageRows& rows) {
  std::string data = data_script("application/json", "about", json_for_html(about_json));
  data += data_script("text/plain", "index", rows.index());
  for (size_t i = 0; i < rows.blocks().size(); ++i)
    data += data_script("text/plain", fmt::format("block-{}", i), rows.blocks()[i]);
  return document(title, "", page_body, data, page_js);
}

std::string view_html(const std::string& folder) {
  const std::string about = fmt::format("{{\"folder\":{}}}", json::quote(folder));
  return document("Sextant: " + folder, "connect-src 'self'; ", view_body,
                  data_script("application/json", "about", json_for_html(about)), view_js);
}

}  // namespace sextant::report
