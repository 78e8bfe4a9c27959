// A card that was written for ppl, one whole text per label, asked in the other forms.
#include <algorithm>
#include <fmt/format.h>
#include <sextant/utf8_text.hpp>
#include "assembly.hpp"
#include "blanks.hpp"

namespace sextant::render {
namespace {

size_t common_prefix(std::string_view a, std::string_view b) {
  const size_t n = std::min(a.size(), b.size());
  size_t i = 0;
  while (i < n && a[i] == b[i]) ++i;
  return i;
}

std::string_view without_blanks(std::string_view text) {
  text = text.substr(0, size_without_trailing_blanks(text));
  const size_t begin = text.find_first_not_of(" \t\r\n");
  return begin == text.npos ? std::string_view() : text.substr(begin);
}

bool same_piece(const Piece& a, const Piece& b) {
  return a.section == b.section && a.role == b.role && a.shot == b.shot && a.text == b.text;
}

}  // namespace

Result<Prompts> split_texts(Prompts whole) {
  const std::string first = whole.prompts.front().text.str();
  size_t shared = first.size();
  for (const Prompt& prompt : whole.prompts) shared = std::min(shared, common_prefix(first, prompt.text));
  shared = utf8::boundary(first, shared);
  while (shared > 0 && (first[shared - 1] == ' ' || first[shared - 1] == '\t')) --shared;
  Prompts out;
  for (const Prompt& prompt : whole.prompts) {
    std::string text(prompt.text.view().substr(shared));
    if (text.empty())
      return Error{Error::Kind::data,
                   fmt::format("the text of the label '{}' is how the others begin, so nothing follows that could be scored; "
                               "add \"choices\" to the card",
                               prompt.label)};
    out.continuations.push_back({prompt.label, std::move(text)});
  }
  Prompt prompt = std::move(whole.prompts.front());
  const size_t behind = first.size() - shared;
  prompt.question_bytes -= std::min(prompt.question_bytes, behind);
  prompt.label.clear();
  prompt.messages.clear();
  prompt.text = first.substr(0, shared);
  out.prompts.push_back(std::move(prompt));
  return out;
}

std::vector<Piece> open_pieces(const std::vector<LabelledPieces>& labels) {
  const std::vector<Piece>& first = labels.front().pieces;
  size_t same = first.size();
  for (const LabelledPieces& label : labels) {
    size_t i = 0;
    while (i < same && i < label.pieces.size() && same_piece(first[i], label.pieces[i])) ++i;
    same = i;
  }
  std::vector<Piece> out(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(same));
  if (same == first.size()) return out;
  size_t shared = first[same].text.size();
  for (const LabelledPieces& label : labels)
    shared = same < label.pieces.size() ? std::min(shared, common_prefix(first[same].text, label.pieces[same].text)) : 0;
  shared = utf8::boundary(first[same].text, shared);
  std::string lines;
  bool are_labels = true;
  for (const LabelledPieces& label : labels) {
    const std::string_view rest = same < label.pieces.size()
                                      ? without_blanks(std::string_view(label.pieces[same].text).substr(shared))
                                      : std::string_view();
    are_labels = are_labels && rest == label.label;
    lines += fmt::format("\n{}. {}", label.label, rest);
  }
  Piece own = first[same];
  own.text.resize(shared);
  if (are_labels) {
    out.push_back(std::move(own));  // of the reply's turn it is what the reply begins with
    return out;
  }
  const bool reply = own.role == "BOT" || own.fallback_role == "BOT";
  if (!reply) {
    own.text.resize(size_without_trailing_blanks(own.text));
    out.push_back(std::move(own));
  }
  lines += "\nAnswer: ";
  const auto question =
      std::find_if(out.rbegin(), out.rend(), [](const Piece& piece) { return piece.section == Piece::Section::round; });
  if (question != out.rend()) question->text += lines;
  else out.push_back({Piece::Section::round, "HUMAN", "", 0, lines.substr(1)});
  return out;
}

}  // namespace sextant::render
