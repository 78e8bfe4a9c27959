// The cpu backend through its C ABI, as the core uses it.
#pragma once
#include <cstdlib>
#include <string>
#include <catch2/catch.hpp>
#include "../../../models/cpu/cpu_hardware.hpp"
#include "../engine/schedule/fakes.hpp"

namespace fakes {

inline constexpr sxt_component cpu_component = component<cpu::CpuModel>({.id = "cpu", .schema = cpu::config_schema});

/// tests/golden/NAME, beside this file: the path is the compiler's, so tests run where they were compiled from (meson's
/// default).
inline std::string golden_file(const std::string& name) {
  const std::string here = __FILE__;
  return here.substr(0, here.rfind("models/cpu/")) + "golden/" + name;
}

class Backend {
 public:
  sxt_error error{};
  sxt_host host{};
  bool cancel = false;
  uint64_t done = 0, total = 0;
  std::vector<std::string> logged;

  /// `settings`: further members of the configuration, as JSON text without braces.
  explicit Backend(const std::string& path, const std::string& settings = "") {
    host.struct_size = sizeof host;
    host.ctx = this;
    host.log = [](void* c, int32_t, sxt_str line) { static_cast<Backend*>(c)->logged.emplace_back(view(line)); };
    host.cancelled = [](void* c, uint64_t) -> int32_t { return static_cast<Backend*>(c)->cancel; };
    host.progress = [](void* c, uint64_t call, uint64_t done, uint64_t total) {
      CHECK(call == 7);
      static_cast<Backend*>(c)->done = done;
      static_cast<Backend*>(c)->total = total;
    };
    const std::string config = "{\"path\":" + json::quote(path) + (settings.empty() ? "" : "," + settings) + "}";
    if (cpu_component.create(&host, borrow(config), &object_, &error) == SXT_OK)
      table_ = static_cast<const sxt_model_v1*>(object_->get_interface(object_, "sextant.model/1"));
  }
  ~Backend() {
    if (object_) object_->destroy(object_);
  }
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  bool created() const { return table_ != nullptr; }
  sxt_object* object() { return object_; }
  const sxt_model_v1& table() const { return *table_; }

  std::vector<Got> run(const RequestList& requests) {
    require();
    std::vector<Got> got(requests.size());
    struct Both { std::vector<Got>* got; const RequestList* requests; } both{&got, &requests};
    const sxt_status status = table_->run(object_, 7, requests.data(), requests.size(),
                                          {&both,
                                           [](void* ctx, uint64_t i, const sxt_result* r) {
                                             auto* b = static_cast<Both*>(ctx);
                                             collect_scores(b->got, i, r, (*b->requests)[i]->continuation_count);
                                           }},
                                          &error);
    INFO(error.message);
    REQUIRE(status == SXT_OK);
    return got;
  }
  json::Document plan(const RequestList& requests) {
    require();
    std::string text;
    REQUIRE(table_->plan(object_, 7, requests.data(), requests.size(), into(text), &error) == SXT_OK);
    return or_throw(json::parse(text, "plan"));
  }
  json::Document describe() {
    require();
    std::string text;
    REQUIRE(table_->describe(object_, into(text), &error) == SXT_OK);
    return or_throw(json::parse(text, "describe"));
  }
  json::Document render_chat(const std::string& conversation) {
    require();
    std::string text;
    const sxt_str one = borrow(conversation);
    REQUIRE(table_->render_chat(object_, &one, 1, into(text), &error) == SXT_OK);
    return or_throw(json::parse(text, "render_chat"));
  }
  std::vector<int32_t> tokenize(const std::string& text, uint32_t flags = 0) {
    require();
    std::string bytes;
    const sxt_str one = borrow(text);
    REQUIRE(table_->tokenize(object_, &one, 1, flags, into(bytes), &error) == SXT_OK);
    std::vector<int32_t> ids(bytes.size() / sizeof(int32_t));
    if (!ids.empty()) std::memcpy(ids.data(), bytes.data(), bytes.size());
    return ids;
  }

 private:
  void require() {
    INFO(error.message);
    REQUIRE(created());
  }
  static sxt_sink into(std::string& text) {
    return {&text, [](void* c, uint64_t, sxt_str bytes) { *static_cast<std::string*>(c) = view(bytes); }};
  }
  sxt_object* object_ = nullptr;
  const sxt_model_v1* table_ = nullptr;
};

}  // namespace fakes
