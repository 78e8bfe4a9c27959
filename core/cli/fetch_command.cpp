// `sextant fetch NAME...`: the files of data sets, from the addresses that their cards know, where a run looks for them. Nothing else
// in Sextant gets anything from a network by itself. A file without a known SHA-256 is not fetched: what a card's scores mean depends
// on which rows they are of.
#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <set>
#include <sextant/sha256.hpp>
#include "../base/exit_code.hpp"
#include "../base/log.hpp"
#include "../base/text.hpp"
#include "../config/json_source.hpp"
#include "../config/shapes.hpp"
#include "../load/data.hpp"
#include "../load/download.hpp"
#include "commands.hpp"
#include "options.hpp"
#include "progress.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace fs = std::filesystem;
namespace {

struct Wanted {
  std::string card;
  load::Download file;
};

Error card_error(const std::string& card, const std::string& what) {
  return {Error::Kind::config, fmt::format("the card {}: {}", card, what)};
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// Where a run looks, wherever it is started: the current folder's ./data would be found from here alone.
Result<fs::path> folder_for(const std::string& data_dir, const std::string& folder) {
  if (!data_dir.empty()) return load::data_candidates(data_dir, folder, {}).front();
  const std::vector<fs::path> places = load::data_candidates("", folder, {});
  const auto it = std::find_if(places.begin(), places.end(), [](const fs::path& place) { return place.is_absolute(); });
  if (it == places.end())
    return Error{Error::Kind::usage, "neither COMPASS_DATA_CACHE nor HOME says where data belong; give --data-dir DIR"};
  return *it;
}

// A path below the set's folder. `to` comes from a card, which may be another person's.
Result<fs::path> place_in(const fs::path& folder, const std::string& card, const json::Value& item, const std::string& url) {
  std::string to = json::find_string(item, "to").value_or("");
  if (to.empty()) to = url.substr(0, url.find_first_of("?#")).substr(url.substr(0, url.find_first_of("?#")).rfind('/') + 1);
  const fs::path path(to);
  const bool leaves = path.is_absolute() || std::find(path.begin(), path.end(), "..") != path.end();
  if (to.empty() || leaves || !path.has_filename())
    return card_error(card, fmt::format("\"fetch\" puts {} to '{}'; \"to\" must be a file below the set's folder", url, to));
  return folder / path;
}

Result<void> add_card(Workspace& workspace, const std::string& name, const std::string& data_dir, std::set<std::string>& seen,
                      std::vector<Wanted>& wanted, std::vector<Error>& without) {
  if (!seen.insert(name).second) return {};
  SXT_TRY(const config::CardEntry* entry, workspace.cards().find(config::CardKind::dataset, name));
  SXT_TRY(const json::Document card, config::load_merged(entry->path, config::dataset_card_shape(),
                                                         config::finder_of(&workspace.cards(), config::CardKind::dataset)));
  if (const json::Value* cards = json::find(card, "cards")) {
    for (const auto& item : cards->GetArray()) {
      const std::string_view member = json::text(item);
      SXT_CHECK(add_card(workspace, std::string(member.substr(0, member.find_first_of(":/"))), data_dir, seen, wanted, without));
    }
    return {};
  }
  const json::Value* provenance = json::find(card, "provenance");
  const json::Value* files = provenance ? json::find(*provenance, "fetch") : nullptr;
  SXT_TRY(const fs::path folder, folder_for(data_dir, json::find_string(card, "folder").value_or(name)));
  if (!files || files->Empty()) {
    const auto get = provenance ? json::find_string(*provenance, "get") : std::nullopt;
    without.push_back(card_error(name, fmt::format("it knows no address of its files{}; put them into {}",
                                                   get ? fmt::format(" (how to get them: {})", *get) : "", folder.string())));
    return {};
  }
  for (const auto& item : files->GetArray()) {
    load::Download file;
    file.url = json::find_string(item, "url").value_or("");
    file.sha256 = lower(json::find_string(item, "sha256").value_or(""));
    SXT_TRY(file.path, place_in(folder, name, item, file.url));
    if (!file.url.starts_with("https://") && !file.url.starts_with("http://")) {
      without.push_back(card_error(name, fmt::format("the address {} is neither http nor https", file.url)));
    } else if (file.sha256.empty()) {
      without.push_back(card_error(
          name, fmt::format("it knows the address {}, but no SHA-256 to know the right file by, so that is not fetched; get it "
                            "yourself, put it at {}, and look whether it is what you mean",
                            file.url, file.path.string())));
    } else if (!is_sha256(file.sha256)) {
      without.push_back(card_error(name, fmt::format("the sha256 of {} is '{}', not 64 hex digits", file.url, file.sha256)));
    } else {
      const auto same = [&](const Wanted& other) { return other.file.path == file.path; };
      const auto twin = std::find_if(wanted.begin(), wanted.end(), same);
      if (twin == wanted.end()) wanted.push_back({name, std::move(file)});
      else if (twin->file.sha256 != file.sha256)
        return card_error(name, fmt::format("{} and {} are both put to {}; one of the two cards is wrong", file.url,
                                            twin->file.url, file.path.string()));
    }
  }
  return {};
}

// True: it is there already. A file with another content may be the user's own, and is never replaced.
Result<bool> is_here(const load::Download& file) {
  std::error_code code;
  if (!fs::exists(fs::symlink_status(file.path, code))) return false;
  SXT_TRY(const std::string sum, sha256_file(file.path));
  if (sum == file.sha256) return true;
  return Error{Error::Kind::data, fmt::format("{} is there and is another file than {} (its SHA-256 is {}, not {}); move it away to "
                                              "have that one fetched",
                                              file.path.string(), file.url, sum, file.sha256)};
}

std::string size_text(uint64_t bytes) {
  return bytes < (1u << 20) ? fmt::format("{:.1f} KiB", static_cast<double>(bytes) / 1024)
                            : fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1u << 20));
}

