// What a variant of a data set changes in its rows: texts, or the order of the options. Examples stay as they are (data.cpp).
#include "perturb.hpp"
#include <algorithm>
#include <fmt/format.h>
#include "../stats/stream.hpp"
#include "text_changes.hpp"

namespace sextant::load {
namespace {

bool has_text(const json::Value& value) { return value.IsString() && value.GetStringLength() > 0; }

class Perturb : public DeriveStep {
 public:
  explicit Perturb(config::Perturbation how) : how_(std::move(how)) {}
  /// The whole record.
  Result<json::Value> make(const json::Value& record, const json::Value*, json::Document::AllocatorType& a) const override {
    json::Value out(record, a);
    for (const std::string& column : how_.columns) change_text(out, column, a);
    if (!how_.options.empty()) SXT_CHECK(turn_options(out, a));
    return out;
  }

 private:
  void change_text(json::Value& record, const std::string& column, json::Document::AllocatorType& a) const;
  Result<void> turn_options(json::Value& record, json::Document::AllocatorType& a) const;
  const config::Perturbation how_;
};

void Perturb::change_text(json::Value& record, const std::string& column, json::Document::AllocatorType& a) const {
  const json::Value* value = json::find(record, column);
  if (!value || !value->IsString()) return;
  const std::string text(json::text(*value));
  const uint64_t key = stats::stream_key(fmt::format("{}\n{}\n{}\n{}", how_.kind, how_.number, column, text));
  std::string changed = text;
  if (how_.kind == "typos") changed = with_typos(text, key);
  if (how_.kind == "case") changed = with_case(text, how_.number);
  if (how_.kind == "full_width") changed = in_full_width(text);
  if (how_.kind == "homophones") changed = with_homophones(text, key);
  json::set(record, column, changed, a);
}

// The option that stands k-th is the one that stood at order[k]. Rows with fewer options than others keep the order of those
// that they have.
Result<void> Perturb::turn_options(json::Value& record, json::Document::AllocatorType& a) const {
  for (const std::string& column : {how_.answer, how_.options.front()})
    if (!json::find(record, column))
      return Error{Error::Kind::data,
                   fmt::format("the options cannot be put into another order: there is no column '{}'", column)};
  const bool list = how_.options.size() == 1;
  json::Value options(rapidjson::kArrayType);
  if (list) {
    const json::Value& column = *json::find(record, how_.options.front());
    if (!column.IsArray())
      return Error{Error::Kind::data,
                   fmt::format("the options cannot be put into another order: '{}' is not a list", how_.options.front())};
    options = json::Value(column, a);
  } else {
    for (const std::string& name : how_.options) {
      const json::Value* one = json::find(record, name);
      if (!one || one->IsNull() || (one->IsString() && !has_text(*one))) break;
      options.PushBack(json::Value(*one, a), a);
    }
  }
  const size_t n = std::min<size_t>(options.Size(), how_.order.size());
  std::string order;
  for (const char letter : how_.order)
    if (static_cast<size_t>(letter - 'A') < n) order += letter;
  const auto old = [&](size_t place) { return static_cast<rapidjson::SizeType>(order[place] - 'A'); };
  // the right one, by its letter, its number from 0, or its text, which stays as it is
  const json::Value& answer = *json::find(record, how_.answer);
  json::Value now(answer, a);
  const std::string letter = answer.IsString() ? std::string(json::text(answer)) : "";
  if (letter.size() == 1 && letter[0] >= 'A' && letter[0] < static_cast<char>('A' + options.Size())) {
    const size_t at = order.find(letter[0]);
    if (at != order.npos) now = json::Value(std::string(1, static_cast<char>('A' + at)), a);
  } else if (answer.IsUint() && answer.GetUint() < options.Size()) {
    const size_t at = order.find(static_cast<char>('A' + answer.GetUint()));
    if (at != order.npos) now = json::Value(static_cast<unsigned>(at));
  } else if (std::none_of(options.Begin(), options.End(), [&](const auto& one) { return one == answer; })) {
    return Error{
        Error::Kind::data,
        fmt::format("the options cannot be put into another order: the answer {} in '{}' is neither the letter, the number "
                    "nor the text of one of the {} options; leave option_order out of --perturb",
                    json::write(answer), how_.answer, options.Size())};
  }
  json::Value turned(options, a);
  for (size_t k = 0; k < n; ++k) turned[static_cast<rapidjson::SizeType>(k)] = json::Value(options[old(k)], a);
  if (list) json::set(record, how_.options.front(), std::move(turned), a);
  else
    for (rapidjson::SizeType k = 0; k < turned.Size(); ++k) json::set(record, how_.options[k], json::Value(turned[k], a), a);
  json::set(record, how_.answer, std::move(now), a);
  return {};
}

}  // namespace

std::shared_ptr<const DeriveStep> perturb_step(config::Perturbation how) {
  return std::make_shared<const Perturb>(std::move(how));
}

}  // namespace sextant::load
