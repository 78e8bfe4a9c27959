// JSON as programs write data: long integers, NaN, and tables in several shapes.
#include <algorithm>
#include <charconv>
#include <sextant/columns.hpp>
#include "rows.hpp"

namespace sextant::tables {
namespace {

// A text that no data holds: what NaN and Infinity are parsed as, until take_not_finite meets it.
constexpr std::string_view mark("\0not finite", 11);

bool beyond_64_bits(std::string_view number) {
  const std::string_view digits = number.substr(number.front() == '-');
  if (digits.size() < 19 || digits.find_first_not_of("0123456789") != digits.npos) return false;
  int64_t whole = 0;
  uint64_t natural = 0;
  const char* end = number.data() + number.size();
  return std::from_chars(number.data(), end, whole).ec != std::errc() &&
         std::from_chars(number.data(), end, natural).ec != std::errc();
}

// The text with strings in the place of what JSON cannot hold; empty where there is nothing of it.
std::string rewritten(std::string_view text) {
  std::string out;
  size_t copied = 0;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '"') {
      for (++i; i < text.size() && text[i] != '"'; ++i) i += text[i] == '\\';
      ++i;
    } else if ((c >= '0' && c <= '9') || c == '-' || c == 'N' || c == 'I') {
      size_t end = i + 1;
      const auto in_word = [](char x) {
        return (x >= '0' && x <= '9') || (x >= 'a' && x <= 'z') || (x >= 'A' && x <= 'Z') || x == '+' || x == '-' || x == '.';
      };
      while (end < text.size() && in_word(text[end])) ++end;
      const std::string_view word = text.substr(i, end - i);
      const bool none = word == "NaN" || word == "Infinity" || word == "-Infinity";
      if (none || beyond_64_bits(word)) {
        out += text.substr(copied, i - copied);
        out += none ? "\"\\u0000not finite\"" : "\"" + std::string(word) + "\"";
        copied = end;
      }
      i = end;
    } else {
      ++i;
    }
  }
  if (copied > 0) out += text.substr(copied);
  return out;
}

bool clear_marks(json::Value& value) {
  bool found = false;
  if (value.IsString() && json::text(value) == mark) {
    value.SetNull();
    return true;
  }
  if (value.IsObject())
    for (auto& member : value.GetObject()) found = clear_marks(member.value) || found;
  if (value.IsArray())
    for (auto& item : value.GetArray()) found = clear_marks(item) || found;
  return found;
}

// ---- shapes ----

bool is_list_of(const json::Value* list, bool (json::Value::*kind)() const) {
  return list && list->IsArray() && !list->Empty() &&
         std::all_of(list->Begin(), list->End(), [&](const json::Value& item) { return (item.*kind)(); });
}
template <class Test> bool all_members(const json::Value& object, Test test) {
  return object.IsObject() && !object.ObjectEmpty() &&
         std::all_of(object.MemberBegin(), object.MemberEnd(), [&](const auto& m) { return test(m); });
}
bool is_row_number(std::string_view name) { return !name.empty() && name.find_first_not_of("0123456789") == name.npos; }

// The lines on which the items of a list begin that is the whole text.
std::vector<size_t> lines_of_items(std::string_view text) {
  std::vector<size_t> out;
  size_t line = 1, depth = 0;
  bool in_text = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    line += c == '\n';
    if (in_text) {
      if (c == '\\') ++i;
      else if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      if (depth++ == 1) out.push_back(line);
    } else if (c == '}' || c == ']') {
      depth -= depth > 0;
    }
  }
  return out;
}

struct Shapes {
  const std::string& origin;
  const std::vector<std::string>& names;   // of the values of rows that are lists
  Allocator& a;
  std::vector<Row>& out;

  void add(std::string place, const json::Value& record) { out.push_back({std::move(place), json::Value(record, a), {}}); }
  std::string item(size_t i) const { return origin + ", item " + std::to_string(i) + ": "; }

