#include "registry.hpp"
#include <array>
#include <fmt/format.h>
#include "makers.hpp"

namespace sextant::retrieve {
namespace {

constexpr std::array table = std::to_array<Entry>({
    {"zero", "no examples", make_zero},
    {"fix_k", "the same rows for every sample", make_fix_k},
    {"random", "rows drawn without replacement", make_random},
    {"bm25", "the rows whose words match the sample's best (Okapi BM25)", make_bm25},
    {"topk", "the rows whose embeddings are nearest to the sample's", make_topk},
    {"mdl", "of several lists of near rows, the one with which a model is most certain of the label", make_mdl},
    {"votek", "rows that are among the nearest of many different others; one list for all samples", make_votek},
    {"dpp", "near rows that differ from each other (determinantal point process)", make_dpp},
    {"sliding_window", "the rows before the sample", make_sliding_window},
    {"same_label", "rows that share a label with the sample, those of its longest label first", make_same_label},
    {"lm_eval", "as lm-evaluation-harness draws them, for its task files", make_lm_eval},
});

}  // namespace

std::span<const Entry> retrievers() { return table; }

Result<std::unique_ptr<Retriever>> make_retriever(std::string_view id, const json::Value& config, const Options& options) {
  std::string known;
  for (const Entry& entry : table) {
    if (entry.id == id) return entry.make(config, options);
    known += (known.empty() ? "" : ", ") + std::string(entry.id);
  }
  return Error{Error::Kind::config, fmt::format("retriever '{}' does not exist; use one of {}", id, known)};
}

}  // namespace sextant::retrieve
