// "command": a program in any language as a component of any kind but a reporter or runner. What the core asks becomes lines of
// JSON (docs/protocol.md), and the answers what the ABI wants; program.hpp keeps the program alive.
#include <cstring>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <sextant/message_text.hpp>
#include <sextant/sdk.hpp>
#include "native_model.hpp"
#include "program.hpp"

namespace sextant::command {
namespace {

constexpr const char* kinds[] = {"",          "dataset", "template", "model",     "metric", "postprocessor",
                                 "retriever", "",        "",         "inferencer"};

std::string_view or_empty_object(sxt_str json) { return json.size ? view(json) : std::string_view("{}"); }
std::string quoted(sxt_str text) { return json::quote(view(text)); }

/// One object of any kind: its program, and what the program said of itself.
struct Component : sxt_object {
  Component(const sxt_host* host, uint32_t kind_, sxt_str config_json)
      : sxt_object{}, context(host, config_json), kind(kind_), program(options()) {
    const json::Document about = or_throw(program.hello());
    name = context.text("name");
    if (name.empty()) name = json::find_string(about, "name").value_or("command");
    if (const auto own = json::find_string(about, "kind"); own && *own != kinds[kind])
      throw ConfigError(fmt::format("{} is a {}, and a {} is wanted here", program.name(), *own, kinds[kind]));
    has_aggregate = json::find_bool(about, "aggregate").value_or(false);
    native = json::find_bool(about, "native").value_or(false);
    if (native) model_info = native::info_from(about);
    abilities = json::find_bool(about, "score").value_or(false) ? SXT_MODEL_GENERATE | SXT_MODEL_MESSAGES | SXT_MODEL_SCORE
                                                                : SXT_MODEL_GENERATE | SXT_MODEL_MESSAGES;
  }
  Options options() const {
    Options out;
    const json::Value* command = json::find(context.config(), "command");
    for (const auto& part : command->GetArray()) out.command.emplace_back(json::text(part));
    if (out.command.empty() || out.command.front().empty())
      throw ConfigError("\"command\" is empty; give the program and its arguments: [\"python3\", \"my_metric.py\"]");
    out.kind = kinds[kind];
    json::Document config = json::copy(context.config());
    const json::Value* own = json::find(config, "config");
    json::Document inner(rapidjson::kObjectType);
    if (own) inner.CopyFrom(*own, inner.GetAllocator());
    if (const auto path = json::find_string(config, "path")) json::set(inner, "path", *path, inner.GetAllocator());
    out.config_json = json::write(inner);
    out.timeout_ms = static_cast<int64_t>(json::find_number(config, "timeout_s").value_or(60) * 1000);
    if (const json::Value* isolated = json::find(config, "isolated")) {
      out.isolated = true;
      out.title = json::find_string(*isolated, "title").value_or("");
    }
    const std::string who = out.title.empty() ? out.command.back() : out.title;
    out.say = [this, who](std::string_view line) { context.log(SXT_LOG_INFO, fmt::format("{}: {}", who, line)); };
    return out;
  }
  static Component& of(sxt_object* object) { return *static_cast<Component*>(object); }

  Context context;
  const uint32_t kind;
  Program program;
  std::string name;
  bool has_aggregate = false;
  std::map<std::string, Error> unbearable;  // items of the last call that failed; they are about to be asked for alone
  uint32_t abilities = 0;
  bool native = false;          // a model of this program's in another process: it is asked all that the ABI knows
  sxt_model_info model_info{};
};

// All items or none: where the ABI has no place for one item's error. The first one names the sample.
std::vector<std::string> all_or_throw(std::vector<Answer> answers, const char* what) {
  std::vector<std::string> out;
  for (size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i])
      throw PluginError(PluginError::status_of(answers[i].error().kind),
                        answers.size() == 1
                            ? answers[i].error().message
                            : fmt::format("{} {} of {}: {}", what, i, answers.size(), answers[i].error().message));
    out.push_back(*std::move(answers[i]));
  }
  return out;
}

