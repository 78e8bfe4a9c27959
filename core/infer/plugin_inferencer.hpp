// An inferencer that a plugin brings, as the core's own: the question goes to it as JSON, and what it answers is checked.
#pragma once
#include <memory>
#include "../plugin/inferencer.hpp"
#include "inferencer.hpp"

namespace sextant::infer {

std::unique_ptr<Inferencer> make_plugin_inferencer(plugin::InferencerPlugin plugin);

/// The JSON forms of sextant/abi/inferencer.h that are made of this folder's types.
json::Value to_json(const Settings& settings, json::Document::AllocatorType& allocator);
json::Value to_json(const Round& round, json::Document::AllocatorType& allocator);
json::Value to_json(const Outcome& outcome, json::Document::AllocatorType& allocator);
Result<Outcome> outcome_from_json(const json::Value& value, std::string_view origin);
/// `defaults`: the sampling that a request's own is filled from.
Result<Step> step_from_json(const json::Value& value, std::string_view origin, const data::Sampling& defaults);

}  // namespace sextant::infer
