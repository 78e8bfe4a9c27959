// `sextant show RUN`: single samples of a run, in the terminal: what was asked, said, read and wanted.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <sextant/printable.hpp>
#include <sextant/regex.hpp>
#include "../base/exit_code.hpp"
#include "../base/json_line.hpp"
#include "../base/lines.hpp"
#include "../base/log.hpp"
#include "../base/text.hpp"
#include "../report/margins.hpp"
#include "../report/page.hpp"
#include "../store/predictions.hpp"
#include "../store/samples_file.hpp"
#include "commands.hpp"
#include "options.hpp"
#include "run_view.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

using Texts = std::vector<std::string>;
using report::first_score, report::prompt_of, report::text_of;

constexpr size_t shown_by_default = 10;
constexpr size_t prompt_bytes_max = 1200;     // of the end of a prompt, where the question stands
constexpr size_t reply_bytes_max = 2000;

struct ShowFlags {
  std::string run, grep;
  Texts datasets, models;
  std::optional<double> numeric_error;
  std::optional<uint64_t> count;              // 0: all
  bool wrong = false, by_margin = false, json = false;
};
struct Shown {
  std::string model, line;                    // line: as it stands in the samples file
  double margin = std::nan("");               // by how much the best label leads
};

// The end of a long text, cut between characters.
std::string tail(const std::string& text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t begin = text.size() - bytes_max;
  while (begin < text.size() && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) ++begin;
  return fmt::format("({} bytes before)... {}", begin, text.substr(begin));
}
std::string head(const std::string& text, size_t bytes_max) {
  return text.size() <= bytes_max
             ? text
             : fmt::format("{}... ({} bytes)", text.substr(0, utf8::valid_prefix(text.substr(0, bytes_max))), text.size());
}

std::string as_text(const Shown& shown, const json::Value& line) {
  const auto score = first_score(line);
  const json::Value* scores = json::find(line, "scores");
  const bool repeated = json::find_int(line, "repeat").value_or(0) > 0;
  const bool is_of_judge = json::find_string(line, "dataset").value_or("").find('@') != std::string::npos;   // a verdict
  std::string out = fmt::format("--- {} | {} | sample {}{} | {}", shown.model, json::find_string(line, "dataset").value_or(""),
                                json::find_int(line, "index").value_or(-1),
                                repeated ? fmt::format(", repeat {}", *json::find_int(line, "repeat")) : "",
                                !score                ? "no score"
                                : is_of_judge         ? fmt::format("{} {:.4g}", json::text(scores->MemberBegin()->name), *score)
                                : *score == 1         ? "right"
                                : *score == 0         ? "wrong"
                                              : fmt::format("{} {:.4g}", json::text(scores->MemberBegin()->name), *score));
  if (!std::isnan(shown.margin)) out += fmt::format(" | margin {:.4g}", shown.margin);
  out += fmt::format("\n{}\n", tail(prompt_of(line), prompt_bytes_max));
  if (const auto thinking = json::find_string(line, "thinking")) out += fmt::format("thought: {} bytes\n", thinking->size());
  out += fmt::format("said:    {}\n", head(json::find_string(line, "prediction").value_or(""), reply_bytes_max));
  if (const json::Value* answers = json::find(line, "answers"); answers && answers->IsObject())
    for (const auto& answer : answers->GetObject()) {
      const std::string name(json::text(answer.name));
      out += fmt::format("read:    {}{}\n", answer.value.IsNull() ? "(failed)" : head(text_of(&answer.value), reply_bytes_max),
                         name == "none" ? "" : " (" + name + ")");
    }
  const json::Value* reference = json::find(line, "reference");
  out += fmt::format("answer:  {}\n", head(text_of(reference ? reference : json::find(line, "target")), reply_bytes_max));
  const json::Value *labels = json::find(line, "labels"), *logprobs = json::find(line, "logprobs");
  if (labels && logprobs && labels->IsArray() && logprobs->IsArray() && labels->Size() == logprobs->Size()) {
    std::string list;
    for (rapidjson::SizeType i = 0; i < labels->Size(); ++i)
      list += fmt::format("{}{} {}", i == 0 ? "" : ", ", text_of(&(*labels)[i]),
                          (*logprobs)[i].IsNumber() ? fmt::format("{:.4g}", (*logprobs)[i].GetDouble()) : "-");
    out += fmt::format("ln p:    {}\n", list);
  }
  if (const auto finish = json::find_string(line, "finish"); finish && *finish == "length")
    out += "finish:  length (the reply was cut)\n";
  if (const auto error = json::find_string(line, "error")) out += fmt::format("error:   {}\n", *error);
  return out;
}