// Where one of several samples fails, the scorer asks for each alone, to learn which: what the program could not bear a moment
// ago, in a process of its own, is not done to it again.
std::vector<Answer> ask_samples(Component& c, std::string_view call, const std::vector<std::string>& items) {
  if (items.size() == 1)
    if (const auto known = c.unbearable.find(items[0]); known != c.unbearable.end()) return {Answer(known->second)};
  std::vector<Answer> answers = c.program.ask_all(call, items);
  if (items.size() == 1) return answers;
  c.unbearable.clear();
  for (size_t i = 0; i < items.size(); ++i)
    if (!answers[i]) c.unbearable.emplace(items[i], answers[i].error());
  return answers;
}

std::string text_of(const std::string& json_text, const char* key, const std::string& who) {
  const json::Document value = or_throw(json::parse(json_text, who));
  if (value.IsString()) return std::string(json::text(value));
  if (auto text = json::find_string(value, key)) return *std::move(text);
  throw PluginError(SXT_INTERNAL, fmt::format("{} answered {}; a text, or an object with \"{}\", is wanted", who,
                                              json_text.substr(0, 80), key));
}

// ---- metrics
// ------------------------------------------------------------------------------------------------------------------

std::string judged_json(const sxt_judged& j) {
  return fmt::format(R"({{"prediction":{},"reference":{},"record":{}}})", quoted(j.prediction),
                     j.reference_json.size ? view(j.reference_json) : "null", or_empty_object(j.record_json));
}

// A number is the value that is called as the metric; an object may name several.
std::string score_json(const Component& c, const std::string& answer) {
  const json::Document value = or_throw(json::parse(answer, c.program.name()));
  const auto named = [&](const std::string& number) {
    return fmt::format(R"("values":{{{}:{}}})", json::quote(c.name), number);
  };
  if (value.IsNumber() || value.IsNull()) return "{" + named(answer) + "}";
  if (value.IsBool()) return "{" + named(value.GetBool() ? "1" : "0") + "}";
  if (!value.IsObject())
    throw PluginError(SXT_INTERNAL,
                      fmt::format("{} answered {}; a number, or an object with \"value\" or \"values\", is wanted",
                                  c.program.name(), answer.substr(0, 80)));
  if (json::find(value, "values")) return answer;
  const json::Value* one = json::find(value, "value");
  if (!one) one = json::find(value, "score");
  if (!one || !(one->IsNumber() || one->IsNull()))
    throw PluginError(SXT_INTERNAL, fmt::format("{} answered {}; \"value\" must be a number or null", c.program.name(),
                                                answer.substr(0, 80)));
  std::string out = "{" + named(json::write(*one));
  for (const char* key : {"answer", "explanation"})
    if (const auto text = json::find_string(value, key)) out += fmt::format(",\"{}\":{}", key, json::quote(*text));
  return out + "}";
}

sxt_status score(sxt_object* object, const sxt_judged* const* judged, uint64_t n, sxt_sink ret, sxt_error* e) {
  return guard(e, [&] {
    Component& c = Component::of(object);
    std::vector<std::string> items;
    for (uint64_t i = 0; i < n; ++i) items.push_back(judged_json(*judged[i]));
    const auto answers = all_or_throw(ask_samples(c, "score", items), "sample");
    for (uint64_t i = 0; i < n; ++i) Sink{ret}(i, score_json(c, answers[i]));
  });
}

sxt_status aggregate(sxt_object* object, const sxt_judged* const* judged, const double* scores, uint64_t n, sxt_sink ret,
                     sxt_error* e) {
  return guard(e, [&] {
    Component& c = Component::of(object);
    std::string list = "\"samples\":[";
    for (uint64_t i = 0; i < n; ++i) list.append(i ? "," : "").append(judged_json(*judged[i]));
    list += "],\"scores\":[";
    for (uint64_t i = 0; i < n; ++i) list.append(i ? "," : "").append(json::write(json::Value(scores[i])));
    const json::Document numbers = or_throw(c.program.ask("aggregate", list + "]"));
    Sink{ret}(0, numbers.IsNull() ? std::string() : json::write(numbers));  // null: the mean
  });
}

// ---- post-processors, templates, inferencers
// -------------------------------------------------------------------------------------

