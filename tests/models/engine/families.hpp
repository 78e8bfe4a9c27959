// tests/golden/families: tiny checkpoints of every family, and what transformers computes from them.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sextant/csv.hpp>
#include <unistd.h>
#include "../../../models/engine/checkpoint/checkpoint.hpp"

namespace sextant::test {

/// Where the stored answers lie; a program that was brought to another machine is told.
inline std::filesystem::path golden_folder() {
  const char* elsewhere = std::getenv("SEXTANT_GOLDEN_DIR");
  return elsewhere ? elsewhere : SEXTANT_GOLDEN_DIR;
}
inline std::filesystem::path family_file(const std::string& name) {
  return golden_folder() / "families" / name;  // an absolute name stays
}

template <class T> T must(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return *std::move(result);
}

/// A Hugging Face folder made of a configuration and one of the weight files; gone at the end.
class TinyFolder {
 public:
  TinyFolder(const std::string& weights, const json::Value& config) {
    static int number = 0;
    path_ = std::filesystem::temp_directory_path() / fmt::format("sextant-family-{}-{}", ::getpid(), number++);
    std::filesystem::create_directory(path_);
    std::ofstream(path_ / "config.json") << json::write(config);
    std::filesystem::create_symlink(family_file(weights), path_ / "model.safetensors");
  }
  TinyFolder(const TinyFolder&) = delete;
  ~TinyFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::unique_ptr<engine::Checkpoint> open() const { return must(engine::open_checkpoint(path_.string())); }

 private:
  std::filesystem::path path_;
};

struct FamilyGolden {
  std::string name;
  std::unique_ptr<engine::Checkpoint> checkpoint;
  std::vector<std::vector<double>> log_probs;  // [prompts][tokens - 1], in float32
  double bf16_mean;                            // how far transformers' own bf16 is from them
};
struct FamilyGoldens {
  std::vector<std::vector<int32_t>> prompts;
  std::vector<FamilyGolden> entries;  // GGUF files beside the Hugging Face layout they were made from
};

inline FamilyGoldens read_family_goldens() {
  const json::Document file = must(json::parse(must(csv::read_text(family_file("goldens.json"))), "goldens.json"));
  const json::Document bf16 = must(json::parse(must(csv::read_text(family_file("bf16_noise.json"))), "bf16_noise.json"));
  FamilyGoldens goldens;
  for (const auto& prompt : json::find(file, "prompts")->GetArray()) {
    goldens.prompts.emplace_back();
    for (const auto& id : prompt.GetArray()) goldens.prompts.back().push_back(id.GetInt());
  }
  for (const auto& entry : json::find(file, "entries")->GetArray()) {
    std::vector<std::vector<double>> log_probs;
    for (const auto& list : json::find(entry, "logprobs")->GetArray()) {
      log_probs.emplace_back();
      for (const auto& x : list.GetArray()) log_probs.back().push_back(x.GetDouble());
    }
    const std::string name = *json::find_string(entry, "name");
    const TinyFolder folder(*json::find_string(entry, "weights"), *json::find(entry, "config"));
    const double noise = json::find(bf16, name.c_str())->GetDouble();
    goldens.entries.push_back({name, folder.open(), log_probs, noise});
    if (const auto gguf = json::find_string(entry, "gguf"))
      goldens.entries.push_back(
          {name + ", GGUF", must(engine::open_checkpoint(family_file(*gguf).string())), log_probs, noise});
  }
  return goldens;
}

}  // namespace sextant::test
