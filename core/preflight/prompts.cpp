#include "prompts.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>
#include <sextant/plain_text.hpp>
#include "../base/text.hpp"
#include "../config/option_columns.hpp"
#include "../config/perturb.hpp"
#include "../load/columns.hpp"
#include "../serve/dataset_feed.hpp"
#include "../serve/dataset_task.hpp"
#include "../serve/judge_task.hpp"

namespace sextant::preflight {
namespace {

// Tokens that a question may have less where it stands in its prompt than alone: a sample is refused only where it cannot fit.
constexpr size_t seam_tokens = 8;
constexpr size_t golds_max = 2000;        // answers that are counted in tokens

// All that a model is shown of a row.
std::string text_of(const data::Prompts& prompts) {
  std::string out;
  for (const data::Prompt& prompt : prompts.prompts) out += prompt.text.str() + '\n';
  for (const data::Continuation& one : prompts.continuations) out += one.text.str() + '\n';
  return out.find_first_not_of('\n') == out.npos ? std::string() : out;
}

// Labels whose texts are the same score the same, and the first of them always wins.
std::string alike_labels(const serve::Prepared& prepared, data::Form form) {
  if (form != data::Form::labels && form != data::Form::cloze) return "";
  std::map<std::string, std::string> labels;  // by text
  size_t count = 0;
  const auto twin_of = [&](const std::string& label, const std::string& text) {
    ++count;
    const auto [it, fresh] = labels.emplace(text, label);
    return fresh ? std::string()
                 : fmt::format("the labels {} and {} have the same text, so that {} is never chosen", it->second, label, label);
  };
  std::string found;
  for (const data::Prompt& prompt : form == data::Form::labels ? prepared.prompts.prompts : std::vector<data::Prompt>())
    if (found.empty()) found = twin_of(prompt.label, prompt.text.str());
  for (const data::Continuation& one : prepared.prompts.continuations)
    if (found.empty()) found = twin_of(one.label, one.text.str());
  return found.empty() && count == 1 ? "there is one label, which is always chosen" : found;
}

// Options that a set of letters has and its prompts do not show: nobody can choose them for what they say.
class UnshownOptions {
 public:
  explicit UnshownOptions(const config::DatasetConfig& dataset)
      : columns_(config::option_columns(dataset)), seen_(data_options_max), missing_(data_options_max) {}

  void look_at(const std::string& record_json, const data::Prompts& prompts) {
    const auto record = columns_.empty() ? Result<json::Document>(Error{}) : json::parse(record_json, "record");
    if (!record) return;
    std::string shown = text_of(prompts);
    for (const data::Prompt& prompt : prompts.prompts)
      for (const data::Message& message : prompt.messages) shown += message.text() + '\n';
    for (size_t k = 0; k < data_options_max; ++k) {
      const std::string_view option = option_at(*record, k);
      if (option.empty()) continue;
      ++seen_[k];
      missing_[k] += shown.find(option) == shown.npos;
    }
  }
  /// Those that no prompt shows, "C, D".
  std::string all() const {
    std::vector<std::string> names;
    for (size_t k = 0; k < data_options_max; ++k)
      if (seen_[k] > 0 && missing_[k] == seen_[k]) names.push_back(columns_.size() > 1 ? columns_[k] : std::string(1, static_cast<char>('A' + k)));
    return join(names, ", ");
  }
  bool shows_some() const {
    for (size_t k = 0; k < data_options_max; ++k)
      if (missing_[k] < seen_[k]) return true;
    return false;
  }

