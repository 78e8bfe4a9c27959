// The C++20 SDK: derive from a base class, name it in SEXTANT_PLUGIN, done. The shims below turn the C ABI's calls into
// virtual calls and exceptions into sxt_error, so that nothing is ever thrown across the boundary.
//
//   struct ExactMatch : sextant::Metric {
//     using Metric::Metric;
//     double score(const sextant::Judged& sample) override { return sample.prediction == sample.reference ? 1 : 0; }
//   };
//   SEXTANT_PLUGIN(sextant::component<ExactMatch>({.id = "exact_match", .summary = "1 if equal, else 0"}))
//
// Threads: an object is used by one thread at a time (the ABI's [owner]). Ownership: what a method gets is borrowed for the
// call; what it returns is copied. Errors: throw sextant::PluginError (or any std::exception).
#pragma once
#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <sextant/abi.h>
#include <sextant/columns.hpp>
#include <sextant/json.hpp>

namespace sextant {

inline std::string_view view(sxt_str s) {
  return s.size ? std::string_view{s.data, static_cast<size_t>(s.size)} : std::string_view{};
}
inline sxt_str borrow(std::string_view s) { return {s.data(), s.size()}; }

/// What a plugin throws: the status says whose fault it is, the text is one sentence that names file, key or id.
struct PluginError : std::runtime_error {
  PluginError(sxt_status status_, const std::string& what) : runtime_error(without_nul(what)), status(status_) {}
  explicit PluginError(const Error& error) : PluginError(status_of(error.kind), error.message) {}
  sxt_status status;

