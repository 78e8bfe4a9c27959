// What a model is asked with: its prompts are rendered for some rows of each set, and their lengths are compared with its
// context.
#pragma once
#include "../serve/model_session.hpp"
#include "findings.hpp"
#include "rows.hpp"

namespace sextant::preflight {

/// Template, roles, chat template, examples and the first requests of the chosen rows. The session needs no weights.
void check_prompts(plugin::Host& host, serve::ModelSession& session, const config::RunConfig& run,
                   const config::DatasetConfig& dataset, const Rows& rows, Findings& findings);

/// What needs no model: columns and placeholders of what a judge is shown.
void check_judged_rows(plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset, const Rows& rows,
                       Findings& findings);
/// The judge's template with the chosen rows, before there are predictions.
void check_judge_prompts(plugin::Host& host, serve::ModelSession& session, const config::RunConfig& run,
                         const config::DatasetConfig& dataset, const Rows& rows, Findings& findings);

}  // namespace sextant::preflight
