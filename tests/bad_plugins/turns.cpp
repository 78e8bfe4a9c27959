// A data set, a template and a model that watch who is called when: rows whose question is "gate" can only be rendered once the
// model has been given its first request, and a model that did not say that its calls may overlap fails when they do.
#include <atomic>
#include <chrono>
#include <thread>
#include <sextant/sdk.hpp>

namespace {

std::atomic<bool> model_called = false;

/// Rows of `bytes` bytes each; the last one's question is `last`, where that is given.
struct Rows : sextant::Dataset {
  using Dataset::Dataset;
  std::string describe() override { return R"({"splits": {"test": 1}, "fields": ["question", "answer"]})"; }
  uint64_t count(std::string_view) override {
    if (context.text("last") == "missing") throw sextant::PluginError(SXT_MISSING, "no rows there");
    return number("rows");
  }
  void read(std::string_view, uint64_t first, uint64_t n, const sextant::Sink& ret_record_json) override {
    for (uint64_t i = 0; i < n; ++i) {
      const bool is_last = first + i + 1 == number("rows") && !context.text("last").empty();
      const std::string question =
          is_last ? context.text("last") : std::to_string(first + i) + std::string(number("bytes"), 'x');
      ret_record_json(i, R"({"question":)" + sextant::json::quote(question) + R"(,"answer":"A"})");
    }
  }

 private:
  uint64_t number(const char* key) const {
    return static_cast<uint64_t>(sextant::json::find_int(context.config(), key).value_or(0));
  }
};

struct Question : sextant::Template {
  using Template::Template;
  std::string render(const sxt_render_item& item) override {
    const auto record = sextant::or_throw(sextant::json::parse(sextant::view(item.record_json), "record"));
    const std::string question = sextant::json::find_string(record, "question").value_or("");
    if (question == "broken") throw sextant::PluginError(SXT_BAD_CONFIG, "this row shows that the template is wrong");
    if (question == "unfit") throw sextant::PluginError(SXT_BAD_DATA, "this row cannot be rendered");
    for (int i = 0; question == "gate" && !model_called; ++i) {
      if (i == 5000) throw sextant::PluginError(SXT_BAD_DATA, "the model was given nothing before all was prepared");
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return R"({"pieces": [{"section": "round", "text": )" + sextant::json::quote(question) + "}]}";
  }
};

constexpr const char* rows_schema = R"({"type": "object", "properties": {
  "path": {"type": "string"}, "rows": {"type": "integer"}, "bytes": {"type": "integer"}, "last": {"type": "string"}}})";
constexpr const char* model_schema =
    R"({"type": "object", "properties": {"fail_on": {"type": "integer", "x-affects-results": false}}})";

/// What a request is charged for depends on what else is in its call: its bytes, but one for all that follow the first.
std::vector<uint32_t> charges(std::span<const sxt_request* const> requests) {
  std::vector<uint32_t> out;
  for (const sxt_request* request : requests) out.push_back(out.empty() ? static_cast<uint32_t>(request->prefix.size) : 1);
  return out;
}

template <bool concurrent> struct Turns : sextant::Model {
  using Model::Model;
  sxt_model_info info() override {
    sxt_model_info info{};
    info.abilities = SXT_MODEL_GENERATE | SXT_MODEL_TOKENIZE;
    info.context_length = 1 << 20;
    return info;
  }
  std::vector<int32_t> tokenize(std::string_view text, uint32_t) override {
    const Turn turn(*this);
    return std::vector<int32_t>(text.size());
  }
  std::string detokenize(std::span<const int32_t>, uint32_t) override { return ""; }
  std::string render_chat(std::string_view) override { return "{}"; }
  std::string plan(uint64_t, std::span<const sxt_request* const> requests) override {
    uint64_t computed = 0;
    for (const uint32_t charge : charges(requests)) computed += charge;
    return R"({"prompt_tokens":0,"kv_bytes":1,"peak_bytes":2,"computed_tokens":)" + std::to_string(computed) + "}";
  }
  void run(uint64_t, std::span<const sxt_request* const> requests, const sxt_result_sink& sink) override {
    const Turn turn(*this);
    model_called = true;
    if (++calls_ == sextant::json::find_int(context.config(), "fail_on").value_or(0))
      throw sextant::PluginError(SXT_NO_DEVICE, "the device went away");
    const std::vector<uint32_t> computed = charges(requests);
    for (uint64_t i = 0; i < requests.size(); ++i) {
      sxt_result result{};
      result.struct_size = sizeof result;
      result.text = {"A", 1};
      result.computed_tokens = computed[i];
      sink.put(sink.ctx, i, &result);
    }
  }

 private:
  struct Turn {
    explicit Turn(Turns& model) : at_work(model.at_work_) {
      if (at_work++ > 0 && !concurrent) throw sextant::PluginError(SXT_INTERNAL, "two calls at once");
    }
    ~Turn() { --at_work; }
    std::atomic<int>& at_work;
  };
  std::atomic<int> at_work_ = 0;
  std::atomic<int64_t> calls_ = 0;
};

}  // namespace

SEXTANT_PLUGIN(sextant::component<Rows>({.id = "rows", .schema = rows_schema}),
               sextant::component<Question>({.id = "question"}),
               sextant::component<Turns<true>>({.id = "turns", .schema = model_schema, .capabilities = SXT_CAP_CONCURRENT}),
               sextant::component<Turns<false>>({.id = "one_at_a_time", .schema = model_schema}))
