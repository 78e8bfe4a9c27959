// The form of cards and configurations (docs/cards.md, docs/configuration.md): JSON Schemas that json_source checks against.
#pragma once
#include "json_source.hpp"

namespace sextant::config {

const Shape& dataset_card_shape();
const Shape& model_card_shape();
const Shape& summarizer_card_shape();
const Shape& run_config_shape();
const Shape& custom_meta_shape();

}  // namespace sextant::config