sxt_status extract(sxt_object* object, const sxt_extract_item* const* item, uint64_t n, sxt_sink ret, sxt_error* e) {
  return guard(e, [&] {
    Component& c = Component::of(object);
    std::vector<std::string> items;
    for (uint64_t i = 0; i < n; ++i) {
      std::string attempts;
      for (uint64_t k = 0; k < item[i]->attempt_count; ++k) attempts.append(k ? "," : "").append(quoted(item[i]->attempts[k]));
      items.push_back(fmt::format(R"({{"text":{},"record":{},"attempts":[{}],"attempt":{}}})", quoted(item[i]->text),
                                  or_empty_object(item[i]->record_json), attempts, item[i]->attempt));
    }
    const auto answers = all_or_throw(ask_samples(c, "extract", items), "item");
    for (uint64_t i = 0; i < n; ++i) Sink{ret}(i, text_of(answers[i], "text", c.program.name()));
  });
}

sxt_status render(sxt_object* object, const sxt_render_item* const* item, uint64_t n, sxt_sink ret, sxt_error* e) {
  constexpr const char* forms[] = {"open", "labels", "continuations", "cloze", "whole"};
  return guard(e, [&] {
    Component& c = Component::of(object);
    std::vector<std::string> items;
    for (uint64_t i = 0; i < n; ++i) {
      std::string shots;
      for (uint64_t k = 0; k < item[i]->shot_count; ++k) shots.append(k ? "," : "").append(view(item[i]->shot_json[k]));
      items.push_back(fmt::format(R"({{"record":{},"shots":[{}],"form":"{}","output_column":{}}})",
                                  or_empty_object(item[i]->record_json), shots, forms[std::min(item[i]->form, 4u)],
                                  quoted(item[i]->output_column)));
    }
    const auto answers = all_or_throw(c.program.ask_all("render", items), "item");
    for (uint64_t i = 0; i < n; ++i) {
      const json::Document value = or_throw(json::parse(answers[i], c.program.name()));
      // a text alone is one piece of plain text
      Sink{ret}(i, value.IsString()
                       ? fmt::format(R"({{"pieces":[{{"section":"round","role":"HUMAN","text":{}}}]}})", answers[i])
                       : answers[i]);
    }
  });
}

sxt_status step(sxt_object* object, const sxt_question* const* question, uint64_t n, sxt_sink ret, sxt_error* e) {
  return guard(e, [&] {
    Component& c = Component::of(object);
    std::vector<std::string> items;
    for (uint64_t i = 0; i < n; ++i) {
      const sxt_question& q = *question[i];
      items.push_back(fmt::format(R"({{"sample":{},"prompts":{},"settings":{},"rounds":{}}})", view(q.sample_json),
                                  view(q.prompts_json), view(q.settings_json), view(q.rounds_json)));
    }
    const auto answers = all_or_throw(c.program.ask_all("step", items), "item");
    for (uint64_t i = 0; i < n; ++i) Sink{ret}(i, answers[i]);
  });
}

// ---- data sets, retrievers
// -----------------------------------------------------------------------------------------------------

sxt_status describe_dataset(sxt_object* object, sxt_sink ret, sxt_error* e) {
  return guard(e, [&] { Sink{ret}(0, json::write(or_throw(Component::of(object).program.ask("describe")))); });
}
sxt_status count(sxt_object* object, sxt_str split, uint64_t* ret, sxt_error* e) {
  return guard(e, [&] {
    Component& c = Component::of(object);
    const json::Document result = or_throw(c.program.ask("count", "\"split\":" + quoted(split)));
    if (!result.IsUint64())
      throw PluginError(SXT_INTERNAL, fmt::format("{} answered \"count\" with {}; a number of rows is wanted", c.program.name(),
                                                  json::write(result).substr(0, 80)));
    *ret = result.GetUint64();
  });
}
sxt_status read_rows(sxt_object* object, sxt_str split, uint64_t first, uint64_t n, sxt_sink ret, sxt_error* e) {
  return guard(e, [&] {
    Component& c = Component::of(object);
    constexpr uint64_t together = 1000;
    for (uint64_t at = 0; at < n; at += together) {
      const uint64_t some = std::min(together, n - at);
      const json::Document rows =
          or_throw(c.program.ask("read", fmt::format("\"split\":{},\"first\":{},\"n\":{}", quoted(split), first + at, some)));
      if (!rows.IsArray() || rows.Size() != some)
        throw PluginError(SXT_INTERNAL, fmt::format("{} answered \"read\" of {} rows with {}", c.program.name(), some,
                                                    rows.IsArray() ? fmt::format("{}", rows.Size()) : "no list"));
      for (uint64_t i = 0; i < some; ++i) Sink{ret}(at + i, json::write(rows[static_cast<rapidjson::SizeType>(i)]));
    }
  });
}

