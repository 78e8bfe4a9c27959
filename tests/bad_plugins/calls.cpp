// A plugin that loads well and whose components break one rule each. Written against the bare ABI: the SDK would not let
// most of it happen.
#include <sextant/abi.h>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

void put(sxt_sink sink, uint64_t index, const char* text) { sink.put(sink.ctx, index, {text, std::strlen(text)}); }

sxt_status say(sxt_error* reterr, sxt_status status, const char* message) {
  std::strncpy(reterr->message, message, sizeof reterr->message - 1);
  return status;
}

// ---- metrics --------------------------------------------------------------------------------------------------------------
using Score = sxt_status(sxt_object*, const sxt_judged* const*, uint64_t, sxt_sink, sxt_error*);
template <Score* score> const sxt_metric_v1 metric_table = {sizeof(sxt_metric_v1), 0, score, nullptr};

sxt_status good(sxt_object*, const sxt_judged* const*, uint64_t n, sxt_sink ret, sxt_error*) {
  for (uint64_t i = 0; i < n; ++i) put(ret, i, "{\"value\": 1}");
  return SXT_OK;
}
sxt_status throws(sxt_object*, const sxt_judged* const*, uint64_t, sxt_sink, sxt_error*) { throw std::runtime_error("boom"); }
sxt_status throws_int(sxt_object*, const sxt_judged* const*, uint64_t, sxt_sink, sxt_error*) { throw 42; }
sxt_status fails(sxt_object*, const sxt_judged* const*, uint64_t, sxt_sink, sxt_error* e) {
  return say(e, SXT_BAD_DATA, "sample 0 has no \xE7\xAD reference\n");  // broken UTF-8 and a line feed
}
sxt_status fails_silently(sxt_object*, const sxt_judged* const*, uint64_t, sxt_sink, sxt_error*) { return SXT_NO_DEVICE; }
sxt_status endless_message(sxt_object*, const sxt_judged* const*, uint64_t, sxt_sink, sxt_error* e) {
  std::memset(e->message, 'x', sizeof e->message);  // no NUL
  return SXT_INTERNAL;
}
sxt_status never_fills(sxt_object*, const sxt_judged* const*, uint64_t, sxt_sink, sxt_error*) { return SXT_OK; }
sxt_status no_values(sxt_object*, const sxt_judged* const*, uint64_t n, sxt_sink ret, sxt_error*) {
  for (uint64_t i = 0; i < n; ++i) put(ret, i, "{\"answer\": \"A\"}");
  return SXT_OK;
}
sxt_status text_value(sxt_object*, const sxt_judged* const*, uint64_t n, sxt_sink ret, sxt_error*) {
  for (uint64_t i = 0; i < n; ++i) put(ret, i, "{\"values\": {\"f1\": \"high\"}}");
  return SXT_OK;
}
sxt_status several(sxt_object*, const sxt_judged* const*, uint64_t n, sxt_sink ret, sxt_error*) {
  for (uint64_t i = 0; i < n; ++i)
    put(ret, i, "{\"values\": {\"f1\": 0.25, \"em\": null}, \"answer\": \"A\", \"explanation\": \"half\"}");
  return SXT_OK;
}

/// What a plugin of an older core looks like: its table ends before `aggregate`, and what lies behind is not a function.
struct OldMetric { uint32_t struct_size, reserved; Score* score; uint64_t rubbish; };
const OldMetric old_table = {offsetof(sxt_metric_v1, aggregate), 0, good, 0x1234};
const sxt_metric_v1 null_table = {sizeof(sxt_metric_v1), 0, nullptr, nullptr};

// ---- post-processors --------------------------------------------------------------------------------------------------------
using Apply = sxt_status(sxt_object*, const sxt_extract_item* const*, uint64_t, sxt_sink, sxt_error*);
template <Apply* apply> const sxt_postprocessor_v1 postprocessor_table = {sizeof(sxt_postprocessor_v1), 0, apply};

