// The defaults: what a prompt looks like unless a --compat mode asks for something else (contract: one LF between pieces, one
// blank line between examples, turns as they are, nothing empty is ever sent).
#include <utility>
#include "assembly.hpp"

namespace sextant::render {
namespace {

using Section = Piece::Section;

// Pieces of one block are joined by one LF; blocks by one blank line. The question and what follows it are one block.
bool same_block(const Piece& a, const Piece& b) {
  if (a.section == Section::shot || b.section == Section::shot) return a.section == b.section && a.shot == b.shot;
  return (a.section == Section::begin) == (b.section == Section::begin);
}
bool in_question(const Piece& piece) { return piece.section == Section::round || piece.section == Section::end; }

// Appends `piece` to the text so far, whose last piece was `last` (null: none). Line feeds that a text brings itself count as
// part of the blank line, so that there is never more than one. Returns where the piece begins.
size_t append_plain(std::string& text, const Piece& piece, const Piece* last) {
  if (last && same_block(*last, piece)) {
    text += '\n';
  } else if (last) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    text += "\n\n";
  }
  text += piece.text;
  return text.size() - piece.text.size();
}

bool is_reply_role(const Piece& piece, const MetaTemplate* meta) {
  if (meta) {
    const Role* role = meta->find(piece.role, piece.fallback_role);
    if (role && role == meta->generating()) return true;
  }
  return piece.role == "BOT" || piece.fallback_role == "BOT";
}

// The pieces that are sent: none that is empty, and where the reply is still to come, nothing behind it. What the dialogue
// gives of the reply itself ("答案是: ") stays only where the text is simply continued; a turn cannot be sent half.
std::vector<const Piece*> sent_pieces(const Assembly& in) {
  const auto& all = in.pieces;
  size_t count = all.size();
  if (in.open()) {
    for (size_t i = all.size(); i-- > 0;) {
      if (all[i].section != Section::round) continue;
      const bool continued = !in.meta && !in.chat();
      if (is_reply_role(all[i], in.meta)) count = i + (continued ? 1 : 0);
      break;
    }
  }
  std::vector<const Piece*> out;
  for (size_t i = 0; i < count; ++i)
    if (!all[i].text.empty()) out.push_back(&all[i]);
  return out;
}

Prompt plain_text(const std::vector<const Piece*>& pieces) {
  std::string text;
  std::optional<size_t> question;
  const Piece* last = nullptr;
  for (const Piece* piece : pieces) {
    const size_t at = append_plain(text, *piece, last);
    if (!question && in_question(*piece)) question = at;
    last = piece;
  }
  Prompt prompt;
  prompt.question_bytes = text.size() - question.value_or(0);
  prompt.text = std::move(text);
  return prompt;
}

struct Turn {
  std::string role, fallback_role, text;
  std::optional<size_t> question_at;   // where the question begins in the text
};

// Plain text goes in front of the turn that follows it; before the model's own turn, and at the end, it is a turn of the user.
std::vector<Turn> to_turns(const std::vector<const Piece*>& pieces) {
  std::vector<Turn> turns;
  Turn plain{"HUMAN", "", "", {}};
  const Piece* last_plain = nullptr;
  const auto flush = [&] {
    if (last_plain) turns.push_back(std::exchange(plain, {"HUMAN", "", "", {}}));
    last_plain = nullptr;
  };
  for (const Piece* piece : pieces) {
    if (piece->role.empty()) {
      const size_t at = append_plain(plain.text, *piece, last_plain);
      if (!plain.question_at && in_question(*piece)) plain.question_at = at;
      last_plain = piece;
      continue;
    }
    if (is_reply_role(*piece, nullptr)) flush();
    Turn turn{piece->role, piece->fallback_role, piece->text, in_question(*piece) ? std::optional<size_t>(0) : std::nullopt};
    if (last_plain) {
      const size_t at = plain.text.size() + 1;
      turn.text = plain.text + "\n" + turn.text;
      if (turn.question_at) turn.question_at = plain.question_at.value_or(at);
      plain = {"HUMAN", "", "", {}};
      last_plain = nullptr;
    }
    turns.push_back(std::move(turn));
  }
  flush();
  return turns;
}

Result<std::string_view> chat_role(const Turn& turn, bool no_system) {
  for (const std::string& name : {turn.role, turn.fallback_role}) {
    if (name == "SYSTEM" && no_system && (turn.fallback_role == "HUMAN" || turn.fallback_role == "BOT")) continue;
    if (name == "HUMAN") return std::string_view("user");
    if (name == "BOT") return std::string_view("assistant");
    if (name == "SYSTEM") return std::string_view("system");
  }
  return Error{Error::Kind::config, "a chat template has no turn for the role \"" + turn.role +
                                        "\" of the prompt template; use HUMAN, BOT or SYSTEM, or make one its fallback_role"};
}

Result<Prompt> chat_prompt(const std::vector<Turn>& turns, const Assembly& in) {
  std::vector<Message> messages;
  if (!in.format.system_prompt.empty()) append_turn(messages, "system", in.format.system_prompt);
  constexpr size_t none = std::string::npos;
  size_t question_at = none;           // in the last user turn
  for (const Turn& turn : turns) {
    SXT_TRY(const std::string_view role, chat_role(turn, in.format.no_system));
    const size_t count = messages.size(), at = append_turn(messages, role, turn.text);
    if (role != "user") continue;
    if (messages.size() != count) question_at = none;
    if (question_at == none && turn.question_at) question_at = at + *turn.question_at;
  }
  return apply_chat_template(std::move(messages), question_at == none ? 0 : question_at, in);
}

Result<Prompt> meta_prompt(std::vector<Turn> turns, const Assembly& in) {
  const MetaTemplate& meta = *in.meta;
  if (!in.format.system_prompt.empty()) turns.insert(turns.begin(), Turn{"SYSTEM", "HUMAN", in.format.system_prompt, {}});
  std::string text = meta.begin;
  std::optional<size_t> question;
  for (const Turn& turn : turns) {
    SXT_TRY(const Role* role, meta.find_or_fail(turn.role, turn.fallback_role));
    if (!question && turn.question_at) {
      question = text.size();   // with the turn's own begin, unless examples stand before it in the same turn
      if (*turn.question_at > 0) *question += role->begin.size() + *turn.question_at;
    }
    text += role->begin + turn.text + role->end;
  }
  if (!in.open()) text += meta.end;
  else if (const Role* reply = meta.generating()) text += reply->begin;
  Prompt prompt;
  prompt.question_bytes = text.size() - question.value_or(0);
  prompt.text = std::move(text);
  return prompt;
}

}  // namespace

Result<Prompt> assemble_default(const Assembly& in) {
  const std::vector<const Piece*> pieces = sent_pieces(in);
  if (in.meta) return meta_prompt(to_turns(pieces), in);
  if (in.chat()) return chat_prompt(to_turns(pieces), in);
  return plain_text(pieces);
}

}  // namespace sextant::render