std::string embedding_json(const float* numbers, uint64_t size) {
  if (!size) return {};
  std::string out = ",\"embedding\":[";
  for (uint64_t i = 0; i < size; ++i) out.append(i ? "," : "").append(json::write(json::Value(numbers[i])));
  return out + "]";
}
std::string query_json(const sxt_query& q, const std::string& more = {}) {
  return fmt::format(R"({{"row":{},"own_row":{},"seed":{},"record":{},"text":{}{}{}}})", q.row,
                     q.own_row == SXT_NO_ROW ? "null" : std::to_string(q.own_row), q.seed, or_empty_object(q.record_json),
                     quoted(q.text), embedding_json(q.embedding, q.embedding_size), more);
}

sxt_status prepare(sxt_object* object, const sxt_corpus_row* const* row, uint64_t n, sxt_error* e) {
  return guard(e, [&] {
    std::string corpus = "\"corpus\":[";
    for (uint64_t i = 0; i < n; ++i)
      corpus.append(fmt::format(R"({}{{"row":{},"record":{},"text":{}{}}})", i ? "," : "", row[i]->row,
                                or_empty_object(row[i]->record_json), quoted(row[i]->text),
                                embedding_json(row[i]->embedding, row[i]->embedding_size)));
    or_throw(Component::of(object).program.tell("prepare", corpus + "]"));
  });
}
sxt_status retrieve(sxt_object* object, const sxt_query* const* query, uint64_t n, uint64_t k, sxt_sink ret, sxt_error* e) {
  return guard(e, [&] {
    Component& c = Component::of(object);
    std::vector<std::string> items;
    for (uint64_t i = 0; i < n; ++i) items.push_back(query_json(*query[i]));
    const auto answers = all_or_throw(c.program.ask_all("retrieve", items, fmt::format("\"k\":{}", k)), "query");
    for (uint64_t i = 0; i < n; ++i) Sink{ret}(i, answers[i].starts_with("[") ? "{\"rows\":" + answers[i] + "}" : answers[i]);
  });
}

sxt_status choose(sxt_object* object, const sxt_query* query, const double* score, uint64_t n, uint64_t* ret, sxt_error* e) {
  return guard(e, [&] {
    Component& c = Component::of(object);
    std::string scores = ",\"scores\":[";
    for (uint64_t i = 0; i < n; ++i) scores.append(i ? "," : "").append(json::write(json::Value(score[i])));
    const std::string item = query_json(*query, scores + "]");
    const json::Document chosen =
        or_throw(json::parse(all_or_throw(c.program.ask_all("choose", {&item, 1}), "query")[0], c.program.name()));
    if (!chosen.IsUint64()) throw PluginError(SXT_INTERNAL, fmt::format("{} chose no candidate", c.program.name()));
    *ret = chosen.GetUint64();
  });
}

// ---- models
// --------------------------------------------------------------------------------------------------------------------

sxt_status info(sxt_object* object, sxt_model_info* ret, sxt_error* e) {
  return guard(e, [&] {
    sxt_model_info info = Component::of(object).model_info;
    if (!Component::of(object).native) info.abilities = Component::of(object).abilities;
    const uint32_t size = std::min<uint32_t>(ret->struct_size, sizeof info);
    info.struct_size = size;
    std::memcpy(ret, &info, size);
  });
}
sxt_status describe_model(sxt_object* object, sxt_sink ret, sxt_error* e) {
  return guard(e, [&] {
    Component& c = Component::of(object);
    if (c.native) return Sink{ret}(0, json::write(or_throw(c.program.ask("describe"))));
    Sink{ret}(0, fmt::format(R"({{"family":"command","device":{},"compute":"command","has_chat_template":true{}}})",
                             json::quote(c.program.name()),
                             c.abilities & SXT_MODEL_SCORE
                                 ? ""
                                 : R"(,"cannot_score":"the program says of itself that it gives no log-probabilities")"));
  });
}
sxt_status no_tokens(sxt_error* e) { return fail(e, SXT_UNSUPPORTED, "a program has no tokens"); }

