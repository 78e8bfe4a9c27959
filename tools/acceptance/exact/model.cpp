// The cpu backend as a program that speaks docs/protocol.md with all that the ABI knows, so that a run of this machine's program is
// answered by another processor's kernels, under an emulator. build.sh compiles it, for this machine, too.
#include <iostream>
#include <fmt/format.h>
#include <sextant/sdk.hpp>
#include "../../../core/plugin/model.hpp"
#include "../../../models/cpu/cpu_hardware.hpp"

namespace sextant {
namespace {

using data::Request;
using data::Response;

constexpr sxt_component cpu_component = component<cpu::CpuModel>({.id = "cpu", .schema = cpu::config_schema});

Result<plugin::Model> open(const json::Value& message) {
  static sxt_host host = [] {
    sxt_host out{};
    out.struct_size = sizeof out;
    out.log = [](void*, int32_t, sxt_str line) { std::cerr << view(line) << '\n'; };
    out.cancelled = [](void*, uint64_t) -> int32_t { return 0; };
    out.progress = [](void*, uint64_t, uint64_t, uint64_t) {};
    return out;
  }();
  const json::Value* config = json::find(message, "config");
  const std::string text = config ? json::write(*config) : "{}";
  sxt_object* object = nullptr;
  sxt_error error{};
  if (cpu_component.create(&host, borrow(text), &object, &error) != SXT_OK) return Error{Error::Kind::config, error.message};
  const auto* table = static_cast<const sxt_model_v1*>(object->get_interface(object, "sextant.model/1"));
  return plugin::Model(plugin::Object(object, "model:cpu"), table);
}

std::string error_json(const Error& error) { return fmt::format(R"({{"error":{}}})", json::quote(error.message)); }

class Server {
 public:
  std::string answer(std::string_view call, const json::Value& message) {
    if (call == "hello") {
      auto opened = open(message);
      if (!opened) return "\"error\":" + json::quote(opened.error().message);
      model_.emplace(*std::move(opened));
      return "\"result\":" + about();
    }
    const json::Value* items = json::find(message, "items");
    if (!items) return whole(call, message);
    std::string out = "\"results\":[";
    if (call == "run") return out + fmt::format("{}]", fmt::join(run(items->GetArray()), ","));
    const auto flags = static_cast<uint32_t>(json::find_int(message, "flags").value_or(0));
    for (const auto& item : items->GetArray()) {
      if (out.back() != '[') out += ",";
      const Result<std::string> one = this->item(call, item, flags);
      out += one ? *one : error_json(one.error());
    }
    return out + "]";
  }

 private:
  std::string about() {
    const auto info = model_->info();
    if (!info) return R"({"name":"cpu","kind":"model","native":true})";
    return fmt::format(
        R"({{"name":"cpu","kind":"model","native":true,"info":{{"abilities":{},"vocab_size":{},"context_length":{},)"
        R"("requests_in_flight":{},"embedding_size":{},"weights_sha256":{}}}}})",
        info->abilities, info->vocab_size, info->context_length, info->requests_in_flight, info->embedding_size,
        json::quote(info->weights_sha256));
  }
  std::string whole(std::string_view call, const json::Value& message) {
    std::vector<Request> requests;
    if (const json::Value* list = json::find(message, "requests"))
      for (const auto& one : list->GetArray()) requests.push_back(or_throw(data::request_from_json(one, "a request")));
    std::vector<const Request*> lent;
    for (const Request& request : requests) lent.push_back(&request);
    const auto result = call == "plan" ? model_->plan(1, lent) : model_->describe();
    return result ? "\"result\":" + json::write(*result) : "\"error\":" + json::quote(result.error().message);
  }
  Result<std::string> item(std::string_view call, const json::Value& item, uint32_t flags) {
    if (call == "tokenize") {
      const std::string_view text = json::text(item);
      SXT_TRY(const auto ids, model_->tokenize({&text, 1}, flags));
      return fmt::format("[{}]", fmt::join(ids[0], ","));
    }
    if (call == "render_chat") {
      SXT_TRY(const std::string text, model_->render_chat(json::write(item)));
      return json::quote(text);
    }
    std::vector<int32_t> ids;
    for (const auto& id : item.GetArray()) ids.push_back(id.GetInt());
    SXT_TRY(const auto texts, model_->detokenize({&ids, 1}, flags));
    return json::quote(texts[0]);
  }
  template <class Items> std::vector<std::string> run(const Items& items) {
    std::vector<Request> requests;
    for (const auto& one : items) requests.push_back(or_throw(data::request_from_json(one, "a request")));
    std::vector<const Request*> lent;
    for (const Request& request : requests) lent.push_back(&request);
    std::vector<std::string> out(requests.size(), error_json({Error::Kind::internal, "no answer"}));
    const Result<void> ran = model_->run(1, lent, [&](size_t i, Response response) {
      out[i] = response.error ? error_json(*response.error) : data::to_line(response);
    });
    if (!ran) out.assign(out.size(), error_json(ran.error()));
    return out;
  }
  std::optional<plugin::Model> model_;
};

}  // namespace
}  // namespace sextant

int main() {
  using namespace sextant;
  Server server;
  for (std::string line; std::getline(std::cin, line);) {
    const json::Document message = or_throw(json::parse(line, "a request"));
    const std::string call = json::find_string(message, "call").value_or("");
    std::cout << fmt::format("{{\"id\":{},{}}}", json::find_int(message, "id").value_or(0), server.answer(call, message))
              << std::endl;
  }
}