// Of each attempt of a predictions file.
Result<std::vector<double>> margins_of(const std::filesystem::path& path) {
  constexpr uint64_t stretch = 256;
  std::vector<double> out;
  SXT_TRY(const store::Predictions predictions, store::Predictions::open(path));
  for (uint64_t first = 0; first < predictions.size(); first += stretch) {
    SXT_TRY(const auto attempts, predictions.read(first, std::min(stretch, predictions.size() - first)));
    for (const data::Attempt& attempt : attempts) out.push_back(report::margin_of(attempt));
  }
  return out;
}

// The first score of each line of a samples file, whose lines are in the predictions' order; nothing where there is no such file.
Result<std::vector<double>> scores_of(const std::filesystem::path& path) {
  std::vector<double> out;
  std::error_code code;
  if (!std::filesystem::exists(path, code)) return out;
  SXT_CHECK(each_line(path, [&](std::string_view text) -> Result<void> {
    SXT_TRY(const json::Document line, parse_line(text, fmt::format("{}, line {}", path.string(), out.size() + 1)));
    out.push_back(first_score(line).value_or(std::nan("")));
    return {};
  }));
  return out;
}

// Choices that a numeric error can change, in place of samples.
Result<int> show_margins(const RunView& run, const Texts& models, const Texts& datasets, const ShowFlags& flags) {
  std::vector<report::Margins> all;
  uint64_t choices = 0;
  for (const std::string& model : models)
    for (const std::string& dataset : datasets) {
      const store::TaskRecord* task = run.task(model, dataset);
      if (!task) continue;
      if (task->infer != "complete") {
        log_warning(fmt::format("{} on {} is {}; nothing is said of its choices", dataset, model, task->status));
        continue;
      }
      SXT_TRY(const store::Predictions predictions, store::Predictions::open(run.folder->predictions(model, dataset)));
      SXT_TRY(const auto scores, scores_of(run.folder->samples(model, dataset)));
      SXT_TRY(report::Margins one, report::margins_of_file(predictions, *flags.numeric_error, scores));
      one.model = model;
      one.dataset = dataset;
      choices += one.n;
      all.push_back(std::move(one));
    }
  const int printed = flags.json ? print_json(report::to_json(all, *flags.numeric_error) + "\n")
                                 : print(report::to_text(all, *flags.numeric_error));
  if (printed == exit_ok && choices == 0)
    return Error{Error::Kind::data,
                 "no sample has a choice among scored labels, or a greedy reply of a backend that says by how much each token "
                 "led: --numeric-error is for sets of these"};
  return printed;
}

// The evaluated models, and those that judge them.
Texts with_judges(const RunView& run) {
  Texts out = run.models();
  for (const store::TaskRecord& task : run.record.tasks)
    if (task.stage == "judge" && std::find(out.begin(), out.end(), task.model) == out.end()) out.push_back(task.model);
  return out;
}

