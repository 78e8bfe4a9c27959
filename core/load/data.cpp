#include "data.hpp"
#include "../config/perturb.hpp"
#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <iterator>
#include <new>
#include <set>
#include <sextant/json_scratch.hpp>
#include "../base/text.hpp"
#include "columns.hpp"
#include "derive.hpp"
#include "select.hpp"

namespace sextant::load {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t block_rows = 64;   // a call of the loader for so many; a row may be long
constexpr uint64_t unlooked_rows = 10'000;

std::string places_text(const std::vector<fs::path>& candidates) {
  std::vector<std::string> places;
  for (const fs::path& candidate : candidates) places.push_back(candidate.string());
  return join(places, ", ");
}

// The first candidate that is there. What is said of all that are not does not name the set: sets of one folder share the
// sentence.
Result<fs::path> locate(const std::vector<fs::path>& candidates, const std::string& folder) {
  for (const fs::path& candidate : candidates) {
    std::error_code code;
    const fs::file_status status = fs::status(candidate, code);
    if (fs::exists(status)) return candidate;
    if (code == std::errc::permission_denied)
      return Error{Error::Kind::io,
                   fmt::format("{} cannot be opened: permission denied on a folder above it; check its permissions",
                               candidate.string())};
  }
  return Error{Error::Kind::missing,
               fmt::format("there is no folder {0} of data; looked at {1}; give --data-dir DIR, where DIR/{0} is that folder",
                           folder, places_text(candidates))};
}

Result<plugin::Dataset> open_loader(plugin::Host& host, const config::DatasetConfig& dataset, const fs::path& path) {
  SXT_TRY(json::Document config, json::parse(dataset.loader.config, dataset.card_path));
  json::set(config, "path", path.string(), config.GetAllocator());
  return host.dataset(dataset.loader.id, json::write(config), dataset.card_path);
}

// A column that the card names and the data lacks would be an empty text in every prompt, or no answer to compare with; a
// placeholder that names nothing would be sent as it stands.
Result<void> check_rows(plugin::Host& host, const config::DatasetConfig& dataset, const fs::path& path, const LookAtRow& look,
                        TaskData& data) {
  SXT_TRY(const json::Document template_config, json::parse(dataset.template_.config, dataset.card_path));
  const bool in_braces = host.says(plugin::Kind::template_, dataset.template_.id, "x-placeholders");
  const Placeholders placeholders = in_braces ? placeholders_of(template_config) : Placeholders{};
  const std::vector<std::string> made = {"choice_lines"};   // by the template, of its "choices"
  std::vector<std::string> wanted = dataset.input_columns;
  if (!dataset.output_column.empty()) wanted.push_back(dataset.output_column);
  if (!dataset.cluster_column.empty()) wanted.push_back(dataset.cluster_column);
  AnswerLeak leak(placeholders, dataset.output_column);
  const auto placeholders_in = [&](const json::Document& record, const std::string& place) {
    return check_placeholders(placeholders.everywhere, record, dataset.abbr, place, made);
  };
  // the loader has read its file: what is no record is the loader's own mistake
  JsonScratch scratch;
  const auto parsed = [&](const std::string& text, const std::string& which) -> Result<const json::Document*> {
    const auto record = scratch.parse(text, which);
    if (record && (*record)->IsObject()) return record;
    return Error{Error::Kind::internal, fmt::format("dataset:{} gave no JSON object as {}: {}; report it to the plugin's author",
                                                    dataset.loader.id, which, record ? "it is another value" : record.error().message)};
  };
  for (uint64_t i = 0; i < data.rows.size(); ++i) {
    SXT_TRY(const Row row, data.rows.at(i));
    const std::string place = fmt::format("row {} of the split '{}'", row.index, dataset.test_split);
    SXT_TRY(const json::Document* parsed_row, parsed(row.record_json, place));
    const json::Document& record = *parsed_row;
    SXT_CHECK(check_columns(wanted, record, dataset.abbr, path.string(), "the card's reader"));
    SXT_CHECK(placeholders_in(record, place));
    leak.look_at(record);
    if (i == 0)
      if (std::string finding = unsound_finding(placeholders.unsound, record, dataset.abbr); !finding.empty())
        data.findings.push_back(std::move(finding));
    if (!look && i + 1 == unlooked_rows) break;   // somebody looks at all of them, before or beside this
    if (look) SXT_CHECK(look(row, record));
  }
  for (size_t k = 0; k < data.shots.size(); ++k) {
    SXT_TRY(const json::Document* record,
            parsed(data.shots[k], fmt::format("example {} of the split '{}'", k + 1, dataset.train_split)));
    SXT_CHECK(placeholders_in(*record, fmt::format("example {} of the split '{}'", k + 1, dataset.train_split)));
  }
  data.leak = leak.finding(dataset.abbr);
  if (!data.leak.empty()) data.findings.push_back(data.leak);
  return {};
}

// Beyond it a count is not believed before records are seen: memory is set aside for each.
constexpr uint64_t believed_rows = 1'000'000;

// Whether a loader that counts so many records can give them, as far as that can be seen in few of them.
Result<void> check_count(plugin::Dataset& loader, const std::string& split, uint64_t count) {
  if (count <= believed_rows) return {};
  for (const auto& [first, n] : {std::pair<uint64_t, uint64_t>{0, 1000}, {count - 1, 1}})
    if (const auto block = loader.read(split, first, n); !block)
      return Error{block.error().kind,
                   fmt::format("{} (it counts {} records in the split '{}')", block.error().message, count, split)};
  return {};
}

// The rows that a fix_k retriever names.
Result<std::vector<uint64_t>> fixed_ids(const config::DatasetConfig& dataset) {
  SXT_TRY(const json::Document chosen, json::parse(dataset.retriever.config, dataset.card_path));
  std::vector<uint64_t> ids;
  if (const json::Value* list = json::find(chosen, "ids"); list && list->IsArray())
    for (const auto& id : list->GetArray()) ids.push_back(id.GetUint64());
  return ids;
}

}  // namespace

