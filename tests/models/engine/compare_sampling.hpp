// tests/golden/sampling.json: settings that change logits, as transformers follows them. For the tests of any backend.
#pragma once
#include "compare_families.hpp"

namespace sextant::test {

inline std::vector<int32_t> ids_of(const json::Value* list) {
  std::vector<int32_t> ids;
  for (rapidjson::SizeType i = 0; list && i < list->Size(); ++i) ids.push_back((*list)[i].GetInt());
  return ids;
}

/// The settings of a case; the lists are kept here.
struct SamplingSettings {
  std::vector<int32_t> suppress, begin;
  sxt_sampling sampling{};

  explicit SamplingSettings(const json::Value& settings) {
    const auto number = [&](const char* key) { return static_cast<float>(json::find_number(settings, key).value_or(0)); };
    suppress = ids_of(json::find(settings, "suppress_tokens")), begin = ids_of(json::find(settings, "begin_suppress_tokens"));
    sampling.struct_size = sizeof sampling;
    put(sampling);
    sampling.repetition_penalty = number("repetition_penalty");
    sampling.presence_penalty = number("presence_penalty"), sampling.frequency_penalty = number("frequency_penalty");
    sampling.no_repeat_ngram_size = static_cast<uint32_t>(number("no_repeat_ngram_size"));
  }
  SamplingSettings(const SamplingSettings&) = delete;

  void put(sxt_sampling& to) const {
    to.repetition_penalty = sampling.repetition_penalty;
    to.presence_penalty = sampling.presence_penalty, to.frequency_penalty = sampling.frequency_penalty;
    to.no_repeat_ngram_size = sampling.no_repeat_ngram_size;
    to.suppress_tokens = {suppress.data(), suppress.size()};
    to.begin_suppress_tokens = {begin.data(), begin.size()};
  }
};

inline json::Document sampling_goldens() {
  return must(json::parse(must(csv::read_text((golden_folder() / "sampling.json").string())), "sampling.json"));
}

/// A tiny llama in float32 says what transformers makes it say, whatever is generated beside it.
inline void compare_sampling(engine::Hardware& hardware) {
  const json::Document goldens = sampling_goldens();
  const json::Value& cases = *json::find(goldens, "generate");
  const json::Document families = must(json::parse(must(csv::read_text(family_file("goldens.json"))), "goldens.json"));
  const json::Value& entry = (*json::find(families, "entries"))[0];
  REQUIRE(*json::find_string(entry, "name") == "llama");
  const TinyFolder folder(*json::find_string(entry, "weights"), *json::find(entry, "config"));
  const auto checkpoint = folder.open();
  const engine::Architecture a = must(engine::read_architecture(*checkpoint));
  engine::BackendConfig config;
  config.compute = "f32";
  config.memory = 1 << 28;
  engine::DeviceReport report;
  const auto device = hardware.make_device({*checkpoint, a, config, 128, {}}, report);
  std::vector<std::unique_ptr<SamplingSettings>> settings;
  fakes::Requests requests;
  const auto add = [&](const json::Value& one) -> sxt_sampling& {
    settings.push_back(std::make_unique<SamplingSettings>(*json::find(one, "settings")));
    sxt_sampling& sampling = requests.generate_ids(ids_of(json::find(one, "prompt")), 24);
    settings.back()->put(sampling);
    return sampling;
  };
  for (const auto& one : cases.GetArray()) (void)add(one);
  for (const auto& one : cases.GetArray()) {  // drawn, with numbers of their own
    sxt_sampling& sampling = add(one);
    sampling.temperature = 1.2f, sampling.min_p = 0.05f, sampling.top_p = 0.95f, sampling.seed = 3;
    sampling.presence_penalty = 0.5f, sampling.frequency_penalty = 0.25f;
  }
  const Ids tokenizer;
  const auto run = [&](uint32_t batch_size, bool reuse, uint64_t seed) {
    return fakes::run_all(requests.all(), *device, tokenizer, {.batch_size = batch_size, .seed = seed}, reuse);
  };
  const auto got = run(4, true, 0);
  for (rapidjson::SizeType i = 0; i < cases.Size(); ++i) {
    CAPTURE(i);
    CHECK(got[i].ids == ids_of(json::find(cases[i], "ids")));
  }
  for (const auto& other : {run(1, false, 0), run(7, true, 5)})
    for (size_t i = 0; i < got.size(); ++i) CHECK(other[i].ids == got[i].ids);
}

}  // namespace sextant::test