  /// A message ends at its first NUL, and may quote a text that begins with one.
  static std::string without_nul(std::string text) {
    std::replace(text.begin(), text.end(), '\0', ' ');
    return text;
  }
  static sxt_status status_of(Error::Kind kind) {
    switch (kind) {
      case Error::Kind::usage: case Error::Kind::config: return SXT_BAD_CONFIG;
      case Error::Kind::data: return SXT_BAD_DATA;
      case Error::Kind::missing: return SXT_MISSING;
      case Error::Kind::io: return SXT_IO;
      case Error::Kind::device: return SXT_NO_DEVICE;
      case Error::Kind::cancelled: return SXT_CANCELLED;
      case Error::Kind::internal: break;
    }
    return SXT_INTERNAL;
  }
};
struct ConfigError : PluginError { explicit ConfigError(const std::string& what) : PluginError(SXT_BAD_CONFIG, what) {} };
struct DataError : PluginError { explicit DataError(const std::string& what) : PluginError(SXT_BAD_DATA, what) {} };

/// The value, or the error thrown: for plugin code that calls functions returning Result.
template <class T> T or_throw(Result<T> result) {
  if (!result) throw PluginError(result.error());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// Fills *reterr (cut to its size at a character's start) and returns the status.
inline sxt_status fail(sxt_error* reterr, sxt_status status, std::string_view what) noexcept {
  if (!reterr) return status;
  size_t n = std::min(what.size(), sizeof reterr->message - 1);
  while (n < what.size() && n > 0 && (static_cast<unsigned char>(what[n]) & 0xC0) == 0x80) --n;
  std::memcpy(reterr->message, what.data(), n);
  reterr->message[n] = '\0';
  reterr->status = status;
  return status;
}
template <class F> sxt_status guard(sxt_error* reterr, F&& body) noexcept {
  try { body(); return SXT_OK; }
  catch (const PluginError& e) { return fail(reterr, e.status, e.what()); }
  catch (const std::bad_alloc&) { return fail(reterr, SXT_NO_MEMORY, "out of memory"); }
  catch (const std::exception& e) { return fail(reterr, SXT_INTERNAL, e.what()); }
  catch (...) { return fail(reterr, SXT_INTERNAL, "unknown exception"); }
}

/// What every component is made with: its configuration (already checked against its schema, defaults filled in) and the host.
class Context {
 public:
  Context(const sxt_host* host, sxt_str config_json) : host_(host) {
    config_ = or_throw(json::parse(config_json.size ? view(config_json) : "{}", "configuration"));
  }
  const json::Value& config() const { return config_; }
  std::string text(std::string_view key, std::string_view otherwise = "") const {
    return json::find_string(config_, key).value_or(std::string(otherwise));
  }
  void log(int32_t level, std::string_view line) const { if (host_ && host_->log) host_->log(host_->ctx, level, borrow(line)); }
  /// `call` is what run and plan are given; 0: no call in particular.
  bool cancelled(uint64_t call = 0) const { return host_ && host_->cancelled && host_->cancelled(host_->ctx, call) != 0; }
  void progress(uint64_t call, uint64_t done, uint64_t total) const {
    if (host_ && host_->progress) host_->progress(host_->ctx, call, done, total);
  }

 private:
  const sxt_host* host_;  // lives as long as the process
  json::Document config_;
};

/// A sink as a function call.
class Sink {
 public:
  explicit Sink(sxt_sink sink) : sink_(sink) {}
  void operator()(uint64_t index, std::string_view bytes) const { sink_.put(sink_.ctx, index, borrow(bytes)); }

 private:
  sxt_sink sink_;
};

struct Judged {
  std::string_view prediction;
  std::string reference;            // as a prompt shows the value: a text, True, 0.5, None; lists and objects as JSON
  std::string_view reference_json;
  std::string_view record_json;     // the data set's row, "{}" if there is none
};

class Component {
 public:
  explicit Component(Context context) : context(std::move(context)) {}
  virtual ~Component() = default;
  Component(const Component&) = delete;
  Component& operator=(const Component&) = delete;

 protected:
  Context context;
};

/// What a metric says of one prediction: named values (NaN: none), and what it read and why, where it can say so. The name ""
/// is the component's id.
struct Scored {
  std::vector<std::pair<std::string, double>> values;
  std::string answer, explanation;
};
struct Metric : Component {
  using Component::Component;
  static constexpr uint32_t kind = SXT_METRIC;
  /// One number: what most metrics override.
  virtual double score(const Judged&) { throw PluginError(SXT_INTERNAL, "the metric overrides neither score nor judge"); }
  /// Several values, an answer, an explanation.
  virtual Scored judge(const Judged& sample) { return {{{"", score(sample)}}, {}, {}}; }
  /// JSON object of the whole set's numbers, or "" for {"<id>": mean of the scores x 100}. scores: the first value of each
  /// sample.
  virtual std::string aggregate(std::span<const Judged>, std::span<const double>) { return {}; }
  static constexpr bool has_aggregate = false;  // set to true in the derived class that overrides it
};

/// A prediction on its way to an answer.
struct Extracted {
  std::string_view text;                  // of this attempt
  std::string_view record_json;           // the data set's row, "{}" if there is none
  std::span<const sxt_str> attempts;      // the texts of all attempts of the sample
  size_t attempt = 0;                     // which of them this is
};
struct Postprocessor : Component {
  using Component::Component;
  static constexpr uint32_t kind = SXT_POSTPROCESSOR;
  /// Text in, text out: what most post-processors override.
  virtual std::string apply(std::string_view) {
    throw PluginError(SXT_INTERNAL, "the post-processor overrides neither apply nor extract");
  }
  /// With the record, or all attempts of the sample.
  virtual std::string extract(const Extracted& item) { return apply(item.text); }
};
struct Dataset : Component {
  using Component::Component;
  static constexpr uint32_t kind = SXT_DATASET;
  virtual std::string describe() = 0;                                                     // JSON, see abi/dataset.h
  virtual uint64_t count(std::string_view split) = 0;
  virtual void read(std::string_view split, uint64_t first, uint64_t n, const Sink& ret_record_json) = 0;
};
struct Template : Component {
  using Component::Component;
  static constexpr uint32_t kind = SXT_TEMPLATE;
  virtual std::string render(const sxt_render_item& item) = 0;                            // JSON, see abi/template.h
};
struct Retriever : Component {
  using Component::Component;
  static constexpr uint32_t kind = SXT_RETRIEVER;
  /// Once, before the first query. The rows are borrowed for the call.
  virtual void prepare(std::span<const sxt_corpus_row* const> corpus) = 0;
  /// The rows that are the query's examples, at most k, in the order in which they are shown.
  virtual std::vector<uint64_t> retrieve(const sxt_query&, uint64_t) { return {}; }
  /// Where a model chooses (set `chooses` to true): the lists that it chooses from, and the one that its scores (mean ln p of
  /// the query behind each) say.
  static constexpr bool chooses = false;
  virtual std::vector<std::vector<uint64_t>> candidates(const sxt_query&, uint64_t) { return {}; }
  virtual size_t choose(const sxt_query&, std::span<const double> scores) {
    return static_cast<size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
  }
};

/// A turn of plain text.
struct Turn { std::string role, content; };

/// What an inferencer is asked: the sample, its prompts, the settings and what was asked and answered so far
/// (abi/inferencer.h).
struct Question {
  json::Document sample, prompts, settings, history;

  size_t rounds() const { return history.Size(); }
  /// The text of the answer to request `i` of a round.
  std::string reply(size_t round, size_t i = 0) const {
    const json::Value& answers = history[static_cast<rapidjson::SizeType>(round)]["answers"];
    return json::find_string(answers[static_cast<rapidjson::SizeType>(i)], "text").value_or("");
  }
  /// The first prompt as turns; a prompt of plain text is one turn of the user's.
  std::vector<Turn> turns() const {
    std::vector<Turn> out;
    const json::Value* list = json::find(prompts, "prompts");
    if (!list || !list->IsArray() || list->Empty()) throw DataError("the template gives no prompt");
    const json::Value& prompt = (*list)[0];
    if (const json::Value* messages = json::find(prompt, "messages"); messages && messages->IsArray() && !messages->Empty()) {
      for (const auto& message : messages->GetArray())
        out.push_back(
            {json::find_string(message, "role").value_or("user"), json::find_string(message, "content").value_or("")});
    } else {
      out.push_back({"user", json::find_string(prompt, "text").value_or("")});
    }
    return out;
  }
};
/// A pure function of its question: no state, I/O, clock or random numbers of its own. About::facts says its form and rounds:
/// R"({"form": "open", "rounds": "many"})".
struct Inferencer : Component {
  using Component::Component;
  static constexpr uint32_t kind = SXT_INFERENCER;
  virtual std::string step(const Question& question) = 0;                                 // JSON, see abi/inferencer.h

 protected:
  /// The step that asks for a reply to these turns. `keep`: a next turn will follow.
  static std::string ask(std::span<const Turn> turns, bool keep = false) {
    std::string out = R"({"ask":[{"ask":"generate","messages":[)";
    const char* before = "";
    for (const Turn& turn : turns) {
      out.append(std::exchange(before, ",")).append(R"({"role":)").append(json::quote(turn.role));
      out.append(R"(,"content":)").append(json::quote(turn.content)).append("}");
    }
    return out.append(keep ? R"(],"keep":true}]})" : "]}]}");
  }
  /// The last step.
  static std::string done(std::string_view prediction) {
    std::string out = R"({"done":{"prediction":)";
    return out.append(json::quote(prediction)).append("}}");
  }
};

struct Model : Component {
  using Component::Component;
  static constexpr uint32_t kind = SXT_MODEL;
  virtual sxt_model_info info() = 0;
  virtual std::string describe() { return "{}"; }
  virtual std::vector<int32_t> tokenize(std::string_view text, uint32_t flags) = 0;
  virtual std::string detokenize(std::span<const int32_t> ids, uint32_t flags) = 0;
  virtual std::string render_chat(std::string_view conversation_json) = 0;                // JSON {"text"} or {"error"}
  /// `call`: what context.cancelled() and progress() are told.
  virtual std::string plan(uint64_t call, std::span<const sxt_request* const> requests) = 0;
  virtual void run(uint64_t call, std::span<const sxt_request* const> requests, const sxt_result_sink& sink) = 0;
};

namespace detail {

inline std::string scored_json(const Scored& scored) {
  std::string out;
  const auto add = [&](std::string_view name, std::string_view value) {
    out.append(out.empty() ? "{\"" : ",\"").append(name).append("\":").append(value);
  };
  const auto number = [](double value) {
    if (std::isinf(value)) throw PluginError(SXT_INTERNAL, "gave an infinite score");
    return json::write(json::Value(value));  // null for NaN
  };
  if (scored.values.size() == 1 && scored.values.front().first.empty()) {
    add("value", number(scored.values.front().second));
  } else {
    std::string values;
    for (const auto& [name, value] : scored.values)
      values.append(values.empty() ? "{" : ",").append(json::quote(name)).append(":").append(number(value));
    add("values", values.empty() ? "{}" : values.append("}"));
  }
  if (!scored.answer.empty()) add("answer", json::quote(scored.answer));
  if (!scored.explanation.empty()) add("explanation", json::quote(scored.explanation));
  return out.append("}");
}

inline std::string rows_json(const std::vector<uint64_t>& rows) {
  std::string out = "[";
  for (const uint64_t row : rows) out.append(out.size() > 1 ? "," : "").append(std::to_string(row));
  return out.append("]");
}

inline Question question(const sxt_question& q) {
  const auto parse = [](sxt_str text, const char* origin) { return or_throw(json::parse(view(text), origin)); };
  Question out{parse(q.sample_json, "sample"), parse(q.prompts_json, "prompts"), parse(q.settings_json, "settings"),
               parse(q.rounds_json, "rounds")};
  if (!out.history.IsArray()) throw DataError("rounds: not a list");
  return out;
}

inline Judged judged(const sxt_judged& j) {
  Judged out{view(j.prediction), std::string(view(j.reference_json)), view(j.reference_json), view(j.record_json)};
  // whole numbers stand as they are: beyond 64 bits they would lose digits
  if (!out.reference.empty() && out.reference.find_first_not_of("-0123456789") != out.reference.npos &&
      out.reference.front() != '[' && out.reference.front() != '{')
    if (const auto parsed = json::parse(out.reference, "reference")) out.reference = columns::as_text(*parsed);
  return out;
}

template <class T> struct Box : sxt_object {
  T impl;
  explicit Box(Context context) : sxt_object{}, impl(std::move(context)) {}
  static T& of(sxt_object* object) { return static_cast<Box*>(object)->impl; }
};

template <class T> const void* vtable(std::string_view id) {
  using B = Box<T>;
  if constexpr (T::kind == SXT_METRIC) {
    static const sxt_metric_v1 table{
        sizeof(sxt_metric_v1), 0,
        [](sxt_object* o, const sxt_judged* const* j, uint64_t n, sxt_sink ret, sxt_error* e) {
          return guard(e, [&] { for (uint64_t i = 0; i < n; ++i) Sink{ret}(i, scored_json(B::of(o).judge(judged(*j[i])))); });
        },
        T::has_aggregate ? +[](sxt_object* o, const sxt_judged* const* j, const double* score, uint64_t n, sxt_sink ret,
                               sxt_error* e) {
          return guard(e, [&] {
            std::vector<Judged> all;
            for (uint64_t i = 0; i < n; ++i) all.push_back(judged(*j[i]));
            Sink{ret}(0, B::of(o).aggregate(all, {score, n}));
          });
        } : nullptr};
    return id == "sextant.metric/1" ? &table : nullptr;
  } else if constexpr (T::kind == SXT_POSTPROCESSOR) {
    static const sxt_postprocessor_v1 table{
        sizeof(sxt_postprocessor_v1), 0,
        [](sxt_object* o, const sxt_extract_item* const* item, uint64_t n, sxt_sink ret, sxt_error* e) {
          return guard(e, [&] {
            for (uint64_t i = 0; i < n; ++i)
              Sink{ret}(i, B::of(o).extract({view(item[i]->text),
                                             view(item[i]->record_json),
                                             {item[i]->attempts, static_cast<size_t>(item[i]->attempt_count)},
                                             item[i]->attempt}));
          });
        }};
    return id == "sextant.postprocessor/1" ? &table : nullptr;
  } else if constexpr (T::kind == SXT_DATASET) {
    static const sxt_dataset_v1 table{
        sizeof(sxt_dataset_v1), 0,
        [](sxt_object* o, sxt_sink ret, sxt_error* e) { return guard(e, [&] { Sink{ret}(0, B::of(o).describe()); }); },
        [](sxt_object* o, sxt_str split, uint64_t* ret, sxt_error* e) {
          return guard(e, [&] { *ret = B::of(o).count(view(split)); });
        },
        [](sxt_object* o, sxt_str split, uint64_t first, uint64_t n, sxt_sink ret, sxt_error* e) {
          return guard(e, [&] { B::of(o).read(view(split), first, n, Sink{ret}); });
        }};
    return id == "sextant.dataset/1" ? &table : nullptr;
  } else if constexpr (T::kind == SXT_TEMPLATE) {
    static const sxt_template_v1 table{
        sizeof(sxt_template_v1), 0,
        [](sxt_object* o, const sxt_render_item* const* item, uint64_t n, sxt_sink ret, sxt_error* e) {
          return guard(e, [&] { for (uint64_t i = 0; i < n; ++i) Sink{ret}(i, B::of(o).render(*item[i])); });
        }};
    return id == "sextant.template/1" ? &table : nullptr;
  } else if constexpr (T::kind == SXT_INFERENCER) {
    static const sxt_inferencer_v1 table{
        sizeof(sxt_inferencer_v1), 0, [](sxt_object* o, const sxt_question* const* q, uint64_t n, sxt_sink ret, sxt_error* e) {
          return guard(e, [&] { for (uint64_t i = 0; i < n; ++i) Sink{ret}(i, B::of(o).step(question(*q[i]))); });
        }};
    return id == "sextant.inferencer/1" ? &table : nullptr;
  } else if constexpr (T::kind == SXT_RETRIEVER) {
    static const sxt_retriever_v1 table{
        sizeof(sxt_retriever_v1), 0,
        [](sxt_object* o, const sxt_corpus_row* const* row, uint64_t n, sxt_error* e) {
          return guard(e, [&] { B::of(o).prepare({row, static_cast<size_t>(n)}); });
        },
        [](sxt_object* o, const sxt_query* const* query, uint64_t n, uint64_t k, sxt_sink ret, sxt_error* e) {
          return guard(e, [&] {
            for (uint64_t i = 0; i < n; ++i) {
              if constexpr (T::chooses) {
                std::string lists = R"({"candidates":)";
                const char* before = "[";
                for (const auto& rows : B::of(o).candidates(*query[i], k))
                  lists.append(std::exchange(before, ",")).append(rows_json(rows));
                Sink{ret}(i, lists.append(*before == '[' ? "[]}" : "]}"));
              } else {
                std::string rows = R"({"rows":)";
                Sink{ret}(i, rows.append(rows_json(B::of(o).retrieve(*query[i], k))).append("}"));
              }
            }
          });
        },
        T::chooses ? +[](sxt_object* o, const sxt_query* query, const double* score, uint64_t n, uint64_t* ret, sxt_error* e) {
          return guard(e, [&] { *ret = B::of(o).choose(*query, {score, static_cast<size_t>(n)}); });
        } : nullptr};
    return id == "sextant.retriever/1" ? &table : nullptr;
  } else {
    static_assert(T::kind == SXT_MODEL);
    static const sxt_model_v1 table{
        sizeof(sxt_model_v1),
        0,
        [](sxt_object* o, sxt_model_info* ret, sxt_error* e) {
          return guard(e, [&] {
            sxt_model_info info = B::of(o).info();
            const uint32_t size = std::min<uint32_t>(ret->struct_size, sizeof info);
            info.struct_size = size;
            std::memcpy(ret, &info, size);
          });
        },
        [](sxt_object* o, sxt_sink ret, sxt_error* e) { return guard(e, [&] { Sink{ret}(0, B::of(o).describe()); }); },
        [](sxt_object* o, const sxt_str* text, uint64_t n, uint32_t flags, sxt_sink ret, sxt_error* e) {
          return guard(e, [&] {
            for (uint64_t i = 0; i < n; ++i) {
              const auto ids = B::of(o).tokenize(view(text[i]), flags);
              Sink{ret}(i, {reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof(int32_t)});
            }
          });
        },
        [](sxt_object* o, const sxt_ids* ids, uint64_t n, uint32_t flags, sxt_sink ret, sxt_error* e) {
          return guard(e, [&] {
            for (uint64_t i = 0; i < n; ++i)
              Sink{ret}(i, B::of(o).detokenize({ids[i].data, static_cast<size_t>(ids[i].count)}, flags));
          });
        },
        [](sxt_object* o, const sxt_str* conversation, uint64_t n, sxt_sink ret, sxt_error* e) {
          return guard(e, [&] { for (uint64_t i = 0; i < n; ++i) Sink{ret}(i, B::of(o).render_chat(view(conversation[i]))); });
        },
        [](sxt_object* o, uint64_t call, const sxt_request* const* r, uint64_t n, sxt_sink ret, sxt_error* e) {
          return guard(e, [&] { Sink{ret}(0, B::of(o).plan(call, {r, static_cast<size_t>(n)})); });
        },
        [](sxt_object* o, uint64_t call, const sxt_request* const* r, uint64_t n, sxt_result_sink sink, sxt_error* e) {
          return guard(e, [&] { B::of(o).run(call, {r, static_cast<size_t>(n)}, sink); });
        }};
    return id == "sextant.model/1" ? &table : nullptr;
  }
}

}  // namespace detail

namespace detail {
inline constexpr const char* no_keys = R"({"type":"object","properties":{},"additionalProperties":false})";
inline constexpr const char* path_alone =
    R"({"type":"object","properties":{"path":{"type":"string","description":"the folder of the set's files"}},"additionalProperties":false})";
}  // namespace detail

/// The facts that the core shows before it creates anything.
struct About {
  const char* id;
  const char* summary = "";
  const char* schema = nullptr;  // JSON Schema draft 4; nullptr: no keys (of a data set: "path", which the core always gives)
  const char* version = "1";
  const char* license = "Apache-2.0";
  uint32_t capabilities = SXT_CAP_DETERMINISTIC;
  const char* facts = nullptr;  // JSON, as the kind's header under abi/ says
};

template <class T> constexpr sxt_component component(About about) {
  return {sizeof(sxt_component),
          T::kind,
          about.capabilities,
          0,
          about.id,
          about.version,
          about.summary,
          about.license,
          about.schema ? about.schema : T::kind == SXT_DATASET ? detail::path_alone : detail::no_keys,
          [](const sxt_host* host, sxt_str config, sxt_object** ret, sxt_error* e) -> sxt_status {
            return guard(e, [&] {
              auto box = std::make_unique<detail::Box<T>>(Context(host, config));
              box->struct_size = sizeof(sxt_object);
              box->destroy = [](sxt_object* o) { delete static_cast<detail::Box<T>*>(o); };
              box->get_interface = [](sxt_object*, const char* id) -> const void* { return detail::vtable<T>(id); };
              *ret = box.release();
            });
          },
          about.facts};
}

}  // namespace sextant

/// Defines the entry of a plugin: SEXTANT_PLUGIN(component<A>({...}), component<B>({...})). Once per shared object.
#define SEXTANT_PLUGIN(...)                                                                                        \
  namespace {                                                                                                      \
  constexpr sxt_component sxt_component_list_[] = {__VA_ARGS__};                                                   \
  template <size_t... I> struct SxtPointers_ { static constexpr const sxt_component* list[] = {&sxt_component_list_[I]...}; }; \
  template <size_t... I> constexpr const sxt_component* const* sxt_pointers_(std::index_sequence<I...>) {          \
    return SxtPointers_<I...>::list;                                                                               \
  }                                                                                                                \
  }                                                                                                                \
  extern "C" SXT_EXPORT const sxt_entry sextant_plugin_entry = {                                                   \
      {'S', 'E', 'X', 'T', 'A', 'N', 'T', 0}, SXT_ABI_MAJOR, SXT_ABI_MINOR, sizeof(sxt_entry),                      \
      sizeof sxt_component_list_ / sizeof *sxt_component_list_,                                                    \
      sxt_pointers_(std::make_index_sequence<sizeof sxt_component_list_ / sizeof *sxt_component_list_>{}), nullptr, nullptr};