// Which samples files are read, as model and task. A set that only a judge scores has those of its judges.
// `named`: the models are those that the user named, judges among them.
std::vector<std::pair<std::string, std::string>> sources_of(const RunView& run, const Texts& models, const Texts& datasets,
                                                            bool named) {
  std::vector<std::pair<std::string, std::string>> out;
  const auto add = [&](const std::string& model, const std::string& task) {
    std::error_code code;
    if (!std::filesystem::exists(run.folder->samples(model, task), code)) return false;
    if (std::find(out.begin(), out.end(), std::pair(model, task)) == out.end()) out.emplace_back(model, task);
    return true;
  };
  // `judged`: "a", or one of "a+b"; empty: any
  const auto add_judges = [&](const std::string& judge, const std::string& dataset, const std::string& judged) {
    bool any = false;
    for (const store::TaskRecord& task : run.record.tasks) {
      const size_t at = task.dataset.rfind('@');
      if (task.stage != "judge" || at == task.dataset.npos || task.dataset.substr(0, at) != dataset) continue;
      const std::string names = "+" + task.dataset.substr(at + 1) + "+";
      if ((!judge.empty() && task.model != judge) || (!judged.empty() && names.find("+" + judged + "+") == names.npos))
        continue;
      any = add(task.model, task.dataset) || any;
    }
    return any;
  };
  for (const std::string& model : models)
    for (const std::string& dataset : datasets) {
      const store::TaskRecord* task = run.task(model, dataset);
      const bool judges = named && add_judges(model, dataset, "");
      if (!task || add(model, dataset) || judges || add_judges("", dataset, model)) continue;
      log_warning(fmt::format("{} on {} has no samples file ({}); {}", dataset, model, task->status,
                              task->error.empty() ? "score the run with -m eval -r" : task->error));
    }
  return out;
}

Result<int> show(const ShowFlags& flags) {
  SXT_TRY(const RunView run, look_at_run(flags.run));
  std::optional<Regex> wanted;
  if (!flags.grep.empty()) { SXT_TRY(wanted, Regex::compile(flags.grep, {}, "--grep")); }
  SXT_TRY(const Texts models, chosen(with_judges(run), flags.models, "model", run.name));
  const Texts evaluated = flags.models.empty() ? run.models() : models;
  SXT_TRY(const Texts datasets, chosen_datasets(run, flags.models.empty() ? evaluated : with_judges(run), flags.datasets));
  if (flags.numeric_error) return show_margins(run, evaluated, datasets, flags);
  const uint64_t count = flags.count ? *flags.count : flags.json ? 0 : shown_by_default;
  std::vector<Shown> kept;
  uint64_t found = 0, looked_at = 0;
  for (const auto& [model, dataset] : sources_of(run, evaluated, datasets, !flags.models.empty())) {
    const auto path = run.folder->samples(model, dataset);
    SXT_CHECK(store::check_samples(path, run.folder->results(model, dataset)));
    std::vector<double> margins;
    if (flags.by_margin) { SXT_TRY(margins, margins_of(run.folder->predictions(model, dataset))); }
    uint64_t number = 0;
    SXT_CHECK(each_line(path, [&](std::string_view text) -> Result<void> {
      const uint64_t place = number++;
      SXT_TRY(const json::Document line, parse_line(text, fmt::format("{}, line {}", path.string(), number)));
      ++looked_at;
      if (flags.wrong && first_score(line) == 1.0) return {};
      if (wanted) {
        const std::string about = prompt_of(line) + "\n" + json::find_string(line, "prediction").value_or("") + "\n" +
                                  text_of(json::find(line, "target"));
        SXT_TRY(const bool matches, wanted->found_in(about));
        if (!matches) return {};
      }
      const double margin = place < margins.size() ? margins[place] : std::nan("");
      if (flags.by_margin && std::isnan(margin)) return {};
      ++found;
      if (flags.by_margin || count == 0 || kept.size() < count) kept.push_back({model, std::string(text), margin});
      return {};
    }));
  }
  if (looked_at == 0)
    return Error{Error::Kind::data,
                 fmt::format("{} holds no samples of what was chosen; score the run with -m eval -r", run.name)};
  if (flags.by_margin) {
    std::stable_sort(kept.begin(), kept.end(), [](const Shown& a, const Shown& b) { return a.margin < b.margin; });
    if (count > 0 && kept.size() > count) kept.resize(count);
  }
  std::string out;
  std::error_code code;
  const auto page = report::page_path(run.folder->path());
  const bool has_page = std::filesystem::exists(page, code);
  for (const Shown& one : kept) {
    SXT_TRY(json::Document line, json::parse(one.line, "samples"));
    if (!flags.json) {
      out += as_text(one, line);
      const auto number = [&](const char* name) {
        return static_cast<uint64_t>(std::max<int64_t>(0, json::find_int(line, name).value_or(0)));
      };
      if (has_page && run.task(one.model, json::find_string(line, "dataset").value_or("")))
        out += fmt::format("page:    {}\n",
                           report::page_address(page, one.model, json::find_string(line, "dataset").value_or(""),
                                                number("index"), number("repeat")));
      out += "\n";
      continue;
    }
    json::set(line, "model", one.model, line.GetAllocator());
    if (!std::isnan(one.margin)) json::set(line, "margin", json::Value(one.margin), line.GetAllocator());
    out += json::write(line) + "\n";
  }
  if (!flags.json) {
    out += fmt::format("{} of {} samples{}{}\n", found, looked_at,
                       flags.wrong                              ? " are wrong"
                       : flags.grep.empty() && !flags.by_margin ? ""
                                                                : " match",
                       kept.size() < found ? fmt::format("; {} are shown, -n 0 shows all", kept.size()) : "");
    if (!has_page) out += fmt::format("`sextant report {}` writes a page that shows each of them whole\n", run.name);
    if (flags.by_margin && found == 0)
      log_warning("no sample has a margin: --sort margin is for sets whose labels are scored (ppl, loglikelihood), and for greedy "
                  "replies of a backend that says by how much each token led");
  }
  return flags.json ? print_json(out) : print(out);
}

}  // namespace

