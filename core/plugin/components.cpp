// The wrappers of data sets, templates, post-processors and metrics; the other kinds have files of their own.
#include "components.hpp"
#include <deque>
#include <limits>
#include <fmt/format.h>
#include <sextant/json_scratch.hpp>
#include "call.hpp"

namespace sextant::plugin {
namespace {

constexpr uint64_t records_max = uint64_t{1} << 32;  // a count beyond it is a mistake, and must not become an allocation

/// Samples as the ABI has them.
class LentSamples {
 public:
  explicit LentSamples(std::span<const Judged> samples) {
    lent_.reserve(samples.size());
    for (const Judged& sample : samples) {
      lent_.push_back(
          {sizeof(sxt_judged), 0, borrow(sample.prediction), borrow(sample.reference_json), borrow(sample.record_json)});
      pointers_.push_back(&lent_.back());
    }
  }
  const sxt_judged* const* data() const { return pointers_.data(); }
  uint64_t size() const { return pointers_.size(); }

 private:
  std::vector<sxt_judged> lent_;
  std::vector<const sxt_judged*> pointers_;
};

uint32_t form_of(data::Form form) {
  switch (form) {
    case data::Form::open: return SXT_FORM_OPEN;
    case data::Form::labels: return SXT_FORM_LABELS;
    case data::Form::continuations: return SXT_FORM_CONTINUATIONS;
    case data::Form::cloze: return SXT_FORM_CLOZE;
    case data::Form::whole: return SXT_FORM_WHOLE;
  }
  return SXT_FORM_OPEN;
}

}  // namespace

void Object::destroy(sxt_object* object) {
  if (!object || !SXT_HAS(object, destroy)) return;
  (void)guarded("a plugin's object", "destroy", [&](sxt_error*) { object->destroy(object); return SXT_OK; });
}

Result<json::Document> Dataset::describe() {
  SXT_NEED(table_, describe, object_.name());
  Texts texts(object_.name(), "describe", 1);
  SXT_CHECK(
      guarded(object_.name(), "describe", [&](sxt_error* e) { return table_->describe(object_.get(), texts.sink(), e); }));
  return take_object(texts, object_.name(), "describe");
}

Result<uint64_t> Dataset::count(std::string_view split) {
  SXT_NEED(table_, count, object_.name());
  uint64_t count = UINT64_MAX;
  SXT_CHECK(
      guarded(object_.name(), "count", [&](sxt_error* e) { return table_->count(object_.get(), borrow(split), &count, e); }));
  if (count > records_max) return misbehaved(object_.name(), fmt::format("counts {} records in the split '{}'", count, split));
  return count;
}

Result<std::vector<std::string>> Dataset::read(std::string_view split, uint64_t first, uint64_t n) {
  SXT_NEED(table_, read, object_.name());
  Texts texts(object_.name(), "read", n);
  SXT_CHECK(guarded(object_.name(), "read", [&](sxt_error* e) {
    return table_->read(object_.get(), borrow(split), first, n, texts.sink(), e);
  }));
  SXT_TRY(std::vector<std::string> records, texts.take());
  for (size_t i = 0; i < records.size(); ++i)
    if (!records[i].starts_with('{'))
      return misbehaved(object_.name(), fmt::format("gave no JSON object as record {} of the split '{}'", first + i, split));
  return records;
}

Result<json::Document> Template::render(const RenderItem& item) {
  SXT_NEED(table_, render, object_.name());
  std::vector<sxt_str> shots;
  for (const std::string& shot : item.shots_json) shots.push_back(borrow(shot));
  const sxt_render_item borrowed{
      sizeof(sxt_render_item),   form_of(item.form), borrow(item.record_json), shots.data(), shots.size(),
      borrow(item.output_column)};
  const sxt_render_item* const pointers[] = {&borrowed};
  Texts texts(object_.name(), "render", 1);
  SXT_CHECK(guarded(object_.name(), "render",
                    [&](sxt_error* e) { return table_->render(object_.get(), pointers, 1, texts.sink(), e); }));
  return take_object(texts, object_.name(), "render");
}

Result<std::vector<std::string>> Postprocessor::apply(std::span<const ExtractItem> items) {
  SXT_NEED(table_, apply, object_.name());
  std::deque<std::vector<sxt_str>> attempts;
  std::vector<sxt_extract_item> lent;
  std::vector<const sxt_extract_item*> pointers;
  lent.reserve(items.size());
  const std::string* lent_attempts = nullptr;  // items of one sample stand together, and share their attempts
  for (const ExtractItem& item : items) {
    if (attempts.empty() || item.attempts.data() != lent_attempts || attempts.back().size() != item.attempts.size()) {
      attempts.emplace_back();
      for (const std::string& text : item.attempts) attempts.back().push_back(borrow(text));
      lent_attempts = item.attempts.data();
    }
    lent.push_back({sizeof(sxt_extract_item), item.attempt, borrow(item.text), borrow(item.record_json), attempts.back().data(),
                    attempts.back().size()});
    pointers.push_back(&lent.back());
  }
  Texts out(object_.name(), "apply", items.size());
  SXT_CHECK(guarded(object_.name(), "apply", [&](sxt_error* e) {
    return table_->apply(object_.get(), pointers.data(), pointers.size(), out.sink(), e);
  }));
  SXT_TRY(std::vector<std::string> results, out.take_or_empty());
  for (std::string& result : results) result = repair_utf8(result);
  return results;
}

Result<Scored> Metric::take(const std::string& text, size_t sample) const {
  const auto bad = [&](std::string_view what) {
    return misbehaved(object_.name(), fmt::format("{} for sample {}", what, sample));
  };
  JsonScratch scratch;
  const auto document = scratch.parse(text, "score");
  if (!document || !(*document)->IsObject()) return bad("gave no JSON object");
  const json::Value& parsed = **document;
  Scored out;
  const auto add = [&](std::string name, const json::Value& value) -> Result<void> {
    if (!value.IsNumber() && !value.IsNull()) return bad(fmt::format("gave no number as the value '{}'", name));
    out.values.emplace_back(std::move(name), value.IsNull() ? std::numeric_limits<double>::quiet_NaN() : value.GetDouble());
    return {};
  };
  if (const json::Value* value = json::find(parsed, "value")) {
    const std::string& name = object_.name();
    SXT_CHECK(add(name.substr(name.find(':') + 1), *value));
  } else if (const json::Value* values = json::find(parsed, "values");
             values && values->IsObject() && !values->ObjectEmpty()) {
    for (const auto& member : values->GetObject()) SXT_CHECK(add(std::string(json::text(member.name)), member.value));
  } else {
    return bad("gave neither \"value\" nor \"values\"");
  }
  out.answer = json::find_string(parsed, "answer").value_or("");
  out.explanation = json::find_string(parsed, "explanation").value_or("");
  return out;
}

Result<std::vector<Scored>> Metric::score(std::span<const Judged> samples) {
  SXT_NEED(table_, score, object_.name());
  const LentSamples lent(samples);
  Texts texts(object_.name(), "score", samples.size());
  SXT_CHECK(guarded(object_.name(), "score", [&](sxt_error* e) {
    return table_->score(object_.get(), lent.data(), lent.size(), texts.sink(), e);
  }));
  SXT_TRY(const std::vector<std::string> all, texts.take());
  std::vector<Scored> scores;
  scores.reserve(all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    SXT_TRY(Scored scored, take(all[i], i));
    scores.push_back(std::move(scored));
  }
  return scores;
}

Result<std::optional<json::Document>> Metric::aggregate(std::span<const Judged> samples, std::span<const double> scores) {
  if (!table_ || !SXT_HAS(table_, aggregate)) return std::optional<json::Document>();
  const LentSamples lent(samples);
  Texts texts(object_.name(), "aggregate", 1);
  SXT_CHECK(guarded(object_.name(), "aggregate", [&](sxt_error* e) {
    return table_->aggregate(object_.get(), lent.data(), scores.data(), lent.size(), texts.sink(), e);
  }));
  SXT_TRY(const std::vector<std::string> all, texts.take());
  if (all[0].empty()) return std::optional<json::Document>();
  auto parsed = json::parse(all[0], "aggregate");
  if (!parsed || !parsed->IsObject()) return misbehaved(object_.name(), "gave no JSON object as its aggregate");
  for (const auto& member : parsed->GetObject())
    if (!member.value.IsNumber() && !member.value.IsNull())
      return misbehaved(object_.name(), fmt::format("gave no number as its aggregate '{}'", json::text(member.name)));
  return std::optional<json::Document>(std::move(*parsed));
}

}  // namespace sextant::plugin
