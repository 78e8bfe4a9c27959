// The entrance of this folder: which way the pieces go, and what is the same on both.
#include <algorithm>
#include "assembly.hpp"
#include "blanks.hpp"

namespace sextant::render {
namespace {

// lm-eval scores the blanks at the end of a context with the continuation.
void move_blanks(Prompts& prompts) {
  const bool each = prompts.prompts.size() > 1;   // has a continuation of its own
  for (size_t i = 0; i < prompts.prompts.size(); ++i) {
    Prompt& prompt = prompts.prompts[i];
    const std::string_view text = prompt.text;
    const size_t kept = size_without_trailing_blanks(text);
    const std::string blanks(text.substr(kept));
    prompt.question_bytes -= std::min(prompt.question_bytes, blanks.size());
    for (size_t k = 0; k < prompts.continuations.size(); ++k)
      if (!each || k == i) prompts.continuations[k].text = blanks + prompts.continuations[k].text.str();
    prompt.text = std::string(text.substr(0, kept));
  }
}

// A label, or an option's text, behind a prompt is a word of its own.
void separate(Prompts& prompts) {
  const Prompt& prompt = prompts.prompts.front();
  const std::string_view text = prompt.text;
  if (prompt.chat || text.empty() || size_without_trailing_blanks(text) < text.size()) return;
  for (Continuation& continuation : prompts.continuations) continuation.text = " " + continuation.text.str();
}

}  // namespace

Result<Prompts> assemble(const Rendered& rendered, Form form, const Format& asked, const RenderChat& render_chat) {
  using config::Compat;
  Format format = asked;
  if (format.compat == Compat::opencompass_0_2_4) format.chat = false;  // it knew no chat templates
  const bool opencompass = config::is_opencompass(format.compat);
  std::optional<MetaTemplate> meta;
  if (!format.meta_template.empty()) {
    SXT_TRY(meta, parse_meta_template(format.meta_template));
  }

  const auto one = [&](const std::vector<Piece>& pieces, Form as) {
    const Assembly in{pieces, as, format, meta ? &*meta : nullptr, render_chat};
    return rendered.verbatim ? assemble_verbatim(in) : opencompass ? assemble_opencompass(in) : assemble_default(in);
  };
  if (rendered.prompts.empty()) return Error{Error::Kind::internal, "the template plugin gave no prompt"};
  Prompts out;
  out.continuations = rendered.continuations;
  if (rendered.by_label && form == Form::open) {
    SXT_TRY(Prompt prompt, one(open_pieces(rendered.prompts), form));
    out.prompts.push_back(std::move(prompt));
    return out;
  }
  for (const LabelledPieces& labelled : rendered.prompts) {
    SXT_TRY(Prompt prompt, one(labelled.pieces, rendered.by_label ? Form::labels : form));
    prompt.label = labelled.label;
    out.prompts.push_back(std::move(prompt));
  }
  if (rendered.by_label) {
    SXT_TRY(out, split_texts(std::move(out)));
  }
  if (rendered.blank_at_seam) separate(out);
  if (form == Form::continuations && format.compat == Compat::lm_eval) move_blanks(out);
  return out;
}

}  // namespace sextant::render