std::optional<uint64_t> Rows::position_of(uint64_t index) const {
  if (indices_.empty()) return std::nullopt;
  const bool rises = indices_.front() <= indices_.back();   // test_range may turn them round
  const auto it = std::lower_bound(indices_.begin(), indices_.end(), index,
                                   [&](uint64_t a, uint64_t b) { return rises ? a < b : a > b; });
  return it == indices_.end() || *it != index ? std::nullopt : std::optional(static_cast<uint64_t>(it - indices_.begin()));
}

Result<void> Rows::read_block(uint64_t position) {
  block_.clear();
  block_at_ = position;
  while (block_.size() < block_rows && position < indices_.size()) {  // rows that stand apart are read in runs of neighbours
    uint64_t n = 1;
    while (block_.size() + n < block_rows && position + n < indices_.size() && indices_[position + n] == indices_[position] + n)
      ++n;
    SXT_TRY(std::vector<std::string> run, read_records(*loader_, derive_, split_, indices_[position], n));
    std::move(run.begin(), run.end(), std::back_inserter(block_));
    position += n;
  }
  return {};
}

Result<Row> Rows::at(uint64_t position) {
  if (position < block_at_ || position >= block_at_ + block_.size())
    if (const auto read = read_block(position); !read) return Error{read.error().kind, origin_ + read.error().message};
  return Row{indices_[position], block_[position - block_at_]};
}

std::vector<fs::path> data_candidates(const std::string& data_dir, const std::string& folder, const fs::path& loader_plugin) {
  std::vector<fs::path> out;
  if (!data_dir.empty()) {
    out = {fs::path(data_dir) / folder, fs::path(data_dir) / "data" / folder};
  } else {
    if (const char* cache = std::getenv("COMPASS_DATA_CACHE"); cache && *cache)
      out.push_back(fs::path(cache) / "data" / folder);
    out.push_back(fs::path("data") / folder);
    if (const char* home = std::getenv("HOME"); home && *home)
      out.push_back(fs::path(home) / ".cache/opencompass/data" / folder);
  }
  if (!loader_plugin.empty()) out.push_back(loader_plugin.parent_path() / folder);
  return out;
}

std::string misplaced(plugin::Host& host, const config::DatasetConfig& dataset, const config::RunConfig& run) {
  const auto found = host.registry().find(plugin::Kind::dataset, dataset.loader.id);
  if (run.data_dir.empty() || !dataset.path.empty() || !found ||
      locate(data_candidates(run.data_dir, dataset.folder, found->file->path), dataset.folder))
    return "";
  std::vector<fs::path> tails = {""};       // "", then "formal_ceval" of "ceval/formal_ceval"
  fs::path tail;
  for (fs::path rest = dataset.folder; rest.has_parent_path() && rest.has_filename(); rest = rest.parent_path())
    tails.push_back(tail = tail.empty() ? rest.filename() : rest.filename() / tail);
  for (const fs::path& one : tails) {
    const fs::path there = one.empty() ? fs::path(run.data_dir) : fs::path(run.data_dir) / one;
    if (auto loader = open_loader(host, dataset, there); loader && loader->count(dataset.test_split))
      return fmt::format("{} holds such files: move or link it to {}", there.string(),
                         (fs::path(run.data_dir) / dataset.folder).string());
  }
  return "";
}

