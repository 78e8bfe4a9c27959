// The plugin's entry: what is exported, and nothing else.
#include "cpu_hardware.hpp"

SEXTANT_PLUGIN(sextant::component<sextant::cpu::CpuModel>({.id = "cpu",
                                                           .summary = "runs GGUF models on the processor, in float32",
                                                           .schema = sextant::cpu::config_schema}))
