#include "reshape.hpp"
#include <algorithm>
#include <sextant/columns.hpp>
#include <sextant/jinja.hpp>
#include <sextant/message_text.hpp>
#include "files.hpp"

namespace sextant::tables {
namespace {

// The object or list that holds the path's last step, and that step: "passage.questions" is "questions" of the member
// "passage".
struct Place {
  json::Value* owner;
  std::string name;
};
Place place_of(json::Value& record, const std::string& path) {
  const size_t dot = path.rfind('.');
  if (dot == path.npos || json::find(record, path)) return {&record, path};
  return {const_cast<json::Value*>(columns::find(record, std::string_view(path).substr(0, dot))), path.substr(dot + 1)};
}

// The files that a further column names, as the rows' own are named.
Result<std::vector<std::filesystem::path>> files_beside(const std::filesystem::path& folder, const json::Value& config,
                                                        const json::Value& given, std::string_view split) {
  json::Document where(rapidjson::kObjectType);
  auto& a = where.GetAllocator();
  json::set(where, given.IsObject() ? "files" : "file", json::Value(given, a), a);
  if (const json::Value* name = json::find(config, "name")) json::set(where, "name", json::Value(*name, a), a);
  return files_of_split(folder, where, split);
}

}  // namespace

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    out.push_back(line);
  }
  return out;
}

// A column that a file of its own gives must be one that the rows lack.
Result<void> check_is_new(const std::string& column, const std::filesystem::path& file, const std::vector<Row>& rows) {
  for (const Row& row : rows)
    if (json::find(row.record, column))
      return data_error(row.place + "the column '" + column + "' is there, and " + file.string() +
                        " gives another of that name; call one of them otherwise");
  return {};
}

Result<void> add_columns_beside(const std::filesystem::path& folder, const json::Value& config, std::string_view split,
                                Allocator& allocator, std::vector<Row>& rows) {
  const json::Value* beside = json::find(config, "beside");
  if (!beside) return {};
  for (const auto& column : beside->GetObject()) {
    SXT_TRY(const std::vector<std::filesystem::path> files, files_beside(folder, config, column.value, split));
    std::vector<std::string> texts;
    for (const std::filesystem::path& file : files) {
      SXT_TRY(const std::string text, csv::read_text(file));
      SXT_CHECK(csv::check_text(text, file.string()));
      for (const std::string_view line : lines_of(csv::without_marks(text))) texts.emplace_back(line);
    }
    const std::string name(json::text(column.name));
    if (texts.size() != rows.size())
      return data_error(files.front().string() + " has " + std::to_string(texts.size()) + " lines for the column '" + name +
                        "', and the split '" + std::string(split) + "' has " + std::to_string(rows.size()) +
                        " rows; they must be of one edition");
    SXT_CHECK(check_is_new(name, files.front(), rows));
    for (size_t i = 0; i < rows.size(); ++i) json::set(rows[i].record, name, texts[i], allocator);
  }
  return {};
}

Result<void> add_texts(const std::filesystem::path& folder, const json::Value& config, std::string_view split,
                       Allocator& allocator, std::vector<Row>& rows) {
  const json::Value* texts = json::find(config, "texts");
  if (!texts) return {};
  for (const auto& column : texts->GetObject()) {
    SXT_TRY(const std::vector<std::filesystem::path> files, files_beside(folder, config, column.value, split));
    std::string text;
    for (const std::filesystem::path& file : files) {
      SXT_TRY(const std::string one, csv::read_text(file));
      SXT_CHECK(csv::check_text(one, file.string()));
      text += csv::without_marks(one);
    }
    if (!files.empty()) SXT_CHECK(check_is_new(std::string(json::text(column.name)), files.front(), rows));
    for (Row& row : rows) json::set(row.record, json::text(column.name), text, allocator);
  }
  return {};
}

