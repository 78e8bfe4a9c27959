#include "json_source.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <rapidjson/reader.h>
#include "../base/file_name.hpp"
#include "../base/files.hpp"
#include "../base/text.hpp"

namespace sextant::config {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t card_bytes_max =
    16u << 20;  // a card is written by a person; a run's configuration may be as large as it became

std::string escape_pointer(std::string_view key) {
  std::string out;
  for (const char c : key) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

// Notes the offset of every key while RapidJSON reads the text once more; the DOM itself keeps no positions.
struct KeyLines {
  using Ch = char;
  const rapidjson::StringStream& stream;
  std::string_view text;
  std::unordered_map<std::string, size_t>& line_of;
  struct Level { bool array; size_t index; std::string key; };
  std::vector<Level> levels;
  size_t counted = 0, line = 1;
  std::optional<std::pair<std::string, size_t>> twice = {};  // the first key that its object has already, and its line

  std::string pointer() const {
    std::string out;
    for (const Level& level : levels) out += "/" + (level.array ? std::to_string(level.index) : escape_pointer(level.key));
    return out;
  }
  size_t line_here() {
    const size_t here = std::min(stream.Tell(), text.size());
    for (; counted < here; ++counted) line += text[counted] == '\n';
    return line;
  }
  bool value() {
    if (!levels.empty() && levels.back().array) {
      line_of.emplace(pointer(), line_here());
      ++levels.back().index;
    }
    return true;
  }
  bool Null() { return value(); }
  bool Bool(bool) { return value(); }
  bool Int(int) { return value(); }
  bool Uint(unsigned) { return value(); }
  bool Int64(int64_t) { return value(); }
  bool Uint64(uint64_t) { return value(); }
  bool Double(double) { return value(); }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return value(); }
  bool String(const char*, rapidjson::SizeType, bool) { return value(); }
  // An item of a list stands where it begins.
  void begin_item() {
    if (!levels.empty() && levels.back().array) line_of.emplace(pointer(), line_here());
  }
  bool StartObject() { begin_item(); levels.push_back({false, 0, {}}); return true; }
  bool Key(const char* name, rapidjson::SizeType size, bool) {
    levels.back().key.assign(name, size);
    if (!line_of.emplace(pointer(), line_here()).second && !twice) twice.emplace(levels.back().key, line);
    return true;
  }
  bool EndObject(rapidjson::SizeType) { levels.pop_back(); return value(); }
  bool StartArray() { begin_item(); levels.push_back({true, 0, {}}); return true; }
  bool EndArray(rapidjson::SizeType) { levels.pop_back(); return value(); }
};

// As authors of cards say it.
std::string_view type_in_words(std::string_view type) {
  constexpr std::pair<std::string_view, std::string_view> words[] = {{"string", "a text"},    {"integer", "a whole number"},
                                                                     {"number", "a number"},  {"boolean", "true or false"},
                                                                     {"object", "an object"}, {"array", "a list"}};
  for (const auto& [name, in_words] : words)
    if (name == type) return in_words;
  return type;
}

// Longer than any author's chain; each level holds a card and a stack frame.
constexpr size_t chain_max = 32;

// What has been loaded already, by path: two parents of one card may share theirs, and theirs again, which doubles with each
// level.
using Loaded = std::map<std::string, std::shared_ptr<const json::Document>>;

Result<std::shared_ptr<const json::Document>> load_chain(const fs::path& path, const Shape& shape, const CardFinder& find_card,
                                                         std::vector<std::string>& chain, Loaded& loaded) {
  std::error_code code;
  const fs::path canonical = fs::weakly_canonical(path, code);
  const std::string name = code ? path.string() : canonical.string();
  if (std::find(chain.begin(), chain.end(), name) != chain.end()) {
    chain.push_back(name);
    return Error{Error::Kind::config, fmt::format("\"extends\" is circular: {}; remove one of them", join(chain, " -> "))};
  }
  if (const auto it = loaded.find(name); it != loaded.end()) return it->second;
  if (chain.size() >= chain_max)
    return Error{Error::Kind::config,
                 fmt::format("{}: the chain of \"extends\" has more than {} files, starting with {}; merge some of them", name,
                             chain_max, chain.front())};
  SXT_TRY(JsonSource source, JsonSource::load(path));
  SXT_CHECK(source.check(shape));
  chain.push_back(name);
  const auto out = std::make_shared<json::Document>();
  json::Document& merged = *out;
  merged.SetObject();
  if (const json::Value* extends = json::find(source.root(), "extends")) {
    std::vector<std::string> parents;
    if (extends->IsString()) parents.emplace_back(json::text(*extends));
    else if (extends->IsArray())
      for (const auto& item : extends->GetArray())
        if (item.IsString()) parents.emplace_back(json::text(item));
    if (parents.empty() && !(extends->IsArray() && extends->Empty()))
      return Error{Error::Kind::config,
                   fmt::format("{}: \"extends\" must be a file name or a list of them", source.at("/extends"))};
    for (const std::string& parent : parents) {
      fs::path file = fs::path(path).parent_path() / parent;
      if (!fs::exists(file, code)) {
        const CardEntry* card =
            find_card ? find_card(fs::path(parent).extension() == ".json" ? fs::path(parent).stem().string() : parent, chain)
                      : nullptr;
        if (!card)
          return Error{Error::Kind::config,
                       fmt::format("{}: \"extends\" names {}, which is neither a file in the same folder nor a card's name",
                                   source.at("/extends"), parent)};
        file = card->path;
      }
      SXT_TRY(const std::shared_ptr<const json::Document> base, load_chain(file, shape, find_card, chain, loaded));
      merge_into(merged, *base, merged.GetAllocator());
    }
  }
  chain.pop_back();
  merge_into(merged, source.root(), merged.GetAllocator());
  merged.RemoveMember("extends");
  loaded.emplace(name, out);
  return std::shared_ptr<const json::Document>(out);
}

}  // namespace

