// mcc, macro_f1, binary_f1: what classification sets report in addition to accuracy.
#include <fmt/format.h>
#include <sextant/confusion.hpp>
#include <sextant/sdk.hpp>

namespace {

using namespace sextant;

struct Classes : Metric {
  using Metric::Metric;
  static constexpr bool has_aggregate = true;
  double score(const Judged& sample) override { return sample.prediction == sample.reference ? 1 : 0; }

 protected:
  static metric::Confusion confusion_of(std::span<const Judged> samples) {
    metric::Confusion out;
    for (const Judged& sample : samples) out.add(std::string(sample.prediction), sample.reference);
    return out;
  }
};

struct Mcc : Classes {
  using Classes::Classes;
  std::string aggregate(std::span<const Judged> samples, std::span<const double>) override {
    return fmt::format(R"({{"mcc": {}}})", 100 * confusion_of(samples).mcc());
  }
};

struct MacroF1 : Classes {
  explicit MacroF1(Context c) : Classes(std::move(c)) {
    if (const json::Value* list = json::find(context.config(), "labels"))
      for (const auto& label : list->GetArray()) labels.emplace_back(json::text(label));
  }
  std::string aggregate(std::span<const Judged> samples, std::span<const double>) override {
    const metric::Confusion confusion = confusion_of(samples);
    const std::vector<std::string> classes = labels.empty() ? confusion.meant() : labels;
    double macro = 0, weighted = 0, meant = 0;
    for (const std::string& name : classes) {
      const auto one = confusion.of(name);
      macro += one.f1 / static_cast<double>(classes.size());
      weighted += one.f1 * one.meant;
      meant += one.meant;
    }
    return fmt::format(R"({{"macro_f1": {}, "weighted_f1": {}, "micro_f1": {}}})", 100 * macro,
                       meant == 0 ? 0 : 100 * weighted / meant, 100 * confusion.micro_f1(classes));
  }
  std::vector<std::string> labels;
};

struct BinaryF1 : Classes {
  using Classes::Classes;
  std::string aggregate(std::span<const Judged> samples, std::span<const double>) override {
    const auto one = confusion_of(samples).of(context.text("positive"));
    if (one.meant == 0)
      throw DataError("binary_f1: no reference is the positive class \"" + context.text("positive") +
                      "\"; check the card's \"positive\"");
    return fmt::format(R"({{"binary_f1": {}, "precision": {}, "recall": {}}})", 100 * one.f1, 100 * one.precision,
                       100 * one.recall);
  }
};

constexpr const char* labels_schema = R"({"type": "object", "additionalProperties": false, "properties": {
  "labels": {"type": "array", "items": {"type": "string"}, "minItems": 1, "description": "the classes; by default those that references name"}}})";
constexpr const char* positive_schema =
    R"({"type": "object", "additionalProperties": false, "required": ["positive"], "properties": {
  "positive": {"type": "string", "description": "the class whose F1, precision and recall are meant"}}})";

}  // namespace

SEXTANT_PLUGIN(
    sextant::component<Mcc>({.id = "mcc",
                             .summary = "Matthews' correlation of answers and references, over the set",
                             .facts = R"({"values": [{"name": "mcc", "range": [-1, 1]}]})"}),
    sextant::component<MacroF1>(
        {.id = "macro_f1",
         .summary = "F1 by class: the mean, weighted by size, and over all together",
         .schema = labels_schema,
         .facts =
             R"({"values": [{"name": "macro_f1", "range": [0, 1]}, {"name": "weighted_f1", "range": [0, 1]}, {"name": "micro_f1", "range": [0, 1]}]})"}),
    sextant::component<BinaryF1>(
        {.id = "binary_f1",
         .summary = "F1, precision and recall of one class",
         .schema = positive_schema,
         .facts =
             R"({"values": [{"name": "binary_f1", "range": [0, 1]}, {"name": "precision", "range": [0, 1]}, {"name": "recall", "range": [0, 1]}]})"}))
