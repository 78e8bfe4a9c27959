// Every family on a device: log-probabilities against transformers', and the same bits whatever is shared. For the tests of any
// backend.
#pragma once
#include <cmath>
#include <optional>
#include "../../../models/engine/architecture/architecture.hpp"
#include "../../../models/engine/backend/hardware.hpp"
#include "families.hpp"
#include "schedule/fakes.hpp"

namespace sextant::test {

/// Token ids as text: "12 7 9".
class Ids : public engine::Tokenizer {
 public:
  uint32_t vocab_size() const override { return 131; }
  engine::Encoding encode(std::string_view text, engine::EncodeOptions) const override {
    engine::Encoding e;
    for (size_t begin = 0; begin < text.size(); begin = e.end.back()) {
      const size_t end = std::min(text.find(' ', begin), text.size() - 1) + 1;
      e.ids.push_back(std::stoi(std::string(text.substr(begin, end - begin))));
      e.end.push_back(static_cast<uint32_t>(end));
    }
    return e;
  }
  std::string decode(std::span<const int32_t>, bool) const override { return ""; }
  std::optional<std::string> piece(int32_t) const override { return ""; }
  std::optional<int32_t> bos() const override { return std::nullopt; }
  std::optional<int32_t> eos() const override { return std::nullopt; }
  const std::vector<int32_t>& end_of_generation() const override { return none_; }
  bool is_special(int32_t) const override { return false; }

 private:
  std::vector<int32_t> none_;
};

/// Prints the differences of each family that the hardware computes; one that it refuses is counted as left out. tolerance: of
/// the worst difference; none: as in bf16, the mean one may be that of transformers' own bf16, and a quarter more where a
/// rounding may choose another expert, which changes a token by far more than rounding does; times noise_share.
inline void compare_families(engine::Hardware& hardware, const std::string& compute, std::optional<double> tolerance,
                             double noise_share = 1) {
  const FamilyGoldens goldens = read_family_goldens();
  const Ids tokenizer;
  fakes::Requests requests;
  for (const auto& prompt : goldens.prompts) requests.score("", {fmt::format("{}", fmt::join(prompt, " "))});
  std::string table;
  size_t left_out = 0;
  for (const FamilyGolden& entry : goldens.entries) {
    CAPTURE(entry.name);
    const engine::Architecture a = must(engine::read_architecture(*entry.checkpoint));
    engine::BackendConfig config;
    config.compute = compute;
    config.memory = 1 << 28;
    engine::DeviceReport report;
    std::unique_ptr<engine::Device> device;
    try {
      device = hardware.make_device({*entry.checkpoint, a, config, 128, {}}, report);
    } catch (const PluginError& e) {
      REQUIRE(e.status == SXT_UNSUPPORTED);
      ++left_out;
      continue;
    }
    const auto run = [&](bool reuse, uint64_t seed) {
      return fakes::run_all(requests.all(), *device, tokenizer, {.batch_size = 4, .seed = seed}, reuse,
                            [&](uint32_t tokens) { return engine::rope_length(a, tokens); });
    };
    const auto got = run(true, 0);
    double worst = 0, sum = 0, count = 0;
    for (size_t p = 0; p < got.size(); ++p) {
      REQUIRE(got[p].status == SXT_OK);
      REQUIRE(got[p].token_logprobs[0].size() == entry.log_probs[p].size());
      for (size_t i = 0; i < entry.log_probs[p].size(); ++i) {
        const double difference = std::abs(got[p].token_logprobs[0][i] - entry.log_probs[p][i]);
        worst = std::max(worst, difference);
        sum += difference, ++count;
      }
    }
    if (tolerance) CHECK(worst < *tolerance);
    else CHECK(sum / count < noise_share * entry.bf16_mean * (a.experts.count > 0 ? 1.25 : 1));
    table += fmt::format("\n{:8.1e}  {}", worst, entry.name);
    if (!tolerance) table += fmt::format(": {:.1f} of transformers' own on average", sum / count / entry.bf16_mean);
    for (const auto& other : {run(false, 0), run(true, 7)})
      for (size_t p = 0; p < got.size(); ++p) CHECK(other[p].token_logprobs == got[p].token_logprobs);
  }
  WARN("worst differences of log-probabilities, by family:" << table);
  if (left_out > 0) WARN(left_out << " of " << goldens.entries.size() << " checkpoints are not supported");
}

}  // namespace sextant::test
