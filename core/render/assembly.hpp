// Shared by the files of this folder: the two ways from pieces to one prompt, and what both need.
#pragma once
#include "meta_template.hpp"
#include "render.hpp"

namespace sextant::render {

/// What one prompt is made from. `format.meta_template` has been read into `meta`; where there is one, it replaces the chat
/// template.
struct Assembly {
  const std::vector<Piece>& pieces;
  Form form;
  const Format& format;
  const MetaTemplate* meta;            // or null
  const RenderChat& render_chat;

  bool chat() const { return format.chat && !meta; }
  /// The reply is still to come: generated, or scored as a continuation.
  bool open() const { return form != Form::labels && form != Form::whole; }
};

/// The defaults of docs/compat.md.
Result<Prompt> assemble_default(const Assembly& in);
/// As OpenCompass does it, byte for byte; docs/compat.md lists the differences.
Result<Prompt> assemble_opencompass(const Assembly& in);

/// Pieces as they are, one behind the other: the template has joined them. Nothing of it is kept from being cut on the left.
Result<Prompt> assemble_verbatim(const Assembly& in);

/// From prompts per label, whole texts, to their common prefix and what follows it. Blanks at the seam go to the continuations.
Result<Prompts> split_texts(Prompts whole);
/// From pieces per label to those of an open prompt: what they have in common, and the labels' own texts listed as options,
/// unless these are the labels themselves.
std::vector<Piece> open_pieces(const std::vector<LabelledPieces>& labels);

/// The conversation through the model's chat template. `question_at`: the byte of the last user turn where the question begins.
Result<Prompt> apply_chat_template(std::vector<Message> messages, size_t question_at, const Assembly& in);

/// The same where the last turn is how the reply begins: the text ends with it, as transformers' continue_final_message has it.
Result<Prompt> apply_chat_template_to_prefix(std::vector<Message> messages, const Assembly& in);

/// Appends a turn; one of the same role as the last is joined to it by one LF. Returns where `content` begins in its turn.
size_t append_turn(std::vector<Message>& messages, std::string_view role, std::string_view content);

}  // namespace sextant::render
