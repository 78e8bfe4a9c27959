// What a template plugin returned, read with suspicion: it may be a third party's.
#include <fmt/format.h>
#include "render.hpp"

namespace sextant::render {
namespace {

// A plugin that breaks the interface; `where` is a path into its answer.
Error broken(std::string_view origin, const std::string& where, std::string_view what) {
  return {Error::Kind::internal, fmt::format("{}: the template plugin's answer is broken: {} {}", origin, where, what)};
}

// A card whose template is not for its inferencer.
Error unfit(std::string_view origin, std::string_view what) {
  return {Error::Kind::config, fmt::format("{}: {}", origin, what)};
}

Result<Piece> read_piece(const json::Value& value, std::string_view origin, const std::string& where) {
  if (!value.IsObject()) return broken(origin, where, "is not an object");
  Piece piece;
  const auto text = json::find_string(value, "text");
  if (!text) return broken(origin, where, "has no \"text\"");
  piece.text = *text;
  const std::string section = json::find_string(value, "section").value_or("");
  if (section == "begin") piece.section = Piece::Section::begin;
  else if (section == "shot") piece.section = Piece::Section::shot;
  else if (section == "round") piece.section = Piece::Section::round;
  else if (section == "end") piece.section = Piece::Section::end;
  else return broken(origin, where, "has no \"section\" of begin, shot, round or end");
  piece.role = json::find_string(value, "role").value_or("");
  piece.fallback_role = json::find_string(value, "fallback_role").value_or("");
  const int64_t shot = json::find_int(value, "shot").value_or(0);
  if (shot < 0 || shot > UINT32_MAX) return broken(origin, where, "has a \"shot\" that is not an index");
  piece.shot = static_cast<uint32_t>(shot);
  return piece;
}

Result<LabelledPieces> read_pieces(const json::Value& object, std::string_view origin, const std::string& where) {
  const json::Value* list = json::find(object, "pieces");
  if (!list || !list->IsArray()) return broken(origin, where + "pieces", "is not a list");
  LabelledPieces out;
  for (const auto& item : list->GetArray()) {
    SXT_TRY(Piece piece, read_piece(item, origin, fmt::format("{}pieces[{}]", where, out.pieces.size())));
    out.pieces.push_back(std::move(piece));
  }
  return out;
}

Result<Rendered> read_labels(const json::Value& list, std::string_view origin) {
  Rendered out;
  for (const auto& item : list.GetArray()) {
    const std::string where = fmt::format("labels[{}].", out.prompts.size());
    SXT_TRY(LabelledPieces labelled, read_pieces(item, origin, where));
    const auto label = json::find_string(item, "label");
    if (!label) return broken(origin, where + "label", "is not a text");
    labelled.label = *label;
    out.prompts.push_back(std::move(labelled));
  }
  return out;
}

}  // namespace

Result<Rendered> parse_rendered(const json::Value& value, Form form, std::string_view origin) {
  if (!value.IsObject()) return broken(origin, "it", "is not an object");
  const json::Value* labels = json::find(value, "labels");
  const bool verbatim = json::find_bool(value, "verbatim").value_or(false);
  if (form == Form::labels) {
    if (!labels || !labels->IsArray() || labels->Empty())
      return unfit(origin, "the template gives no \"labels\", one prompt each, which ppl needs; add \"choices\" to the card");
    return read_labels(*labels, origin);
  }
  if (labels && !verbatim) {
    if (!labels->IsArray() || labels->Empty()) return broken(origin, "labels", "is not a list with at least one entry");
    SXT_TRY(Rendered out, read_labels(*labels, origin));
    out.by_label = form != Form::whole;
    return out;
  }
  Rendered out;
  if (labels) {  // a prompt for each continuation
    if (!labels->IsArray() || labels->Empty()) return broken(origin, "labels", "is not a list with at least one entry");
    SXT_TRY(out, read_labels(*labels, origin));
  } else {
    SXT_TRY(LabelledPieces pieces, read_pieces(value, origin, ""));
    out.prompts.push_back(std::move(pieces));
  }
  out.verbatim = verbatim;
  if (form == Form::open || form == Form::whole) return out;
  const json::Value* continuations = json::find(value, "continuations");
  if (!continuations || !continuations->IsArray() || continuations->Empty())
    return unfit(
        origin,
        fmt::format("the template gives no \"continuations\", which prompts of the form {} need; add \"choices\" to the card",
                    data::form_name(form)));
  for (const auto& item : continuations->GetArray()) {
    const auto label = json::find_string(item, "label"), text = json::find_string(item, "text");
    if (!label || !text)
      return broken(origin, fmt::format("continuations[{}]", out.continuations.size()), "lacks \"label\" or \"text\"");
    out.continuations.push_back({*label, *text});
  }
  if (labels && out.continuations.size() != out.prompts.size())
    return broken(origin, "continuations", "are not as many as \"labels\"");
  out.blank_at_seam = json::find_string(value, "seam") == "blank";
  return out;
}

}  // namespace sextant::render
