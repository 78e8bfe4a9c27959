// From a data set's row to what the model is sent: one pure function that the run, `sextant prompt` and the tests share.
//
//   record + shots --template plugin--> pieces --assemble--> text, or chat turns --model's chat template--> text
//
// Nothing here reads files or clocks; the template plugin and the chat template come in as functions.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>
#include "../config/run_config.hpp"
#include "../data/sample.hpp"

namespace sextant::render {

struct Piece {
  enum class Section { begin, shot, round, end } section = Section::round;
  std::string role;            // "HUMAN", "BOT", "SYSTEM", ...; empty: plain text
  std::string fallback_role;   // where the meta template does not know the role
  uint32_t shot = 0;           // which example, for Section::shot
  std::string text;
};
struct LabelledPieces {
  std::string label;           // of a labelled form: the bare label; else empty
  std::vector<Piece> pieces;
};
using data::Continuation;
using data::Form;
using data::Message;
using data::Prompt;
using data::Prompts;

/// What a template plugin returned, parsed: a labelled form has one entry per label, the others one (and its continuations). A
/// template may answer any form with one prompt per label: split_labels.cpp makes the other forms of them.
struct Rendered {
  std::vector<LabelledPieces> prompts;
  std::vector<Continuation> continuations;
  bool by_label = false;               // one prompt per label, though another form was asked for
  bool verbatim = false;               // the template has joined everything itself; a last turn of BOT is how the reply begins
  bool blank_at_seam =
      false;  // continuations are words: a blank goes in front unless the prompt ends in white space or is a chat's
};
Result<Rendered> parse_rendered(const json::Value& value, Form form, std::string_view origin);

/// How a model wants its text.
struct Format {
  bool chat = false;                   // use render_chat
  std::string system_prompt;
  std::string meta_template;           // JSON text, or empty
  config::Compat compat = config::Compat::none;
  bool few_shot = false;               // the card's retriever draws examples, even if none is left: OpenCompass then still
                                       // puts the separator that ends them (compat modes only)
  bool no_system = false;              // the chat template refuses a system turn: a SYSTEM piece is its fallback_role's
};
/// Applies the chat template: messages in (abi.h's conversation JSON), text out.
using RenderChat = std::function<Result<std::string>(std::string_view conversation_json)>;

/// Pieces to prompts: joins, meta template, roles, chat template. docs/compat.md says the defaults, and what the compat modes
/// do instead.
Result<Prompts> assemble(const Rendered& rendered, Form form, const Format& format, const RenderChat& render_chat);

/// A conversation through the chat template, the reply to come. `tools_json`: what the model may call, or empty. The last turn
/// is the question that must not be cut.
Result<Prompt> conversation_prompt(std::vector<Message> messages, std::string_view tools_json, const RenderChat& render_chat);

}  // namespace sextant::render
