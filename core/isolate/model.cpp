// A model behind lines: the core's own requests and responses as they stand in journals.
#include <fmt/format.h>
#include "../data/request.hpp"
#include "../data/response.hpp"
#include "component.hpp"

namespace sextant::isolate {
namespace {

class ServedModel : public Served {
 public:
  explicit ServedModel(plugin::Model model) : model_(std::move(model)) {}
  std::string about() override {
    const auto info = model_.info();
    if (!info) return R"(,"native":true)";
    return fmt::format(
        R"(,"native":true,"info":{{"abilities":{},"vocab_size":{},"context_length":{},"requests_in_flight":{},"embedding_size":{},"weights_sha256":{}}})",
        info->abilities, info->vocab_size, info->context_length, info->requests_in_flight, info->embedding_size,
        json::quote(info->weights_sha256));
  }
  Result<std::string> whole(std::string_view call, const json::Value& message) override {
    if (call == "describe") {
      SXT_TRY(const json::Document about, model_.describe());
      return json::write(about);
    }
    if (call != "plan") return no_such_call(call);
    std::vector<data::Request> requests;
    const json::Value* list = json::find(message, "requests");
    if (!list || !list->IsArray()) return Error{Error::Kind::data, "\"plan\" wants a list \"requests\""};
    for (const auto& one : list->GetArray()) {
      SXT_TRY(data::Request request, data::request_from_json(one, "a request"));
      requests.push_back(std::move(request));
    }
    std::vector<const data::Request*> lent;
    for (const data::Request& request : requests) lent.push_back(&request);
    SXT_TRY(const json::Document plan, model_.plan(plugin::Host::new_call(), lent));
    return json::write(plan);
  }
  Result<std::string> item(std::string_view call, const json::Value& item, const json::Value& message) override {
    if (call == "run") return run(item);
    const auto flags = static_cast<uint32_t>(json::find_int(message, "flags").value_or(0));
    if (call == "tokenize") {
      const std::string_view text = item.IsString() ? json::text(item) : std::string_view();
      SXT_TRY(const auto ids, model_.tokenize({&text, 1}, flags));
      return fmt::format("[{}]", fmt::join(ids[0], ","));
    }
    if (call == "detokenize") {
      std::vector<int32_t> ids;
      if (item.IsArray())
        for (const auto& id : item.GetArray()) ids.push_back(id.IsInt() ? id.GetInt() : 0);
      SXT_TRY(const auto texts, model_.detokenize({&ids, 1}, flags));
      return json::quote(texts[0]);
    }
    if (call != "render_chat") return no_such_call(call);
    SXT_TRY(const std::string text, model_.render_chat(json::write(item)));
    return json::quote(text);
  }

 private:
  Result<std::string> run(const json::Value& item) {
    SXT_TRY(const data::Request request, data::request_from_json(item, "a request"));
    const data::Request* const lent = &request;
    data::Response response;
    SXT_CHECK(model_.run(plugin::Host::new_call(), {&lent, 1}, [&](size_t, data::Response one) { response = std::move(one); }));
    if (response.error) return *response.error;
    return data::to_line(response);
  }
  plugin::Model model_;
};

}  // namespace

std::unique_ptr<Served> serve_model(plugin::Model model) { return std::make_unique<ServedModel>(std::move(model)); }

}  // namespace sextant::isolate
