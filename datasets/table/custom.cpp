#include "custom.hpp"
#include "files.hpp"

namespace sextant::tables {
namespace {

Told told_by(const json::Value& config) {
  Told out;
  out.data_type = json::find_string(config, "data_type").value_or("auto");
  out.question = json::find_string(config, "question").value_or("");
  out.answer = json::find_string(config, "output_column");
  out.options = json::find(config, "options");
  out.first_index = json::find_int(config, "first_index");
  out.meant = json::find_string(config, "answers").value_or("");
  if (const json::Value* shown = json::find(config, "shown"))
    for (const auto& item : shown->GetArray()) out.shown.emplace_back(json::text(item));
  return out;
}

json::Value list_of(const std::vector<std::string>& texts, Allocator& a) {
  json::Value out(rapidjson::kArrayType);
  for (const std::string& text : texts) out.PushBack(json::Value(text, a), a);
  return out;
}

json::Value to_json(const Understanding& reading, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "kind", reading.kind, a);
  json::set(out, "question", reading.question, a);
  json::set(out, "answer", reading.answer, a);
  json::set(out, "labels", list_of(reading.labels, a), a);
  json::set(out, "in_question", json::Value(reading.in_question), a);
  json::set(out, "regular", json::Value(reading.regular), a);
  json::set(out, "columns", list_of(reading.columns, a), a);
  json::set(out, "partial", list_of(reading.partial, a), a);
  json::set(out, "unused", list_of(reading.unused, a), a);
  json::set(out, "notes", list_of(reading.notes, a), a);
  json::set(out, "warnings", list_of(reading.warnings, a), a);
  return out;
}

}  // namespace

std::string Custom::describe() {
  json::Document out = or_throw(json::parse(FileDataset::describe(), "describe"));
  for (const std::string& split : splits())
    if (const auto found = understood_.find(split); found != understood_.end()) {
      json::set(out, "reading", to_json(found->second, out.GetAllocator()), out.GetAllocator());
      break;
    }
  return json::write(out);
}

std::vector<std::string> Custom::splits() const { return splits_of(context.config()); }

std::string Custom::source_of(std::string_view split) const {
  return is_every_split(context.config()) ? splits().front() : std::string(split);
}

Result<Records> Custom::load(std::string_view split) const {
  Reading reading;
  reading.format = context.text("format", "auto");
  reading.find_header = true;
  json::Document owner;
  std::vector<Row> rows;
  std::vector<std::string> notes;
  SXT_TRY(Records out, read_files(folder(), context.config(), split, reading, owner.GetAllocator(), rows, notes));
  SXT_TRY(Understanding understanding, understand(rows, told_by(context.config()), out.file, owner.GetAllocator()));
  understanding.notes.insert(understanding.notes.end(), notes.begin(), notes.end());
  out.fields = Columns(rows).names();
  for (const Row& row : rows) out.json.push_back(json::write(row.record));
  understood_.insert_or_assign(std::string(split), std::move(understanding));
  return out;
}

}  // namespace sextant::tables