sxt_status twice(sxt_object*, const sxt_extract_item* const*, uint64_t, sxt_sink sink, sxt_error*) {
  put(sink, 0, "a");
  put(sink, 0, "b");
  return SXT_OK;
}
sxt_status never(sxt_object*, const sxt_extract_item* const*, uint64_t, sxt_sink, sxt_error*) { return SXT_OK; }
sxt_status out_of_range(sxt_object*, const sxt_extract_item* const*, uint64_t n, sxt_sink sink, sxt_error*) {
  put(sink, n, "a");
  return SXT_OK;
}
sxt_status broken_text(sxt_object*, const sxt_extract_item* const*, uint64_t n, sxt_sink sink, sxt_error*) {
  for (uint64_t i = 0; i < n; ++i) put(sink, i, "a\xFF" "b");
  return SXT_OK;
}

// ---- templates, data sets
// -----------------------------------------------------------------------------------------------------
sxt_status render_nothing(sxt_object*, const sxt_render_item* const*, uint64_t, sxt_sink, sxt_error*) { return SXT_OK; }
const sxt_template_v1 template_silent = {sizeof(sxt_template_v1), 0, render_nothing};
sxt_status render_rubbish(sxt_object*, const sxt_render_item* const*, uint64_t, sxt_sink sink, sxt_error*) {
  put(sink, 0, "{\"pieces\": ");
  return SXT_OK;
}
const sxt_template_v1 template_rubbish = {sizeof(sxt_template_v1), 0, render_rubbish};

sxt_status describe(sxt_object*, sxt_sink sink, sxt_error*) {
  put(sink, 0, "[]");
  return SXT_OK;
}
sxt_status count(sxt_object*, sxt_str split, uint64_t* ret, sxt_error* e) {
  if (std::string(split.data, split.size) == "absent") return say(e, SXT_MISSING, "no file absent.csv");
  *ret = std::string(split.data, split.size) == "vast" ? UINT64_MAX / 2 : 3;
  return SXT_OK;
}
sxt_status read(sxt_object*, sxt_str, uint64_t, uint64_t, sxt_sink sink, sxt_error*) {
  put(sink, 0, "{}");  // one record, however many were asked for
  return SXT_OK;
}
const sxt_dataset_v1 dataset_short = {sizeof(sxt_dataset_v1), 0, describe, count, read};

// ---- models
// -------------------------------------------------------------------------------------------------------------------
void answer(sxt_result_sink sink, uint64_t index, sxt_status status, const char* text) {
  sxt_result result{};
  result.struct_size = sizeof result;
  result.status = status;
  const sxt_str out{text, std::strlen(text)};
  (status == SXT_OK ? result.text : result.message) = out;
  sink.put(sink.ctx, index, &result);
}
/// Answers the first request from a thread of its own, fails the second one, forgets the rest.
sxt_status run_forgetful(sxt_object*, uint64_t, const sxt_request* const*, uint64_t n, sxt_result_sink sink, sxt_error*) {
  if (n > 0) std::thread([&] { answer(sink, 0, SXT_OK, "hello"); }).join();
  if (n > 1) answer(sink, 1, SXT_TOO_LONG, "5000 tokens do not fit 4096");
  return SXT_OK;
}
sxt_status run_twice(sxt_object*, uint64_t, const sxt_request* const*, uint64_t, sxt_result_sink sink, sxt_error*) {
  answer(sink, 0, SXT_OK, "a");
  answer(sink, 0, SXT_OK, "b");
  return SXT_OK;
}
using Run = sxt_status(sxt_object*, uint64_t, const sxt_request* const*, uint64_t, sxt_result_sink, sxt_error*);
template <Run* run>
const sxt_model_v1 model_table = {sizeof(sxt_model_v1), 0, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, run};

