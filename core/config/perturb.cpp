#include "perturb.hpp"
#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <set>
#include "../base/files.hpp"
#include "../base/text.hpp"
#include "card_parts.hpp"
#include "format_changes.hpp"
#include "option_columns.hpp"
#include "version.hpp"

namespace sextant::config {
namespace {

constexpr size_t options_max = 5;       // whose orders are all asked: 120 of them
constexpr uint32_t variants_max = 200;  // of one kind
constexpr uint64_t file_bytes_max = 16u << 20;
constexpr size_t names_shown = 4;

Error usage(std::string message) { return {Error::Kind::usage, std::move(message)}; }

struct Wanted {
  std::string kind, file;
  uint32_t count = 0;  // 0: as many as the kind has by itself
  bool all = false;
};
using Variants = std::vector<DatasetConfig>;

// One kind for one set: its variants, or in one clause why there are none.
Result<Variants> option_orders(const DatasetConfig& set, const Wanted& wanted);
Result<Variants> changed_texts(const DatasetConfig& set, const Wanted& wanted);
Result<Variants> formats(const DatasetConfig& set, const Wanted& wanted);
Result<Variants> templates(const DatasetConfig& set, const Wanted& wanted);
Result<Variants> shots(const DatasetConfig& set, const Wanted& wanted);
Result<Variants> seeds(const DatasetConfig& set, const Wanted& wanted);

struct Kind {
  const char* id;
  uint32_t count, most;  // variants by default, and at most
  Result<Variants> (*make)(const DatasetConfig& set, const Wanted& wanted);
};
constexpr Kind kinds[] = {
    {"option_order", 3, variants_max, option_orders},
    {"typos", 3, variants_max, changed_texts},
    {"case", 2, 2, changed_texts},  // lower, upper
    {"full_width", 1, 1, changed_texts},
    {"homophones", 3, variants_max, changed_texts},
    {"format", format_changes, format_changes, formats},
    {"template", 0, variants_max, templates},
    {"shots", 4, variants_max, shots},
    {"seeds", 4, variants_max, seeds},
};

std::vector<std::string> kind_names() {
  std::vector<std::string> out;
  for (const Kind& kind : kinds) out.emplace_back(kind.id);
  return out;
}

Error cannot(const std::string& why) { return {Error::Kind::config, why}; }

std::string letters(size_t n) {
  std::string out;
  for (size_t i = 0; i < n; ++i) out += static_cast<char>('A' + i);
  return out;
}

// It stands first, so that columns that are derived of what is changed follow; what does not exist before is changed last.
DatasetConfig variant(const DatasetConfig& set, const Perturbation& how) {
  DatasetConfig out = set;
  json::Document derive(rapidjson::kObjectType);
  auto& a = derive.GetAllocator();
  const auto given = json::parse(set.derive.empty() ? "{}" : set.derive, set.card_path);
  json::Value perturb(rapidjson::kObjectType);
  json::set(perturb, "kind", how.kind, a);
  json::set(perturb, "number", json::Value(how.number), a);
  if (!how.columns.empty()) json::set(perturb, "columns", list_of(how.columns, a), a);
  if (!how.options.empty()) {
    json::set(perturb, "options", list_of(how.options, a), a);
    json::set(perturb, "answer", how.answer, a);
    json::set(perturb, "order", how.order, a);
  }
  json::set(derive, variant_member, std::move(perturb), a);
  for (const auto& member : given->GetObject()) json::set(derive, json::text(member.name), json::Value(member.value, a), a);
  out.derive = json::write(derive);
  out.task_name.clear();
  out.version = version_of(out);
  return out;
}

Result<Variants> option_orders(const DatasetConfig& set, const Wanted& wanted) {
  Perturbation how;
  how.kind = wanted.kind;
  how.options = option_columns(set);
  how.answer = set.output_column;
  const auto loader = json::parse(set.loader.config, set.card_path);
  if (loader && json::find(*loader, "circular")) return cannot("its rows are asked in several orders already");
  if (how.options.empty())
    return cannot("the card does not say which columns are options (\"choices\", or A, B, ... among the input columns)");
  if (how.answer.empty()) return cannot("the card names no column with the answer");
  constexpr size_t of_a_list = 4;  // orders of a list that is longer leave its end where it is
  const size_t n = how.options.size() == 1 ? of_a_list : how.options.size();
  if (wanted.all && n > options_max)
    return cannot(fmt::format("it has {} options, and all their orders are too many; leave out \":all\"", n));
  Variants out;
  std::string order = letters(n);
  const std::string first = order;
  const auto next = [&] {
    if (wanted.all) std::next_permutation(order.begin(), order.end());
    else std::rotate(order.begin(), order.begin() + 1, order.end());
  };
  for (next(); order != first && (wanted.count == 0 || how.number < wanted.count); next()) {
    how.order = order;
    ++how.number;
    out.push_back(variant(set, how));
  }
  return out;
}

Result<Variants> changed_texts(const DatasetConfig& set, const Wanted& wanted) {
  Perturbation how;
  how.kind = wanted.kind;
  const std::vector<std::string> options = option_columns(set);
  for (const std::string& column : set.input_columns)
    if (column != set.output_column && std::find(options.begin(), options.end(), column) == options.end())
      how.columns.push_back(column);
  if (how.columns.empty()) return cannot("the card names no input columns that are not options");
  if (std::any_of(set.metrics.begin(), set.metrics.end(), [](const auto& metric) { return metric.id == "code_tests"; }))
    return cannot("its questions are programs, which other letters would break");
  Variants out;
  for (how.number = 1; how.number <= wanted.count; ++how.number) out.push_back(variant(set, how));
  return out;
}

Result<Variants> formats(const DatasetConfig& set, const Wanted& wanted) {
  Variants out;
  SXT_TRY(const json::Document config, json::parse(set.template_.config, set.card_path));
  for (uint32_t number = 1; number <= wanted.count; ++number) {
    json::Document changed = json::copy(config);
    if (!change_format(changed, number, changed.GetAllocator())) continue;
    DatasetConfig one = variant(set, {wanted.kind, number, {}, {}, "", ""});
    one.template_.config = json::write(changed);
    out.push_back(std::move(one));
  }
  if (out.empty()) return cannot("its template has no words, marks or line ends of its own to write otherwise");
  return out;
}

// A list of configurations of the template component, or an object with such lists by the sets' names.
Result<Variants> templates(const DatasetConfig& set, const Wanted& wanted) {
  SXT_TRY(const std::string text, read_file(wanted.file, file_bytes_max));
  SXT_TRY(const json::Document file, json::parse(text, wanted.file, json::Syntax::relaxed));
  const json::Value* list = &file;
  if (file.IsObject()) {
    list = nullptr;
    for (const auto& member : file.GetObject())
      if (const std::string name(json::text(member.name)); !list && (glob_match(name, set.abbr) || name == set.card))
        list = &member.value;
  }
  if (!list) return cannot(fmt::format("{} has no templates for it", wanted.file));
  if (!list->IsArray() || list->Empty())
    return usage(fmt::format("{}: the templates of {} must be a list of objects, each as a card's infer.template", wanted.file,
                             set.abbr));
  Variants out;
  for (const auto& one : list->GetArray()) {
    const uint32_t number = static_cast<uint32_t>(out.size()) + 1;
    if (!one.IsObject())
      return usage(fmt::format("{}: template {} is not an object as a card's infer.template is", wanted.file, number));
    DatasetConfig made = variant(set, {wanted.kind, number, {}, {}, "", ""});
    json::Document filled = json::copy(one);
    if (!json::find(filled, "type")) json::set(filled, "type", set.template_.id, filled.GetAllocator());
    SXT_TRY(made.template_, component_from_json(&filled, wanted.file, fmt::format("template {}", number)));
    out.push_back(std::move(made));
  }
  return out;
}

// Other examples, as many, drawn at random. Who chooses them by the question has nothing to draw.
Result<Variants> shots(const DatasetConfig& set, const Wanted& wanted) {
  if (!set.retriever.shows_examples()) return cannot("its card shows no examples");
  if (set.retriever.id != "fix_k" && set.retriever.id != "random")
    return cannot(fmt::format("its examples are chosen by {}, which draws none", set.retriever.id));
  SXT_TRY(const json::Document config, json::parse(set.retriever.config, set.card_path));
  int64_t count = 1;
  for (const char* key : {"ice_num", "k", "shots"})
    if (const auto given = json::find_int(config, key)) count = *given;
  for (const char* key : {"ids", "fix_id_list"})
    if (const json::Value* ids = json::find(config, key); ids && ids->IsArray()) count = ids->Size();
  Variants out;
  for (uint32_t number = 1; number <= wanted.count; ++number) {
    DatasetConfig one = variant(set, {wanted.kind, number, {}, {}, "", ""});
    one.retriever.id = "random";
    one.retriever.config = fmt::format(R"({{"ice_num":{},"seed":{}}})", count, 1000 * number);
    out.push_back(std::move(one));
  }
  return out;
}

// Random streams are keyed by the task's name, so that another name is all that is needed.
Result<Variants> seeds(const DatasetConfig& set, const Wanted& wanted) {
  Variants out;
  for (uint32_t number = 1; number <= wanted.count; ++number)
    out.push_back(variant(set, {wanted.kind, number, {}, {}, "", ""}));
  return out;
}

Result<Wanted> read_wanted(const std::string& text, const Kind*& ret_kind) {
  Wanted out;
  const size_t colon = text.find(':');
  out.kind = text.substr(0, colon);
  const std::string rest = colon == text.npos ? "" : text.substr(colon + 1);
  const std::vector<std::string> names = kind_names();
  ret_kind = nullptr;
  for (const Kind& kind : kinds)
    if (kind.id == out.kind) ret_kind = &kind;
  if (!ret_kind)
    return usage(fmt::format("--perturb: there is no kind '{}'{}; there are: {}", out.kind, did_you_mean(out.kind, names),
                             join(names, ", ")));
  if (out.kind == "template") {
    if (rest.empty()) return usage("--perturb template needs a file with other templates: template:FILE.json");
    out.file = rest;
    return out;
  }
  if (out.kind == "option_order") {
    out.all = rest == "all";
    if (out.all || rest.empty()) return out;
  }
  out.count = ret_kind->count;
  if (colon == text.npos) return out;
  const auto [end, code] = std::from_chars(rest.data(), rest.data() + rest.size(), out.count);
  if (code != std::errc() || end != rest.data() + rest.size() || out.count == 0 || out.count > ret_kind->most)
    return usage(fmt::format("--perturb {}: '{}' is not a number of variants from 1 to {}{}", out.kind, rest, ret_kind->most,
                             out.kind == "option_order" ? ", nor \"all\"" : ""));
  return out;
}

}  // namespace

Result<Perturbation> perturbation_from_json(const json::Value& value, const std::string& origin) {
  const auto bad = [&](const std::string& what) {
    return Error{Error::Kind::config, fmt::format("{}: reader.derive.{}: {}", origin, variant_member, what)};
  };
  if (!value.IsObject()) return bad("it is not an object; --perturb writes it");
  Perturbation out;
  out.kind = json::find_string(value, "kind").value_or("");
  const int64_t number = json::find_int(value, "number").value_or(0);
  out.columns = texts_of(json::find(value, "columns"));
  out.options = texts_of(json::find(value, "options"));
  out.answer = json::find_string(value, "answer").value_or("");
  out.order = json::find_string(value, "order").value_or("");
  const std::vector<std::string> names = kind_names();
  if (std::find(names.begin(), names.end(), out.kind) == names.end())
    return bad(
        fmt::format("there is no kind '{}'{}; there are: {}", out.kind, did_you_mean(out.kind, names), join(names, ", ")));
  if (number < 1 || number > variants_max) return bad(fmt::format("\"number\" is not from 1 to {}", variants_max));
  out.number = static_cast<uint32_t>(number);
  std::string sorted = out.order;
  std::sort(sorted.begin(), sorted.end());
  if (out.kind == "option_order" &&
      (out.options.empty() || out.answer.empty() || sorted.size() < 2 || sorted != letters(sorted.size())))
    return bad("an option_order has \"options\", \"answer\", and an \"order\" such as \"BCDA\"");
  return out;
}

bool is_variant(const DatasetConfig& dataset) { return dataset.derive.find(variant_member) != std::string::npos; }

Perturbation perturbation_of(const DatasetConfig& dataset) {
  if (!is_variant(dataset)) return {};
  const auto derive = json::parse(dataset.derive, dataset.card_path);
  const json::Value* value = derive ? json::find(*derive, variant_member) : nullptr;
  const auto out = value ? perturbation_from_json(*value, dataset.card_path) : Result<Perturbation>(Perturbation());
  return out ? *out : Perturbation();
}

std::string variant_suffix(const DatasetConfig& dataset) {
  const Perturbation how = perturbation_of(dataset);
  return how.kind.empty() ? "" : fmt::format("~{}-{}", how.kind, how.number);
}

std::string_view varied_set(std::string_view task_name) {
  return task_name.substr(0, std::min(task_name.rfind('~'), task_name.size()));
}

Result<void> add_variants(const json::Value& perturb, const std::string& origin, std::vector<DatasetConfig>& datasets,
                          const std::function<void(const std::string&)>& warn) {
  std::vector<Variants> variants(datasets.size());
  std::set<std::string> seen;
  for (const std::string& text :
       perturb.IsString() ? std::vector<std::string>{std::string(json::text(perturb))} : texts_of(&perturb)) {
    const Kind* kind = nullptr;
    SXT_TRY(const Wanted one, read_wanted(text, kind));
    if (!seen.insert(one.kind).second)
      return usage(fmt::format("{}: perturb names '{}' twice; name it once", origin, one.kind));
    std::vector<std::string> without;
    std::string why;
    for (size_t i = 0; i < datasets.size(); ++i) {
      auto made = is_variant(datasets[i]) ? Result<Variants>(cannot("it is a variant already")) : kind->make(datasets[i], one);
      if (!made && made.error().kind != Error::Kind::config) return made.error();
      if (made) {
        std::move(made->begin(), made->end(), std::back_inserter(variants[i]));
        continue;
      }
      if (why.empty()) why = made.error().message;
      without.push_back(datasets[i].abbr);
    }
    if (!without.empty() && warn)
      warn(fmt::format("--perturb {} leaves out {}: {}", text, first_names(without, names_shown), why));
  }
  std::vector<DatasetConfig> all;
  for (size_t i = 0; i < variants.size(); ++i) {
    all.push_back(std::move(datasets[i]));
    std::move(variants[i].begin(), variants[i].end(), std::back_inserter(all));
  }
  datasets = std::move(all);
  return {};
}

Result<void> check_variants(const RunConfig& run, const json::Value* wanted) {
  std::set<std::string> there;
  for (const DatasetConfig& dataset : run.datasets) there.insert(perturbation_of(dataset).kind);
  for (const std::string& text : texts_of(wanted))
    if (!there.contains(text.substr(0, text.find(':'))))
      return usage(fmt::format("--perturb {}: no data set of this run can be changed so; the warning above says why", text));
  const bool sampled =
      std::any_of(run.models.begin(), run.models.end(), [](const ModelConfig& model) { return model.generation.samples(); });
  for (const DatasetConfig& dataset : run.datasets)
    if (!sampled && perturbation_of(dataset).kind == "seeds" &&
        dataset.inferencer.config.find("temperature") == std::string::npos)
      return usage(
          fmt::format("--perturb seeds: no reply to {} is sampled, so that all seeds give the same; add --generation-kwargs "
                      "do_sample=true temperature=0.7, or leave seeds out",
                      dataset.abbr));
  return {};
}

}  // namespace sextant::config
