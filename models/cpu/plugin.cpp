// The plugin's entry: what is exported, and nothing else.
#include "cpu_hardware.hpp"

SEXTANT_PLUGIN(sextant::component<sextant::cpu::CpuModel>({.id = "cpu",
                                                           .summary = "runs models on the processor, in f32, bf16, int8 or exact",
                                                           .schema = sextant::cpu::config_schema,
                                                           .capabilities = sextant::engine::backend_capabilities}))