// ---- retrievers, inferencers
// -------------------------------------------------------------------------------------------------------
using Retrieve = sxt_status(sxt_object*, const sxt_query* const*, uint64_t, uint64_t, sxt_sink, sxt_error*);
sxt_status prepare(sxt_object*, const sxt_corpus_row* const*, uint64_t, sxt_error*) { return SXT_OK; }
template <Retrieve* retrieve>
const sxt_retriever_v1 retriever_table = {sizeof(sxt_retriever_v1), 0, prepare, retrieve, nullptr};
sxt_status retrieve_itself(sxt_object*, const sxt_query* const* query, uint64_t n, uint64_t, sxt_sink sink, sxt_error*) {
  for (uint64_t i = 0; i < n; ++i) put(sink, i, ("{\"rows\": [" + std::to_string(query[i]->own_row) + "]}").c_str());
  return SXT_OK;
}
sxt_status retrieve_doubles(sxt_object*, const sxt_query* const*, uint64_t n, uint64_t, sxt_sink sink, sxt_error*) {
  for (uint64_t i = 0; i < n; ++i) put(sink, i, "{\"rows\": [1, 1]}");
  return SXT_OK;
}
sxt_status retrieve_strangers(sxt_object*, const sxt_query* const*, uint64_t n, uint64_t, sxt_sink sink, sxt_error*) {
  for (uint64_t i = 0; i < n; ++i) put(sink, i, "{\"rows\": [1000]}");
  return SXT_OK;
}

using StepOf = sxt_status(sxt_object*, const sxt_question* const*, uint64_t, sxt_sink, sxt_error*);
template <StepOf* step> const sxt_inferencer_v1 inferencer_table = {sizeof(sxt_inferencer_v1), 0, step};
sxt_status step_neither(sxt_object*, const sxt_question* const*, uint64_t, sxt_sink sink, sxt_error*) {
  put(sink, 0, "{}");
  return SXT_OK;
}
sxt_status step_typo(sxt_object*, const sxt_question* const*, uint64_t, sxt_sink sink, sxt_error*) {
  put(sink, 0, "{\"ask\": [{\"text\": \"a\"}, {\"txet\": \"b\"}]}");
  return SXT_OK;
}
sxt_status step_endless(sxt_object*, const sxt_question* const*, uint64_t, sxt_sink sink, sxt_error*) {
  put(sink, 0, "{\"ask\": [{\"text\": \"more\"}]}");
  return SXT_OK;
}

// ---- objects
// ------------------------------------------------------------------------------------------------------------------
struct Instance : sxt_object { const void* table; };

template <auto* table>
sxt_status create(const sxt_host*, sxt_str, sxt_object** ret, sxt_error*) {
  auto* instance = new (std::nothrow) Instance;
  if (!instance) return SXT_NO_MEMORY;
  instance->struct_size = sizeof(sxt_object);
  instance->destroy = [](sxt_object* o) { delete static_cast<Instance*>(o); };
  instance->get_interface = [](sxt_object* o, const char*) { return static_cast<Instance*>(o)->table; };
  instance->table = table;
  *ret = instance;
  return SXT_OK;
}
sxt_status create_null(const sxt_host*, sxt_str, sxt_object**, sxt_error*) { return SXT_OK; }
sxt_status create_throws(const sxt_host*, sxt_str, sxt_object**, sxt_error*) { throw std::runtime_error("no such table"); }
sxt_status create_fails(const sxt_host*, sxt_str, sxt_object**, sxt_error* e) {
  return say(e, SXT_BAD_CONFIG, "beam must be odd");
}
sxt_status create_bare(const sxt_host*, sxt_str, sxt_object** ret, sxt_error*) {
  static sxt_object bare = {sizeof(sxt_object), 0, nullptr, nullptr};
  *ret = &bare;
  return SXT_OK;
}
sxt_status create_without_interface(const sxt_host*, sxt_str, sxt_object** ret, sxt_error*) {
  static sxt_object object = {sizeof(sxt_object), 0, [](sxt_object*) {},
                              [](sxt_object*, const char*) -> const void* { return nullptr; }};
  *ret = &object;
  return SXT_OK;
}