Result<JsonSource> JsonSource::load(const fs::path& path) {
  const bool of_a_run = path.parent_path().filename() == "configs" && path.filename() == "run.json";
  SXT_TRY(std::string text, read_file(path, of_a_run ? own_bytes_max : card_bytes_max));
  return from_text(std::move(text), path.string());
}

Result<JsonSource> JsonSource::from_text(std::string text, std::string origin) {
  JsonSource source;
  source.origin_ = std::move(origin);
  SXT_TRY(source.root_, json::parse(text, source.origin_, json::Syntax::relaxed));
  rapidjson::StringStream stream(text.c_str());
  rapidjson::Reader reader;
  KeyLines lines{stream, text, source.line_of_, {}, 0, 1};
  reader.Parse<json::relaxed_flags>(stream, lines);
  if (lines.twice)
    return Error{Error::Kind::config, fmt::format("{}:{}: the key '{}' stands twice in its object; remove one", source.origin_,
                                                  lines.twice->second, lines.twice->first)};
  if (!source.root_.IsObject())
    return Error{Error::Kind::config, fmt::format("{}: the file must hold one JSON object", source.origin_)};
  return source;
}

JsonSource JsonSource::from_value(const json::Value& value, std::string origin) {
  JsonSource source;
  source.origin_ = std::move(origin);
  source.root_ = json::copy(value);
  return source;
}

std::string JsonSource::at(const std::string& pointer) const {
  const auto it = line_of_.find(pointer);
  return it == line_of_.end() ? origin_ : fmt::format("{}:{}", origin_, it->second);
}

Result<void> JsonSource::check(const Shape& shape) const {
  const auto breach = schema::find_breach(shape, root_);
  if (!breach)
    return Error{Error::Kind::internal, fmt::format("{}: the schema of this file {}", origin_, breach.error().message)};
  if (*breach) return unlike(**breach);
  return {};
}

Error JsonSource::unlike(const schema::Breach& breach) const {
  std::string pointer;
  for (const std::string& step : breach.path) pointer += "/" + escape_pointer(step);
  const std::string key = join(breach.path, ".");
  const auto error = [&](const std::string& what) {
    return Error{Error::Kind::config, fmt::format("{}: {}", at(pointer), what)};
  };
  if (breach.keyword == "additionalProperties") {
    const std::vector<std::string> names = schema::property_names(*breach.schema);
    return error(
        fmt::format("unknown key '{}'{}; known here: {}", key, did_you_mean(breach.path.back(), names), join(names, ", ")));
  }
  const auto type = json::find_string(*breach.schema, "type");
  if (breach.keyword == "type" && type) return error(fmt::format("{} must be {}", key, type_in_words(*type)));
  return error(fmt::format("{} {}", key.empty() ? "the file" : key, schema::complaint(breach)));
}

Result<json::Document> load_merged(const fs::path& path, const Shape& shape, const CardFinder& find_card) {
  std::vector<std::string> chain;
  Loaded loaded;
  SXT_TRY(const std::shared_ptr<const json::Document> merged, load_chain(path, shape, find_card, chain, loaded));
  return json::copy(*merged);
}

namespace {

// A component of another type has other settings: of those of the type before, only what every inferencer has stays.
void leave_other_type(json::Value& base, const json::Value& over) {
  const auto before = json::find_string(base, "type"), now = json::find_string(over, "type");
  if (!before || !now || *before == *now) return;
  for (auto it = base.MemberBegin(); it != base.MemberEnd();) {
    const std::string_view key = json::text(it->name);
    if (key == "max_out_len" || key == "stop") ++it;
    else it = base.EraseMember(it);
  }
}

}  // namespace

Result<void> check_inline(const json::Value& value, const Shape& shape, const std::string& origin) {
  if (!value.IsObject()) return Error{Error::Kind::config, origin + " must be a card's name or an object"};
  return JsonSource::from_value(value, origin).check(shape);
}

void merge_into(json::Value& base, const json::Value& over, json::Document::AllocatorType& allocator) {
  if (!base.IsObject() || !over.IsObject()) {
    base.CopyFrom(over, allocator);
    return;
  }
  leave_other_type(base, over);
  for (const auto& member : over.GetObject()) {
    const auto there = base.FindMember(member.name);
    if (there != base.MemberEnd()) {
      merge_into(there->value, member.value, allocator);
    } else {
      json::Value value;
      value.CopyFrom(member.value, allocator);
      json::set(base, json::text(member.name), std::move(value), allocator);
    }
  }
}

}  // namespace sextant::config
