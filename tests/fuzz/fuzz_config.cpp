// A fuzz target: any JSON as the config.json of a Hugging Face folder, through everything that is made of it before tensors
// are.
#include <cmath>
#include <cstdlib>
#include <architecture/hf_families.hpp>
#include <architecture/tensors.hpp>
#include "../models/engine/config_only.hpp"

using namespace sextant::engine;
namespace json = sextant::json;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto config = json::parse({reinterpret_cast<const char*>(data), size}, "config.json");
  if (!config || !config->IsObject()) return 0;
  const sextant::test::ConfigOnly checkpoint(*std::move(config));
  const auto a = read_hf_architecture(checkpoint);
  if (!a) return 0;
  for (const Rope& rope : a->ropes) {
    if (!std::isfinite(rope.magnitude)) std::abort();
    for (const uint32_t length : {1u, rope.original_context, UINT32_MAX})
      for (const double frequency : rope_frequencies(rope, rope_length(*a, length)))
        if (!std::isfinite(frequency)) std::abort();
  }
  for (const LayerShape& layer : a->layers)
    if (layer.rope >= static_cast<int32_t>(a->ropes.size())) std::abort();
  if (find_tensors(checkpoint, *a)) std::abort();  // there are none
  return 0;
}
