#include "compare_runs.hpp"
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include "../base/json_members.hpp"
#include "../base/log.hpp"
#include "../base/text.hpp"
#include "differences.hpp"
#include "precisions.hpp"
#include "secrets.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

// The configuration with that model alone, under a name that both sides share, so that what differs is what it is and not what
// it is called.
json::Document configuration_of(const Subject& subject) {
  json::Document out = json::copy(subject.run->config);
  auto& a = out.GetAllocator();
  json::Value models(rapidjson::kArrayType);
  if (json::Value* list = out.IsObject() && out.HasMember("models") && out["models"].IsArray() ? &out["models"] : nullptr)
    for (auto& model : list->GetArray()) {
      if (json::find_string(model, "abbr") != subject.model) continue;
      json::set(model, "abbr", "model", a);
      models.PushBack(json::Value(model, a), a);
    }
  json::set(out, "models", std::move(models), a);
  return out;
}

// One line for a sentence, however many data sets it is true of.
void add_grouped(const std::map<std::string, Differences::Sentences>& named, std::vector<std::string>& out) {
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  for (const auto& [name, sentences] : named)
    for (const std::string& sentence : sentences) {
      const auto found = std::find_if(groups.begin(), groups.end(), [&](const auto& group) { return group.first == sentence; });
      if (found == groups.end()) groups.push_back({sentence, {name}});
      else found->second.push_back(name);
    }
  for (const auto& [sentence, names] : groups) out.push_back(fmt::format("{}: {}", first_names(names, 3), sentence));
}

// A set whose predictions are gone, or have other prompts, has none: a warning says so.
void add_precision(const Subject& a, const Subject& b, const compare::Answers& x, const compare::Answers& y,
                   compare::Report& out) {
  const auto measured = [&]() -> Result<compare::Precision> {
    SXT_TRY(const auto of_a, store::Predictions::open(a.run->folder->predictions(a.model, x.dataset)));
    SXT_TRY(const auto of_b, store::Predictions::open(b.run->folder->predictions(b.model, y.dataset)));
    return compare::precision_of(x, y, of_a, of_b);
  }();
  if (measured) out.precisions.push_back(*measured);
  else log_warning(fmt::format("{}: nothing is said of precision: {}", x.dataset, measured.error().message));
}

// Further replies to a set's questions, which an import has not taken over.
uint64_t replies_left_out(const Subject& side, const std::string& dataset) {
  if (!json::find(side.run->config, "imported")) return 0;
  const auto file = InputFile::open(side.run->folder->results(side.model, dataset));
  const auto counts = file ? member_of(*file, "counts") : Result<std::string>(file.error());
  const auto counted = counts ? json::parse(*counts, "counts") : Result<json::Document>(counts.error());
  return counted ? static_cast<uint64_t>(std::max<int64_t>(0, json::find_int(*counted, "replies_left_out").value_or(0))) : 0;
}

void add_difference(const char* what, const std::string& a, const std::string& b, std::vector<std::string>& out) {
  if (a != b) out.push_back(fmt::format("{} was {} and is {}", what, a.empty() ? "not said" : a, b.empty() ? "not said" : b));
}

}  // namespace

Result<std::vector<std::pair<Subject, Subject>>> subjects(const std::vector<RunView>& runs,
                                                          const std::vector<std::string>& models) {
  std::vector<std::pair<Subject, Subject>> out;
  std::vector<std::vector<std::string>> names;
  std::vector<std::string> all;
  for (const RunView& run : runs)
    for (const std::string& model : run.models())
      if (std::find(all.begin(), all.end(), model) == all.end()) all.push_back(model);
  SXT_TRY(const std::vector<std::string> wanted,
          chosen(all, models, "model", runs.size() == 1 ? runs[0].name : "none of the runs"));
  for (const RunView& run : runs) {
    names.emplace_back();
    for (const std::string& model : run.models())
      if (std::find(wanted.begin(), wanted.end(), model) != wanted.end()) names.back().push_back(model);
    if (names.back().empty())
      return Error{Error::Kind::usage, fmt::format("{} has none of the models that --model names; it has {}", run.name,
                                                   first_names(run.models(), 8))};
  }
  if (runs.size() == 1) {
    if (names[0].size() < 2)
      return Error{Error::Kind::usage, fmt::format("{} has one model, {}; give a second run, or one with several models",
                                                   runs[0].name, names[0].front())};
    for (size_t i = 1; i < names[0].size(); ++i) out.push_back({{runs.data(), names[0][0]}, {runs.data(), names[0][i]}});
    return out;
  }
  for (size_t r = 1; r < runs.size(); ++r) {
    if (names[0].size() == 1 && names[r].size() == 1) {
      out.push_back({{runs.data(), names[0][0]}, {&runs[r], names[r][0]}});
      continue;
    }
    const size_t before = out.size();
    for (const std::string& name : names[0])
      if (std::find(names[r].begin(), names[r].end(), name) != names[r].end())
        out.push_back({{runs.data(), name}, {&runs[r], name}});
    if (out.size() == before)
      return Error{Error::Kind::usage,
                   fmt::format("{} has the models {} and {} has {}: none is in both; say with --model which are meant",
                               runs[0].name, first_names(names[0], 6), runs[r].name, first_names(names[r], 6))};
  }
  return out;
}

