#include "renderer.hpp"
#include <fmt/format.h>
#include <sextant/json_text.hpp>
#include "../base/log.hpp"
#include "../render/truncate.hpp"

namespace sextant::serve {
namespace {

// A column's value as JSON; nothing where the row has none.
Result<std::optional<std::string>> column_of(const std::string& record_json, const std::string& column, const std::string& origin) {
  std::string value;
  switch (find_plain_member(record_json, column, value)) {
    case Member::found: return std::optional(std::move(value));
    case Member::absent: return std::optional<std::string>();
    case Member::unknown: break;
  }
  SXT_TRY(const json::Document record, json::parse(record_json, origin));
  const json::Value* found = json::find(record, column);
  return found ? std::optional(json::write(*found)) : std::nullopt;
}

}  // namespace

Result<plugin::Template> make_template(plugin::Host& host, const Renderer::Options& options) {
  SXT_TRY(json::Document config, json::parse(options.template_.config, options.origin));
  if (host.accepts(plugin::Kind::template_, options.template_.id, "compat"))
    json::set(config, "compat", config::compat_name(options.compat), config.GetAllocator());
  // a template that joins turns itself must know whether they stay turns
  if (options.chat) {
    json::set(config, "chat", *options.chat ? "auto" : "none", config.GetAllocator());
    json::set(config, "system_prompt", options.system_prompt, config.GetAllocator());
  }
  // so that a card which cannot be asked this way is refused before anything is computed
  if (host.accepts(plugin::Kind::template_, options.template_.id, "form"))
    json::set(config, "form", data::form_name(options.form), config.GetAllocator());
  return host.template_(options.template_.id, json::write(config), options.origin);
}

Result<Renderer> Renderer::make(plugin::Host& host, ModelSession& session, Options options) {
  if (host.accepts(plugin::Kind::template_, options.template_.id, "chat")) {
    SXT_TRY(const json::Document config, json::parse(options.template_.config, options.origin));
    const render::Format format = session.format(data::Form::open, options.compat);
    options.chat = json::find_string(config, "chat") == "auto" && format.chat;
    options.system_prompt = format.system_prompt;
  }
  if (options.chat.value_or(true)) SXT_CHECK(session.check_chat(options.form));
  // a template that joins turns itself places it in its text
  const render::Format format = session.format(options.form, options.compat);
  if (!options.chat && options.form == data::Form::open && !format.system_prompt.empty() && !format.chat &&
      (format.meta_template.empty() || config::is_opencompass(options.compat)))
    log_warning_once(fmt::format("{}: the system prompt changes nothing: prompts are texts, and no chat template is applied (--hf-type, "
                                 "--chat-template, or a model that has none); write it into the card's prompt",
                                 session.config().abbr));
  SXT_TRY(plugin::Template renderer, make_template(host, options));
  return Renderer(session, std::move(renderer), std::move(options));
}

Result<render::Prompts> Renderer::render(const std::string& record_json, std::span<const std::string> shots) {
  plugin::RenderItem item;
  item.record_json = record_json;
  item.shots_json.assign(shots.begin(), shots.end());
  item.output_column = options_.output_column;
  item.form = options_.form;
  SXT_TRY(const json::Document pieces, renderer_.render(item));
  SXT_TRY(const render::Rendered rendered, render::parse_rendered(pieces, options_.form, "template:" + options_.template_.id));
  render::Format format = session_->format(options_.form, options_.compat);
  format.few_shot = options_.few_shot;
  if (options_.chat) format.chat = *options_.chat;
  return render::assemble(rendered, options_.form, format,
                          [this](std::string_view conversation) { return session_->render_chat(conversation); });
}

Result<Prepared> Renderer::prepare(const data::SampleId& id, const std::string& record_json,
                                   std::span<const std::string> shots) {
  const uint32_t limit = render::token_limit(options_.form, options_.compat, session_->context_length(), options_.max_out_len);
  bool chat = false;
  SXT_TRY(render::Fitted fitted,
          render::fit(static_cast<uint32_t>(shots.size()), limit, options_.compat,
                      [&](uint32_t kept) -> Result<render::Prompts> {
                        SXT_TRY(render::Prompts prompts, render(record_json, shots.first(kept)));
                        chat = !prompts.prompts.empty() && prompts.prompts.front().chat;
                        return prompts;
                      },
                      [&](const std::vector<std::string>& texts) { return session_->count_tokens(texts, chat); }));
  Prepared prepared;
  SXT_TRY(auto target, column_of(record_json, options_.output_column, options_.origin));
  prepared.sample.id = id;
  prepared.sample.record_json = record_json;
  prepared.sample.target_json = target ? *std::move(target) : "\"\"";   // a split without answers
  if (!options_.cluster_column.empty()) {  // samples of one value belong together
    SXT_TRY(const auto cluster, column_of(record_json, options_.cluster_column, options_.origin));
    if (cluster) prepared.sample.cluster = text_or_json(*cluster);
  }
  prepared.prompts = std::move(fitted.prompts);
  prepared.dropped_shots = fitted.dropped_shots;
  return prepared;
}

}  // namespace sextant::serve
