// Every family in float32 on the CPU.
#include "../engine/compare_families.hpp"
#include "backend.hpp"

using namespace sextant;

TEST_CASE("every family's log-probabilities are those of transformers", "[cpu]") {
  cpu::CpuHardware hardware(Context(nullptr, borrow(R"({"threads": 2})")));
  test::compare_families(hardware, "f32", 1e-4);
}