Result<void> get(const Wanted& wanted, bool only_say) {
  const std::string where = wanted.file.path.string();
  SXT_TRY(const bool here, is_here(wanted.file));
  if (here) return print(fmt::format("{}: is here already\n", where)) == exit_ok ? Result<void>() : Error{Error::Kind::io, "stdout"};
  if (only_say) {
    print(fmt::format("{}: would be fetched from {}\n", where, wanted.file.url));
    return {};
  }
  log_info(fmt::format("{}: {}", wanted.card, wanted.file.url));
  const bool line = stderr_is_terminal();
  auto drawn = std::chrono::steady_clock::now();
  const auto progress = [&](uint64_t done, uint64_t total) {
    const auto now = std::chrono::steady_clock::now();
    const bool due = now - drawn >= (line ? std::chrono::milliseconds(200) : std::chrono::minutes(1));
    if (due && !interrupted()) {
      drawn = now;
      const std::string text =
          fmt::format("{}: {}{}", wanted.file.path.filename().string(), size_text(done), total ? " of " + size_text(total) : "");
      if (line) set_progress_line(text);
      else log_info(text);
    }
    return !interrupted().load();
  };
  const auto bytes = load::download(wanted.file, progress);
  set_progress_line("");
  if (!bytes) return bytes.error();
  print(fmt::format("{}: {}, SHA-256 as the card says\n", where, size_text(*bytes)));
  return {};
}

}  // namespace

int fetch_command(const std::vector<std::string>& args) {
  po::options_description options("Options");
  options.add_options()("names", po::value<std::vector<std::string>>()->default_value({}, ""), "")(
      "config-dir", po::value<std::string>()->default_value(""), "")("data-dir", po::value<std::string>()->default_value(""), "")(
      "plugin-path", po::value<std::vector<std::string>>()->composing()->default_value({}, ""), "")(
      "dry-run", po::bool_switch(), "")("help,h", po::bool_switch(), "");
  const auto values = parse_options(args, options, "names", -1);
  if (!values) return fail(values.error());
  if ((*values)["help"].as<bool>()) return print(help_text("fetch"));
  const auto names = (*values)["names"].as<std::vector<std::string>>();
  if (names.empty())
    return fail({Error::Kind::usage, "name at least one data set: sextant fetch NAME...; `sextant list datasets` lists them"});
  if (const auto folder = check_config_dir((*values)["config-dir"].as<std::string>()); !folder) return fail(folder.error());
  Workspace workspace((*values)["config-dir"].as<std::string>(), (*values)["plugin-path"].as<std::vector<std::string>>());
  std::set<std::string> seen;
  std::vector<Wanted> wanted;
  std::vector<Error> without;   // what cannot be fetched; the other files are
  for (const std::string& name : names)
    if (const auto added = add_card(workspace, name, (*values)["data-dir"].as<std::string>(), seen, wanted, without); !added)
      return fail(added.error());
  catch_signals();
  int worst = exit_ok;
  for (const Wanted& one : wanted) {
    const auto got = get(one, (*values)["dry-run"].as<bool>());
    if (got) continue;
    worst = std::max(worst, fail(got.error()));
    if (got.error().kind == Error::Kind::cancelled) return worst;
  }
  for (const Error& error : without) worst = std::max(worst, fail(error));
  return worst;
}

}  // namespace sextant::cli
