// One job from its sandboxes' start to a verdict, in the supervisor's process. Threads: [owner], the process' only one.
#pragma once
#include <string>
#include <string_view>
#include "plan.hpp"

namespace sextant::sandbox {

/// `stop`: a descriptor on which nothing more will come; when it does, or is closed, the job is given up as `broken`.
Verdict try_job(const Machine& machine, const Job& job, int stop);

/// Values as python/wire.py writes them, for the tasks of its scripts.
namespace wire {
std::string text(std::string_view value);
std::string number(uint64_t value);
std::string truth(bool value);
std::string frame(std::string_view value);
}  // namespace wire

}  // namespace sextant::sandbox
