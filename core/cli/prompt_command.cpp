// `sextant prompt`: what the model would be sent, byte for byte, through the same code as the run. The evaluated model is not
// run; those that a retriever reads are.
#include <algorithm>
#include <map>
#include <fmt/format.h>
#include <unistd.h>
#include <sextant/printable.hpp>
#include "../base/exit_code.hpp"
#include "../base/log.hpp"
#include "../config/combinations.hpp"
#include "../config/pairs.hpp"
#include "../data/fields.hpp"
#include "../graph/run_graph.hpp"
#include "../load/data.hpp"
#include "../score/components.hpp"
#include "../serve/dataset_feed.hpp"
#include "../serve/dataset_task.hpp"
#include "../serve/judge_task.hpp"
#include "../serve/sent.hpp"
#include "commands.hpp"
#include "options.hpp"
#include "run_view.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

constexpr const char* placeholders = "placeholders";

struct Shown {
  std::string model, dataset, label, text, tools_json;
  uint64_t index = 0;
  std::vector<std::string> judged;         // whose answers a judge is shown, in their order
  std::string answers;                     // where they are from: "placeholders", or a run's folder
  std::vector<data::Message> messages;
  std::vector<int32_t> tokens;
  bool add_special = true;
};

std::string as_json_line(const Shown& shown) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  json::set(out, "model", shown.model, a);
  json::set(out, "dataset", shown.dataset, a);
  json::set(out, "index", json::Value(shown.index), a);
  if (!shown.judged.empty()) {
    json::set(out, "judged", data::list(shown.judged, a), a);
    json::set(out, "answers", shown.answers, a);
  }
  if (!shown.label.empty()) json::set(out, "label", shown.label, a);
  if (!shown.messages.empty()) {
    json::Value messages(rapidjson::kArrayType);
    for (const data::Message& message : shown.messages) {
      messages.PushBack(data::to_json(message, a), a);
    }
    json::set(out, "messages", std::move(messages), a);
  } else {
    json::set(out, "prompt", shown.text, a);
  }
  if (!shown.tools_json.empty()) json::set(out, "tools", data::embed(shown.tools_json, a), a);
  json::set(out, "text", shown.text, a);
  json::Value tokens(rapidjson::kArrayType);
  for (const int32_t id : shown.tokens) tokens.PushBack(id, a);
  json::set(out, "tokens", std::move(tokens), a);
  return json::write(out) + "\n";
}

std::string judged_of(const Shown& shown) {
  if (shown.judged.empty()) return {};
  return fmt::format(" | judges {} ({})", fmt::join(shown.judged, ", then "),
                     shown.answers == placeholders ? "placeholders for the answers" : "answers of " + shown.answers);
}

// The prompt's own bytes; its reader sees to what a terminal would take for commands.
std::string as_text(const Shown& shown, bool with_tokens) {
  std::string out = fmt::format("--- {}\n{}\n",
                                printable(fmt::format("{} | {} | sample {}{}{}{}", shown.model, shown.dataset, shown.index,
                                                      shown.label.empty() ? "" : " | label ", shown.label, judged_of(shown))),
                                shown.text);
  if (with_tokens) out += fmt::format("--- {} tokens: {}\n", shown.tokens.size(), fmt::join(shown.tokens, " "));
  return out;
}

// What the inferencer makes of the one prompt of an open form before the model is asked.
Result<Shown> shown_open(const serve::Prepared& prepared, const infer::Inferencer& inferencer, serve::ModelSession& session,
                         const config::DatasetConfig& dataset, const config::RunConfig& run) {
  const infer::Settings settings = serve::settings_of(dataset.inferencer, session, run);
  SXT_TRY(const infer::Step step, inferencer.step({prepared.sample, prepared.prompts, settings}, {}));
  data::Prompt prompt = prepared.prompts.prompts.front();
  std::string tools_json;
  if (!step.ask.empty()) {
    prompt = serve::sent_prompt(prompt, step.ask.front());
    tools_json = step.ask.front().tools_json;
  }
  if (prompt.text.empty() || (!tools_json.empty() && prompt.chat)) {  // turns that are still to be rendered, or with the tools
    data::Request request;
    request.messages = prompt.messages;
    request.tools_json = tools_json;
    SXT_CHECK(session.write_out(request));
    std::string text = request.text.str();
    if (text.empty() && prompt.text.empty())  // a served model gets the turns and renders them itself
      for (const data::Message& message : prompt.messages) text += fmt::format("{}: {}\n", message.role, message.text());
    if (!text.empty()) prompt.text = std::move(text);
  }
  Shown shown;
  shown.model = session.config().abbr;
  shown.dataset = dataset.task_name;
  shown.label = prompt.label;
  shown.text = prompt.text.str();
  shown.tools_json = std::move(tools_json);
  shown.index = prepared.sample.id.row;
  shown.messages = std::move(prompt.messages);
  shown.add_special = !prompt.chat;
  return shown;
}

