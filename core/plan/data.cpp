#include "data.hpp"
#include <cstdlib>
#include <fmt/format.h>
#include "../base/text.hpp"
#include "select.hpp"

namespace sextant::plan {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t block_rows = 1000;  // records asked of a loader at once

// The first candidate that is there; else the first one, so that the loader can name what it misses.
fs::path locate(const std::vector<fs::path>& candidates) {
  std::error_code code;
  for (const fs::path& candidate : candidates)
    if (fs::exists(candidate, code)) return candidate;
  return candidates.empty() ? fs::path() : candidates.front();
}

Result<std::vector<std::string>> read_rows(plugin::Dataset& loader, const std::string& split, const std::vector<uint64_t>& rows) {
  std::vector<std::string> out;
  out.reserve(rows.size());
  for (size_t i = 0; i < rows.size();) {
    size_t n = 1;  // neighbouring rows are read together
    while (i + n < rows.size() && n < block_rows && rows[i + n] == rows[i] + n) ++n;
    SXT_TRY(std::vector<std::string> block, loader.read(split, rows[i], n));
    std::move(block.begin(), block.end(), std::back_inserter(out));
    i += n;
  }
  return out;
}

// A column that the card names and the data lacks would be an empty text in every prompt, or no answer to compare with.
Result<void> check_columns(const config::DatasetConfig& dataset, const std::string& record_json, const fs::path& path) {
  SXT_TRY(const json::Document record, json::parse(record_json, path.string()));
  std::vector<std::string> columns = dataset.input_columns, there;
  if (!dataset.output_column.empty()) columns.push_back(dataset.output_column);
  for (const std::string& column : columns) {
    if (json::find(record, column)) continue;
    if (record.IsObject())
      for (const auto& member : record.GetObject()) there.emplace_back(json::text(member.name));
    return Error{Error::Kind::data, fmt::format("{}: the records in {} have no column '{}', which the card's reader names{}; they have: {}", dataset.abbr,
                                                path.string(), column, did_you_mean(column, there), join(there, ", "))};
  }
  return {};
}

}  // namespace

std::vector<fs::path> data_candidates(const std::string& data_dir, const std::string& folder, const fs::path& loader_plugin) {
  std::vector<fs::path> out;
  if (!data_dir.empty()) {
    out = {fs::path(data_dir) / folder, fs::path(data_dir) / "data" / folder};
  } else {
    if (const char* cache = std::getenv("COMPASS_DATA_CACHE"); cache && *cache) out.push_back(fs::path(cache) / "data" / folder);
    out.push_back(fs::path("data") / folder);
    if (const char* home = std::getenv("HOME"); home && *home) out.push_back(fs::path(home) / ".cache/opencompass/data" / folder);
  }
  if (!loader_plugin.empty()) out.push_back(loader_plugin.parent_path() / folder);
  return out;
}

Result<TaskData> load_data(plugin::Host& host, const config::DatasetConfig& dataset, const config::RunConfig& run) {
  SXT_TRY(const plugin::Found found, host.registry().find(plugin::Kind::dataset, dataset.loader.id));
  const std::vector<fs::path> candidates = data_candidates(run.data_dir, dataset.folder, found.file->path);
  const fs::path path = dataset.path.empty() ? locate(candidates) : fs::path(dataset.path);
  SXT_TRY(json::Document config, json::parse(dataset.loader.config, dataset.card_path));
  json::set(config, "path", path.string(), config.GetAllocator());
  SXT_TRY(plugin::Dataset loader, host.dataset(dataset.loader.id, json::write(config), dataset.card_path));

  const auto explain = [&](const Error& error) {
    if (error.kind != Error::Kind::missing || !dataset.path.empty()) return error;
    std::vector<std::string> places;
    for (const fs::path& candidate : candidates) places.push_back(candidate.string());
    return Error{error.kind, fmt::format("{}; looked for the set in {}; give --data-dir", error.message, join(places, ", "))};
  };
  const auto count = loader.count(dataset.test_split);
  if (!count) return explain(count.error());
  if (*count == 0) return Error{Error::Kind::data, fmt::format("{}: the split '{}' in {} is empty", dataset.abbr, dataset.test_split, path.string())};
  auto rows = select_rows(*count, dataset.test_range, run.limit, run.seed, dataset.abbr);
  if (!rows) return Error{rows.error().kind, fmt::format("{}: {}", dataset.card_path, rows.error().message)};

  TaskData data;
  SXT_TRY(std::vector<std::string> records, read_rows(loader, dataset.test_split, *rows));
  if (!records.empty()) SXT_CHECK(check_columns(dataset, records.front(), path));
  for (size_t i = 0; i < records.size(); ++i) data.rows.push_back({(*rows)[i], std::move(records[i])});
  if (dataset.retriever.shows_examples()) {
    const auto available = loader.count(dataset.train_split);
    if (!available) return explain(available.error());
    SXT_TRY(const json::Document chosen, json::parse(dataset.retriever.config, dataset.card_path));
    std::vector<uint64_t> ids;
    if (const json::Value* list = json::find(chosen, "ids"))
      for (const auto& id : list->GetArray()) ids.push_back(id.GetUint64());
    for (const uint64_t id : ids)
      if (id >= *available)
        return Error{Error::Kind::data, fmt::format("{}: the retriever wants row {} of the split '{}' in {}, which has {} rows", dataset.abbr, id,
                                                    dataset.train_split, path.string(), *available)};
    SXT_TRY(data.shots, read_rows(loader, dataset.train_split, ids));
  }
  return data;
}

}  // namespace sextant::plan