std::string message_json(const sxt_message& m) {
  std::string text;
  for (uint64_t i = 0; i < m.part_count; ++i) {
    if (m.parts[i]->kind != SXT_PART_TEXT) throw PluginError(SXT_UNSUPPORTED, "a program is sent texts only");
    text += view(m.parts[i]->text);
  }
  return fmt::format(R"({{"role":{},"content":{}}})", quoted(m.role), json::quote(text));
}

std::string request_json(const sxt_request& r) {
  std::string out = "{";
  if (r.message_count) {
    out += "\"messages\":[";
    for (uint64_t i = 0; i < r.message_count; ++i) out.append(i ? "," : "").append(message_json(*r.messages[i]));
    out += "]";
  } else {
    out += "\"prompt\":" + quoted(r.prefix);
  }
  if (r.ask != SXT_ASK_GENERATE) {
    out += ",\"continuations\":[";
    for (uint64_t i = 0; i < r.continuation_count; ++i) out.append(i ? "," : "").append(quoted(r.continuation[i]));
    return out + "]}";
  }
  const sxt_sampling& s = *r.sampling;
  out += fmt::format(R"(,"max_new_tokens":{},"temperature":{},"top_p":{},"top_k":{},"seed":{},"stop":[)", s.max_new_tokens,
                     json::write(json::Value(static_cast<double>(s.temperature))),
                     json::write(json::Value(static_cast<double>(s.top_p))), s.top_k, (s.seed ^ s.id) & 0x7FFFFFFF);
  for (uint64_t i = 0; i < s.stop_count; ++i) out.append(i ? "," : "").append(quoted(s.stop[i]));
  return out + "]}";
}

void put_failure(sxt_result_sink sink, uint64_t index, const Error& error) {
  sxt_result result{};
  result.struct_size = sizeof result;
  result.status = PluginError::status_of(error.kind);
  result.message = borrow(error.message);
  sink.put(sink.ctx, index, &result);
}

// A count of tokens in what a program answers; `otherwise`: where it says none.
uint32_t tokens_of(const json::Value& answer, const char* key, uint32_t otherwise, const std::string& name) {
  const json::Value* count = json::find(answer, key);
  if (!count || count->IsNull()) return otherwise;
  if (count->IsUint()) return count->GetUint();
  throw PluginError(SXT_INTERNAL, fmt::format("{} gave \"{}\": {}; it must be a whole number from 0 on", name, key,
                                              shorten(json::write(*count), 40)));
}

void put_reply(Component& c, sxt_result_sink sink, uint64_t index, const std::string& answer) {
  const json::Document value = or_throw(json::parse(answer, c.program.name()));
  const std::string text = text_of(answer, "text", c.program.name()),
                    thinking = json::find_string(value, "thinking").value_or("");
  const std::string finish = json::find_string(value, "finish").value_or("");
  sxt_result result{};
  result.struct_size = sizeof result;
  result.text = borrow(text);
  result.thinking = borrow(thinking);
  result.finish = finish == "length" ? SXT_FINISH_LENGTH : finish == "stop" ? SXT_FINISH_STOP : SXT_FINISH_EOS;
  result.prompt_tokens = tokens_of(value, "prompt_tokens", 0, c.program.name());
  result.generated_tokens = tokens_of(value, "generated_tokens", 0, c.program.name());
  sink.put(sink.ctx, index, &result);
}

// [{"logprob", "tokens"?, "greedy"?}...], one for each continuation
void put_scores(Component& c, sxt_result_sink sink, uint64_t index, const sxt_request& r, const std::string& answer) {
  const json::Document value = or_throw(json::parse(answer, c.program.name()));
  const json::Value* list = value.IsArray() ? &value : json::find(value, "scores");
  if (!list || !list->IsArray() || list->Size() != r.continuation_count)
    throw PluginError(SXT_INTERNAL, fmt::format("{} did not answer {} continuations with as many scores", c.program.name(),
                                                r.continuation_count));
  std::vector<sxt_score> scores;
  for (const auto& one : list->GetArray()) {
    const auto logprob = one.IsNumber() ? std::optional(one.GetDouble()) : json::find_number(one, "logprob");
    if (!logprob) throw PluginError(SXT_INTERNAL, fmt::format("{} gave a score without \"logprob\"", c.program.name()));
    const uint32_t tokens = one.IsObject() ? tokens_of(one, "tokens", 1, c.program.name()) : 1;
    if (tokens == 0)
      throw PluginError(SXT_INTERNAL, fmt::format("{} gave a score of 0 \"tokens\"; a continuation has at least one",
                                                  c.program.name()));
    sxt_score& score = scores.emplace_back();
    score.struct_size = sizeof score;
    score.flags = json::find_bool(one, "greedy").value_or(false) ? 1u : 0u;
    score.logprob = score.total_logprob = *logprob;
    score.token_count = score.total_tokens = tokens;
  }
  std::vector<const sxt_score*> pointers;
  for (const sxt_score& one : scores) pointers.push_back(&one);
  sxt_result result{};
  result.struct_size = sizeof result;
  result.score = pointers.data();
  sink.put(sink.ctx, index, &result);
}

