// ifeval: how many of a row's instructions, IFEval's or IFBench's, a reply follows. The row, or a reference that is an object, names them:
// {"instruction_id_list": ["punctuation:no_comma", ...], "kwargs": [{}, ...]}.
#include "ifbench.hpp"
#include "langdetect.hpp"
#include <fmt/format.h>
#include <sextant/sdk.hpp>

namespace {

using namespace sextant;

struct Followed {
  std::vector<bool> strict, loose;
  std::string missed;   // ids
};

struct IfEval : Metric {
  explicit IfEval(Context c) : Metric(std::move(c)) {
    if (const std::string folder = context.text("langdetect"); !folder.empty())
      tools.language = [found = or_throw(metric::ifeval::LangDetect::open(folder))](std::string_view reply) {
        return found->language_of(reply);
      };
    if (const std::string folder = context.text("punkt"); !folder.empty())
      tools.punkt = or_throw(metric::ifeval::Punkt::open(folder));
    if (const std::string folder = context.text("syllapy"); !folder.empty())
      tools.syllables = or_throw(metric::ifeval::Syllables::open(folder));
    if (const std::string folder = context.text("tagger"); !folder.empty())
      tools.tagger = or_throw(metric::ifeval::Tagger::open(folder));
    const json::Value* needs = json::find(context.config(), "needs");
    for (rapidjson::SizeType i = 0; needs && i < needs->Size(); ++i) {
      const std::string need(json::text((*needs)[i]));
      if ((need == "syllapy" && !tools.syllables) || (need == "tagger" && !tools.tagger))
        throw ConfigError("ifeval: the set's rows need \"" + need + "\", a folder (docs/extraction.md, IFBench); give it by --metric "
                          "'ifeval:{\"" + need + "\": \"DIR\"}', or take the set's variant without those rows");
    }
  }
  static constexpr bool has_aggregate = true;

  Scored judge(const Judged& sample) override {
    const Followed followed = read(sample);
    const auto all = [](const std::vector<bool>& of) {
      return std::all_of(of.begin(), of.end(), [](bool one) { return one; }) ? 1.0 : 0.0;
    };
    const auto share = [](const std::vector<bool>& of) {
      return of.empty() ? 1.0 : static_cast<double>(std::count(of.begin(), of.end(), true)) / static_cast<double>(of.size());
    };
    return {{{"prompt_level_strict_acc", all(followed.strict)},
             {"inst_level_strict_acc", share(followed.strict)},
             {"prompt_level_loose_acc", all(followed.loose)},
             {"inst_level_loose_acc", share(followed.loose)}},
            {},
            followed.missed.empty() ? "" : "not followed: " + followed.missed};
  }

  /// Instructions count alike, whatever prompt they stand in.
  std::string aggregate(std::span<const Judged> samples, std::span<const double>) override {
    size_t prompts[2] = {}, instructions[2] = {}, all = 0;
    for (const Judged& sample : samples) {
      const Followed followed = read(sample);
      all += followed.strict.size();
      for (const auto& [k, of] : {std::pair{0, &followed.strict}, {1, &followed.loose}}) {
        const auto count = static_cast<size_t>(std::count(of->begin(), of->end(), true));
        instructions[k] += count;
        prompts[k] += count == of->size();
      }
    }
    const auto percent = [](size_t part, size_t whole) {
      return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
    };
    return fmt::format(
        R"({{"prompt_level_strict_acc": {}, "inst_level_strict_acc": {}, "prompt_level_loose_acc": {}, "inst_level_loose_acc": {}}})",
        percent(prompts[0], samples.size()), percent(instructions[0], all), percent(prompts[1], samples.size()),
        percent(instructions[1], all));
  }

 private:
  Followed read(const Judged& sample) const {
    json::Document row = or_throw(json::parse(sample.record_json, "record"));
    if (!json::find(row, "instruction_id_list")) row = or_throw(json::parse(sample.reference_json, "reference"));
    const json::Value *ids = json::find(row, "instruction_id_list"), *kwargs = json::find(row, "kwargs");
    if (!ids || !ids->IsArray())
      throw DataError("ifeval: the row has no list \"instruction_id_list\"; the metric is for IFEval's rows");
    if (!kwargs || !kwargs->IsArray() || kwargs->Size() != ids->Size())
      throw DataError("ifeval: \"kwargs\" must be a list with as many members as \"instruction_id_list\"");
    Followed out;
    const std::vector<std::string> readings = metric::ifeval::loose_readings(sample.prediction);
    for (rapidjson::SizeType i = 0; i < ids->Size(); ++i) {
      const std::string id = (*ids)[i].IsString() ? std::string(json::text((*ids)[i])) : "";
      const metric::ifeval::Check* check = check_of(id);
      if (!check)
        throw DataError("ifeval: there is no instruction \"" + id + "\"; IFEval's 25 and IFBench's 58 are in docs/extraction.md");
      const metric::ifeval::Arguments given(id, (*kwargs)[i], tools);
      // an empty reply follows nothing
      const auto follows = [&](std::string_view reply) {
        return !text::strip(reply).empty() && or_throw((*check)(reply, given));
      };
      out.strict.push_back(follows(sample.prediction));
      out.loose.push_back(out.strict.back() || std::any_of(readings.begin() + 1, readings.end(), follows));
      if (!out.strict.back()) out.missed += (out.missed.empty() ? "" : ", ") + id;
    }
    return out;
  }

  static const metric::ifeval::Check* check_of(const std::string& id) {
    for (const auto* table : {&metric::ifeval::checkers(), &metric::ifeval::ifbench_checkers()})
      if (const auto it = table->find(id); it != table->end()) return &it->second;
    return nullptr;
  }

  metric::ifeval::Tools tools;
};

// A row's instructions stand in place of an answer, and no reply repeats them: so check is told.
constexpr const char* schema =
    R"({"type": "object", "additionalProperties": false, "x-reference-is-no-reply": true, "properties": {
  "langdetect": {"type": "string", "minLength": 1,
    "description": "the folder of PyPI's package langdetect: languages are told by its profiles and algorithm, with seed 0, as IFEval's own program does; left out: by script and frequent words"},
  "punkt": {"type": "string", "minLength": 1,
    "description": "tokenizers/punkt_tab/english of NLTK's data: sentences by its model, as the published programs count them; left out: the same algorithm with a list of abbreviations of our own, and IFEval's by other rules"},
  "syllapy": {"type": "string", "minLength": 1,
    "description": "the folder of PyPI's package syllapy, whose list of words IFBench's words:odd_even_syllables counts by; without it that instruction is refused"},
  "tagger": {"type": "string", "minLength": 1,
    "description": "taggers/averaged_perceptron_tagger_eng of NLTK's data, which says for IFBench's words:start_verb whether a word is a verb; without it that instruction is refused"},
  "needs": {"type": "array", "items": {"enum": ["syllapy", "tagger"]},
    "description": "what the set's rows cannot do without: refused before a model is asked"}}})";

}  // namespace

SEXTANT_PLUGIN(sextant::component<IfEval>(
    {.id = "ifeval",
     .summary = "IFEval and IFBench: which of a row's instructions a reply follows, strictly and loosely",
     .schema = schema,
     .facts =
         R"({"values": [{"name": "prompt_level_strict_acc", "range": [0, 1]}, {"name": "inst_level_strict_acc", "range": [0, 1]},
                             {"name": "prompt_level_loose_acc", "range": [0, 1]}, {"name": "inst_level_loose_acc", "range": [0, 1]}]})"}))
