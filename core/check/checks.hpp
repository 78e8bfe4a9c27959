// The checks, one file for each kind. Each looks at one data set and adds what it finds; none of them asks a model.
#pragma once
#include "../serve/model_session.hpp"
#include "subject.hpp"

namespace sextant::check {

/// Rows: the same question with two answers, one answer for all, options that are equal, rows that are examples, too.
void check_rows(Subject& subject, Found& found);

/// Replies through extractors and metrics: can the right answer be reached, are wrong ones refused, are the forms read that
/// the prompt asks for and that its examples show.
void check_replies(Subject& subject, Found& found);

/// Prompts as the template makes them: does the answer stand in them?
void check_prompts(Subject& subject, Found& found);

/// A model: its chat template, special tokens, what its files ask for and is not done.
void check_model(Subject& subject, serve::ModelSession& session, Found& found);

/// A set's prompts as this model is sent them: what is cut, where tokens are split, whether replies can be long enough.
void check_sent(Subject& subject, serve::ModelSession& session, Found& found);

}  // namespace sextant::check
