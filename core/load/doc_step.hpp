// The step "lm_eval" of derived columns: what lm-eval makes of a row, its question, options, continuation, right answer, and
// the same as an example. docs/tasks.md says what each key of a task means. Pure. Threads: const members are [any].
#pragma once
#include <memory>
#include <string>
#include "derive.hpp"

namespace sextant::load {

/// {"lm_eval": {"output", "text", "target", "choices"?, "gen_prefix"?, "description"?, "shot"?: {"text", "target", "choices"?,
/// "gen_prefix"?}}} makes
///   {"question": TEXT, or one for each option   what is asked
///    "options"?: [TEXT...]                      of multiple choice
///    "continuation"?: TEXT                      what is scored behind the question, where it is one text
///    "gold": the right answer: an option's number as a text (or several), a text, or a list of texts
///    "prefix"?, "description"?: TEXT
///    "shot"?: {"question", "answer"?, "prefix"?}, or {"error": what kept it from being one}}
Result<std::shared_ptr<const DeriveStep>> read_doc_step(const json::Value& step, const std::string& where);

/// {"member": "doc.gold"}: a column's member as it is.
Result<std::shared_ptr<const DeriveStep>> read_member_step(const json::Value& step, const std::string& where);

}  // namespace sextant::load
