// Secrets of a run's configuration: the keys that a component's schema marks with "x-secret". They reach no file: what is
// written holds "***" in their place.
#pragma once
#include "../config/run_config.hpp"
#include "../plugin/registry.hpp"

namespace sextant::cli {

/// The configuration as it may be written.
config::RunConfig without_secrets(config::RunConfig run, const plugin::Registry& registry);
config::DatasetConfig without_secrets(const config::DatasetConfig& dataset, const plugin::Registry& registry);

/// A backend's configuration without secrets and without what no answer depends on.
std::string model_settings(const std::string& backend, const std::string& config, const plugin::Registry& registry);

/// The keys of a backend that say which model it is, not how it is asked ("x-identifies-model": true).
std::vector<std::string> identity_keys(const std::string& backend, const plugin::Registry& registry);

/// The settings of a backend that its schema finds in the environment ("x-environment": "NAME") and that are set there; secrets
/// are left to the backend itself.
std::vector<std::pair<std::string, std::string>> settings_in_environment(const std::string& backend,
                                                                         const plugin::Registry& registry);

/// An error where a secret is still the "***" of a file that was written, with how to give it. `models`: the backends are
/// needed, too.
Result<void> check_secrets(const config::RunConfig& run, const plugin::Registry& registry, bool models);

}  // namespace sextant::cli