// The texts that one sample is asked with first: one per label or continuation, else one.
Result<std::vector<Shown>> shown_of(const serve::Prepared& prepared, const infer::Inferencer& inferencer,
                                    serve::ModelSession& session, const config::DatasetConfig& dataset,
                                    const config::RunConfig& run) {
  std::vector<Shown> out;
  const auto add = [&](const std::string& label, std::string text, const data::Prompt& prompt) {
    Shown& shown = out.emplace_back();
    shown.model = session.config().abbr;
    shown.dataset = dataset.task_name;
    shown.label = label;
    shown.text = std::move(text);
    shown.index = prepared.sample.id.row;
    shown.messages = prompt.messages;
    shown.add_special = !prompt.chat;
  };
  const data::Prompts& prompts = prepared.prompts;
  if (inferencer.form() == data::Form::open && prompts.prompts.size() == 1) {
    SXT_TRY(Shown shown, shown_open(prepared, inferencer, session, dataset, run));
    out.push_back(std::move(shown));
    return out;
  }
  const bool each = prompts.prompts.size() > 1;   // a continuation has a prompt of its own
  for (size_t i = 0; i < prompts.continuations.size(); ++i) {
    const data::Prompt& prompt = prompts.prompts[each ? i : 0];
    add(prompts.continuations[i].label, prompt.text.str() + prompts.continuations[i].text.str(), prompt);
  }
  if (!prompts.continuations.empty()) return out;
  for (const data::Prompt& prompt : prompts.prompts) add(prompt.label, prompt.text.str(), prompt);
  return out;
}

Result<int> put(Shown& shown, serve::ModelSession& session, const RunCommandFlags& flags) {
  if (flags.tokens || flags.json) {
    SXT_TRY(shown.tokens, session.tokenize(shown.text, shown.add_special));
  }
  return flags.json                ? print_json(as_json_line(shown))
         : ::isatty(STDOUT_FILENO) ? print(as_text(shown, flags.tokens))
                                   : print_bytes(as_text(shown, flags.tokens));
}

Error no_sample(const config::DatasetConfig& dataset, uint64_t index, size_t size) {
  return {Error::Kind::usage,
          fmt::format("{} has no sample {} among the {} that are evaluated", dataset.task_name, index, size)};
}

// Of a large set one row is read where one is asked for; what counts or chooses rows sees them all.
config::RunConfig with_one_row(const config::RunConfig& run, const config::DatasetConfig& dataset,
                               std::optional<uint64_t> index) {
  config::RunConfig out = run;
  if (index && dataset.test_range.empty() && run.limit.value <= 0 && run.rows.empty() && run.exclude.empty())
    out.rows = {{*index, *index}};
  return out;
}

Result<int> show_dataset(Workspace& workspace, serve::ModelSession& session, const config::DatasetConfig& dataset,
                         const config::RunConfig& whole, const serve::Retrieved* retrieved, const RunCommandFlags& flags) {
  SXT_TRY(const auto inferencer, serve::open_inferencer(workspace.host(), dataset.inferencer, dataset.card_path));
  const config::RunConfig run = with_one_row(whole, dataset, flags.index);
  serve::DatasetFeed feed(workspace.host(), session, dataset, run, inferencer->form(), retrieved);
  if (const auto opened = feed.open(); !opened) {
    if (run.rows.size() == whole.rows.size()) return opened.error();
    serve::DatasetFeed all(workspace.host(), session, dataset, whole, inferencer->form(), retrieved);
    SXT_CHECK(all.open());
    return no_sample(dataset, *flags.index, all.size());
  }
  bool found = false;
  while (auto item = flags.index ? feed.only(*flags.index) : feed.next()) {
    found = true;
    SXT_TRY(const serve::Prepared prepared, std::move(item->prepared));
    SXT_TRY(std::vector<Shown> all, shown_of(prepared, *inferencer, session, dataset, run));
    for (Shown& shown : all) {
      SXT_TRY(const int code, put(shown, session, flags));
      if (code != exit_ok) return code;
    }
    if (flags.index) break;
  }
  if (!found && flags.index)
    return no_sample(dataset, *flags.index, feed.size());
  return static_cast<int>(exit_ok);
}