int show_command(const Texts& args) {
  po::options_description options("Options");
  options.add_options()("run", po::value<std::string>(), "")("wrong", po::bool_switch(), "")(
      "dataset", po::value<Texts>()->value_name("NAME"), "")("model", po::value<Texts>()->value_name("NAME"), "")(
      "sort", po::value<std::string>()->value_name("HOW"), "")("grep", po::value<std::string>()->value_name("RE"), "")(
      "n,n", po::value<int64_t>()->value_name("N"), "")("numeric-error", po::value<double>()->value_name("E"), "")(
      "json", po::bool_switch(), "")("help,h", po::bool_switch(), "");
  const auto values = parse_options(args, options, "run");
  if (!values) return fail(values.error());
  if ((*values)["help"].as<bool>()) return print(help_text("show"));
  const auto text = [&](const char* name) { return values->count(name) ? (*values)[name].as<std::string>() : std::string(); };
  const auto list = [&](const char* name) { return values->count(name) ? (*values)[name].as<Texts>() : Texts(); };
  ShowFlags flags;
  flags.run = text("run");
  flags.grep = text("grep");
  flags.datasets = list("dataset");
  flags.models = list("model");
  flags.wrong = (*values)["wrong"].as<bool>();
  flags.json = (*values)["json"].as<bool>();
  flags.by_margin = !text("sort").empty();
  if (flags.run.empty()) return fail({Error::Kind::usage, "name the run's folder: sextant show RUN"});
  if (flags.by_margin && text("sort") != "margin")
    return fail({Error::Kind::usage, fmt::format("--sort is '{}'; it must be margin", text("sort"))});
  if (values->count("numeric-error")) {
    flags.numeric_error = (*values)["numeric-error"].as<double>();
    if (!(*flags.numeric_error >= 0) || !std::isfinite(*flags.numeric_error))
      return fail(
          {Error::Kind::usage,
           fmt::format("--numeric-error is {}; give how far ln p of a token may be off, such as 1e-4", *flags.numeric_error)});
    for (const char* other : {"sort", "grep", "n"})
      if (values->count(other))
        return fail({Error::Kind::usage, fmt::format("--numeric-error prints no samples; leave --{} out", other)});
    if (flags.wrong) return fail({Error::Kind::usage, "--numeric-error prints no samples; leave --wrong out"});
  }
  if (values->count("n")) {
    const int64_t n = (*values)["n"].as<int64_t>();
    if (n < 0) return fail({Error::Kind::usage, fmt::format("-n is {}; give a number from 0 (all)", n)});
    flags.count = static_cast<uint64_t>(n);
  }
  const auto code = show(flags);
  return code ? *code : fail(code.error());
}

}  // namespace sextant::cli
