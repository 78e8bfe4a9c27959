#include "journal.hpp"
#include <fmt/format.h>
#include <system_error>
#include "../base/log.hpp"
#include "../base/sha256.hpp"
#include "sample_json.hpp"

namespace sextant::store {
namespace fs = std::filesystem;
namespace {

// far beyond any real journal, whose size is that of its prompts; a limit keeps a mistaken path from filling the memory
constexpr uint64_t journal_bytes_max = uint64_t{1} << 36;

struct Lines {
  std::vector<Sample> samples;
  size_t broken = 0, first_broken = 0;  // count, and line number
  size_t whole_bytes = 0;               // up to and including the last LF
};

Lines parse_lines(std::string_view text) {
  Lines out;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    if (end == text.npos) break;  // a killed run's half line
    if (auto sample = sample_from_line(text.substr(0, end)))
      out.samples.push_back(*std::move(sample));
    else if (out.broken++ == 0)
      out.first_broken = number;
    out.whole_bytes += end + 1;
    text.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace

Result<Journal> Journal::open(const fs::path& path) {
  std::unordered_map<std::string, std::optional<Sample>> by_key;
  std::error_code code;
  if (fs::exists(path, code)) {
    SXT_TRY(const std::string text, read_file(path, journal_bytes_max));
    Lines lines = parse_lines(text);
    if (lines.whole_bytes < text.size()) {
      fs::resize_file(path, lines.whole_bytes, code);
      if (code)
        return Error{Error::Kind::io, fmt::format("cannot cut the half line off the end of {}: {}; check its permissions",
                                                  path.string(), code.message())};
      log_debug(fmt::format("{}: cut off a half line that a killed run left", path.string()));
    }
    if (lines.broken > 0)
      log_warning(fmt::format("{}:{}: broken line{}; what stood there is computed again", path.string(), lines.first_broken,
                              lines.broken == 1 ? "" : fmt::format(" (the first of {})", lines.broken)));
    for (Sample& sample : lines.samples) by_key.try_emplace(sample.key, std::move(sample));
  }
  SXT_TRY(AppendFile file, AppendFile::open(path));
  Journal journal(std::move(file));
  journal.by_key_ = std::move(by_key);
  return journal;
}

const Sample* Journal::find(const std::string& key) const {
  const auto it = by_key_.find(key);
  return it == by_key_.end() || !it->second ? nullptr : &*it->second;
}

void Journal::forget() {
  for (auto& [key, sample] : by_key_) sample.reset();
}

Result<void> Journal::append(const Sample& sample) {
  if (by_key_.contains(sample.key)) return {};
  SXT_CHECK(file_.append(to_line(sample) + "\n"));
  by_key_.emplace(sample.key, std::nullopt);
  return {};
}

std::vector<Sample> read_journal(const fs::path& path) {
  std::error_code code;
  if (!fs::exists(path, code)) return {};
  const auto text = read_file(path, journal_bytes_max);
  return text ? parse_lines(*text).samples : std::vector<Sample>();
}

std::string content_key(const KeyParts& parts) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  json::Value prompts(rapidjson::kArrayType);
  for (const std::string& prompt : parts.prompts) prompts.PushBack(json::Value(prompt, a), a);
  json::set(out, "record", parts.record_json, a);
  json::set(out, "prompts", std::move(prompts), a);
  json::set(out, "weights", parts.weights_sha256, a);
  json::set(out, "model", parts.model_config, a);
  json::set(out, "generation", parts.generation, a);
  json::set(out, "code", parts.code_version, a);
  json::set(out, "index", json::Value(parts.index), a);
  return sha256_hex(json::canonical(out));
}

}  // namespace sextant::store