namespace {

Result<TaskData> load(plugin::Host& host, const config::DatasetConfig& dataset, const config::RunConfig& run,
                      const LookAtRow& look) {
  SXT_TRY(const plugin::Found found, host.registry().find(plugin::Kind::dataset, dataset.loader.id));
  const std::vector<fs::path> candidates = data_candidates(run.data_dir, dataset.folder, found.file->path);
  fs::path path = dataset.path;
  if (path.empty()) { SXT_TRY(path, locate(candidates, dataset.folder)); }
  SXT_TRY(plugin::Dataset loader, open_loader(host, dataset, path));

  const auto explain = [&](const Error& error) {
    if (error.kind != Error::Kind::missing || !dataset.path.empty()) return error;
    return Error{error.kind,
                 fmt::format("{}; looked for the set in {}; give --data-dir", error.message, places_text(candidates))};
  };
  json::Document derive_config;
  if (!dataset.derive.empty()) {
    SXT_TRY(derive_config, json::parse(dataset.derive, dataset.card_path));
  }
  SXT_TRY(const Derive derive, Derive::read(dataset.derive.empty() ? nullptr : &derive_config, dataset.card_path));
  const auto count = loader.count(dataset.test_split);
  if (!count) return explain(count.error());
  if (*count == 0)
    return Error{Error::Kind::data,
                 fmt::format("{}: the split '{}' in {} is empty", dataset.abbr, dataset.test_split, path.string())};
  SXT_CHECK(check_count(loader, dataset.test_split, *count));
  std::set<uint64_t> excluded;
  for (const config::Exclusion& exclusion : run.exclude)
    if (exclusion.dataset.empty() || exclusion.dataset == dataset.abbr) {
      if ((!exclusion.dataset.empty() || run.datasets.size() == 1) && exclusion.row >= *count)
        return Error{Error::Kind::usage, fmt::format("the rows to be left out name row {} of {}, which has rows 0 to {}",
                                                     exclusion.row, dataset.abbr, *count - 1)};
      excluded.insert(exclusion.row);
    }
  auto rows = select_rows(*count, dataset.test_range, run.limit, run.seed, dataset.abbr, run.rows, excluded);
  if (!rows) return Error{rows.error().kind, fmt::format("{}: {}", dataset.card_path, rows.error().message)};

  TaskData data;
  if (!run.data_dir.empty() && dataset.path.empty() && candidates.size() > 2 && path == candidates.back())
    data.findings.push_back(fmt::format("{}: {} has no folder {}, so that the data in {} are taken", dataset.abbr, run.data_dir,
                                        dataset.folder, path.string()));
  data.rows = Rows(loader, derive, dataset.test_split,
                   dataset.derive.empty() ? "" : fmt::format("{}: {}: ", dataset.abbr, path.string()), *std::move(rows));
  if (dataset.retriever.shows_examples()) {
    const auto available = loader.count(dataset.train_split);
    if (!available) return explain(available.error());
    SXT_CHECK(check_count(loader, dataset.train_split, *available));
    Derive of_examples = derive;  // which a variant leaves as they are
    if (json::find(derive_config, config::variant_member)) {
      json::remove(derive_config, {config::variant_member.data()});
      SXT_TRY(of_examples, Derive::read(&derive_config, dataset.card_path));
    }
    data.corpus = std::make_shared<Corpus>(std::move(loader), std::move(of_examples), dataset.train_split, *available,
                                           dataset.abbr, path.string());
    SXT_TRY(data.shot_rows, fixed_ids(dataset));
    const std::set<uint64_t> different(data.shot_rows.begin(), data.shot_rows.end());
    if (different.size() < data.shot_rows.size())
      data.findings.push_back(fmt::format("{}: the retriever's ids name a row twice, which is then shown twice; correct \"ids\" "
                                          "if that is not meant", dataset.abbr));
    SXT_TRY(data.shots, data.corpus->rows(data.shot_rows));
  }
  SXT_CHECK(check_rows(host, dataset, path, look, data));
  return data;
}

}  // namespace

Result<TaskData> load_data(plugin::Host& host, const config::DatasetConfig& dataset, const config::RunConfig& run,
                           const LookAtRow& look) {
  try {
    return load(host, dataset, run, look);
  } catch (const std::bad_alloc&) {  // costs this set alone
    return Error{
        Error::Kind::internal,
        fmt::format(
            "{}: its rows do not fit into memory; evaluate fewer of them (--limit, --rows), or use a machine with more memory",
            dataset.abbr)};
  }
}

}  // namespace sextant::load
