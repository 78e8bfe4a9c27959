// fix_k: the same rows for every sample, in the configuration's order (OpenCompass' FixKRetriever). A sample that is one of
// them is shown the others.
#include <fmt/format.h>
#include "config_keys.hpp"
#include "makers.hpp"

namespace sextant::retrieve {
namespace {

class FixK : public Retriever {
 public:
  FixK(bool compat, std::vector<uint64_t> ids) : Retriever("fix_k", compat), ids_(std::move(ids)) {}
  Traits traits() const override { return {}; }

 protected:
  Result<void> index() override {
    for (const uint64_t id : ids_)
      if (id >= corpus().size())
        return error(Error::Kind::config,
                     fmt::format("\"fix_id_list\" names row {}, but split '{}' has {} rows, counted from 0", id, corpus().split,
                                 corpus().size()));
    return {};
  }
  // retrieve() removes the query's own rows
  Result<Choice> find(const Query&, std::span<const uint64_t>) override { return Choice{ids_, {}, false}; }

 private:
  std::vector<uint64_t> ids_;
};

}  // namespace

Made make_fix_k(const json::Value& config, const Options& options) {
  ConfigKeys keys(config, "fix_k");
  std::vector<uint64_t> ids = keys.list({"fix_id_list", "ids"});
  // OpenCompass takes an "ice_num" here and ignores it
  const auto shots = keys.whole_if_set({"ice_num", "k", "shots"});
  SXT_CHECK(keys.finish());
  if (ids.empty())
    return Error{Error::Kind::config, "retriever fix_k: \"fix_id_list\" is missing or empty; list the rows to show"};
  if (shots && !options.compat) {
    if (*shots > ids.size())
      return Error{Error::Kind::config,
                   fmt::format("retriever fix_k: {} examples are wanted, but \"fix_id_list\" names {}; add rows to it", *shots,
                               ids.size())};
    ids.resize(*shots);
  }
  return std::unique_ptr<Retriever>(std::make_unique<FixK>(options.compat, std::move(ids)));
}

}  // namespace sextant::retrieve
