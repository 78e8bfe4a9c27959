// Every family, as Hugging Face folders and GGUF files store it, read and computed by reference.hpp: log-probabilities are
// those of transformers (tests/golden/families/make_family_goldens.py). What a device makes of them: tests/models/cpu.
#include "../families.hpp"
#include "reference.hpp"

using namespace sextant;
using namespace sextant::test;

TEST_CASE("every family's checkpoint is read as transformers reads it", "[engine][architecture]") {
  constexpr double tolerance = 2e-5;  // transformers' own float32 is what differs
  const FamilyGoldens goldens = read_family_goldens();
  CHECK(goldens.entries.size() > 45);
  for (const FamilyGolden& entry : goldens.entries) {
    INFO(entry.name);
    const auto a = engine::read_architecture(*entry.checkpoint);
    INFO((a ? "" : a.error().message));
    CHECK(a);
    if (!a) continue;
    const Reference reference(*entry.checkpoint, *a);
    double worst = 0;
    for (size_t p = 0; p < goldens.prompts.size(); ++p) {
      const Vector got = reference.log_probs(goldens.prompts[p]);
      REQUIRE(got.size() == entry.log_probs[p].size());
      for (size_t i = 0; i < got.size(); ++i) worst = std::max(worst, std::abs(got[i] - entry.log_probs[p][i]));
    }
    CHECK(worst < tolerance);
    if (!(worst < tolerance)) WARN(entry.name << ": " << worst);
  }
}
