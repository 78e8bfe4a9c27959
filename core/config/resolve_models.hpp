// The models of a run, from flags and a configuration file: cards and paths found, flags applied, names told apart.
#pragma once
#include <vector>
#include "resolve.hpp"

namespace sextant::config {

/// The models of the file and the flags, with the flags applied to each.
Result<std::vector<ModelConfig>> models_of(const RunFlags& flags, const json::Value& file, Compat compat, const World& world);

/// Judges, retrievers' models and others that a run needs beside those it evaluates; and the judges' labels.
Result<void> add_helpers(const RunFlags& flags, const json::Value& file, const World& world, RunConfig& run);

}  // namespace sextant::config
