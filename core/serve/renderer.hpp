// A row and its examples to the prompts that one model is asked with: template plugin, roles, chat template, length control.
// Feeds and `sextant prompt` share it. Threads: [owner].
#pragma once
#include <optional>
#include <memory>
#include <span>
#include <string>
#include "../config/run_config.hpp"
#include "../render/render.hpp"
#include "feed.hpp"
#include "model_session.hpp"

namespace sextant::serve {

class Renderer {
 public:
  struct Options {
    config::PluginChoice template_;
    std::string origin;               // the card, for messages
    std::string output_column;
    std::string cluster_column;
    bool few_shot = false;            // the card's retriever shows examples, even if none is left
    data::Form form = data::Form::open;
    config::Compat compat = config::Compat::none;
    uint32_t max_out_len = 0;
    std::optional<bool> chat = {};    // the template says itself whether the chat template is used
    std::string system_prompt = {};   // then it also places the system prompt
  };
  /// Borrows the session.
  static Result<Renderer> make(plugin::Host& host, ModelSession& session, Options options);
  /// The row's prompts with as many of the examples (records, in order) as fit.
  Result<Prepared> prepare(const data::SampleId& id, const std::string& record_json, std::span<const std::string> shots);
  /// The same, with all of them.
  Result<render::Prompts> render(const std::string& record_json, std::span<const std::string> shots);

 private:
  Renderer(ModelSession& session, plugin::Template renderer, Options options)
      : session_(&session), renderer_(std::move(renderer)), options_(std::move(options)) {}
  ModelSession* session_;
  plugin::Template renderer_;
  Options options_;
};

/// The template component of these options, made for their form: a card that cannot be asked this way is refused here.
Result<plugin::Template> make_template(plugin::Host& host, const Renderer::Options& options);

}  // namespace sextant::serve
