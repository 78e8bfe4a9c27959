// Every family in float32 on the CPU, with each instruction set that it has.
#include <fmt/format.h>
#include "../../../models/cpu/isa.hpp"
#include "../engine/compare_families.hpp"
#include "backend.hpp"

using namespace sextant;

TEST_CASE("every family's log-probabilities are those of transformers", "[cpu]") {
  for (const char* isa : {"portable", "avx2", "avx512"}) {
    if (const auto kernels = cpu::choose_kernels(isa); !kernels) {
      WARN("SKIP: " << kernels.error().message);
      continue;
    }
    CAPTURE(isa);
    const std::string config = fmt::format(R"({{"threads": 2, "isa": "{}"}})", isa);
    cpu::CpuHardware hardware(Context(nullptr, borrow(config)));
    test::compare_families(hardware, "f32", 1e-4);
  }
}
