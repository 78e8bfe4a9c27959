#include "precisions.hpp"
#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <vector>

namespace sextant::cli {
namespace {

constexpr std::array formats = {"gguf",      "safetensors", "bin",  "f32",      "fp32",  "float32", "f16",  "fp16",
                                "float16",   "half",        "bf16", "bfloat16", "fp8",   "int8",    "int4", "4bit",
                                "8bit",      "bnb",         "gptq", "awq",      "mxfp4", "nvfp4",   "w8a8", "w4a16",
                                "quantized", "quantised",   "f8",   "e4m3",     "e5m2"};

// q4, iq2, tq1: behind them come the parts of the format's name, as in Q4_K_M
bool begins_block_format(std::string_view part) {
  const size_t at = part.starts_with("iq") || part.starts_with("tq") ? 1 : 0;
  return part.size() == at + 2 && part[at] == 'q' && part[at + 1] >= '1' && part[at + 1] <= '8';
}
bool continues_block_format(std::string_view part) {
  constexpr std::array parts = {"0", "1", "k", "s", "m", "l", "xs", "xxs", "nl", "xl"};
  return std::find(parts.begin(), parts.end(), part) != parts.end();
}

std::vector<std::string> parts_of(std::string_view name) {
  std::vector<std::string> out(1);
  for (const char c : name) {
    if (c == '-' || c == '_' || c == '.' || c == ' ' || c == '+') out.emplace_back();
    else out.back() += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

// What it is called: by its files, and in the run.
std::vector<std::string> names_of(const Subject& subject) {
  std::vector<std::string> out;
  if (const json::Value* models = json::find(subject.run->config, "models"); models && models->IsArray())
    for (const auto& model : models->GetArray())
      if (json::find_string(model, "abbr") == subject.model)
        if (const json::Value* config = json::find(model, "config"))
          if (const auto path = json::find_string(*config, "path"); path && !path->empty())
            out.push_back(std::filesystem::path(*path).lexically_normal().filename().string());
  out.push_back(subject.model);
  return out;
}

}  // namespace

std::string without_format(std::string_view name) {
  std::string out;
  bool in_block_format = false;
  for (const std::string& part : parts_of(name)) {
    const bool begins = begins_block_format(part);
    in_block_format = begins || (in_block_format && continues_block_format(part));
    if (in_block_format || part.empty() || std::find(formats.begin(), formats.end(), part) != formats.end()) continue;
    out += (out.empty() ? "" : "-") + part;
  }
  return out;
}

std::optional<std::string> precisions_of(const Subject& a, const Subject& b) {
  const store::ModelRecord *first = a.run->model(a.model), *second = b.run->model(b.model);
  if (!first || !second || first->weights_sha256.empty() || first->adapter != second->adapter) return std::nullopt;
  if (first->weights_sha256 == second->weights_sha256) {
    if (first->compute == second->compute || first->compute.empty() || second->compute.empty()) return std::nullopt;
    return fmt::format("the same weights, computed in {} (A) and {} (B)", first->compute, second->compute);
  }
  if (first->tokens_sha256.empty() || first->tokens_sha256 != second->tokens_sha256) return std::nullopt;
  const std::vector<std::string> in_a = names_of(a), in_b = names_of(b);
  for (const std::string& one : in_a)
    for (const std::string& other : in_b) {
      const std::string stem = without_format(one);
      if (one == other || stem.empty() || stem != without_format(other)) continue;
      return fmt::format("by its name and tokens one model in two formats of weights, {} (A) and {} (B){}", one, other,
                         first->compute == second->compute
                             ? std::string()
                             : fmt::format(", computed in {} and {}", first->compute, second->compute));
    }
  return std::nullopt;
}

}  // namespace sextant::cli