  // [value, ...]: the names stand by position
  Result<void> add_values(const std::string& place, const json::Value& values) {
    if (values.Size() != names.size())
      return data_error(place + "it has " + std::to_string(values.Size()) + " values, and \"columns\" names " +
                        std::to_string(names.size()));
    json::Value record(rapidjson::kObjectType);
    for (rapidjson::SizeType i = 0; i < values.Size(); ++i)
      if (!names[i].empty()) json::set(record, names[i], json::Value(values[i], a), a);
    out.push_back({place, std::move(record), {}});
    return {};
  }
  // [{...}, ...]
  Result<void> list(const json::Value& rows, std::string_view text = {}) {
    const std::vector<size_t> lines = text.empty() ? std::vector<size_t>() : lines_of_items(text);
    for (rapidjson::SizeType i = 0; i < rows.Size(); ++i) {
      const bool placed = lines.size() == rows.Size();
      const std::string place =
          placed ? origin + ":" + std::to_string(lines[i]) + ", item " + std::to_string(i) + ": " : item(i);
      if (rows[i].IsArray() && !names.empty()) {
        SXT_CHECK(add_values(place, rows[i]));
        continue;
      }
      if (rows[i].IsArray())
        return data_error(place +
                          "a list, not an object: its values have no names; give them by \"columns\", or write objects, as "
                          "pandas' to_json(orient=\"records\") does");
      if (!rows[i].IsObject()) return data_error(place + "not a JSON object");
      add(place, rows[i]);
    }
    return {};
  }
  // {"columns": [names], "data": [[values]]}
  Result<void> split(const json::Value& names, const json::Value& data) {
    for (rapidjson::SizeType i = 0; i < data.Size(); ++i) {
      if (data[i].Size() != names.Size())
        return data_error(item(i) + "it has " + std::to_string(data[i].Size()) + " values, and \"columns\" names " +
                          std::to_string(names.Size()));
      json::Value record(rapidjson::kObjectType);
      for (rapidjson::SizeType c = 0; c < names.Size(); ++c)
        record.AddMember(json::Value(names[c], a), json::Value(data[i][c], a), a);
      out.push_back({item(i), std::move(record), {}});
    }
    return {};
  }
  // {"question": {"0": ..., "1": ...}, ...} or {"question": [...], ...}: every column has the same rows, in the same order
  Result<void> columns(const json::Value& table) {
    const auto size_of = [](const json::Value& column) { return column.IsObject() ? column.MemberCount() : column.Size(); };
    const json::Value& first = table.MemberBegin()->value;
    const size_t before = out.size();
    for (rapidjson::SizeType i = 0; i < size_of(first); ++i) out.push_back({item(i), json::Value(rapidjson::kObjectType), {}});
    for (const auto& column : table.GetObject()) {
      const std::string name(json::text(column.name));
      if (size_of(column.value) != size_of(first))
        return data_error(origin + ": the column '" + name + "' has " + std::to_string(size_of(column.value)) + " rows, and '" +
                          std::string(json::text(table.MemberBegin()->name)) + "' has " + std::to_string(size_of(first)));
      for (rapidjson::SizeType i = 0; i < size_of(first); ++i) {
        if (column.value.IsObject() &&
            json::text((column.value.MemberBegin() + i)->name) != json::text((first.MemberBegin() + i)->name))
          return data_error(origin + ": the column '" + name + "' has other rows than '" +
                            std::string(json::text(table.MemberBegin()->name)) +
                            "'; write the table with pandas' to_json(orient=\"records\")");
        const json::Value& value = column.value.IsObject() ? (column.value.MemberBegin() + i)->value : column.value[i];
        out[before + i].record.AddMember(json::Value(column.name, a), json::Value(value, a), a);
      }
    }
    return {};
  }
};

}  // namespace

rapidjson::ParseResult parse_data(json::Document& document, std::string_view text) {
  const std::string other = rewritten(text);
  return json::parse_into<json::strict_flags>(document, other.empty() ? text : std::string_view(other));
}

void take_not_finite(json::Value& record, std::vector<std::string>& ret_members) {
  for (auto& member : record.GetObject())
    if (clear_marks(member.value)) ret_members.emplace_back(json::text(member.name));
}

Result<void> add_json(const json::Document& document, std::string_view text, const std::string& origin,
                      const Reading& reading, Allocator& a, std::vector<Row>& out) {
  Shapes shapes{origin, reading.columns, a, out};
  const std::string& member = reading.member;
  if (!member.empty()) {
    const json::Value* list = columns::find(document, member);
    if (!list) return data_error(origin + " has no member '" + member + "'; \"member\" must name the list of rows");
    if (!list->IsArray())
      return data_error(origin + ": the member '" + member + "' is not a list; \"member\" must name the list of rows");
    return shapes.list(*list);
  }
  if (document.IsArray()) return shapes.list(document, text);
  const json::Value *names = json::find(document, "columns"), *data = json::find(document, "data"),
                    *rows = json::find(document, "rows");
  if (is_list_of(names, &json::Value::IsString) && is_list_of(data, &json::Value::IsArray)) return shapes.split(*names, *data);
  const auto is_row = [](const json::Value& item) { return json::find(item, "row") && json::find(item, "row")->IsObject(); };
  if (rows && rows->IsArray() && !rows->Empty() &&
      std::all_of(rows->Begin(), rows->End(), is_row)) {  // as the hub's viewer gives them
    for (rapidjson::SizeType i = 0; i < rows->Size(); ++i) shapes.add(shapes.item(i), (*rows)[i]["row"]);
    return {};
  }
  if (all_members(document, [](const auto& m) { return m.value.IsObject(); })) {
    const bool by_column = all_members(document, [](const auto& m) {
      return all_members(m.value, [](const auto& cell) { return is_row_number(json::text(cell.name)); });
    });
    if (by_column) return shapes.columns(document);
    for (const auto& m : document.GetObject()) shapes.add(origin + ", \"" + std::string(json::text(m.name)) + "\": ", m.value);
    return {};
  }
  if (document.MemberCount() > 1 &&
      all_members(document, [](const auto& m) { return m.value.IsArray() && !is_list_of(&m.value, &json::Value::IsObject); }))
    return shapes.columns(document);
  // an object with one list in it says by itself which one is meant
  const json::Value* only = nullptr;
  std::string lists;
  for (const auto& m : document.GetObject()) {
    if (!m.value.IsArray()) continue;
    if (only) lists += ", ";
    lists += json::text(m.name);
    only = &m.value;
  }
  if (!only) return data_error(origin + " holds no list of rows; it must be a list of objects, or an object with one");
  if (lists.find(", ") != lists.npos)
    return data_error(origin + " has several lists (" + lists +
                      "); name the list of rows with \"member\", or write each to a file");
  return shapes.list(*only);
}

}  // namespace sextant::tables
