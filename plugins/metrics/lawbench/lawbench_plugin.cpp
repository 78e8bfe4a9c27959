// labels_f1, labels_right, fields_f1, items_f1, articles_f1 and prison_term: how LawBench scores its tasks of labels, fields, spans, articles and
// terms.
#include "lawbench.hpp"
#include <charconv>
#include <sextant/sdk.hpp>
#include "../../text/compat.hpp"
#include "../../text/references.hpp"

namespace {

using namespace sextant;
namespace lawbench = sextant::metric::lawbench;

struct LawMetric : Metric {
  using Metric::Metric;

 protected:
  std::vector<std::string> texts(const char* key) const {
    std::vector<std::string> out;
    if (const json::Value* list = json::find(context.config(), key))
      for (const auto& one : list->GetArray()) out.emplace_back(json::text(one));
    return out;
  }
  // The references as a list.
  static std::vector<std::string> answers(const Judged& sample) {
    return or_throw(metric::answers_of(sample.reference_json, sample.reference));
  }
  const bool opencompass = text::is_opencompass(context.text("compat"));
};

struct LabelsF1 : LawMetric {
  explicit LabelsF1(Context c) : LawMetric(std::move(c)), labels(texts("labels")) {}
  double score(const Judged& sample) override {
    return lawbench::f1_of_sets(lawbench::labels_in(sample.prediction, labels, opencompass), answers(sample));
  }
  const std::vector<std::string> labels;
};

struct LabelsRight : LabelsF1 {
  using LabelsF1::LabelsF1;
  double score(const Judged& sample) override { return LabelsF1::score(sample) == 1 ? 1 : 0; }
};

struct FieldsF1 : LawMetric {
  explicit FieldsF1(Context c) : LawMetric(std::move(c)), fields(texts("fields")) {}
  double score(const Judged& sample) override { return lawbench::fields_score(sample.prediction, sample.reference, fields); }
  const std::vector<std::string> fields;
};

struct ItemsF1 : LawMetric {
  using LawMetric::LawMetric;
  double score(const Judged& sample) override { return lawbench::items_score(sample.prediction, sample.reference); }
};

struct ArticlesF1 : LawMetric {
  using LawMetric::LawMetric;
  double score(const Judged& sample) override {
    return lawbench::f1_of_sets(lawbench::articles_in(sample.prediction, opencompass), answers(sample));
  }
};

struct PrisonTerm : LawMetric {
  using LawMetric::LawMetric;
  double score(const Judged& sample) override {
    uint64_t wanted = 0;
    const char* const end = sample.reference.data() + sample.reference.size();
    if (std::from_chars(sample.reference.data(), end, wanted).ptr != end || sample.reference.empty())
      throw DataError("prison_term: the reference '" + sample.reference + "' is no number of months; leave the row out or mend it");
    return lawbench::term_score(lawbench::months_in(sample.prediction, opencompass), wanted);
  }
};

constexpr const char* labels_schema = R"({"type": "object", "additionalProperties": false, "required": ["labels"], "properties": {
  "labels": {"type": "array", "items": {"type": "string"}, "minItems": 1, "description": "what a reply may name"},
  )" SXT_COMPAT_SCHEMA "}}";
constexpr const char* fields_schema = R"({"type": "object", "additionalProperties": false, "required": ["fields"], "properties": {
  "fields": {"type": "array", "items": {"type": "string"}, "minItems": 1, "description": "the names that a reply may give values to"},
  )" SXT_COMPAT_SCHEMA "}}";
constexpr const char* compat_schema = R"({"type": "object", "additionalProperties": false, "properties": {)" SXT_COMPAT_SCHEMA "}}";

}  // namespace

SEXTANT_PLUGIN(
    sextant::component<LabelsF1>({.id = "labels_f1",
                                  .summary = "F1 of the labels that a reply names, of a list of labels, and the reference's",
                                  .schema = labels_schema,
                                  .facts = R"({"values": [{"name": "labels_f1", "range": [0, 1]}]})"}),
    sextant::component<LabelsRight>({.id = "labels_right",
                                     .summary = "1 where a reply names the reference's labels, of a list of labels, and no others",
                                     .schema = labels_schema,
                                     .facts = R"({"values": [{"name": "labels_right", "range": [0, 1]}]})"}),
    sextant::component<FieldsF1>({.id = "fields_f1",
                                  .summary = "F1 of fields (name:value), their values compared by letters in common",
                                  .schema = fields_schema,
                                  .facts = R"({"values": [{"name": "fields_f1", "range": [0, 1]}]})"}),
    sextant::component<ItemsF1>({.id = "items_f1",
                                 .summary = "F1 of items with semicolons between, compared in order by letters in common",
                                 .schema = compat_schema,
                                 .facts = R"({"values": [{"name": "items_f1", "range": [0, 1]}]})"}),
    sextant::component<ArticlesF1>({.id = "articles_f1",
                                    .summary = "F1 of the numbers of a law's articles, in Chinese or Arabic digits",
                                    .schema = compat_schema,
                                    .facts = R"({"values": [{"name": "articles_f1", "range": [0, 1]}]})"}),
    sextant::component<PrisonTerm>({.id = "prison_term",
                                    .summary = "how near a prison term comes to the reference's months, by logarithms",
                                    .schema = compat_schema,
                                    .facts = R"({"values": [{"name": "prison_term"}]})"}))
