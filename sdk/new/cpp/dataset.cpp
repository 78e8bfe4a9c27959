// dataset:@NAME@: reads SPLIT.json of the set's folder, a list of objects whose members are the columns.
#include <fstream>
#include <iterator>
#include <sextant/file_dataset.hpp>

namespace {

using namespace sextant;

struct @TYPE@ : FileDataset {
  using FileDataset::FileDataset;
  std::vector<std::string> splits() const override { return {"test", "train"}; }
  Result<Records> load(std::string_view split) const override {
    const std::string file = (folder() / (std::string(split) + ".json")).string();
    std::ifstream in(file);
    if (!in) return Error{Error::Kind::missing, "@NAME@: there is no file " + file};
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    SXT_TRY(const json::Document rows, json::parse(text, file));
    if (!rows.IsArray()) return Error{Error::Kind::data, file + ": a list of objects is wanted"};
    Records out{file, text.size(), {}, {}};
    for (const auto& row : rows.GetArray()) {
      if (!row.IsObject())
        return Error{Error::Kind::data, file + ": row " + std::to_string(out.json.size()) + " is not an object"};
      for (const auto& member : row.GetObject())
        if (out.json.empty()) out.fields.emplace_back(json::text(member.name));
      out.json.push_back(json::write(row));
    }
    return out;
  }
};

}  // namespace

SEXTANT_PLUGIN(component<@TYPE@>({.id = "@NAME@", .summary = "rows of SPLIT.json, a list of objects"}))
