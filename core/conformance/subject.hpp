// One component under trial: how it is created, and how a list of items is put to it, whatever its kind. All of it runs in the child
// that `sextant plugins check` starts; what a plugin does wrong ends that child at worst.
#pragma once
#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>
#include <sextant/json.hpp>
#include "../plugin/registry.hpp"
#include "arena.hpp"

namespace sextant::conformance {

/// What is asked about. Each kind reads the members that it has a use for.
struct Item {
  std::string text;                          // prediction, reply, query, prompt
  std::string reference_json = "\"A\"";
  std::string record_json = "{}";
  std::vector<std::string> continuations;    // a model's; empty: it generates
  bool whole = false;
  std::string rounds_json = "[]";            // an inferencer's
  uint64_t row = 0;                          // its number, for what is drawn or left out by it
};

inline constexpr uint64_t corpus_rows = 16;   // of what a retriever is prepared with

/// What a call came to.
struct Answers {
  sxt_status status = SXT_OK;
  std::string message;                             // of a failure
  std::vector<std::optional<std::string>> given;   // what was put for each item; of a model's result a text that tells all that counts
  std::string complaint;                           // the first rule that was broken
};

/// Records that are made beside others, and destroyed.
class Made {
 public:
  Made() = default;
  Made(sxt_object* object, const void* table) : object_(object), table_(table) {}
  ~Made() { if (object_) object_->destroy(object_); }
  Made(Made&& other) noexcept : object_(std::exchange(other.object_, nullptr)), table_(other.table_) {}
  sxt_object* object() const { return object_; }
  template <class T> const T* table() const { return static_cast<const T*>(table_); }

 private:
  sxt_object* object_ = nullptr;
  const void* table_ = nullptr;
};

struct Subject {
  const sxt_component* component = nullptr;
  plugin::ComponentInfo info;
  std::string config;              // checked, defaults filled in; empty: there is none, `why_no_config` says why
  std::string why_no_config;
  bool own_data = false;           // a loader's path is the caller's, and there are files
  std::vector<Item> items;         // sane ones, the first of which a sound component can answer
  uint32_t form = SXT_FORM_OPEN;   // of a template's prompts

  std::string interface_id() const;
  bool is(plugin::Kind kind) const { return info.kind == kind; }
  bool deterministic() const { return info.capabilities & SXT_CAP_DETERMINISTIC; }
  /// An object of the configuration; the error names the rule that create broke, or is create's own.
  Result<Made> make(const std::string& with_config) const;
  Result<Made> make() const { return make(config); }
  /// Item `i` of as many as are wanted: the sane ones, over and over.
  std::vector<Item> many(size_t n) const;
};

/// The host of the child. `cancelled` is what plugins are told; `logged` counts.
struct TrialHost {
  std::atomic<bool> cancelled = false;
  std::atomic<uint64_t> logged = 0;
  sxt_host table{};
  static TrialHost& the();
};

/// Puts the items to the object. Kinds that are not asked by items (data sets) have rules of their own.
Answers ask(const Subject& subject, const Made& made, std::span<const Item> items, Lending how = {});
/// What a plugin put into a sink after the call was over, since this was last asked.
uint64_t late_puts();

/// A status and its message, as base.h wants them; what was put, in number and form.
Result<void> check_failure(sxt_status status, const std::string& message);
Result<void> check_answers(const Subject& subject, std::span<const Item> items, const Answers& answers);
/// One result, as the kind's header wants it.
Result<void> check_form(const Subject& subject, const Item& item, const std::string& given);

/// The items that are tried where the caller gives none.
std::vector<Item> own_items(plugin::Kind kind);
/// JSON lines as `sextant plugins run` reads them.
Result<std::vector<Item>> items_from_lines(plugin::Kind kind, std::string_view text, std::string_view origin);

}  // namespace sextant::conformance