// What a judge of the set is asked of one model's answers, or of two models'.
Result<int> show_judged(Workspace& workspace, serve::ModelSession& session, const config::DatasetConfig& dataset,
                        const std::string& judged, const std::string& against, const config::RunConfig& run,
                        const store::RunFolder* folder, const RunCommandFlags& flags) {
  config::DatasetConfig asked = dataset;
  asked.inferencer = config::inferencer_of(*dataset.judge);
  asked.task_name = store::judged_name(dataset.task_name, against.empty() ? judged : config::pair_name(judged, against));
  SXT_TRY(const auto inferencer, serve::open_inferencer(workspace.host(), asked.inferencer, dataset.card_path));
  int code = exit_ok;
  SXT_CHECK(serve::each_judged(workspace.host(), session, dataset, judged, against, run, folder,
                               [&](const std::string& model) { return score::own_edit(workspace.host(), run, dataset, model); },
                               [&](const serve::JudgedSample& sample, const serve::Prepared& prepared) -> Result<bool> {
                                 if (flags.index && sample.row != *flags.index) return true;
                                 SXT_TRY(std::vector<Shown> all, shown_of(prepared, *inferencer, session, asked, run));
                                 for (Shown& shown : all) {
                                   shown.index = sample.row;
                                   shown.judged = {judged};
                                   if (!against.empty()) shown.judged.push_back(against);
                                   if (sample.swapped) std::swap(shown.judged[0], shown.judged[1]);
                                   shown.answers = folder ? flags.predictions : placeholders;
                                   SXT_TRY(code, put(shown, session, flags));
                                   if (code != exit_ok) return false;
                                 }
                                 return true;
                               }));
  return code;
}

// With the context, so that examples are dropped as in a run; a folder that holds no weights has its vocabulary all the same.
Result<serve::ModelSession> open_light(plugin::Host& host, const config::ModelConfig& model) {
  if (serve::lightest_load(host, model.backend) == serve::Load::description)
    if (auto described = serve::ModelSession::open(host, model, serve::Load::description)) return described;
  return serve::ModelSession::open(host, model, serve::Load::vocabulary);
}

// What the retrievers of the sets read of models: each of these is opened, and embeds or scores what a run would have it embed
// or score; of the evaluated rows only the one that is asked for. Sets of which there is nothing to show are left out, for
// their reason.
using ByTask = std::map<std::string, Result<serve::Retrieved>>;
ByTask retrieve(plugin::Host& host, const config::RunConfig& run, std::optional<uint64_t> index) {
  ByTask out;
  config::RunConfig asked = run;
  asked.datasets.clear();
  bool whole = false;
  for (const config::DatasetConfig& dataset : run.datasets) {
    const auto needs = graph::retriever_needs(host, dataset, run);
    if (needs && !needs->embeddings && !needs->scores) continue;
    Result<void> known = needs ? Result<void>() : needs.error();
    if (known && index) {
      auto data = load::load_data(host, dataset, run);
      if (!data) known = data.error();
      else if (!data->rows.position_of(*index)) known = no_sample(dataset, *index, data->rows.size());
    }
    out.emplace(dataset.task_name, known ? Result<serve::Retrieved>(serve::Retrieved{}) : known.error());
    if (!known) continue;
    whole = whole || !dataset.test_range.empty();  // which counts the places of rows
    asked.datasets.push_back(dataset);
  }
  if (asked.datasets.empty()) return out;
  if (index && !whole) asked.rows = {{*index, *index}};
  auto computed = graph::run_retrieval(host, asked);
  for (auto& [task, retrieved] : out) {
    if (!retrieved) continue;
    if (!computed) retrieved = computed.error();
    else if (const auto it = computed->find(task); it != computed->end()) retrieved = std::move(it->second);
  }
  return out;
}

