// The entrance of this folder: which way the pieces go, and what is the same on both.
#include <algorithm>
#include "assembly.hpp"
#include "blanks.hpp"

namespace sextant::render {
namespace {

// lm-eval scores the blanks at the end of a context with the continuation.
void move_blanks(Prompts& prompts) {
  Prompt& prompt = prompts.prompts.front();
  const std::string_view text = prompt.text;
  const size_t kept = size_without_trailing_blanks(text);
  const std::string blanks(text.substr(kept));
  prompt.question_bytes -= std::min(prompt.question_bytes, blanks.size());
  for (Continuation& continuation : prompts.continuations) continuation.text = blanks + continuation.text.str();
  prompt.text = std::string(text.substr(0, kept));
}

}  // namespace

Result<Prompts> assemble(const Rendered& rendered, Form form, const Format& asked, const RenderChat& render_chat) {
  using config::Compat;
  Format format = asked;
  if (format.compat == Compat::opencompass_0_2_4) format.chat = false;  // it knew no chat templates
  const bool opencompass = format.compat == Compat::opencompass || format.compat == Compat::opencompass_0_2_4;
  std::optional<MetaTemplate> meta;
  if (!format.meta_template.empty()) {
    SXT_TRY(meta, parse_meta_template(format.meta_template));
  }

  Prompts out;
  out.continuations = rendered.continuations;
  for (const LabelledPieces& labelled : rendered.prompts) {
    const Assembly in{labelled.pieces, form, format, meta ? &*meta : nullptr, render_chat};
    SXT_TRY(Prompt prompt, opencompass ? assemble_opencompass(in) : assemble_default(in));
    prompt.label = labelled.label;
    out.prompts.push_back(std::move(prompt));
  }
  if (out.prompts.empty()) return Error{Error::Kind::internal, "the template plugin gave no prompt"};
  if (form == Form::continuations && format.compat == Compat::lm_eval) move_blanks(out);
  return out;
}

}  // namespace sextant::render
