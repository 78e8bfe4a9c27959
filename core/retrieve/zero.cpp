// zero: no examples (OpenCompass' ZeroRetriever).
#include "config_keys.hpp"
#include "makers.hpp"

namespace sextant::retrieve {
namespace {

class Zero : public Retriever {
 public:
  explicit Zero(bool compat) : Retriever("zero", compat) {}
  Traits traits() const override { return {}; }

 protected:
  Result<Choice> find(const Query&, std::span<const uint64_t>) override { return Choice{}; }
};

}  // namespace

Made make_zero(const json::Value& config, const Options& options) {
  SXT_CHECK(ConfigKeys(config, "zero").finish());
  return std::unique_ptr<Retriever>(std::make_unique<Zero>(options.compat));
}

}  // namespace sextant::retrieve