constexpr const char* schema = R"({"type":"object","properties":{},"additionalProperties":false})";
constexpr sxt_component component(uint32_t kind, const char* id, decltype(sxt_component::create) create_function,
                                  const char* facts = nullptr) {
  return {sizeof(sxt_component), kind, 0, 0, id, "1", "", "Apache-2.0", schema, create_function, facts};
}
const sxt_component all[] = {
    component(SXT_METRIC, "good", create<&metric_table<good>>),
    component(SXT_METRIC, "throws", create<&metric_table<throws>>),
    component(SXT_METRIC, "throws_int", create<&metric_table<throws_int>>),
    component(SXT_METRIC, "fails", create<&metric_table<fails>>),
    component(SXT_METRIC, "fails_silently", create<&metric_table<fails_silently>>),
    component(SXT_METRIC, "endless_message", create<&metric_table<endless_message>>),
    component(SXT_METRIC, "never_fills", create<&metric_table<never_fills>>),
    component(SXT_METRIC, "no_values", create<&metric_table<no_values>>),
    component(SXT_METRIC, "text_value", create<&metric_table<text_value>>),
    component(SXT_METRIC, "several", create<&metric_table<several>>,
              R"({"values": [{"name": "f1", "range": [0, 1]}, {"name": "em"}]})"),
    component(SXT_METRIC, "old_table", create<&old_table>),
    component(SXT_METRIC, "null_function", create<&null_table>),
    component(SXT_METRIC, "null_object", create_null),
    component(SXT_METRIC, "create_throws", create_throws),
    component(SXT_METRIC, "create_fails", create_fails),
    component(SXT_METRIC, "bare_object", create_bare),
    component(SXT_METRIC, "no_interface", create_without_interface),
    component(SXT_POSTPROCESSOR, "twice", create<&postprocessor_table<twice>>),
    component(SXT_POSTPROCESSOR, "never", create<&postprocessor_table<never>>),
    component(SXT_POSTPROCESSOR, "out_of_range", create<&postprocessor_table<out_of_range>>),
    component(SXT_POSTPROCESSOR, "broken_text", create<&postprocessor_table<broken_text>>),
    component(SXT_TEMPLATE, "silent", create<&template_silent>),
    component(SXT_TEMPLATE, "rubbish", create<&template_rubbish>),
    component(SXT_DATASET, "short_read", create<&dataset_short>),
    component(SXT_MODEL, "forgetful", create<&model_table<run_forgetful>>),
    component(SXT_MODEL, "answers_twice", create<&model_table<run_twice>>),
    component(SXT_RETRIEVER, "itself", create<&retriever_table<retrieve_itself>>),
    component(SXT_RETRIEVER, "doubles", create<&retriever_table<retrieve_doubles>>),
    component(SXT_RETRIEVER, "strangers", create<&retriever_table<retrieve_strangers>>),
    component(SXT_INFERENCER, "neither", create<&inferencer_table<step_neither>>, R"({"form": "open", "rounds": 1})"),
    component(SXT_INFERENCER, "typo", create<&inferencer_table<step_typo>>, R"({"form": "open", "rounds": 1})"),
    component(SXT_INFERENCER, "endless", create<&inferencer_table<step_endless>>, R"({"form": "open", "rounds": "many"})"),
};
constexpr size_t count_of_all = sizeof all / sizeof *all;
template <size_t... I> struct Pointers { static constexpr const sxt_component* list[] = {&all[I]...}; };
template <size_t... I>
constexpr const sxt_component* const* pointers(std::index_sequence<I...>) {
  return Pointers<I...>::list;
}

}  // namespace

extern "C" SXT_EXPORT const sxt_entry sextant_plugin_entry = {
    {'S', 'E', 'X', 'T', 'A', 'N', 'T', 0}, SXT_ABI_MAJOR, SXT_ABI_MINOR, sizeof(sxt_entry), count_of_all,
    pointers(std::make_index_sequence<count_of_all>{}), nullptr, nullptr};
