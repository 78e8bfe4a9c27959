// `sextant prompt`: what the model would be sent, byte for byte, through the same code as the run. Runs no model.
#include <algorithm>
#include <fmt/format.h>
#include "../base/exit_code.hpp"
#include "../base/log.hpp"
#include "../infer/prepare.hpp"
#include "../infer/run_model.hpp"
#include "commands.hpp"
#include "options.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

struct Shown {
  std::string model, dataset, label, text;
  uint64_t index = 0;
  const std::vector<data::Message>* messages = nullptr;
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
  if (shown.messages && !shown.messages->empty()) {
    json::Value messages(rapidjson::kArrayType);
    for (const data::Message& message : *shown.messages) {
      json::Value item(rapidjson::kObjectType);
      json::set(item, "role", message.role, a);
      json::set(item, "content", message.text(), a);
      messages.PushBack(std::move(item), a);
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

std::string as_text(const Shown& shown, bool with_tokens) {
  std::string out = fmt::format("--- {} | {} | sample {}{}{}\n{}\n", shown.model, shown.dataset, shown.index, shown.label.empty() ? "" : " | label ",
                                shown.label, shown.text);
  if (with_tokens) out += fmt::format("--- {} tokens: {}\n", shown.tokens.size(), fmt::join(shown.tokens, " "));
  return out;
}

// The texts of one prepared sample: one per label for ppl and loglikelihood, one for gen.
std::vector<Shown> shown_of(const infer::Prepared& prepared, const config::ModelConfig& model, const config::DatasetConfig& dataset) {
  std::vector<Shown> out;
  const auto add = [&](std::string label, std::string text, const render::Prompt& prompt) {
    Shown shown;
    shown.model = model.abbr;
    shown.dataset = dataset.task_name;
    shown.index = prepared.sample.index;
    shown.label = std::move(label);
    shown.text = std::move(text);
    shown.messages = &prompt.messages;
    out.push_back(std::move(shown));
  };
  if (infer::form_of(dataset.inferencer) == data::Form::continuations) {
    for (const store::LabelScore& label : prepared.sample.labels) add(label.label, prepared.request.text.str() + label.input, prepared.sample.prompts.front());
  } else {
    for (const render::Prompt& prompt : prepared.sample.prompts) add(prompt.label, prompt.text.str(), prompt);
  }
  return out;
}

Result<int> show_dataset(Workspace& workspace, infer::ModelSession& session, const config::DatasetConfig& dataset, const config::RunConfig& run,
                         const RunCommandFlags& flags) {
  SXT_TRY(const plan::TaskData data, plan::load_data(workspace.host(), dataset, run));
  SXT_TRY(plugin::Template renderer, infer::make_template(workspace.host(), dataset, run.compat));
  infer::Preparer preparer(session, renderer, dataset, run, infer::code_version(workspace.host(), session.config()));
  bool found = false;
  for (const plan::Row& row : data.rows) {
    if (flags.index && row.index != *flags.index) continue;
    found = true;
    SXT_TRY(const infer::Prepared prepared, preparer.prepare(data, row));
    for (Shown& shown : shown_of(prepared, session.config(), dataset)) {
      if (flags.tokens || flags.json) {
        const std::string_view texts[] = {shown.text};
        SXT_TRY(auto ids, session.model().tokenize(texts, prepared.request.add_special ? SXT_REQUEST_ADD_SPECIAL : 0));
        shown.tokens = std::move(ids.front());
      }
      if (const int code = print(flags.json ? as_json_line(shown) : as_text(shown, flags.tokens)); code != exit_ok) return code;
    }
  }
  if (!found && flags.index)
    return Error{Error::Kind::usage, fmt::format("{} has no sample {} among the {} that are evaluated", dataset.task_name, *flags.index, data.rows.size())};
  return static_cast<int>(exit_ok);
}

Result<int> show(const RunCommandFlags& flags) {
  Workspace workspace(flags.config_dir, flags.plugin_path);
  workspace.warn_about_problems();
  SXT_TRY(const config::Resolved resolved, config::resolve(flags.run, workspace.world()));
  const config::RunConfig& run = resolved.config;
  int code = exit_ok;
  for (const config::ModelConfig& model : run.models) {
    SXT_TRY(infer::ModelSession session, infer::ModelSession::open(workspace.host(), model, infer::Load::vocabulary));
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
