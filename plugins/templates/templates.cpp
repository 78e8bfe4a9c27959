// The plugin's entry.
#include "components.hpp"
#include "schemas.hpp"
#include "task.hpp"

SEXTANT_PLUGIN(
    sextant::component<sextant::templates::TextTemplate>({
        .id = "text", .summary = "One string per prompt, with {columns} filled in", .schema = sextant::templates::text_schema}),
    sextant::component<sextant::templates::DialogueTemplate>({
        .id = "dialogue", .summary = "Turns (HUMAN, BOT, SYSTEM) with {columns} filled in",
        .schema = sextant::templates::dialogue_schema}),
    sextant::component<sextant::templates::TaskTemplate>({
        .id = "task", .summary = "Prompts of lm-evaluation-harness' task files", .schema = sextant::templates::task_schema}))
