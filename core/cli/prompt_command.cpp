// `sextant prompt`: what the model would be sent, byte for byte, through the same code as the run. The evaluated model is not
// run; those that a retriever reads are.
#include <map>
#include <fmt/format.h>
#include <unistd.h>
#include <sextant/printable.hpp>
#include "../base/exit_code.hpp"
#include "../base/log.hpp"
#include "../data/fields.hpp"
#include "../graph/run_graph.hpp"
#include "../load/data.hpp"
#include "../serve/dataset_feed.hpp"
#include "../serve/dataset_task.hpp"
#include "../serve/sent.hpp"
#include "commands.hpp"
#include "options.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

struct Shown {
  std::string model, dataset, label, text, tools_json;
  uint64_t index = 0;
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

// The prompt's own bytes; its reader sees to what a terminal would take for commands.
std::string as_text(const Shown& shown, bool with_tokens) {
  std::string out = fmt::format("--- {}\n{}\n",
                                printable(fmt::format("{} | {} | sample {}{}{}", shown.model, shown.dataset, shown.index,
                                                      shown.label.empty() ? "" : " | label ", shown.label)),
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
  return Shown{session.config().abbr,  dataset.task_name,          prompt.label, prompt.text.str(), std::move(tools_json),
               prepared.sample.id.row, std::move(prompt.messages), {},           !prompt.chat};
}

// The texts that one sample is asked with first: one per label or continuation, else one.
Result<std::vector<Shown>> shown_of(const serve::Prepared& prepared, const infer::Inferencer& inferencer,
                                    serve::ModelSession& session, const config::DatasetConfig& dataset,
                                    const config::RunConfig& run) {
  std::vector<Shown> out;
  const auto add = [&](const std::string& label, std::string text, const data::Prompt& prompt) {
    out.push_back({session.config().abbr,
                   dataset.task_name,
                   label,
                   std::move(text),
                   "",
                   prepared.sample.id.row,
                   prompt.messages,
                   {},
                   !prompt.chat});
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

Error no_sample(const config::DatasetConfig& dataset, uint64_t index, size_t size) {
  return {Error::Kind::usage,
          fmt::format("{} has no sample {} among the {} that are evaluated", dataset.task_name, index, size)};
}

Result<int> show_dataset(Workspace& workspace, serve::ModelSession& session, const config::DatasetConfig& dataset,
                         const config::RunConfig& run, const serve::Retrieved* retrieved, const RunCommandFlags& flags) {
  SXT_TRY(const auto inferencer, serve::open_inferencer(workspace.host(), dataset.inferencer, dataset.card_path));
  serve::DatasetFeed feed(workspace.host(), session, dataset, run, inferencer->form(), retrieved);
  SXT_CHECK(feed.open());
  bool found = false;
  while (auto item = flags.index ? feed.only(*flags.index) : feed.next()) {
    found = true;
    SXT_TRY(const serve::Prepared prepared, std::move(item->prepared));
    SXT_TRY(std::vector<Shown> all, shown_of(prepared, *inferencer, session, dataset, run));
    for (Shown& shown : all) {
      if (flags.tokens || flags.json) {
        SXT_TRY(shown.tokens, session.tokenize(shown.text, shown.add_special));
      }
      const int code = flags.json                ? print_json(as_json_line(shown))
                       : ::isatty(STDOUT_FILENO) ? print(as_text(shown, flags.tokens))
                                                 : print_bytes(as_text(shown, flags.tokens));
      if (code != exit_ok) return code;
    }
    if (flags.index) break;
  }
  if (!found && flags.index)
    return no_sample(dataset, *flags.index, feed.size());
  return static_cast<int>(exit_ok);
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

Result<int> show(const RunCommandFlags& flags) {
  Workspace workspace(flags.config_dir, flags.plugin_path);
  workspace.warn_about_problems();
  SXT_TRY(const config::Resolved resolved, config::resolve(flags.run, workspace.world()));
  const config::RunConfig& run = resolved.config;
  const ByTask retrieved = retrieve(workspace.host(), run, flags.index);
  int code = exit_ok;
  for (const config::ModelConfig& model : run.models) {
    SXT_TRY(serve::ModelSession session, open_light(workspace.host(), model));
    for (const config::DatasetConfig& dataset : run.datasets) {
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
  return code;
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
