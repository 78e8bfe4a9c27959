#include "custom_dataset.hpp"
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <sextant/columns.hpp>
#include "../base/text.hpp"
#include "card_parts.hpp"
#include "json_source.hpp"
#include "resolve.hpp"
#include "shapes.hpp"

namespace sextant::config {
namespace fs = std::filesystem;
namespace {

json::Value turn(const char* role, const std::string& prompt, Allocator& a) {
  json::Value value(rapidjson::kObjectType);
  json::set(value, "role", role, a);
  json::set(value, "prompt", prompt, a);
  return value;
}
json::Value turns(const std::string& question, const std::string& reply, Allocator& a) {
  json::Value round(rapidjson::kArrayType);
  round.PushBack(turn("HUMAN", question, a), a);
  if (!reply.empty()) round.PushBack(turn("BOT", reply, a), a);
  return round;
}

bool is_letter(const std::string& label) { return label.size() == 1 && label[0] >= 'A' && label[0] <= 'Z'; }

/// What the user says: the .meta.json, and the flags over it.
class Custom {
 public:
  Custom(const RunFlags& flags, const World& world) : flags_(flags), world_(world), path_(flags.custom_dataset_path) {
    meta_.SetObject();
  }

  Result<DatasetConfig> run() {
    SXT_CHECK(read_meta());
    json::Document told = loader_config();
    SXT_TRY(file_, world_.custom_file(path_.string(), told));
    SXT_CHECK(check());
    for (const std::string& note : file_.notes)
      if (world_.note) world_.note(fmt::format("{}: {}", path_.filename().string(), note));
    for (const std::string& warning : file_.warnings)
      if (world_.warn) world_.warn(warning);
    return dataset(json::write(told));
  }

 private:
  std::string setting(const std::string& flag, const char* key, const std::string& otherwise) const {
    return !flag.empty() ? flag : json::find_string(meta_, key).value_or(otherwise);
  }

  Result<void> read_meta() {
    std::error_code code;
    meta_path_ = flags_.custom_dataset_meta_path;
    if (meta_path_.empty()) {
      meta_path_ = path_;
      meta_path_ += ".meta.json";
      if (!fs::exists(meta_path_, code)) meta_path_.clear();
    }
    if (!meta_path_.empty()) { SXT_TRY(meta_, load_merged(meta_path_, custom_meta_shape())); }
    type_ = setting(flags_.custom_dataset_data_type, "data_type", "auto");
    method_ = setting(flags_.custom_dataset_infer_method, "infer_method", "gen");
    const bool given = type_ != "auto" || !flags_.custom_dataset_data_type.empty() || json::find(meta_, "data_type");
    if (given && type_ != "mcq" && type_ != "qa") {
      const char* hint = type_ == "circular-mcq" ? "; options are not asked in turn here" : "";
      return Error{Error::Kind::usage,
                   fmt::format("--custom-dataset-data-type is '{}'; it must be 'mcq' or 'qa'{}", type_, hint)};
    }
    if (method_ != "gen" && method_ != "ppl")
      return Error{Error::Kind::usage,
                   fmt::format("--custom-dataset-infer-method is '{}'; it must be 'gen' or 'ppl'", method_)};
    template_ = json::find(meta_, "template");
    human_ = json::find_string(meta_, "human_prompt");
    if (template_ && (human_ || json::find(meta_, "bot_prompt")))
      return meta_error(
          "\"template\" is the whole prompt, so that \"human_prompt\" and \"bot_prompt\" are not used; remove it or them");
    if (template_ && template_->IsString()) human_ = std::string(json::text(*template_));
    if (human_) template_ = nullptr;
    if (json::find_string(meta_, "abbr") == "")
      return meta_error("\"abbr\" is empty; give the set a name, or leave it out: then its file's is taken");
    if (const json::Value* first = json::find(meta_, "first_index");
        first && !(first->IsInt() && (first->GetInt() == 0 || first->GetInt() == 1)))
      return meta_error("\"first_index\" is the number of the first option: 0 or 1");
    if (const auto answers = json::find_string(meta_, "answers"); answers && *answers != "labels" && *answers != "texts")
      return meta_error(fmt::format("\"answers\" is '{}'; it must be \"labels\" or \"texts\": what the answers of multiple choice are",
                                    *answers));
    if (json::find(meta_, "answers") && json::find(meta_, "first_index"))
      return meta_error("\"first_index\" says that answers are numbers, and \"answers\" that they are not; leave one of them out");
    if (const json::Value* options = json::find(meta_, "options"); options && options->IsArray() && options->Size() < 2)
      return meta_error("\"options\" must name the columns of at least two options");
    return {};
  }
  Error meta_error(const std::string& what) const {
    return {Error::Kind::config, fmt::format("{}: {}", meta_path_.string(), what)};
  }

