// `sextant prompt`: what the model would be sent, byte for byte, through the same code as the run. Runs no model.
#include <algorithm>
#include <fmt/format.h>
#include <unistd.h>
#include <sextant/printable.hpp>
#include "../base/exit_code.hpp"
#include "../base/log.hpp"
#include "../serve/dataset_feed.hpp"
#include "../serve/dataset_task.hpp"
#include "commands.hpp"
#include "options.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

struct Shown {
  std::string model, dataset, label, text;
  uint64_t index = 0;
  std::vector<data::Message> messages;
  std::vector<int32_t> tokens;
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

// The texts that one sample is asked with first: one per label or continuation, else one.
std::vector<Shown> shown_of(const serve::Prepared& prepared, const config::ModelConfig& model, const config::DatasetConfig& dataset) {
  std::vector<Shown> out;
  const auto add = [&](const std::string& label, std::string text, const data::Prompt& prompt) {
    out.push_back({model.abbr, dataset.task_name, label, std::move(text), prepared.sample.id.row, prompt.messages, {}});
  };
  const data::Prompts& prompts = prepared.prompts;
  const bool each = prompts.prompts.size() > 1;   // a continuation has a prompt of its own
  for (size_t i = 0; i < prompts.continuations.size(); ++i) {
    const data::Prompt& prompt = prompts.prompts[each ? i : 0];
    add(prompts.continuations[i].label, prompt.text.str() + prompts.continuations[i].text.str(), prompt);
  }
  if (!prompts.continuations.empty()) return out;
  for (const data::Prompt& prompt : prompts.prompts) add(prompt.label, prompt.text.str(), prompt);
  return out;
}

Result<int> show_dataset(Workspace& workspace, serve::ModelSession& session, const config::DatasetConfig& dataset, const config::RunConfig& run,
                         const RunCommandFlags& flags) {
  SXT_TRY(const auto inferencer, serve::open_inferencer(workspace.host(), dataset.inferencer, dataset.card_path));
  serve::DatasetFeed feed(workspace.host(), session, dataset, run, inferencer->form());
  SXT_CHECK(feed.open());
  bool found = false;
  while (auto item = flags.index ? feed.only(*flags.index) : feed.next()) {
    found = true;
    SXT_TRY(const serve::Prepared prepared, std::move(item->prepared));
    for (Shown& shown : shown_of(prepared, session.config(), dataset)) {
      if (flags.tokens || flags.json) {
        SXT_TRY(shown.tokens, session.tokenize(shown.text, !prepared.prompts.prompts.front().chat));
      }
      const int code = flags.json ? print_json(as_json_line(shown)) : ::isatty(STDOUT_FILENO) ? print(as_text(shown, flags.tokens)) : print_bytes(as_text(shown, flags.tokens));
      if (code != exit_ok) return code;
    }
    if (flags.index) break;
  }
  if (!found && flags.index)
    return Error{Error::Kind::usage, fmt::format("{} has no sample {} among the {} that are evaluated", dataset.task_name, *flags.index, feed.size())};
  return static_cast<int>(exit_ok);
}

// With the context, so that examples are dropped as in a run; a folder that holds no weights has its vocabulary all the same.
Result<serve::ModelSession> open_light(plugin::Host& host, const config::ModelConfig& model) {
  if (serve::lightest_load(host, model.backend) == serve::Load::description)
    if (auto described = serve::ModelSession::open(host, model, serve::Load::description)) return described;
  return serve::ModelSession::open(host, model, serve::Load::vocabulary);
}

Result<int> show(const RunCommandFlags& flags) {
  Workspace workspace(flags.config_dir, flags.plugin_path);
  workspace.warn_about_problems();
  SXT_TRY(const config::Resolved resolved, config::resolve(flags.run, workspace.world()));
  const config::RunConfig& run = resolved.config;
  int code = exit_ok;
  for (const config::ModelConfig& model : run.models) {
    SXT_TRY(serve::ModelSession session, open_light(workspace.host(), model));
    for (const config::DatasetConfig& dataset : run.datasets) {
      const auto shown = show_dataset(workspace, session, dataset, run, flags);
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
