// The backend's place where it was built without libllama: it says so, and how to get it.
#include <sextant/sdk.hpp>
#include "schema.hpp"

namespace sextant::llamacpp {
namespace {

[[noreturn]] void missing() {
  throw PluginError(SXT_NO_DEVICE,
                    "this build has no libllama, which the backend 'llamacpp' needs; run tools/build_llama.sh and build again");
}

struct Missing : Model {
  explicit Missing(Context given) : Model(std::move(given)) { missing(); }
  sxt_model_info info() override { missing(); }
  std::vector<int32_t> tokenize(std::string_view, uint32_t) override { missing(); }
  std::string detokenize(std::span<const int32_t>, uint32_t) override { missing(); }
  std::string render_chat(std::string_view) override { missing(); }
  std::string plan(uint64_t, std::span<const sxt_request* const>) override { missing(); }
  void run(uint64_t, std::span<const sxt_request* const>, const sxt_result_sink&) override { missing(); }
};

}  // namespace
}  // namespace sextant::llamacpp

SEXTANT_PLUGIN(sextant::component<sextant::llamacpp::Missing>(
    {.id = "llamacpp", .summary = "GGUF models of any family, through libllama", .schema = sextant::llamacpp::schema}))
