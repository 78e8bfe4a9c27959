// OpenCompass' assembly, reimplemented from its observed behaviour so that prompts are the same bytes. There, a prompt is a
// list of turns and texts. Three things follow that the defaults do differently:
// - in a dialogue per label (ppl), the separators of string templates ("\n" after each example, one more behind the last) are
//   texts of the list: without a meta template they are joined like any piece, which makes 3 and 5 LF;
// - a round always has all roles of the meta template: what the dialogue lacks is sent as an empty turn;
// - without a meta template the joining LF is switched on by the first entry, even an empty one.
#include <optional>
#include "assembly.hpp"

namespace sextant::render {
namespace {

using Section = Piece::Section;

/// The list: sections of turns, and texts between them.
struct Entry {
  Section section;
  std::vector<const Piece*> turns;     // of one begin or end turn, one example, or the round
  std::string text;                    // where there are no turns
  bool question = false;
};

bool is_example_place(const Piece& piece) {
  return piece.section == Section::begin && piece.role.empty() && piece.text.empty();
}

class List {
 public:
  explicit List(const Assembly& in)
      : by_label_(in.form == Form::labels || in.form == Form::whole), few_shot_(in.format.few_shot) {
    for (size_t i = 0; i < in.pieces.size(); ++i) add(in.pieces[i], i + 1 < in.pieces.size() ? &in.pieces[i + 1] : nullptr);
  }
  std::vector<Entry> entries;

 private:
  void add(const Piece& piece, const Piece* next) {
    if (is_example_place(piece) && few_shot_) return end_examples(false);
    if (piece.section == Section::round && !examples_ended_) end_examples(false);
    if (piece.role.empty()) {
      entries.push_back({piece.section, {}, piece.text, piece.section == Section::round});
    } else {
      const bool grouped = piece.section == Section::shot || piece.section == Section::round;
      const bool same = !entries.empty() && !entries.back().turns.empty() && entries.back().section == piece.section &&
                        entries.back().turns.front()->shot == piece.shot;
      if (grouped && same) entries.back().turns.push_back(&piece);
      else entries.push_back({piece.section, {&piece}, "", piece.section == Section::round});
    }
    if (piece.section != Section::shot) return;
    const bool more = next && next->section == Section::shot;
    if ((!more || next->shot != piece.shot) && by_label_) separator();
    if (!more) end_examples(true);
  }
  void separator() { entries.push_back({Section::shot, {}, "\n", false}); }
  // Behind the examples, and in their place where none is left.
  void end_examples(bool any) {
    if (examples_ended_) return;
    examples_ended_ = true;
    if (by_label_ && (any || few_shot_)) separator();
    else if (few_shot_ && !any) entries.push_back({Section::shot, {}, "", false});
  }

  bool by_label_, few_shot_, examples_ended_ = false;
};

bool is_string_template(const std::vector<Piece>& pieces) {
  for (const Piece& piece : pieces)
    if (piece.section == Section::round && !piece.role.empty()) return false;
  return true;
}

// A string template is one string: what stands before the examples, the examples joined by "\n" and one more "\n", the rest.
std::string string_text(const Assembly& in, size_t& question_at, data::Bytes& examples) {
  std::string text;
  std::optional<size_t> question;
  std::optional<uint32_t> shot;
  bool examples_ended = false;
  const auto end_examples = [&](bool any) {
    if (!examples_ended && (any || in.format.few_shot)) text += '\n';
    examples_ended = true;
  };
  for (const Piece& piece : in.pieces) {
    if (piece.section == Section::shot) {
      if (!shot) examples.at = text.size();
      else if (*shot != piece.shot) text += '\n';
      shot = piece.shot;
    } else if (shot || piece.section == Section::round) {
      const bool first = !examples_ended;
      end_examples(shot.has_value());
      if (shot && first) examples.size = text.size() - examples.at;
    }
    if (piece.section == Section::round && !question) question = text.size();
    text += piece.text;
  }
  question_at = question.value_or(0);
  return text;
}

/// From where the first example begins to where the last one ends.
class ExampleBytes {
 public:
  void add(size_t begin, size_t end) {
    if (!begin_) begin_ = begin;
    end_ = end;
  }
  data::Bytes all() const { return begin_ ? data::Bytes{*begin_, end_ - *begin_} : data::Bytes{}; }

