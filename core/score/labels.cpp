#include "labels.hpp"
#include <algorithm>
#include <set>
#include <fmt/format.h>
#include <sextant/json_schema.hpp>
#include "../base/lines.hpp"
#include "../base/text.hpp"
#include "../data/verdict.hpp"
#include "own_metrics.hpp"

namespace sextant::score {
namespace {

namespace fs = std::filesystem;

// As it is named, else beside the card or in the set's data.
fs::path place_of(const config::DatasetConfig& dataset) {
  const fs::path given = dataset.judge->labels;
  std::error_code code;
  if (given.is_absolute() || fs::exists(given, code)) return given;
  for (const fs::path& folder : {fs::path(dataset.card_path).parent_path(), fs::path(dataset.path)})
    if (!folder.empty() && fs::exists(folder / given, code)) return folder / given;
  return given;
}

class LabelReader {
 public:
  static Result<LabelReader> make(const config::DatasetConfig& dataset) {
    LabelReader out;
    const config::PluginChoice& metric = dataset.judge->metrics.front();
    out.pairs_ = dataset.judge->pairs;
    out.metric_ = metric.id;
    const char* schema = data::VerdictReader::schema_of(metric.id);
    if (!schema) return out;
    SXT_TRY(const std::string checked, schema::check_config("metric:" + metric.id, schema, metric.config, dataset.card_path));
    SXT_TRY(const json::Document config, json::parse(checked, dataset.card_path));
    SXT_TRY(out.reader_, data::VerdictReader::make(metric.id, config, dataset.card_path));
    return out;
  }

  // `models`: of a pair, either of which may be named as the winner.
  Result<double> value(const json::Value& label, const Label& pair) const {
    if (label.IsBool()) return label.GetBool() ? 1 : 0;
    if (label.IsNumber() && metric_ == "rating") {
      const double points = label.GetDouble();
      if (reader_->read(fmt::format("{}", points)).value) return points;
      return Error{Error::Kind::data, fmt::format("the points {} are outside of what the judge may give", points)};
    }
    if (label.IsNumber()) {
      if (const double share = label.GetDouble(); share >= 0 && share <= 1) return share;
      return Error{Error::Kind::data, fmt::format("\"label\" is {}, and should be between 0 and 1", label.GetDouble())};
    }
    if (!label.IsString()) return Error{Error::Kind::data, "\"label\" is missing; give a number, true or false, or a verdict"};
    const std::string text(json::text(label));
    if (pairs_ && text == pair.model) return 1;
    if (pairs_ && text == pair.against) return 0;
    if (!reader_)
      return Error{Error::Kind::data,
                   fmt::format("\"label\" is '{}'; for metric:{} give a number, or true or false", text, metric_)};
    if (const auto value = reader_->read(text).value) return *value;
    return Error{Error::Kind::data, fmt::format("the label '{}' is not a verdict that metric:{} can read", text, metric_)};
  }

