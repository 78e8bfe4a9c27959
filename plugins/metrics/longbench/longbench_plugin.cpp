// numbers_right, classes_right and code_line: how LongBench scores counting, retrieval, classification and code completion.
#include "longbench.hpp"
#include <sextant/sdk.hpp>
#include "../../text/compat.hpp"
#include "../../text/references.hpp"

namespace {

using namespace sextant;

// The best of the answers.
template <class Score>
double best(const Judged& sample, const char* id, const Score& score) {
  const auto answers = or_throw(metric::answers_of(sample.reference_json, sample.reference));
  if (answers.empty())
    throw DataError(std::string(id) + ": the reference is an empty list; leave the row out or mend its answers");
  double out = 0;
  for (const std::string& answer : answers) out = std::max(out, score(answer));
  return out;
}

struct NumbersRight : Metric {
  using Metric::Metric;
  double score(const Judged& sample) override {
    return best(sample, "numbers_right", [&](const std::string& answer) { return metric::numbers_right(sample.prediction, answer); });
  }
};

/// {"answers": ["..."], "all_classes": ["...", ...]}
struct ClassesRight : Metric {
  using Metric::Metric;
  double score(const Judged& sample) override {
    const json::Document reference = or_throw(json::parse(sample.reference_json, "reference"));
    const json::Value* answers = json::find(reference, "answers");
    const json::Value* all = json::find(reference, "all_classes");
    if (!answers || !answers->IsArray() || answers->Empty() || !all || !all->IsArray() || all->Empty())
      throw DataError("classes_right: a reference must be {\"answers\": [...], \"all_classes\": [...]}, neither of them empty");
    const auto texts = [](const json::Value& list) {
      std::vector<std::string> out;
      for (const auto& item : list.GetArray()) {
        if (!item.IsString()) throw DataError("classes_right: answers and classes must be texts");
        out.emplace_back(json::text(item));
      }
      return out;
    };
    const std::vector<std::string> classes = texts(*all);
    double out = 0;
    for (const std::string& answer : texts(*answers))
      out = std::max(out, metric::classes_right(sample.prediction, classes, answer, opencompass));
    return out;
  }
  const bool opencompass = text::is_opencompass(context.text("compat"));
};

struct CodeLine : Metric {
  using Metric::Metric;
  double score(const Judged& sample) override {
    const std::string_view line = metric::first_code_line(sample.prediction);
    if (text::alignment_words(line.size(), sample.reference.size()) > text::alignment_words_max)
      throw DataError("a first line of " + std::to_string(line.size()) + " bytes and a reference of " +
                      std::to_string(sample.reference.size()) + " are too long to be compared; cut the replies (--max-out-len)");
    return best(sample, "code_line", [&](const std::string& answer) { return metric::similarity(line, answer, opencompass); });
  }
  const bool opencompass = text::is_opencompass(context.text("compat"));
};

constexpr const char* compat_schema = R"({"type": "object", "additionalProperties": false, "properties": {)" SXT_COMPAT_SCHEMA "}}";

}  // namespace

SEXTANT_PLUGIN(sextant::component<NumbersRight>({.id = "numbers_right",
                                                 .summary = "the share of a reply's numbers that are the reference's",
                                                 .facts = R"({"values": [{"name": "numbers_right", "range": [0, 1]}]})"}),
               sextant::component<ClassesRight>({.id = "classes_right",
                                                 .summary = "1 over the classes that a reply names, where the right one is among them",
                                                 .schema = compat_schema,
                                                 .facts = R"({"values": [{"name": "classes_right", "range": [0, 1]}]})"}),
               sextant::component<CodeLine>({.id = "code_line",
                                             .summary = "how like the reference a reply's first line of code is",
                                             .schema = compat_schema,
                                             .facts = R"({"values": [{"name": "code_line", "range": [0, 1]}]})"}))
