// A sound plugin made with the SDK, for the tests that need one: a configuration with every kind of key, a post-processor
// that shows what it was configured with, a metric with an aggregate of its own, a template.
#include <cmath>
#include <sextant/sdk.hpp>

namespace {

constexpr const char* schema = R"({
  "type": "object", "additionalProperties": false, "required": ["name"],
  "properties": {
    "name": {"type": "string", "minLength": 1, "description": "what to call it"},
    "mode": {"enum": ["fast", "exact"], "default": "fast"},
    "width": {"type": "integer", "minimum": 1, "maximum": 8, "default": 4},
    "nested": {"type": "object", "default": {}, "additionalProperties": false,
               "properties": {"depth": {"type": "integer", "default": 2}, "label": {"type": ["string", "null"]}}}
  }})";

struct Echo : sextant::Postprocessor {
  using Postprocessor::Postprocessor;
  std::string apply(std::string_view text) override { return std::string(text) + sextant::json::write(context.config()); }
};
struct Length : sextant::Metric {
  using Metric::Metric;
  static constexpr bool has_aggregate = true;
  double score(const sextant::Judged& sample) override {
    if (sample.prediction.empty()) return std::nan("");
    return static_cast<double>(sample.prediction.size()) - static_cast<double>(sample.reference.size());
  }
  std::string aggregate(std::span<const sextant::Judged> samples, std::span<const double>) override {
    return "{\"samples\": " + std::to_string(samples.size()) + "}";
  }
};
struct Plain : sextant::Template {
  using Template::Template;
  std::string render(const sxt_render_item& item) override {
    return R"({"pieces": [{"section": "round", "text": )" + sextant::json::quote(sextant::view(item.record_json)) + "}]}";
  }
};

}  // namespace

SEXTANT_PLUGIN(sextant::component<Echo>({.id = "echo", .summary = "the text and its configuration", .schema = schema}),
               sextant::component<Length>({.id = "length", .summary = "longer by so many bytes"}),
               sextant::component<Plain>({.id = "plain", .summary = "the record as it is"}))