std::vector<std::string> what_differs(const Subject& a, const Subject& b) {
  std::vector<std::string> out;
  add_difference("the model", a.model, b.model, out);
  // of what was imported nothing else is known
  const json::Value *left = json::find(a.run->config, "imported"), *right = json::find(b.run->config, "imported");
  if (left || right) {
    const auto from = [](const json::Value* imported) {
      return imported ? json::find_string(*imported, "from").value_or("elsewhere") : std::string("Sextant");
    };
    out.push_back(fmt::format("A is of {} and B of {}; what was imported does not say how it was asked", from(left), from(right)));
    return out;
  }
  const store::ModelRecord *first = a.run->model(a.model), *second = b.run->model(b.model);
  if (first && second) {
    if (first->weights_sha256 != second->weights_sha256)
      add_difference("the weights' SHA-256", first->weights_sha256.substr(0, 12), second->weights_sha256.substr(0, 12), out);
    add_difference("the backend", first->backend, second->backend, out);
    add_difference("the device", first->device, second->device, out);
    add_difference("the compute type", first->compute, second->compute, out);
    add_difference("the chat template", first->chat_template, second->chat_template, out);
    add_difference("the adapter", first->adapter, second->adapter, out);
  }
  add_difference("Sextant", a.run->version, b.run->version, out);
  if (a.run != b.run)
    for (const store::PluginRecord& plugin : a.run->record.plugins)
      for (const store::PluginRecord& other : b.run->record.plugins)
        if (plugin.id == other.id && plugin.sha256 != other.sha256)
          out.push_back(fmt::format("{} is another build (version {} and {})", plugin.id, plugin.version, other.version));
  Workspace workspace("", {});
  const Differences settings =
      differences(configuration_of(a), configuration_of(b), [&](const std::string& backend, const json::Value& config) {
        auto kept = json::parse(model_settings(backend, json::write(config), workspace.host().registry()), backend);
        return kept ? *std::move(kept) : json::copy(config);
      });
  out.insert(out.end(), settings.run.begin(), settings.run.end());
  for (const auto& [name, sentences] : settings.models) out.insert(out.end(), sentences.begin(), sentences.end());
  add_grouped(settings.asked, out);
  add_grouped(settings.scored, out);
  return out;
}

Result<compare::Report> compare_subjects(const Subject& a, const Subject& b, const ComparisonFlags& flags) {
  compare::Report out;
  out.a = {a.run->name, a.model};
  out.b = {b.run->name, b.model};
  out.differences = what_differs(a, b);
  const std::vector<std::string> in_a = a.run->datasets(a.model), in_b = b.run->datasets(b.model);
  std::vector<std::string> all = in_a;
  for (const std::string& name : in_b)
    if (std::find(in_a.begin(), in_a.end(), name) == in_a.end()) all.push_back(name);
  SXT_TRY(const std::vector<std::string> wanted, chosen(all, flags.datasets, "data set", "the pair of runs"));
  if (flags.precision == ComparisonFlags::Precision::of_any) out.precision = "asked for with --precision";
  if (flags.precision != ComparisonFlags::Precision::none)
    if (const auto why = precisions_of(a, b)) out.precision = *why;
  for (const std::string& name : wanted) {
    const store::TaskRecord *first = a.run->task(a.model, name), *second = b.run->task(b.model, name);
    if (!first || !second) {
      (first ? out.a_only : out.b_only).push_back(name);
      continue;
    }
    const auto done = [](const store::TaskRecord& task) {
      return task.status == "complete" && (task.eval == "complete" || !task.results_sha256.empty());
    };
    if (!done(*first) || !done(*second)) {
      const bool in_first = !done(*first);
      const std::string& status = (in_first ? first : second)->status;
      out.refused.push_back(
          {name, fmt::format("in {} it is {}", in_first ? "A" : "B", status == "complete" ? "not scored" : status)});
      continue;
    }
    std::error_code code;
    const RunView* lacks = nullptr;
    for (const Subject* side : {&a, &b})
      if (json::find(side->run->config, "imported") && !std::filesystem::exists(side->run->folder->samples(side->model, name), code))
        lacks = side->run;
    if (lacks) {
      out.refused.push_back({name, fmt::format("{} was imported without samples", lacks->name)});
      continue;
    }
    const auto compared = [&]() -> Result<compare::Comparison> {
      SXT_TRY(compare::Answers x, compare::read_answers(*a.run->folder, a.model, name, a.run->judged_by(name)));
      SXT_TRY(compare::Answers y, compare::read_answers(*b.run->folder, b.model, name, b.run->judged_by(name)));
      x.imported = json::find(a.run->config, "imported") != nullptr;
      y.imported = json::find(b.run->config, "imported") != nullptr;
      SXT_TRY(compare::Comparison one, compare::compare(x, y, flags.metric, flags.common));
      if (!out.precision.empty()) add_precision(a, b, x, y, out);
      return one;
    }();
    if (compared) {
      out.comparisons.push_back(*compared);
      for (const auto& [side, letter] : {std::pair(&a, "A"), {&b, "B"}})
        if (const uint64_t count = replies_left_out(*side, name); count > 0)
          out.differences.push_back(fmt::format("{}: {}'s scores are of the first reply to each question; {} further replies, which its "
                                                "table counts, were left out when it was imported",
                                                name, letter, count));
    }
    else out.refused.push_back({name, compared.error().message});
  }
  compare::adjust(out.comparisons);
  return out;
}

}  // namespace sextant::cli
