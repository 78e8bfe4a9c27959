// What `sextant check` finds: one thing that makes a score say less than it seems to, a row that shows it, and what to do.
// Plain data.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::check {

/// error: the score would mean nothing, or there would be none. warning: some samples, or the model, are judged wrongly. note:
/// true of many sound data sets; worth knowing when the score is read.
enum class Severity { note, warning, error };
std::string_view severity_name(Severity severity);

struct Finding {
  std::string id;  // of the check: "unreachable-answers"
  Severity severity = Severity::note;
  std::string dataset, model;   // a task's name and a model's abbr; empty: of the run
  std::string text;             // one sentence, without their names
  std::optional<uint64_t> row;  // of the test split, which shows it
  std::string sample;           // what that row shows
  std::string remedy;
};

json::Value to_json(const Finding& finding, json::Document::AllocatorType& allocator);

/// Findings of one kind that many data sets share are printed once, with the others' names; errors come first.
std::string to_text(const std::vector<Finding>& findings);

}  // namespace sextant::check