 private:
  std::string metric_;
  bool pairs_ = false;
  std::optional<data::VerdictReader> reader_;
};

}  // namespace

Result<Labels> read_labels(const config::RunConfig& run, const config::DatasetConfig& dataset) {
  Labels out;
  out.path = place_of(dataset);
  std::error_code code;
  if (!fs::is_regular_file(out.path, code))
    return Error{Error::Kind::missing,
                 fmt::format("the file of labels {} does not exist; correct --labels or eval.judge.labels of {}",
                             out.path.string(), dataset.card_path)};
  SXT_TRY(const LabelReader reading, LabelReader::make(dataset));
  std::set<std::string> sets, models, seen;
  size_t number = 0;
  const auto known = [&](const std::string& model) {
    models.insert(model);
    return std::any_of(run.models.begin(), run.models.end(), [&](const auto& one) { return one.abbr == model; });
  };
  SXT_CHECK(each_line(out.path, [&](std::string_view text) -> Result<void> {
    const std::string where = fmt::format("{}, line {}", out.path.string(), ++number);
    const auto bad = [&](std::string_view what) { return Error{Error::Kind::data, fmt::format("{}: {}", where, what)}; };
    SXT_TRY(const json::Document line, json::parse(text, where));
    if (!line.IsObject()) return bad("a label is an object: {\"dataset\", \"model\", \"index\", \"label\"}");
    static const std::vector<std::string> keys{"dataset", "model", "models",     "index",
                                               "repeat",  "label", "prediction", "prediction2"};
    for (const auto& member : line.GetObject()) {
      const std::string key(json::text(member.name));
      if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;  // what else a line says is its writer's
      if (const std::string meant = did_you_mean(key, keys); !meant.empty())
        return bad(fmt::format("the key '{}' is unknown{}", key, meant));
    }
    for (const char* key : {"dataset", "model", "prediction", "prediction2"})
      if (const json::Value* value = json::find(line, key); value && !value->IsString())
        return bad(fmt::format("\"{}\" must be a string, not {}", key, json::write(*value)));
    if (const json::Value* repeat = json::find(line, "repeat"); repeat && !repeat->IsInt64())
      return bad(fmt::format("\"repeat\" must be a whole number, not {}", json::write(*repeat)));
    const std::string set = json::find_string(line, "dataset").value_or(dataset.task_name);
    sets.insert(set);
    if (set != dataset.task_name && set != dataset.abbr) return ++out.others, Result<void>();
    Label label;
    label.line = number;
    if (dataset.judge->pairs) {
      const json::Value* pair = json::find(line, "models");
      if (pair && (!pair->IsArray() || pair->Size() != 2 || !(*pair)[0].IsString() || !(*pair)[1].IsString()))
        return bad("\"models\" must be the two models, the one that was shown first, first");
      if (!pair && run.models.size() != 2) return bad("\"models\" is missing; name the two whose answers were compared");
      if (pair && (*pair)[0] == (*pair)[1]) return bad("\"models\" names one model twice");
      label.model = pair ? std::string(json::text((*pair)[0])) : run.models[0].abbr;
      label.against = pair ? std::string(json::text((*pair)[1])) : run.models[1].abbr;
    } else {
      const auto model = json::find_string(line, "model");
      if (!model && run.models.size() != 1) return bad("\"model\" is missing; name the one whose answer was judged");
      label.model = model.value_or(run.models.front().abbr);
    }
    const auto index = json::find_int(line, "index");
    if (!index || *index < 0) return bad("\"index\" is missing or negative; give the row's number, from 0");
    label.row = static_cast<uint64_t>(*index);
    const int64_t repeat = json::find_int(line, "repeat").value_or(0);
    if (repeat < 0 || repeat >= dataset.repeats)
      return bad(fmt::format("\"repeat\" is {}, and the set has {} attempts a row", repeat, dataset.repeats));
    label.repeat = static_cast<uint32_t>(repeat);
    label.prediction = json::find_string(line, "prediction");
    label.prediction2 = json::find_string(line, "prediction2");
    const bool first = known(label.model), second = label.against.empty() || known(label.against);
    if (!first || !second) return ++out.others, Result<void>();
    static const json::Value none;
    const json::Value* value = json::find(line, "label");
    const auto read = reading.value(value ? *value : none, label);
    if (!read) return bad(read.error().message);
    label.value = *read;
    const auto& [one, other] = std::minmax(label.model, label.against);
    if (!seen.insert(fmt::format("{}/{}/{}/{}", one, other, label.row, label.repeat)).second)
      return bad(fmt::format("row {} has two labels for the same answer; keep one of them", label.row));
    out.all.push_back(std::move(label));
    return {};
  }));
  if (number == 0) return Error{Error::Kind::data, fmt::format("{} is empty; a label is a line of it", out.path.string())};
  if (out.all.empty())
    return Error{
        Error::Kind::data,
        fmt::format("{} has no label for {} and the models of this run; it has {} lines, of the data sets {} and the models {}",
                    out.path.string(), dataset.task_name, number, join(std::vector(sets.begin(), sets.end()), ", "),
                    join(std::vector(models.begin(), models.end()), ", "))};
  return out;
}

}  // namespace sextant::score