 private:
  std::optional<size_t> begin_;
  size_t end_ = 0;
};

Prompt joined_text(const std::vector<Entry>& entries) {
  std::string out;
  std::optional<size_t> question;
  ExampleBytes examples;
  bool first = true;
  const auto append = [&](const Entry& entry, const std::string& text) {
    if (!text.empty() && !first) out += '\n';
    out += text;
    first = false;
    const size_t at = out.size() - text.size();
    if (entry.question && !question) question = at;
    if (entry.section == Section::shot) examples.add(at, out.size());
  };
  for (const Entry& entry : entries) {
    if (entry.turns.empty()) append(entry, entry.text);
    for (const Piece* turn : entry.turns) append(entry, turn->text);
  }
  Prompt prompt;
  prompt.question_bytes = out.size() - question.value_or(0);
  prompt.examples = examples.all();
  prompt.text = std::move(out);
  return prompt;
}

/// What a walk over the list by the roles of a meta template meets. A false return ends it.
struct Visitor {
  virtual ~Visitor() = default;
  virtual void text(const Entry& entry) = 0;
  virtual void turn(const Role& role, const std::string& text, const Entry& entry) = 0;
  virtual void reply(const Role& role) = 0;  // the generating role's turn begins; nothing follows
};

using GivenTurns = std::vector<std::pair<const Role*, const Piece*>>;

// One round: every role of the meta template in its order, empty where the dialogue has no such turn. True: go on.
bool walk_round(const MetaTemplate& meta, const GivenTurns& given, bool reply, const Entry& entry, Visitor& visitor) {
  for (const Role& role : meta.round) {
    if (reply && role.generate) {
      visitor.reply(role);
      return false;
    }
    const Piece* turn = nullptr;
    for (const auto& [known, piece] : given)
      if (known == &role) turn = piece;
    visitor.turn(role, turn ? turn->text : role.prompt, entry);
  }
  return true;
}

// A new round starts where a role does not stand behind the one before it in the meta template's round.
Result<bool> walk_rounds(const MetaTemplate& meta, const Entry& entry, bool open, Visitor& visitor) {
  std::vector<GivenTurns> rounds(1);
  for (const Piece* turn : entry.turns) {
    SXT_TRY(const Role* role, meta.find_or_fail(turn->role, turn->fallback_role));
    const bool in_round = role >= meta.round.data() && role < meta.round.data() + meta.round.size();
    if (!in_round)
      return Error{Error::Kind::config, "meta_template: the role \"" + turn->role +
                                            "\" stands in a round of the template, not only in its begin; add it to round"};
    if (!rounds.back().empty() && role <= rounds.back().back().first) rounds.emplace_back();
    rounds.back().emplace_back(role, turn);
  }
  for (size_t i = 0; i < rounds.size(); ++i) {
    const bool reply = open && entry.section == Section::round && i + 1 == rounds.size();
    if (!walk_round(meta, rounds[i], reply, entry, visitor)) return false;
  }
  return true;
}

// True: nothing stopped the walk.
Result<bool> walk(const MetaTemplate& meta, const std::vector<Entry>& entries, bool open, Visitor& visitor) {
  for (const Entry& entry : entries) {
    if (entry.turns.empty()) {
      visitor.text(entry);
    } else if (entry.section == Section::shot || entry.section == Section::round) {
      SXT_TRY(const bool go_on, walk_rounds(meta, entry, open, visitor));
      if (!go_on) return false;
    } else {
      const Piece& turn = *entry.turns.front();
      SXT_TRY(const Role* role, meta.find_or_fail(turn.role, turn.fallback_role));
      if (open && role->generate) {
        visitor.reply(*role);
        return false;
      }
      visitor.turn(*role, turn.text, entry);
    }
  }
  return true;
}

struct MetaText : Visitor {
  std::string out;
  std::optional<size_t> question;
  ExampleBytes examples;
  void text(const Entry& entry) override { add(entry, entry.text); }
  void turn(const Role& role, const std::string& text, const Entry& entry) override {
    if (entry.question && !question) question = out.size();
    add(entry, role.begin + text + role.end);
  }
  void reply(const Role& role) override { out += role.begin; }

 private:
  void add(const Entry& entry, const std::string& text) {
    if (entry.section == Section::shot) examples.add(out.size(), out.size() + text.size());
    out += text;
  }
};

Result<Prompt> meta_prompt(const std::vector<Entry>& entries, const Assembly& in) {
  MetaText made;
  made.out = in.meta->begin;
  SXT_TRY(const bool complete, walk(*in.meta, entries, in.open(), made));
  if (complete) made.out += in.meta->end;
  Prompt prompt;
  prompt.question_bytes = made.out.size() - made.question.value_or(0);
  prompt.examples = made.examples.all();
  prompt.text = std::move(made.out);
  return prompt;
}

// OpenCompass' own roles for chat models: SYSTEM speaks as the user, and has a turn in every round.
const MetaTemplate& chat_roles() {
  const auto role = [](const char* name, bool generate) { return Role{name, "", "", "", generate}; };
  static const MetaTemplate roles{"", "", {role("HUMAN", false), role("SYSTEM", false), role("BOT", true)}, {}};
  return roles;
}

struct ChatTurns : Visitor {
  std::vector<Message> messages;
  void text(const Entry&) override {}  // dropped
  void turn(const Role& role, const std::string& text, const Entry&) override {
    append_turn(messages, role.name == "BOT" ? "assistant" : "user", text);
  }
  void reply(const Role&) override {}
};

// Turns of one role are joined twice: before the empty ones go, and after.
Result<Prompt> chat_prompt(const std::vector<Message>& turns, size_t question_at, const Assembly& in) {
  std::vector<Message> messages;
  if (!in.format.system_prompt.empty()) append_turn(messages, "system", in.format.system_prompt);
  for (const Message& turn : turns)
    if (const std::string text = turn.text(); !text.empty()) append_turn(messages, turn.role, text);
  return apply_chat_template(std::move(messages), question_at, in);
}

}  // namespace

Result<Prompt> assemble_opencompass(const Assembly& in) {
  if (is_string_template(in.pieces)) {
    size_t question_at = 0;
    Prompt prompt;
    prompt.text = string_text(in, question_at, prompt.examples);
    if (in.chat()) return chat_prompt({{"user", prompt.text.str()}}, question_at, in);
    prompt.question_bytes = prompt.text.size() - question_at;
    return prompt;
  }
  const List list(in);
  if (in.meta) return meta_prompt(list.entries, in);
  if (!in.chat()) return joined_text(list.entries);
  ChatTurns turns;
  SXT_TRY([[maybe_unused]] const bool complete, walk(chat_roles(), list.entries, in.open(), turns));
  return chat_prompt(turns.messages, 0, in);
}

}  // namespace sextant::render
