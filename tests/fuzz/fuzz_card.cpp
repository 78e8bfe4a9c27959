// A fuzz target: any text as a card of each kind ("extends" left out: it reads other files). What is taken must come back the
// same from the form that configs/run.json holds.
#include <cstdlib>
#include "../../core/config/card_store.hpp"
#include "../../core/config/groups.hpp"
#include "../../core/config/json_source.hpp"
#include "../../core/config/read_card.hpp"
#include "../../core/config/shapes.hpp"
#include "memory_file.hpp"

using namespace sextant;
using namespace sextant::config;

namespace {

void use_dataset(const CardEntry& entry, std::string_view variant) {
  std::vector<SummaryGroup> groups;
  CardOptions options;
  options.variant = variant;
  const auto datasets = read_dataset_card(entry, options, groups);
  if (!datasets) return;
  if (datasets->empty()) std::abort();
  for (const DatasetConfig& dataset : *datasets) {
    const json::Document written = dataset_to_json(dataset);
    std::vector<SummaryGroup> none;
    const auto again = dataset_from_json(written, dataset.card, "again", none);
    if (!again || again->size() != 1 || again->front().version != dataset.version) std::abort();
    if (json::write(dataset_to_json(again->front())) != json::write(written)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (text.find("extends") != text.npos || text.find("\\u") != text.npos) return 0;  // nor "extends" in disguise
  const CardEntry entry{CardKind::dataset, "fuzz", fuzz::memory_file(data, size), ""};
  if (const auto source = JsonSource::from_text(text, "fuzz.json")) {
    static_cast<void>(source->check(run_config_shape()));
    if (const json::Value* variants = json::find(source->root(), "variants"); variants && variants->IsObject())
      for (const auto& variant : variants->GetObject()) use_dataset(entry, json::text(variant.name));
  }
  use_dataset(entry, "");
  if (const auto model = read_model_card(entry)) {
    const json::Document written = model_to_json(*model);
    const auto again = model_from_json(written, model->abbr, "again");
    if (!again || json::write(model_to_json(*again)) != json::write(written)) std::abort();
  }
  static_cast<void>(read_summarizer_card(entry));
  return 0;
}