sxt_status run(sxt_object* object, uint64_t call, const sxt_request* const* request, uint64_t n, sxt_result_sink sink,
               sxt_error* e) {
  constexpr uint64_t together = 16;  // a model is slow: what it has answered is journalled
  return guard(e, [&] {
    Component& c = Component::of(object);
    if (c.native)
      return native::run(c.program, {request, static_cast<size_t>(n)}, sink, [&] { return c.context.cancelled(call); });
    for (uint64_t begin = 0; begin < n;) {
      if (c.context.cancelled(call)) throw PluginError(SXT_CANCELLED, "interrupted");
      uint64_t end = begin + 1;
      while (end < n && end - begin < together &&
             (request[end]->ask == SXT_ASK_GENERATE) == (request[begin]->ask == SXT_ASK_GENERATE))
        ++end;
      std::vector<std::string> items;
      for (uint64_t i = begin; i < end; ++i) items.push_back(request_json(*request[i]));
      const bool generates = request[begin]->ask == SXT_ASK_GENERATE;
      const std::vector<Answer> answers = c.program.ask_all(generates                              ? "generate"
                                                            : request[begin]->ask == SXT_ASK_EMBED ? "embed"
                                                                                                   : "logprobs",
                                                            items);
      for (uint64_t i = begin; i < end; ++i) {
        const Answer& answer = answers[i - begin];
        const auto put = guard(nullptr, [&] {
          if (!answer) put_failure(sink, i, answer.error());
          else if (generates) put_reply(c, sink, i, *answer);
          else put_scores(c, sink, i, *request[i], *answer);
        });
        if (put != SXT_OK)
          put_failure(sink, i,
                      {Error::Kind::internal, fmt::format("{} answered {}, which is not a reply", c.program.name(),
                                                          answer ? answer->substr(0, 80) : "")});
      }
      begin = end;
    }
  });
}

sxt_status tokenize(sxt_object* object, const sxt_str* text, uint64_t n, uint32_t flags, sxt_sink ret, sxt_error* e) {
  Component& c = Component::of(object);
  return c.native ? guard(e,
                          [&] {
                            native::tokenize(c.program, {text, static_cast<size_t>(n)}, flags, Sink{ret});
                          })
                  : no_tokens(e);
}
sxt_status detokenize(sxt_object* object, const sxt_ids* ids, uint64_t n, uint32_t flags, sxt_sink ret, sxt_error* e) {
  Component& c = Component::of(object);
  return c.native ? guard(e,
                          [&] {
                            native::detokenize(c.program, {ids, static_cast<size_t>(n)}, flags, Sink{ret});
                          })
                  : no_tokens(e);
}

sxt_status render_chat(sxt_object* object, const sxt_str* conversation, uint64_t n, sxt_sink ret, sxt_error* e) {
  return guard(e, [&] {
    if (Component& c = Component::of(object); c.native)
      return native::render_chat(c.program, {conversation, static_cast<size_t>(n)}, Sink{ret});
    for (uint64_t i = 0; i < n; ++i) {
      const json::Document value = or_throw(json::parse(view(conversation[i]), "conversation"));
      std::string text;
      if (const json::Value* messages = json::find(value, "messages"); messages && messages->IsArray())
        for (const auto& message : messages->GetArray())
          text += fmt::format("<|{}|>\n{}\n", json::find_string(message, "role").value_or("user"),
                              json::find_string(message, "content").value_or(""));
      Sink{ret}(i, fmt::format(R"({{"text":{}}})", json::quote(text)));
    }
  });
}

