// What went wrong, one sentence a cause: 52 subjects that lack one folder are one sentence. Pure.
#pragma once
#include <span>
#include <string>
#include <vector>

namespace sextant::report {

/// Something went wrong with `subject` (a data set, or "" for the run).
struct Failure {
  std::string subject;
  std::string state;                      // "failed", "missing": what stands in front of the message; may be empty
  std::string message;
  std::vector<std::string> names;         // what the message may name of the subject alone: its abbr, its file's name
  std::string model;                      // on which it happened; empty: on none
};

struct Cause {
  std::string sentence;
  size_t first = 0, count = 0;            // of its failures: where the first stands, and how many there are
};

/// Failures whose messages differ in their subjects' names alone are one cause, in the order in which they first come.
std::vector<Cause> causes_of(std::span<const Failure> failures);

}  // namespace sextant::report
