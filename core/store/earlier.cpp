#include "earlier.hpp"
#include <fmt/format.h>
#include "../base/file_parts.hpp"
#include "../base/files.hpp"

namespace sextant::store {
namespace fs = std::filesystem;
namespace {

constexpr int places_max = 100'000;  // beyond what anybody takes up again

bool is_there(const fs::path& path) {
  std::error_code code;
  return fs::exists(path, code);
}

fs::path held_name(fs::path file) { return file += ".before"; }

bool same_content(const fs::path& a, const fs::path& b) {
  constexpr uint64_t block_bytes = 1 << 20;
  const auto one = InputFile::open(a), other = InputFile::open(b);
  if (!one || !other || one->size() != other->size()) return false;
  for (uint64_t at = 0; at < one->size(); at += block_bytes) {
    const auto here = one->read(at, block_bytes), there = other->read(at, block_bytes);
    if (!here || !there || *here != *there) return false;
  }
  return true;
}

Error cannot_keep(const fs::path& from, const fs::path& to, const std::error_code& code) {
  return {Error::Kind::io,
          fmt::format("cannot keep {} as {}: {}; check the permissions", from.string(), to.string(), code.message())};
}

}  // namespace

Earlier::Earlier(const RunFolder& folder) : folder_(folder) {
  if (auto text = read_file(folder.config(), own_bytes_max)) config_ = *std::move(text);
  if (auto text = read_file(folder.run_json(), own_bytes_max)) record_ = *std::move(text);
}

Result<void> Earlier::open() {
  if (!place_.empty()) return {};
  SXT_CHECK(make_folders(folder_.earlier()));
  std::error_code code;
  for (int i = 1; i <= places_max; ++i) {
    const fs::path place = folder_.earlier() / std::to_string(i);
    if (!fs::create_directory(place, code)) {
      if (code)
        return Error{Error::Kind::io,
                     fmt::format("cannot make the folder {}: {}; check its permissions", place.string(), code.message())};
      continue;  // taken
    }
    if (!config_.empty()) SXT_CHECK(write_file(place / "configs" / "run.json", config_));
    if (!record_.empty()) SXT_CHECK(write_file(place / "run.json", record_));
    place_ = place;
    return {};
  }
  return Error{Error::Kind::io, fmt::format("{} has no free name; begin a new run, without -r", folder_.earlier().string())};
}

// `as`: what it was called before it was held.
Result<void> Earlier::move(const fs::path& from, const fs::path& as) {
  if (!is_there(from)) return {};
  SXT_CHECK(open());
  const fs::path to = place_ / as.lexically_relative(folder_.path());
  SXT_CHECK(make_folders(to.parent_path()));
  std::error_code code;
  fs::rename(from, to, code);
  if (code) return cannot_keep(from, to, code);
  return {};
}

Result<void> Earlier::hold(const fs::path& file) {
  const fs::path held = held_name(file);
  if (!is_there(file) || is_there(held)) return {};
  std::error_code code;
  fs::rename(file, held, code);
  if (code) return cannot_keep(file, held, code);
  return {};
}

Result<bool> Earlier::settle(const fs::path& file) {
  const fs::path held = held_name(file);
  if (!is_there(held)) return false;
  std::error_code code;
  if (same_content(file, held)) {
    fs::remove(held, code);
    return false;
  }
  const std::lock_guard lock(mutex_);
  SXT_CHECK(move(held, file));
  return true;
}

Result<void> Earlier::put(std::string_view model, std::string_view task, bool predictions) {
  const std::lock_guard lock(mutex_);
  std::vector<fs::path> files = {folder_.results(model, task), folder_.samples(model, task)};
  if (predictions) files.push_back(folder_.predictions(model, task));
  for (const fs::path& file : files) {
    SXT_CHECK(move(file, file));
    SXT_CHECK(move(held_name(file), file));  // where there are both, a run was killed while it wrote the other one
  }
  return {};
}

Result<void> Earlier::put_summary() {
  const std::lock_guard lock(mutex_);
  for (const char* extension : {"txt", "csv", "md"}) SXT_CHECK(move(folder_.summary(extension), folder_.summary(extension)));
  return {};
}

fs::path Earlier::place() const {
  const std::lock_guard lock(mutex_);
  return place_;
}

}  // namespace sextant::store