const void* interface(sxt_object* object, const char* id) {
  static const sxt_metric_v1 metric{sizeof metric, 0, score, nullptr}, metric_of_sets{sizeof metric, 0, score, aggregate};
  static const sxt_postprocessor_v1 postprocessor{sizeof postprocessor, 0, extract};
  static const sxt_template_v1 template_{sizeof template_, 0, render};
  static const sxt_inferencer_v1 inferencer{sizeof inferencer, 0, step};
  static const sxt_dataset_v1 dataset{sizeof dataset, 0, describe_dataset, count, read_rows};
  static const sxt_retriever_v1 retriever{sizeof retriever, 0, prepare, retrieve, choose};
  static const sxt_model_v1 model{
      sizeof model,
      0,
      info,
      describe_model,
      tokenize,
      detokenize,
      render_chat,
      [](sxt_object* object, uint64_t, const sxt_request* const* request, uint64_t n, sxt_sink ret, sxt_error* e) {
        return guard(e, [&] {
          if (Component& c = Component::of(object); c.native)
            return Sink{ret}(0, native::plan(c.program, {request, static_cast<size_t>(n)}));
          Sink{ret}(0, R"({"prompt_tokens":0,"computed_tokens":0,"kv_bytes":0,"peak_bytes":0})"); });
      },
      run};
  const Component& c = Component::of(object);
  if (std::string_view(id) != fmt::format("sextant.{}/1", kinds[c.kind])) return nullptr;
  switch (c.kind) {
    case SXT_METRIC: return c.has_aggregate ? &metric_of_sets : &metric;
    case SXT_POSTPROCESSOR: return &postprocessor;
    case SXT_TEMPLATE: return &template_;
    case SXT_INFERENCER: return &inferencer;
    case SXT_DATASET: return &dataset;
    case SXT_RETRIEVER: return &retriever;
    case SXT_MODEL: return &model;
    default: return nullptr;
  }
}

constexpr const char* schema = R"json({"type":"object","additionalProperties":false,"required":["command"],"properties":{
"command":{"type":"array","items":{"type":"string"},"description":"the program and its arguments: [\"python3\", \"my_metric.py\"]"},
"config":{"type":"object","default":{},"description":"what the program is told when it is started"},
"name":{"type":"string","default":"","description":"of a metric's value in the table; absent: what the program calls itself"},
"path":{"type":"string","description":"of a data set or model: where its files are"},
"facts":{"type":"object","description":"of a metric: its values, as a plugin's facts name them: {\"values\": [{\"name\", \"higher_is_better\", \"percent\", \"standard_error\"}]}"},
"confined":{"type":"boolean","default":false,"x-affects-results":false,"description":"as with --isolate: it has no network, writes nothing, and reads what its configuration names"},
"isolated":{"type":"object","x-affects-results":false,"description":"set by --isolate"},
"timeout_s":{"type":"number","minimum":0.01,"default":60,"x-affects-results":false,"description":"for the answer to one line; a program that takes longer is ended and started again"}}})json";

template <uint32_t kind> constexpr sxt_component made(const char* summary, const char* facts = nullptr) {
  return {sizeof(sxt_component), kind, 0, 0, "command", "1", summary, "Apache-2.0", schema,
          [](const sxt_host* host, sxt_str config, sxt_object** ret, sxt_error* e) -> sxt_status {
            return guard(e, [&] {
              auto object = std::make_unique<Component>(host, kind, config);
              object->struct_size = sizeof(sxt_object);
              object->destroy = [](sxt_object* o) { delete static_cast<Component*>(o); };
              object->get_interface = interface;
              *ret = object.release();
            });
          },
          facts};
}

}  // namespace
}  // namespace sextant::command

SEXTANT_PLUGIN(sextant::command::made<SXT_METRIC>("a program's metric, by docs/protocol.md"),
               sextant::command::made<SXT_POSTPROCESSOR>("a program's post-processor"),
               sextant::command::made<SXT_TEMPLATE>("a program's template"),
               sextant::command::made<SXT_INFERENCER>("a program's inferencer", R"({"form":"open","rounds":"many"})"),
               sextant::command::made<SXT_DATASET>("a program's data set"),
               sextant::command::made<SXT_RETRIEVER>("a program's retriever", R"({"wants":["texts"]})"),
               sextant::command::made<SXT_MODEL>("a program's model"))
