#include "subject.hpp"
#include <deque>
#include <fmt/format.h>
#include <mutex>
#include <sextant/utf8_text.hpp>
#include "../plugin/manifest.hpp"

namespace sextant::conformance {
namespace {

using plugin::Kind;

Error broken(std::string why) { return {Error::Kind::internal, std::move(why)}; }
std::string_view seen(sxt_str text) {
  return text.size && text.data ? std::string_view(text.data, text.size) : std::string_view();
}

std::string message_of(const sxt_error& error) {
  return {error.message, ::strnlen(error.message, sizeof error.message)};
}

std::atomic<uint64_t> late = 0;

/// Keeps what is put, and outlives the call: what comes late is seen.
struct Kept {
  std::mutex mutex;
  std::atomic<int> inside = 0;
  bool open = true;
  uint64_t size = 0;
  Answers answers;

  void complain(std::string what) {
    if (answers.complaint.empty()) answers.complaint = std::move(what);
  }
  void take(uint64_t index, bool has_data, std::string text) {
    const bool alone = inside.fetch_add(1) == 0;
    const std::lock_guard lock(mutex);
    if (!open) ++late;
    else if (!alone) complain("called put from two threads at once (calls for one sink never overlap)");
    else if (index >= size) complain(fmt::format("put a result for item {} of {}", index, size));
    else if (answers.given[index]) complain(fmt::format("put two results for item {}", index));
    else if (!has_data) complain(fmt::format("put a result with a size but without data for item {}", index));
    else answers.given[index] = std::move(text);
    inside.fetch_sub(1);
  }
};

Kept& new_kept(uint64_t size) {
  static std::mutex mutex;
  static auto* all = new std::deque<Kept>;
  const std::lock_guard lock(mutex);
  Kept& kept = all->emplace_back();
  kept.size = size;
  kept.answers.given.resize(size);
  return kept;
}

void put_text(void* ctx, uint64_t index, sxt_str bytes) {
  static_cast<Kept*>(ctx)->take(index, bytes.size == 0 || bytes.data, std::string(seen(bytes)));
}

/// All of a result that must not depend on what else was asked; a failure is "!" and its reason.
std::string told(const sxt_result& result, uint64_t continuations, std::string& ret_complaint) {
  if (result.status != SXT_OK) {
    const std::string message(SXT_COVERS(&result, message) ? seen(result.message) : std::string_view());
    if (const auto sound = check_failure(result.status, message); !sound) ret_complaint = sound.error().message;
    return "!" + message;
  }
  std::string out = "text ";
  if (SXT_COVERS(&result, text)) out += json::quote(utf8::repair(seen(result.text)));
  if (continuations > 0 && !SXT_HAS(&result, score)) {
    ret_complaint = "gave a result without scores for a request with continuations";
    return out;
  }
  for (uint64_t k = 0; k < continuations; ++k) {
    const sxt_score* score = result.score[k];
    if (!score || !SXT_COVERS(score, total_tokens) || !(score->logprob <= 1e-6)) {
      ret_complaint = fmt::format("gave a score of continuation {} that is missing, NaN, or above 0", k);
      return out;
    }
    out += fmt::format(" {:.17g}/{}", score->logprob, score->token_count);
  }
  if (SXT_HAS(&result, id_count) && !result.ids) ret_complaint = "gave a number of ids without ids";
  return out;
}

struct ModelSink {
  Kept* kept;
  std::vector<uint64_t> continuations;
};
void put_result(void* ctx, uint64_t index, const sxt_result* result) {
  const ModelSink& sink = *static_cast<ModelSink*>(ctx);
  if (!result || result->struct_size < offsetof(sxt_result, message)) {
    sink.kept->complain("put a result that is NULL or whose struct_size is too small");
    return;
  }
  std::string complaint;
  const uint64_t continuations = index < sink.continuations.size() ? sink.continuations[index] : 0;
  std::string text = told(*result, continuations, complaint);
  if (!complaint.empty()) {
    const std::lock_guard lock(sink.kept->mutex);
    sink.kept->complain(fmt::format("{} (request {})", complaint, index));
  }
  sink.kept->take(index, true, std::move(text));
}

const sxt_request* lend_request(Arena& arena, const Item& item, uint64_t index) {
  sxt_request request{};
  request.flags = item.whole ? 0 : SXT_REQUEST_ADD_SPECIAL;
  request.ask = item.whole ? SXT_ASK_WHOLE : item.continuations.empty() ? SXT_ASK_GENERATE : SXT_ASK_SCORE;
  if (!item.whole) request.prefix = arena.text(item.text);
  std::vector<sxt_str> texts;
  for (const std::string& text : item.continuations) texts.push_back(arena.text(text));
  if (item.whole) texts.push_back(arena.text(item.text));
  request.continuation = arena.list(texts);
  request.continuation_count = texts.size();
  sxt_sampling sampling{};
  sampling.max_new_tokens = 8;
  sampling.top_p = 1;
  sampling.repetition_penalty = 1;
  sampling.id = index;
  if (texts.empty()) request.sampling = arena.lend(sampling);
  return arena.lend(request);
}

template <class Table> bool covers(const Table* table, size_t end) { return table && table->struct_size >= end; }

}  // namespace

TrialHost& TrialHost::the() {
  static auto* host = [] {
    auto* out = new TrialHost;
    out->table = {sizeof(sxt_host), SXT_ABI_MAJOR, SXT_ABI_MINOR_NEWEST, 0, out,
                  [](void* ctx, int32_t, sxt_str) { ++static_cast<TrialHost*>(ctx)->logged; },
                  [](void* ctx, uint64_t) -> int32_t { return static_cast<TrialHost*>(ctx)->cancelled ? 1 : 0; },
                  [](void*, uint64_t, uint64_t, uint64_t) {}, [](void*, const char*) -> const void* { return nullptr; }};
    return out;
  }();
  return *host;
}

uint64_t late_puts() { return late.exchange(0); }

std::string Subject::interface_id() const { return fmt::format("sextant.{}/1", plugin::kind_name(info.kind)); }

Result<Made> Subject::make(const std::string& with_config) const {
  Arena arena({});
  const sxt_str lent = arena.text(with_config);
  arena.lock();
  auto* const untouched = reinterpret_cast<sxt_object*>(uintptr_t{0x5e47a47});
  sxt_object* object = untouched;
  sxt_error error{};
  sxt_status status = SXT_INTERNAL;
  try {
    status = component->create(&TrialHost::the().table, lent, &object, &error);
  } catch (...) {
    return broken("create let a C++ exception out");
  }
  if (status != SXT_OK) {
    if (object != untouched) return broken("create failed and changed *ret all the same");
    SXT_CHECK(check_failure(status, message_of(error)));
    return Error{Error::Kind::config, message_of(error)};
  }
  if (object == untouched || !object) return broken("create returned SXT_OK without an object");
  if (!SXT_HAS(object, destroy) || !SXT_HAS(object, get_interface))
    return broken("create gave an object whose struct_size, destroy or get_interface is missing");
  const void* table = object->get_interface(object, interface_id().c_str());
  if (!table) {
    object->destroy(object);
    return broken(fmt::format("get_interface(\"{}\") is NULL", interface_id()));
  }
  return Made(object, table);
}

std::vector<Item> Subject::many(size_t n) const {
  std::vector<Item> out;
  for (size_t i = 0; i < n; ++i) {
    out.push_back(items[i % items.size()]);
    out.back().row = i;
  }
  return out;
}

Result<void> check_failure(sxt_status status, const std::string& message) {
  if (message.empty())
    return broken(fmt::format(
        "failed with status {} and left reterr->message empty (one sentence that names the file, key or id)", status));
  if (!utf8::is_valid(message)) return broken("failed with a message that is not UTF-8 or has no NUL");
  if (status < 0 || status > SXT_MISSING) return broken(fmt::format("returned {}, which is not an sxt_status", status));
  return {};
}

Answers ask(const Subject& subject, const Made& made, std::span<const Item> items, Lending how) {
  Arena arena(how);
  Kept& kept = new_kept(items.size());
  const sxt_sink sink{&kept, put_text};
  sxt_error error{};
  sxt_status status = SXT_INTERNAL;
  sxt_object* object = made.object();
  const uint64_t n = items.size();
  const auto call = [&](auto* table, auto member, auto&& body) {
    if (!table || !(table->*member)) {
      kept.complain("has an interface that lacks its function");
      return;
    }
    arena.lock();
    try {
      status = body();
    } catch (...) {
      kept.complain("let a C++ exception out");
    }
  };
  switch (subject.info.kind) {
    case Kind::metric: {
      std::vector<const sxt_judged*> lent;
      for (const Item& i : items)
        lent.push_back(
            arena.lend(sxt_judged{0, 0, arena.text(i.text), arena.text(i.reference_json), arena.text(i.record_json)}));
      const auto* list = arena.list(lent);
      const auto* table = made.table<sxt_metric_v1>();
      call(table, &sxt_metric_v1::score, [&] { return table->score(object, list, n, sink, &error); });
      break;
    }
    case Kind::postprocessor: {
      std::vector<const sxt_extract_item*> lent;
      for (const Item& i : items) {
        const std::vector<sxt_str> attempts = {arena.text(i.text)};
        lent.push_back(
            arena.lend(sxt_extract_item{0, 0, arena.text(i.text), arena.text(i.record_json), arena.list(attempts), 1}));
      }
      const auto* list = arena.list(lent);
      const auto* table = made.table<sxt_postprocessor_v1>();
      call(table, &sxt_postprocessor_v1::apply, [&] { return table->apply(object, list, n, sink, &error); });
      break;
    }
    case Kind::template_: {
      std::vector<const sxt_render_item*> lent;
      for (const Item& i : items) {
        const std::vector<sxt_str> shots = {arena.text(i.record_json)};
        lent.push_back(arena.lend(
            sxt_render_item{0, subject.form, arena.text(i.record_json), arena.list(shots), 1, arena.text("answer")}));
      }
      const auto* list = arena.list(lent);
      const auto* table = made.table<sxt_template_v1>();
      call(table, &sxt_template_v1::render, [&] { return table->render(object, list, n, sink, &error); });
      break;
    }
    case Kind::inferencer: {
      std::vector<const sxt_question*> lent;
      for (const Item& i : items) {
        const std::string sample =
            fmt::format(R"({{"id":{{"task":"t","row":0,"repeat":0}},"record":{},"target":{},"shots":[]}})", i.record_json,
                        i.reference_json);
        const std::string prompts = fmt::format(
            R"({{"prompts":[{{"label":"A","text":{0}}},{{"label":"B","text":{0}}}],"continuations":[{{"label":"A","text":" one"}},{{"label":"B","text":" two"}}]}})",
            json::quote(i.text));
        lent.push_back(arena.lend(sxt_question{0, 0, arena.text(sample), arena.text(prompts),
                                               arena.text(R"({"sampling":{"max_new_tokens":8},"context_length":2048})"),
                                               arena.text(i.rounds_json)}));
      }
      const auto* list = arena.list(lent);
      const auto* table = made.table<sxt_inferencer_v1>();
      call(table, &sxt_inferencer_v1::step, [&] { return table->step(object, list, n, sink, &error); });
      break;
    }
    case Kind::retriever: {
      std::vector<const sxt_query*> lent;
      const std::vector<float> embedding = {0.6f, 0.8f};
      for (size_t i = 0; i < items.size(); ++i)
        lent.push_back(
            arena.lend(sxt_query{0, 0, items[i].row, items[i].row % corpus_rows, 7 + items[i].row,
                                 arena.text(items[i].record_json), arena.text(items[i].text), arena.list(embedding), 2}));
      const auto* list = arena.list(lent);
      const auto* table = made.table<sxt_retriever_v1>();
      call(table, &sxt_retriever_v1::retrieve, [&] { return table->retrieve(object, list, n, 3, sink, &error); });
      break;
    }
    case Kind::model: {
      std::vector<const sxt_request*> lent;
      std::vector<uint64_t> continuations;
      for (size_t i = 0; i < items.size(); ++i) {
        lent.push_back(lend_request(arena, items[i], 0));
        continuations.push_back(items[i].continuations.size() + (items[i].whole ? 1 : 0));
      }
      const auto* list = arena.list(lent);
      const auto* table = made.table<sxt_model_v1>();
      auto* results = new ModelSink{&kept, std::move(continuations)};  // never freed: what comes late is seen
      call(table, &sxt_model_v1::run,
           [&] { return table->run(object, 1, list, n, sxt_result_sink{results, put_result}, &error); });
      break;
    }
    case Kind::dataset: break;
  }
  const std::lock_guard lock(kept.mutex);
  kept.open = false;
  Answers out = kept.answers;
  out.status = out.complaint.empty() ? status : SXT_OK;
  out.message = message_of(error);
  return out;
}

}  // namespace sextant::conformance
