// The report while it is made: whose finding goes where.
#pragma once
#include <algorithm>
#include "preflight.hpp"

namespace sextant::preflight {

class Findings {
 public:
  explicit Findings(Report& report) : report_(report) {}

  /// A mistake of the configuration, of the command line or of a plugin is the run's; what is wrong with a set's data is the
  /// set's.
  void of_dataset(const std::string& task, const Error& error) {
    if (error.kind == Error::Kind::cancelled) return;
    // internal: its plugin broke a rule of the interface, with these rows
    const bool of_data = error.kind == Error::Kind::data || error.kind == Error::Kind::missing ||
                         error.kind == Error::Kind::io || error.kind == Error::Kind::internal;
    if (!of_data) {
      const bool named = error.message.find(".json") != std::string::npos || error.message.find(task) != std::string::npos;
      return refuse(task, named ? error : Error{error.kind, task + ": " + error.message});
    }
    if (!is_unfit(task)) report_.unfit.push_back({task, error});
  }
  /// The machine lacks what the set needs; the others are run.
  void cannot_run(const std::string& task, const Error& error) {
    if (!is_unfit(task)) report_.unfit.push_back({task, error});
  }
  /// The same sentence of the same subject is kept once.
  void refuse(const std::string& subject, const Error& error) { add(report_.refusals, subject, error); }
  void warn(const std::string& subject, std::string sentence) {
    add(report_.warnings, subject, {Error::Kind::data, std::move(sentence)});
  }
  bool is_unfit(const std::string& task) const {
    return std::any_of(report_.unfit.rbegin(), report_.unfit.rend(),
                       [&](const Finding& finding) { return finding.subject == task; });
  }

 private:
  static void add(std::vector<Finding>& list, const std::string& subject, const Error& error) {
    const auto same = [&](const Finding& finding) {
      return finding.subject == subject && finding.error.message == error.message;
    };
    if (std::none_of(list.rbegin(), list.rend(), same)) list.push_back({subject, error});
  }
  Report& report_;
};

}  // namespace sextant::preflight