Result<void> unfold(const std::vector<std::string>& paths, bool context, Allocator& allocator, std::vector<Row>& rows) {
  for (const std::string& path : paths) {
    std::vector<Row> out;
    for (Row& row : rows) {
      const auto [owner, name] = place_of(row.record, path);
      auto found = owner && owner->IsObject() ? owner->FindMember(json::Value(name, allocator)) : json::Value::MemberIterator();
      if (!owner || !owner->IsObject() || found == owner->MemberEnd())
        return data_error(row.place + "there is no '" + path + "' to unfold; the row has: " + [&] {
          std::vector<std::string> names;
          for (const auto& member : row.record.GetObject()) names.emplace_back(json::text(member.name));
          return csv::detail::listed(names);
        }());
      if (!found->value.IsArray()) return data_error(row.place + "'" + path + "' is not a list, so it cannot be unfolded");
      json::Value items = std::move(found->value);
      owner->RemoveMember(found);
      for (rapidjson::SizeType i = 0; i < items.Size(); ++i) {
        std::string place = row.place;
        place.insert(place.size() - std::min<size_t>(place.size(), 2),
                     ", " + name + "[" + std::to_string(i) + "]");  // before ": "
        Row one{std::move(place), json::Value(row.record, allocator), row.not_finite};
        if (items[i].IsObject())
          for (auto& member : items[i].GetObject())
            json::set(one.record, json::text(member.name), json::Value(member.value, allocator), allocator);
        else json::set(one.record, name, json::Value(items[i], allocator), allocator);
        if (context) {
          json::Value before(rapidjson::kArrayType);
          for (rapidjson::SizeType k = 0; k < i; ++k) before.PushBack(json::Value(items[k], allocator), allocator);
          json::set(one.record, "before", std::move(before), allocator);
          json::set(one.record, "place", json::Value(i + 1), allocator);
        }
        out.push_back(std::move(one));
      }
    }
    rows = std::move(out);
  }
  return {};
}

Result<void> keep_where(const std::string& expression, std::vector<Row>& rows) {
  SXT_TRY(const jinja::Template program,
          jinja::Template::parse("{% if " + expression + " %}1{% endif %}", "loader.where", jinja::Environment::lm_eval()));
  std::vector<Row> out;
  for (Row& row : rows) {
    const auto verdict = program.render(row.record);
    if (!verdict) return data_error(row.place + verdict.error().message);
    if (!verdict->empty()) out.push_back(std::move(row));
  }
  if (out.empty() && !rows.empty()) return data_error(rows.front().place + "\"where\" holds for no row: " + expression);
  rows = std::move(out);
  return {};
}

Result<void> number_rows(const std::string& column, Allocator& allocator, std::vector<Row>& rows) {
  for (size_t i = 0; i < rows.size(); ++i) {
    if (json::find(rows[i].record, column))
      return data_error(rows[i].place + "\"number\" names the column '" + column + "', which the row has; choose another name");
    json::set(rows[i].record, column, json::Value(static_cast<uint64_t>(i)), allocator);
  }
  return {};
}

Result<void> turn_options(const json::Value& config, Allocator& allocator, std::vector<Row>& rows) {
  const json::Value* circular = json::find(config, "circular");
  if (!circular) return {};
  constexpr rapidjson::SizeType options_max = 26, permuted_max = 6;   // letters; 720 orders
  const std::string list = json::find_string(*circular, "options").value_or("options");
  const std::string answer = json::find_string(*circular, "answer").value_or("answer");
  const bool all = json::find_string(*circular, "orders").value_or("rotations") == "permutations";
  std::vector<Row> out;
  for (size_t i = 0; i < rows.size(); ++i) {
    Row& row = rows[i];
    const json::Value* options = json::find(row.record, list);
    if (!options || !options->IsArray() || options->Size() < 2 || options->Size() > options_max)
      return data_error(row.place + "\"circular\" turns the list '" + list + "', which must hold 2 to 26 options");
    const rapidjson::SizeType n = options->Size();
    if (all && n > permuted_max)
      return data_error(row.place + "'" + list +
                        "' has more than 6 options, and their permutations are too many; use rotations");
    const auto letter = json::find_string(row.record, answer);
    if (!letter || letter->size() != 1 || letter->front() < 'A' || letter->front() >= static_cast<char>('A' + n))
      return data_error(row.place + "'" + answer + "' must be the letter of one of the " + std::to_string(n) + " options");
    std::string order;
    for (rapidjson::SizeType k = 0; k < n; ++k) order += static_cast<char>('A' + k);
    const std::string first = order;
    do {
      Row one{row.place, json::Value(row.record, allocator), row.not_finite};
      json::Value turned(rapidjson::kArrayType);
      for (const char from : order)
        turned.PushBack(json::Value((*options)[static_cast<rapidjson::SizeType>(from - 'A')], allocator), allocator);
      json::set(one.record, list, std::move(turned), allocator);
      json::set(one.record, answer, std::string(1, static_cast<char>('A' + order.find(letter->front()))), allocator);
      json::set(one.record, "circular_id", json::Value(static_cast<uint64_t>(i)), allocator);
      json::set(one.record, "circular_pattern", order, allocator);
      out.push_back(std::move(one));
      if (all) std::next_permutation(order.begin(), order.end());
      else std::rotate(order.begin(), order.begin() + 1, order.end());
    } while (order != first);
  }
  rows = std::move(out);
  return {};
}

}  // namespace sextant::tables
