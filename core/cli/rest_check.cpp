#include "rest_check.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "../base/log.hpp"
#include "workspace.hpp"

namespace sextant::cli {

RestCheck::RestCheck(const plugin::Registry& registry, const config::RunConfig& run, const preflight::Report& first,
                     preflight::Options options)
    : host_(registry, &cancelled_), run_(run), alone_(run.datasets.size() == 1), options_(std::move(options)) {
  std::erase_if(run_.datasets, [&](const config::DatasetConfig& dataset) {
    return std::find(first.partly.begin(), first.partly.end(), dataset.task_name) == first.partly.end();
  });
  for (const preflight::Finding& finding : first.warnings) told_.insert(finding.error.message);
  options_.rows_at_first = 0;
  options_.cancelled = &cancelled_;
  thread_ = std::thread([this] { look(); });
}

RestCheck::~RestCheck() { end(); }

std::optional<Error::Kind> RestCheck::end() {
  cancelled_ = true;
  if (thread_.joinable()) thread_.join();
  return found_;
}

void RestCheck::look() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), 19);   // the model goes before it
  const preflight::Report report = preflight::check(host_, run_, options_);
  if (cancelled_) return;
  for (const preflight::Finding& finding : report.warnings)
    if (!told_.contains(finding.error.message)) log_warning(finding.error.message);
  for (const auto* findings : {&report.refusals, &report.unfit})
    for (const preflight::Finding& finding : *findings) {
      if (!alone_) {  // the others go on
        log_error(finding.error.message + "; the set will fail");
        continue;
      }
      log_error(fmt::format("{}; the run stops, and its responses are kept: correct the data or leave the row out (--exclude), and run "
                            "the same command with -r",
                            finding.error.message));
      found_ = finding.error.kind;
      interrupted() = true;
      return;
    }
}

}  // namespace sextant::cli
