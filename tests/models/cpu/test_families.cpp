// Every family in float32 on the CPU.
#include "../engine/compare_families.hpp"
#include "../engine/compare_sampling.hpp"
#include "backend.hpp"

using namespace sextant;

TEST_CASE("every family's log-probabilities are those of transformers", "[cpu]") {
  cpu::CpuHardware hardware(Context(nullptr, borrow(R"({"threads": 2})")));
  test::compare_families(hardware, "f32", 1e-4);
}

TEST_CASE("settings that change logits make a model say what it says with transformers, whatever the schedule", "[cpu]") {
  cpu::CpuHardware hardware(Context(nullptr, borrow(R"({"threads": 2})")));
  test::compare_sampling(hardware);
}
