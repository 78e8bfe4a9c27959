// Gemma 3 270M, Q4_K_M, in float32 against transformers: tests/golden/gemma3_270m_f32.json, made by make_gemma_goldens.py. The
// model is used where it lies in the cache or where SEXTANT_TEST_GEMMA says.
#include <filesystem>
#include "../../../models/engine/architecture/architecture.hpp"
#include "../engine/compare_families.hpp"
#include "backend.hpp"

using namespace sextant;

namespace {

std::string model_path() {
  if (const char* path = std::getenv("SEXTANT_TEST_GEMMA"); path && *path) return path;
  const char* home = std::getenv("HOME");
  const std::string path = std::string(home ? home : "") + "/.cache/sextant/models/gemma-3-270m-q4_k_m.gguf";
  return std::filesystem::exists(path) ? path : "";
}

}  // namespace

TEST_CASE("a real Gemma's log-probabilities are those of transformers", "[model][cpu]") {
  const std::string path = model_path();
  if (path.empty()) {
    WARN("SKIP: there is no gemma-3-270m-q4_k_m.gguf; set SEXTANT_TEST_GEMMA");
    return;
  }
  const std::string name = "gemma3_270m_f32.json", text = test::must(csv::read_text(fakes::golden_file(name)));
  const json::Document golden = test::must(json::parse(text, name));
  const auto checkpoint = test::must(engine::open_checkpoint(path));
  if (test::must(checkpoint->sha256()) != *json::find_string(golden, "model")) {
    WARN("SKIP: " << path << " is another file than the golden's");
    return;
  }
  const engine::Architecture a = test::must(engine::read_architecture(*checkpoint));
  cpu::CpuHardware hardware(Context(nullptr, borrow("{}")));
  engine::BackendConfig config;
  config.compute = "f32";
  config.memory = uint64_t{3} << 30;
  engine::DeviceReport report;
  const auto device = hardware.make_device({*checkpoint, a, config, 640, {}}, report);
  fakes::Requests requests;
  for (const auto& item : json::find(golden, "score")->GetArray()) {
    std::vector<int32_t> ids;
    for (const auto& id : json::find(item, "ids")->GetArray()) ids.push_back(id.GetInt());
    const auto kept = ids.end() - json::find(item, "logprobs")->Size();
    requests.score(fmt::format("{} ", fmt::join(ids.begin(), kept, " ")), {fmt::format("{}", fmt::join(kept, ids.end(), " "))});
  }
  const auto got = fakes::run_all(requests.all(), *device, test::Ids(), {});
  double worst = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const json::Value& expected = *json::find((*json::find(golden, "score"))[static_cast<rapidjson::SizeType>(i)], "logprobs");
    REQUIRE(got[i].token_logprobs[0].size() == expected.Size());
    for (rapidjson::SizeType k = 0; k < expected.Size(); ++k)
      worst = std::max(worst, std::abs(got[i].token_logprobs[0][k] - expected[k].GetDouble()));
  }
  CHECK(worst < 1e-4);
  WARN("the worst differs by " << worst);
}
