// A metric and a post-processor that crash or hang on the samples that say so.
#include <chrono>
#include <csignal>
#include <thread>
#include <sextant/sdk.hpp>

namespace {

void misbehave(std::string_view text) {
  if (text == "crash") std::raise(SIGSEGV);
  if (text == "hang")
    for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
  if (text == "throw") throw sextant::DataError("cannot read 'throw'");
}

struct Fragile : sextant::Metric {
  using Metric::Metric;
  double score(const sextant::Judged& sample) override {
    misbehave(sample.prediction);
    return sample.prediction == sample.reference ? 1 : 0;
  }
  static constexpr bool has_aggregate = true;
  std::string aggregate(std::span<const sextant::Judged> samples, std::span<const double> scores) override {
    double sum = 0;
    for (const double score : scores) sum += score;
    return "{\"right\":" + std::to_string(sum) + ",\"of\":" + std::to_string(samples.size()) + "}";
  }
};
struct FragileReader : sextant::Postprocessor {
  using Postprocessor::Postprocessor;
  std::string apply(std::string_view text) override {
    if (text.starts_with("post ")) misbehave(text.substr(5));
    return std::string(text);
  }
};

}  // namespace

SEXTANT_PLUGIN(sextant::component<Fragile>({.id = "fragile",
                                            .summary = "crashes, hangs or throws where the prediction says so"}),
               sextant::component<FragileReader>({.id = "fragile_reader", .summary = "the same, behind 'post '"}))
