// Rules of single kinds: data sets, models, metrics, retrievers; and the list of all.
#include <filesystem>
#include <fmt/format.h>
#include <limits>
#include <mutex>
#include "rules.hpp"

namespace sextant::conformance {
namespace {

using plugin::Kind;

struct Said {
  sxt_status status = SXT_INTERNAL;
  std::string message;
  std::vector<std::string> given;
};
/// A call with a sink of any number of texts. Its function gets the sink and the error.
template <class F> Said call(F&& function) {
  struct Keep { std::mutex mutex; std::vector<std::string> given; } keep;
  const sxt_sink sink{&keep, [](void* ctx, uint64_t, sxt_str bytes) {
                        auto& to = *static_cast<Keep*>(ctx);
                        const std::lock_guard lock(to.mutex);
                        to.given.emplace_back(bytes.data ? bytes.data : "", bytes.data ? bytes.size : 0);
                      }};
  sxt_error error{};
  Said out;
  try {
    out.status = function(sink, &error);
  } catch (...) {
    out.message = "let a C++ exception out";
    return out;
  }
  out.message.assign(error.message, ::strnlen(error.message, sizeof error.message));
  out.given = std::move(keep.given);
  return out;
}
sxt_str lent(std::string_view text) { return {text.data(), text.size()}; }

// ---- data sets -------------------------------------------------------------------------------------------------------------
Verdict missing_files(Subject& subject) {
  if (subject.own_data) return untried("--config names data that are there");
  if (subject.config.empty()) return untried(subject.why_no_config);
  auto made = subject.make();
  if (!made) return untried(made.error().message);
  const auto* table = made->table<sxt_dataset_v1>();
  if (!table || !SXT_HAS(table, describe)) return broken("has an interface without describe");
  const Said said = call([&](sxt_sink sink, sxt_error* e) { return table->describe(made->object(), sink, e); });
  if (said.status == SXT_OK) return {Verdict::holds, "it has data without files"};
  if (const auto sound = check_failure(said.status, said.message); !sound) return broken(sound.error().message);
  if (said.status != SXT_MISSING)
    return broken(fmt::format("returned status {} where its files are missing ({}); SXT_MISSING is wanted, so that the set is "
                              "reported as missing, not as failed", said.status, said.message));
  if (said.message.find('/') == said.message.npos) return broken("does not name the file that it looked for: " + said.message);
  return {};
}

Verdict rows(Subject& subject) {
  if (!subject.own_data) return untried("no data: name some with --config '{\"path\": ...}'");
  auto made = subject.make();
  if (!made) return broken(made.error().message);
  const auto* table = made->table<sxt_dataset_v1>();
  if (!table || !SXT_HAS(table, read)) return broken("has an interface without describe, count or read");
  sxt_object* object = made->object();
  const Said said = call([&](sxt_sink sink, sxt_error* e) { return table->describe(object, sink, e); });
  if (said.status != SXT_OK) return broken("describe: " + said.message);
  if (said.given.size() != 1) return broken(fmt::format("describe put {} texts; one is wanted", said.given.size()));
  const auto about = json::parse(said.given[0], "describe");
  const json::Value* splits = about ? json::find(*about, "splits") : nullptr;
  if (!splits || !splits->IsObject()) return broken("describe gives no object \"splits\"");
  for (const auto& split : splits->GetObject()) {
    const std::string name(json::text(split.name));
    uint64_t count = UINT64_MAX;
    const Said counted = call([&](sxt_sink, sxt_error* e) { return table->count(object, lent(name), &count, e); });
    if (counted.status != SXT_OK) return broken(fmt::format("count of '{}': {}", name, counted.message));
    if (!split.value.IsUint64() || split.value.GetUint64() != count)
      return broken(fmt::format("describe says {} rows of '{}', count {}", json::write(split.value), name, count));
    const auto read = [&](uint64_t first, uint64_t n) {
      return call([&](sxt_sink sink, sxt_error* e) { return table->read(object, lent(name), first, n, sink, e); });
    };
    if (const Said none = read(0, 0); none.status != SXT_OK || !none.given.empty())
      return broken("reads something where no row is wanted");
    const uint64_t n = std::min<uint64_t>(count, 10'000);
    const Said all = read(0, n);
    if (all.status != SXT_OK) return broken(fmt::format("read of '{}': {}", name, all.message));
    if (all.given.size() != n)
      return broken(fmt::format("read put {} rows of '{}' where {} were wanted", all.given.size(), name, n));
    for (uint64_t i = 0; i < n; ++i) {
      const auto row = json::parse(all.given[i], "row");
      if (!row || !row->IsObject()) return broken(fmt::format("row {} of '{}' is not a JSON object", i, name));
    }
    if (n > 1 && read(n - 1, 1).given != std::vector<std::string>{all.given[n - 1]})
      return broken(fmt::format("gives another row {} of '{}' where it is read alone", n - 1, name));
    if (const Said beyond = read(count, 1); beyond.status == SXT_OK || !check_failure(beyond.status, beyond.message))
      return broken(fmt::format("reads beyond the {} rows of '{}' without an error that says so", count, name));
  }
  uint64_t count = 0;
  const Said unknown = call([&](sxt_sink, sxt_error* e) { return table->count(object, lent("no_such_split"), &count, e); });
  if (unknown.status == SXT_OK && count > 0) return broken("counts rows of a split that does not exist");
  if (unknown.status != SXT_OK)
    if (const auto sound = check_failure(unknown.status, unknown.message); !sound) return broken(sound.error().message);
  return {};
}

// ---- models -----------------------------------------------------------------------------------------------------------------
Verdict model_info(Subject& subject) {
  if (subject.config.empty()) return untried(subject.why_no_config);
  auto made = subject.make();
  if (!made) return untried(made.error().message);
  const auto* table = made->table<sxt_model_v1>();
  if (!table || !SXT_HAS(table, run) || !SXT_HAS(table, info) || !SXT_HAS(table, describe) || !SXT_HAS(table, plan))
    return broken("has an interface without info, describe, plan or run");
  struct { sxt_model_info info; unsigned char behind[64]; } wide{};
  std::memset(wide.behind, 0x5A, sizeof wide.behind);
  wide.info.struct_size = offsetof(sxt_model_info, requests_in_flight);  // an older core, whose struct ends there
  wide.info.requests_in_flight = 0x5A5A5A5A;
  const Said shorter = call([&](sxt_sink, sxt_error* e) { return table->info(made->object(), &wide.info, e); });
  if (shorter.status != SXT_OK) return broken("info: " + shorter.message);
  if (wide.info.requests_in_flight != 0x5A5A5A5A) return broken("info writes behind the struct_size that the caller set");
  wide.info.struct_size = sizeof wide.info;
  (void)call([&](sxt_sink, sxt_error* e) { return table->info(made->object(), &wide.info, e); });
  for (const unsigned char byte : wide.behind)
    if (byte != 0x5A) return broken("info writes behind the struct that it is given");
  if (!(wide.info.abilities & (SXT_MODEL_SCORE | SXT_MODEL_GENERATE | SXT_MODEL_EMBED))) return broken("info names no ability");
  const Said said = call([&](sxt_sink sink, sxt_error* e) { return table->describe(made->object(), sink, e); });
  if (said.status != SXT_OK) return broken("describe: " + said.message);
  const auto about = said.given.size() == 1 ? json::parse(said.given[0], "describe") : Result<json::Document>(json::Document());
  if (!about || !about->IsObject()) return broken("describe gives no JSON object");
  if (!(wide.info.abilities & SXT_MODEL_TOKENIZE)) return {};
  const sxt_str texts[] = {lent("Hello, world"), lent("")};
  const Said ids = call([&](sxt_sink sink, sxt_error* e) { return table->tokenize(made->object(), texts, 2, 0, sink, e); });
  if (ids.status != SXT_OK) return broken("tokenize: " + ids.message);
  if (ids.given.size() != 2 || ids.given[0].size() % 4 != 0 || ids.given[0].empty())
    return broken("tokenize does not put int32 ids for each of two texts");
  return {};
}

Verdict refused_requests(Subject& subject) {
  if (subject.config.empty()) return untried(subject.why_no_config);
  auto made = subject.make();
  if (!made) return untried(made.error().message);
  const auto* table = made->table<sxt_model_v1>();
  sxt_request unknown{}, sane{};
  sxt_sampling sampling{};
  unknown.struct_size = sane.struct_size = sizeof unknown;
  sampling.struct_size = sizeof sampling;
  sampling.max_new_tokens = 4;
  sampling.top_p = sampling.repetition_penalty = 1;
  unknown.ask = 77;
  sane.ask = SXT_ASK_GENERATE;
  sane.prefix = unknown.prefix = lent("2 + 2 =");
  sane.sampling = unknown.sampling = &sampling;
  const sxt_request* const both[] = {&unknown, &sane};
  struct Got { std::mutex mutex; int failed[2] = {-1, -1}; bool silent = false; } got;
  const sxt_result_sink sink{&got, [](void* ctx, uint64_t index, const sxt_result* result) {
                               auto& to = *static_cast<Got*>(ctx);
                               const std::lock_guard lock(to.mutex);
                               if (index < 2) to.failed[index] = result->status != SXT_OK;
                               if (result->status != SXT_OK && !result->message.size) to.silent = true;
                             }};
  const Said said = call([&](sxt_sink, sxt_error* e) { return table->run(made->object(), 2, both, 2, sink, e); });
  if (said.status != SXT_OK) return broken("a request that it does not know fails the whole call, not itself: " + said.message);
  if (got.failed[0] == 0) return broken("answers a request of an ask that does not exist; SXT_UNSUPPORTED is wanted");
  if (got.failed[0] < 0 || got.failed[1] < 0) return broken("left a request without a result");
  if (got.silent) return broken("refuses a request without a message");
  return {};
}

// What a model says that it gives of its tokens, it gives; and asking for it changes no other number.
Verdict token_details(Subject& subject) {
  if (subject.config.empty()) return untried(subject.why_no_config);
  auto made = subject.make();
  if (!made) return untried(made.error().message);
  const auto* table = made->table<sxt_model_v1>();
  sxt_model_info info{};
  info.struct_size = sizeof info;
  const Said asked = call([&](sxt_sink, sxt_error* e) { return table->info(made->object(), &info, e); });
  if (asked.status != SXT_OK) return untried(asked.message);
  const bool moments = info.abilities & SXT_MODEL_MOMENTS && info.abilities & SXT_MODEL_SCORE;
  const bool margins = info.abilities & SXT_MODEL_MARGINS && info.abilities & SXT_MODEL_GENERATE;
  sxt_sampling sampling{};
  sampling.struct_size = sizeof sampling;
  sampling.max_new_tokens = 4;
  sampling.top_p = sampling.repetition_penalty = 1;
  const sxt_str answer = lent(" 4 and more");
  sxt_request requests[4]{};
  for (uint32_t i = 0; i < 4; ++i) {
    sxt_request& r = requests[i];
    r.struct_size = sizeof r;
    r.prefix = lent("2 + 2 =");
    if (i < 2) r.ask = SXT_ASK_SCORE, r.continuation = &answer, r.continuation_count = 1, r.flags = SXT_REQUEST_TOKEN_LOGPROBS;
    else r.ask = SXT_ASK_GENERATE, r.sampling = &sampling;
  }
  requests[1].flags |= SXT_REQUEST_TOKEN_MOMENTS;
  requests[3].flags |= SXT_REQUEST_LEAST_MARGIN;
  std::vector<const sxt_request*> list;
  if (moments) list.insert(list.end(), {&requests[0], &requests[1]});
  if (margins) list.insert(list.end(), {&requests[2], &requests[3]});
  if (list.empty()) return {};
  struct Got {
    std::mutex mutex;
    std::vector<const sxt_request*>* list;
    double logprob[2] = {1, 1};
    std::string text[2], why;
  } got;
  got.list = &list;
  const auto take = [](void* ctx, uint64_t index, const sxt_result* r) {
    auto& to = *static_cast<Got*>(ctx);
    const std::lock_guard lock(to.mutex);
    if (index >= to.list->size() || r->status != SXT_OK) return void(to.why = "a request of them failed");
    const sxt_request& request = *(*to.list)[index];
    if (request.ask == SXT_ASK_GENERATE) {
      const bool wanted = request.flags & SXT_REQUEST_LEAST_MARGIN;
      if (SXT_COVERS(r, text)) to.text[wanted] = std::string(r->text.data ? r->text.data : "", r->text.size);
      if (!wanted) return;
      if (!SXT_COVERS(r, margin_count) || r->margin_count == 0) to.why = "says SXT_MODEL_MARGINS, and gives no least_margin";
      else if (!(r->least_margin >= 0) || !std::isfinite(r->least_margin)) to.why = "gives a least_margin below 0, or that is none";
      else if (r->least_margin_at > r->id_count) to.why = "gives a least_margin_at beyond the reply's tokens";
      return;
    }
    const sxt_score* score = r->score ? r->score[0] : nullptr;
    if (!score || !SXT_COVERS(score, total_tokens)) return void(to.why = "gave no score");
    const bool wanted = request.flags & SXT_REQUEST_TOKEN_MOMENTS;
    to.logprob[wanted] = score->logprob;
    if (!wanted) return;
    if (!SXT_HAS(score, token_mean) || !SXT_HAS(score, token_variance))
      return void(to.why = "says SXT_MODEL_MOMENTS, and gives no token_mean or no token_variance");
    for (uint32_t t = 0; t < score->token_count; ++t)
      if (!(score->token_mean[t] <= 1e-6f) || !(score->token_variance[t] >= 0) || !std::isfinite(score->token_variance[t]))
        to.why = "gives a mean of ln p above 0, or a variance below it";
  };
  const Said said = call([&](sxt_sink, sxt_error* e) {
    return table->run(made->object(), 3, list.data(), list.size(), sxt_result_sink{&got, take}, e);
  });
  if (said.status != SXT_OK) return broken(said.message);
  if (!got.why.empty()) return broken(got.why);
  if (moments && got.logprob[0] != got.logprob[1]) return broken("gives another score where moments are wanted, too");
  if (margins && got.text[0] != got.text[1]) return broken("gives another reply where its margin is wanted, too");
  return {};
}

// ---- metrics
// -----------------------------------------------------------------------------------------------------------------
Verdict aggregate(Subject& subject) {
  if (subject.config.empty()) return untried(subject.why_no_config);
  auto made = subject.make();
  if (!made) return untried(made.error().message);
  const auto* table = made->table<sxt_metric_v1>();
  if (!table || !SXT_HAS(table, aggregate)) return {};
  for (const size_t n : {size_t{0}, size_t{1}, size_t{100}}) {
    Arena arena({.guarded = n == 1, .longer = 0});
    std::vector<const sxt_judged*> list;
    for (const Item& item : subject.many(n))
      list.push_back(
          arena.lend(sxt_judged{0, 0, arena.text(item.text), arena.text(item.reference_json), arena.text(item.record_json)}));
    std::vector<double> scores(n, 1);
    if (n) scores[0] = std::numeric_limits<double>::quiet_NaN();
    const auto* samples = arena.list(list);
    const auto* numbers = arena.list(scores);
    arena.lock();
    const Said said =
        call([&](sxt_sink sink, sxt_error* e) { return table->aggregate(made->object(), samples, numbers, n, sink, e); });
    if (said.status != SXT_OK) {
      if (const auto sound = check_failure(said.status, said.message); !sound) return broken(sound.error().message);
      continue;
    }
    if (said.given.size() != 1)
      return broken(fmt::format("aggregate put {} texts over {} samples; one is wanted", said.given.size(), n));
    if (said.given[0].empty()) continue;  // the core's mean
    const auto parsed = json::parse(said.given[0], "aggregate");
    if (!parsed || !parsed->IsObject()) return broken(fmt::format("aggregate gives no JSON object over {} samples", n));
    for (const auto& member : parsed->GetObject())
      if (!member.value.IsNumber() && !member.value.IsNull()) return broken("aggregate gives something else than numbers");
  }
  return {};
}

constexpr Rule of_datasets[] = {
    {"missing", "abi/dataset.h", "files that are missing are SXT_MISSING, and named", missing_files},
    {"rows", "abi/dataset.h", "describe, count and read agree; no row too many", rows}};
constexpr Rule of_models[] = {
    {"info", "abi/model.h, sxt_model_info", "info, describe and tokenize", model_info},
    {"refusals", "abi/model.h, sxt_result.status", "a request that cannot be answered costs itself alone", refused_requests},
    {"details", "abi/model.h, SXT_MODEL_MOMENTS, _MARGINS", "what is said of each token's chances, where the model says it gives that",
     token_details}};
constexpr Rule of_metrics[] = {{"aggregate", "abi/metric.h", "numbers over 0, 1 and 100 samples", aggregate}};

}  // namespace

std::vector<Rule> rules_of(Kind kind) {
  std::vector<Rule> out;
  const auto add = [&](std::span<const Rule> more) { out.insert(out.end(), more.begin(), more.end()); };
  add(object_rules());
  if (kind == Kind::dataset) add(of_datasets);
  if (kind == Kind::model) add(of_models);
  if (kind != Kind::dataset) add(item_rules());
  if (kind == Kind::metric) add(of_metrics);
  return out;
}

Result<Made> ready(const Subject& subject) {
  SXT_TRY(Made made, subject.make());
  if (!subject.is(Kind::retriever)) return made;
  const auto* table = made.table<sxt_retriever_v1>();
  if (!table || !SXT_HAS(table, prepare)) return Error{Error::Kind::internal, "has an interface without prepare"};
  Arena arena({});
  std::vector<const sxt_corpus_row*> corpus;
  const std::vector<float> embedding = {0.8f, 0.6f};
  for (uint64_t row = 0; row < corpus_rows; ++row)
    corpus.push_back(arena.lend(sxt_corpus_row{0, 0, row, arena.text(subject.items.front().record_json),
                                               arena.text(fmt::format("row {} which letter", row)), arena.list(embedding), 2}));
  const auto* list = arena.list(corpus);
  arena.lock();
  const Said said = call([&](sxt_sink, sxt_error* e) { return table->prepare(made.object(), list, corpus.size(), e); });
  if (said.status != SXT_OK) return Error{Error::Kind::internal, "prepare failed: " + said.message};
  return made;
}

}  // namespace sextant::conformance