 private:
  static constexpr size_t data_options_max = 26;
  std::string_view option_at(const json::Value& record, size_t k) const {
    const json::Value* value = nullptr;
    if (columns_.size() > 1) value = k < columns_.size() ? json::find(record, columns_[k]) : nullptr;
    else if (const json::Value* list = json::find(record, columns_.front()); list && list->IsArray() && k < list->Size())
      value = &(*list)[static_cast<rapidjson::SizeType>(k)];
    return value && value->IsString() ? text::strip(json::text(*value), " \t\r\n") : std::string_view();
  }
  const std::vector<std::string> columns_;
  std::vector<uint64_t> seen_, missing_;  // [option] rows that have it, and of these those that do not show it
};

void check_options(const config::DatasetConfig& dataset, const UnshownOptions& unshown, Findings& findings) {
  const std::string names = unshown.all();
  if (names.empty()) return;
  if (!config::is_variant(dataset))
    return findings.warn(dataset.task_name,
                         fmt::format("{}: no prompt shows {}, which the answers may name: who is asked cannot know what they stand for; "
                                     "write {{choice_lines}}, or their columns in braces, into the template",
                                     dataset.task_name, unshown.shows_some() ? fmt::format("the options {}", names) : "the options"));
  if (config::perturbation_of(dataset).kind == "option_order" && !unshown.shows_some())
    findings.refuse(dataset.task_name,
                    {Error::Kind::config,
                     fmt::format("{}: no prompt shows the options, so that their order changes nothing but the answers; show them, or leave "
                                 "option_order out of --perturb",
                                 dataset.task_name)});
}

// How the first requests of an attempt draw; they are made, so that what an inferencer refuses is known.
struct Drawing {
  bool any = false;
  std::optional<float> temperature;  // of the last that generates
};
Result<Drawing> try_step(const serve::ModelSession& session, const infer::Inferencer& inferencer,
                         const serve::Prepared& prepared, const infer::Settings& settings) {
  SXT_TRY(const infer::Step step, inferencer.step({prepared.sample, prepared.prompts, settings}, {}));
  Drawing out;
  for (const data::Request& request : step.ask) SXT_CHECK(session.check(request));
  for (const data::Request& request : step.ask)
    if (request.sampling) {
      out.temperature = request.sampling->temperature;
      out.any = out.any || request.sampling->temperature > 0;
    }
  return out;
}

// Attempts that must come to the same, and a temperature that a card's own beats. Models behind servers, and replies from files,
// may differ all the same.
void check_drawing(const serve::ModelSession& session, const config::DatasetConfig& dataset, float asked, const Drawing& drawing,
                   Findings& findings) {
  if (session.depends_on_sample()) return;
  const config::ModelConfig& model = session.config();
  const bool given = model.generation.temperature || model.generation.do_sample;
  if (given && drawing.temperature && asked != *drawing.temperature)
    findings.warn(dataset.task_name, fmt::format("{}: the temperature {} that was asked for changes nothing, since its card says "
                                                 "{}; --set infer.inferencer.temperature={} does",
                                                 dataset.task_name, asked, *drawing.temperature, asked));
  if (dataset.repeats < 2 || drawing.any || model.path.empty()) return;
  findings.warn(dataset.task_name,
                fmt::format("{}: its {} attempts of a sample are the same, since {}", dataset.task_name, dataset.repeats,
                            drawing.temperature ? "replies are greedy; give --generation-kwargs temperature=T, or --repeat 1"
                                                : "nothing is drawn where a model scores; give --repeat 1"));
}

// A prompt loses examples, then text from the left; the question itself is never cut, so that a sample whose question is too
// long fails.
Result<void> check_question(serve::ModelSession& session, const serve::Prepared& prepared, data::Form form,
                            const config::RunConfig& run, uint32_t max_out_len, Findings& findings, bool& ret_too_long) {
  const uint32_t context = session.context_length();
  if (context == 0 || config::is_opencompass(run.compat) || prepared.prompts.prompts.empty()) return {};
  const uint32_t room = form == data::Form::open ? context - std::min(context, max_out_len) : context;
  const data::Prompt& prompt = prepared.prompts.prompts.front();
  const std::string text = prompt.text.str();
  const std::string question = text.substr(text.size() - std::min(text.size(), prompt.question_bytes));
  if (room == 0 || question.size() <= room) return {};  // that no question fits is said of the lengths
  SXT_TRY(const std::vector<uint32_t> counts, session.count_tokens({question}, true));
  ret_too_long = counts.front() > room + seam_tokens;
  if (ret_too_long)
    findings.warn(
        "", fmt::format("{}: sample {} will fail on {}, and others may: its question alone has {} tokens, and the context of "
                        "{} leaves room for {}; give a greater "
                        "--max-seq-len or a smaller --max-out-len, or leave the row out with --exclude",
                        prepared.sample.id.task, prepared.sample.id.row, session.config().abbr, counts.front(), context, room));
  return {};
}

// Where a reply is cut before it can hold the answer, the score says nothing of the model.
void check_golds(serve::ModelSession& session, const config::DatasetConfig& dataset, const std::vector<std::string>& golds,
                 uint32_t max_out_len, Findings& findings) {
  std::vector<std::string> texts;
  for (const std::string& gold : golds)
    if (gold.size() > max_out_len && texts.size() < golds_max) texts.push_back(gold);
  if (texts.empty()) return;
  const auto counts = session.count_tokens(texts, true);
  if (!counts) return;
  const auto longer = std::count_if(counts->begin(), counts->end(), [&](uint32_t n) { return n > max_out_len; });
  if (longer > 0)
    findings.warn(
        dataset.task_name,
        fmt::format(
            "{}: {} answers are longer than a reply of max_out_len {} tokens can be (the longest has {}), and cannot be given "
            "whole; raise --max-out-len",
            dataset.task_name, longer, max_out_len, *std::max_element(counts->begin(), counts->end())));
}

// Votes on numbers where the answers are letters: no reply has a vote, and the first one would count.
void check_votes(const config::DatasetConfig& dataset, const Rows& rows, Findings& findings) {
  if (dataset.inferencer.id != "self_consistency" || rows.letters.empty()) return;
  const auto config = json::parse(dataset.inferencer.config, dataset.card_path);
  if (config && json::find_string(*config, "answer").value_or("last_number") != "last_number") return;
  findings.of_dataset(dataset.task_name,
                      {Error::Kind::config,
                       fmt::format("{}: the answers are letters, and self_consistency reads votes as the last number of a reply: no "
                                   "reply would have a vote; give --set 'infer.inferencer.answer=\\b([A-Z])\\b', another "
                                   "pattern, or last_line",
                                   dataset.task_name)});
}

// The letters that the set's post-processor reads ("options" of its settings, or of its schema), or "": it has no such setting.
std::string letters_read(plugin::Host& host, const config::DatasetConfig& dataset) {
  if (dataset.filters.empty() || dataset.filters.front().postprocessors.empty()) return "";
  const config::PluginChoice& choice = dataset.filters.front().postprocessors.back();
  const auto found = host.registry().find(plugin::Kind::postprocessor, choice.id);
  if (!found) return "";
  const auto schema = json::parse(found->component->schema, choice.id), config = json::parse(choice.config, choice.id);
  const json::Value* properties = schema ? json::find(*schema, "properties") : nullptr;
  const json::Value* options = properties ? json::find(*properties, "options") : nullptr;
  if (!options || !config || json::find_string(*options, "pattern") != "^[A-Z]+$") return "";
  const std::string letters =
      json::find_string(*config, "options").value_or(json::find_string(*options, "default").value_or(""));
  return std::all_of(letters.begin(), letters.end(), [](char c) { return c >= 'A' && c <= 'Z'; }) ? letters : "";
}

// An answer that the post-processor never gives can never be right.
void check_letters(plugin::Host& host, const config::DatasetConfig& dataset, const Rows& rows, Findings& findings) {
  const std::string letters = rows.letters.empty() ? "" : letters_read(host, dataset);
  if (letters.empty()) return;
  uint64_t outside = 0;
  std::string first;
  for (const auto& [gold, count] : rows.letters)
    if (gold.find_first_not_of(letters) != gold.npos) {
      if (outside == 0) first = gold;
      outside += count;
    }
  if (outside > 0)
    findings.warn(dataset.task_name, fmt::format("{}: {} of {} answers of the data, such as {}, are not among the letters {} "
                                                 "that {} reads, and can never be right; give it "
                                                 "\"options\"",
                                                 dataset.task_name, outside, rows.count, first, letters,
                                                 dataset.filters.front().postprocessors.back().id));
}

// "{predicton}" would be sent to the judge as it stands. How many turns there will be is not known yet.
Result<void> check_judge_placeholders(plugin::Host& host, const config::DatasetConfig& dataset,
                                      const config::PluginChoice& choice, const std::string& record_json) {
  if (!host.says(plugin::Kind::template_, choice.id, "x-placeholders")) return {};
  SXT_TRY(const json::Document config, json::parse(choice.config, dataset.card_path));
  SXT_TRY(const json::Document record, json::parse(record_json, dataset.card_path));
  std::vector<std::string> paths = load::placeholders_of(config).everywhere;
  std::erase_if(paths,
                [](const std::string& path) { return path.starts_with("prediction_r") || path.starts_with("prediction2_r"); });
  const std::string made[] = {"choice_lines"};
  return load::check_placeholders(paths, record, dataset.task_name, "what a judge is shown", made);
}

// The row as a judge is shown it, before there is an answer: members that are filled in then are empty.
std::string shown_to_judge(const config::RunConfig& run, const config::DatasetConfig& dataset, const load::Row& row,
                           bool meta) {
  data::Attempt attempt;
  attempt.record_json = row.record_json;
  attempt.target_json = "\"\"";
  attempt.turns.resize(serve::shown_turns);  // how many there will be is not known; a template may name them
  const bool with_thinking = run.compat != config::Compat::none;
  std::string record =
      dataset.judge->pairs ? serve::judged_pair(attempt, attempt, with_thinking) : serve::judged_record(attempt, with_thinking);
  if (!meta) return record;
  auto shown = json::parse(record, dataset.card_path);
  if (!shown) return record;
  for (size_t i = 0; i < config::judges_of(*dataset.judge).size(); ++i)
    json::set(*shown, serve::judgement_name(i), "", shown->GetAllocator());
  return json::write(*shown);
}

// A judge that is not shown what it judges says something of the question. Columns may hold placeholders, too (FollowBench).
void check_shows_answers(const config::DatasetConfig& dataset, const Rows& rows, Findings& findings) {
  const bool pairs = dataset.judge->pairs;
  for (const std::string member : {"prediction", "prediction2"}) {
    const auto names = [&](const std::string& text) { return text.find(member) != text.npos; };
    if ((!pairs && member == "prediction2") || names(dataset.judge->template_.config)) continue;
    const auto shown = [&](const load::Row& row) { return names(row.record_json); };
    if (std::any_of(rows.chosen.begin(), rows.chosen.end(), shown)) continue;
    findings.warn(dataset.task_name,
                  fmt::format("{}: eval.judge.template does not show {{{}}}, so that the judge does not see {}", dataset.card_path,
                              member, pairs ? "one of the answers" : "the answer"));
  }
}

// Log-probabilities are wanted of a model that gives none.
bool can_be_asked(const serve::ModelSession& session, data::Form form, const std::string& inferencer, Findings& findings) {
  if (session.cannot_score().empty() || form == data::Form::open) return true;
  findings.refuse(
      "", {Error::Kind::device, fmt::format("{}: {}, which {} needs; leave such data sets out, or name a model that gives them",
                                            session.config().abbr, session.cannot_score(), inferencer)});
  return false;
}

// min_out_len > max_out_len, and a reply that leaves no room for a prompt. `context`: 0: not known.
void check_lengths(const config::ModelConfig& model, uint32_t context, const config::RunConfig& run, data::Form form,
                   const config::Inferencer& inferencer, const std::string& card_path, Findings& findings) {
  if (form != data::Form::open) return;
  const uint32_t most = serve::max_out_len(inferencer, model);
  const std::string by = inferencer.max_out_len ? fmt::format(" of {}", card_path) : "";
  if (model.min_out_len > most)
    findings.refuse("",
                    {Error::Kind::config, fmt::format("{}: min_out_len is {}, and max_out_len{} is {}; a reply cannot be both",
                                                      model.abbr, model.min_out_len, by, most)});
  if (context > 0 && most >= context && !config::is_opencompass(run.compat))
    findings.refuse("", {Error::Kind::config,
                         fmt::format("{}: a reply of max_out_len{} {} tokens leaves no room for a prompt in the context of {} "
                                     "tokens; give --max-out-len "
                                     "less{}",
                                     model.abbr, by, most, context, model.max_seq_len ? ", or --max-seq-len more" : "")});
}

}  // namespace

void check_prompts(plugin::Host& host, serve::ModelSession& session, const config::RunConfig& run,
                   const config::DatasetConfig& dataset, const Rows& rows, Findings& findings) {
  const auto inferencer = serve::open_inferencer(host, dataset.inferencer, dataset.card_path);
  if (!inferencer) return;                // it has been said
  const data::Form form = (*inferencer)->form();
  if (!can_be_asked(session, form, dataset.inferencer.id, findings)) return;
  const uint32_t max_out_len = serve::max_out_len(dataset.inferencer, session.config());
  check_lengths(session.config(), session.context_length(), run, form, dataset.inferencer, dataset.card_path, findings);
  serve::Retrieved stand_in;
  stand_in.planned = true;
  serve::DatasetFeed feed(host, session, dataset, run, form, &stand_in);
  if (const auto opened = feed.open(rows.data); !opened) return findings.of_dataset(dataset.task_name, opened.error());
  const infer::Settings settings = serve::settings_of(dataset.inferencer, session, run);
  std::set<std::string> texts, records;
  std::string alike;
  bool too_long = false;
  std::optional<Error> broke;  // a component broke on a row: that costs the row, and the set only where it breaks on all
  UnshownOptions unshown(dataset);
  for (const load::Row& row : rows.chosen) {
    auto item = feed.only(row.index);
    if (!item) continue;
    auto fine = [&]() -> Result<void> {
      SXT_TRY(const serve::Prepared prepared, std::move(item->prepared));
      SXT_TRY(const Drawing drawing, try_step(session, **inferencer, prepared, settings));
      if (texts.empty()) check_drawing(session, dataset, settings.sampling.temperature, drawing, findings);
      texts.insert(text_of(prepared.prompts));
      records.insert(row.record_json);
      unshown.look_at(row.record_json, prepared.prompts);
      if (alike.empty() && !(alike = alike_labels(prepared, form)).empty())
        findings.warn(dataset.task_name, fmt::format("{}: in row {} {}; correct the template, or the row's options",
                                                     dataset.task_name, row.index, alike));
      if (too_long) return {};
      return check_question(session, prepared, form, run, max_out_len, findings, too_long);
    }();
    if (fine) continue;
    if (fine.error().kind != Error::Kind::internal) return findings.of_dataset(dataset.task_name, fine.error());
    broke = fine.error();
  }
  constexpr size_t others_max = 8;
  for (size_t i = 0; broke && texts.empty() && i < others_max; ++i) {
    const auto other = feed.next();
    if (!other) break;
    if (other->prepared) texts.insert(text_of(other->prepared->prompts));
  }
  if (broke && texts.empty()) return findings.of_dataset(dataset.task_name, *broke);
  if (records.size() > 1 && texts.size() == 1 && !texts.begin()->empty())
    findings.warn(dataset.task_name, fmt::format("{}: every row is asked with the same prompt, since the template shows "
                                                 "nothing in which rows differ; write the columns' names in "
                                                 "braces into it",
                                                 dataset.task_name));
  if (!rows.letters.empty() && (form == data::Form::open || form == data::Form::labels)) check_options(dataset, unshown, findings);
  if (form == data::Form::open) check_letters(host, dataset, rows, findings);
  check_votes(dataset, rows, findings);
  if (form == data::Form::open) check_golds(session, dataset, rows.golds, max_out_len, findings);
}

void check_judged_rows(plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset, const Rows& rows,
                       Findings& findings) {
  const config::Judge& judge = *dataset.judge;
  check_shows_answers(dataset, rows, findings);
  for (const load::Row& row : rows.chosen) {
    auto fine = [&]() -> Result<void> {
      SXT_TRY(const json::Document record, json::parse(row.record_json, dataset.card_path));
      for (const std::string& column : judge.by)
        if (!json::find(record, column))
          return Error{Error::Kind::config,
                       fmt::format("{}: eval.judge.by names the column '{}', which row {} does not have; correct it",
                                   dataset.card_path, column, row.index)};
      SXT_CHECK(check_judge_placeholders(host, dataset, judge.template_, shown_to_judge(run, dataset, row, false)));
      if (!judge.meta.empty())
        SXT_CHECK(check_judge_placeholders(host, dataset, judge.meta_template, shown_to_judge(run, dataset, row, true)));
      return {};
    }();
    if (!fine) return findings.of_dataset(dataset.task_name, fine.error());
  }
}

void check_judge_prompts(plugin::Host& host, serve::ModelSession& session, const config::RunConfig& run,
                         const config::DatasetConfig& dataset, const Rows& rows, Findings& findings) {
  const config::Judge& judge = *dataset.judge;
  const config::Inferencer asked = config::inferencer_of(judge);
  const auto inferencer = serve::open_inferencer(host, asked, dataset.card_path);
  if (!inferencer) return;
  const data::Form form = (*inferencer)->form();
  if (!can_be_asked(session, form, asked.id, findings)) return;
  check_lengths(session.config(), session.context_length(), run, form, asked, dataset.card_path, findings);
  auto renderer = serve::Renderer::make(host, session, serve::judge_renderer_options(dataset, run, form, session.config()));
  if (!renderer) return;                  // the components were made before
  const infer::Settings settings = serve::settings_of(asked, session, run);
  for (const load::Row& row : rows.chosen) {
    auto fine = [&]() -> Result<void> {
      const std::string record = shown_to_judge(run, dataset, row, session.config().abbr == judge.meta);
      SXT_TRY(const serve::Prepared prepared, renderer->prepare({dataset.task_name, row.index, 0}, record, {}));
      SXT_CHECK(try_step(session, **inferencer, prepared, settings));
      return {};
    }();
    if (!fine) return findings.of_dataset(dataset.task_name, fine.error());
  }
}

}  // namespace sextant::preflight
