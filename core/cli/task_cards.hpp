// --tasks: lm-eval's task files to the cards that they stand for. What a task is, is core/tasks'; what there is to run it with,
// the plugins'.
#pragma once
#include <functional>
#include "../config/resolve.hpp"
#include "../plugin/registry.hpp"

namespace sextant::cli {

Result<config::TaskCards> task_cards(const config::RunFlags& flags, const plugin::Registry& registry,
                                     const config::Defaults::Tasks& components);

/// Is there a metric of that name?
std::function<bool(const std::string&)> metric_finder(const plugin::Registry& registry);

/// `sextant list tasks DIR... [PATTERN...]`: of each task whether it runs, runs with task code, or what it lacks.
int list_tasks(const std::vector<std::string>& words, bool as_json, const plugin::Registry& registry);

}  // namespace sextant::cli
