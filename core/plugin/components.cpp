// The wrappers of data sets, templates, post-processors and metrics (model.cpp has the models').
#include "components.hpp"
#include <bit>
#include <cmath>
#include <fmt/format.h>
#include "call.hpp"

namespace sextant::plugin {
namespace {

constexpr uint64_t records_max = uint64_t{1} << 32;  // a count beyond it is a mistake, and must not become an allocation

/// A quiet NaN with a payload of its own: where it is still there after a call, the plugin wrote nothing.
constexpr uint64_t unset_bits = 0x7FF8'5E87'A270'0001;

std::vector<sxt_judged> borrow_all(std::span<const Judged> samples) {
  std::vector<sxt_judged> out;
  out.reserve(samples.size());
  for (const Judged& sample : samples)
    out.push_back({borrow(sample.prediction), borrow(sample.reference_json), borrow(sample.record_json)});
  return out;
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
      borrow(item.record_json), shots.data(), shots.size(), borrow(item.output_column), item.generate ? 1u : 0u, 0};
  Texts texts(object_.name(), "render", 1);
  SXT_CHECK(guarded(object_.name(), "render",
                    [&](sxt_error* e) { return table_->render(object_.get(), &borrowed, 1, texts.sink(), e); }));
  return take_object(texts, object_.name(), "render");
}

Result<std::vector<std::string>> Postprocessor::apply(std::span<const std::string> texts) {
  SXT_NEED(table_, apply, object_.name());
  std::vector<sxt_str> borrowed;
  for (const std::string& text : texts) borrowed.push_back(borrow(text));
  Texts out(object_.name(), "apply", texts.size());
  SXT_CHECK(guarded(object_.name(), "apply", [&](sxt_error* e) {
    return table_->apply(object_.get(), borrowed.data(), borrowed.size(), out.sink(), e);
  }));
  SXT_TRY(std::vector<std::string> results, out.take_or_empty());
  for (std::string& result : results) result = repair_utf8(result);
  return results;
}

Result<std::vector<double>> Metric::score(std::span<const Judged> samples) {
  SXT_NEED(table_, score, object_.name());
  const auto borrowed = borrow_all(samples);
  std::vector<double> scores(samples.size(), std::bit_cast<double>(unset_bits));
  SXT_CHECK(guarded(object_.name(), "score", [&](sxt_error* e) {
    return table_->score(object_.get(), borrowed.data(), borrowed.size(), scores.data(), e);
  }));
  for (size_t i = 0; i < scores.size(); ++i) {
    if (std::bit_cast<uint64_t>(scores[i]) == unset_bits)
      return misbehaved(object_.name(), fmt::format("gave no score for sample {} of {}", i, scores.size()));
    if (std::isinf(scores[i])) return misbehaved(object_.name(), fmt::format("gave an infinite score for sample {}", i));
  }
  return scores;
}

Result<std::optional<json::Document>> Metric::aggregate(std::span<const Judged> samples, std::span<const double> scores) {
  if (!table_ || !SXT_HAS(table_, aggregate)) return std::optional<json::Document>();
  const auto borrowed = borrow_all(samples);
  Texts texts(object_.name(), "aggregate", 1);
  SXT_CHECK(guarded(object_.name(), "aggregate", [&](sxt_error* e) {
    return table_->aggregate(object_.get(), borrowed.data(), scores.data(), borrowed.size(), texts.sink(), e);
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