// Judges' prompts, one judge after the other: each is opened once.
Result<int> show_judges(Workspace& workspace, const config::RunConfig& run, const RunCommandFlags& flags) {
  std::optional<store::RunFolder> folder;
  if (!flags.predictions.empty()) folder.emplace(store::RunFolder::look(flags.predictions));
  int code = exit_ok;
  std::vector<config::ModelConfig> all = run.models;   // a model of the run may be its judge
  all.insert(all.end(), run.helpers.begin(), run.helpers.end());
  for (const config::ModelConfig& helper : all) {
    std::optional<serve::ModelSession> session;
    for (const config::DatasetConfig& dataset : run.datasets) {
      if (!dataset.judge) continue;
      const std::vector<std::string> judges = config::all_judges_of(*dataset.judge);
      if (std::find(judges.begin(), judges.end(), helper.abbr) == judges.end()) continue;
      if (!session) { SXT_TRY(session, open_light(workspace.host(), helper)); }
      std::vector<std::pair<std::string, std::string>> judged;
      for (const std::string& model : config::models_on(run, dataset)) judged.emplace_back(model, "");
      if (dataset.judge->pairs) {
        const auto pairs = config::pairs_of(run, dataset);
        if (pairs) judged = *pairs;
        else if (folder) return pairs.error();
        else judged = {{run.models.front().abbr, "another model"}};
      }
      for (const auto& [one, other] : judged) {
        const auto shown =
            show_judged(workspace, *session, dataset, one, other, run, folder ? &*folder : nullptr, flags);
        if (shown && *shown != exit_ok) return *shown;
        if (shown) continue;
        log_error(fmt::format("{}: {}", dataset.task_name, shown.error().message));
        code = exit_code_of(shown.error().kind);
      }
    }
  }
  return code;
}

Result<int> show(RunCommandFlags flags) {
  if (!flags.predictions.empty()) {
    SXT_TRY(const RunView view, look_at_run(flags.predictions));
    if (flags.run.config.empty() && flags.run.models.empty() && flags.run.datasets.empty() && flags.run.model_path.empty() &&
        flags.run.hf_path.empty())
      flags.run.config = view.folder->config().string();
  }
  Workspace workspace(flags.config_dir, flags.plugin_path);
  workspace.warn_about_problems();
  SXT_TRY(const config::Resolved resolved, config::resolve(flags.run, workspace.world()));
  const config::RunConfig& run = resolved.config;
  const ByTask retrieved = retrieve(workspace.host(), run, flags.index);
  int code = exit_ok;
  for (const config::ModelConfig& model : run.models) {
    SXT_TRY(serve::ModelSession session, open_light(workspace.host(), model));
    for (const config::DatasetConfig& dataset : run.datasets) {
      if (!config::is_planned(run, model.abbr, dataset.task_name)) continue;
      const auto of_models = retrieved.find(dataset.task_name);
      const bool reads_models = of_models != retrieved.end();
      const auto shown = reads_models && !of_models->second ? Result<int>(of_models->second.error())
                                                            : show_dataset(workspace, session, dataset, run,
                                                                           reads_models ? &*of_models->second : nullptr, flags);
      if (shown) {
        if (*shown != exit_ok) return *shown;
        continue;
      }
      log_error(fmt::format("{}: {}", dataset.task_name, shown.error().message));
      code = exit_code_of(shown.error().kind);
    }
  }
  SXT_TRY(const int of_judges, show_judges(workspace, run, flags));
  return code != exit_ok ? code : of_judges;
}

}  // namespace

int prompt_command(const std::vector<std::string>& args) {
  const auto values = parse_options(args, prompt_options(), "config");
  if (!values) return fail(values.error());
  const auto flags = run_flags(*values);
  if (!flags) return fail(flags.error());
  if (flags->help) return print(help_text("prompt"));
  set_log_threshold(flags->debug ? LogLevel::debug : flags->quiet ? LogLevel::warning : LogLevel::info);
  const auto code = show(*flags);
  return code ? *code : fail(code.error());
}

}  // namespace sextant::cli