  // The columns that the user's own prompt names.
  std::vector<std::string> named() const {
    std::vector<std::string> out;
    const auto add = [&](const std::string& text) {
      for (const std::string& path : columns::placeholders(text))
        if (path != "choice_lines" && std::find(out.begin(), out.end(), path) == out.end()) out.push_back(path);
    };
    const auto collect = [&](const auto& self, const json::Value& value) -> void {
      if (value.IsString()) add(std::string(json::text(value)));
      else if (value.IsArray())
        for (const auto& item : value.GetArray()) self(self, item);
      else if (value.IsObject())
        for (const auto& member : value.GetObject()) self(self, member.value);
    };
    if (human_) add(*human_);
    if (template_) collect(collect, *template_);
    if (const auto reply = json::find_string(meta_, "bot_prompt")) add(*reply);
    return out;
  }

  json::Document loader_config() const {
    json::Document out(rapidjson::kObjectType);
    auto& a = out.GetAllocator();
    if (type_ != "auto") json::set(out, "data_type", type_, a);
    for (const char* key : {"options", "question", "output_column", "first_index", "answers"})
      if (const json::Value* value = json::find(meta_, key))
        json::set(out, key, value->IsNull() ? json::Value("") : json::Value(*value, a), a);
    std::vector<std::string> shown = human_ || template_ ? named() : std::vector<std::string>();
    for (std::string& path : shown) path = columns::column_of(path);
    for (const std::string& column : texts_of(json::find(meta_, "input_columns")))
      if (std::find(shown.begin(), shown.end(), column) == shown.end()) shown.push_back(column);
    if (!shown.empty()) json::set(out, "shown", list_of(shown, a), a);
    return out;
  }

  Result<void> check() const {
    const auto is_there = [&](const std::string& column) {
      return std::find(file_.fields.begin(), file_.fields.end(), column) != file_.fields.end();
    };
    const auto no_column = [&](const std::string& who, const std::string& column) {
      return meta_error(fmt::format("{} names no column of {}{}; it has: {}", who, path_.string(),
                                    did_you_mean(column, file_.fields), join(file_.fields, ", ")));
    };
    for (const std::string& column : texts_of(json::find(meta_, "input_columns")))
      if (!is_there(column)) return no_column(fmt::format("\"input_columns\": '{}'", column), column);
    const std::string answer = file_.answer.empty() ? "answer" : file_.answer;
    for (const std::string& path : named()) {
      const std::string column(columns::column_of(path));
      if (is_there(path) || is_there(column) || column == "choice_labels" || column == "choice_texts" ||
          (column == answer && file_.answer.empty())) {
        if (std::find(file_.partial.begin(), file_.partial.end(), column) == file_.partial.end()) continue;
        return meta_error(
            fmt::format("the prompt shows {{{}}}, and some row of {} has no such option; write {{choice_lines}} where the "
                        "options of a row stand",
                        path, path_.string()));
      }
      return no_column(fmt::format("the prompt's {{{}}}", path), column);
    }
    for (const char* key : {"first_index", "answers"})
      if (file_.kind == "qa" && json::find(meta_, key))
        return meta_error(fmt::format("\"{}\" is of answers to multiple choice, and {} was read as open questions; leave it out, or name "
                                      "the \"options\"",
                                      key, path_.string()));
    if (file_.kind == "qa" && method_ == "ppl")
      return Error{Error::Kind::usage,
                   fmt::format("{}: questions without options cannot be asked by ppl; use gen", path_.string())};
    if (file_.answer.empty() && method_ == "ppl" && lists_options())
      return Error{Error::Kind::usage,
                   fmt::format("{}: without answers, options that differ from row to row cannot be asked by ppl; use gen",
                               path_.string())};
    return {};
  }

  // Whether the template lists each row's own options.
  bool lists_options() const {
    return file_.kind == "mcq" && (!file_.regular || (human_ && human_->find("{choice_lines}") != human_->npos));
  }

  std::string question() const {
    if (human_) return *human_;
    std::string out = fmt::format("{{{}}}\n", file_.question);
    if (file_.kind == "mcq" && file_.regular)
      for (const std::string& label : file_.labels) out += fmt::format("{0}. {{{0}}}\n", label);
    else if (file_.kind == "mcq" && !file_.in_question) out += "{choice_lines}\n";
    return out + "Answer: ";
  }

  json::Value choices(Allocator& a) const {
    json::Value out(rapidjson::kObjectType);
    if (!file_.regular) {
      json::set(out, "labels", "{choice_labels}", a);
      if (!file_.in_question) json::set(out, "texts", "{choice_texts}", a);
      return out;
    }
    std::vector<std::string> texts;
    for (const std::string& label : file_.labels) texts.push_back(fmt::format("{{{}}}", label));
    json::set(out, "labels", list_of(file_.labels, a), a);
    json::set(out, "texts", list_of(texts, a), a);
    return out;
  }

  Result<json::Document> template_config() const {
    json::Document out(rapidjson::kObjectType);
    auto& a = out.GetAllocator();
    const std::string answer = file_.answer.empty() ? std::string() : fmt::format("{{{}}}", file_.answer);
    const std::string reply = json::find_string(meta_, "bot_prompt").value_or(answer);
    if (template_ && json::find(*template_, "round")) {
      out.CopyFrom(*template_, a);
      if (lists_options() || method_ == "ppl") json::set(out, "choices", choices(a), a);
      return Result<json::Document>(std::move(out));
    }
    if (template_ && method_ == "gen")
      return meta_error("\"template\" must be a text, or {\"round\": [{\"role\": \"HUMAN\", \"prompt\": \"...\"}]}");
    if (lists_options()) json::set(out, "choices", choices(a), a);
    if (method_ == "gen" || (lists_options() && !template_)) {
      json::set(out, "round", turns(question(), reply, a), a);
      return Result<json::Document>(std::move(out));
    }
    json::Value labels(rapidjson::kArrayType);
    for (const std::string& option : file_.labels) {
      json::Value label(rapidjson::kObjectType);
      json::set(label, "label", option, a);
      if (template_) {  // {"A": "a whole prompt", "B": {"round": [...]}}
        const json::Value* own = json::find(*template_, option);
        const json::Value* round = own ? json::find(*own, "round") : nullptr;
        if (!own || (!own->IsString() && !round))
          return meta_error(
              fmt::format("\"template\" has no prompt for the option '{}'; give a text, or {{\"round\": [...]}}", option));
        json::set(label, "round", round ? json::Value(*round, a) : turns(std::string(json::text(*own)), "", a), a);
      } else {
        std::string own = json::find_string(meta_, "bot_prompt").value_or(option);
        if (const size_t at = own.find(answer); !answer.empty() && at != own.npos) own.replace(at, answer.size(), option);
        json::set(label, "round", turns(question(), own, a), a);
      }
      labels.PushBack(std::move(label), a);
    }
    json::set(out, "labels", std::move(labels), a);
    return Result<json::Document>(std::move(out));
  }

  Result<DatasetConfig> dataset(const std::string& loader_config) const {
    std::error_code code;
    const Defaults::CustomDataset& defaults = world_.defaults.custom_dataset;
    DatasetConfig out;
    out.abbr = json::find_string(meta_, "abbr").value_or(path_.stem().string());
    out.card = "custom";
    out.card_path = path_.string();
    out.path = fs::absolute(path_, code).string();
    out.loader = {defaults.loader, loader_config};
    out.output_column = file_.answer;
    out.train_split = out.test_split = "test";
    for (const std::string& column : file_.columns)
      if (column != file_.answer) out.input_columns.push_back(column);
    if (const auto given = texts_of(json::find(meta_, "input_columns")); !given.empty()) out.input_columns = given;
    if (method_ == "ppl") out.inferencer.id = "ppl";
    SXT_TRY(const json::Document config, template_config());
    out.template_ = {defaults.template_, json::write(config)};
    if (file_.kind == "mcq" && method_ == "gen") {
      const bool letters = std::all_of(file_.labels.begin(), file_.labels.end(), is_letter);
      std::vector<std::string> quoted;
      for (const std::string& label : file_.labels) quoted.push_back(json::quote(label));
      out.filters.front().postprocessors = {
          letters ? PluginChoice{defaults.option_postprocessor, fmt::format("{{\"options\":\"{}\"}}", join(file_.labels, ""))}
                  : PluginChoice{defaults.label_postprocessor,
                                 fmt::format("{{\"labels\":[{}]}}", join(quoted, ","))}};
    }
    if (!file_.answer.empty()) out.metrics = {{defaults.metric, "{}"}};
    return out;
  }

  const RunFlags& flags_;
  const World& world_;
  const fs::path path_;
  fs::path meta_path_;
  json::Document meta_;
  std::string type_, method_;
  std::optional<std::string> human_;       // "human_prompt", or a "template" that is a text
  const json::Value* template_ = nullptr;  // a "template" that is an object
  CustomFile file_;
};

}  // namespace

Result<CustomFile> custom_file_from_json(const json::Value& about, const std::string& loader) {
  const json::Value* reading = json::find(about, "reading");
  if (!reading)
    return Error{Error::Kind::config,
                 fmt::format("the loader {} does not say what a custom file is; name another in defaults.json", loader)};
  CustomFile out;
  out.kind = json::find_string(*reading, "kind").value_or("qa");
  out.question = json::find_string(*reading, "question").value_or("");
  out.answer = json::find_string(*reading, "answer").value_or("");
  out.labels = texts_of(json::find(*reading, "labels"));
  out.in_question = json::find_bool(*reading, "in_question").value_or(false);
  out.regular = json::find_bool(*reading, "regular").value_or(true);
  out.fields = texts_of(json::find(about, "fields"));
  out.columns = texts_of(json::find(*reading, "columns"));
  out.partial = texts_of(json::find(*reading, "partial"));
  out.notes = texts_of(json::find(*reading, "notes"));
  out.warnings = texts_of(json::find(*reading, "warnings"));
  return out;
}

Result<DatasetConfig> custom_dataset(const RunFlags& flags, const World& world) { return Custom(flags, world).run(); }

}  // namespace sextant::config
